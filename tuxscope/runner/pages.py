"""Loading a page and calling it: what goes wrong in there is told with the page's own line."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from types import CodeType, ModuleType, TracebackType

from tuxscope.asm import Program, SourceLine
from tuxscope.errors import TuxscopeError
from tuxscope.programs.page import USUAL, Page
from tuxscope.programs.pid_namespace import PidNamespace


class PageError(TuxscopeError):
    """A page that Python would not run, or that is none.

    Attributes:
        problem: what is wrong, without the place.
        source: the page's line; its text is empty where it is the page as a whole.
        column: where in that line, counted from 1; 0 where that is unknown.
    """

    def __init__(self, problem: str, source: SourceLine, column: int = 0) -> None:
        super().__init__(f"{source}: {problem}")
        self.problem = problem
        self.source = source
        self.column = column


def load_page(module: str) -> Page:
    """Import a module and return its PAGE. Raises PageError."""
    with errors_of_the_page(module):
        loaded = import_module(module)
    page = getattr(loaded, "PAGE", None)
    if isinstance(page, Page):
        return page
    if hasattr(loaded, "PAGE"):
        problem = f"PAGE is not a Page; write {USUAL}"
        raise PageError(problem, assignment(loaded, "PAGE"))
    named = next((name for name, value in vars(loaded).items() if isinstance(value, Page)), None)
    if named:
        raise PageError("the page has to be called PAGE", assignment(loaded, named))
    raise PageError(f"there is no PAGE; end it with {USUAL}", SourceLine(file_of(module), 0, ""))


def assignment(module: ModuleType, name: str) -> SourceLine:
    """The last line of a module that begins to assign a name; its file alone where none does."""
    file = file_of(module.__name__)
    begins = re.compile(rf"{name}\s*[:=]")
    lines = [(number, line) for number, line in enumerate(linecache.getlines(file), 1)
             if begins.match(line)]  # fmt: skip
    number, line = lines[-1] if lines else (0, "")
    return SourceLine(file, number, line.strip())


def program_of(
    page: Page, module: str, pid: int | None, exclude: int | None, namespace: PidNamespace | None
) -> Program:
    """The page's kernel program. Raises PageError, or an AssemblyError that knows its line."""
    try:
        signature(page.program).bind(pid, exclude, namespace)
    except TypeError as error:
        problem = "a page's function takes pid, exclude and namespace, in this order"
        raise PageError(problem, definition(page, module)) from error
    with errors_of_the_page(module):
        program = page.program(pid, exclude, namespace)
    if not isinstance(program, Program):
        what = "nothing" if program is None else f"a {type(program).__name__}"
        raise PageError(
            f"it returns {what}; end it with return a.program()", definition(page, module)
        )
    return program


def definition(page: Page, module: str) -> SourceLine:
    """The line on which a page's function begins; its file alone where it is no such function."""
    code = getattr(page.program, "__code__", None)
    if not isinstance(code, CodeType):
        return SourceLine(file_of(module), 0, "")
    file, line = code.co_filename, code.co_firstlineno
    return SourceLine(file, line, linecache.getline(file, line).strip())


@contextmanager
def errors_of_the_page(module: str) -> Iterator[None]:
    """Turn whatever the page raises into one line with the page's own.

    Errors that already know their line (AssemblyError, VerifierError) pass.
    """
    try:
        yield
    except SystemExit as error:
        problem = "the page ended Python; a program ends with a.exit()"
        raise PageError(problem, place(error, module)) from error
    except Exception as error:
        if isinstance(error, TuxscopeError) and getattr(error, "source", None):
            raise
        from tuxscope.runner.mistakes import described

        source = place(error, module)
        own = frames(error, module)
        frame = own[-1].tb_frame if own else None
        problem = described(error, frame, source.text)
        raise PageError(problem, source, column_of(error, module)) from error


def place(error: BaseException, module: str) -> SourceLine:
    """Where in the page it happened."""
    file = file_of(module)
    if isinstance(error, SyntaxError) and error.filename == file:
        return SourceLine(file, error.lineno or 0, (error.text or "").strip())
    own = frames(error, module)
    if not own:
        return SourceLine(file, 0, "")
    found = traceback.extract_tb(own[-1], 1)[0]
    return SourceLine(file, found.lineno or 0, found.line or "")


def column_of(error: BaseException, module: str) -> int:
    """Where in its line, counted from 1; 0 where it is the line as a whole."""
    if isinstance(error, SyntaxError):
        return error.offset or 0
    own = frames(error, module)
    found = traceback.extract_tb(own[-1], 1)[0] if own else None
    if not found or found.colno is None or found.lineno != found.end_lineno:
        return 0
    whole = linecache.getline(found.filename, found.lineno or 0)
    return found.colno + 1 if whole[: found.colno].strip() else 0


def frames(error: BaseException, module: str) -> list[TracebackType]:
    """Those parts of an error's way that lead through the page."""
    file = file_of(module)
    found = []
    step = error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == file:
            found.append(step)
        step = step.tb_next
    return found


def file_of(module: str) -> str:
    """The file of a module, whether or not it can be imported."""
    spec = find_spec(module)
    return spec.origin if spec and spec.origin else module
