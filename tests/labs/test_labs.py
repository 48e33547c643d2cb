"""Each command of a lab prints what the lab says, and each of its Python examples runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pace import LIMIT

from labs.console import Command, Shell, agrees, commands

LABS = Path(__file__).parents[2] / "docs" / "labs"
PAGES = sorted(LABS.glob("*.md"))
TOOLS = ("bpftool", "strace")  # what a lab uses that is no part of tuxscope
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_there_is_a_lab() -> None:
    assert [each.name for each in PAGES] == ["01-hello.md"]


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
        printed = shell.run(command.line)
        assert agrees(command, printed), f"$ {command.line}\n" + "\n".join(printed)


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
