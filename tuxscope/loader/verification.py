"""BPF_PROG_LOAD: the kernel's verifier, and its log."""

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

FIRST_LOG = 1 << 20  # only the pages that are filled take memory
# What the kernel takes: bpf_verifier_log_attr_validate() in kernel/bpf/log.c has UINT_MAX >> 2
# since Linux 5.19, and had UINT_MAX >> 8 before.
LARGEST_LOG = (1 << 30) - 1
LARGEST_LOG_BEFORE = (1 << 24) - 1


class LogLevel(IntFlag):
    """What the verifier writes into its log (include/linux/bpf_verifier.h).

    Of a refused program, LEVEL1 has the path that led there, LEVEL2 all that it looked at, with
    its state at each instruction. Of an accepted one only LEVEL2 tells anything. STATS adds how
    long it took and how much stack there is.
    """

    NONE = 0
    LEVEL1 = 1
    LEVEL2 = 2
    STATS = 4


class LoadRefused(Portable, Exception):  # noqa: N818  # not for users: it becomes one of theirs
    """A load that failed.

    Attributes:
        error: the kernel's.
        log: what the verifier said; empty where it was not asked.
        truncated: whether the log had no room for all of it.
        level: of the log that was asked for.
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
    """Return ``log_level`` as a LogLevel. Raises LoadError if it is invalid."""
    if isinstance(log_level, bool) or not isinstance(log_level, int) or log_level & ~7:
        from tuxscope.loader.verifier import LoadError

        raise LoadError(
            f"invalid log_level {log_level!r}; use LogLevel.LEVEL1, LEVEL2 or STATS (1, 2, 4)"
        )
    return LogLevel(log_level)


def load_without_log(plain: dict[str, Any]) -> Fd:
    """Load a program; return its fd. Raises LoadRefused."""
    try:
        return prog_load(plain)
    except OSError as error:
        raise LoadRefused(error) from error


def prog_load(plain: dict[str, Any]) -> Fd:
    """Load with these attributes; return the fd. Raises OSError."""
    return bpf.with_memlock(lambda: bpf.prog_load(ProgLoad(**plain)))


def load_with_log(plain: dict[str, Any], level: LogLevel, *, grow: bool = True) -> tuple[Fd, str]:
    """Load with a log of this level, in a buffer that grows until all of it is there.

    Without ``grow`` it does not: of a loop the verifier writes megabytes, and since Linux 6.4 what
    is left of them is the end, where the reason stands.

    Raises LoadRefused. ENOSPC, which says that the buffer is full, is ``truncated`` there, and only
    where the kernel takes no bigger one.
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
                del log  # else the mapping could not be closed
        if refused.error.errno == errno.EINVAL and size > LARGEST_LOG_BEFORE and not refused.log:
            raise before  # an older kernel takes no buffer of this size
        if not refused.truncated or size >= LARGEST_LOG or not grow:
            raise refused
        before = refused
        size = larger(size)


def larger(size: int) -> int:
    """The next size to try: few sizes, because each one costs another run of the verifier."""
    return LARGEST_LOG_BEFORE if size < LARGEST_LOG_BEFORE else LARGEST_LOG


def text(buffer: mmap.mmap) -> str:
    """A log buffer as text."""
    return buffer[: max(buffer.find(b"\0"), 0)].decode("utf-8", "replace")


@contextmanager
def attributes(
    program: Program, code: bytes, info: btf.ProgramBtf | None, types: Fd | None
) -> Iterator[dict[str, Any]]:
    """The attributes of a load without a log; what they point to lives as long as this."""
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
