"""The reader of a map that carries records, by its type."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence

from tuxscope.asm.maps import Map, RingBuf, StreamMap
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import Field

if TYPE_CHECKING:
    from tuxscope.loader.perf_reader import PerfReader
    from tuxscope.loader.ringbuf_reader import RingBufReader


def sized(events: Map | None, pages: int | None) -> dict[Map, LoadedMap]:
    """Return the ring buffer ``events``, a Map or None, made with ``pages`` pages, an int or None:
    a dict of its LoadedMap by its Map, to load programs with.

    It is empty if ``pages`` is None, and for other maps than a RingBuf. Raises MapError.
    """
    if pages is None or not isinstance(events, RingBuf):
        return {}
    return {events: LoadedMap(events, max_entries=pages * mmap.PAGESIZE)}


def reader_of(
    maps: Mapping[Map, LoadedMap], events: StreamMap, pages: int | None, order_by: Field | None
) -> PerfReader | RingBufReader:
    """Return the reader of ``events``, a StreamMap among ``maps``, a mapping of Map to LoadedMap of
    loaded programs: a PerfReader or RingBufReader.

    ``pages``, an int or None, and ``order_by``, a Field or None, are as for :class:`PerfReader`.
    Raises RingError that says what was short, or OSError.
    """
    if isinstance(events, RingBuf):
        from tuxscope.loader.ringbuf_reader import RingBufReader

        return RingBufReader(maps, events, order_by)
    from tuxscope.loader.perf_reader import PerfReader

    return PerfReader(maps[events], pages, order_by)


def decoded_by(events: StreamMap) -> Callable[[Sequence[Any]], Any]:
    """Return a function that takes a row, a sequence of values, and returns its Record; the row is
    one that a reader of ``events``, a StreamMap, returned."""
    if len(events.records) == 1:
        return events.record.decode
    # Time, record, values: see RingBufDecoder.
    return lambda row: row[1].decode(row[2])
