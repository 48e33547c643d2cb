"""What is said while events are lost."""

from __future__ import annotations

import os

import pytest

from tuxscope.output.sink import Sink
from tuxscope.run.losses import Losses


def test_the_notice_comes_once_a_second_at_most(capfd: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    losses = Losses(Sink(), False, "do this", lambda: now)
    losses.report([])
    assert capfd.readouterr().err == ""
    losses.report([(0, 5), (3, 2)])
    assert capfd.readouterr().err == ("tuxscope: 7 events lost so far: a ring was full; do this\n")
    now += 0.99
    losses.report([(0, 1)])
    now += 0.5
    losses.report([])  # nothing new: what was kept back is in the next notice, or the last line
    assert capfd.readouterr().err == ""
    losses.report([(1, 1)])
    captured = capfd.readouterr()
    assert captured.err.startswith("tuxscope: 9 events lost so far")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_records_come_for_all_losses() -> None:
    reader, writer = os.pipe()
    losses = Losses(Sink(writer), True, "", lambda: 0.0)
    losses.report([(0, 5), (3, 2)])
    losses.report([(0, 1)])
    losses.report_last([(2, 1 << 40)])
    os.close(writer)
    with open(reader) as file:
        assert file.read().splitlines() == [
            '{"type":"lost","cpu":0,"count":5}',
            '{"type":"lost","cpu":3,"count":2}',
            '{"type":"lost","cpu":0,"count":1}',
            '{"type":"lost","cpu":2,"count":1099511627776}',
        ]


def test_the_end_says_no_more(capfd: pytest.CaptureFixture[str]) -> None:
    Losses(Sink(), False, "").report_last([(0, 1)])
    assert capfd.readouterr() == ("", "")
