"""Each command of a lab prints what the lab says, and each of its Python examples runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pace import LIMIT

from labs.console import Command, Shell, agrees, commands
from tuxscope.loader.bpf import BpfCommand, fd_by_id, object_ids, object_info
from tuxscope.loader.bpf_attributes import ProgInfo

LABS = Path(__file__).parents[2] / "docs" / "labs"
PAGES = sorted(LABS.glob("*.md"))
TRACING = (2, 5, 7, 17, 26)  # kprobe, tracepoint, perf_event, raw_tracepoint, tracing
ALONE = 10.0  # seconds to wait for another tracer to end
TOOLS = ("bpftool", "strace")  # what a lab uses that is no part of tuxscope
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_there_is_a_lab() -> None:
    assert [each.name for each in PAGES] == ["01-hello.md", "02-syscalls.md", "03-files.md"]


@pages
@pytest.mark.kernel
@pytest.mark.one_kernel
def test_each_command_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    if missing := [each for each in TOOLS if not shutil.which(each, path=path)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    shell = Shell(tmp_path)
    listed = list(commands(page.read_text()))
    assert len(listed) > 20
    for command in listed:
        printed = run_alone(shell, command)
        assert agrees(command, printed), f"$ {command.line}\n" + "\n".join(printed)


def run_alone(shell: Shell, command: Command) -> list[str]:
    """What a command prints; again, where it listed the programs of another tracer as well.

    Skips the test where that one does not end.
    """
    deadline = time.monotonic() + ALONE
    while True:
        others = tracing_programs()
        printed = shell.run(command.line)
        others |= tracing_programs()
        if not others or agrees(command, printed):
            return printed
        if time.monotonic() > deadline:
            pytest.skip(f"another tracer runs, and is listed by: {command.line}")


def tracing_programs() -> set[int]:
    """The ids of the programs in the kernel that bpftool may list beside the lab's."""
    found = set()
    for each in object_ids(BpfCommand.PROG_GET_NEXT_ID):
        with (
            suppress(FileNotFoundError),
            fd_by_id(BpfCommand.PROG_GET_FD_BY_ID, each) as program,
        ):
            if object_info(program.fileno(), ProgInfo()).type in TRACING:
                found.add(each)
    return found


@pages
@pytest.mark.kernel
@pytest.mark.one_kernel
def test_each_python_example_runs(page: Path) -> None:
    for code, output in re.findall(
        r"```python run\n(.*?)```\n\n```\n(.*?)```", page.read_text(), re.DOTALL
    ):
        done = subprocess.run(
            [sys.executable, "-B", "-c", code], capture_output=True, text=True, timeout=LIMIT,
            check=False,
        )  # fmt: skip
        assert agrees(Command("", tuple(output.splitlines()), False), done.stdout.splitlines()), (
            done.stdout + done.stderr
        )


@pytest.mark.parametrize(
    ("said", "printed", "agree"),
    [
        (["PID  COMM", "12   sh 5"], ["PID  COMM", "1842 sh 77"], True),
        (["12   sh 5"], ["1842 cat 77"], False),
        (["12   sh 5"], ["1842 sh 77", "1842 sh 78"], False),
        (["first", "...", "last"], ["first", "a", "b", "last"], True),
        (["first", "..."], ["second"], False),
        (["0x1f ok"], ["0x2a ok"], True),
        (["1 event"], ["no event"], False),
    ],
)
def test_what_agrees(said: list[str], printed: list[str], agree: bool) -> None:
    assert agrees(Command("", tuple(said), False), printed) is agree


def test_exact_is_exact() -> None:
    assert agrees(Command("", ("a 1",), True), ["a 1"])
    assert not agrees(Command("", ("a 1",), True), ["a 2"])
