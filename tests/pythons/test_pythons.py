"""The tests' other Pythons, as far as nothing is fetched for them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from kernels.mirror import MirrorError
from pace import LIMIT

from pythons import __main__ as command
from pythons import chroot
from pythons.debian import RELEASES


@pytest.fixture
def everything_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Debian, the wheels and the tools; only the run is missing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(command, "TOOLS", ())
    monkeypatch.setattr(command, "unpacked", lambda *_: tmp_path)
    monkeypatch.setattr(command, "libraries", lambda *_: tmp_path)
    monkeypatch.setattr(command, "project_folder", lambda *_: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("ended", "status", "says"),
    [(0, 0, "passed in 0 s"), (1, 1, "FAILED in 0 s"), (None, 1, "FAILED: not done after 600 s")],
)
def test_how_the_tests_ended_is_told(
    ended: int | None, status: int, says: str,
    everything_is_here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    commands = []

    def run(folders: Sequence[Path], command: Sequence[str], limit: float) -> int | None:
        commands.append(command)
        return ended

    monkeypatch.setattr(chroot, "run", run)
    assert command.main(["3.13", "--", "-k", "hello"]) == status
    assert capsys.readouterr().out.splitlines()[1:] == [f"Python 3.13 of Debian 13: {says}"]
    assert commands[0][-2:] == ["-k", "hello"]


def test_what_cannot_be_had_is_not_run(
    everything_is_here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_mirror(*_: object) -> Path:
        raise MirrorError("no route to host")

    monkeypatch.setattr(command, "unpacked", no_mirror)
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    for release in RELEASES:
        assert (
            f"NOT RUN: the tests on Python {release.python} of {release.name}: no route to host\n"
        ) in printed


def test_an_unknown_version_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["3.9"]) == 2
    assert capsys.readouterr().err == "pythons: no version is '3.9'; try: 3.13, 3.14\n"


def test_a_chroot_leaves_no_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where it fails half-way: the second folder cannot be copied."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    system, temporary = tmp_path / "system", tmp_path / "temporary"
    system.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    try:
        status = chroot.run([system, tmp_path / "missing"], ["true"], LIMIT)
    except chroot.ChrootError as error:
        pytest.skip(str(error))
    assert status not in {0, None}
    assert str(temporary) not in Path("/proc/self/mountinfo").read_text()
    assert not list(temporary.iterdir())
