"""The perf rings of all online CPUs; follows CPU hotplug."""

from __future__ import annotations

import errno
import mmap
import select
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic_ns

from tuxscope.errors import strerror
from tuxscope.loader import bpf, perf_event
from tuxscope.loader.cpus import OnlineCpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.ring import Ring, RingError, RingMemoryError
from tuxscope.record import u32

# Bytes: per CPU, for all CPUs, and for a CPU that comes online when the total is reached.
LARGEST_RING = 4 << 20
LARGEST_RINGS = 64 << 20
SMALLEST_RING = 64 << 10
# Half of a ring is its watermark, which has 32 bits.
LARGEST_PAGES = (2 << 30) // mmap.PAGESIZE
# Nanoseconds between two checks whether the kernel still writes to the rings. A check
# interrupts each of their CPUs, for 30 to 60 us of our time, so with many CPUs it is less frequent.
LOOK = 250_000_000
RINGS_IN_A_LOOK = 8

# CPU, and the new bytes of its ring.
Span = tuple[int, bytes]


def default_pages(cpus: int) -> int:
    """Return the number of pages per ring for ``cpus``, a number of CPUs: 4 MiB, or less to stay
    within 64 MiB for all."""
    return whole_pages(min(LARGEST_RING, LARGEST_RINGS // max(cpus, 1)))


def whole_pages(size: int) -> int:
    """Return the largest power of two of pages that fit into ``size`` bytes, an int; at least 1."""
    return 1 << max(size // mmap.PAGESIZE, 1).bit_length() - 1


class Rings:
    """A ring for each online CPU, in ``events``, the LoadedMap of the PerfEventArray that a program
    sends through; ``pages`` is the size of each, an int or None.

    When a CPU goes offline, its perf event stops for good: the kernel writes nothing more to its
    ring, even when the CPU is back online, as after a suspend. So a ring is closed when its CPU is
    offline, or its event's enabled time stands still; its data is read first, and the CPU gets a
    new ring as soon as it is online.

    Attributes:
        cpus_without_ring: a dict of the CPUs that came online and could not get a ring: the reason
            in one line. They are tried again with each check.
        counts_lost: whether the kernel counts the lost samples of each ring (Linux 6.0).
        cpus: a tuple of int, a property.
    """

    def __init__(self, events: LoadedMap, pages: int | None) -> None:
        """Map rings of ``pages`` pages, a power of two; None: 4 MiB, or less if memory is short.

        Raises RingError if memory or fds are short, or OSError.
        """
        self.cpus_without_ring: dict[int, str] = {}
        self.counts_lost = True
        self._events = events
        self._rings: dict[int, Ring] = {}
        self._gone: Counter[int] = Counter()  # lost samples of closed rings
        self._smaller = pages is None
        self._behind = False  # perf does not know an online CPU yet, or any more
        self._due = 0
        with ExitStack() as stack:
            self._poll = stack.enter_context(select.epoll())
            self._online = OnlineCpus()
            stack.callback(self._online.close)
            stack.callback(self._drop_all)
            cpus = self._online.cpus
            self._pages = default_pages(len(cpus)) if pages is None else pages
            self._add_all(cpus)
            self._held = stack.pop_all()

    def __len__(self) -> int:
        return len(self._rings)

    @property
    def cpus(self) -> tuple[int, ...]:
        """The CPUs that have a ring, a tuple of int."""
        return tuple(self._rings)

    def fileno(self) -> int:
        """Return an epoll fd, an int, that is readable when a ring is half full."""
        return self._poll.fileno()

    def take(self) -> list[Span]:
        """Read the new data of each ring; return a list of Spans, pairs of CPU and bytes. Raises
        RingError."""
        return [(cpu, ring.take()) for cpu, ring in self._rings.items()]

    def refused(self) -> Counter[int]:
        """Return a Counter of the number of lost samples by CPU; needs ``counts_lost``."""
        return self._gone + Counter({cpu: ring.lost() for cpu, ring in self._rings.items()})

    def follow(self) -> list[Span]:
        """Close the rings of CPUs that went offline, and open rings for CPUs that came online.

        Returns what was left in the former, a list of Spans, as :meth:`take`. It costs a pread(2),
        and a check of all rings now and then. Raises RingError.
        """
        now = monotonic_ns()
        due = now >= self._due
        if not (self._online.changed() or self._behind or due):
            return []
        online = self._online.cpus
        gone = [cpu for cpu in self._rings if cpu not in online]
        if due:
            self._due = now + LOOK * max(len(self._rings) // RINGS_IN_A_LOOK, 1)
            gone += [cpu for cpu in self._rings if cpu in online and not self._rings[cpu].alive()]
        spans = [self._let_go(cpu) for cpu in gone]
        self._behind = False
        self.cpus_without_ring = {}
        for cpu in online:
            if cpu not in self._rings:
                self._add_later(cpu, self._pages_left())
        return spans

    def _let_go(self, cpu: int) -> Span:
        ring = self._rings[cpu]
        span = ring.take()
        if self.counts_lost:
            self._gone[cpu] += ring.lost()
        # The array has a reference to the event, too; the CPU may come back and get another.
        bpf.map_delete(self._events.fileno(), u32.pack(cpu))
        del self._rings[cpu]
        ring.close()
        return cpu, span

    def _add_all(self, cpus: Sequence[int]) -> None:
        """Open a ring for each CPU; if memory is short and no size was given, halve the size."""
        pages: object = self._pages
        if not isinstance(pages, int) or not 1 <= pages <= LARGEST_PAGES or pages.bit_count() != 1:
            raise RingError(
                f"invalid ring size: {pages!r} pages; --buffer-pages takes a power of two, "
                f"1 to {LARGEST_PAGES}"
            )
        try:
            for cpu in cpus:
                self._add(cpu, self._pages)
        except RingMemoryError:
            if not self._smaller or self._pages == 1:
                raise
            self._drop_all()
            self._pages //= 2
            self._add_all(cpus)

    def _pages_left(self) -> int:
        """Return the pages of one more ring: as the others, within LARGEST_RINGS for all."""
        if not self._smaller:
            return self._pages
        left = LARGEST_RINGS - sum(ring.size for ring in self._rings.values())
        return min(self._pages, whole_pages(max(left, SMALLEST_RING)))

    def _add_later(self, cpu: int, pages: int) -> None:
        """Open a ring, smaller if memory is short; on failure, note the reason in ``without``."""
        try:
            self._add(cpu, pages)
        except (RingError, OSError) as error:
            if isinstance(error, RingMemoryError) and self._smaller and pages > 1:
                self._add_later(cpu, pages // 2)
            elif isinstance(error, OSError):
                self.cpus_without_ring[cpu] = f"no perf event for CPU {cpu}: {strerror(error)}"
            else:
                self.cpus_without_ring[cpu] = str(error)

    def _add(self, cpu: int, pages: int) -> None:
        try:
            ring = self._open(cpu, pages)
        except OSError as error:
            if error.errno == errno.ENODEV:  # it has just gone offline, or is not quite online yet
                self._behind = True
                return
            if isinstance(error, PermissionError):
                raise
            raise RingError(f"no perf event for CPU {cpu}: {strerror(error)}") from error
        try:
            bpf.map_update(self._events.fileno(), u32.pack(cpu), u32.pack(ring.fileno()))
            self._poll.register(ring.fileno(), select.EPOLLIN)
        except BaseException:
            ring.close()
            raise
        self._rings[cpu] = ring

    def _open(self, cpu: int, pages: int) -> Ring:
        if self.counts_lost:
            try:
                return Ring(cpu, pages, perf_event.FORMAT_LOST)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self.counts_lost = False  # before Linux 6.0
        return Ring(cpu, pages, 0)

    def close(self) -> None:
        """Close all rings. Closing again does nothing."""
        self._held.close()

    def _drop_all(self) -> None:
        for ring in self._rings.values():
            ring.close()
        self._rings.clear()
