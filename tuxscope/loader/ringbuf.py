"""The memory of a ring buffer (BPF_MAP_TYPE_RINGBUF), which all CPUs write to and we read from.

``kernel/bpf/ringbuf.c`` (Linux 6.12) has the layout. The map's file begins with a page that holds
the consumer's position, which we may write; then come a page with the producer's position and
the data, which we may only read. The data is there twice in a row, so that a record which goes
past the end can be read in one go. Positions count bytes, and never go back.

A record has a header of 8 bytes: the length of its data in 32 bits, of which two are flags, and
32 bits for the kernel's own use. It takes a multiple of 8 bytes. BUSY is set from the reservation
until the record is submitted or discarded; records after it wait.
"""

from __future__ import annotations

import mmap
import struct

from tuxscope.loader.ring import RingError, fence

BUSY = 1 << 31
DISCARDED = 1 << 30
HEADER = 8
FIRST_RUN = 32  # how many headers are looked at together, at first
LONGEST_RUN = 1 << 16
WORD = struct.Struct("=I")


def record_size(length: int) -> int:
    """Return the bytes that a record takes, an int, by ``length``, an int, that in its header."""
    return HEADER + (-(-(length & ~DISCARDED) // 8) * 8)


class RingBufMemory:
    """The mapped pages of the ring buffer with file descriptor ``fd``, an int.

    Attributes:
        name: a str, of the map, for errors.
        size: an int, of the data, in bytes.
    """

    def __init__(self, fd: int, name: str, size: int) -> None:
        """Map them. Raises OSError."""
        self.name = name
        self.size = size
        read_write, page = mmap.PROT_READ | mmap.PROT_WRITE, mmap.PAGESIZE
        self._consumer = mmap.mmap(fd, page, mmap.MAP_SHARED, read_write)
        try:
            self._producer = mmap.mmap(
                fd, page + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page
            )
        except BaseException:
            self._consumer.close()
            raise
        whole = memoryview(self._producer)
        self._read = memoryview(self._consumer)[:8].cast("Q")
        self._written = whole[:8].cast("Q")
        self._data = whole[page:]
        self._words = self._data.cast("I")
        whole.release()
        self._tail: int = self._read[0]

    def close(self) -> None:
        """Unmap them. Closing again does nothing."""
        for view in (self._read, self._written, self._words, self._data):
            view.release()
        self._consumer.close()
        self._producer.close()

    def take(self, usual: int | None = None) -> bytes:
        """Return the bytes up to the first busy record: whole records, one after the other.

        They are copied out and the room is given back at once. ``usual``, an int or None, is the
        length that nearly all records have: then it costs less. Raises RingError for positions or
        lengths that make no sense.
        """
        length = self._written[0] - self._tail
        if length == 0:
            return b""
        if not 0 < length <= self.size:
            raise RingError(f"ring buffer {self.name} says that it holds {length} bytes")
        fence()  # the producer's position is read before the headers
        start = self._tail % self.size
        end = self._ready(start, start + length, usual)
        fence()  # the headers are read before the data that they say is there
        span = bytes(self._data[start:end])
        fence()  # the data is read before its room is given back
        self._tail += end - start
        self._read[0] = self._tail
        # A program that submits from here on sees our position and wakes us, or poll() sees its
        # record.
        fence()
        return span

    def _ready(self, start: int, end: int, usual: int | None) -> int:
        """Where the first busy record begins, or ``end``."""
        words, at, run = self._words, start, FIRST_RUN
        step = record_size(usual) if usual is not None else 0
        while at < end:
            if usual is not None:
                count = min((end - at) // step, run)
                same = same_length(words[at // 4 :], count, step, usual)
                at += same * step
                run = min(run * 2, LONGEST_RUN) if same == run else FIRST_RUN
                if at == end:
                    break
            length = words[at // 4]
            if length & BUSY:
                break
            at += record_size(length)
            if at > end:
                raise RingError(
                    f"ring buffer {self.name}: a record of {length} bytes goes past the last one"
                )
        return at


def same_length(words: memoryview, count: int, step: int, length: int) -> int:
    """Return how many of ``count`` records, from the first on, have ``length``, an int, in their
    header, and no flag, an int.

    ``words``, a memoryview, begin with the first header; each record takes ``step`` bytes, an int;
    ``count`` is an int.
    """
    headers = words[: count * step // 4 : step // 4].tobytes()
    one = WORD.pack(length)
    if headers == one * count:  # the rule, and quickly seen
        return count
    return next(n for n in range(count) if headers[4 * n : 4 * n + 4] != one)
