"""The matrix's own code, as far as it boots nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pace import LIMIT
from waiting import has_ended, wait_until

from kernels import machine
from kernels.__main__ import BEGIN, END, TOOLS, main, missing_packages, write_table
from kernels.matrix import ARCHITECTURES, MATRIX, Guest, choose
from kernels.mirror import MirrorError, telling, version
from kernels.report import Outcome, as_markdown, as_text, read_console
from kernels.vmlinuz import pattern
from kernels.wheels import HOST_ONLY, requirements
from tuxscope.loader.cpus import parse_cpu_list

GUEST = Guest("6.12", "cloud-amd64")
FACTS = '{"release": "6.12.95", "page_size": 16384, "byte_order": "big", "cpus": "0,2"}'
PASSED = f"""\
[    0.9] something of the kernel's

tuxscope-guest: {FACTS}
........s.
vm: 200 random programs; this kernel lacks: gotol
============ 402 passed, 7 skipped, 900 deselected in 93.00s (0:01:33) ============

tuxscope-guest: {{"status": 0}}
[   99.1] reboot: Restarting system
"""
FAILED = PASSED.replace('"status": 0', '"status": 1').replace(
    "============ 402 passed",
    "FAILED tests/x.py::test_y - assert 1 == 2\n"
    "ERROR tests/x.py::test_z\n============ 1 failed, 401 passed, 1 error",
)


def test_the_matrix_has_what_it_promises() -> None:
    assert len({each.name for each in MATRIX}) == len(MATRIX) >= 12
    assert {each.architecture for each in MATRIX} == set(ARCHITECTURES)
    assert any(each.flavour.endswith("16k") for each in MATRIX)
    assert {1, 2, 4, 8} <= {len(parse_cpu_list(each.cpus)) for each in MATRIX}
    assert any(each.asleep for each in MATRIX)
    assert Guest("6.12", "s390x", cpus="0,3-4").offline == [1, 2]


def test_ci_has_the_oldest_the_newest_and_each_architecture() -> None:
    series = [tuple(map(int, each.series.split("."))) for each in MATRIX]
    booted = [tuple(map(int, each.series.split("."))) for each in choose(["ci"])]
    assert (min(booted), max(booted)) == (min(series), max(series))
    assert {each.architecture for each in choose(["ci"])} == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("words", "count"), [([], len(MATRIX)), (["6.12", "arm64"], 1), (["6.12"], 3), (["s390x"], 2)]
)
def test_words_choose(words: list[str], count: int) -> None:
    assert len(choose(words)) == count


def test_a_word_that_chooses_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["6.12", "amd46"]) == 2
    assert re.fullmatch(
        r"kernels: no guest is '6.12 amd46'; the words are .*amd64.*\n", capsys.readouterr().err
    )


def test_only_the_tools_of_the_chosen_guests_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for tool in (*TOOLS, "qemu-system-x86_64"):
        (tmp_path / tool).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_packages(choose(["5.10", "amd64"])) == []
    assert missing_packages(choose(["6.12"])) == ["qemu-system-arm", "qemu-system-misc"]
    assert main(["6.12", "arm64"]) == 2
    assert capsys.readouterr() == (
        "", "kernels: not all tools are here; try: apt-get install qemu-system-arm\n"
    )  # fmt: skip
    (tmp_path / "cpio").unlink()
    assert main(["6.12", "arm64", "--missing"]) == 0
    assert capsys.readouterr() == ("cpio\nqemu-system-arm\n", "")


def test_requirements_are_those_of_the_project_and_its_tests() -> None:
    names = {re.split(r"[^\w-]", each)[0] for each in requirements()}
    assert {"construct", "pyroute2", "pytest", "pytest-timeout", "hypothesis"} <= names
    assert not HOST_ONLY & names


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("linux-image-6.12.95+deb12-cloud-amd64", True),
        ("linux-binary-6.12.90+deb12.1-cloud-amd64", True),
        ("linux-image-6.12.0-0.deb11.52-cloud-amd64", True),
        ("linux-image-6.12.95+deb12-amd64", False),
        ("linux-image-6.12.95+deb12-rt-amd64", False),
        ("linux-image-6.12.95+deb12-cloud-amd64-dbg", False),
        ("linux-image-6.12.95+deb12-cloud-amd64-unsigned", False),
        ("linux-image-6.12-cloud-amd64", False),
        ("linux-image-6.1.2-cloud-amd64", False),
        ("linux-headers-6.12.95+deb12-cloud-amd64", False),
    ],
)
def test_a_series_has_many_packages(name: str, fits: bool) -> None:
    assert bool(re.fullmatch(pattern(GUEST), name)) is fits


def test_the_newest_comes_first_and_what_has_the_kernel() -> None:
    names = [
        "linux-binary-7.3.4+deb13-cloud-amd64",
        "linux-image-7.3.4+deb13-cloud-amd64",
        "linux-image-7.2.12+deb13-cloud-amd64",
        "linux-image-7.2.9+deb13-cloud-amd64",
    ]
    shuffled = [names[2], names[1], names[3], names[0]]
    assert sorted(shuffled, key=version, reverse=True) == names


def test_apt_s_complaint_is_told_without_the_address() -> None:
    stderr = "W: something\nE: Failed to fetch http://user:secret@host:80/debian/x  404  Not Found"
    assert telling(stderr) == "Failed to fetch /debian/x  404  Not Found"
    assert telling("apt is not well\n") == "apt is not well"


def test_a_console_of_a_guest_that_passed() -> None:
    outcome = read_console(GUEST, PASSED, 99.4, in_time=True)
    assert (outcome.state, outcome.failure) == ("passed", "")
    assert outcome.counts == {"passed": 402, "skipped": 7, "deselected": 900}
    lines = as_text([outcome]).splitlines()
    assert lines[1].split() == (
        "6.12 6.12.95 amd64 16 KiB big 0,2 402 0 7 99 passed".split()
    )  # fmt: skip
    assert outcome.note == "200 random programs; this kernel lacks: gotol"
    *table, blank, note = as_markdown([outcome]).splitlines()
    assert len(table) == 3
    assert (blank, note) == ("", f"- {GUEST.name}: {outcome.note}")


def test_a_console_of_a_guest_with_failures() -> None:
    outcome = read_console(GUEST, FAILED, 99.4, in_time=True)
    assert outcome.state == "FAILED"
    assert outcome.failure == (
        "FAILED tests/x.py::test_y - assert 1 == 2\nERROR tests/x.py::test_z"
    )
    assert "401" in as_text([outcome])
    assert " 2 " in as_text([outcome])  # failed, of any kind


@pytest.mark.parametrize(
    ("console", "in_time", "says"),
    [
        ("Kernel panic - not syncing", True, "it ended before its tests did.*Kernel panic"),
        (PASSED.partition("===")[0], False, r"it hung, and was killed.*\.s\."),
        ("", True, "it ended before its tests did"),
        (PASSED.replace('"status": 0', '"status": 2'), True, "pytest ended with 2"),
        (PASSED.replace(" in 93", " after 93"), True, "pytest ended with 0"),
    ],
)
def test_a_guest_that_says_nothing_good_failed(console: str, in_time: bool, says: str) -> None:
    outcome = read_console(GUEST, console, 1.0, in_time)
    assert outcome.state == "FAILED"
    assert re.match(says, outcome.failure, re.DOTALL)


def test_a_guest_that_is_not_tried_is_no_failure() -> None:
    outcome = Outcome(GUEST, not_run="no mirror")
    assert outcome.state == "NOT RUN"
    assert as_text([outcome]).splitlines()[1].split() == "6.12 cloud-amd64 amd64 NOT RUN".split()


def test_a_guest_that_hangs_is_killed(tmp_path: Path) -> None:
    hangs = [sys.executable, "-c", "print('booting', flush=True); import time; time.sleep(1000)"]
    ended = machine.run(hangs, tmp_path / "console", limit=0.5)
    assert not ended.in_time


def test_no_guest_outlives_who_started_it(tmp_path: Path) -> None:
    starter = (
        "import sys; from pathlib import Path; from kernels import machine\n"
        "machine.run(['sh', '-c', 'echo $$; exec sleep 1000'], Path(sys.argv[1]), 1000)\n"
    )
    console = tmp_path / "console"
    run = subprocess.Popen(
        [sys.executable, "-c", starter, console],
        cwd=Path(__file__).parents[1], env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip
    wait_until(lambda: console.exists() and console.read_text().endswith("\n"), "the console")
    guest = int(console.read_text())
    run.kill()
    run.wait(LIMIT)
    wait_until(lambda: has_ended(guest), "the end of the guest")


def test_a_guest_that_ends_is_read(tmp_path: Path) -> None:
    ended = machine.run(["printf", r"hello\r\n"], tmp_path / "console", limit=60)
    assert (ended.console, ended.in_time) == ("hello\n", True)


def test_the_table_replaces_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "kernels.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    monkeypatch.setattr("kernels.__main__.DOCS", page)
    for _ in range(2):
        write_table([read_console(GUEST, PASSED, 1.0, in_time=True)])
        text = page.read_text()
        assert text.startswith(f"before\n{BEGIN}")
        assert text.endswith(f"{END}after\n")
        assert text.count("| 6.12 |") == 1
        assert "old" not in text


def test_the_docs_have_a_row_for_each_guest() -> None:
    text = (Path(__file__).parents[2] / "docs" / "kernels.md").read_text()
    table = text.partition(BEGIN)[2].partition(END)[0]
    rows = [re.findall(r"[^| ]+", line)[:3] for line in table.splitlines() if line[:3] != "| k"]
    found = {(row[0], row[2]) for row in rows if len(row) == 3}
    assert {(each.series, each.architecture) for each in MATRIX} <= found


def test_a_mirror_that_does_not_answer_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_mirror(*_: object) -> None:
        raise MirrorError("no route to host")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("kernels.__main__.missing_packages", lambda _: [])
    monkeypatch.setattr("kernels.__main__.build_wheel", lambda _: Path("a.whl"))
    monkeypatch.setattr("kernels.__main__.libraries", lambda *_: None)
    monkeypatch.setattr("kernels.image.project", lambda *_: None)
    monkeypatch.setattr("kernels.mirror.Mirror._update", no_mirror)
    assert main(["6.12", "s390x"]) == 0
    assert "6.12 s390x: NOT RUN in 0 s: no route to host" in capsys.readouterr().out


def test_init_needs_nothing_but_python() -> None:
    """It is the first thing that runs in a guest: what it cannot import panics the kernel."""
    init = Path(__file__).with_name("init.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(init)!r})"],
        capture_output=True, check=False, env={**os.environ, "PATH": ""},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
