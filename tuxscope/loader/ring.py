"""One CPU's perf ring: the memory that a BPF program writes samples to and we read from.

The layout is ``struct perf_event_mmap_page`` (include/uapi/linux/perf_event.h): a page of
control data, then the ring, a power of two of pages. The kernel advances data_head, we advance
data_tail, both without wrapping.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from _thread import allocate_lock  # threading.Lock, which takes half a millisecond to import

from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader import perf_event

DATA_HEAD = 1024  # offset in the control page, in bytes; data_tail follows
COUNTS = struct.Struct("=QQQ")  # value, time enabled, lost: what read() gives, by read_format

_fence = allocate_lock()


def fence() -> None:
    """Keep loads and stores before this from moving after it, and the other way round.

    perf_output_put_handle says how kernel and reader share the ring,
    kernel/events/ring_buffer.c (Linux 6.12)::

        kernel                          user
        if (LOAD data_tail) {           LOAD data_head
                (A)                     smp_rmb()       (C)
            STORE data                  LOAD data
            smp_wmb()       (B)         smp_mb()        (D)
            STORE data_head             STORE data_tail
        }

    A pairs with D, and B with C: data_head is not seen before the data, and room is not given
    back before the data is read. D is between a load and a store, and has to be a full barrier;
    C may be one.

    Python has none, but its locks are made of halves of one: nothing moves down over a release
    (sem_post), nothing up over an acquire (sem_trywait), and an acquire does not overtake the
    release before it. So a release and then an acquire are a full barrier, which compilers keep,
    too, as both are calls:

    - x86-64: each is a locked instruction, and that is a full barrier by itself;
    - arm64: a store-release (stlxr or casl), then a load-acquire (ldaxr or casa), which the
      architecture keeps in this order; the one that may overtake, ldapr, is not in use there;
    - s390x: each is a compare and swap, which serializes.

    Where Python makes its locks itself (PyMutex), both are sequentially consistent: no less.
    """
    _fence.acquire()
    _fence.release()
    _fence.acquire()
    _fence.release()


class RingError(TuxscopeError):
    """An error, a TuxscopeError: a ring cannot be opened, or its contents are corrupt."""


class RingMemoryError(RingError):
    """An error, a RingError: a ring cannot be mapped: out of memory, or over RLIMIT_MEMLOCK."""


def memory_error(error: OSError, pages: int) -> str:
    """Return why a ring of ``pages`` pages, an int, cannot be mapped, from ``error``, an OSError,
    and the fix, as a str."""
    hints = [f"--buffer-pages {pages // 4 or 1}"] if pages > 1 else []
    reason = strerror(error)
    if error.errno == errno.EPERM:  # perf_mmap, kernel/events/core.c
        reason = "over the limit of locked memory (EPERM)"
        hints.append("ulimit -l unlimited")
    return f"{reason}; try {' or '.join(hints)}" if hints else reason


class Ring:
    """The ring of ``cpu``, a number, with ``pages`` pages; ``read_format`` is that of its perf
    event, an int.

    Attributes:
        cpu: an int, the CPU's number.
        size: the size of the ring without its control page, in bytes.
    """

    def __init__(self, cpu: int, pages: int, read_format: int) -> None:
        """Open the event and map ``pages`` pages, a power of two.

        ``read_format`` is FORMAT_LOST, which :meth:`lost` needs, or 0.

        Raises OSError if the event cannot be opened, RingMemoryError if it cannot be mapped.
        """
        self.cpu = cpu
        self.size = pages * mmap.PAGESIZE
        read_format |= perf_event.FORMAT_TOTAL_TIME_ENABLED
        self._event = perf_event.open_bpf_output(cpu, self.size // 2, read_format)
        try:
            self._map = mmap.mmap(self._event.fileno(), mmap.PAGESIZE + self.size)
        except OSError as error:
            self._event.close()
            if error.errno == errno.EMFILE:  # the mapping has an fd of its own
                raise
            raise RingMemoryError(
                f"no memory for a ring of {pages} pages on CPU {cpu}: {memory_error(error, pages)}"
            ) from error
        whole = memoryview(self._map)
        self._positions = whole[DATA_HEAD : DATA_HEAD + 16].cast("Q")
        self._data = whole[mmap.PAGESIZE :]
        whole.release()
        self._tail: int = self._positions[1]
        self._enabled = -1  # no reading yet

    def fileno(self) -> int:
        return self._event.fileno()

    def close(self) -> None:
        self._positions.release()
        self._data.release()
        self._map.close()
        self._event.close()

    def take(self) -> bytes:
        """Read and consume all new records; return their bytes.

        They are copied, and their space is free for the kernel at once. Raises RingError if
        data_head is out of range.
        """
        head: int = self._positions[0]
        length = head - self._tail
        if length == 0:
            return b""
        if not 0 < length <= self.size:
            raise RingError(f"the ring of CPU {self.cpu} is corrupt: it has {length} bytes of data")
        fence()  # data_head is read before the data
        start = self._tail % self.size
        to_end = self._data[start : start + length]
        span = b"".join((to_end, self._data[: length - len(to_end)]))
        fence()  # the data is read before its room is given back
        self._positions[1] = self._tail = head
        return span

    def alive(self) -> bool:
        """Return a bool, whether the event's enabled time has grown since the last call; True for
        the first.

        Call it some ticks later, because that clock may advance by ticks.

        When a CPU goes offline the kernel takes the event off it for good
        (perf_event_exit_cpu_context, kernel/events/core.c, Linux 6.12): the event stays open,
        nothing is written to its ring, and poll() does not report it.
        """
        before, self._enabled = self._enabled, self._counts()[1]
        return self._enabled > before

    def lost(self) -> int:
        """Return the number of samples lost so far, an int; needs PERF_FORMAT_LOST."""
        return self._counts()[2]

    def _counts(self) -> tuple[int, int, int]:
        """Read the event's counts; this interrupts its CPU if that is online."""
        counts = os.read(self.fileno(), COUNTS.size)
        value, enabled, lost = COUNTS.unpack(counts.ljust(COUNTS.size, b"\0"))
        return value, enabled, lost
