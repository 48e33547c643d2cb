"""A docstring names each parameter: who sees it without the signature could write the signature.

A function without a docstring passes, and so does an override that refers to its base ("As in").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Pages that a reader sees as a whole, with comments for those who learn.
PAGES = (
    "learn/content/gallery",
    "learn/content/solutions",
    "learn/content/starters",
    "programs/hello.py",
)
# The object itself, and the assembler that all functions which emit instructions take.
CLEAR = {"self", "cls", "mcs", "a"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def within(path: str, rooms: tuple[str, ...]) -> bool:
    """Whether ``path``, relative to the package, is in one of ``rooms``, or is one of them."""
    return any(path == each or path.startswith(f"{each}/") for each in rooms)


def public_functions(node: ast.AST) -> Iterator[Function]:
    """Yield the public functions and methods in ``node``, but none defined in a function."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, Function):
            if not each.name.startswith("_"):
                yield each
        elif not (isinstance(each, ast.ClassDef) and each.name.startswith("_")):
            yield from public_functions(each)


def parameters(function: Function) -> list[str]:
    """Return the names of the parameters of ``function`` that its docstring has to name."""
    of = function.args
    found = [*of.posonlyargs, *of.args, *filter(None, [of.vararg]), *of.kwonlyargs]
    found += filter(None, [of.kwarg])
    return [each.arg for each in found if each.arg not in CLEAR and not each.arg.startswith("_")]


def unnamed(code: str) -> list[str]:
    """Return ``line name: missing x`` for each docstring in ``code`` that omits a parameter.

    A parameter is named by its own name or its plural, without the underscore of ``and_``.
    """
    found = []
    for function in public_functions(ast.parse(code)):
        text = ast.get_docstring(function)
        if not text or text.startswith("As in "):
            continue
        missing = [
            name
            for name in parameters(function)
            if not re.search(rf"\b{re.escape(name.rstrip('_'))}s?\b", text)
        ]
        if missing:
            found.append(f"{function.lineno} {function.name}: missing {', '.join(missing)}")
    return found


def test_docstrings_name_their_parameters() -> None:
    package = ROOT / "tuxscope"
    files = {str(path.relative_to(package)): path for path in sorted(package.rglob("*.py"))}
    checked = {name: path for name, path in files.items() if not within(name, PAGES)}
    assert len(checked) > 40
    found = [
        f"{path.relative_to(ROOT)}:{each}"
        for path in checked.values()
        for each in unnamed(path.read_text())
    ]
    assert not found, "\n".join(found)


def test_pages_exist() -> None:
    """Else an entry could stay after its page is renamed, and hide another one of that name."""
    assert [each for each in PAGES if not (ROOT / "tuxscope" / each).exists()] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def size(text, limit):\n 'The size of ``text``.'", ["1 size: missing limit"]),
        ("class Ring:\n def wait(self, seconds):\n  'Wait.'", ["2 wait: missing seconds"]),
        ("class Ring:\n @classmethod\n def open(cls, *, cpu):\n  'Open.'", ["3 open: missing cpu"]),
        ("async def read(*fds):\n 'Read.'", ["1 read: missing fds"]),
        ("def size(limit):\n 'Unlimited.'", ["1 size: missing limit"]),
        ("if True:\n def read(fd, size):\n  'Read.'", ["2 read: missing fd, size"]),
    ],
)
def test_an_omitted_parameter_is_found(code: str, found: list[str]) -> None:
    assert unnamed(code) == found


@pytest.mark.parametrize(
    "code",
    [
        "def size(text, limit):\n 'The size of ``text``, at most ``limit``.'",
        "def drop(a, pid):\n 'Emit: drop the PIDs; ``pids`` are numbers.'",
        "class Ring:\n def wait(self, seconds):\n  'As in Watch.'",
        "def and_(a, or_):\n 'Emit: ``or``.'",
        "def _size(text):\n 'The size.'",
        "def size(text): ...",
        "def loop(_, *_rest):\n 'The loop.'",
        "class _Ring:\n def wait(self, seconds):\n  'Wait.'",
        "def page():\n 'The page.'\n def send(event):\n  'Emit.'",
    ],
)
def test_a_named_or_private_parameter_is_not_reported(code: str) -> None:
    assert unnamed(code) == []
