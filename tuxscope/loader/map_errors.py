"""The words of a MapError: what the kernel's answers to commands on maps mean (man 2 bpf).

Imported where there is an error: a run without one starts without it.
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

LARGEST_FLAG = 2  # BPF_EXIST; what is above is for maps with a lock, which none of ours has


class OpenMap(Protocol):
    """What is asked of a map, as :class:`tuxscope.loader.raw_map.RawMap` has it."""

    name: str
    type: int
    max_entries: int

    def fileno(self) -> int: ...


def type_name(number: int) -> str:
    """A map type as the kernel calls it, or its number."""
    try:
        return MapType(number).name
    except ValueError:
        return f"type {number}"


def creation_problem(error: OSError, name: str, map_type: int, max_entries: int) -> str:
    """Why the kernel made no map."""
    reason = strerror(error)
    if error.errno == errno.EPERM:
        reason = why_not_permitted()
    elif error.errno == errno.EINVAL and map_type == MapType.RINGBUF:
        reason += ": its max_entries, in bytes, is a power of two and a multiple of the page size"
    return f"the kernel made no map {name} ({type_name(map_type)}, {max_entries} entries): {reason}"


def opening_problem(error: OSError, problem: str) -> str:
    """Why a map that another process made was not found; that takes CAP_SYS_ADMIN."""
    reason = strerror(error)
    if error.errno == errno.EPERM:
        reason = why_not_permitted(Capability.SYS_ADMIN)
    return f"{problem}: {reason}"


def reading_problem(error: OSError, map: OpenMap) -> str:
    """Why a map cannot be read."""
    match error.errno:
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_WRONLY, "write-only (BPF_F_WRONLY)")
        case errno.EINVAL | errno.EOPNOTSUPP | errors.ENOTSUPP:
            reason = f"{strerror(error)}: user space cannot read a {type_name(map.type)} so"
        case _:
            reason = strerror(error)
    return f"map {map.name} cannot be read: {reason}"


def update_problem(error: OSError, map: OpenMap, key: str, flags: int) -> str:
    """Why an entry was not set. ``key`` and ``flags`` are what was asked for."""
    array = map.type in ARRAYS
    match error.errno:
        case errno.E2BIG if array:
            reason = f"there is no such entry; it has 0 to {map.max_entries - 1} (E2BIG)"
        case errno.E2BIG | errno.ENOSPC:
            code = errno.errorcode[error.errno]
            reason = (
                f"the map is full with {map.max_entries} entries ({code}); raise its max_entries"
            )
        case errno.EEXIST:
            reason = "there is such an entry, and NOEXIST adds new ones alone (EEXIST)"
            if array:
                reason = "all entries of an array exist, so NOEXIST cannot be (EEXIST)"
        case errno.ENOENT:
            reason = "there is no such entry, and EXIST changes what is there (ENOENT)"
        case errno.EINVAL if flags > LARGEST_FLAG:
            reason = f"it does not take the flags {flags:#x} (EINVAL)"
        case errno.EINVAL if map.type == MapType.LPM_TRIE:
            reason = "the prefix is longer than the key (EINVAL)"
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_RDONLY, "read-only (BPF_F_RDONLY)")
        case _:
            reason = other(error, map.type)
    return f"map {map.name} does not take entry {key}: {reason}"


def deletion_problem(error: OSError, map: OpenMap, key: str) -> str:
    """Why an entry was not deleted."""
    match error.errno:
        case errno.EINVAL if map.type in ARRAYS:
            reason = "all entries of an array exist for ever; set it to zero (EINVAL)"
        case errno.EPERM:
            reason = not_permitted(map.fileno(), os.O_RDONLY, "read-only (BPF_F_RDONLY)")
        case _:
            reason = other(error, map.type)
    return f"map {map.name} does not delete entry {key}: {reason}"


def other(error: OSError, map_type: int) -> str:
    """What may happen to a write of any kind."""
    match error.errno:
        case errno.ENOMEM:
            return "the kernel has no memory for it (ENOMEM); see: free -m"
        case errno.EBUSY:
            return "a program holds its lock (EBUSY); try again"
        case errno.EOPNOTSUPP | errors.ENOTSUPP:
            return f"{strerror(error)}: user space cannot do that with a {type_name(map_type)}"
    return strerror(error)


def not_permitted(fd: int, mode: int, meaning: str) -> str:
    """What an EPERM was: the way in which the map was opened (``mode``), that it is frozen, or a
    lack of privilege."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == mode:
        return f"it is {meaning} for user space (EPERM)"
    if mode == os.O_RDONLY and "\nfrozen:\t1\n" in contents(f"/proc/self/fdinfo/{fd}"):
        return "it is frozen: user space cannot change it any more (EPERM)"
    return why_not_permitted()


def why_not_permitted(needed: Capability = Capability.BPF) -> str:
    """What else an EPERM was."""
    from tuxscope.loader import refusal  # a run that is permitted all need not wait for it

    return refusal.why_not_permitted([needed])
