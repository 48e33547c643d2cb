"""Loads a page and calls its function; errors in the page are reported with the page's line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import islice
from types import CodeType, FrameType, FunctionType, ModuleType, TracebackType

from tuxscope.asm import AssemblyError, Program, SourceLine
from tuxscope.asm.emitter import without_checks
from tuxscope.asm.source import cache_lines
from tuxscope.errors import LocatedError, UsageError, strerror, with_article
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.page.guard import LIMIT, PageHang, guarded
from tuxscope.page.page import PARAMETERS, Page, ProgramFactory
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.page.shipped import PROGRAMS, is_shipped
from tuxscope.suggest import did_you_mean, nearest
from tuxscope.tools import PAGES, command_of_page

if TYPE_CHECKING:
    from tuxscope.asm.layout import Layout

MOST_FILES = 1000  # of a directory that are compared for the nearest name
STARRED = 4 | 8  # code.co_flags that say there is *args, and **kwargs: inspect.CO_VARARGS


class PageError(LocatedError):
    """An error, a LocatedError: a page that raised an exception, or that does not define what a
    page has to.

    If the error is about the page as a whole, ``source`` has line 0 and no text.
    """


def page_file(name: str) -> str:
    """Return the path of the page that ships with tuxscope as ``name``, a str such as ``hello``."""
    return os.path.join(PROGRAMS, PAGES[name])


def near_file(name: str) -> str:
    """Return a hint, a str, for ``name``, the path of a page that does not exist: ``; did you mean
    mine.py?``, or empty."""
    if name in PAGES:
        return f"; it comes with tuxscope: {command_of_page(name)}"
    directory, base = os.path.split(name)
    try:
        with os.scandir(directory or ".") as entries:
            files = [each.name for each in islice(entries, MOST_FILES) if each.name[-3:] == ".py"]
    except OSError:
        return ""
    near = nearest(base.replace("-", "_").removesuffix(".py") + ".py", files)
    return f"; did you mean {os.path.join(directory, near)}?" if near else ""


def load_page(file: str) -> Page:
    """Run ``file``, the path of a page, as Python, and return its ``PAGE``, a Page. Raises
    PageError."""
    loaded = module_of(file)
    page = getattr(loaded, "PAGE", None)
    if isinstance(page, Page):
        return page
    from tuxscope.page.proposal import proposal

    proposed = proposal(vars(loaded), file)
    if hasattr(loaded, "PAGE"):
        raise PageError(f"PAGE is not a Page; write {proposed}", assignment(file, "PAGE"))
    named = next((name for name, value in vars(loaded).items() if isinstance(value, Page)), None)
    if named:
        raise PageError("the page has to be called PAGE", assignment(file, named))
    ends = "end it with " * proposed.startswith("PAGE")
    raise PageError(f"there is no PAGE; {ends}{proposed}", SourceLine(file, 0, ""))


def module_of(file: str) -> ModuleType:
    """Run ``file``, a path, as a module, and return it, a ModuleType; it is not left in
    ``sys.modules``. Raises PageError."""
    stem = os.path.splitext(os.path.basename(file))[0]
    loader = SourceFileLoader(f"{stem} (a page)", file)
    cache_lines(file)
    if linecache := sys.modules.get("linecache"):
        linecache.checkcache(file)  # it may have been edited since
    keeps_no_bytecode = sys.dont_write_bytecode
    # No __pycache__ beside a user's page.
    sys.dont_write_bytecode |= not file.startswith(os.path.join(PROGRAMS, ""))
    module = ModuleType(loader.name)
    module.__file__, module.__loader__ = file, loader
    module.__spec__ = ModuleSpec(loader.name, loader, origin=file)
    module.__package__ = ""
    sys.modules[loader.name] = module  # where dataclasses and the like look for it
    try:
        with errors_of_the_page(file):
            loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = keeps_no_bytecode
        del sys.modules[loader.name]
    return module


def assignment(file: str, name: str) -> SourceLine:
    """Return the last SourceLine of page ``file`` that assigns ``name``, a str; line 0 of the file
    if none does."""
    import linecache
    import re

    begins = re.compile(rf"{name}\s*[:=]")
    lines = [(number, line) for number, line in enumerate(linecache.getlines(file), 1)
             if begins.match(line)]  # fmt: skip
    number, line = lines[-1] if lines else (0, "")
    return SourceLine(file, number, line.strip())


def programs_of(
    page: Page,
    file: str,
    pid: int | None = None,
    exclude: tuple[int, ...] = (),
    namespace: PidNamespace | None = None,
    layout: Layout | None = None,
    *,
    own: int | None = None,
    live: bool = False,
) -> tuple[Program, ...]:
    """Call the function of ``page``, a Page, and return its kernel programs, a tuple of Program.

    ``file`` is the page's path. ``pid``, an int, and ``namespace``, a PidNamespace, are the
    function's arguments; None for all processes and for the initial PID namespace. ``layout``, a
    Layout, is one, too, for functions that take it; None for its default, or with ``live`` for the
    running kernel's. ``exclude`` is a tuple of the PIDs that the user excludes; ``own`` tuxscope's
    own PID or None, which a page excludes if it can; ``live``, a bool: for the running kernel.
    There an unedited page that ships with tuxscope is not checked again.

    Raises PageError, UsageError for an option that the page does not take, or an AssemblyError with
    its line.
    """
    known: dict[str, object] = {"pid": pid, "namespace": namespace}
    try:
        taken = parameters(page.program)
    except (TypeError, ValueError) as error:
        problem = "the parameters of the page's function are not known; write it with def"
        raise PageError(problem, SourceLine(file, 0, "")) from error
    if strange := [name for name in taken if name not in PARAMETERS]:
        near = did_you_mean(strange[0], PARAMETERS)
        raise PageError(
            f"a page's function has no parameter {strange[0]}"
            + (near or f"; it may have {', '.join(PARAMETERS)}"),
            definition(page, file),
        )
    if layout is None and live and "layout" in taken:
        from tuxscope.loader.layout import RunningKernelLayout

        layout = RunningKernelLayout()
    if layout is not None:
        known["layout"] = layout
    if pid is not None and "pid" not in taken:
        raise UsageError(
            f"{os.path.basename(file)} cannot choose a process: its function takes no pid; see "
            "programs/hello.py for one that does"
        )
    if "exclude" in taken:
        known["exclude"] = left_out(file, exclude, own, taken["exclude"])
    elif exclude:
        raise UsageError(
            f"{os.path.basename(file)} cannot leave out processes: its function takes no exclude; "
            "see programs/hello.py for one that does"
        )
    arguments = {name: known[name] for name in taken if name in known}
    try:
        known_good = live and is_shipped(file)
        with errors_of_the_page(file), without_checks() if known_good else nullcontext():
            made = page.program(**arguments)
    except AssemblyError as error:
        check_slips(page, error)
        raise
    several: tuple[object, ...] = made if isinstance(made, tuple) and made else (made,)
    found = tuple(each for each in several if isinstance(each, Program))
    if len(found) < len(several):
        wrong = next(each for each in several if not isinstance(each, Program))
        what = "nothing" if wrong is None else with_article(type(wrong).__name__)
        many = ", b.program()" if isinstance(made, tuple | list) and len(made) > 1 else ""
        raise PageError(
            f"it returns {what}; end it with return a.program(){many}", definition(page, file)
        )
    return found


def check_slips(page: Page, error: Exception) -> None:
    """Raise PageError from ``error``, an Exception, if a line of ``page``, a Page, has no effect,
    which may be the cause of it."""
    from tuxscope.page.slips import slip_in

    if slip := slip_in(page):
        raise PageError(*slip) from error


def left_out(
    file: str, exclude: tuple[int, ...], own: int | None, default: object
) -> tuple[int, ...] | int | None:
    """Return the argument ``exclude`` for the function of page ``file``, a path: a tuple if
    ``default``, the parameter's default, is a tuple, else one PID or None, as in older pages.

    ``exclude`` are the user's PIDs, a tuple; ``own`` is tuxscope's PID, an int, or None to include
    it. Raises UsageError if an older page would need several.
    """
    pids = exclude if own is None else tuple(dict.fromkeys((*exclude, own)))
    if isinstance(default, tuple):
        return pids
    if len(pids) > 1:
        one = "one process" if own is None else "tuxscope itself"
        more = " or add --include-self;" if own is not None and len(exclude) == 1 else ""
        raise UsageError(
            f"{os.path.basename(file)} leaves out {one}, and no other;{more} with "
            "exclude: tuple[int, ...] = () it gets them all, as programs/hello.py does"
        )
    return pids[0] if pids else None


def parameters(factory: ProgramFactory) -> dict[str, object]:
    """Return a dict of the parameters of ``factory``, a ProgramFactory (a page's function): the
    default, or None, by name. Raises TypeError or ValueError if the callable has no signature."""
    if not isinstance(factory, FunctionType) or vars(factory):  # such as a wrapped function
        from inspect import signature

        return {name: each.default for name, each in signature(factory).parameters.items()}
    code = factory.__code__
    starred = (code.co_flags & STARRED).bit_count()
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + starred]
    defaults = factory.__defaults__ or ()
    with_default = names[code.co_argcount - len(defaults) : code.co_argcount]
    known = dict(zip(with_default, defaults, strict=True)) | (factory.__kwdefaults__ or {})
    return {name: known.get(name) for name in names}


def definition(page: Page, file: str) -> SourceLine:
    """Return the first SourceLine of the function of ``page``, a Page; line 0 of ``file``, a path,
    if it is not a Python function."""
    import linecache

    code = getattr(page.program, "__code__", None)
    if not isinstance(code, CodeType):
        return SourceLine(file, 0, "")
    file, line = code.co_filename, code.co_firstlineno
    return SourceLine(file, line, linecache.getline(file, line).strip())


@contextmanager
def errors_of_the_page(file: str) -> Iterator[None]:
    """Return a context manager that turns any exception of the code of page ``file``, a path, into
    a PageError with the page's line.

    A LocatedError that has a line already (AssemblyError, VerifierError) passes.
    """

    def report_stuck(frame: FrameType | None) -> None:
        import linecache

        from tuxscope.output.report import print_error

        while frame and frame.f_code.co_filename != file:
            frame = frame.f_back
        line = frame.f_lineno if frame else 0
        print_error(hang(SourceLine(file, line, linecache.getline(file, line).strip())))

    try:
        with guarded(report_stuck):
            yield
    except SystemExit as error:
        problem = "the page ended Python; a program ends with a.exit()"
        raise PageError(problem, place(error, file)) from error
    except PageHang as error:
        raise hang(place(error, file)) from error
    except Exception as error:
        if isinstance(error, LocatedError) and error.source:
            raise
        own = frames(error, file)
        if isinstance(error, OSError) and not own:
            near = near_file(file) if isinstance(error, FileNotFoundError) else ""
            raise PageError(
                f"cannot be read: {strerror(error)}{near}", SourceLine(file, 0, "")
            ) from error
        from tuxscope.page.mistakes import described

        source = place(error, file)
        frame = own[-1].tb_frame if own else None
        problem = described(error, frame, source.text)
        raise PageError(problem, source, column_of(error, file)) from error


def hang(source: SourceLine) -> PageError:
    """Return the PageError of a page that did not end in time; ``source``, a SourceLine, is the
    line that it executes."""
    return PageError(
        f"the page still runs after {LIMIT:.0f} s; Python's own loops have to end, as they only "
        "write the program",
        source,
    )


def place(error: BaseException, file: str) -> SourceLine:
    """Return the SourceLine of page ``file``, a path, that raised ``error``, a BaseException; line
    0 if it was not raised in the page."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return SourceLine(file, error.lineno or 0, (error.text or "").strip())
    own = frames(error, file)
    if not own:
        return SourceLine(file, 0, "")
    from traceback import extract_tb

    found = extract_tb(own[-1], 1)[0]
    return SourceLine(file, found.lineno or 0, found.line or "")


def column_of(error: BaseException, file: str) -> int:
    """Return the column, an int, in that line of ``file``, a path, where ``error``, a
    BaseException, was raised, from 1; 0 if it is not known, or at the beginning of the line."""
    if isinstance(error, SyntaxError):
        return error.offset or 0
    import linecache
    from traceback import extract_tb

    own = frames(error, file)
    found = extract_tb(own[-1], 1)[0] if own else None
    if not found or found.colno is None or found.lineno != found.end_lineno:
        return 0
    whole = linecache.getline(found.filename, found.lineno or 0)
    return found.colno + 1 if whole[: found.colno].strip() else 0


def frames(error: BaseException, file: str) -> list[TracebackType]:
    """Return the entries (TracebackType) of the traceback of ``error``, a BaseException, that are
    in page ``file``, a path: a list, outermost first."""
    found = []
    step = error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == file:
            found.append(step)
        step = step.tb_next
    return found
