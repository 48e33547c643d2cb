"""Loads a program: creates its maps, has the kernel verify it, and keeps both open."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext

from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program, checked_program
from tuxscope.errors import ArgumentTypeError
from tuxscope.lean_typing import Self
from tuxscope.loader import bpf, btf
from tuxscope.loader.bpf_attributes import ProgInfo, ProgTestRun
from tuxscope.loader.fd import Fd
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.loader.verification import (
    LoadRefused,
    LogLevel,
    attributes,
    checked_level,
    load_with_log,
    load_without_log,
)


class LoadedProgram:
    """A program that the kernel has accepted, as :func:`load` returns it; a context manager that
    closes it and its maps.

    Attributes:
        program: the assembled Program.
        maps: a mapping of Map to its LoadedMap; :meth:`close` leaves open those passed to
            :func:`load`.
        log: a str, the verifier's log; empty unless ``log_level`` asked for one.

    ``LoadedProgram(program, fd, maps, owned, log)``: ``fd`` is an Fd, ``owned`` an ExitStack.
    """

    def __init__(
        self, program: Program, fd: Fd, maps: Mapping[Map, LoadedMap], owned: ExitStack, log: str
    ) -> None:
        self.program = program
        self.maps = maps
        self.log = log
        self._fd = fd
        self._owned = owned

    def fileno(self) -> int:
        """Return the program's file descriptor, an int."""
        return self._fd.fileno()

    def close(self) -> None:
        """Close the program and its own maps; closing again does nothing."""
        self._fd.close()
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> ProgInfo:
        """Return the kernel's ``struct bpf_prog_info``, a ProgInfo, such as ``recursion_misses``.
        Raises OSError."""
        return bpf.object_info(self.fileno(), ProgInfo())

    def test_run(
        self, data: bytes = b"", context: bytes = b"", repeat: int = 0, cpu: int | None = None
    ) -> ProgTestRun:
        """Run it ``repeat`` times (0: once) on ``data`` and ``context``, both bytes, on ``cpu``, an
        int, or, if None, on any; return the ProgTestRun.

        See :func:`tuxscope.loader.bpf.prog_test_run`. Raises ArgumentTypeError, or OSError if this
        type of program cannot be run so.
        """
        for name, given in (("data", data), ("context", context)):
            if not isinstance(given, bytes):
                raise ArgumentTypeError("test_run", f"bytes for {name}", given, "as in bytes(64)")
        return bpf.prog_test_run(self.fileno(), data, context, repeat, cpu)


def load(
    program: Program, maps: Mapping[Map, LoadedMap] | None = None, log_level: int = 0
) -> LoadedProgram:
    """Create the maps of ``program``, a Program, and load it; return the LoadedProgram.

    ``maps`` is a mapping of Map to the LoadedMap to use instead of creating one, or None. With
    ``log_level`` (a :class:`LogLevel`, or its int) the verifier's log of an accepted program is
    kept, too.

    Raises VerifierError with the author's line, LoadError, MapError or PrivilegeError.
    """
    checked_program("load", program)
    check_maps(maps)
    level = checked_level(log_level)
    try:
        return create(program, maps, level)
    except (PermissionError, MapError) as error:  # BTF's, or a map's
        cause = error.__cause__ if isinstance(error, MapError) else error
        if not isinstance(cause, PermissionError):
            raise
        from tuxscope.loader.failed_load import refusal  # lazy: only failures need it

        raise refusal(program, cause) from error


def check_maps(maps: object) -> None:
    """Raise ArgumentTypeError unless ``maps``, any object, is None or a mapping from Map to
    LoadedMap."""
    if maps is None:
        return
    given = maps if not isinstance(maps, Mapping) else next(
        (each for pair in maps.items() for each, kind in zip(pair, (Map, LoadedMap), strict=True)
         if not isinstance(each, kind)), None,
    )  # fmt: skip
    if given is not None:
        takes = "loaded maps by their descriptions"
        raise ArgumentTypeError("load", takes, given, "as in maps={COUNTS: loaded.maps[COUNTS]}")


def create(
    program: Program, maps: Mapping[Map, LoadedMap] | None, level: LogLevel
) -> LoadedProgram:
    """Create the maps of ``program`` that are not in ``maps``, a mapping of Map to LoadedMap or
    None, load it with a log of ``level``, a LogLevel, and return the LoadedProgram."""
    with ExitStack() as stack:
        bound = dict(maps or {})
        for each in program.maps:
            if each not in bound:
                bound[each] = stack.enter_context(LoadedMap(each))
        code = program.encode({each: bound[each].fileno() for each in program.maps})
        info = btf.build(program)
        types = stack.enter_context(load_btf(program, info)) if info else None
        fd, log = verify(program, code, info, types, level)
        if types:
            types.close()  # the program has a reference of its own
        return LoadedProgram(program, fd, bound, stack.pop_all(), log)


def load_btf(program: Program, info: btf.ProgramBtf) -> Fd | nullcontext[None]:
    """Load ``info``, the ProgramBtf of ``program``; return its Fd, or a null context on a kernel
    without BPF_BTF_LOAD.

    Raises LoadError or PrivilegeError.
    """
    try:
        return bpf.btf_load(info.data)
    except OSError as error:
        if not bpf.is_unsupported(error):
            from tuxscope.loader.failed_load import refusal

            raise refusal(program, error) from error
        return nullcontext()


def verify(
    program: Program, code: bytes, info: btf.ProgramBtf | None, types: Fd | None, level: LogLevel
) -> tuple[Fd, str]:
    """Load ``program``, encoded as ``code``, bytes, with its BTF ``info``, a ProgramBtf or None,
    that was loaded as ``types``, an Fd or None; return a pair: its Fd, and its log, a str.

    The log is empty if ``level``, a LogLevel, is 0. Raises VerifierError, LoadError or
    PrivilegeError.
    """
    with attributes(program, code, info, types) as plain:
        try:
            if level:
                return load_with_log(plain, level)
            return load_without_log(plain), ""
        except LoadRefused as refused:
            from tuxscope.loader.diagnosis import diagnose  # lazy, too

            return diagnose(program, plain, refused)
