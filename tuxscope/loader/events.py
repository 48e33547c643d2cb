"""What programs send, as an iterable: load, attach and read in one object."""

from __future__ import annotations

import select
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain

from tuxscope.asm.maps import StreamMap
from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import Any, Generic, Self, TypeVar, overload
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection, Programs, checked_programs
from tuxscope.loader.readers import decoded_by, reader_of, sized
from tuxscope.loader.spans import Columns
from tuxscope.record import Field, Record

R = TypeVar("R", bound=Record)

# Seconds between two looks at rings that are not half full.
INTERVAL = 0.02
PAUSE = 0.001  # and from the wakeup by a ring buffer to the look at it


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
    programs: Program | Programs,
    events: StreamMap | type[R] | None = None,
    *,
    buffer_pages: int | None = None,
    order_by: Field | None = None,
) -> Events[Any]:
    """Load and attach a program, or a tuple or list of programs that share their maps, and
    iterate over the records that they send.

    ``events`` says through which map they come, where the programs use several: the map, or the
    record that it carries (which a type checker then knows the events to be). ``buffer_pages``
    and ``order_by`` are as for :class:`PerfReader`: the size of each CPU's ring, and the field
    with the time that records of all CPUs are to be in the order of.

    Raises what :func:`load`, :class:`PerfReader` and :class:`Link` raise, and TuxscopeError
    where there is no such map.
    """
    several = checked_programs("tuxscope.open", programs)
    return Events(several, stream_map(several, events), buffer_pages, order_by)


def stream_map(programs: Sequence[Program], wanted: StreamMap | type[Record] | None) -> StreamMap:
    """The one map of the programs that is meant. Raises TuxscopeError where it is none, or
    several."""
    used = dict.fromkeys(map for program in programs for map in program.maps)
    arrays = [each for each in used if isinstance(each, StreamMap)]
    found = [each for each in arrays if wanted in (None, each, *each.records)]
    if len(found) == 1:
        return found[0]
    have = ", ".join(f"{each.name} of {names_of(each.records)}" for each in arrays) or "none"
    hint = "; say which, as in tuxscope.open(program, EVENTS)" if len(arrays) > 1 else ""
    if wanted is not None:
        name = getattr(wanted, "name", None) or getattr(wanted, "__name__", None) or repr(wanted)
        hint = f", and not {name}; pass the map itself, or the record that it carries"
    names = ", ".join(each.name for each in programs)
    whose = f"program {names} has" if len(programs) == 1 else f"programs {names} have"
    raise TuxscopeError(f"tuxscope.open reads one PerfEventArray or RingBuf, {whose} {have}{hint}")


def names_of(records: Sequence[type]) -> str:
    """What records are called."""
    return " and ".join(each.__name__ for each in records)


class Events(Generic[R]):
    """The records that attached programs send; a context manager, as files are.

    ``for`` and ``async for`` wait for the next record, without end; what one loop leaves, the
    next one gets. After :meth:`close` they give what was left, and end. One thread, or one task,
    iterates; it closes, or another task of the same loop does.

    The loop sets the pace: the rings are drained when it asks for more than it was given, and
    no sooner. A drain copies out what is in them; of that, records are made of one piece at a
    time, a few thousand at most. Where the loop is too slow the rings fill, and what they refuse
    is counted in :attr:`lost`.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        events: StreamMap,
        buffer_pages: int | None = None,
        order_by: Field | None = None,
    ) -> None:
        """See :func:`open`."""
        self._decode: Callable[[Any], R] = decoded_by(events)
        self._pieces: Iterator[Columns] = iter(())  # of the last drain, and not yet begun
        self._left: Iterator[R] = iter(())  # of the piece that was begun
        self._lost: int | None = None  # while attached
        self._stopping = False
        self._looked = 0.0
        self._waiting = ExitStack()  # what ends the wait of a task
        with ExitStack() as stack:
            given = sized(events, buffer_pages)
            for each in given.values():
                stack.enter_context(each)
            loaded = stack.enter_context(Collection(programs, given))
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
        """How many records came out of the rings and were made ready: after :meth:`close` all,
        those that nobody has taken yet among them."""
        return self._reader.delivered

    @property
    def lost(self) -> int:
        """How many records full rings refused: exact after :meth:`close`, then *sent =
        delivered + lost*; before that what the rings have said so far, which comes late."""
        return self._reader.reported_lost if self._lost is None else self._lost

    def stop(self) -> None:
        """Have the loop close this when it next asks for a piece, or wakes up; give what is left;
        and end. For others than who iterates: threads, tasks, signal handlers."""
        self._stopping = True

    def close(self) -> None:
        """Detach, and take what is left out of the rings, as columns: the loop gives that, and
        ends, a task that waits at once. Closing again does nothing."""
        if self._lost is None:
            self._waiting.close()  # first: the event loop must not watch what is closed
            with self._held:  # let go of all of it even where the rings cannot be read
                self._lost = self._reader.reported_lost
                self._link.close()
                self._pieces = iter([*self._pieces, *self._reader.pieces(final=True)])
                self._lost = self._reader.lost()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[R]:
        for _ in self._looks():
            yield from self._left

    async def __aiter__(self) -> AsyncIterator[R]:
        async for _ in self._looks_of_a_task():
            for event in self._left:
                yield event

    def batches(self) -> Batches[R]:
        """The same records, a list for each piece: all that a drain found, or some thousands."""
        return Batches(self)

    def _looks(self) -> Iterator[None]:
        """Once for what another loop left, then for each piece, until this is closed and there
        are no more."""
        yield
        while (found := self._next_piece()) or self._lost is None:
            if found:
                yield
            else:
                if self._poll.poll(self._seconds_left() * 1000):
                    time.sleep(self._pause)
                self._drain()

    async def _looks_of_a_task(self) -> AsyncIterator[None]:
        """The same, leaving the thread to other tasks while it waits, and between pieces."""
        from asyncio import sleep

        yield
        while (found := self._next_piece()) or self._lost is None:
            if found:
                yield
                await sleep(0)
            else:
                await self._wait()
                self._drain()

    async def _wait(self) -> None:
        """Until a ring is half full, the next look is due, or this is closed."""
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
        """Until the next look is due."""
        return max(0.0, self._looked + INTERVAL - time.monotonic())

    def _next_piece(self) -> bool:
        """Make the records of the next piece those that are left; whether there is one."""
        if self._stopping:
            self.close()
        columns = next(self._pieces, None)
        if columns is None:
            return False
        self._left = chain(self._left, map(self._decode, zip(*columns, strict=True)))
        return True

    def _drain(self) -> None:
        """Have what is in the rings now come next."""
        if self._lost is None:
            self._looked = time.monotonic()
            self._pieces = self._reader.pieces()


class Batches(Generic[R]):
    """What :meth:`Events.batches` returns, for ``for`` and ``async for``."""

    def __init__(self, events: Events[R]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[list[R]]:
        for _ in self._events._looks():
            if batch := list(self._events._left):
                yield batch

    async def __aiter__(self) -> AsyncIterator[list[R]]:
        async for _ in self._events._looks_of_a_task():
            if batch := list(self._events._left):
                yield batch
