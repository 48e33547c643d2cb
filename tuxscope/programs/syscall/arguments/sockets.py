"""Sockets: how they are made, and their addresses as arguments."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.socket_addresses import (
    FAMILIES,
    ethernet_text,
    sockaddr_text,
)
from tuxscope.programs.syscall.arguments.structs import all_bytes, choice_text, number_of

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

TYPES = {int(each): each.name for each in socket.SocketKind if each <= 0xF} | {
    6: "SOCK_DCCP",
    10: "SOCK_PACKET",
}
TYPE_MASK = 0xF
TYPE_FLAGS = {
    int(socket.SOCK_CLOEXEC): "SOCK_CLOEXEC", int(socket.SOCK_NONBLOCK): "SOCK_NONBLOCK",
}  # fmt: skip
# Python has no IPPROTO_MPTCP before 3.10, and not all of linux/in.h
PROTOCOLS = {
    getattr(socket, name): name
    for name in sorted(dir(socket), reverse=True)
    if name.startswith("IPPROTO_")
} | {0: "IPPROTO_IP", 47: "IPPROTO_GRE", 262: "IPPROTO_MPTCP", 33: "IPPROTO_DCCP"}
# include/uapi/linux/netlink.h; Python has some
NETLINK = dict(enumerate((
    "NETLINK_ROUTE", "NETLINK_UNUSED", "NETLINK_USERSOCK", "NETLINK_FIREWALL",
    "NETLINK_SOCK_DIAG", "NETLINK_NFLOG", "NETLINK_XFRM", "NETLINK_SELINUX", "NETLINK_ISCSI",
    "NETLINK_AUDIT", "NETLINK_FIB_LOOKUP", "NETLINK_CONNECTOR", "NETLINK_NETFILTER",
    "NETLINK_IP6_FW", "NETLINK_DNRTMSG", "NETLINK_KOBJECT_UEVENT", "NETLINK_GENERIC",
    "NETLINK_DM", "NETLINK_SCSITRANSPORT", "NETLINK_ECRYPTFS", "NETLINK_RDMA", "NETLINK_CRYPTO",
    "NETLINK_SMC",
)))  # fmt: skip
# In strace's order; Python has some
MESSAGE_FLAGS = {
    0x1: "MSG_OOB", 0x2: "MSG_PEEK", 0x4: "MSG_DONTROUTE", 0x8: "MSG_CTRUNC", 0x10: "MSG_PROBE",
    0x20: "MSG_TRUNC", 0x40: "MSG_DONTWAIT", 0x80: "MSG_EOR", 0x100: "MSG_WAITALL",
    0x200: "MSG_FIN", 0x400: "MSG_SYN", 0x800: "MSG_CONFIRM", 0x1000: "MSG_RST",
    0x2000: "MSG_ERRQUEUE", 0x4000: "MSG_NOSIGNAL", 0x8000: "MSG_MORE", 0x10000: "MSG_WAITFORONE",
    0x40000: "MSG_BATCH", 0x4000000: "MSG_ZEROCOPY", 0x20000000: "MSG_FASTOPEN",
    0x40000000: "MSG_CMSG_CLOEXEC", 0x80000000: "MSG_CMSG_COMPAT",
}  # fmt: skip
HOW = {
    int(socket.SHUT_RD): "SHUT_RD", int(socket.SHUT_WR): "SHUT_WR",
    int(socket.SHUT_RDWR): "SHUT_RDWR",
}  # fmt: skip
LONGEST_ADDRESS = 128  # sizeof(struct sockaddr_storage)


class SocketType(Kind):
    """A Kind: the type of a socket, with flags: ``SOCK_STREAM|SOCK_CLOEXEC``."""

    def text(self, call: Call, index: int) -> str:
        value = call.unsigned(index)
        name, rest = TYPES.get(value & TYPE_MASK), value & ~TYPE_MASK
        if name is None:
            return flag_text(value, TYPE_FLAGS, "SOCK_???")
        return f"{name}|{flag_text(rest, TYPE_FLAGS, 'SOCK_???')}" if rest else name


class Protocol(Kind):
    """A Kind: the protocol of a socket, whose family is the first argument."""

    def text(self, call: Call, index: int) -> str:
        family, value = call.unsigned(0), call.unsigned(index)
        if family in (socket.AF_INET, socket.AF_INET6):
            return choice_text(value, PROTOCOLS, "IPPROTO_???")
        if family == socket.AF_NETLINK:
            return choice_text(value, NETLINK, "NETLINK_???")
        if family == socket.AF_PACKET:
            return f"htons({ethernet_text(socket.ntohs(value & 0xFFFF))})"
        return str(value)


class Address(Kind):
    """A Kind: a socket's address that the call reads.

    Attributes:
        length: the index of the argument with its length, an int.
    """

    def __init__(self, length: int) -> None:
        self.length = length

    def reads(self, index: int) -> tuple[Read, ...]:
        count = Count.ARGUMENT + self.length
        return (Read(ReadKind.BYTES, index, count=count, most=LONGEST_ADDRESS),)

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        text = sockaddr_text(data) if data is not None else None
        return call.address(index) if text is None else text


class WrittenAddress(Address):
    """An Address: a socket's address that the call writes; ``length`` points to the size of the
    buffer, and then of the address."""

    def reads(self, index: int) -> tuple[Read, ...]:
        count = Count.POINTED + self.length
        return (Read(ReadKind.BYTES, index, count=count, most=LONGEST_ADDRESS, when=When.SUCCESS),)

    def text(self, call: Call, index: int) -> str:
        data, room = all_bytes(call, index), number_of(call.data(self.length, 1))
        if data is not None and room is not None:
            data = data[:room]  # the length may be that of an address that did not fit
        text = sockaddr_text(data) if data is not None else None
        return call.address(index) if text is None else text


class Length(Kind):
    """A Kind: the address of a length that the call reads and writes: ``[16]``, or ``[110 => 2]``.

    Attributes:
        entry: whether it is read before the call, too, which costs a second record, a bool.
    """

    def __init__(self, entry: bool = False) -> None:
        self.entry = entry

    def reads(self, index: int) -> tuple[Read, ...]:
        after = Read(ReadKind.BYTES, index, size=4, most=4)
        before = Read(ReadKind.BYTES, index, size=4, most=4, when=When.ENTRY)
        return (after, before) if self.entry else (after,)

    def text(self, call: Call, index: int) -> str:
        after, before = (number_of(call.data(index, at)) for at in (0, 1))
        if before is None:
            return call.address(index) if after is None else f"[{signed(after)}]"
        if after is None or after == before:
            return f"[{signed(before)}]"
        return f"[{signed(before)} => {signed(after)}]"


def signed(value: int) -> int:
    """Return ``value``, an unsigned int of 32 bits, as a C int."""
    return value - (value >> 31 << 32)


# linux/net.h, and nargs in net/socket.c: the calls of socketcall(2) with the number of arguments
CALLS = (
    ("SYS_SOCKET", 3), ("SYS_BIND", 3), ("SYS_CONNECT", 3), ("SYS_LISTEN", 2), ("SYS_ACCEPT", 3),
    ("SYS_GETSOCKNAME", 3), ("SYS_GETPEERNAME", 3), ("SYS_SOCKETPAIR", 4), ("SYS_SEND", 4),
    ("SYS_RECV", 4), ("SYS_SENDTO", 6), ("SYS_RECVFROM", 6), ("SYS_SHUTDOWN", 2),
    ("SYS_SETSOCKOPT", 5), ("SYS_GETSOCKOPT", 5), ("SYS_SENDMSG", 3), ("SYS_RECVMSG", 3),
    ("SYS_ACCEPT4", 4), ("SYS_RECVMMSG", 5), ("SYS_SENDMMSG", 4),
)  # fmt: skip


class SocketcallArguments(Kind):
    """A Kind: the array with the arguments of the call that socketcall(2) makes.

    Attributes:
        call: the index of the argument with its number, an int.
    """

    def __init__(self, call: int) -> None:
        self.call = call

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=8 * max(count for _, count in CALLS)),)

    def text(self, call: Call, index: int) -> str:
        shown = self.json(call, index)
        return f"[{', '.join(map(str, shown))}]" if isinstance(shown, list) else str(shown)

    def json(self, call: Call, index: int) -> Any:
        data, number = call.data(index), call.unsigned(self.call)
        if data is None or not 0 < number <= len(CALLS):
            return call.address(index)
        form = struct.Struct(f"={CALLS[number - 1][1]}{'I' if call.word == 4 else 'Q'}")
        return list(form.unpack_from(data)) if len(data) >= form.size else call.address(index)


KINDS: dict[str, Callable[..., Kind]] = {
    "socket_family": lambda: Choice(FAMILIES, "AF_???"),
    "socket_type": SocketType,
    "socket_protocol": Protocol,
    "sockaddr": Address,
    "sockaddr_out": WrittenAddress,
    "length": Length,
    "length_twice": lambda: Length(entry=True),
    "message_flags": lambda: Flags(MESSAGE_FLAGS, "MSG_???"),
    "accept_flags": lambda: Flags(TYPE_FLAGS, "SOCK_???"),
    "shutdown_how": lambda: Choice(HOW, "SHUT_???"),
    "socketcall": lambda: Choice({at: name for at, (name, _) in enumerate(CALLS, 1)}, "SYS_???"),
    "socketcall_arguments": SocketcallArguments,
}
