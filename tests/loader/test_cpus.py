from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.loader import cpus
from tuxscope.loader.cpus import OnlineCpus, online_cpus, parse_cpu_list, possible_cpus

pytestmark = pytest.mark.matrix


def refuse(number: int) -> Callable[..., Any]:
    """A function that fails with an errno, as open() may."""

    def refused(*_: Any, **__: Any) -> Any:
        raise OSError(number, "no")

    return refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0\n", (0,)),
        ("0-1\n", (0, 1)),
        ("0-2,4", (0, 1, 2, 4)),
        ("1,3,8-10\n", (1, 3, 8, 9, 10)),
        ("\n", ()),
        ("", ()),
    ],
)
def test_a_list_may_have_holes(text: str, expected: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == expected


@given(st.sets(st.integers(0, 300)))
def test_numbers_one_by_one_are_a_list(numbers: set[int]) -> None:
    assert parse_cpu_list(",".join(map(str, sorted(numbers)))) == tuple(sorted(numbers))


def test_online_cpus_are_possible_ones() -> None:
    assert online_cpus()
    assert set(online_cpus()) <= set(possible_cpus())


def test_without_sys_all_cpus_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr("os.sysconf", lambda _: 3)
    assert possible_cpus.__wrapped__() == (0, 1, 2)
    assert online_cpus() == possible_cpus()


def test_what_is_online_is_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))
    for text, expected in (("0-3\n", (0, 1, 2, 3)), ("0,2-3\n", (0, 2, 3))):
        (tmp_path / "online").write_text(text)
        assert online_cpus() == expected


def test_a_change_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))
    (tmp_path / "online").write_text("0-3\n")
    online = OnlineCpus()
    assert not online.changed()
    for text in ("0-2\n", "0\n", "0-3\n"):
        (tmp_path / "online").write_text(text)
        assert [online.changed(), online.changed()] == [True, False]
    online.close()


def test_without_sys_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))
    online = OnlineCpus()
    assert not online.changed()
    online.close()


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES])
def test_a_sys_that_is_hidden_changes_nothing(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.open", refuse(number))
    online = OnlineCpus()
    assert not online.changed()
    assert online.cpus == possible_cpus()
    online.close()


def test_too_many_open_files_are_no_reason_to_follow_no_cpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.open", refuse(errno.EMFILE))
    monkeypatch.setattr("builtins.open", refuse(errno.EMFILE))
    for look in (OnlineCpus, online_cpus):
        with pytest.raises(OSError, match="no") as caught:
            look()
        assert caught.value.errno == errno.EMFILE


def test_what_a_look_found_is_what_is_online(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look tells of a change and of what it is: CPUs may be back when there is another."""
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))
    (tmp_path / "online").write_text("0-1\n")
    online = OnlineCpus()
    assert online.cpus == (0, 1)
    (tmp_path / "online").write_text("0\n")
    assert online.changed()
    (tmp_path / "online").write_text("0-1\n")
    assert online.cpus == (0,)
    assert online.changed()
    assert online.cpus == (0, 1)
    online.close()
