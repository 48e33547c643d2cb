"""docs/architecture.md is true: the arrows between rooms, and modules of a size to read."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pace import LIMIT

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tuxscope"
MODULES = sorted(PACKAGE.rglob("*.py"))

ONE_ROOM = dict.fromkeys(
    ("declared", "field_types", "late_annotations", "value_types", "tcp_states", "columns"),
    "record",
)
FLOOR = {"entry", "errors", "lean_dataclasses", "lean_fire", "lean_typing", "suggest"}
FLOOR |= {"__init__", "__main__"}


def room(parts: tuple[str, ...]) -> str:
    """The room of a module below tuxscope: ``("asm", "isa")`` is in asm."""
    name = parts[0].removesuffix(".py") if parts else "__init__"
    return ONE_ROOM.get(name, name)


def imported(path: Path) -> set[str]:
    """The rooms that a module imports from, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "tuxscope":
                names |= {f"tuxscope.{alias.name}" for alias in node.names}
            else:
                names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    rooms = {room(tuple(each.split(".")[1:])) for each in names if each.startswith("tuxscope.")}
    return {each for each in rooms if not each.startswith("__")}


def documented() -> dict[str, set[str]]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    block = text.partition("```arrows\n")[2].partition("```")[0]
    lines = (line.split(" -> ") for line in block.splitlines())
    return {start: set(ends.split(", ")) for start, ends in lines}


def test_the_arrows_are_those_of_the_page() -> None:
    found: dict[str, set[str]] = {}
    for path in MODULES:
        start = room(path.relative_to(PACKAGE).parts)
        if start not in FLOOR:
            found.setdefault(start, set()).update(imported(path) - FLOOR - {start})
    assert {start: ends for start, ends in found.items() if ends} == documented()


def test_the_floor_stands_on_nothing() -> None:
    assert imported(PACKAGE / "lean_typing.py") == set()
    for name in ("errors", "lean_dataclasses", "lean_fire", "suggest"):
        assert imported(PACKAGE / f"{name}.py") <= {"lean_typing"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize(
    "module",
    ["tuxscope.asm", "tuxscope.vm", "tuxscope.programs.hello", "tuxscope.output.lines"],
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
import tuxscope.cli, tuxscope.commands.hello, tuxscope.runner.live, tuxscope.runner.stream
from tuxscope.runner.pages import load_page, page_file, programs_of
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
    unwanted |= {"ipaddress", "socket", "tuxscope.sockets", "tuxscope.programs.net"}
    unwanted |= {f"tuxscope.asm.{name}" for name in ("grammar", "lexer", "listing", "parser")}
    # What annotations and lines of Python are made of, and what only errors need.
    unwanted |= {"typing", "re", "linecache", "tokenize", "zlib", "resource"}
    unwanted |= {"tuxscope.asm.checks", "tuxscope.asm.receiver", "tuxscope.asm.operands"}
    # What Python's own need is theirs: from 3.14 on threading and annotationlib are among it.
    unwanted -= imported_by("import collections, contextlib, ctypes, enum, importlib, signal")
    assert not unwanted & loaded


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
