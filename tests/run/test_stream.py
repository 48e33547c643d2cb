"""What a stream says beside its records."""

from __future__ import annotations

import pytest

from tuxscope.run.stream import Stream


def test_a_cpu_without_a_ring_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    stream = Stream.__new__(Stream)
    stream._unseen = set()
    for without in ({}, {3: "no memory"}, {3: "no memory"}, {}, {3: "no memory", 4: "no fd"}):
        stream._report_unseen(without)
    assert capfd.readouterr().err.splitlines() == [
        "tuxscope: events on CPU 3 are not seen: no memory",
        "tuxscope: events on CPU 3 are not seen: no memory",
        "tuxscope: events on CPU 4 are not seen: no fd",
    ]
