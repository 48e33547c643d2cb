"""BPF_PROG_LOAD: loads a program, with or without the verifier's log."""

from __future__ import annotations

import ctypes
import errno
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntFlag

from tuxscope.asm.instruction import SLOT
from tuxscope.asm.program import Program
from tuxscope.errors import Portable
from tuxscope.lean_typing import Any
from tuxscope.loader import bpf, btf
from tuxscope.loader.bpf_attributes import ProgLoad
from tuxscope.loader.fd import Fd

FIRST_LOG = 1 << 20  # bytes; only the pages that are filled take memory
# The largest log buffer, in bytes: bpf_verifier_log_attr_validate() in kernel/bpf/log.c allows
# UINT_MAX >> 2 since Linux 5.19, and UINT_MAX >> 8 before.
LARGEST_LOG = (1 << 30) - 1
LARGEST_LOG_BEFORE = (1 << 24) - 1


class LogLevel(IntFlag):
    """An IntFlag: bits that select what the verifier writes into its log
    (include/linux/bpf_verifier.h). Members: NONE = 0, LEVEL1 = 1, LEVEL2 = 2, STATS = 4.

    Of a refused program, LEVEL1 has the path to the rejected instruction, LEVEL2 all paths, with
    the state at each instruction. Of an accepted one only LEVEL2 has paths. STATS adds the
    verification time and the stack depth.
    """

    NONE = 0
    LEVEL1 = 1
    LEVEL2 = 2
    STATS = 4


class LoadRefused(Portable, Exception):  # noqa: N818  # internal: becomes a TuxscopeError
    """An exception, a Portable and Exception, for a load that failed.

    Attributes:
        error: the OSError of bpf(2).
        log: a str, the verifier's log; empty for a load without one.
        truncated: whether the buffer was too small for the log.
        level: the LogLevel of the load; NONE for a load without a log.
    """

    def __init__(
        self,
        error: OSError,
        log: str = "",
        truncated: bool = False,
        level: LogLevel = LogLevel.NONE,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.log = log
        self.truncated = truncated
        self.level = level


def checked_level(log_level: int) -> LogLevel:
    """Return ``log_level``, an int, as a LogLevel. Raises LoadError if it is invalid."""
    if isinstance(log_level, bool) or not isinstance(log_level, int) or log_level & ~7:
        from tuxscope.loader.verifier import LoadError

        raise LoadError(
            f"invalid log_level {log_level!r}; use LogLevel.LEVEL1, LEVEL2 or STATS (1, 2, 4)"
        )
    return LogLevel(log_level)


def load_without_log(plain: dict[str, Any]) -> Fd:
    """Load a program by ``plain``, a dict of its attributes by name; return its Fd. Raises
    LoadRefused."""
    try:
        return prog_load(plain)
    except OSError as error:
        raise LoadRefused(error) from error


def prog_load(plain: dict[str, Any]) -> Fd:
    """Load a program by ``plain``, a dict of its attributes by name; return its Fd. Raises
    OSError."""
    return bpf.with_memlock(lambda: bpf.prog_load(ProgLoad(**plain)))


def load_with_log(plain: dict[str, Any], level: LogLevel, *, grow: bool = True) -> tuple[Fd, str]:
    """Load a program by ``plain``, a dict of its attributes by name, with a log of this ``level``,
    a LogLevel; return a pair: its Fd, and the log, a str.

    The log buffer grows until the log fits. With ``grow=False``, a keyword-only bool, it has
    FIRST_LOG bytes: the log of a loop has megabytes, and since Linux 6.4 a truncated log has its
    end, with the reason.

    Raises LoadRefused. It is ``truncated`` if the largest buffer is too small (ENOSPC).
    """
    size = FIRST_LOG
    before = LoadRefused(OSError(errno.ENOSPC, "log"), truncated=True, level=level)
    while True:
        try:
            mapped = mmap.mmap(-1, size, mmap.MAP_PRIVATE)
        except OSError:
            raise before from None
        with mapped as buffer:
            log = ctypes.c_char.from_buffer(buffer)
            try:
                loading = plain | {
                    "log_level": level, "log_size": size, "log_buf": ctypes.addressof(log),
                }  # fmt: skip
                fd = prog_load(loading)
            except OSError as error:
                truncated = error.errno == errno.ENOSPC
                refused = LoadRefused(error, text(buffer), truncated, level)
            else:
                return fd, text(buffer)
            finally:
                del log  # an exported buffer keeps the mapping from being closed
        if refused.error.errno == errno.EINVAL and size > LARGEST_LOG_BEFORE and not refused.log:
            raise before  # an older kernel rejects a buffer of this size
        if not refused.truncated or size >= LARGEST_LOG or not grow:
            raise refused
        before = refused
        size = larger(size)


def larger(size: int) -> int:
    """Return the buffer size, in bytes, after ``size``, both int: few steps, because each one runs
    the verifier again."""
    return LARGEST_LOG_BEFORE if size < LARGEST_LOG_BEFORE else LARGEST_LOG


def text(buffer: mmap.mmap) -> str:
    """Return the text of ``buffer``, an mmap, the log buffer, up to its first NUL byte."""
    return buffer[: max(buffer.find(b"\0"), 0)].decode("utf-8", "replace")


@contextmanager
def attributes(
    program: Program, code: bytes, info: btf.ProgramBtf | None, types: Fd | None
) -> Iterator[dict[str, Any]]:
    """Return a context manager that gives the attributes, a dict by name, of a load of ``program``,
    encoded as ``code``, bytes, without a log; the memory they point to lives in the context.

    ``info``, a ProgramBtf or None, and ``types`` are the program's BTF and its Fd, or None.
    """
    code_buffer = ctypes.create_string_buffer(code, len(code))
    license_buffer = ctypes.create_string_buffer(program.license.encode())
    plain = {
        "prog_type": program.attach.type,
        "insn_cnt": len(code) // SLOT,
        "insns": bpf.address(code_buffer),
        "license": bpf.address(license_buffer),
        "prog_name": program.name.encode(),
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
    yield plain
