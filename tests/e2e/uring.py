"""A client of io_uring, without a library; scripts that tuxscope traces begin with its text."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

SETUP, ENTER, REGISTER = 425, 426, 427  # the same on all architectures
READV, WRITEV, FSYNC, READ_FIXED, WRITE_FIXED, SYNC_FILE_RANGE = 1, 2, 3, 4, 5, 8
FALLOCATE, READ, WRITE = 17, 22, 23
FIXED_FILE, LINK, ASYNC, SKIP_SUCCESS = 1, 4, 16, 64  # IOSQE_...
SQPOLL, NEED_WAKEUP = 2, 1
GET_EVENTS, WAKEUP = 1, 2
BUFFERS, FILES = 0, 2  # IORING_REGISTER_...
SQES = 0x10000000
IDLE = 50  # ms until the kernel's thread of a ring sleeps
POSITION = (1 << 64) - 1  # the offset that stands for where the file is

LIBC = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    """A system call by its number; an OSError if it fails."""
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result: int = LIBC.syscall(ctypes.c_long(number), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Ring:
    """A ring with room for ``entries``."""

    def __init__(self, entries: int = 64, flags: int = 0) -> None:
        parameters = ctypes.create_string_buffer(struct.pack("=6I", 0, 0, flags, 0, IDLE, 0), 120)
        self.fd = call(SETUP, entries, parameters)
        self._flags = flags
        entries, completions = struct.unpack_from("=2I", parameters)
        _, self._tail, _, _, self._state, _, array = struct.unpack_from("=7I", parameters, 40)
        self._head, self._end, _, _, _, self._cqes = struct.unpack_from("=6I", parameters, 80)
        self._mask, self._completed = entries - 1, completions - 1
        size = max(array + 4 * entries, self._cqes + 16 * completions)
        self._rings = mmap.mmap(self.fd, size)
        self._sqes = mmap.mmap(self.fd, 64 * entries, offset=SQES)
        struct.pack_into(f"={entries}I", self._rings, array, *range(entries))
        self._put = 0

    def _word(self, at: int) -> int:
        value: int = struct.unpack_from("=I", self._rings, at)[0]
        return value

    def put(
        self, opcode: int, fd: int, address: int, length: int, offset: int,
        flags: int = 0, of_operation: int = 0, buffer: int = 0,
    ) -> None:  # fmt: skip
        """Put an entry into the submission queue."""
        tail = self._word(self._tail)
        struct.pack_into(
            "=BBHiQQIIQHHiQQ", self._sqes, 64 * (tail & self._mask),
            opcode, flags, 0, fd, offset, address, length, of_operation, 0, buffer, 0, 0, 0, 0,
        )  # fmt: skip
        struct.pack_into("=I", self._rings, self._tail, tail + 1)
        self._put += 1

    def enter(self, wait: int, flags: int = 0) -> None:
        """Submit what was put, and wait for so many completions."""
        put, self._put = self._put, 0
        if self._flags & SQPOLL and self._word(self._state) & NEED_WAKEUP:
            flags |= WAKEUP
        call(ENTER, self.fd, put, wait, flags, 0, 0)

    def submit(self, wait: int | None = None) -> list[int]:
        """Submit what was put, wait for so many completions, or for all; their results."""
        wait = self._put if wait is None else wait
        self.enter(wait, GET_EVENTS)
        head, end = self._word(self._head), self._word(self._end)
        struct.pack_into("=I", self._rings, self._head, end)
        places = [self._cqes + 16 * (each & self._completed) for each in range(head, end)]
        return [struct.unpack_from("=i", self._rings, each + 8)[0] for each in places]

    def do(self, *entry: int, **more: int) -> int:
        """Put an entry and submit it; its result."""
        self.put(*entry, **more)
        (result,) = self.submit()
        return result

    def register(self, what: int, argument: object, count: int) -> None:
        """Register files or buffers with the ring."""
        call(REGISTER, self.fd, what, argument, count)

    def close(self) -> None:
        """Close the ring."""
        self._rings.close()
        self._sqes.close()
        os.close(self.fd)


def refusal() -> str:
    """Why there is no io_uring here; empty where there is."""
    try:
        Ring(1).close()
    except OSError as error:
        return f"io_uring is not available: {error}"
    return ""
