"""Messages of sockets: struct msghdr and what it leads to.

The members of struct msghdr are words, or as far apart: msg_name, msg_namelen, msg_iov, msg_iovlen,
msg_control, msg_controllen, msg_flags. A struct mmsghdr has one more, msg_len.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.socket_addresses import sockaddr_text
from tuxscope.programs.syscall.arguments.socket_options import (
    CREDENTIALS,
    LEVELS,
    OPTIONS,
    SOL_SOCKET,
)
from tuxscope.programs.syscall.arguments.sockets import LONGEST_ADDRESS, MESSAGE_FLAGS
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    address_text,
    all_bytes,
    choice_text,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call, Part

HEADER = Layout((
    Member("msg_name", "L"), Member("msg_namelen", "I"), Member("msg_iov", "L"),
    Member("msg_iovlen", "L"), Member("msg_control", "L"), Member("msg_controllen", "L"),
    Member("msg_flags", "I"),
))  # fmt: skip
CONTROL = Layout((Member("cmsg_len", "L"), Member("cmsg_level", "I"), Member("cmsg_type", "I")))
VECTOR = Layout((Member("iov_base", "L"), Member("iov_len", "L")))
HEADER_SIZE, WORDS, MULTIPLE_SIZE = 56, 8, 64  # of struct mmsghdr; sizes where a long has 8 bytes
NAME, IOV, CONTROLS = 1, 3, 5  # words, counted from 1
MOST_VECTORS, MOST_MESSAGES, LONGEST_CONTROL = 8, 8, 256
SOCKET_MESSAGES = {1: "SCM_RIGHTS", 2: "SCM_CREDENTIALS", 3: "SCM_SECURITY", 4: "SCM_PIDFD"}


def name_read(index: int, message: int, when: When) -> Read:
    """Return the Read of the address of a message at ``when``, a When; ``index`` is the argument's,
    and ``message`` the message's number in an array, both int."""
    size = LONGEST_ADDRESS
    return Read(
        ReadKind.BYTES, index, size=size, most=size, when=when, through=message * WORDS + NAME
    )


def vector_reads(index: int, message: int, when: When) -> tuple[Read, Read]:
    """Return the Reads of the array of struct iovec of a message, and of its buffers, a pair;
    ``index`` and ``message``, int, and ``when``, a When, are as in :func:`name_read`."""
    through, count = message * WORDS + IOV, Count.FOLLOWING
    size = VECTOR.size(8)
    most = size * MOST_VECTORS
    return (
        Read(ReadKind.BYTES, index, size=size, count=count, most=most, when=when, through=through),
        Read(ReadKind.VECTOR, index, count=count, when=when, buffer=True, through=through),
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """A frozen dataclass: what was read of a message, None where it was not.

    Attributes:
        name: the address, bytes or None, maybe with more behind it.
        vectors: the array of struct iovec, bytes or None.
        buffers: what was read of each buffer, a tuple of Part.
        control: the control messages, bytes or None.
        limit: how many bytes of the buffers the call wrote, an int; None if it reads them.
    """

    name: bytes | None = None
    vectors: bytes | None = None
    buffers: tuple[Part, ...] = ()
    control: bytes | None = None
    limit: int | None = None


def header_text(data: bytes, parts: Parts, call: Call) -> str | None:
    """Return the struct msghdr of ``call``, a Call, in ``data``, bytes, as text, with ``parts``,
    the Parts that it leads to; None if ``data`` is too short."""
    values = HEADER.values(data, call.word)
    if values is None:
        return None
    name, name_length, vectors, count, control, control_length, flags = values
    named = sockaddr_text(parts.name[:name_length]) if parts.name and name else None
    texts = [
        f"msg_name={named or address_text(name)}",
        f"msg_namelen={name_length - (name_length >> 31 << 32)}",
        f"msg_iov={vectors_text(parts, count, call) or address_text(vectors)}",
        f"msg_iovlen={count}",
    ]
    if control_length:
        shown = control_text(parts.control or b"", control_length, call)
        texts.append(f"msg_control={shown or address_text(control)}")
    texts += [
        f"msg_controllen={control_length}",
        f"msg_flags={flag_text(flags, MESSAGE_FLAGS, 'MSG_???')}",
    ]
    return "{" + ", ".join(texts) + "}"


def vectors_text(parts: Parts, count: int, call: Call) -> str | None:
    """Return ``[{iov_base="hello", iov_len=5}]``, a str, from ``parts``, the Parts of a message of
    ``call``, a Call, which has ``count`` buffers, an int; None if the array was not read."""
    if not count:
        return "[]"
    data, size = parts.vectors, VECTOR.size(call.word)
    if data is None or len(data) < size:
        return None
    left, buffers = parts.limit, {each.element: each for each in parts.buffers}
    texts = []
    for at in range(min(count, len(data) // size)):
        base, length = VECTOR.values(data[at * size :], call.word) or (0, 0)
        bound = length if left is None else min(length, left)
        left = None if left is None else left - bound
        part = buffers.get(at)
        text = buffer_text(part, bound, call) if part and base else None
        texts.append(f"{{iov_base={text or address_text(base)}, iov_len={length}}}")
    return "[" + ", ".join(texts + ["..."] * (len(texts) < count)) + "]"


def buffer_text(part: Part, length: int, call: Call) -> str | None:
    """Return the first ``length`` bytes, an int, of a buffer in quotes, as ``part``, a Part, has
    them, no more than ``call``, a Call, shows; None if they were not readable."""
    if part.status is part.status.FAULT:
        return None
    data = part.data[: min(length, call.string_size)]
    return quoted(data, len(data) < length)


def control_text(data: bytes, length: int, call: Call) -> str | None:
    """Return the control messages in ``data``, bytes, as
    ``[{cmsg_len=20, cmsg_level=SOL_SOCKET, ...}]``; None if there is no whole one. ``length``, an
    int, is how many bytes ``call``, a Call, has of them."""
    texts, at = [], 0
    start = CONTROL.size(call.word)
    end = min(len(data), length)
    while values := CONTROL.values(data[at:end], call.word):
        size, level, kind = values
        if size < start or at + size > end:
            break
        body = data[at + start : at + size]
        names = SOCKET_MESSAGES if level == SOL_SOCKET else {}
        names = names | {k: v for k, v in OPTIONS.get(level, {}).items() if k not in names}
        texts.append(
            f"{{cmsg_len={size}, cmsg_level={choice_text(level, LEVELS, 'SOL_???')}, "
            f"cmsg_type={choice_text(kind, names, 'SCM_???')}"
            f"{control_data(body, names.get(kind), call)}}}"
        )
        at += size + -size % call.word
    return f"[{', '.join(texts)}{', ...' * (len(data) < length)}]" if texts else None


def control_data(body: bytes, name: str | None, call: Call) -> str:
    """Return ``cmsg_data`` with a comma before it, a str: ``body``, bytes, of a control message of
    ``call``, a Call, whose type has that ``name``, a str or None; "" if it is empty."""
    if not body:
        return ""
    if name == "SCM_RIGHTS":
        whole = len(body) // 4
        text = f"[{', '.join(map(str, struct.unpack_from(f'={whole}i', body)))}]"
    elif name == "SCM_CREDENTIALS":
        text = CREDENTIALS.text(body, call.word) or quoted(body)
    else:
        text = quoted(body[: call.string_size], len(body) > call.string_size)
    return f", cmsg_data={text}"


class Message(Kind):
    """A Kind: the address of a struct msghdr.

    Attributes:
        written: whether the call writes what it leads to, so that a failed one shows only the
            length of the address, a bool.
    """

    def __init__(self, written: bool = False) -> None:
        self.written = written

    def reads(self, index: int) -> tuple[Read, ...]:
        when = When.SUCCESS if self.written else When.EXIT
        through = CONTROLS
        return (
            Read(ReadKind.BYTES, index, size=HEADER_SIZE, most=HEADER_SIZE),
            name_read(index, 0, when),
            *vector_reads(index, 0, when),
            Read(
                ReadKind.BYTES,
                index,
                count=Count.FOLLOWING,
                most=LONGEST_CONTROL,
                when=when,
                through=through,
            ),
        )

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        if data is None:
            return call.address(index)
        if self.written and (call.failed or not call.finished):
            values = HEADER.values(data, call.word)
            return f"{{msg_namelen={values[1]}}}" if values else call.address(index)
        parts = Parts(
            all_bytes(call, index, 1),
            all_bytes(call, index, 2),
            tuple(call.read(index, 3)),
            all_bytes(call, index, 4),
            max(call.result, 0) if self.written else None,
        )
        return header_text(data, parts, call) or call.address(index)


class Messages(Kind):
    """A Kind: the address of an array of struct mmsghdr, of which the first two are followed.

    Attributes:
        count: the index of the argument with its length, an int.
        written: whether the call writes what they lead to, a bool.
        FOLLOWED: 2, of the class.
    """

    FOLLOWED = 2

    def __init__(self, count: int, written: bool = False) -> None:
        self.count = count
        self.written = written

    def reads(self, index: int) -> tuple[Read, ...]:
        when = When.SUCCESS if self.written else When.EXIT
        size, count = MULTIPLE_SIZE, Count.ARGUMENT + self.count
        most = size * MOST_MESSAGES
        named = 1 if self.written else self.FOLLOWED  # recvmmsg(2) has a timeout, too
        return (
            Read(ReadKind.BYTES, index, size=size, count=count, most=most, when=when),
            *vector_reads(index, 0, when),
            *vector_reads(index, 1, when),
            *(name_read(index, each, when) for each in range(named)),
        )

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if data is None:
            return call.address(index)
        size = MULTIPLE_SIZE * call.word // 8
        count = max(call.result, 0) if self.written else call.unsigned(self.count)
        texts = []
        for at in range(min(len(data) // size, count)):
            header = data[at * size : (at + 1) * size]
            length = struct.unpack_from("=I", header, HEADER_SIZE * call.word // 8)[0]
            limit = length if self.written else None
            parts = Parts(limit=limit)
            if at < self.FOLLOWED:
                vectors, name = 1 + 2 * at, 1 + 2 * self.FOLLOWED + at
                parts = Parts(
                    all_bytes(call, index, name),
                    all_bytes(call, index, vectors),
                    tuple(call.read(index, vectors + 1)),
                    limit=limit,
                )
            sent = f", msg_len={length}" if at < call.result else ""
            texts.append(f"{{msg_hdr={header_text(header, parts, call)}{sent}}}")
        return "[" + ", ".join(texts + ["..."] * (len(texts) < count)) + "]"


KINDS: dict[str, Callable[..., Kind]] = {
    "message": Message,
    "message_out": lambda: Message(written=True),
    "messages": Messages,
    "messages_out": lambda count: Messages(count, written=True),
}
