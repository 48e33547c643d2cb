"""Options of sockets, and their values."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.errors import ERRORS
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.socket_addresses import interface
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    address_text,
    all_bytes,
    choice_text,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

SOL_SOCKET, SOL_IP, SOL_TCP, SOL_UDP, SOL_IPV6, SOL_PACKET, SOL_NETLINK = 1, 0, 6, 17, 41, 263, 270
LEVELS = {
    SOL_IP: "SOL_IP", SOL_SOCKET: "SOL_SOCKET", SOL_TCP: "SOL_TCP", SOL_UDP: "SOL_UDP",
    SOL_IPV6: "SOL_IPV6", 58: "SOL_ICMPV6", 132: "SOL_SCTP", 136: "SOL_UDPLITE", 255: "SOL_RAW",
    SOL_PACKET: "SOL_PACKET", SOL_NETLINK: "SOL_NETLINK", 271: "SOL_TIPC", 274: "SOL_BLUETOOTH",
    279: "SOL_ALG", 282: "SOL_TLS", 283: "SOL_XDP", 40: "AF_VSOCK",
}  # fmt: skip


def numbered(prefix: str, text: str) -> dict[int, str]:
    """Return a dict of names by number: ``text`` has the first number, and the names from there on
    without their ``prefix``, a str; a number in it is that of the next name."""
    found, at = {}, 0
    for word in text.split():
        if word.isdigit():
            at = int(word)
        else:
            found[at] = word if word.startswith(("MCAST_", "IP6T_")) else prefix + word
            at += 1
    return found


# asm-generic/socket.h, linux/in.h, in6.h, tcp.h, udp.h, if_packet.h, netlink.h: the module socket
# has less than half of these.
MULTICAST = """42 MCAST_JOIN_GROUP MCAST_BLOCK_SOURCE MCAST_UNBLOCK_SOURCE MCAST_LEAVE_GROUP
    MCAST_JOIN_SOURCE_GROUP MCAST_LEAVE_SOURCE_GROUP MCAST_MSFILTER"""
OPTIONS = {
    SOL_SOCKET: numbered("SO_", """1 DEBUG REUSEADDR TYPE ERROR DONTROUTE BROADCAST SNDBUF RCVBUF
    KEEPALIVE OOBINLINE NO_CHECK PRIORITY LINGER BSDCOMPAT REUSEPORT PASSCRED PEERCRED RCVLOWAT
    SNDLOWAT RCVTIMEO_OLD SNDTIMEO_OLD SECURITY_AUTHENTICATION SECURITY_ENCRYPTION_TRANSPORT
    SECURITY_ENCRYPTION_NETWORK BINDTODEVICE ATTACH_FILTER DETACH_FILTER PEERNAME TIMESTAMP_OLD
    ACCEPTCONN PEERSEC SNDBUFFORCE RCVBUFFORCE PASSSEC TIMESTAMPNS_OLD MARK TIMESTAMPING_OLD
    PROTOCOL DOMAIN RXQ_OVFL WIFI_STATUS PEEK_OFF NOFCS LOCK_FILTER SELECT_ERR_QUEUE BUSY_POLL
    MAX_PACING_RATE BPF_EXTENSIONS INCOMING_CPU ATTACH_BPF ATTACH_REUSEPORT_CBPF
    ATTACH_REUSEPORT_EBPF CNX_ADVICE 55 MEMINFO INCOMING_NAPI_ID COOKIE 59 PEERGROUPS ZEROCOPY
    TXTIME BINDTOIFINDEX TIMESTAMP_NEW TIMESTAMPNS_NEW TIMESTAMPING_NEW RCVTIMEO_NEW SNDTIMEO_NEW
    DETACH_REUSEPORT_BPF PREFER_BUSY_POLL BUSY_POLL_BUDGET NETNS_COOKIE BUF_LOCK RESERVE_MEM
    TXREHASH RCVMARK PASSPIDFD PEERPIDFD"""),
    SOL_IP: numbered("IP_", f"""1 TOS TTL HDRINCL OPTIONS ROUTER_ALERT RECVOPTS RETOPTS PKTINFO
    PKTOPTIONS MTU_DISCOVER RECVERR RECVTTL RECVTOS MTU FREEBIND IPSEC_POLICY XFRM_POLICY PASSSEC
    TRANSPARENT ORIGDSTADDR MINTTL NODEFRAG CHECKSUM BIND_ADDRESS_NO_PORT RECVFRAGSIZE
    RECVERR_RFC4884 32 MULTICAST_IF MULTICAST_TTL MULTICAST_LOOP ADD_MEMBERSHIP DROP_MEMBERSHIP
    UNBLOCK_SOURCE BLOCK_SOURCE ADD_SOURCE_MEMBERSHIP DROP_SOURCE_MEMBERSHIP MSFILTER {MULTICAST}
    MULTICAST_ALL UNICAST_IF LOCAL_PORT_RANGE PROTOCOL"""),
    SOL_TCP: numbered("TCP_", """1 NODELAY MAXSEG CORK KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2
    DEFER_ACCEPT WINDOW_CLAMP INFO QUICKACK CONGESTION MD5SIG COOKIE_TRANSACTIONS
    THIN_LINEAR_TIMEOUTS THIN_DUPACK USER_TIMEOUT REPAIR REPAIR_QUEUE QUEUE_SEQ REPAIR_OPTIONS
    FASTOPEN TIMESTAMP NOTSENT_LOWAT CC_INFO SAVE_SYN SAVED_SYN REPAIR_WINDOW FASTOPEN_CONNECT ULP
    MD5SIG_EXT FASTOPEN_KEY FASTOPEN_NO_COOKIE ZEROCOPY_RECEIVE INQ TX_DELAY"""),
    SOL_UDP: numbered("UDP_", "1 CORK 100 ENCAP NO_CHECK6_TX NO_CHECK6_RX SEGMENT GRO"),
    SOL_IPV6: numbered("IPV6_", f"""1 ADDRFORM 2292PKTINFO 2292HOPOPTS 2292DSTOPTS 2292RTHDR
    2292PKTOPTIONS CHECKSUM 2292HOPLIMIT NEXTHOP AUTHHDR FLOWINFO 16 UNICAST_HOPS MULTICAST_IF
    MULTICAST_HOPS MULTICAST_LOOP ADD_MEMBERSHIP DROP_MEMBERSHIP ROUTER_ALERT MTU_DISCOVER MTU
    RECVERR V6ONLY JOIN_ANYCAST LEAVE_ANYCAST MULTICAST_ALL ROUTER_ALERT_ISOLATE RECVERR_RFC4884
    FLOWLABEL_MGR FLOWINFO_SEND IPSEC_POLICY XFRM_POLICY HDRINCL {MULTICAST} RECVPKTINFO PKTINFO
    RECVHOPLIMIT HOPLIMIT RECVHOPOPTS HOPOPTS RTHDRDSTOPTS RECVRTHDR RTHDR RECVDSTOPTS DSTOPTS
    RECVPATHMTU PATHMTU DONTFRAG USE_MIN_MTU IP6T_SO_SET_REPLACE IP6T_SO_SET_ADD_COUNTERS
    RECVTCLASS TCLASS 70 AUTOFLOWLABEL 72 ADDR_PREFERENCES MINHOPCOUNT ORIGDSTADDR TRANSPARENT
    UNICAST_IF RECVFRAGSIZE FREEBIND"""),
    SOL_PACKET: numbered("PACKET_", """1 ADD_MEMBERSHIP DROP_MEMBERSHIP RECV_OUTPUT 5 RX_RING
    STATISTICS COPY_THRESH AUXDATA ORIGDEV VERSION HDRLEN RESERVE TX_RING LOSS VNET_HDR
    TX_TIMESTAMP TIMESTAMP FANOUT TX_HAS_OFF QDISC_BYPASS ROLLOVER_STATS FANOUT_DATA
    IGNORE_OUTGOING"""),
    SOL_NETLINK: numbered("NETLINK_", """1 ADD_MEMBERSHIP DROP_MEMBERSHIP PKTINFO BROADCAST_ERROR
    NO_ENOBUFS RX_RING TX_RING LISTEN_ALL_NSID LIST_MEMBERSHIPS CAP_ACK EXT_ACK GET_STRICT_CHK"""),
}  # fmt: skip
LONGEST_VALUE = 256

LINGER = Layout((Member("l_onoff", "i"), Member("l_linger", "i")))
CREDENTIALS = Layout((Member("pid", "i"), Member("uid", "i"), Member("gid", "i")))
FILTER = Layout((Member("len", "H"), Member("filter", "L", address_text)))


def error_text(data: bytes, word: int) -> str | None:
    """Return the errno in ``data``, bytes, as text in brackets: ``[ECONNREFUSED]``, never None;
    ``[0]`` if ``data`` is too short. ``word``, an int, is as in :func:`membership_text`: unused."""
    (number,) = struct.unpack_from("=i", data) if len(data) >= 4 else (0,)
    return f"[{ERRORS.get(number, number)}]"


def membership_text(data: bytes, word: int) -> str | None:
    """Return the struct ip_mreq in ``data``, bytes, as text; None if ``data`` is too short.
    ``word`` is the size of a long in bytes, an int."""
    if len(data) < 8:
        return None
    group, local = (socket.inet_ntop(socket.AF_INET, data[at : at + 4]) for at in (0, 4))
    return f'{{imr_multiaddr=inet_addr("{group}"), imr_interface=inet_addr("{local}")}}'


def membership6_text(data: bytes, word: int) -> str | None:
    """Return the struct ipv6_mreq in ``data``, bytes, as text; None if ``data`` is too short.
    ``word`` is the size of a long in bytes, an int."""
    if len(data) < 20:
        return None
    group = socket.inet_ntop(socket.AF_INET6, data[:16])
    (index,) = struct.unpack_from("=I", data, 16)
    member = f'inet_pton(AF_INET6, "{group}", &ipv6mr_multiaddr)'
    return f"{{{member}, ipv6mr_interface={interface(index)}}}"


# What makes the text of the value, by level and name of the option.
VALUES: dict[tuple[int, str], Callable[[bytes, int], str | None]] = {
    (SOL_SOCKET, "SO_LINGER"): LINGER.text,
    (SOL_SOCKET, "SO_PEERCRED"): CREDENTIALS.text,
    (SOL_SOCKET, "SO_ATTACH_FILTER"): FILTER.text,
    (SOL_SOCKET, "SO_ATTACH_REUSEPORT_CBPF"): FILTER.text,
    (SOL_SOCKET, "SO_ERROR"): error_text,
    (SOL_IP, "IP_ADD_MEMBERSHIP"): membership_text,
    (SOL_IP, "IP_DROP_MEMBERSHIP"): membership_text,
    (SOL_IPV6, "IPV6_ADD_MEMBERSHIP"): membership6_text,
    (SOL_IPV6, "IPV6_DROP_MEMBERSHIP"): membership6_text,
}


class Level(Kind):
    """A Kind: the level of an option: ``SOL_SOCKET``."""

    def text(self, call: Call, index: int) -> str:
        return choice_text(call.unsigned(index), LEVELS, "SOL_???")


class Option(Kind):
    """A Kind: an option, of the level in the argument before it."""

    def text(self, call: Call, index: int) -> str:
        level, value = call.unsigned(index - 1), call.unsigned(index)
        if level not in OPTIONS:
            return f"{value:#x}" if value else "0"
        unknown = LEVELS[level].replace("SOL_SOCKET", "SOL_SO").removeprefix("SOL_")
        return choice_text(value, OPTIONS[level], f"{unknown}_???")


class Value(Kind):
    """A Kind: the value of the option in the argument before it: a number in brackets, a struct, or
    a string.

    Attributes:
        length: how many bytes it has, an int: a Count plus the index of an argument.
        when: a When: whether before or after the call.
    """

    def __init__(self, length: int, when: When = When.EXIT) -> None:
        self.length = length
        self.when = when

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, count=self.length, most=LONGEST_VALUE, when=self.when),)

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if not data:
            return call.address(index)
        level = call.unsigned(index - 2)
        name = OPTIONS.get(level, {}).get(call.unsigned(index - 1), "")
        if show := VALUES.get((level, name)):
            return show(data, call.word) or call.address(index)
        if len(data) == 4:
            return f"[{struct.unpack('=i', data)[0]}]"
        shown = data[: call.string_size]
        return quoted(shown, len(shown) < len(data))

    def json(self, call: Call, index: int) -> Any:
        data, text = all_bytes(call, index), self.text(call, index)
        if data is not None and len(data) == 4 and text[1:-1].lstrip("-").isdigit():
            return int(text[1:-1])
        return text


KINDS: dict[str, Callable[..., Kind]] = {
    "socket_level": Level,
    "socket_option": Option,
    "option_value": lambda length: Value(Count.ARGUMENT + length),
    "option_value_out": lambda length: Value(Count.POINTED + length, When.SUCCESS),
}
