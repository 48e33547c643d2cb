"""Writes files in a student's directory: atomically, and owned by the student under sudo, too."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def chown_to_caller(fd: int) -> None:
    """Change the owner of the file or directory open as ``fd`` to the user who called sudo, if
    there is one."""
    ids = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if os.geteuid() == 0 and all(each.isascii() and each.isdigit() for each in ids):
        os.fchown(fd, *map(int, ids))


def make_directory(path: str) -> None:
    """Make a new directory at ``path``. Raises OSError."""
    os.mkdir(path)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        chown_to_caller(fd)
    finally:
        os.close(fd)


def create(path: str, data: bytes) -> None:
    """Write ``data``, bytes, to a new file at ``path``. Raises FileExistsError or another
    OSError."""
    fd = os.open(path, NEW, 0o666)
    with open(fd, "wb") as file:
        chown_to_caller(fd)
        file.write(data)


def replace(path: str, data: bytes) -> None:
    """Write ``data``, bytes, to a new file at ``path``, or replace the old one. Raises OSError; the
    old one is then unchanged."""
    temporary = f"{path}.{secrets.token_hex(4)}"
    try:
        create(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
