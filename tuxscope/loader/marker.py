"""Sends a marker to each ring, so that a kernel before Linux 6.0 reports the last lost samples.

Such a kernel writes a LOST record only in front of the next sample that fits. Once the traced
program is detached there is none. So a program of our own sends one sample on each CPU; the traced
program needs no code for it.
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
from tuxscope.loader.span_decoder import SpanDecoder
from tuxscope.record import Record, u8


class Marker(Record):
    """A Record, the sample that is sent, as small as possible; it is never delivered.

    Attributes:
        nothing: u8.
    """

    nothing = u8


def marker(events: PerfEventArray) -> Program:
    """Return a Program that sends a Marker through ``events``, a PerfEventArray, to the ring of the
    CPU it runs on."""
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
    """Send a marker through ``events``, a LoadedMap, on each of ``cpus``, an iterable of int, that
    is online.

    Raises OSError if the kernel cannot run a program on a given CPU (before Linux 5.10).
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
    """Return how many samples of ``span``, bytes with a marker, are lost, an int: those that LOST
    records report, and all samples but the marker, because they are not delivered."""
    samples: list[tuple[int, ...]] = []
    lost = SpanDecoder(Marker).decode(span, samples)
    return lost + max(len(samples) - 1, 0)
