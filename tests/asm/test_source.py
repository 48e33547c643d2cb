"""The lines of a page: read as they are, or by linecache, which knows more encodings."""

from __future__ import annotations

import linecache
from pathlib import Path

import pytest

from tuxscope.asm import source
from tuxscope.asm.source import author_line, cache_lines
from tuxscope.source import SourceLine

CODE = "\n{mark}\nline = author_line()  # {text}\n"


def line_of(file: Path) -> SourceLine:
    """What author_line() says of the third line of a file."""
    names = {"__name__": "page", "author_line": author_line}
    exec(compile(file.read_bytes(), str(file), "exec"), names)
    found = names["line"]
    assert isinstance(found, SourceLine)
    return found


@pytest.mark.parametrize(
    ("encoding", "mark", "end"),
    [
        ("utf-8", "", "\n"), ("utf-8", "", "\r\n"), ("utf-8", "", "\r"), ("utf-8-sig", "", "\n"),
        ("latin-1", "# -*- coding: latin-1 -*-", "\n"), ("utf-8", "# coding: utf-8", "\n"),
    ],
)  # fmt: skip
def test_a_line_is_as_linecache_has_it(tmp_path: Path, encoding: str, mark: str, end: str) -> None:
    file = tmp_path / "page.py"
    text = CODE.format(mark=mark, text="grün\x0c").replace("\n", end)
    file.write_bytes(text.encode(encoding))
    cache_lines(str(file))
    assert (str(file) in source._cached_lines) is (not mark)
    assert line_of(file) == SourceLine(str(file), 3, linecache.getline(str(file), 3).strip())
    assert "grün" in line_of(file).text


def test_a_page_that_was_edited_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    for text in ("one", "two"):
        file.write_text(CODE.format(mark="", text=text))
        cache_lines(str(file))
        assert line_of(file).text.endswith(text)


def test_a_page_that_cannot_be_read_is_linecache_s(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text(CODE.format(mark="", text="old"))
    cache_lines(str(file))
    file.unlink()
    cache_lines(str(file))
    assert str(file) not in source._cached_lines
