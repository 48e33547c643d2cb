"""What user space makes of the rows: paths below mount points, devices, and one line each."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

import pytest

from tuxscope.files.paths import FilePath
from tuxscope.output.lines import Style
from tuxscope.output.table import Table
from tuxscope.programs.fileio.disk.page import PAGE
from tuxscope.programs.fileio.disk.places import (
    Mount,
    Places,
    below_mount,
    device_name,
    device_numbers,
    read_mounts,
)
from tuxscope.programs.fileio.disk.records import Identity, Moved, RowKey, Writer, WriterKey
from tuxscope.programs.fileio.disk.rows import (
    OTHERS,
    UNKNOWN,
    Asked,
    Details,
    rows,
    since,
    view,
    writers_by_file,
)

FILE = Identity(ino=12, dev=7 << 20 | 3, generation=5)
DATA = RowKey(file=FILE, kind="data", pid=33)
ROW = Moved(path=1, comm="dd", written_bytes=8192, requests=2, total_ns=3000, max_ns=2000)
MOUNTINFO = rb"""
26 1 254:0 / / rw,relatime - ext4 /dev/vda rw
27 26 7:3 / /mnt/with\040space rw - ext4 /dev/loop3 rw
28 26 7:3 /inside /srv rw - ext4 /dev/loop3 rw
29 26 0:40 /@home /home rw - btrfs /dev/sda rw
malformed
""".lstrip()


def rendered(
    style: Style,
    entries: dict[RowKey, Moved],
    path: bytes = b"/a",
    asked: Asked = MappingProxyType({}),
) -> list[str]:
    details: dict[int, Details] = {}
    found = FilePath(path, path, FILE.dev, 12, 5, 0o100644, 1, 0, False, False)  # type: ignore[arg-type]
    writers = writers_by_file(
        [
            (WriterKey(file=FILE, pid=33), Writer(pages=2, comm="dd")),
            (WriterKey(file=FILE, pid=34), Writer(pages=7, comm="cp")),
            (WriterKey(file=FILE, pid=0), Writer(pages=1, comm="other ns")),
        ]
    )
    made = rows(entries, writers, lambda _: found, Places(), asked, details)
    shown = view(PAGE, style, details)
    return Table(style, shown.columns, shown.order_by).render(made, 1.0, 1.0)


def test_a_row_of_json() -> None:
    (line,) = rendered(Style.JSON, {DATA: ROW}, asked={(FILE.dev, 12): (5, 9000)})  # type: ignore[dict-item]
    (row,) = json.loads(line)["rows"]
    assert row == {
        "path": "/a",
        "pid": 33,
        "comm": "dd",
        "writers": [
            {"pid": 34, "comm": "cp", "pages": 7},
            {"pid": 33, "comm": "dd", "pages": 2},
            {"pid": None, "comm": "other ns", "pages": 1},
        ],
        "dev": "7:3",
        "kind": "data",
        "device_read_bytes": 0,
        "device_written_bytes": 8192,
        "read_bytes": 5,
        "written_bytes": 9000,
        "requests": 2,
        "avg_ns": 1500,
        "max_ns": 2000,
    }


def test_nothing_was_asked_of_a_file() -> None:
    (line,) = rendered(Style.JSON, {DATA: ROW}, asked={})
    (row,) = json.loads(line)["rows"]
    assert (row["read_bytes"], row["written_bytes"]) == (0, 0)


def test_a_row_of_no_file() -> None:
    key = RowKey(file=Identity(dev=7 << 20 | 3), kind="journal", pid=0)
    (line,) = rendered(Style.JSON, {key: Moved(read_bytes=512)}, asked={})
    (row,) = json.loads(line)["rows"]
    nothing = ("path", "pid", "read_bytes", "written_bytes", "avg_ns", "max_ns")
    assert {row[each] for each in nothing} == {None}
    assert (row["dev"], row["writers"]) == ("7:3", [])


def test_the_row_of_all_others() -> None:
    key = RowKey(file=Identity(ino=UNKNOWN), kind="unknown")
    _, line = rendered(Style.TEXT, {key: Moved(read_bytes=512)})
    assert line.split()[0] == "-"
    assert line.endswith(OTHERS)


@pytest.mark.parametrize("name", [b"new\nline", b"\x1b[2J", b"\xff\xfe", "\u202e".encode()])
def test_a_hostile_name_is_one_line(name: bytes) -> None:
    _, line = rendered(Style.TEXT, {DATA: ROW}, b"/" + name)
    assert line.replace("\ufffd", "?").isprintable()
    (line,) = rendered(Style.JSON, {DATA: ROW}, b"/" + name)
    (row,) = json.loads(line)["rows"]
    assert row["path"] == "/" + name.decode("utf-8", "replace")


def test_rows_with_most_bytes_come_first() -> None:
    other = RowKey(file=FILE, kind="direct", pid=34)
    lines = rendered(Style.TEXT, {DATA: ROW, other: Moved(path=1, read_bytes=9000)})
    assert [line.split()[0] for line in lines] == ["PID", "34", "33"]


def test_since_the_last_table() -> None:
    before = Moved(path=1, written_bytes=4096, requests=1, total_ns=1000, max_ns=1000)
    grown = since(ROW, before)
    assert (grown.written_bytes, grown.requests, grown.total_ns) == (4096, 1, 2000)
    assert (grown.path, grown.comm, grown.max_ns) == (1, "dd", 2000)
    assert since(ROW, None) == ROW


@pytest.fixture
def mounts(tmp_path: Path) -> dict[int, list[Mount]]:
    file = tmp_path / "mountinfo"
    file.write_bytes(MOUNTINFO)
    return read_mounts(str(file))


@pytest.mark.parametrize(
    ("device", "path", "seen"),
    [
        (254 << 20, b"/etc/passwd", b"/etc/passwd"),
        (254 << 20, b"/", b"/"),
        (7 << 20 | 3, b"/inside/a", b"/mnt/with space/inside/a"),
        (7 << 20 | 3, b"/", b"/mnt/with space"),
        (40, b"/@home/me/a", b"/home/me/a"),
        (40, b"/@home", b"/home"),
        (40, b"/@homes/a", b"/@homes/a"),  # a subvolume that is not mounted
        (41, b"/a", b"/a"),
    ],
)
def test_a_path_below_its_mount_point(
    mounts: dict[int, list[Mount]], device: int, path: bytes, seen: bytes
) -> None:
    assert below_mount(path, mounts.get(device, [])) == seen


def test_devices_without_a_name_have_numbers() -> None:
    assert device_numbers(259 << 20 | 70000) == "259:70000"
    assert device_name(40) == "0:40"


def test_a_path_is_looked_up_once(mounts: dict[int, list[Mount]]) -> None:
    places = Places()
    places.mounts = mounts
    first = places.of(1, b"/a", 7 << 20 | 3, 12)
    places.mounts = {}
    assert places.of(1, b"/a", 7 << 20 | 3, 12) == first == (b"/mnt/with space/a", "7:3")
    places.look({2})
    assert places.mounts  # read again, for a new one
