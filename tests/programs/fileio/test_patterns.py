"""``--path``: what a pattern means, in bounded time, whatever it is."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuxscope.programs.fileio.patterns import matcher

LONGEST = 4096


@pytest.mark.parametrize(
    ("pattern", "path", "means"),
    [
        ("/etc", b"/etc", True),
        ("/etc", b"/etc/x/y", True),
        ("/etc", b"/etcetera", False),
        ("/etc/", b"/etc", True),
        ("/etc//./x", b"/etc/x", True),
        ("/", b"/anything", True),
        ("/", b"/", True),
        ("*.log", b"/var/x.log", True),
        ("*.log", b"/var/x.log/y", False),
        ("*.log", b"/var/x.log (deleted)", True),
        ("/var/*.log", b"/var/a/b.log", True),
        ("/var/*.log", b"/srv/a/b.log", False),
        ("/var/*.log", b"/var/a\n.log", True),
        ("?", b"/var/a", True),
        ("?", "/var/é".encode(), True),
        ("[é-ü]", "/var/ö".encode(), True),
        ("[é]", "/var/ö".encode(), False),
        ("[!a]", b"/a", False),
        ("[", b"/[", True),
        ("[z-a]", b"/m", False),
        ("*", b"", True),
        ("/a+b", b"/a+b", True),
        ("/a+b/*", b"/aab/x", False),
        ("/[[]x]/*", b"/[x]/y", True),
        ("/x", b"/x (deleted)", True),
        ("/x", b"/y/../x", True),
        ("/d/*", b"/d/", False),
        ("x?", b"/d/xy/", True),
        ("?", b"/\xff", True),
        ("*.log", b"relative.log", True),
    ],
)
def test_what_is_meant(pattern: str, path: bytes, means: bool) -> None:
    assert matcher(pattern)(path) is means


def test_links_and_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real [x]"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    monkeypatch.chdir(tmp_path)
    for pattern in ("link", "link/*", f"{tmp_path}/link/f", "link/f", "./link/[f]"):
        assert matcher(pattern)(os.fsencode(real / "f"))
        assert matcher(pattern)(os.fsencode(tmp_path / "link" / "f"))
        assert not matcher(pattern)(b"/elsewhere/link/f")


def test_time_is_bounded() -> None:
    """fnmatch's own expressions do not go back; this would take longer than the universe lasts."""
    path = b"/" + b"a" * (2 * LONGEST)
    for pattern in (
        "*a" * 2000 + "b",
        "/" + "*a" * 2000 + "b",
        "?*" * 2000 + "/b",
        "*[a]" * 1000 + "b",
    ):
        assert matcher(pattern)(path) is False
    assert matcher("[" * LONGEST)(path) is False
    assert matcher("/" * (LONGEST - 1) + "*")(path) is True


PIECES = st.sampled_from(
    ["*", "?", "[", "]", "!", "-", "^", "\\", "/", ".", "a", "é", "\n", "(", "&&", "[a-"]
)
PATTERNS = st.lists(PIECES, min_size=1, max_size=30).map("".join)
PATHS = st.binary(max_size=60) | st.text(max_size=30).map(str.encode)


@settings(max_examples=1500, deadline=None)
@given(PATTERNS, PATHS)
def test_any_pattern_and_any_path(pattern: str, path: bytes) -> None:
    assert matcher(pattern)(path) in (True, False)


@settings(max_examples=500, deadline=None)
@given(PATTERNS.filter(lambda each: "/" not in each), st.text("ab.é[]!-", min_size=1, max_size=8))
def test_of_a_name_it_is_fnmatch(pattern: str, name: str) -> None:
    if set("*?[") & set(pattern):
        assert matcher(pattern)(f"/srv/{name}".encode()) == fnmatchcase(name, pattern)
