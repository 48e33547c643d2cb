"""A docstring names each parameter: who sees it without the signature could write the signature.

That of a dataclass, a NamedTuple, a record, a ctypes structure or an enum says so, and names each
attribute; an enum with more than ten members need not name them.

A function without a docstring passes, and so does an override that refers to its base ("As in").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
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

# How the docstring says what a class is, by its decorator or base.
KINDS = {
    "dataclass": r"\bdataclass\b",
    "NamedTuple": r"\bNamedTuple\b",
    "Record": r"\bRecord\b",
    "Attributes": r"\bctypes",
    "Enum": r"\b[Ee]num\b",
    "IntEnum": r"\bIntEnum\b",
    "IntFlag": r"\bIntFlag\b",
}
ENUMS = {"Enum", "IntEnum", "IntFlag"}
MOST_MEMBERS = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef


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


def kinds(of: ast.ClassDef) -> set[str]:
    """Return those of KINDS that the class ``of`` is."""
    names = [ast.unparse(each) for each in of.bases]
    names += [ast.unparse(each).partition("(")[0] for each in of.decorator_list]
    return KINDS.keys() & set(names)


def attributes(of: ast.ClassDef) -> list[str]:
    """Return the names of the public attributes that the body of the class ``of`` declares, those
    of instances, members of an enum, or fields of a record."""
    found = []
    for each in of.body:
        if isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each.annotation):
            found.append(ast.unparse(each.target))
        elif isinstance(each, ast.Assign) and not kinds(of) <= {"dataclass"}:
            found += map(ast.unparse, each.targets)
    return [each for each in found if not each.startswith("_")]


def undescribed(code: str) -> list[str]:
    """Return ``line name: missing x`` for each public class in ``code`` of one of KINDS whose
    docstring does not say which, or omits an attribute. One without a docstring passes."""
    found = []
    for each in ast.walk(ast.parse(code)):
        if not isinstance(each, ast.ClassDef) or each.name.startswith("_"):
            continue
        text, of = ast.get_docstring(each), kinds(each)
        if not text or not of:
            continue
        names = attributes(each)
        if of & ENUMS and len(names) > MOST_MEMBERS:
            names = []
        missing = sorted(kind for kind in of if not re.search(KINDS[kind], text))
        missing += [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]
        if missing:
            found.append(f"{each.lineno} {each.name}: missing {', '.join(missing)}")
    return found


@pytest.mark.parametrize("check", [unnamed, undescribed])
def test_docstrings_name_their_parameters_and_attributes(
    check: Callable[[str], list[str]],
) -> None:
    package = ROOT / "tuxscope"
    pages = {path for each in PAGES for path in (package / each, *(package / each).rglob("*.py"))}
    checked = [
        path
        for directory in ("tuxscope", "bench", "tools")
        for path in sorted((ROOT / directory).rglob("*.py"))
        if path not in pages
    ]
    assert len(checked) > 80
    found = [
        f"{path.relative_to(ROOT)}:{each}" for path in checked for each in check(path.read_text())
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


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("@dataclass\nclass A:\n 'A.'\n x: int", ["2 A: missing dataclass, x"]),
        ("@dataclass(frozen=True)\nclass A:\n 'A dataclass: ``x``.'\n x: int\n y: int = 0", "y"),
        ("class A(NamedTuple):\n 'A tuple: ``x``.'\n x: int", "NamedTuple"),
        ("class A(Record):\n 'A Record.'\n pid = u32", "pid"),
        ("class A(Attributes):\n 'A ctypes.Structure.'\n fd: u32", "fd"),
        ("class A(Enum):\n 'An enum: ONE.'\n ONE = 1\n TWO = 2", "TWO"),
        ("class A(IntFlag):\n 'Flags: ONE.'\n ONE = 1", "IntFlag"),
        ("class A:\n class B(Record):\n  'A Record.'\n  pid = u32", ["2 B: missing pid"]),
    ],
)
def test_an_omitted_attribute_is_found(code: str, found: list[str] | str) -> None:
    came = undescribed(code)
    assert came == found if isinstance(found, list) else came[0].endswith(f"missing {found}")


@pytest.mark.parametrize(
    "code",
    [
        "@dataclass\nclass A:\n 'A dataclass.'\n _x: int\n y: ClassVar[int] = 0",
        "@dataclass\nclass A:\n x: int",
        "class _A(Record):\n 'A.'\n pid = u32",
        "class A:\n 'A.'\n x: int",
        "class A(Enum):\n 'An enum of many.'\n " + "\n ".join(f"M{n} = {n}" for n in range(11)),
    ],
)
def test_a_described_or_private_class_is_not_reported(code: str) -> None:
    assert undescribed(code) == []
