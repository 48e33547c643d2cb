"""One more sample: what makes a ring of a kernel before 6.0 say what it lost last.

Such a ring reports the samples that it refused in a LOST record, but only in front of the next
sample that fits. Once the traced program is detached there is none, so we send one ourselves, on
each CPU, from a program that is run for nothing else. The traced program stays as it was written.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from tuxscope.asm import (
    Assembler,
    PerfEventArray,
    Program,
    RawTracepoint,
    helper,
    r0,
    r2,
    r3,
    r4,
    r5,
)
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load
from tuxscope.loader.spans import SpanDecoder
from tuxscope.record import Record, u8


class Marker(Record):
    """The sample, no larger than any other; it is never delivered."""

    nothing = u8


def marker(events: PerfEventArray) -> Program:
    """A program that sends a marker to the ring of the CPU it runs on; r1 is its context."""
    a = Assembler("marker", attach=RawTracepoint())
    place = a.stack(Marker)
    a.zero(place)
    a.ld_map(r2, events)
    a.mov32(r3, -1)  # BPF_F_CURRENT_CPU
    a.lea(r4, place)
    a.mov(r5, Marker.size)
    a.call(helper.perf_event_output)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def send_markers(events: LoadedMap, cpus: Iterable[int]) -> None:
    """Send a marker on each CPU that is online.

    Raises OSError where the kernel cannot run a program on a CPU of our choice (before 5.10).
    """
    assert isinstance(events.description, PerfEventArray)
    with load(marker(events.description), {events.description: events}) as program:
        for cpu in cpus:
            try:
                program.test_run(cpu=cpu)
            except OSError as error:
                if error.errno != errno.ENXIO:  # offline
                    raise


def lost_before_marker(span: bytes) -> int:
    """How many samples were lost, by what came with a marker: those that LOST records report,
    and those that are no marker, as nobody is given them any more."""
    samples: list[tuple[int, ...]] = []
    lost = SpanDecoder(Marker).decode(span, samples)
    return lost + max(len(samples) - 1, 0)
