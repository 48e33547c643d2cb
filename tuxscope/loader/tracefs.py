"""tracefs: tracepoints' ids and formats, whether it is mounted or not."""

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

ESCAPE = r"\\([0-7]{3})"  # how mountinfo writes spaces and the like: \040


class TracepointError(TuxscopeError):
    """A tracepoint that this kernel does not have, or does not show us."""


class Tracefs:
    """tracefs, open for reading; a context manager.

    Where it is not mounted, a detached mount is made (Linux 5.2, needs CAP_SYS_ADMIN): it is in
    no mount table, and is gone when it is closed, however this process ends.

    Attributes:
        mounted_at: its mount point, or None for a detached mount.
    """

    def __init__(self) -> None:
        """Open it. Raises OSError where there is none and none can be made."""
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
        """A file's text. Raises OSError."""
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory.fileno())
        with open(number, encoding="utf-8", errors="replace") as file:
            return file.read()

    def names(self, path: str) -> list[str]:
        """The subdirectories of a directory; empty if it does not exist."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            number = os.open(path, flags, dir_fd=self._directory.fileno())
        except OSError:
            return []
        with Fd(number) as directory, os.scandir(directory.fileno()) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())

    def tracepoint_id(self, tracepoint: Tracepoint) -> int:
        """The number that perf_event_open takes. Raises TracepointError with the nearest name."""
        directory = f"events/{tracepoint.category}"
        try:
            return int(self.read(f"{directory}/{tracepoint.name}/id"))
        except (FileNotFoundError, NotADirectoryError):
            near = self._near(tracepoint.category, tracepoint.name)
            raise TracepointError(f"this kernel has no tracepoint {tracepoint}{near}") from None
        except OSError as error:
            raise TracepointError(
                f"cannot read the tracepoint {tracepoint}: {os.strerror(error.errno or 0)}; "
                "run as root"
            ) from error

    def _near(self, category: str, name: str) -> str:
        """What may be meant, as a question; empty where nothing is near."""
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
    """The mount points of tracefs that can be read."""
    found = []
    # Mount points are bytes, of any kind.
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
    """Decode the octal escapes of a path in mountinfo."""
    if "\\" not in path:  # re takes 2 ms to import
        return path
    import re

    return re.sub(ESCAPE, lambda octal: chr(int(octal[1], 8)), path)


def detached_mount() -> Fd:
    """Mount tracefs nowhere. Raises OSError, EPERM without CAP_SYS_ADMIN among others."""
    name = ctypes.create_string_buffer(b"tracefs")
    with Fd(syscall(SystemCall.FSOPEN, ctypes.addressof(name), FSOPEN_CLOEXEC)) as context:
        syscall(SystemCall.FSCONFIG, context.fileno(), FSCONFIG_CMD_CREATE, 0, 0, 0)
        return Fd(syscall(SystemCall.FSMOUNT, context.fileno(), FSMOUNT_CLOEXEC, 0))
