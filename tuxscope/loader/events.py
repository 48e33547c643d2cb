"""What a program sends, as an iterable: load, attach and read in one object."""

from __future__ import annotations

import select
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any, Generic, Self, TypeVar, overload

from tuxscope.asm.maps import PerfEventArray
from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.loader.attach import Link
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import load
from tuxscope.record import Record

R = TypeVar("R", bound=Record)

# Seconds between two looks at rings that are not half full.
INTERVAL = 0.02


@overload
def open(
    program: Program, events: PerfEventArray | None = None, *, buffer_pages: int | None = None
) -> Events[Any]: ...
@overload
def open(program: Program, events: type[R], *, buffer_pages: int | None = None) -> Events[R]: ...
def open(
    program: Program,
    events: PerfEventArray | type[R] | None = None,
    *,
    buffer_pages: int | None = None,
) -> Events[Any]:
    """Load and attach a program, and iterate over the records that it sends.

    ``events`` says through which map they come, where the program has several: the map, or the
    record that it carries (which a type checker then knows the events to be). ``buffer_pages``
    is as for :class:`PerfReader`.

    Raises what :func:`load`, :class:`PerfReader` and :class:`Link` raise, and TuxscopeError
    where there is no such map.
    """
    return Events(program, stream_map(program, events), buffer_pages)


def stream_map(program: Program, wanted: PerfEventArray | type[Record] | None) -> PerfEventArray:
    """The one map of a program that is meant. Raises TuxscopeError where it is none, or several."""
    arrays = [each for each in program.maps if isinstance(each, PerfEventArray)]
    found = [each for each in arrays if wanted in (None, each, each.record)]
    if len(found) == 1:
        return found[0]
    have = ", ".join(f"{each.name} of {each.record.__name__}" for each in arrays) or "none"
    hint = "; say which, as in tuxscope.open(program, EVENTS)" if len(arrays) > 1 else ""
    raise TuxscopeError(
        f"tuxscope.open reads one PerfEventArray, program {program.name} has {have}{hint}"
    )


class Events(Generic[R]):
    """The records that an attached program sends; a context manager, as files are.

    ``for`` and ``async for`` wait for the next record, without end; what one loop leaves, the
    next one gets. After :meth:`close` they give what was left, and end. One thread, or one task,
    iterates and closes.

    The loop sets the pace: the rings are drained when it asks for more than it was given, and
    no sooner. Where it is too slow they fill, what they refuse is counted in :attr:`lost`, and
    memory does not grow.
    """

    def __init__(
        self, program: Program, events: PerfEventArray, buffer_pages: int | None = None
    ) -> None:
        """See :func:`open`."""
        self._decode: Callable[[Any], R] = events.record.decode
        self._left: Iterator[R] = iter(())  # drained, and not yet taken
        self._lost: int | None = None  # while attached
        self._stopping = False
        self._looked = 0.0
        with ExitStack() as stack:
            loaded = stack.enter_context(load(program))
            self._reader = stack.enter_context(PerfReader(loaded.maps[events], buffer_pages))
            self._link = stack.enter_context(Link(loaded))
            self._poll = select.poll()
            self._poll.register(self._reader, select.POLLIN)
            self._held = stack.pop_all()

    @property
    def delivered(self) -> int:
        """How many records came out of the rings, those that nobody has taken yet among them."""
        return self._reader.delivered

    @property
    def lost(self) -> int:
        """How many records full rings refused: exact after :meth:`close`, then *sent =
        delivered + lost*; before that what the rings have said so far, which comes late."""
        return self._reader.reported_lost if self._lost is None else self._lost

    def stop(self) -> None:
        """Have the loop close this when it next looks, take what is left, and end. For others
        than who iterates: threads, tasks, signal handlers."""
        self._stopping = True

    def close(self) -> None:
        """Detach, and take what is left out of the rings. Closing again does nothing."""
        if self._lost is None:
            with self._held:  # let go of all of it even where the rings cannot be read
                self._lost = self._reader.reported_lost
                self._link.close()
                self._drain()
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
        """The same records, a list for each drain that found some."""
        return Batches(self)

    def _looks(self) -> Iterator[None]:
        """Once for each drain; the last time when this is closed, and its rest is there."""
        attached = True
        while attached:
            attached = self._lost is None
            yield
            if self._lost is None:
                self._poll.poll(self._seconds_left() * 1000)
            self._look()

    async def _looks_of_a_task(self) -> AsyncIterator[None]:
        """The same, leaving the thread to other tasks while it waits."""
        from asyncio import Event, get_running_loop

        loop = get_running_loop()
        attached = True
        while attached:
            attached = self._lost is None
            yield
            if self._lost is None:
                ready = Event()
                loop.add_reader(self._reader, ready.set)
                timer = loop.call_later(self._seconds_left(), ready.set)
                try:
                    await ready.wait()
                finally:
                    timer.cancel()
                    loop.remove_reader(self._reader)
            self._look()

    def _seconds_left(self) -> float:
        """Until the next look is due."""
        return max(0.0, self._looked + INTERVAL - time.monotonic())

    def _look(self) -> None:
        if self._stopping:
            self.close()
        elif self._lost is None:
            self._drain()

    def _drain(self) -> None:
        self._looked = time.monotonic()
        self._left = chain(self._left, map(self._decode, self._reader.drain()))


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
