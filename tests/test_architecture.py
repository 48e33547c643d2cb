"""docs/architecture.md is true: the arrows between rooms, and modules of a size to read."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from pace import LIMIT

from tuxscope.tools import PAGES, TABLE, CommandEntry

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tuxscope"
MODULES = sorted(PACKAGE.rglob("*.py"))

IN_LEARN = {("learn", "content"), ("learn", "engine")}
FLOOR = {"entry", "errors", "lean_dataclasses", "lean_fire", "lean_typing", "source", "suggest"}
FLOOR |= {"__init__", "__main__"}


def room(path: Path) -> str:
    """The room of a file: ``tuxscope/asm/isa.py`` is in asm.

    A tool's directory has two: its pages with all that they import, which need no kernel, and the
    rest. learn/ has three: content/, engine/, and the command on top of both.
    """
    if path in PAGE_FILES:
        return "tool pages"
    if tool_of(path):
        return "tool"
    inside = path.relative_to(PACKAGE).parts
    if inside[:2] in IN_LEARN:
        return " ".join(inside[:2])
    return inside[0].removesuffix(".py")


def tool_of(path: Path) -> Path | None:
    """The directory of the tool that a file belongs to, if it belongs to one."""
    inside = path.relative_to(PACKAGE).parts
    directory = PACKAGE.joinpath(*inside[:2])
    return directory if inside[0] == "programs" and directory.is_dir() else None


@cache
def imported(path: Path) -> frozenset[Path]:
    """The files of the package that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    files = (file_of(each) for each in names if each.startswith("tuxscope."))
    return frozenset(each for each in files if each != PACKAGE / "__init__.py")


def file_of(name: str) -> Path:
    """The file of a module, or of the one that has what is named in it."""
    path = ROOT / name.replace(".", "/")
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return file
    return file_of(name.rpartition(".")[0])


def reached(paths: Iterable[Path]) -> set[Path]:
    """Files of tools, with those of the same tool that they import, and these import in turn."""
    found: set[Path] = set()
    waiting = [each for each in paths if tool_of(each)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found |= {path, path.with_name("__init__.py")}
            waiting += [each for each in imported(path) if tool_of(each) == tool_of(path)]
    return found


PAGE_FILES = reached(PACKAGE / "programs" / each for each in PAGES.values())


def modules() -> dict[str, Path]:
    """All modules by their full names."""
    found = {}
    for path in MODULES:
        parts = ["tuxscope", *path.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> dict[str, set[str]]:
    """The modules that each module imports, wherever in it: in functions, and for types alone."""
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        ends = found.setdefault(name, set())
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                ends |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = {f"{node.module}.{alias.name}" for alias in node.names}
                ends |= {each if each in known else node.module for each in full}
        ends &= known.keys()
    return found


def circles(graph: dict[str, set[str]]) -> set[str]:
    """All that come back to themselves, or lead to what does."""
    left = {start: set(ends) for start, ends in graph.items()}
    while done := {start for start, ends in left.items() if not ends & left.keys()}:
        for each in done:
            del left[each]
    return set(left)


def test_no_imports_go_in_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"e"}, "e": set()}) == {"a", "b", "c"}
    assert circles(imports()) == set()


def test_a_class_name_is_used_once() -> None:
    """Pages may call their records what they like: the tools', and those to learn from."""
    content = ("starters", "solutions", "gallery")
    pages = ("programs", *(f"learn.content.{each}" for each in content))
    places: dict[str, list[str]] = {}
    for name, path in modules().items():
        if not name.startswith(tuple(f"tuxscope.{each}." for each in pages)):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    places.setdefault(node.name, []).append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def documented() -> dict[str, set[str]]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    block = text.partition("```arrows\n")[2].partition("```")[0]
    lines = (line.split(" -> ") for line in block.splitlines())
    return {start: set(ends.split(", ")) for start, ends in lines}


def test_the_arrows_are_those_of_the_page() -> None:
    found: dict[str, set[str]] = {}
    for path in MODULES:
        start = room(path)
        if start not in FLOOR:
            ends = {room(each) for each in imported(path)}
            found.setdefault(start, set()).update(ends - FLOOR - {start})
    assert {start: ends for start, ends in found.items() if ends} == documented()
    assert circles(found) == set()


OF_LEARN = {"exercises/", "starters/", "solutions/"}


def test_what_a_change_touches_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.partition("## What a change touches")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w/]+(?:\.py|\.tsv|/))`", table))
    files = {each for each in named if "NAME" not in each and each not in OF_LEARN}
    assert len(files) > 20
    assert [each for each in files if not (PACKAGE / each).exists()] == []


def test_few_modules_of_the_engine_run_a_page_or_ask_the_kernel() -> None:
    """The rest grades what these found, and could do so where there is neither."""
    engine = {path: imported(path) for path in MODULES if room(path) == "learn engine"}
    run_a_page = {path.stem for path, ends in engine.items() if "loading" in {e.stem for e in ends}}
    ask = {path.stem for path, ends in engine.items() if "loader" in map(room, ends)}
    assert run_a_page == {"grading", "submission"}
    assert ask == {"grading", "kernel"}


def test_the_floor_stands_on_nothing_else() -> None:
    stands_on = {
        "errors": {"lean_typing", "source"},
        "lean_dataclasses": {"lean_typing"},
        "lean_fire": {"lean_typing"},
        "source": {"lean_dataclasses"},
    }
    for name in ("errors", "lean_dataclasses", "lean_fire", "lean_typing", "source", "suggest"):
        floor = {each.stem for each in imported(PACKAGE / f"{name}.py")}
        assert floor == stands_on.get(name, set())


def test_nothing_outside_of_a_tools_directory_imports_it() -> None:
    strangers = {
        (str(path), str(each))
        for path in MODULES
        for each in imported(path)
        if tool_of(each) not in (None, tool_of(path))
    }
    assert strangers == set()


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_a_command_asks_no_kernel_before_it_runs(entry: CommandEntry) -> None:
    loaded = imported_by(f"import {entry.module}")
    assert entry.module in loaded
    for name in ("ctypes", "mmap", "pyroute2", "construct", "tuxscope.loader", "tuxscope.run"):
        assert not {each for each in loaded if f"{each}.".startswith(f"{name}.")}


ERRORS_HAVE = {"problem", "source", "column", "hint", "slot", "explanation", "log"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_an_error_has_is_known_by_its_type(path: Path) -> None:
    """Who asks for an error's line by name would miss that an error has none."""
    asked = {
        node.args[1].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "hasattr")
        and isinstance(node.args[1], ast.Constant)
    }
    assert not asked & ERRORS_HAVE


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize(
    "module",
    [
        "tuxscope.asm",
        "tuxscope.vm",
        "tuxscope.output.lines",
        *(
            f"tuxscope.programs.{each.removesuffix('.py').replace('/', '.')}"
            for each in PAGES.values()
        ),
    ],
)
def test_pure_rooms_load_nothing_of_the_kernels_side(module: str) -> None:
    script = f"import sys, {module}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=LIMIT,
    ).stdout.split()
    assert module in loaded
    unwanted = {"ctypes", "mmap", "construct", "fire", "tuxscope.loader"}
    assert not unwanted & set(loaded)


def test_the_package_alone_costs_nothing() -> None:
    script = (
        "import sys\nbefore = set(sys.modules)\nimport tuxscope\nprint(*{*sys.modules} - before)"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=LIMIT,
    ).stdout.split()
    assert loaded == ["tuxscope"]


# What a run of hello imports, up to its first line; tests/e2e sees that it runs.
START = """
import tuxscope.entry
import tuxscope.cli, tuxscope.commands.hello, tuxscope.run.live, tuxscope.run.stream
from tuxscope.page.loading import load_page, page_file, programs_of
file = page_file("hello")
programs_of(load_page(file), file, 1, live=True)
"""


def test_starting_hello_imports_nothing_it_does_not_need() -> None:
    loaded = imported_by(START)
    assert {"tuxscope.lean_fire", "tuxscope.loader.verification", "tuxscope.asm.draft"} <= loaded
    unwanted = {"asyncio", "fire", "ssl", "construct", "pyroute2", "json", "threading", "traceback"}
    unwanted |= {"ast", "dataclasses", "inspect", "shlex"}  # a millisecond each, or more
    # What only a terminal needs, and what not all output does.
    unwanted |= {"wcwidth", "tuxscope.output.fitting", "tuxscope.output.terminal_lines"}
    unwanted |= {"ipaddress", "socket"}
    unwanted |= {f"tuxscope.asm.{name}" for name in ("grammar", "lexer", "listing", "parser")}
    # What annotations and lines of Python are made of, and what only errors need.
    unwanted |= {"typing", "re", "linecache", "tokenize", "zlib", "resource"}
    unwanted |= {"tuxscope.asm.checks", "tuxscope.asm.receiver", "tuxscope.asm.operands"}
    # What Python's own need is theirs: from 3.14 on threading and annotationlib are among it.
    unwanted -= imported_by("import collections, contextlib, ctypes, enum, importlib, signal")
    assert not unwanted & loaded
    tools = [f"tuxscope.programs.{each.parent.name}" for each in PAGE_FILES]
    assert "tuxscope.programs.net" in tools
    assert not [each for each in loaded if each.startswith(tuple(tools))]


def test_an_edited_page_imports_no_more_than_its_checks() -> None:
    more = imported_by(f"{START}\nimport tuxscope.asm.checks") - imported_by(START)
    assert "tuxscope.asm.checks.walk" in more
    own = {"meaning", "signatures"}  # which the checks stand on
    assert {each for each in more if not each.startswith("tuxscope.asm.checks")} <= {
        f"tuxscope.asm.{name}" for name in own
    }


def test_a_library_has_typing_s_own() -> None:
    script = "import tuxscope.asm, typing\nassert tuxscope.asm.program.Any is typing.Any"
    assert "tuxscope.entry" not in imported_by(script)


def imported_by(script: str) -> set[str]:
    """All modules that a new Python has after a script."""
    whole = f"{script}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=True, cwd=ROOT,
        timeout=LIMIT,
    )  # fmt: skip
    return set(done.stdout.split())
