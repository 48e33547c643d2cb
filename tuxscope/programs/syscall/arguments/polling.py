"""Kinds of calls that wait for descriptors: poll(2), select(2), epoll(7)."""

from __future__ import annotations

import os
import select
import struct
import sys
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.descriptors import descriptor_text
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.structs import Layout, Pointed, all_bytes, pointed
from tuxscope.programs.syscall.arguments.times import TIMESPEC, TIMESPEC64, TIMEVAL

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# Bits that module select has no names for are in include/uapi/linux/eventpoll.h, poll.h.
EPOLL_EVENTS = named(
    select,
    "EPOLLIN EPOLLPRI EPOLLOUT EPOLLERR EPOLLHUP EPOLLNVAL EPOLLRDNORM EPOLLRDBAND EPOLLWRNORM "
    "EPOLLWRBAND EPOLLMSG EPOLLRDHUP EPOLLEXCLUSIVE EPOLLWAKEUP EPOLLONESHOT EPOLLET",
    EPOLLNVAL=0x20,
    EPOLLWAKEUP=1 << 29,
    EPOLLET=1 << 31,
)
POLL_EVENTS = named(
    select,
    "POLLIN POLLPRI POLLOUT POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM "
    "POLLWRBAND POLLMSG POLLREMOVE POLLRDHUP POLL_BUSY_LOOP",
    POLLREMOVE=0x1000,
    POLL_BUSY_LOOP=0x8000,
)
OPERATIONS = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
DELETE = 2
CREATE_FLAGS = {os.O_CLOEXEC: "EPOLL_CLOEXEC"}

# struct epoll_event, which is packed on x86 (include/uapi/linux/eventpoll.h)
PACKED_EVENT = struct.Struct("=IQ")
EVENT = struct.Struct("=I4xQ")
EVENT_SIZE = PACKED_EVENT.size if os.uname().machine == "x86_64" else EVENT.size
POLL = struct.Struct("=ihh")
SET_SIZE = 128  # an fd_set, of 1024 descriptors


def event_form(call: Call) -> struct.Struct:
    """Return the struct.Struct of an epoll_event on the machine of ``call``, a Call."""
    return PACKED_EVENT if call.architecture.machine == "x86_64" else EVENT


def event_text(form: struct.Struct, data: bytes, at: int = 0) -> str:
    """Return the epoll_event that is at ``at``, an int in bytes, in ``data``, bytes, as text;
    ``form`` is its struct.Struct."""
    events, value = form.unpack_from(data, at)
    first = int.from_bytes(value.to_bytes(8, sys.byteorder)[:4], sys.byteorder)
    names = flag_text(events, EPOLL_EVENTS, "EPOLL???")
    return f"{{events={names}, data={{u32={first}, u64={value}}}}}"


class EpollEvent(Kind):
    """A Kind: the struct epoll_event that epoll_ctl(2) takes, but not to delete.

    Attributes:
        operation: the index of the argument with the operation, an int.
    """

    def __init__(self, operation: int) -> None:
        self.operation = operation

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=EVENT_SIZE, most=EVENT_SIZE),)

    def text(self, call: Call, index: int) -> str:
        data, form = call.data(index) or b"", event_form(call)
        if call.unsigned(self.operation) == DELETE or len(data) < form.size:
            return call.address(index)
        return event_text(form, data)


class EpollEvents(Kind):
    """A Kind: the array of struct epoll_event that epoll_wait(2) writes."""

    def reads(self, index: int) -> tuple[Read, ...]:
        read = Read(ReadKind.BYTES, index, size=EVENT_SIZE, count=Count.RETURNED, when=When.SUCCESS)
        return (read,)

    def text(self, call: Call, index: int) -> str:
        if call.failed or not call.finished:
            return call.address(index)
        if not call.result:
            return "[]"
        data, form = all_bytes(call, index) or b"", event_form(call)
        count = min(len(data) // form.size, call.result, call.string_size)
        if count <= 0:
            return call.address(index)
        parts = [event_text(form, data, each * form.size) for each in range(count)]
        return "[" + ", ".join(parts + ["..."] * (count < call.result)) + "]"


class PollSet(Kind):
    """A Kind: the array of struct pollfd that poll(2) takes.

    Attributes:
        count: the index of the argument with its length, an int.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def reads(self, index: int) -> tuple[Read, ...]:
        count = Count.ARGUMENT + self.count
        return (
            Read(ReadKind.BYTES, index, size=POLL.size, count=count),
            Read(ReadKind.FILES, index, size=POLL.size, count=count, most=POLL.size * 32),
        )

    def text(self, call: Call, index: int) -> str:
        count = call.unsigned(self.count)
        if not count and call.long(index):
            return "[]"
        data = all_bytes(call, index) or b""
        whole = min(len(data) // POLL.size, count)
        if not whole:
            return call.address(index)
        paths = {
            each.element: call.path(int.from_bytes(each.data, sys.byteorder))
            for each in call.read(index, 1)
            if each.data
        }
        parts = []
        for each in range(min(whole, call.string_size)):
            number, events, _ = POLL.unpack_from(data, each * POLL.size)
            descriptor = descriptor_text(number, paths.get(each))
            names = flag_text(events & 0xFFFF, POLL_EVENTS, "POLL???")
            parts.append(f"{{fd={descriptor}" + f", events={names}" * (number >= 0) + "}")
        return "[" + ", ".join(parts + ["..."] * (len(parts) < count)) + "]"


class DescriptorSet(Kind):
    """A Kind: an fd_set, as it was before the call: ``[3 5]``.

    Attributes:
        count: the index of the argument with one more than the highest descriptor, an int.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def reads(self, index: int) -> tuple[Read, ...]:
        return (set_read(index, When.ENTRY),)

    def text(self, call: Call, index: int) -> str:
        found = members(call, call.data(index), call.signed(self.count))
        return set_text(found) if found is not None else call.address(index)


def set_read(index: int, when: When) -> Read:
    """Return the Read, at ``when``, a When, of the fd_set that argument ``index``, an int, points
    to."""
    return Read(ReadKind.BYTES, index, size=SET_SIZE, most=SET_SIZE, when=when)


def members(call: Call, data: bytes | None, count: int) -> list[int] | None:
    """Return the descriptors below ``count``, an int, in ``data``, the bytes of an fd_set of
    ``call``, a Call, as a list of int; None if ``data`` is None, or ``count`` negative."""
    if data is None or count < 0:
        return None
    size = call.word
    words = (
        int.from_bytes(data[at : at + size], sys.byteorder) for at in range(0, len(data), size)
    )
    bits = sum(word << at * size * 8 for at, word in enumerate(words))
    return [each for each in range(min(count, len(data) * 8)) if bits >> each & 1]


def set_text(found: list[int]) -> str:
    """Return the descriptors ``found``, a list of int, as text: ``[3 5]``."""
    return "[" + " ".join(map(str, found)) + "]"


class PollResult(Number):
    """A Number: how many descriptors poll(2) found ready, which ones, and the rest of the time.

    Attributes:
        fds: the index of the argument with the array, an int.
        count: the index of that with its length, an int.
        timeout: the index of that with the time, an int, if the call changes it; else None.
        layout: the Layout of the time.
    """

    def __init__(
        self, fds: int, count: int, timeout: int | None = None, layout: Layout = TIMESPEC
    ) -> None:
        self.fds = fds
        self.count = count
        self.timeout = timeout
        self.layout = layout

    def reads(self, index: int) -> tuple[Read, ...]:
        return () if self.timeout is None else (time_read(self.timeout, self.layout),)

    def text(self, call: Call, index: int) -> str:
        if not call.result:
            return "0 (Timeout)"
        data = all_bytes(call, self.fds) or b""
        ready = []
        for each in range(min(len(data) // POLL.size, call.unsigned(self.count))):
            number, _, events = POLL.unpack_from(data, each * POLL.size)
            if events:
                names = flag_text(events & 0xFFFF, POLL_EVENTS, "POLL???")
                ready.append(f"{{fd={number}, revents={names}}}")
        if len(ready) > call.string_size:
            ready[call.string_size :] = ["..."]
        parts = [f"[{', '.join(ready)}]"] if ready else []
        return with_details(call, parts + time_left(call, index, 0, self.layout))


class SelectResult(Number):
    """A Number: how many descriptors select(2) found ready, which ones, and the rest of the time.
    ``others`` are the indexes of the sets and the time, each an int.

    Attributes:
        count: the index of the argument with one more than the highest descriptor, an int.
        sets: the indexes of those with the sets, a list of int.
        timeout: the index of that with the time, an int.
        layout: the Layout of the time.
    """

    def __init__(self, count: int, *others: int, layout: Layout = TIMESPEC) -> None:
        self.count = count
        *self.sets, self.timeout = others
        self.layout = layout

    def reads(self, index: int) -> tuple[Read, ...]:
        sets = (set_read(each, When.SUCCESS) for each in self.sets)
        return (*sets, time_read(self.timeout, self.layout))

    def text(self, call: Call, index: int) -> str:
        if not call.result:
            return "0 (Timeout)"
        parts = []
        for ordinal, name in enumerate(("in", "out", "except")):
            data = call.data(index, ordinal)
            if found := members(call, data, call.signed(self.count)):
                parts.append(f"{name} {set_text(found)}")
        return with_details(call, parts + time_left(call, index, len(self.sets), self.layout))


def time_read(index: int, layout: Layout) -> Read:
    """Return the Read, after a call that did not fail, of the rest of the time that argument
    ``index``, an int, points to, with ``layout``, a Layout."""
    size = layout.size(8)
    return Read(ReadKind.BYTES, index, size=size, most=size, when=When.SUCCESS)


def time_left(call: Call, index: int, ordinal: int, layout: Layout) -> list[str]:
    """Return the rest of the time, with ``layout``, a Layout, as a list of one str, if the read
    ``ordinal`` of argument ``index`` of ``call``, a Call, has it; else an empty list. Both are
    int."""
    data = call.data(index, ordinal)
    text = layout.text(data, call.word) if data is not None else None
    return [f"left {text}"] if text is not None else []


def with_details(call: Call, parts: list[str]) -> str:
    """Return the result of ``call``, a Call, as text, with ``parts``, a list of str, in brackets
    behind it."""
    return f"{call.result} ({', '.join(parts)})" if parts else str(call.result)


def before(layout: Layout) -> Pointed:
    """Return the kind, a Pointed, of a time with ``layout``, a Layout, that the call changes, as it
    was before."""
    return pointed(layout, When.ENTRY)


KINDS: dict[str, Callable[..., Kind]] = {
    "epoll_flags": lambda: Flags(CREATE_FLAGS, "EPOLL_???"),
    "epoll_operation": lambda: Choice(OPERATIONS, "EPOLL_CTL_???"),
    "epoll_event": EpollEvent,
    "epoll_events": EpollEvents,
    "poll_set": PollSet,
    "poll_result": PollResult,
    "ppoll_result64": lambda fds, count, timeout: PollResult(fds, count, timeout, TIMESPEC64),
    "fd_set": DescriptorSet,
    "select_result": lambda *others: SelectResult(*others, layout=TIMEVAL),
    "pselect_result": SelectResult,
    "pselect_result64": lambda *others: SelectResult(*others, layout=TIMESPEC64),
    "timeval_before": lambda: before(TIMEVAL),
    "timespec_before": lambda: before(TIMESPEC),
    "timespec64_before": lambda: before(TIMESPEC64),
}
