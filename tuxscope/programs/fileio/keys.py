"""``--by``: what the summary counts by."""

from __future__ import annotations

from enum import Enum


class FileBy(Enum):
    """An enum of ``--by``: what is counted by. Members: FILE = "file", PROCESS = "process",
    DIRECTORY = "directory", MOUNT = "mount"."""

    FILE = "file"
    PROCESS = "process"
    DIRECTORY = "directory"
    MOUNT = "mount"
