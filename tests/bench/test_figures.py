"""The tables and the picture of make bench, from made-up values."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from peers.drawing import svg, ticks
from peers.figures import LIMITS, MEASURES, Limit, Results, Values, interval, ratio, verdicts
from peers.measuring import lateness
from peers.page import figures, limits, markdown, ratios, record, table
from peers.processes import Written, reported_lost, timestamp

JSON_LINE = b'{"pid":7,"comm":"a: b}","timestamp_ns":9823741029384}\n'


def results(**values: dict[str, list[float]]) -> Results:
    found: Values = values
    return Results(
        date="2026-01-02",
        machine={"cpu": "2 x Abacus", "kernel": "6.18 x86_64"},
        load=0.0,
        commit="abc1234",
        versions={"tuxscope": "0.1.0"},
        absent={"bpftrace": "bpftrace is not installed"},
        failed={},
        runs=3,
        events=1000,
        seconds=5.0,
        values=found,
    )


THREE = results(
    cpu={"tuxscope": [0.6, 0.5, 0.4], "libbpf watermark": [0.2, 0.1, 0.3]},
    delivered={"tuxscope": [100.0, 99.9, 100.0]},
)


def row(text: str, label: str) -> list[str]:
    """The cells of a row of a table."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {label}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"1842     bash             9823741029384\n", 9823741029384),
        (b"1842     a 7              12\n", 12),
        (JSON_LINE, 9823741029384),
        (b"PID      COMM             TIMESTAMP_NS\n", None),
        (b"Attaching 2 probes...\n", None),
        (b"Lost 12 events\n", None),
        (b"\n", None),
        (b"", None),
    ],
)
def test_the_timestamp_of_a_line(line: bytes, number: int | None) -> None:
    assert timestamp(line) == number


def test_what_tools_say_of_loss() -> None:
    assert reported_lost(b"tuxscope: 21871 events, 12 lost, 5.0 s\n") == 12
    assert reported_lost(b"hello: 5 events, 0 lost\n") == 0
    assert reported_lost(b"Lost 3 events\nLost 4 events\n") == 7


def test_lateness_is_counted_to_the_piece_that_ends_the_line() -> None:
    chunks = [(5_000_000, b"7 a 1000000\n7 a 20000"), (9_000_000, b"00\n7 a 90000000\n")]
    written = Written(2, start=1_000_000, end=2_000_000, cpu=1)
    assert lateness(chunks, 0, written) == [4.0, 7.0]


def test_a_cell_has_median_and_range() -> None:
    assert row(figures(THREE), "reader's CPU")[1:] == ["0.500 (0.400 to 0.600)",
                                                      "0.200 (0.100 to 0.300)"]  # fmt: skip


def test_loss_in_one_run_is_what_counts() -> None:
    assert row(figures(THREE), "delivered")[1] == "99.9000 (99.9000 to 100.0000)"
    assert row(limits(THREE), "delivered in a flood")[3:] == [
        "99.900", "**no**", "2 of 3"
    ]  # fmt: skip


def test_ratios_are_those_of_medians() -> None:
    assert ratio(THREE, "cpu", "tuxscope", "libbpf watermark") == pytest.approx(2.5)
    assert row(ratios(THREE), "reader's CPU")[1:] == ["2.5", "", ""]
    assert ratio(THREE, "cpu", "tuxscope", "bpftrace") is None
    assert ratio(results(idle={"a": [1.0], "b": [0.0]}), "idle", "a", "b") is None


def test_no_peer_is_no_ratio() -> None:
    assert ratios(results(cpu={"tuxscope": [1.0]})) == "There is no peer to compare with."


def test_the_runs_are_judged_in_pairs() -> None:
    found = {each.limit: each for each in verdicts(THREE)}
    verdict = found[Limit("cpu", "tuxscope", "libbpf watermark", 2.5)]
    # 3, 5 and 1.33 times as much; 2.5 of the medians.
    assert (verdict.figure, verdict.holds, verdict.alone) == (pytest.approx(2.5), True, (1, 3))


def test_a_limit_without_figures_is_said_to_be_not_measured() -> None:
    assert row(limits(THREE), "exec to first line")[3:] == ["", "not measured", "0 of 0"]


def test_limits_are_of_measures_that_there_are() -> None:
    keys = {each.key for each in MEASURES}
    assert {each.measure for each in LIMITS} <= keys
    assert Limit("x", "y", None, 2).holds(2)
    assert not Limit("x", "y", None, 2).holds(2.001)
    assert not Limit("x", "y", None, 2, at_least=True).holds(1.999)


def test_columns_of_a_table_are_even() -> None:
    lines = markdown([["a", "bbb"], ["cccc", "d"]]).splitlines()
    assert lines == ["| a    | bbb |", "| ---- | --- |", "| cccc | d   |"]


def test_the_terminal_sees_who_is_absent_and_whether_the_machine_was_quiet() -> None:
    assert "without bpftrace: bpftrace is not installed" in table(THREE)
    assert "NOT QUIET" not in table(THREE)
    busy = Results(**{**vars(THREE), "load": 3.0})
    assert "NOT QUIET: the load was 3.0" in table(busy)


def test_ticks_hold_all_values() -> None:
    assert ticks(0.5, 30) == [0.1, 1, 10, 100]
    assert ticks(1, 1) == [1, 10]


def test_the_picture_has_a_dot_for_each_row_in_the_order_of_the_values() -> None:
    rows = {"tuxscope": [3.0, 1.0, 2.0], "a <b>": [12345.0], "none": [], "zero": [0.0, 1.0]}
    root = ElementTree.fromstring(svg({"cost & time": rows, "nothing": {}}))
    space = "{http://www.w3.org/2000/svg}"
    places = [float(each.attrib["cx"]) for each in root.iter(f"{space}circle")]
    assert len(places) == 2
    assert 0 < places[0] < places[1] < float(root.attrib["width"])
    texts = [each.text for each in root.iter(f"{space}text")]
    assert {"cost & time", "a <b>", "2", "12,345"} <= set(texts)
    assert not {"zero", "none", "nothing"} & set(texts)


def test_what_is_recorded(tmp_path: Path) -> None:
    record(THREE, tmp_path)
    page = (tmp_path / "performance.md").read_text()
    assert "- 2026-01-02, 2 x Abacus, Linux 6.18 x86_64" in page
    assert "{" not in page
    assert limits(THREE) in page
    ElementTree.parse(tmp_path / "performance.svg")


def test_what_a_start_imports_stays_on_the_page(tmp_path: Path) -> None:
    record(THREE, tmp_path)
    page = tmp_path / "performance.md"
    before = page.read_text()
    page.write_text(f"{before}\n## What a start imports\n\nMuch.\n")
    record(THREE, tmp_path)
    assert page.read_text() == f"{before}\n## What a start imports\n\nMuch.\n"


def test_a_ratio_of_many_pairs_is_judged_by_its_interval() -> None:
    limit = Limit("first_line", "tuxscope", "bpftrace", 1.0)
    ours = [1.1, 0.9, 1.3] * 7

    def verdict(count: int) -> tuple[float | None, bool | None, bool]:
        values = {"tuxscope": ours[:count], "bpftrace": [1.0] * count}
        found = {each.limit: each for each in verdicts(results(first_line=values))}[limit]
        return found.figure, found.holds, found.interval is not None

    assert verdict(21) == (1.1, True, True)
    assert verdict(18) == (pytest.approx(1.1), False, False)
    assert interval(ours) == interval(ours) == (0.9, 1.3)
    assert interval([2.0] * 21) == (2.0, 2.0)
    above = results(first_line={"tuxscope": [1.1] * 21, "bpftrace": [1.0] * 21})
    assert row(limits(above), "exec to first line")[3:5] == ["1.100 (1.100 to 1.100)", "**no**"]
