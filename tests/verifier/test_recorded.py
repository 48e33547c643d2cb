"""What kernels said to the gallery, explained without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from explain.loaders import LOADERS
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.explain.causes import CAUSES
from tuxscope.explain.explain import explain
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.table import GALLERY
from verifier.logs import all_series, recorded

RECORDED = {(series, key): log for series in all_series() for key, log in recorded(series).items()}
EACH = pytest.mark.parametrize(
    ("series", "entry"),
    [
        pytest.param(series, entry, id=f"{series}-{entry.key}")
        for series in all_series()
        for entry in GALLERY
        if (series, entry.key) in RECORDED
    ],
)
OLDEST, NEWEST = "5.10", "7.3"
TITLES = {each.key: each.cases for each in CAUSES}


def test_the_oldest_and_the_newest_kernel_are_there() -> None:
    for series in (OLDEST, "6.18", NEWEST):
        assert set(recorded(series)) == {each.key for each in GALLERY}


@EACH
def test_a_recorded_log_is_explained_with_its_program(series: str, entry: Entry) -> None:
    explanation = explain(RECORDED[series, entry.key], entry.program())
    assert explanation.cause == entry.key
    assert explanation.hint == entry.hint
    assert explanation.source == entry.culprit


@EACH
def test_a_recorded_log_is_explained_by_itself(series: str, entry: Entry) -> None:
    log = RECORDED[series, entry.key]
    explanation = explain(log)
    assert explanation.cause == entry.key
    assert explanation.hint
    if explanation.source:
        assert explanation.hint == entry.hint
        assert explanation.source.text in log
    else:
        assert "a." not in explanation.hint.replace("a.may_goto", "")


def with_c_lines(log: str) -> str:
    return "\n".join(
        "; value = *pointer; @ probe.bpf.c:42" if line.startswith("; ") else line
        for line in log.splitlines()
    )


@EACH
def test_a_log_with_lines_of_c_has_a_hint_in_c(series: str, entry: Entry) -> None:
    explanation = explain(with_c_lines(RECORDED[series, entry.key]))
    assert explanation.cause == entry.key
    assert "a.call(" not in explanation.hint
    if explanation.source:
        assert str(explanation.source) == "probe.bpf.c:42: value = *pointer;"


@pytest.mark.parametrize("wrap", LOADERS)
@EACH
def test_it_does_not_matter_who_printed_it(
    series: str, entry: Entry, wrap: Callable[[str], str]
) -> None:
    log = RECORDED[series, entry.key]
    bare, wrapped = explain(log, entry.program()), explain(wrap(log), entry.program())
    if wrap.__name__ in ("cilium", "journal", "coloured", "cilium_agent"):
        # Each line is touched, and the sections of the diagnosis with it.
        bare = replace(bare, reason="", suggestion="")
        wrapped = replace(wrapped, reason="", suggestion="")
    assert wrapped == bare


@EACH
def test_a_log_may_be_cut(series: str, entry: Entry) -> None:
    log = RECORDED[series, entry.key]
    lines = log.splitlines()
    telling = lines.index(explain(log).telling[0])
    end = lines[max(telling - 1, 0) :]
    cut = explain("\n".join(["_value(id=1)", *end]), entry.program())
    expected = {entry.key}
    if entry.key == "clobbered-register":  # the call is cut off
        expected = {"uninitialised-register"}
        assert "or a call clobbered it" in cut.sentence
    assert cut.cause in expected
    without_end = log.partition("\nprocessed ")[0]
    assert explain(without_end, entry.program()).cause == entry.key


@given(st.sampled_from(list(RECORDED.values())), st.integers(0, 3000), st.integers(0, 3000))
def test_no_piece_of_a_log_is_too_much(log: str, start: int, end: int) -> None:
    explanation = explain(log[start:end])
    assert explanation.cause is None or explanation.hint


LINES = st.sampled_from(sorted({line for log in RECORDED.values() for line in log.splitlines()}))


@given(st.lists(LINES | st.text()))
def test_no_text_is_too_much(lines: list[str]) -> None:
    explanation = explain("\n".join(lines))
    assert explanation.cause is None or explanation.hint
    assert explanation.cause is not None or explanation.hint == ""


def test_a_new_kernel_s_own_words_are_passed_on() -> None:
    explanation = explain(RECORDED[NEWEST, "missing-null-check"])
    assert explanation.reason.startswith("R0 may be NULL here (a nullable map value pointer). The")
    assert explanation.suggestion.startswith("Add a NULL check before the access")
    assert "\n" not in explanation.reason + explanation.suggestion
    assert explanation.telling == ("R0 invalid mem access 'map_value_or_null'",)


@pytest.mark.parametrize("series", all_series())
def test_registers_are_told_with_who_wrote_them(series: str) -> None:
    entry = next(each for each in GALLERY if each.key == "missing-null-check")
    (note,) = explain(RECORDED[series, entry.key], entry.program()).registers
    assert note.name == "r0"
    assert note.slot == 5
    assert note.source is not None
    assert note.source.code == "a.call(helper.map_lookup_elem)"
    assert note.state.startswith("map_value_or_null(id=")
