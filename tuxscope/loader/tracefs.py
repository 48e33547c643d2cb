"""Reads tracepoints' ids and formats from tracefs, even if it is not mounted."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from tuxscope.asm.attach import Tracepoint
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import Self
from tuxscope.loader.fd import Fd
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.suggest import did_you_mean, nearest

# include/uapi/linux/mount.h
FSOPEN_CLOEXEC = 1
FSMOUNT_CLOEXEC = 1
FSCONFIG_CMD_CREATE = 6

ESCAPE = r"\\([0-7]{3})"  # white space in mountinfo, such as \040


class TracepointError(TuxscopeError):
    """An error, a TuxscopeError: a tracepoint does not exist in this kernel, or cannot be read."""


class Tracefs:
    """tracefs, open for reading; a context manager.

    If it is not mounted, this makes a detached mount (Linux 5.2, needs CAP_SYS_ADMIN): it is in
    no mount table, and the kernel removes it when its fd is closed, however this process ends.

    Attributes:
        mounted_at: its mount point, or None for a detached mount.
    """

    def __init__(self) -> None:
        """Open tracefs. Raises OSError if it is not mounted and cannot be."""
        self.mounted_at = next(iter(readable_mounts()), None)
        if self.mounted_at:
            self._directory = Fd(os.open(self.mounted_at, os.O_PATH | os.O_CLOEXEC))
        else:
            self._directory = detached_mount()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.close()

    def read(self, path: str) -> str:
        """Return the text of the file ``path``, a str, relative to tracefs. Raises OSError."""
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory.fileno())
        with open(number, encoding="utf-8", errors="replace") as file:
            return file.read()

    def names(self, path: str) -> list[str]:
        """Return a sorted list of the names of the subdirectories of ``path``, a str; empty if it
        cannot be opened."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            number = os.open(path, flags, dir_fd=self._directory.fileno())
        except OSError:
            return []
        with Fd(number) as directory, os.scandir(directory.fileno()) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())

    def tracepoint_id(self, tracepoint: Tracepoint) -> int:
        """Return the ID, an int, of ``tracepoint``, a Tracepoint, for perf_event_open(2). Raises
        TracepointError with the nearest name."""
        directory = f"events/{tracepoint.category}"
        try:
            return int(self.read(f"{directory}/{tracepoint.name}/id"))
        except (FileNotFoundError, NotADirectoryError):
            near = self._near(tracepoint.category, tracepoint.name)
            raise TracepointError(f"this kernel has no tracepoint {tracepoint}{near}") from None
        except OSError as error:
            raise TracepointError(
                f"cannot read the tracepoint {tracepoint}: {os.strerror(error.errno or 0)}; "
                "run it with sudo"
            ) from error

    def _near(self, category: str, name: str) -> str:
        """Return '; did you mean NAME?' for the nearest tracepoint; empty if none is near."""
        categories, names = self.names("events"), self.names(f"events/{category}")
        tail = f"_{name.removeprefix('sys_')}"  # of write and sys_write: sys_enter_write
        longer = [each for each in names if each.endswith(tail)]
        if longer:  # the entry of a system call, and not of another one that ends so
            best = min(longer, key=lambda each: (each.startswith("sys_exit_"), len(each)))
            return f"; did you mean {best}?"
        holders = [each for each in categories if name in self.names(f"events/{each}")]
        if holders:  # the name is right
            holder = nearest(category, holders) or holders[0]
            return f"; did you mean {f'{holder}:{name}' if names else holder}?"
        if category in self.names(f"events/{name}"):
            return f"; did you mean {name}:{category}?"
        return did_you_mean(name, names) if names else did_you_mean(category, categories)


def readable_mounts() -> list[str]:
    """Return a list of the readable mount points of tracefs, in the order of
    /proc/self/mountinfo."""
    found = []
    # Mount points may be invalid UTF-8.
    with (
        suppress(OSError),
        open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts,
    ):
        for line in mounts:
            # man 5 proc: mount point is field 5, the type follows a lone hyphen.
            before, _, after = line.partition(" - ")
            if after.startswith("tracefs "):
                directory = unescaped(before.split(" ")[4])
                if os.access(f"{directory}/events", os.R_OK | os.X_OK):
                    found.append(directory)
    return found


def unescaped(path: str) -> str:
    """Return ``path``, from mountinfo, with its octal escapes decoded."""
    if "\\" not in path:  # re takes 2 ms to import
        return path
    import re

    return re.sub(ESCAPE, lambda octal: chr(int(octal[1], 8)), path)


def detached_mount() -> Fd:
    """Return the Fd of a detached mount of tracefs (fsmount(2)).

    Raises OSError; its errno is EPERM without CAP_SYS_ADMIN.
    """
    name = ctypes.create_string_buffer(b"tracefs")
    with Fd(syscall(SystemCall.FSOPEN, ctypes.addressof(name), FSOPEN_CLOEXEC)) as context:
        syscall(SystemCall.FSCONFIG, context.fileno(), FSCONFIG_CMD_CREATE, 0, 0, 0)
        return Fd(syscall(SystemCall.FSMOUNT, context.fileno(), FSMOUNT_CLOEXEC, 0))
