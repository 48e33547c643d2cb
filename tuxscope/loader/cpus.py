"""Possible CPUs, which have values in per-CPU maps, and online CPUs, which have rings."""

from __future__ import annotations

import os
from functools import cache

DIRECTORY = "/sys/devices/system/cpu"


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """Return the CPUs in ``text``, a str in the kernel's CPU list format, as a tuple of int.

    ``0-2,4`` is (0, 1, 2, 4).
    """
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            cpus.extend(range(int(first), int(last or first) + 1))
    return tuple(cpus)


def read_cpu_list(name: str) -> tuple[int, ...] | None:
    """Return the CPUs in file ``name``, a str, of /sys/devices/system/cpu, as a tuple of int; None
    if the file is missing or unreadable.

    Raises OSError for any other error, such as EMFILE.
    """
    try:
        with open(f"{DIRECTORY}/{name}") as file:
            return parse_cpu_list(file.read())
    except (FileNotFoundError, PermissionError):
        return None


@cache
def possible_cpus() -> tuple[int, ...]:
    """Return all possible CPUs, as a tuple of int; constant while the system runs, so cached."""
    return read_cpu_list("possible") or tuple(range(os.sysconf("SC_NPROCESSORS_CONF")))


class OnlineCpus:
    """The online CPUs, which may change.

    A call of :meth:`changed` costs one pread(2), so it is cheap enough for each drain.

    Attributes:
        cpus: the online CPUs at the last call of :meth:`changed`, as a tuple.
    """

    def __init__(self) -> None:
        """Open the file in /sys; if it is missing, all possible CPUs count. Raises OSError."""
        try:
            self._fd = os.open(f"{DIRECTORY}/online", os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError):
            self._fd = -1
        self._text = b""
        self.cpus = possible_cpus()
        self.changed()

    def changed(self) -> bool:
        """Read the list again; return a bool, whether it has changed."""
        text = os.pread(self._fd, 4096, 0) if self._fd >= 0 else b""
        if text == self._text:
            return False
        self._text = text
        self.cpus = parse_cpu_list(text.decode())
        return True

    def close(self) -> None:
        """Close the file; closing again does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def online_cpus() -> tuple[int, ...]:
    """Return the CPUs that are online now, as a tuple of int; their numbers may have gaps."""
    return read_cpu_list("online") or possible_cpus()
