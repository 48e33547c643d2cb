"""struct ifreq: a network interface, as ioctl(2) asks for it (netdevice(7))."""

from __future__ import annotations

import struct

from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.socket_addresses import sockaddr_text

NAME_SIZE = 16
REQUEST_SIZE = 40
# include/uapi/linux/if.h
FLAGS = dict(enumerate((
    "IFF_UP", "IFF_BROADCAST", "IFF_DEBUG", "IFF_LOOPBACK", "IFF_POINTOPOINT", "IFF_NOTRAILERS",
    "IFF_RUNNING", "IFF_NOARP", "IFF_PROMISC", "IFF_ALLMULTI", "IFF_MASTER", "IFF_SLAVE",
    "IFF_MULTICAST", "IFF_PORTSEL", "IFF_AUTOMEDIA", "IFF_DYNAMIC",
)))  # fmt: skip
FLAG_NAMES = {1 << bit: name for bit, name in FLAGS.items()}
# What a command reads or sets, by the end of its name
ADDRESSES = {
    "ADDR": "ifr_addr", "DSTADDR": "ifr_dstaddr", "BRDADDR": "ifr_broadaddr",
    "NETMASK": "ifr_netmask",
}  # fmt: skip
NUMBERS = {
    "INDEX": "ifr_ifindex", "METRIC": "ifr_metric", "MTU": "ifr_mtu", "TXQLEN": "ifr_qlen",
}  # fmt: skip
HARDWARE = {1: "ARPHRD_ETHER", 0x304: "ARPHRD_LOOPBACK", 0xFFFE: "ARPHRD_NONE"}


def request_text(command: str, data: bytes, returned: bool) -> str | None:
    """Return the struct ifreq in ``data``, bytes, as text; None if ``data`` is too short, or
    ``command``, the name of the ioctl, is not known.

    ``returned``, a bool, is whether the call has answered.
    """
    what = command.removeprefix("SIOCGIF").removeprefix("SIOCSIF")
    if len(data) < REQUEST_SIZE or what == command:
        return None
    name = f"ifr_name={quoted(data[:NAME_SIZE].partition(bytes(1))[0])}"
    value = data[NAME_SIZE:]
    (number,) = struct.unpack_from("=i", value)
    if what == "NAME":
        index = f"ifr_ifindex={number}"
        return f"{{{index}, {name}}}" if returned else f"{{{index}}}"
    shown = value_text(what, number, value)
    if shown is None:
        return None
    if command.startswith("SIOCG") and not returned:
        return f"{{{name}}}"
    return f"{{{name}, {shown}}}"


def value_text(what: str, number: int, value: bytes) -> str | None:
    """Return what a struct ifreq has behind the name as text: ``value``, bytes, which begins with
    ``number``, an int. ``what``, a str, is the end of the command's name, as ``MTU``; None if it is
    not known."""
    if what == "FLAGS":
        return f"ifr_flags={flag_text(number & 0xFFFF, FLAG_NAMES, 'IFF_???')}"
    if what in ADDRESSES:
        return f"{ADDRESSES[what]}={sockaddr_text(value[:16])}"
    if what in NUMBERS:
        return f"{NUMBERS[what]}={number}"
    if what == "HWADDR":
        family = number & 0xFFFF
        shown = HARDWARE.get(family) or f"{family:#x}"
        octets = ":".join(f"{byte:02x}" for byte in value[2:8])
        return f"ifr_hwaddr={{sa_family={shown}, sa_data={octets}}}"
    return None
