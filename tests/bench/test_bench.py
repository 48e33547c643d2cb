"""make bench itself, with so few events that its figures say nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pace import LIMIT
from peers.figures import Results
from peers.measuring import QUICK

BENCH = Path(__file__).parent.parent.parent / "bench"


def step(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "peers", *arguments],
        capture_output=True,
        text=True,
        cwd=BENCH,
        env={**os.environ, "TUXSCOPE_BENCH": str(place)},
        timeout=3 * LIMIT,
    )


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_all_is_measured_and_nothing_left(tmp_path: Path) -> None:
    built = step(tmp_path, "build", "--here")
    if built.returncode:
        pytest.skip(f"it cannot be built: {built.stderr.strip()}")
    measured = step(tmp_path, "measure", "--quick")
    assert measured.returncode == 0, measured.stderr
    assert not list((tmp_path / "output").iterdir())
    results = Results.from_json(measured.stdout)
    assert not results.failed.keys() - {"bpftrace"}  # it may where the machine is busy
    assert results.runs == 1
    readers = {"tuxscope", "tuxscope JSON"}
    if "libbpf" not in results.absent:
        readers |= {"libbpf watermark", "libbpf watermark JSON", "libbpf default"}
    readers |= {"bpftrace"} - set(results.absent) - results.failed.keys()
    assert set(results.values["delivered"]) == readers
    for reader in readers - {"bpftrace"}:  # so few fit into their rings
        assert results.of("unaccounted", reader) == [0], reader
        assert results.of("delivered", reader) == [100], f"{reader} of {QUICK.events} events"
    if "slots" in results.values:  # bpftool tells
        assert max(results.of("slots", "tuxscope")) <= 22
    (tmp_path / "results.json").write_text(measured.stdout)
    reported = step(tmp_path, "report", str(tmp_path / "results.json"))
    assert reported.returncode == 0, reported.stderr
    assert "| exec to first line, ms" in reported.stdout
    assert (tmp_path / "latency.svg").read_text().startswith("<svg")


def test_what_is_not_built_is_told_in_a_line(tmp_path: Path) -> None:
    done = step(tmp_path, "report", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert done.stderr == f"bench: no results in {tmp_path}/nothing; type make bench\n"
