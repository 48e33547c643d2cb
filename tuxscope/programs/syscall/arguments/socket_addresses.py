"""Socket addresses as text, as strace(1) prints them."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable

from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.structs import choice_text

# Python does not have all (include/linux/socket.h); AF_LOCAL is AF_UNIX
FAMILIES = {int(each): each.name for each in socket.AddressFamily} | {
    3: "AF_AX25", 7: "AF_BRIDGE", 9: "AF_X25", 12: "AF_DECnet", 13: "AF_NETBEUI", 18: "AF_ASH",
    19: "AF_ECONET", 20: "AF_ATMSVC", 22: "AF_SNA", 23: "AF_IRDA", 24: "AF_PPPOX",
    25: "AF_WANPIPE", 26: "AF_LLC", 27: "AF_IB", 28: "AF_MPLS", 31: "AF_BLUETOOTH",
    32: "AF_IUCV", 33: "AF_RXRPC", 34: "AF_ISDN", 35: "AF_PHONET", 36: "AF_IEEE802154",
    37: "AF_CAIF", 38: "AF_ALG", 39: "AF_NFC", 41: "AF_KCM", 43: "AF_SMC",
    44: "AF_XDP", 45: "AF_MCTP",
}  # fmt: skip
PACKET_TYPES = dict(enumerate((
    "PACKET_HOST", "PACKET_BROADCAST", "PACKET_MULTICAST", "PACKET_OTHERHOST", "PACKET_OUTGOING",
    "PACKET_LOOPBACK", "PACKET_USER", "PACKET_KERNEL",
)))  # fmt: skip
ETHERNET = {0x0003: "ETH_P_ALL", 0x0800: "ETH_P_IP", 0x0806: "ETH_P_ARP", 0x86DD: "ETH_P_IPV6"}
HARDWARE = {1: "ARPHRD_ETHER", 0: "ARPHRD_NETROM", 772: "ARPHRD_LOOPBACK", 0xFFFE: "ARPHRD_NONE"}
CIDS = {0: "VMADDR_CID_HYPERVISOR", 1: "VMADDR_CID_LOCAL", 2: "VMADDR_CID_HOST"}


def sockaddr_text(data: bytes) -> str | None:
    """Return the struct sockaddr that all of ``data``, bytes, is, as text:
    ``{sa_family=AF_INET, ...}``; None if ``data`` is too short for a family."""
    if len(data) < 2:
        return None
    family = int.from_bytes(data[:2], sys.byteorder)
    name = FAMILIES.get(family) or f"{family:#x} /* AF_??? */"
    size, members = MEMBERS.get(family, (0, anything))
    parts = members(data) if len(data) >= size else anything(data)
    return "{" + ", ".join([f"sa_family={name}", *parts]) + "}"


def anything(data: bytes) -> list[str]:
    """Return what is behind the family in ``data``, bytes, as a list of str, with no or one
    member."""
    return [f"sa_data={quoted(data[2:])}"] if len(data) > 2 else []


def unix(data: bytes) -> list[str]:
    """Return the path in ``data``, bytes, or the name of an abstract socket, which starts with a
    NUL, as a list of str, with no or one member."""
    path = data[2:]
    if not path:
        return []
    if path[:1] == b"\0":
        return [f"sun_path=@{quoted(path[1:])}"]
    name, *_ = path.split(b"\0", 1)
    return [f"sun_path={quoted(name)}"]


def inet(data: bytes) -> list[str]:
    """Return the port and the address of IPv4 in ``data``, bytes, as a list of str, one a
    member."""
    (port,) = struct.unpack_from(">H", data, 2)
    address = socket.inet_ntop(socket.AF_INET, data[4:8])
    return [f"sin_port=htons({port})", f'sin_addr=inet_addr("{address}")']


def inet6(data: bytes) -> list[str]:
    """Return the port and the address of IPv6 in ``data``, bytes, as a list of str, one a
    member."""
    port, flow = struct.unpack_from(">HI", data, 2)
    address = data[8:24]
    local = address[0] == 0xFE and address[1] & 0xC0 == 0x80
    multicast = address[0] == 0xFF and address[1] & 0xF in (1, 2)
    parts = [
        f"sin6_port=htons({port})",
        f"sin6_flowinfo=htonl({flow})",
        f'inet_pton(AF_INET6, "{socket.inet_ntop(socket.AF_INET6, address)}", &sin6_addr)',
    ]
    if len(data) >= 28:  # RFC 2133 had no scope
        (scope,) = struct.unpack_from("=I", data, 24)
        parts.append(f"sin6_scope_id={interface(scope) if local or multicast else scope}")
    return parts


def interface(index: int) -> str:
    """Return interface number ``index``, an int, as ``if_nametoindex("lo")``; one that is not
    known, as its number."""
    try:
        return f'if_nametoindex("{socket.if_indextoname(index)}")' if index else "0"
    except (OSError, OverflowError):
        return str(index)


def netlink(data: bytes) -> list[str]:
    """Return the port ID and the multicast groups of netlink in ``data``, bytes, as a list of str,
    one a member."""
    pid, groups = struct.unpack_from("=iI", data, 4)
    return [f"nl_pid={pid}", f"nl_groups={f'{groups:#08x}' if groups else '00000000'}"]


def ethernet_text(protocol: int) -> str:
    """Return ``protocol``, one of Ethernet, an int in host byte order, by its name."""
    return choice_text(protocol, ETHERNET, "ETH_P_???")


def packet(data: bytes) -> list[str]:
    """Return the link-layer address in ``data``, bytes, as a list of str, one a member."""
    (protocol,) = struct.unpack_from(">H", data, 2)
    index, hardware, kind, length = struct.unpack_from("=IHBB", data, 4)
    parts = [
        f"sll_protocol=htons({ethernet_text(protocol)})",
        f"sll_ifindex={interface(index)}",
        f"sll_hatype={choice_text(hardware, HARDWARE, 'ARPHRD_???')}",
        f"sll_pkttype={choice_text(kind, PACKET_TYPES, 'PACKET_???')}",
        f"sll_halen={length}",
    ]
    address = data[12 : 12 + length]
    if address:
        parts.append(f"sll_addr=[{', '.join(hexadecimal_byte(byte) for byte in address)}]")
    return parts


def hexadecimal_byte(byte: int) -> str:
    """Return ``byte``, an int, as text as strace has it: ``0x1``, or ``00``."""
    return f"{byte:#x}" if byte else "00"


def vsock(data: bytes) -> list[str]:
    """Return the context ID and the port of a virtual machine's socket in ``data``, bytes, as a
    list of str, one a member."""
    port, cid = struct.unpack_from("=II", data, 4)
    name = "VMADDR_CID_ANY" if cid == 0xFFFFFFFF else CIDS.get(cid) or f"{cid:#x}"
    shown = "VMADDR_PORT_ANY" if port == 0xFFFFFFFF else f"{port:#x}"
    return [f"svm_cid={name}", f"svm_port={shown}", f"svm_flags={data[12] or 0}"]


# By family: the least size, and what makes the members.
MEMBERS: dict[int, tuple[int, Callable[[bytes], list[str]]]] = {
    socket.AF_UNIX: (2, unix),
    socket.AF_INET: (16, inet),
    socket.AF_INET6: (24, inet6),
    socket.AF_NETLINK: (12, netlink),
    socket.AF_PACKET: (20, packet),
    socket.AF_VSOCK: (16, vsock),
}
