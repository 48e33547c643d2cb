"""``tuxscope.open``: load and attach programs, and iterate over their records."""

from __future__ import annotations

import select
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain

from tuxscope.asm.maps import Map, StreamMap
from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import Any, Generic, Self, TypeVar, overload
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection, Programs, checked_programs
from tuxscope.loader.decoded import BatchDecoder, DecodedPrograms
from tuxscope.loader.readers import decoded_by, reader_of, sized
from tuxscope.loader.span_decoder import Columns
from tuxscope.record import Field, Record

R = TypeVar("R", bound=Record)

# Seconds between drains of rings that are not half full.
INTERVAL = 0.02
PAUSE = 0.001  # and from the wakeup by a ring buffer to the look at it


@overload
def open(
    programs: DecodedPrograms[R],
    events: None = None,
    *,
    buffer_pages: int | None = None,
    order_by: Field | None = None,
) -> Events[R]: ...
@overload
def open(
    programs: Program | Programs,
    events: StreamMap | None = None,
    *,
    buffer_pages: int | None = None,
    order_by: Field | None = None,
) -> Events[Any]: ...
@overload
def open(
    programs: Program | Programs,
    events: type[R],
    *,
    buffer_pages: int | None = None,
    order_by: Field | None = None,
) -> Events[R]: ...
def open(
    programs: Program | Programs | DecodedPrograms[R],
    events: StreamMap | type[R] | None = None,
    *,
    buffer_pages: int | None = None,
    order_by: Field | None = None,
) -> Events[Any]:
    """Load and attach ``programs``, a Program, or a tuple or list of them that share their maps, or
    DecodedPrograms, as ``fileio()``; return an Events, an iterable of their records.

    ``events`` selects the map if the programs use several: the StreamMap, or its record type, a
    subclass of Record (then a type checker knows the type of the events). ``buffer_pages`` and
    ``order_by``, keyword-only, are those of :class:`PerfReader`: the size of each CPU's ring in
    pages, an int, and the Field with the time to sort the records of all CPUs by; each may be None.

    Raises what :func:`load`, :class:`PerfReader` and :class:`Link` raise, and TuxscopeError if
    there is no such map.
    """
    if isinstance(programs, DecodedPrograms):
        several, prepare = programs.programs, programs.prepare
        return Events(several, stream_map(several, events), buffer_pages, order_by, prepare)
    several = tuple(checked_programs("tuxscope.open", programs))
    return Events(several, stream_map(several, events), buffer_pages, order_by)


def stream_map(programs: Sequence[Program], wanted: StreamMap | type[Record] | None) -> StreamMap:
    """Return the StreamMap of ``programs``, a sequence of Program, that ``wanted`` selects: a
    StreamMap, a subclass of Record, or None for the only one.

    Raises TuxscopeError if there is none, or more than one.
    """
    used = dict.fromkeys(map for program in programs for map in program.maps)
    arrays = [each for each in used if isinstance(each, StreamMap)]
    found = [each for each in arrays if wanted in (None, each, *each.records)]
    if len(found) == 1:
        return found[0]
    have = ", ".join(f"{each.name} of {names_of(each.records)}" for each in arrays) or "none"
    hint = "; pass one, as in tuxscope.open(program, EVENTS)" if len(arrays) > 1 else ""
    if wanted is not None:
        name = getattr(wanted, "name", None) or getattr(wanted, "__name__", None) or repr(wanted)
        hint = f", but not {name}; pass the map or its record type"
    names = ", ".join(each.name for each in programs)
    whose = f"program {names} has" if len(programs) == 1 else f"programs {names} have"
    raise TuxscopeError(f"tuxscope.open reads one PerfEventArray or RingBuf, {whose} {have}{hint}")


def names_of(records: Sequence[type]) -> str:
    """Return the names of ``records``, a sequence of classes, as text."""
    return " and ".join(each.__name__ for each in records)


class Events(Generic[R]):
    """An iterable of the records that attached ``programs``, a sequence of Program, send through
    the StreamMap ``events``; a context manager.

    ``for`` and ``async for`` wait for the next record. A second loop continues where the first
    stopped. After :meth:`close`, a loop yields the remaining records and ends. Only one thread or
    task may iterate; it, or another task of the same event loop, may close.

    The rings are drained only when the loop has consumed all records. A drain copies the data out
    of the rings; records are created in batches of a few thousand at most. If the loop is too slow,
    the rings become full, and :attr:`lost` counts the lost records.

    ``buffer_pages``, an int or None, and ``order_by``, a Field or None, are as in :func:`open`;
    ``prepare`` is as in DecodedPrograms, or None.

    Attributes:
        delivered: an int, a property.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        events: StreamMap,
        buffer_pages: int | None = None,
        order_by: Field | None = None,
        prepare: Callable[[Mapping[Map, Any]], BatchDecoder[R]] | None = None,
    ) -> None:
        """``buffer_pages`` and ``order_by`` are as in :func:`open`."""
        decode: Callable[[Any], R] = decoded_by(events)
        self._records: Callable[[Columns], Iterable[R]] = lambda columns: map(
            decode, zip(*columns, strict=True)
        )
        self._finish: Callable[[], None] = lambda: None
        self._batches: Iterator[Columns] = iter(
            ()
        )  # batches of the last drain that are not decoded yet
        self._remaining: Iterator[R] = iter(())  # records of the current batch
        self._lost: int | None = None  # while attached
        self._stopping = False
        self._last_drain = 0.0
        self._waiting = ExitStack()  # ends the wait of a task
        with ExitStack() as stack:
            given = sized(events, buffer_pages)
            for each in given.values():
                stack.enter_context(each)
            loaded = stack.enter_context(Collection(programs, given))
            if prepare:
                decoder = prepare(loaded.maps)
                self._records, self._finish = decoder.records, decoder.finish
            reader = reader_of(loaded.maps, events, buffer_pages, order_by)
            stack.enter_context(reader)
            self._reader = reader
            self._link = stack.enter_context(Link(loaded))
            # The kernel wakes nobody as long as what it woke us for is still there.
            self._pause = PAUSE if reader.wakes else 0.0
            self._poll = select.poll()
            self._poll.register(self._reader, select.POLLIN)
            self._held = stack.pop_all()

    @property
    def delivered(self) -> int:
        """The number of records read from the rings, an int, including those that no loop has
        consumed."""
        return self._reader.delivered

    @property
    def lost(self) -> int:
        """The number of records lost because rings were full, an int.

        Exact after :meth:`close`: then *sent = delivered + lost*. Before, it is the number reported
        so far by LOST records, which the kernel writes late.
        """
        return self._reader.reported_lost if self._lost is None else self._lost

    def stop(self) -> None:
        """Ask the iterating loop to close this and end; it yields the remaining records first.

        May be called from other threads and tasks, and from signal handlers.
        """
        self._stopping = True

    def close(self) -> None:
        """Detach the programs and drain the rings; a loop yields the remaining records and ends.

        A waiting task wakes up at once. Closing again does nothing.
        """
        if self._lost is None:
            self._waiting.close()  # first: the event loop must not poll closed fds
            with self._held:  # close everything even if the rings cannot be read
                self._lost = self._reader.reported_lost
                self._link.close()
                self._batches = iter([*self._batches, *self._reader.batches(final=True)])
                self._lost = self._reader.lost()
                self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[R]:
        for _ in self._batches_ready():
            yield from self._remaining

    async def __aiter__(self) -> AsyncIterator[R]:
        async for _ in self._batches_ready_async():
            for event in self._remaining:
                yield event

    def batches(self) -> Batches[R]:
        """Return a Batches, to iterate over lists of records, one per batch: a few thousand records
        at most."""
        return Batches(self)

    def _batches_ready(self) -> Iterator[None]:
        """Yield once for the records an earlier loop left, then for each batch, until closed."""
        yield
        while (found := self._next_batch()) or self._lost is None:
            if found:
                yield
            else:
                if self._poll.poll(self._seconds_left() * 1000):
                    time.sleep(self._pause)
                self._drain()

    async def _batches_ready_async(self) -> AsyncIterator[None]:
        """As :meth:`_batches_ready`; other tasks run while it waits, and between batches."""
        from asyncio import sleep

        yield
        while (found := self._next_batch()) or self._lost is None:
            if found:
                yield
                await sleep(0)
            else:
                await self._wait()
                self._drain()

    async def _wait(self) -> None:
        """Wait until a ring is readable, the next drain is due, or this is closed."""
        from asyncio import Event, get_running_loop, sleep

        loop, ready, rings = get_running_loop(), Event(), self._reader.fileno()
        with self._waiting:  # closed by close(), too
            self._waiting.callback(ready.set)
            self._waiting.callback(loop.call_later(self._seconds_left(), ready.set).cancel)
            loop.add_reader(rings, ready.set)
            self._waiting.callback(loop.remove_reader, rings)
            await ready.wait()
        if self._lost is None and self._pause:
            await sleep(self._pause)

    def _seconds_left(self) -> float:
        """Seconds until the next drain is due."""
        return max(0.0, self._last_drain + INTERVAL - time.monotonic())

    def _next_batch(self) -> bool:
        """Append the records of the next batch to ``_remaining``; return whether there is one."""
        if self._stopping:
            self.close()
        columns = next(self._batches, None)
        if columns is None:
            return False
        self._remaining = chain(self._remaining, self._records(columns))
        return True

    def _drain(self) -> None:
        """Start to read what is in the rings now."""
        if self._lost is None:
            self._last_drain = time.monotonic()
            self._batches = self._reader.batches()


class Batches(Generic[R]):
    """An iterable of lists of the records of ``events``, an Events, for ``for`` and ``async for``;
    see Events.batches()."""

    def __init__(self, events: Events[R]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[list[R]]:
        for _ in self._events._batches_ready():
            if batch := list(self._events._remaining):
                yield batch

    async def __aiter__(self) -> AsyncIterator[list[R]]:
        async for _ in self._events._batches_ready_async():
            if batch := list(self._events._remaining):
                yield batch
