"""File systems of a test's own, each on a loop device; all of it is gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pace import LIMIT

SIZE = 320 << 20  # bytes, sparse: XFS asks for 300 MiB
# How each is made, so that nothing goes on in the background, and what it is mounted with.
MAKERS = {
    "ext4": (
        ("mkfs.ext4", "-q", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
        "defaults",
    ),
    "xfs": (("mkfs.xfs", "-q"), "defaults"),
    # Without checksums there is direct I/O.
    "btrfs": (("mkfs.btrfs", "-q"), "nodatasum"),
}


@dataclass(frozen=True)
class FileSystem:
    """One that is mounted.

    Attributes:
        kind: ext4, xfs or btrfs.
        where: its mount point.
        image: the file that the loop device stands for.
        loop: the name of the device, loop0.
        devices: the numbers under which rows may count it, the file system's and the device's:
            major << 20 | minor.
    """

    kind: str
    where: Path
    image: Path
    loop: str
    devices: frozenset[int]

    def flush(self) -> None:
        """Write all of it to the device."""
        run("sync", "--file-system", str(self.where))


@dataclass(frozen=True)
class LoopDevice:
    """A loop device with a file system on it."""

    kind: str
    path: str
    image: Path

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def moved(self) -> tuple[int, int]:
        """The bytes that it has read and written since it was made (Documentation/block/stat)."""
        numbers = Path("/sys/block", self.name, "stat").read_text().split()
        return 512 * int(numbers[2]), 512 * int(numbers[6])

    @contextmanager
    def mounted(self) -> Iterator[FileSystem]:
        where = self.image.parent / "mounted"
        where.mkdir()
        _, options = MAKERS[self.kind]
        if why := refused("mount", "-t", self.kind, "-o", options, self.path, str(where)):
            where.rmdir()
            pytest.skip(f"{self.kind} cannot be mounted: {why}")
        try:
            yield FileSystem(self.kind, where, self.image, self.name, self.devices(where))
        finally:
            run("umount", str(where))
            where.rmdir()

    def devices(self, where: Path) -> frozenset[int]:
        own = os.stat(self.path).st_rdev
        numbers = {os.major(own) << 20 | os.minor(own)}
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            parts = line.split(" ")
            if parts[4] == str(where):
                major, minor = map(int, parts[2].split(":"))
                numbers.add(major << 20 | minor)
        return frozenset(numbers)


@contextmanager
def loop_device(kind: str, folder: Path, *options: str) -> Iterator[LoopDevice]:
    """A loop device with an empty file system of a kind; ``options`` are losetup's.

    Skips the test where the machine cannot make it.
    """
    maker, _ = MAKERS[kind]
    for tool in (maker[0], "losetup", "mount"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    image = folder / f"{kind}.img"
    with open(image, "wb") as file:
        file.truncate(SIZE)
    try:
        run(*maker, str(image))
        made = subprocess.run(
            ["losetup", "--find", "--show", *options, str(image)],
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        if made.returncode:
            pytest.skip(f"no loop device: {made.stderr.strip()}")
        path = made.stdout.strip()
        try:
            yield LoopDevice(kind, path, image)
        finally:
            run("losetup", "--detach", path)
    finally:
        image.unlink()


@contextmanager
def file_system(kind: str, folder: Path, *options: str) -> Iterator[FileSystem]:
    """A file system of a kind that is mounted; ``options`` are losetup's."""
    with loop_device(kind, folder, *options) as device, device.mounted() as mounted:
        yield mounted


def run(*command: str) -> None:
    assert not (why := refused(*command)), f"{' '.join(command)}: {why}"


def refused(*command: str) -> str:
    """What a command says when it fails; empty where it does not."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    return (done.stderr.strip() or "it fails") if done.returncode else ""
