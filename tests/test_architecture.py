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
FLOOR = {"entry", "errors", "lean_dataclasses", "lean_fire", "suggest"}
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
    pages = ("programs", "learn.starters", "learn.solutions", "learn.gallery")
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
        start = room(path.relative_to(PACKAGE).parts)
        if start not in FLOOR:
            found.setdefault(start, set()).update(imported(path) - FLOOR - {start})
    assert {start: ends for start, ends in found.items() if ends} == documented()


def test_the_floor_stands_on_nothing() -> None:
    for name in ("errors", "lean_dataclasses", "lean_fire", "suggest"):
        assert imported(PACKAGE / f"{name}.py") == set()


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


def test_starting_hello_imports_nothing_it_does_not_need() -> None:
    modules = "tuxscope.cli, tuxscope.runner.live, tuxscope.runner.stream, tuxscope.asm.checks"
    loaded = imported_by(f"import {modules}")
    assert "tuxscope.lean_fire" in loaded
    unwanted = {"asyncio", "fire", "ssl", "construct", "pyroute2", "json", "threading", "traceback"}
    unwanted |= {"ast", "dataclasses", "inspect", "shlex"}  # a millisecond each, or more
    # What only a terminal needs, and what not all output does.
    unwanted |= {"wcwidth", "tuxscope.output.fitting", "tuxscope.output.terminal_lines"}
    unwanted |= {"ipaddress", "socket", "tuxscope.sockets", "tuxscope.programs.net"}
    unwanted |= {f"tuxscope.asm.{name}" for name in ("grammar", "lexer", "listing", "parser")}
    # What Python's own need is theirs: from 3.14 on threading and annotationlib are among it.
    unwanted -= imported_by("import ctypes, typing\nclass T(typing.NamedTuple):\n x: 'int'")
    assert not unwanted & loaded


def imported_by(script: str) -> set[str]:
    """All modules that a new Python has after a script."""
    whole = f"{script}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=True, cwd=ROOT,
        timeout=LIMIT,
    )  # fmt: skip
    return set(done.stdout.split())
