"""Kinds of calls on files and directories by their paths: how they are opened, modes, flags."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable

from tuxscope.calls.reads import LONGEST_READ, Count, Read, ReadKind, Status, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.basic import String, Unsigned
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import hexadecimal, quoted
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.structs import all_bytes

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

ACCESS_MODES = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE")
# The kernel's O_LARGEFILE, which libc has as 0 (arch/*/include/uapi/asm/fcntl.h); the parts of
# O_SYNC and O_TMPFILE have no names in libc.
LARGE_FILE = 0o400000 if os.uname().machine == "aarch64" else 0o100000
OPEN_FLAGS = named(
    os,
    "O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC __O_SYNC O_DSYNC O_DIRECT "
    "O_LARGEFILE O_NOFOLLOW O_NOATIME O_CLOEXEC O_PATH O_TMPFILE __O_TMPFILE O_DIRECTORY FASYNC",
    O_LARGEFILE=LARGE_FILE,
    __O_SYNC=0o4000000,
    __O_TMPFILE=0o20000000,
    FASYNC=os.O_ASYNC,
)
WITH_MODE = os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY

# include/uapi/linux/fcntl.h
AT_FLAGS = {
    0x100: "AT_SYMLINK_NOFOLLOW", 0x200: "AT_REMOVEDIR", 0x400: "AT_SYMLINK_FOLLOW",
    0x800: "AT_NO_AUTOMOUNT", 0x1000: "AT_EMPTY_PATH", 0x8000: "AT_RECURSIVE",
}  # fmt: skip
ACCESS_FLAGS = {0x100: "AT_SYMLINK_NOFOLLOW", 0x200: "AT_EACCESS", 0x1000: "AT_EMPTY_PATH"}
ACCESS = {os.F_OK: "F_OK", os.R_OK: "R_OK", os.W_OK: "W_OK", os.X_OK: "X_OK"}
# include/uapi/linux/fs.h, include/uapi/linux/openat2.h
RENAME_FLAGS = {1: "RENAME_NOREPLACE", 2: "RENAME_EXCHANGE", 4: "RENAME_WHITEOUT"}
RESOLVE_FLAGS = {
    0x01: "RESOLVE_NO_XDEV", 0x02: "RESOLVE_NO_MAGICLINKS", 0x04: "RESOLVE_NO_SYMLINKS",
    0x08: "RESOLVE_BENEATH", 0x10: "RESOLVE_IN_ROOT", 0x20: "RESOLVE_CACHED",
}  # fmt: skip
FILE_TYPES = named(stat, "S_IFREG S_IFSOCK S_IFIFO S_IFLNK S_IFDIR S_IFBLK S_IFCHR")
MODE_BITS = named(stat, "S_ISUID S_ISGID S_ISVTX")
PERMISSIONS = 0o777
DIRENT = struct.Struct("=16xH")  # struct linux_dirent64, and linux_dirent with longs of 8 bytes
DIRENT32 = struct.Struct("=8xH")


def open_text(flags: int) -> str:
    """Return ``flags``, an int, of open(2) as text, the access mode first."""
    text, rest = ACCESS_MODES[flags & os.O_ACCMODE], flags & ~os.O_ACCMODE
    if not rest:
        return text
    names = flag_text(rest, OPEN_FLAGS, "").removesuffix(" /*  */")
    return f"{text}|{names}"


def octal_text(mode: int) -> str:
    """Return ``mode``, the permissions of a file, an int, as octal text, with three digits or more:
    ``0644``, ``007``."""
    return f"0{mode:o}".rjust(3, "0")


def mode_text(mode: int) -> str:
    """Return ``mode``, that of a file with its type, an int, as text: ``S_IFREG|0644``; only in
    octal if the type has no name."""
    kind = FILE_TYPES.get(stat.S_IFMT(mode))
    if kind is None:
        return octal_text(mode)
    bits = [name for bit, name in MODE_BITS.items() if mode & bit]
    return "|".join([kind, *bits, octal_text(mode & PERMISSIONS)])


def device_text(device: int) -> str:
    """Return ``device``, the number of a device, an int, as text: ``makedev(0x1, 0x3)``."""
    major, minor = (f"{each:#x}" if each else "0" for each in (os.major(device), os.minor(device)))
    return f"makedev({major}, {minor})"


class OpenFlags(Kind):
    """A Kind: the flags of open(2)."""

    def text(self, call: Call, index: int) -> str:
        return open_text(call.unsigned(index))


class Permissions(Kind):
    """A Kind: permissions, a umode_t, in octal."""

    def text(self, call: Call, index: int) -> str:
        return octal_text(call.unsigned(index) & 0xFFFF)


class OpenMode(Permissions):
    """Permissions of a file that open(2) makes, which needs them only then.

    Attributes:
        flags: the index of the argument with the flags, an int.
    """

    def __init__(self, flags: int) -> None:
        self.flags = flags

    def is_shown(self, call: Call, index: int) -> bool:
        return bool(call.unsigned(self.flags) & WITH_MODE)


class TypeAndMode(Kind):
    """A Kind: permissions with the type of the file, as mknod(2) takes them."""

    def text(self, call: Call, index: int) -> str:
        return mode_text(call.unsigned(index) & 0xFFFF)


class Device(Kind):
    """A Kind: the number of the device that mknod(2) makes.

    Attributes:
        mode: the index of the argument with the type, an int.
    """

    def __init__(self, mode: int) -> None:
        self.mode = mode

    def is_shown(self, call: Call, index: int) -> bool:
        return stat.S_IFMT(call.unsigned(self.mode)) in (stat.S_IFCHR, stat.S_IFBLK)

    def text(self, call: Call, index: int) -> str:
        return device_text(call.unsigned(index))


class OwnerId(Unsigned):
    """An Unsigned: a user or group; -1 is to leave it."""

    def text(self, call: Call, index: int) -> str:
        return str(self.json(call, index))

    def json(self, call: Call, index: int) -> int:
        return -1 if call.signed(index) == -1 else call.unsigned(index)


class Name(String):
    """A String: a string of which ``string_size`` bytes are shown."""

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        if data is None:
            return call.address(index)
        shown = data[: call.string_size]
        cut = len(shown) < len(data) or call.read(index)[0].status is Status.CUT
        return quoted(shown, cut)


class WrittenString(String):
    """A String: a string that the call writes, so that a failed one shows the address."""

    def __init__(self) -> None:
        super().__init__(When.SUCCESS)


class OpenHow(Kind):
    """A Kind: a struct open_how (openat2(2)).

    Attributes:
        size: the index of the argument with its size, an int.
        FORM: a struct.Struct, of the class.
    """

    FORM = struct.Struct("=QQQ")

    def __init__(self, size: int) -> None:
        self.size = size

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, count=Count.ARGUMENT + self.size),)

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if data is None or len(data) < self.FORM.size:
            return call.address(index)
        flags, mode, resolve = self.FORM.unpack_from(data)
        parts = [f"flags={open_text(flags)}"]
        if mode or flags & WITH_MODE:
            parts.append(f"mode={octal_text(mode)}")
        parts.append(f"resolve={flag_text(resolve, RESOLVE_FLAGS, 'RESOLVE_???')}")
        rest = data[self.FORM.size :]
        if any(rest):
            comment = f"/* bytes {self.FORM.size}..{len(data) - 1} */"
            parts.append(f"{comment} {hexadecimal(rest[: call.string_size])}")
        return "{" + ", ".join(parts) + "}"


class Entries(Kind):
    """A Kind: the entries of a directory that getdents64(2) writes: how many there are.

    Attributes:
        CHUNKS: 3, the number of reads, of the class.
    """

    # One read has LONGEST_READ bytes at most. Behind what the call wrote they read more, which
    # does no harm.
    CHUNKS = 3

    def reads(self, index: int) -> tuple[Read, ...]:
        return tuple(
            Read(
                ReadKind.BYTES,
                index,
                count=Count.RETURNED,
                when=When.SUCCESS,
                offset=chunk * LONGEST_READ,
            )
            for chunk in range(self.CHUNKS)
        )

    def text(self, call: Call, index: int) -> str:
        address = call.address(index)
        data = self._written(call, index)
        if call.failed or not call.finished or (call.result and not data):
            return address
        form = DIRENT32 if call.word == 4 and call.name == "getdents" else DIRENT
        count = at = 0
        while at + form.size <= len(data):
            (length,) = form.unpack_from(data, at)
            if not length:
                break
            count, at = count + 1, at + length
        if len(data) < call.result:
            return f"{address} /* {count} entries or more */"
        return f"{address} /* {count} entr{'y' if count == 1 else 'ies'} */"

    def _written(self, call: Call, index: int) -> bytes:
        """Return what the call wrote, as far as it was read."""
        data = b""
        for chunk in range(self.CHUNKS):
            data += all_bytes(call, index, chunk) or b""
            if len(data) < (chunk + 1) * LONGEST_READ:
                break
        return data[: max(call.result, 0)]


class ModeResult(Number):
    """A Number: permissions as a result, as umask(2) returns them."""

    def text(self, call: Call, index: int) -> str:
        return octal_text(call.result & 0xFFFF)


KINDS: dict[str, Callable[..., Kind]] = {
    "open_flags": OpenFlags,
    "open_mode": OpenMode,
    "open_how": OpenHow,
    "descriptor_flags": lambda: Flags(OPEN_FLAGS, "O_???"),
    "mode": Permissions,
    "mode_result": ModeResult,
    "node_mode": TypeAndMode,
    "device": Device,
    "owner": OwnerId,
    "name": Name,
    "path_out": WrittenString,
    "entries": Entries,
    "at_flags": lambda: Flags(AT_FLAGS, "AT_???"),
    "access_flags": lambda: Flags(ACCESS_FLAGS, "AT_???"),
    "access": lambda: Flags(ACCESS, "?_OK"),
    "rename_flags": lambda: Flags(RENAME_FLAGS, "RENAME_???"),
    "whence": lambda: Choice(
        named(os, "SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE"), "SEEK_???"
    ),
}
