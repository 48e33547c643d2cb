"""Kinds of the commands of ioctl(2) and their arguments; ioctls.tsv has the names."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from functools import cache

from tuxscope.calls.reads import Read, ReadKind
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.interfaces import REQUEST_SIZE, request_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import choice_text, hexadecimal_text
from tuxscope.programs.syscall.arguments.terminals import settings_text, window_text

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

FILE = os.path.join(os.path.dirname(__file__), "ioctls.tsv")
DIRECTIONS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")

WITHOUT_ARGUMENT = frozenset((
    "TIOCEXCL", "TIOCNXCL", "TIOCNOTTY", "TIOCSBRK", "TIOCCBRK", "TIOCCONS", "TIOCVHANGUP",
    "TIOCSSERIAL", "FIOCLEX", "FIONCLEX", "BLKRRPART", "BLKFLSBUF", "BLKTRACESTART",
    "BLKTRACESTOP", "BLKTRACETEARDOWN", "FIFREEZE", "FITHAW", "RNDCLEARPOOL", "RNDRESEEDCRNG",
    "RTC_AIE_ON", "RTC_AIE_OFF", "RTC_UIE_ON", "RTC_UIE_OFF", "NS_GET_USERNS", "NS_GET_PARENT",
    "NS_GET_NSTYPE", "LOOP_CLR_FD", "LOOP_SET_CAPACITY", "LOOP_CTL_GET_FREE", "BTRFS_IOC_SYNC",
    "WDIOC_KEEPALIVE",
))  # fmt: skip
# The argument is a number.
NUMBERS = frozenset((
    "TIOCSCTTY", "TCSBRK", "TCSBRKP", "FICLONE", "LOOP_SET_FD", "LOOP_CHANGE_FD",
    "LOOP_SET_DIRECT_IO", "LOOP_SET_BLOCK_SIZE", "LOOP_CTL_ADD", "LOOP_CTL_REMOVE",
))  # fmt: skip
# The argument points to a number that the call reads, or writes; as module struct has them, with
# l as wide as the ABI's long.
READ_NUMBERS = {
    "FIONBIO": "i", "FIOASYNC": "i", "TIOCSPGRP": "i", "TIOCSPTLCK": "i", "TIOCSETD": "I",
    "TIOCPKT": "i", "TIOCSSOFTCAR": "i", "BLKROSET": "i", "FIOSETOWN": "i", "SIOCSPGRP": "i",
    "BLKBSZSET": "i",
}  # fmt: skip
WRITTEN_NUMBERS = {
    "FIONREAD": "i", "TIOCOUTQ": "i", "TIOCGPGRP": "i", "TIOCGSID": "i", "TIOCGPTN": "i",
    "TIOCGETD": "I", "TIOCGSOFTCAR": "i", "SIOCATMARK": "i", "FIOGETOWN": "i",
    "SIOCGPGRP": "i", "TIOCGEXCL": "i", "BLKROGET": "i",
    "BLKSSZGET": "i", "BLKBSZGET": "i", "BLKPBSZGET": "I", "BLKIOMIN": "I", "BLKIOOPT": "I",
    "BLKALIGNOFF": "i", "BLKSECTGET": "H", "BLKROTATIONAL": "H", "BLKDISCARDZEROES": "I",
    "BLKRAGET": "l", "BLKFRAGET": "l", "BLKGETSIZE": "L", "BLKGETSIZE64": "Q",
    "RNDGETENTCNT": "i",
}  # fmt: skip
SETTINGS = ("TCGETS", "TCSETS", "TCSETSW", "TCSETSF", "TCGETS2", "TCSETS2", "TCSETSW2", "TCSETSF2")
OLD_SETTINGS = ("TCGETA", "TCSETA", "TCSETAW", "TCSETAF")
MODEM_LINES = ("TIOCMGET", "TIOCMBIS", "TIOCMBIC", "TIOCMSET")
WINDOW = ("TIOCGWINSZ", "TIOCSWINSZ")
FILE_FLAG_COMMANDS = ("FS_IOC_GETFLAGS", "FS_IOC_SETFLAGS")
POINTERS = frozenset((
    *READ_NUMBERS, *WRITTEN_NUMBERS, *SETTINGS, *OLD_SETTINGS, *MODEM_LINES, *WINDOW,
    *FILE_FLAG_COMMANDS,
))  # fmt: skip
QUEUES = {0: "TCIFLUSH", 1: "TCOFLUSH", 2: "TCIOFLUSH"}
FLOWS = {0: "TCOOFF", 1: "TCOON", 2: "TCIOFF", 3: "TCION"}
MODEM = {
    0x001: "TIOCM_LE", 0x002: "TIOCM_DTR", 0x004: "TIOCM_RTS", 0x008: "TIOCM_ST",
    0x010: "TIOCM_SR", 0x020: "TIOCM_CTS", 0x040: "TIOCM_CAR", 0x080: "TIOCM_RNG",
    0x100: "TIOCM_DSR", 0x2000: "TIOCM_OUT1", 0x4000: "TIOCM_OUT2", 0x8000: "TIOCM_LOOP",
}  # fmt: skip
# include/uapi/linux/fs.h
FILE_FLAGS = {1 << bit: f"FS_{name}_FL" for bit, name in {
    0: "SECRM", 1: "UNRM", 2: "COMPR", 3: "SYNC", 4: "IMMUTABLE", 5: "APPEND", 6: "NODUMP",
    7: "NOATIME", 8: "DIRTY", 9: "COMPRBLK", 10: "NOCOMP", 11: "ENCRYPT", 12: "INDEX",
    13: "IMAGIC", 14: "JOURNAL_DATA", 15: "NOTAIL", 16: "DIRSYNC", 17: "TOPDIR",
    18: "HUGE_FILE", 19: "EXTENT", 20: "VERITY", 21: "EA_INODE", 22: "EOFBLOCKS", 23: "NOCOW",
    25: "DAX", 28: "INLINE_DATA", 29: "PROJINHERIT", 30: "CASEFOLD", 31: "RESERVED",
}.items()}  # fmt: skip


@cache
def commands() -> Mapping[int, str]:
    """Return a mapping of the names of commands, str, by number; of a number with two, both:
    ``A or B``."""
    with open(FILE, encoding="utf-8") as table:
        rows = (line.rstrip("\n").split("\t") for line in table if not line.startswith("#"))
        return {int(number, 16): name for number, name in rows}


def command_text(number: int) -> str:
    """Return the name of the command ``number``, an int, or how that is made (ioctl(2))."""
    if number in commands():
        return commands()[number]
    parts = (number >> 8 & 0xFF, number & 0xFF, number >> 16 & 0x3FFF)
    shown = ", ".join(map(hexadecimal_text, parts))
    return f"_IOC({DIRECTIONS[number >> 30]}, {shown})"


class IoctlCommand(Kind):
    """A Kind: the command of ioctl(2)."""

    def text(self, call: Call, index: int) -> str:
        return command_text(call.unsigned(index))


class IoctlArgument(Kind):
    """A Kind: the argument of ioctl(2).

    Attributes:
        command: the index of the argument with the command, an int.
    """

    def __init__(self, command: int) -> None:
        self.command = command

    def reads(self, index: int) -> tuple[Read, ...]:
        # A struct ifreq is the largest; a number may have nothing behind it.
        return (
            Read(ReadKind.BYTES, index, size=REQUEST_SIZE, most=REQUEST_SIZE),
            Read(ReadKind.BYTES, index, size=8, most=8),
        )

    def is_shown(self, call: Call, index: int) -> bool:
        return self._name(call) not in WITHOUT_ARGUMENT

    def json(self, call: Call, index: int) -> Any:
        text = self.text(call, index)
        return call.signed(index) if self._name(call) in NUMBERS else text

    def text(self, call: Call, index: int) -> str:
        name = self._name(call)
        if name in NUMBERS:
            return str(call.signed(index))
        if name == "PERF_EVENT_IOC_RESET" and call.unsigned(index) == 1:
            return "PERF_IOC_FLAG_GROUP"
        if name == "TCFLSH":
            return choice_text(call.unsigned(index), QUEUES, "TC???")
        if name == "TCXONC":
            return choice_text(call.unsigned(index), FLOWS, "TC???")
        data = call.data(index) or call.data(index, 1) or b""
        text = self._pointed(call, name, data)
        if text is not None:
            return text
        if name.startswith("SIOC") or name in POINTERS:
            return call.address(index)
        return hexadecimal_text(call.long(index) & (1 << call.word * 8) - 1)

    def _name(self, call: Call) -> str:
        """Return the name of the command; of two, the second."""
        name = commands().get(call.unsigned(self.command), "")
        return name.rpartition(" or ")[2]

    def _pointed(self, call: Call, name: str, data: bytes) -> str | None:
        """Return what the argument points to as text; None if that is not known."""
        returned = call.finished and not call.failed
        if name.startswith("SIOC") and (text := request_text(name, data, returned)):
            return text
        if not returned and (name in WRITTEN_NUMBERS or "GET" in name or "TIOCG" in name):
            return None
        if name in SETTINGS:
            return settings_text(data, old=False)
        if name in OLD_SETTINGS:
            return settings_text(data, old=True)
        if name in WINDOW:
            return window_text(data)
        if name in MODEM_LINES:
            return flags_at(data, MODEM, "TIOCM_???")
        if name in FILE_FLAG_COMMANDS:
            return flags_at(data, FILE_FLAGS, "FS_???_FL")
        code = READ_NUMBERS.get(name) or WRITTEN_NUMBERS.get(name)
        return number_at(data, code, call.word) if code else None


def number_at(data: bytes, code: str, word: int) -> str | None:
    """Return the number at the start of ``data``, bytes, as text: ``[5]``; None if ``data`` is too
    short.

    ``code``, a str, is as in a Member, ``word`` the size of a long in bytes, an int.
    """
    if word == 8:
        code = {"l": "q", "L": "Q"}.get(code, code)
    form = struct.Struct(f"={code}")
    return f"[{form.unpack_from(data)[0]}]" if len(data) >= form.size else None


def flags_at(data: bytes, names: Mapping[int, str], unknown: str) -> str | None:
    """Return the flags, 32 bits, at the start of ``data``, bytes, as text in brackets; None if
    ``data`` is too short. ``names`` and ``unknown`` are as for :func:`flag_text`, a mapping and a
    str."""
    if len(data) < 4:
        return None
    return f"[{flag_text(struct.unpack_from('=I', data)[0], names, unknown)}]"


KINDS: dict[str, Callable[..., Kind]] = {
    "ioctl_command": IoctlCommand,
    "ioctl_argument": IoctlArgument,
}
