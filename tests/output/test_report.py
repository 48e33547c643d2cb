"""Errors as a person reads them: every line fits, and nothing in them moves the cursor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tuxscope.asm import Assembler, OperandError, RawTracepoint, SourceLine, Tracepoint, r0, r6
from tuxscope.asm.errors import MissingResultError, TextError
from tuxscope.explain.explanation import Explanation, RegisterNote
from tuxscope.loader.attach import Link
from tuxscope.loader.program import load
from tuxscope.loader.tracefs import TracepointError
from tuxscope.output import report, screen
from tuxscope.output.report import of_error, of_explanation, shown
from tuxscope.output.screen import columns, cut, wrapped
from tuxscope.vm import Fault, Machine

CODE = """\
one()
two()
three()
\tfour(  # a line that is a good deal longer than all the columns which a terminal has, by far)
five()
six()
seven()
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be a terminal of 60 columns that shows colour."""
    monkeypatch.setattr(report, "width_of", lambda _: 60)
    monkeypatch.setattr(report, "wanted", lambda _: True)
    monkeypatch.setattr(report.os, "isatty", lambda _: True)


@pytest.fixture
def source(tmp_path: Path) -> SourceLine:
    file = tmp_path / "page.py"
    file.write_text(CODE)
    return SourceLine(str(file), 4, CODE.splitlines()[3].strip())


def explanation(source: SourceLine | None, **more: Any) -> Explanation:
    values: dict[str, Any] = {
        "cause": "a-cause",
        "sentence": "r1 is read, and " + "nothing was ever put into it, " * 4,
        "hint": "set it first " * 9,
        "slot": 7,
        "source": source,
        "registers": tuple(RegisterNote(f"r{i}", "scalar(" * 20, i, source) for i in range(9)),
        "telling": ("something else", "R1 !read_ok"),
        "reason": "The kernel's own sentence. " * 20,
        "suggestion": "The kernel's own advice. " * 2,
        "objection": "R1 !read_ok",
    }
    return Explanation(**values | more)


def plain(lines: list[str]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


@pytest.mark.usefixtures("terminal")
def test_all_of_it_fits(source: SourceLine) -> None:
    lines = list(shown(of_explanation(explanation(source), "40 lines; --verifier-log"), 2, "x: "))
    assert all(columns(line) <= 60 for line in plain(lines))
    assert any("\x1b[" in line for line in lines)
    text = "\n".join(plain(lines))
    assert text.startswith("x: page.py:4: r1 is read, and nothing was")
    for part in (
        "  2 | two()", "  3 | three()", "> 4 |     four(  # a line", "…", "  5 | five()",
        "  6 | six()", "  r0  ", "  r3  ", "verifier  R1 !read_ok (slot 7)", "kernel  ", "advice  ",
        "hint  ", "log       40 lines; --verifier-log",
    ):  # fmt: skip
        assert part in text
    assert "one()" not in text
    assert "r4  " not in text
    assert len(lines) <= 25  # with more of everything than there is as a rule


def test_elsewhere_the_first_line_is_the_whole_sentence(source: SourceLine) -> None:
    lines = list(shown(of_explanation(explanation(source)), 2, "tuxscope: "))
    assert lines[0].startswith("tuxscope: page.py:4: r1 is read, and nothing")
    assert len(lines[0]) > 80
    assert all(len(line) <= 80 for line in lines[1:])
    assert not any("\x1b" in line for line in lines)


def test_a_usual_one_is_at_most_sixteen_lines(source: SourceLine) -> None:
    usual = explanation(
        source, sentence="r1 is read, and is uninitialised", hint="set it first",
        registers=explanation(source).registers[:2], reason="", suggestion="",
    )  # fmt: skip
    assert len(list(shown(of_explanation(usual, "40 lines"), 2))) <= 11


def test_a_line_alone_where_the_file_is_another_one(source: SourceLine) -> None:
    changed = SourceLine(source.file, 4, "not_this()")
    lines = list(shown(of_explanation(explanation(changed, registers=())), 2))
    assert lines[1] == "> 4 | not_this()"
    assert "two()" not in "\n".join(lines)
    gone = SourceLine("/nowhere/at/all.c", 4, "x = 1;")
    assert list(shown(of_explanation(explanation(gone)), 2))[1] == "> 4 | x = 1;"


@pytest.mark.parametrize("file", ["/dev/zero", "/proc/self/mem", "\0", "/"])
def test_no_other_file_is_read(file: str) -> None:
    lines = list(shown(of_explanation(explanation(SourceLine(file, 1, "x"))), 2))
    assert lines[1] == "> 1 | x"


def test_nothing_moves_the_cursor() -> None:
    evil = "\x1b[2J\r\u202e\x07"
    note = RegisterNote(evil, evil, 1, SourceLine(evil, 1, evil))
    told = explanation(
        SourceLine(evil, 1, evil), sentence=evil, hint=evil, registers=(note,), telling=(evil, "x"),
        reason=evil, suggestion=evil, objection=evil,
    )  # fmt: skip
    for line in shown(of_explanation(told, evil), 2, "tuxscope: "):
        assert line.isprintable()


def test_without_a_line_there_is_the_slot() -> None:
    lines = list(shown(of_explanation(explanation(None, sentence="it fails", registers=())), 2))
    assert lines[:2] == ["it fails (slot 7)", "  verifier  R1 !read_ok"]


def test_a_check_has_its_hint_apart() -> None:
    line = SourceLine("page.py", 3, "a.exit()")
    error = MissingResultError("r0 is not set", "a.mov(r0, 0) before it", 7, line)
    assert str(error) == "page.py:3: a.exit(): r0 is not set; a.mov(r0, 0) before it"
    assert list(shown(of_error(error), 2)) == [
        "page.py:3: r0 is not set",
        "> 3 | a.exit()",
        "  hint      a.mov(r0, 0) before it",
    ]


def test_a_fault_has_its_instruction_apart() -> None:
    a = Assembler("faults", attach=RawTracepoint())
    a.mov(r0, r6)
    a.exit()
    with pytest.raises(Fault) as caught:
        Machine(a.program(check=False)).run()
    source = caught.value.source
    assert source
    assert (source.text, caught.value.slot) == ("a.mov(r0, r6)", 0)
    told = list(shown(of_error(caught.value), 2))
    assert told[0] == f"test_report.py:{source.line}: {caught.value.problem}"
    assert told[-1] == "  slot      0: r0 = r6"
    assert str(caught.value) == f"{source}: {caught.value.problem} (slot 0: r0 = r6)"


def test_an_error_without_a_line_is_one_line() -> None:
    assert list(shown(of_error(OperandError("what is wrong; and more")), 2, "x: ")) == [
        "x: what is wrong; and more"
    ]


def test_the_column_is_pointed_at(source: SourceLine) -> None:
    lines = list(shown(of_error(TextError("what", source, 6)), 2))
    assert lines[0] == "page.py:4:6: what"
    assert lines[4].index("^") == lines[3].index("(")


def test_what_is_pointed_at_is_never_cut_off(source: SourceLine) -> None:
    column = CODE.splitlines()[3].index("by far") + 1
    lines = list(shown(of_error(TextError("what", source, column)), 2))
    assert lines[3].startswith("> 4 | …")
    assert lines[4].index("^") == lines[3].index("by far")
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("width", range(1, 20))
@pytest.mark.parametrize("text", ["a few words", "数値は数値", "é" * 30, "one" * 30, "", "a 値 b"])
def test_no_line_is_wider_than_asked_for(text: str, width: int) -> None:
    if any(columns(each) > width for each in text):
        return
    lines = list(wrapped(text, width))
    assert all(0 < columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert columns(cut(text, width)) <= width


def test_what_is_no_terminal_has_80_columns() -> None:
    with open("/dev/null") as file:
        assert screen.width_of(file.fileno()) == 80


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("text", ["x" * 2000, "word " * 400])
def test_a_sentence_ends_after_three_lines(text: str) -> None:
    lines = plain(list(shown(of_error(ValueError(text)), 1, "tuxscope: ")))
    assert len(lines) == 3
    assert all(columns(line) <= 60 for line in lines)
    assert lines[-1].endswith("…")


@pytest.mark.kernel
def test_a_tracepoint_that_is_not_there_is_told_on_its_line() -> None:
    place = Tracepoint("syscalls", "sys_enter_wriite")  # <-
    a = Assembler("nowhere", attach=place)
    a.mov(r0, 0)
    a.exit()
    with load(a.program()) as program, pytest.raises(TracepointError) as caught:
        Link(program)
    told = of_error(caught.value)
    assert place.source
    assert told.place == f"test_report.py:{place.source.line}"
    assert told.sentence == (
        "this kernel has no tracepoint syscalls:sys_enter_wriite; did you mean sys_enter_write?"
    )
    assert told.source
    assert "# <-" in told.source.text
