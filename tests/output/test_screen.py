"""Text on a terminal of so many columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal

from tuxscope.cli import OVERVIEW
from tuxscope.output.screen import beginning, beside, columns, cut, padded, wrapped, wrapped_help
from tuxscope.output.visible import visible

# What an emulator places, too: pyte drops what follows a variation selector.
TEXTS = st.text(
    st.sampled_from("ab ïéフ中🦊한 ") | st.sampled_from("\u0301\u0308")  # combining
) | st.text("abc ", max_size=80)  # fmt: skip


@given(st.text().map(visible), st.integers(1, 60))
def test_a_text_that_is_cut_fits(text: str, width: int) -> None:
    shown = cut(text, width)
    assert columns(shown) <= width
    assert shown == text or shown.endswith("…")
    assert text.startswith(shown.removesuffix("…"))
    assert (shown == text) == (columns(text) <= width)


@given(st.text().map(visible), st.integers(0, 60))
def test_a_beginning_is_as_long_as_there_is_room(text: str, width: int) -> None:
    start = beginning(text, width)
    assert columns(start) <= width
    assert start == text or columns(text[: len(start) + 1]) > width


@given(st.text().map(visible), st.integers(0, 60))
def test_what_is_padded_is_as_wide_as_its_column(text: str, width: int) -> None:
    assert columns(padded(text, width)) == max(columns(text), width)
    assert padded(text, width).startswith(text)


@given(TEXTS)
def test_columns_are_those_of_a_terminal(text: str) -> None:
    with Terminal(200) as terminal:
        terminal.show(f"{text}|\n")
        line = terminal.lines[0] if terminal.lines else ""
        cells = terminal.cells(0)
        assert line.endswith("|")
        assert cells.index("|") == columns(text)


@given(st.text(st.characters(categories=["L", "Mn", "Zs"])).map(visible), st.integers(2, 60))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


@pytest.mark.parametrize(
    ("head", "width", "lines"),
    [
        ("name  ", 32, ["name  a text of some words"]),
        ("name  ", 26, ["name  a text of some words"]),
        ("name  ", 25, ["name", "  a text of some words"]),
        ("  na  ", 25, ["  na", "    a text of some words"]),
        ("      na  ", 25, ["    na", "      a text of some", "      words"]),
        ("      ", 26, ["      a text of some words"]),
        ("    ", 24, ["    a text of some words"]),
    ],
)
def test_a_text_beside_its_head(head: str, width: int, lines: list[str]) -> None:
    assert list(beside(head, "a text of some words", width)) == lines


HELP = """\
usage: tool NAME [options] and more of it
       tool --other

Prints what there is, and says what it
is that there is.

  --long NAME   a text that goes on in
                the next line
  --short       a text
"""


def test_a_help_text_that_fits_is_as_it_is() -> None:
    assert "".join(f"{line}\n" for line in wrapped_help(HELP, 41)) == HELP
    assert "".join(f"{line}\n" for line in wrapped_help(OVERVIEW, 80)) == OVERVIEW


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, [
            "usage: tool NAME [options] and more of",
            "it",
            "       tool --other",
            "",
            "Prints what there is, and says what it",
            "is that there is.",
            "",
            "  --long NAME   a text that goes on in",
            "                the next line",
            "  --short       a text",
        ]),
        (30, [
            "usage: tool NAME [options] and",
            "more of it",
            "       tool --other",
            "",
            "Prints what there is, and says",
            "what it is that there is.",
            "",
            "  --long NAME",
            "    a text that goes on in the",
            "    next line",
            "  --short",
            "    a text",
        ]),
    ],
)  # fmt: skip
def test_a_help_text_on_a_narrow_terminal(width: int, lines: list[str]) -> None:
    assert list(wrapped_help(HELP, width)) == lines
