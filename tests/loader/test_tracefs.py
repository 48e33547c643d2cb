from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from loader.texts import one_line
from tuxscope.asm import Tracepoint
from tuxscope.loader import tracefs as module
from tuxscope.loader.tracefs import Tracefs, TracepointError, detached_mount, readable_mounts

WRITE = Tracepoint("syscalls", "sys_enter_write")


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for a mounted tracefs with one tracepoint."""
    event = tmp_path / "events/syscalls/sys_enter_write"
    event.mkdir(parents=True)
    (event / "id").write_text("714\n")
    (tmp_path / "events/enable").write_text("0\n")
    monkeypatch.setattr(module, "readable_mounts", lambda: [str(tmp_path)])
    return tmp_path


@pytest.mark.kernel
def test_a_tracepoint_has_an_id_and_a_format() -> None:
    before = mounts()
    with Tracefs() as tracefs:
        assert tracefs.tracepoint_id(WRITE) > 0
        form = tracefs.read("events/syscalls/sys_enter_write/format")
        assert mounts() == before
    assert "name: sys_enter_write\n" in form
    assert mounts() == before


@pytest.mark.kernel
def test_a_detached_mount_is_in_no_table() -> None:
    before = mounts()
    with detached_mount():
        assert mounts() == before


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("tracepoint", "hint"),
    [
        (Tracepoint("syscalls", "sys_enter_wrte"), "did you mean sys_enter_write?"),
        (Tracepoint("syscals", "sys_enter_write"), "did you mean syscalls?"),
        # two categories are as near; that which has the tracepoint is meant
        (Tracepoint("syscall", "sys_enter_write"), "did you mean syscalls?"),
        (Tracepoint("syscall", "sys_enter_wrte"), "did you mean syscalls?"),
        (Tracepoint("Syscalls", "sys_enter_write"), "did you mean syscalls?"),
        (Tracepoint("calls", "sys_enter_write"), "did you mean syscalls?"),
        (Tracepoint("raw_syscalls", "sys_enter_write"), "did you mean syscalls:sys_enter_write?"),
        (Tracepoint("sched", "sys_enter_write"), "did you mean syscalls:sys_enter_write?"),
        (Tracepoint("sys_enter_write", "syscalls"), "did you mean syscalls:sys_enter_write?"),
        (Tracepoint("syscalls", "write"), "did you mean sys_enter_write?"),
        (Tracepoint("syscalls", "SYS_ENTER_WRITE"), "did you mean sys_enter_write?"),
        (Tracepoint("syscalls", "sys_write"), "did you mean sys_enter_write?"),
        (Tracepoint("sched", "wakeup"), "did you mean sched_wakeup?"),  # not ftrace:wakeup
        (Tracepoint("qqqq", "zzzz"), "has no tracepoint qqqq:zzzz"),
        (Tracepoint("syscalls", "enable"), "has no tracepoint syscalls:enable"),
    ],
    ids=str,
)
def test_an_unknown_tracepoint_is_refused_with_the_nearest(
    tracepoint: Tracepoint, hint: str
) -> None:
    with Tracefs() as tracefs, pytest.raises(TracepointError) as caught:
        tracefs.tracepoint_id(tracepoint)
    assert one_line(caught).endswith(hint)
    assert str(tracepoint) in str(caught.value)


def test_a_mounted_tracefs_is_used(mounted: Path) -> None:
    with Tracefs() as tracefs:
        assert tracefs.mounted_at == str(mounted)
        assert tracefs.tracepoint_id(WRITE) == 714
        assert tracefs.names("events") == ["syscalls"]
        assert tracefs.names("nothing") == []


def test_a_tracepoint_that_cannot_be_read_says_what_to_do(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Tracefs, "read", refuse)
    with Tracefs() as tracefs, pytest.raises(TracepointError) as caught:
        tracefs.tracepoint_id(WRITE)
    assert one_line(caught).endswith("run it with sudo")


def test_mounts_are_found_whatever_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "trace fs é\u00a0"
    (folder / "events").mkdir(parents=True)
    escaped = str(folder).replace(" ", "\\040").encode()
    lines = [
        b"23 1 0:21 / /mnt/no-utf8-\xff\xe9 rw,relatime shared:2 - ext4 /dev/sda rw",
        b"24 1 0:22 / /nowhere/tracing rw - tracefs tracefs rw",
        b"25 1 0:22 / " + escaped + b" rw,nosuid shared:7 master:1 - tracefs tracefs rw",
        b"26 1 0:23 / /tmp rw - tmpfs tracefs rw",
    ]

    def mountinfo(path: str, **how: Any) -> io.TextIOWrapper:
        assert path == "/proc/self/mountinfo"
        return io.TextIOWrapper(io.BytesIO(b"\n".join(lines)), **how)

    monkeypatch.setattr(module, "open", mountinfo, raising=False)
    assert readable_mounts() == [str(folder)]
