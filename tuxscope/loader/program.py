"""Loading: maps made, program verified, and both held until they are closed."""

from __future__ import annotations

import ctypes
import errno
import re
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext, suppress
from typing import Self

from tuxscope.asm.instruction import SLOT
from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program
from tuxscope.errors import strerror
from tuxscope.explain.explain import explain
from tuxscope.loader import bpf, btf
from tuxscope.loader.bpf_attributes import ProgInfo, ProgLoad, ProgTestRun
from tuxscope.loader.fd import Fd
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.privilege import require_capabilities
from tuxscope.loader.verifier import LoadError, VerifierError

FIRST_LOG = 1 << 16
WALK = re.compile(r"^0: \(", re.MULTILINE)
REGISTERS = re.compile(r"^0: R1=", re.MULTILINE)
STATISTICS = 4  # BPF_LOG_STATS: the last words and no way there
LARGEST_LOG = (1 << 24) - 1  # what kernels before 5.19 take (kernel/bpf/verifier.c)


class LoadedProgram:
    """A program that the kernel has accepted; a context manager that closes it and its maps.

    Attributes:
        program: what it was made from.
        maps: by description; those that were given to :func:`load` are not ours to close.
        log: the verifier's, where one was asked for.
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
        return self._fd.fileno()

    def close(self) -> None:
        self._fd.close()
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> ProgInfo:
        """What the kernel says of it, recursion_misses and run statistics among it."""
        return bpf.object_info(self.fileno(), ProgInfo)

    def test_run(
        self, data: bytes = b"", context: bytes = b"", repeat: int = 0, cpu: int | None = None
    ) -> ProgTestRun:
        """Run it now; see :func:`tuxscope.loader.bpf.prog_test_run`. Raises OSError."""
        return bpf.prog_test_run(self.fileno(), data, context, repeat, cpu)


def load(
    program: Program, maps: Mapping[Map, LoadedMap] | None = None, log_level: int = 0
) -> LoadedProgram:
    """Create the program's maps and load it.

    ``maps`` are used instead of making new ones; ``log_level`` 1 or 2 keeps the verifier's log
    of a program that is accepted, too.

    Raises VerifierError with the author's line, LoadError, MapError, PrivilegeError, or
    PermissionError where the kernel refuses in spite of capabilities.
    """
    try:
        return create(program, maps, log_level)
    except PermissionError:
        require_capabilities("run it with sudo")
        raise


def create(program: Program, maps: Mapping[Map, LoadedMap] | None, log_level: int) -> LoadedProgram:
    """Create the maps and load the program into the kernel."""
    with ExitStack() as stack:
        bound = dict(maps or {})
        for each in program.maps:
            if each not in bound:
                bound[each] = stack.enter_context(LoadedMap(each))
        code = program.encode({each: bound[each].fileno() for each in program.maps})
        info = btf.build(program)
        types = stack.enter_context(load_btf(info)) if info else None
        fd, log = verify(program, code, info, types, log_level)
        if types:
            types.close()  # the program holds it from here
        return LoadedProgram(program, fd, bound, stack.pop_all(), log)


def load_btf(info: btf.ProgramBtf) -> Fd | nullcontext[None]:
    """Load the BTF; a kernel without it (before 5.0) gets the program without its lines."""
    try:
        return bpf.btf_load(info.data)
    except OSError as error:
        if not bpf.is_unsupported(error):
            raise
        return nullcontext()


def verify(
    program: Program, code: bytes, info: btf.ProgramBtf | None, types: Fd | None, log_level: int
) -> tuple[Fd, str]:
    """Have the kernel verify the program: quietly at first, and again with a log if it refuses."""
    code_buffer = ctypes.create_string_buffer(code, len(code))
    license_buffer = ctypes.create_string_buffer(program.license.encode())
    plain = {
        "prog_type": program.attach.type,
        "insn_cnt": len(code) // SLOT,
        "insns": bpf.address(code_buffer),
        "license": bpf.address(license_buffer),
        "prog_name": program.name,
    }
    if info and types:
        func_info = ctypes.create_string_buffer(info.func_info, len(info.func_info))
        line_info = ctypes.create_string_buffer(info.line_info, len(info.line_info))
        plain |= {
            "prog_btf_fd": types.fileno(),
            "func_info_rec_size": btf.FuncInfo.size,
            "func_info": bpf.address(func_info),
            "func_info_cnt": len(info.func_info) // btf.FuncInfo.size,
            "line_info_rec_size": btf.LineInfo.size,
            "line_info": bpf.address(line_info),
            "line_info_cnt": len(info.line_info) // btf.LineInfo.size,
        }
    asked = log_level
    if not log_level:
        try:
            return bpf.with_memlock(lambda: bpf.prog_load(ProgLoad(**plain))), ""
        except OSError:
            log_level = 1  # to hear why
    size = FIRST_LOG
    while True:
        log = ctypes.create_string_buffer(size)
        with_log = ProgLoad(**plain, log_level=log_level, log_size=size, log_buf=bpf.address(log))
        try:
            fd = bpf.with_memlock(lambda: bpf.prog_load(with_log))  # noqa: B023  # called at once
        except OSError as error:
            if error.errno == errno.ENOSPC and size < LARGEST_LOG:
                size = LARGEST_LOG
                continue
            if error.errno == errno.ENOSPC and asked:  # the log was refused, not the program
                with suppress(OSError):
                    return bpf.with_memlock(lambda: bpf.prog_load(ProgLoad(**plain))), text(log)
            said = text(log)
            full = error.errno == errno.ENOSPC
            if not full and log_level == 1 and WALK.search(said) and not REGISTERS.search(said):
                log_level = 2  # before 5.17 only this level tells of registers
                continue
            explanation = explain(said, program)
            if full and log_level != STATISTICS and not explanation.telling:
                # Before 6.4 a full log holds the beginning, and says nothing of the end.
                log_level, size = STATISTICS, FIRST_LOG
                continue
            if explanation.telling:
                raise VerifierError(program, said, explanation) from error
            if isinstance(error, PermissionError):
                raise
            raise LoadError(f"the kernel did not load {program.name}: {strerror(error)}") from error
        return fd, text(log)


def text(log: ctypes.Array[ctypes.c_char]) -> str:
    """A log buffer as text."""
    return log.value.decode("utf-8", "replace")
