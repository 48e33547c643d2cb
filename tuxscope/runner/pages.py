"""Loading a page and calling it: what goes wrong in there is told with the page's own line."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from tuxscope.asm import Program, SourceLine
from tuxscope.errors import TuxscopeError
from tuxscope.programs.page import Page
from tuxscope.programs.pid_namespace import PidNamespace


class PageError(TuxscopeError):
    """A page that Python would not run."""


def load_page(module: str) -> Page:
    """Import a module and return its PAGE. Raises PageError."""
    with errors_of_the_page(module):
        page: Page = import_module(module).PAGE
    return page


def program_of(
    page: Page, module: str, pid: int | None, exclude: int | None, namespace: PidNamespace | None
) -> Program:
    """The page's kernel program. Raises PageError, or an AssemblyError that knows its line."""
    with errors_of_the_page(module):
        program = page.program(pid, exclude, namespace)
    if not isinstance(program, Program):
        raise PageError(f"the page's program is {program!r}; end it with return a.program()")
    return program


@contextmanager
def errors_of_the_page(module: str) -> Iterator[None]:
    """Turn whatever the page raises into one line with the page's own.

    Errors that already know their line (AssemblyError, VerifierError) pass.
    """
    try:
        yield
    except SystemExit as error:
        raise PageError(
            f"{place(error, module)}: the page ended Python; a program ends with a.exit()"
        ) from error
    except Exception as error:
        if isinstance(error, TuxscopeError) and getattr(error, "source", None):
            raise
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise PageError(f"{place(error, module)}: {what or type(error).__name__}") from error


def place(error: BaseException, module: str) -> str:
    """``hello.py:53: a.stx(event.pdi, r0)``: where in the page it happened."""
    spec = find_spec(module)
    file = spec.origin if spec and spec.origin else module
    if isinstance(error, SyntaxError):
        return str(SourceLine(file, error.lineno or 0, (error.text or "").strip()))
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    if not frames:
        return os.path.basename(file)
    return str(SourceLine(file, frames[-1].lineno or 0, frames[-1].line or ""))
