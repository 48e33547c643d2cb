"""The messages of a MapError: what the errno of a map command means (man 2 bpf).

Imported only when a command fails, so that startup does not pay for it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Protocol

from tuxscope import errors
from tuxscope.asm.maps import ARRAYS, MapType
from tuxscope.errors import strerror
from tuxscope.loader.privilege import Capability, contents

LARGEST_FLAG = 2  # BPF_EXIST; the flags above it are for maps with a spin lock, which we lack


class OpenMap(Protocol):
    """A Protocol: the attributes of a map that messages use, and the method fileno(), which returns
    an int; RawMap has them.

    Attributes:
        name: a str.
        type: its ``enum bpf_map_type``, an int.
        max_entries: the largest number of entries, an int.
    """

    name: str
    type: int
    max_entries: int

    def fileno(self) -> int: ...


def type_name(number: int) -> str:
    """Return the kernel's name of the map type with ``number``, such as ``HASH``; ``type N`` if it
    is not known."""
    try:
        return MapType(number).name
    except ValueError:
        return f"type {number}"


def creation_problem(error: OSError, name: str, map_type: int, max_entries: int) -> str:
    """Return the message, a str, for ``error``, the OSError of a failed BPF_MAP_CREATE of map
    ``name``, with its ``map_type`` and ``max_entries``, both int."""
    reason = strerror(error)
    if error.errno == errno.EPERM:
        reason = permission_problem()
    elif error.errno == errno.EINVAL and map_type == MapType.RINGBUF:
        reason += ": max_entries must be a power of two and a multiple of the page size, in bytes"
    return f"cannot create map {name} ({type_name(map_type)}, {max_entries} entries): {reason}"


def opening_problem(error: OSError, problem: str) -> str:
    """Return ``problem``, a str, with the reason in ``error``, an OSError: opening another
    process's map needs CAP_SYS_ADMIN."""
    reason = strerror(error)
    if error.errno == errno.EPERM:
        reason = permission_problem(Capability.SYS_ADMIN)
    return f"{problem}: {reason}"


def reading_problem(error: OSError, map: OpenMap) -> str:
    """Return the message, a str, for ``error``, the OSError of a failed lookup in ``map``, an
    OpenMap."""
    match error.errno:
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_WRONLY, "write-only (BPF_F_WRONLY)")
        case errno.EINVAL | errno.EOPNOTSUPP | errors.ENOTSUPP:
            reason = (
                f"{strerror(error)}: user space cannot read a map of type {type_name(map.type)}"
            )
        case _:
            reason = strerror(error)
    return f"cannot read map {map.name}: {reason}"


def update_problem(error: OSError, map: OpenMap, key: str, flags: int) -> str:
    """Return the message, a str, for ``error``, the OSError of a failed update of ``key`` (as text)
    in ``map``, an OpenMap, with ``flags``, an int."""
    array = map.type in ARRAYS
    match error.errno:
        case errno.E2BIG if array:
            reason = f"the index is out of range; use 0 to {map.max_entries - 1} (E2BIG)"
        case errno.E2BIG | errno.ENOSPC:
            code = errno.errorcode[error.errno]
            reason = (
                f"the map is full with {map.max_entries} entries ({code}); raise its max_entries"
            )
        case errno.EEXIST:
            reason = "the key exists, and NOEXIST only adds keys; use ANY or EXIST (EEXIST)"
            if array:
                reason = "all entries of an array exist, so NOEXIST always fails; use ANY (EEXIST)"
        case errno.ENOENT:
            reason = (
                "the key does not exist, and EXIST only changes values; use ANY or NOEXIST (ENOENT)"
            )
        case errno.EINVAL if flags > LARGEST_FLAG:
            reason = f"invalid flags {flags:#x}; use ANY, NOEXIST or EXIST (EINVAL)"
        case errno.EINVAL if map.type == MapType.LPM_TRIE:
            reason = "the prefix is longer than the key (EINVAL)"
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_RDONLY, "read-only (BPF_F_RDONLY)")
        case _:
            reason = other(error, map.type)
    return f"cannot update key {key} of map {map.name}: {reason}"


def deletion_problem(error: OSError, map: OpenMap, key: str) -> str:
    """Return the message, a str, for ``error``, the OSError of a failed deletion of ``key`` (as
    text) in ``map``, an OpenMap."""
    match error.errno:
        case errno.EINVAL if map.type in ARRAYS:
            reason = "entries of an array cannot be deleted; set it to zero (EINVAL)"
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_RDONLY, "read-only (BPF_F_RDONLY)")
        case _:
            reason = other(error, map.type)
    return f"cannot delete key {key} of map {map.name}: {reason}"


def other(error: OSError, map_type: int) -> str:
    """Return the reason, a str, for ``error``, an OSError, with an errno that updates and deletions
    share, for a map of type ``map_type`` (a number)."""
    match error.errno:
        case errno.ENOMEM:
            return "out of memory (ENOMEM); see: free -m"
        case errno.EBUSY:
            return "a program holds the lock of its bucket (EBUSY); try again"
        case errno.EOPNOTSUPP | errors.ENOTSUPP:
            kind = type_name(map_type)
            return f"{strerror(error)}: user space cannot do that with a map of type {kind}"
    return strerror(error)


def not_permitted(fd: int, mode: int, meaning: str) -> str:
    """Return the reason, a str, of an EPERM: the map of ``fd``, an int, is frozen, opened in the
    wrong mode, or a privilege is missing.

    ``mode``, an int, is the access mode of open(2) that forbids the operation, ``meaning``, a str,
    its name.
    """
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == mode:
        return f"it is {meaning} for user space (EPERM)"
    if mode == os.O_RDONLY and "\nfrozen:\t1\n" in contents(f"/proc/self/fdinfo/{fd}"):
        return "it is frozen (BPF_MAP_FREEZE): user space cannot change it (EPERM)"
    return permission_problem()


def permission_problem(needed: Capability = Capability.BPF) -> str:
    """Return the reason, a str, of an EPERM that the fd does not explain: the operation needs
    ``needed``, a Capability."""
    from tuxscope.loader import failed_load  # lazy: only failures need it

    return failed_load.permission_problem([needed])
