"""What make bench-net makes of output, and its tables; and the bench itself, in short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from connections.page import BEGIN, END, ratios, record, slowdown
from connections.readers import PARTNERS, READERS
from pace import LIMIT
from peers.building import BenchError
from peers.figures import Results, Values

BENCH = Path(__file__).parent.parent.parent / "bench"
BY_NAME = {each.name: each for each in READERS}
LINES = b"""\
TIME         PID     COMM            DIR IP LADDR           LPORT RADDR           RPORT STATE
16:20:40.123 7       connector       out 4  127.0.0.1       57562 127.0.0.133     7777  connect
16:20:40.124 77      connector       in  4  127.0.0.133     7777  127.0.0.1       57562 accept

16:20:40.125 7       connector       out 4  127.0.0.1       57562 127.0.0.133     7777  close
"""
TABLES = b"""\
PID     COMM            CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX
7       connector       1        1        0        0        1        0

PID     COMM            CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX
77      curl            5        0        0        0        5        0
7       connector       2        2        0        0        3        0
"""
MAPS = b"""\
@connects[7, connector]: 1
@connects[7, connector]: 2
@accepts[7, connector]: 2
@closes[0, ]: 9
@closes[7, connector]: 4
@tx[7, connector]: 99
"""


def results(**values: dict[str, list[float]]) -> Results:
    found: Values = values
    return Results("2026-01-02", {"cpu": "2 x Abacus", "kernel": "6.18"}, 0.0, "abc1234", {}, {},
                   {}, 3, 1000, 5.0, found)  # fmt: skip


COSTS = results(
    traced={"unprobed": [10.0, 12.0], "tuxscope net": [22.0], "net.bt": [44.0]},
    cpu={"tuxscope net": [1.0], "net.bt": [4.0]},
)


@pytest.mark.parametrize(
    ("name", "output", "events"),
    [
        ("tuxscope net", LINES, 2),
        ("tuxscope net", b"", 0),
        ("tuxscope net --summary", TABLES, 7),
        ("tuxscope net --summary", b"", 0),
        ("summary.bt", MAPS, 8),
    ],
)
def test_events_of_one_process_are_counted(name: str, output: bytes, events: int) -> None:
    assert BY_NAME[name].delivered(output, 7) == events


def test_each_mode_has_its_peer() -> None:
    for ours, theirs in PARTNERS.items():
        one, other = BY_NAME[ours], BY_NAME[theirs]
        assert (one.filtered, one.summary) == (other.filtered, other.summary)
        assert (one.peer, other.peer) == ("tuxscope", "bpftrace")


def test_ratios_are_those_of_medians() -> None:
    assert [cell.strip() for cell in slowdown(COSTS).splitlines()[2].split("|")[2:4]] == ["2", "4"]
    assert "| 0.5 " in ratios(COSTS)
    assert "| 0.25 " in ratios(COSTS)


def test_it_is_recorded_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "tools" / "net.md"
    record(COSTS, page)
    assert "2026-01-02, 2 x Abacus, Linux 6.18" in page.read_text()
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    record(COSTS, page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}")
    assert text.endswith(f"{END}after\n")
    assert "old\n" not in text
    record(COSTS, page)
    assert page.read_text() == text
    page.write_text("nothing")
    with pytest.raises(BenchError, match="no place"):
        record(COSTS, page)


def test_results_survive_json() -> None:
    assert Results.from_json(json.dumps(asdict(COSTS))) == COSTS


def step(place: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=BENCH,
        env={**os.environ, "TUXSCOPE_BENCH": str(place)},
        timeout=3 * LIMIT,
    )


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_all_is_measured(tmp_path: Path) -> None:
    built = step(tmp_path, "peers", "build", "--here")
    if built.returncode:
        pytest.skip(f"it cannot be built: {built.stderr.strip()}")
    measured = step(tmp_path, "connections", "measure", "--quick")
    assert measured.returncode == 0, measured.stderr
    found = Results.from_json(measured.stdout)
    # A peer may fail where the machine is busy; what is measured of the others stays.
    assert not {name for name in found.failed if BY_NAME[name].peer == "tuxscope"}
    assert found.runs == 1
    expected = {each.name for each in READERS if each.peer not in found.absent}
    expected -= found.failed.keys()
    assert set(found.values["delivered"]) == expected
    for name in expected:
        if BY_NAME[name].peer == "tuxscope":  # so few fit into its rings
            assert found.of("delivered", name) == [100], name
            assert found.of("unaccounted", name) == [0], name
