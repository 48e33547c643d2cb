"""Which CPUs there are: possible ones have a place in per-CPU maps, online ones have a ring."""

from __future__ import annotations

import os
from functools import cache

FOLDER = "/sys/devices/system/cpu"


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers of the kernel's list format: ``0-2,4`` is 0, 1, 2 and 4."""
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            cpus.extend(range(int(first), int(last or first) + 1))
    return tuple(cpus)


def read_cpu_list(name: str) -> tuple[int, ...] | None:
    """The list in one file of /sys/devices/system/cpu; None where /sys is not mounted, or hidden.

    Raises OSError for anything else: too many open files are no reason to believe in other CPUs.
    """
    try:
        with open(f"{FOLDER}/{name}") as file:
            return parse_cpu_list(file.read())
    except (FileNotFoundError, PermissionError):
        return None


@cache
def possible_cpus() -> tuple[int, ...]:
    """All CPUs that this machine could ever have; this does not change while it runs."""
    return read_cpu_list("possible") or tuple(range(os.sysconf("SC_NPROCESSORS_CONF")))


class OnlineCpus:
    """The CPUs that are online, looked at again and again.

    A look costs one pread(2) of an open file, so that it can be had for each drain.

    Attributes:
        cpus: those that the last look found.
    """

    def __init__(self) -> None:
        """Raises OSError, but not where /sys is not mounted, or hidden: then nothing changes."""
        try:
            self._fd = os.open(f"{FOLDER}/online", os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError):
            self._fd = -1
        self._text = b""
        self.cpus = possible_cpus()
        self.changed()

    def changed(self) -> bool:
        """Look: whether CPUs came or went since the last time."""
        text = os.pread(self._fd, 4096, 0) if self._fd >= 0 else b""
        if text == self._text:
            return False
        self._text = text
        self.cpus = parse_cpu_list(text.decode())
        return True

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def online_cpus() -> tuple[int, ...]:
    """The CPUs that run now: there may be holes between them."""
    return read_cpu_list("online") or possible_cpus()
