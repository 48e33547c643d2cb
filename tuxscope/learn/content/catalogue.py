"""The list of all exercises, each building on the ones before, and their files."""

from __future__ import annotations

import ast
import os
import re
from importlib import import_module

from tuxscope.errors import UsageError
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.suggest import did_you_mean

LADDER = (
    "return-value",
    "arithmetic-and-jump",
    "record-layout",
    "zero-the-stack",
    "null-check",
    "bounded-loop",
    "local-call",
    "file-descriptor",
    "reads",
    "pid-filter",
    "count",
    "user-buffer",
    "latency",
    "histogram",
    "ringbuf",
    "syscall-count",
    "syscall-histogram",
    "syscall-result",
    "syscall-errors",
    "syscall-path",
    "syscall-sleep",
    "fileio-bytes",
    "fileio-name",
    "fileio-offset",
    "fileio-writer",
)
GALLERY = "verifier/"
HERE = os.path.dirname(__file__)
# The end of a starter that is hello, or the solution of another exercise.
PAGE_OF_HELLO = "from tuxscope.programs.hello import PAGE\n"
PAGE_OF_ANOTHER = re.compile(r"from (tuxscope\.[a-z_.]+) import PAGE\n\Z")


def module_name(name: str) -> str:
    """Return the name, a str without ``.py``, of the three files of exercise ``name``, and of the
    student's page."""
    return name.replace("-", "_").replace("/", "_")


def names() -> list[str]:
    """Return a list of the names of all exercises, those of the gallery last."""
    from tuxscope.learn.content import repair

    return [*LADDER, *repair.ENTRIES]


def file_name(name: str) -> str:
    """Return the file name of the student's page of exercise ``name``, a str."""
    return f"{module_name(name)}.py"


def exercise_named(name: str) -> Exercise:
    """Return the Exercise ``name``. Raises UsageError with the nearest one."""
    if name not in LADDER:
        from tuxscope.learn.content import repair

        if name in repair.ENTRIES:
            return repair.exercise_of(name)
        near = did_you_mean(name, names()) or "; tuxscope learn lists them"
        raise UsageError(f"learn: there is no exercise {name}{near}")
    module = import_module(f"tuxscope.learn.content.exercises.{module_name(name)}")
    found: Exercise = module.EXERCISE
    return found


def exercise_name(name: str) -> str:
    """Return the exercise's name for ``name``, any way to write it: ``Return_Value``,
    ``return_value.py``, and ``missing-result`` for ``verifier/missing-result``; empty if there is
    no such exercise."""
    bare = name.casefold().removesuffix(".py")
    known: dict[str, str] = {}
    for each in reversed(names()):  # the ladder's last, to take precedence
        known |= {module_name(each): each, module_name(each.removeprefix(GALLERY)): each}
    return known.get(module_name(bare), "")


def starter_text(name: str) -> str:
    """Return the text of the page that exercise ``name`` starts with."""
    if name not in LADDER:
        from tuxscope.learn.content import repair

        return repair.starter(name)
    return with_page(text_of("starters", name))


def with_page(text: str) -> str:
    """Return ``text``, that of a starter, in which a page's code stands in place of the import of
    its PAGE."""
    other = PAGE_OF_ANOTHER.search(text)
    if not other:
        return text
    page = source_of(import_module(other[1]).__file__ or "")
    _docstring, first, *_ = ast.parse(page).body
    code = page.splitlines(keepends=True)[first.lineno - 1 :]
    return text[: other.start()] + "".join(code)


def solution_text(name: str) -> str:
    """Return the text of the solution's page of exercise ``name``."""
    if name not in LADDER:
        from tuxscope.learn.content import repair

        return repair.solution(name)
    return text_of("solutions", name)


def text_of(directory: str, name: str) -> str:
    """Return the text of the page of exercise ``name`` in ``directory``, starters or solutions."""
    return source_of(os.path.join(HERE, directory, file_name(name)))


def source_of(path: str) -> str:
    """Return the text of the file ``path``, a str."""
    with open(path, encoding="utf-8") as file:
        return file.read()
