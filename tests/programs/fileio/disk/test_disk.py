"""What reaches a device is counted: each byte once, for its file, and for who made it dirty."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from files.watching import WithoutCasts
from filesystems import FileSystem, file_system, loop_device, refused, run
from waiting import wait_until

from programs.fileio.disk.counting import Counting, DiskUse, counting, process
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.raw_map import MapError
from tuxscope.programs.fileio.disk.layout import has_member
from tuxscope.programs.fileio.disk.records import ROWS, Identity, Moved, RowKey
from tuxscope.programs.fileio.disk.rows import OTHERS

pytestmark = pytest.mark.kernel

MIB = 1 << 20
KINDS = ("ext4", "xfs", "btrfs")
WRITE = """
fd = os.open(path, os.O_CREAT | os.O_WRONLY)
for _ in range(4):
    os.write(fd, b"x" * MiB)
os.write(fd, b"the end")
"""
FIRST = "fd = os.open(path, os.O_CREAT | os.O_WRONLY); os.pwrite(fd, b'1' * MiB, MiB)"
SECOND = "fd = os.open(path, os.O_WRONLY); os.pwrite(fd, b'2' * MiB, 0)"
STORE = """
fd = os.open(path, os.O_CREAT | os.O_RDWR)
os.ftruncate(fd, 64 * mmap.PAGESIZE)
stored = mmap.mmap(fd, 0)
stored.madvise(mmap.MADV_RANDOM)  # no page but those
for page in 3, 17, 40:
    stored[page * mmap.PAGESIZE] = 1
"""
DIRECT = """
fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_DIRECT)
memory = mmap.mmap(-1, 3 * MiB)
memory[:] = b"d" * len(memory)  # btrfs writes pages through its cache that are not there yet
assert os.write(fd, memory) == len(memory)
os.lseek(fd, 0, os.SEEK_SET)
assert os.readv(fd, [memory]) == len(memory)
"""
# The memory that is written belongs to another file.
DIRECT_FROM_A_FILE = """
source = os.open(path + ".source", os.O_CREAT | os.O_RDWR)
os.write(source, b"s" * MiB)
os.fsync(source)
memory = mmap.mmap(source, MiB, mmap.MAP_SHARED, mmap.PROT_READ)
assert memory[::4096] == b"s" * 256
fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_DIRECT)
assert os.write(fd, memory) == MiB
"""
PAGE_OUT = """
for kind in mmap.MAP_PRIVATE, mmap.MAP_SHARED:
    memory = mmap.mmap(-1, 2 * MiB, kind | mmap.MAP_ANONYMOUS)
    for page in range(0, len(memory), mmap.PAGESIZE):
        memory[page : page + 16] = os.urandom(16)
    memory.madvise(21)  # MADV_PAGEOUT
"""
READ = """
fd = os.open(path, os.O_RDONLY)
while os.read(fd, 1 << 16):
    pass
"""


@pytest.fixture(params=KINDS)
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileSystem]:
    with file_system(request.param, tmp_path) as made:
        yield made


def pages(size: int) -> int:
    """Rounded up to whole pages."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def only(rows: list[DiskUse]) -> DiskUse:
    assert len(rows) == 1, rows
    return rows[0]


@pytest.mark.parametrize("layout", [RunningKernelLayout, WithoutCasts])
def test_the_verifier_accepts_the_programs(layout: type[RunningKernelLayout]) -> None:
    """Also where there is no file system to try them on."""
    with counting(layout()) as counted:
        assert len(counted.loaded.programs) == 4


@pytest.mark.parametrize("layout", [RunningKernelLayout, WithoutCasts])
def test_the_writer_of_what_is_flushed_later(
    mounted: FileSystem, layout: type[RunningKernelLayout]
) -> None:
    path = mounted.where / "directory" / "file"
    path.parent.mkdir()
    with counting(layout()) as counted:
        pid = process(WRITE, path, "wrote and left")
        mounted.flush()
        row = only(counted.of_path(path))
    assert (row.pid, row.comm, row.kind) == (pid, "wrote and left", "data")
    assert (row.read, row.written) == (0, pages(4 * MIB + 7))
    found = os.stat(path).st_dev
    assert row.dev == f"{os.major(found)}:{os.minor(found)}"
    assert row.requests > 0
    assert row.writers == [
        {"pid": pid, "comm": "wrote and left", "pages": row.written // mmap.PAGESIZE}
    ]


def test_two_writers_of_one_file(mounted: FileSystem) -> None:
    path = mounted.where / "file"
    with counting() as counted:
        first = process(FIRST, path, "first")
        second = process(SECOND, path, "second")
        mounted.flush()
        third = process(FIRST, path, "third")
        mounted.flush()
        rows = counted.of_path(path)
    last, later = sorted(rows, key=lambda each: -each.written)
    assert (last.pid, last.comm, last.written) == (second, "second", 2 * MIB)
    assert (later.pid, later.comm, later.written) == (third, "third", MIB)
    a_mib = MIB // mmap.PAGESIZE
    assert {each["pid"]: each["pages"] for each in last.writers} == {
        first: a_mib, second: a_mib, third: a_mib,
    }  # fmt: skip


def test_stores_to_a_mapping_are_whole_pages(mounted: FileSystem) -> None:
    path = mounted.where / "mapped"
    with counting() as counted:
        pid = process(STORE, path, "stores")
        mounted.flush()
        row = only(counted.of_path(path))
    assert (row.pid, row.comm, row.kind) == (pid, "stores", "data")
    assert row.written == 3 * mmap.PAGESIZE


def test_a_reader(mounted: FileSystem) -> None:
    path = mounted.where / "file"
    process(WRITE, path)
    mounted.flush()
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with counting() as counted:
        pid = process(READ, path, "reads")
        process(READ, path, "reads the cache")
        row = only(counted.of_path(path))
    assert (row.pid, row.comm, row.kind) == (pid, "reads", "data")
    assert (row.read, row.written) == (pages(4 * MIB + 7), 0)
    assert row.writers == []


def test_direct_io(mounted: FileSystem) -> None:
    path = mounted.where / "file"
    with counting() as counted:
        pid = process(DIRECT, path, "direct")
        row = only([each for each in counted.of(mounted) if each.kind == "direct"])
    assert row.path == (str(path) if knows_direct_files(mounted) else None)
    assert (row.pid, row.comm) == (pid, "direct")
    assert (row.read, row.written) == (3 * MIB, 3 * MIB)


def test_direct_io_from_another_files_pages(mounted: FileSystem) -> None:
    path = mounted.where / "file"
    with counting() as counted:
        pid = process(DIRECT_FROM_A_FILE, path, "direct")
        row = only([each for each in counted.of(mounted) if each.kind == "direct"])
        source = only(counted.of_path(mounted.where / "file.source"))
    assert row.path == (str(path) if knows_direct_files(mounted) else None)
    assert (row.pid, row.written) == (pid, MIB)
    assert (source.kind, source.written) == ("data", MIB)


def knows_direct_files(mounted: FileSystem) -> bool:
    """Whether the kernel's BTF says where a bio of the file system has its inode."""
    return mounted.kind != "btrfs" or has_member(RunningKernelLayout(), "btrfs_bio", "inode")


def test_metadata_and_journal_have_rows_of_their_own(mounted: FileSystem) -> None:
    script = """
for each in range(200):
    os.mkdir(f"{path}-{each}")
fd = os.open(path, os.O_CREAT | os.O_WRONLY)
os.write(fd, b"x")
os.fsync(fd)
"""
    with counting() as counted:
        process(script, mounted.where / "file")
        mounted.flush()
        rows = counted.of(mounted)
    kinds = {each.kind for each in rows if each.written}
    journal = [each for each in rows if each.kind == "journal"]
    assert "unknown" not in kinds
    if mounted.kind == "ext4":
        assert {each.comm for each in journal} == {f"jbd2/{mounted.loop}-8"}
    elif mounted.kind == "xfs":
        assert sum(each.written for each in journal) > 0
    else:  # its log is a tree as well
        assert not journal
        assert "metadata" in kinds
    assert all(each.path is None for each in rows if each.kind in ("journal", "metadata"))


@pytest.mark.parametrize("kind", KINDS)
def test_all_rows_of_a_device_are_what_it_moved(kind: str, tmp_path: Path) -> None:
    """All of it: from the mount to the end of the unmount, whatever it was."""
    with counting() as counted, loop_device(kind, tmp_path) as device:
        before = device.moved
        with device.mounted() as mounted:
            for script in (WRITE, DIRECT, STORE, FIRST):
                process(script, mounted.where / "file")
            mounted.flush()
            process(READ, mounted.where / "file")

        def whole() -> tuple[int, int]:
            rows = counted.of(mounted)
            return sum(each.read for each in rows), sum(each.written for each in rows)

        def moved() -> tuple[int, int]:
            read, written = device.moved
            return read - before[0], written - before[1]

        wait_until(lambda: whole() == moved(), f"{whole()}, which rows have, to be {moved()}")
        assert whole()[1] > 7 * MIB
        assert not [each for each in counted.of(mounted) if each.kind == "unknown"]
        assert counted.account.missed == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_device_that_hands_pages_on_counts_them_once(kind: str, tmp_path: Path) -> None:
    with file_system(kind, tmp_path, "--direct-io=on") as mounted:
        path = mounted.where / "file"
        with counting() as counted:
            pid = process(WRITE, path, "writes")
            mounted.flush()
            row = only(counted.of_path(path))
            below = [each for each in counted.rows() if each.path == str(mounted.image)]
    assert (row.pid, row.written) == (pid, pages(4 * MIB + 7))
    assert {each.kind for each in below if each.written} <= {"direct", "data"}
    assert sum(each.written for each in below) >= row.written or not below


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_deleted_has_its_last_name(kind: str, tmp_path: Path) -> None:
    script = """
fd = os.open(path, os.O_CREAT | os.O_WRONLY)
os.unlink(path)
os.write(fd, b"x" * MiB)
os.fsync(fd)
"""
    with file_system(kind, tmp_path) as mounted:
        path = mounted.where / "gone"
        with counting() as counted:
            process(script, path)
            rows = counted.of_path(Path(f"{path} (deleted)"))
    assert only(rows).written == MIB


def test_swap(tmp_path: Path) -> None:
    with loop_device("ext4", tmp_path) as device:
        run("mkswap", device.path)
        if why := refused("swapon", "--priority", "32767", device.path):
            pytest.skip(f"no swap: {why}")
        try:
            with counting() as counted:
                process(PAGE_OUT, tmp_path, "swaps")
                own = os.stat(device.path).st_rdev
                number = os.major(own) << 20 | os.minor(own)

                def rows() -> list[DiskUse]:
                    return [each for each in counted.rows() if each.device == number]

                # Some pages may not be ready to be written.
                wait_until(lambda: sum(each.written for each in rows()) >= MIB, "swap writes")
                assert {each.kind for each in rows()} == {"swap"}
                assert {each.path for each in rows()} == {None}
        finally:
            run("swapoff", device.path)


def test_processes_that_are_chosen_or_left_out(tmp_path: Path) -> None:
    with file_system("ext4", tmp_path) as mounted:
        path = mounted.where / "file"
        with counting(pid=os.getpid()) as counted:
            process(WRITE, path)
            path.with_name("own").write_bytes(b"x" * MIB)
            mounted.flush()
            rows = counted.of(mounted)
            assert {(each.path, each.written) for each in rows if each.kind == "data"} == {
                (str(path.with_name("own")), MIB)
            }
        with counting(exclude=(os.getpid(),)) as counted:
            process(WRITE, path)
            path.with_name("own").write_bytes(b"x" * MIB)
            mounted.flush()
            rows = counted.of(mounted)
            assert {each.path for each in rows if each.kind == "data"} == {str(path)}


def test_bytes_without_room_for_a_row_are_others(tmp_path: Path) -> None:
    with file_system("ext4", tmp_path) as mounted, counting() as counted:
        fill(counted)
        process(WRITE, mounted.where / "file")
        mounted.flush()
        row = only([each for each in counted.rows() if each.path == OTHERS])
        assert row.written >= pages(4 * MIB + 7)
        assert counted.account.others > 0
        assert counted.account.missed == 0
        assert not counted.of_path(mounted.where / "file")


def fill(counted: Counting) -> None:
    """Leave no room for a row."""
    rows = counted.loaded.maps[ROWS]
    for number in range(ROWS.max_entries):
        key = RowKey(file=Identity(ino=number + 1, dev=0xFFFFF), kind="data", pid=1)
        try:
            rows.update(key, Moved())
        except MapError:
            return
