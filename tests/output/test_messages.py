"""What is said beside the data, on a terminal and elsewhere."""

from __future__ import annotations

import pytest

from tuxscope.commands.doctor_job import Diagnosis, table
from tuxscope.output import messages
from tuxscope.output.messages import say

LONG = "no kernel is asked, and none of this happens on your machine"
FINDINGS = [
    Diagnosis("JIT", True, "there"),
    Diagnosis("tracefs", False, "refused " * 9, "try: sudo"),
]


def test_a_message_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    say(LONG)
    assert capfd.readouterr().err == f"tuxscope: {LONG}\n"


def test_on_a_terminal_it_is_broken_between_words(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "room", lambda _: 40)
    say(LONG)
    first, *more = capfd.readouterr().err.splitlines()
    assert first == "tuxscope: no kernel is asked, and none"
    assert all(line.startswith("  ") and len(line) <= 40 for line in more)
    assert " ".join([first, *(line.strip() for line in more)]) == f"tuxscope: {LONG}"


def test_doctor_keeps_its_columns() -> None:
    assert len(list(table(FINDINGS, None))) == len(FINDINGS)
    rows = list(table(FINDINGS, 50))
    assert rows[0] == "JIT      ok       there"
    assert rows[1].startswith("tracefs  missing  refused")
    assert all(len(row) <= 50 for row in rows)
    assert all(row.startswith(" " * 18) for row in rows[2:])
    assert rows[-1].endswith("try: sudo")
