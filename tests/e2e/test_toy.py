"""A tool is one directory below programs/, and one line of the table."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

import tuxscope as package

TOY = Path(__file__).parent.parent / "programs" / "toy"
TABLE = "TABLE = (\n"
LINE = '    tool("toy", "every kill() on the system, as it happens"),\n'


@pytest.fixture
def toy(tmp_path: Path, tuxscope: Any) -> Any:
    """Starts the command of a copy of the package that has one tool more."""
    copy = tmp_path / "tuxscope"
    shutil.copytree(
        Path(package.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(TOY, copy / "programs" / "toy")
    table = copy / "tools.py"
    text = table.read_text()
    assert text.count(TABLE) == 1
    table.write_text(text.replace(TABLE, TABLE + LINE))
    prefix = ("env", f"PYTHONPATH={tmp_path}")
    return lambda *arguments: tuxscope(*arguments, prefix=prefix)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--help"], 0, "\n  toy        every kill() on the system, as it happens\n"),
        (["toy", "--help"], 0, "\n  --signal N          calls with this signal alone\n"),
        (["asm", "toy"], 0, "page.py:"),
        (["asm", "tyo"], 2, "there is no page tyo; did you mean toy?\n"),
        (["run", "toy"], 1, "; it comes with tuxscope: tuxscope toy\n"),
        (["tyo"], 2, "unknown command 'tyo'; did you mean toy?\n"),
        (["toy", "--signal", "x"], 2, "--signal takes a signal, as in --signal 9, not 'x'\n"),
        (["toy", "--signal", "9", "--pid", "1"], 2, "toy: --signal is for all processes; it does"),
        (["toy", "--singal", "9"], 2, "unknown option --singal; did you mean --signal?\n"),
    ],
)
def test_a_line_of_the_table_makes_it_known(
    arguments: list[str], status: int, says: str, toy: Any
) -> None:
    if arguments[0] == "run" and os.geteuid():
        pytest.skip("without privilege it gets no further than that")
    result = toy(*arguments).finish()
    assert says in result.stdout + result.stderr
    assert result.status == status


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_it_runs_with_an_option_of_its_own(toy: Any) -> None:
    wanted = 100_000 + os.getpid()  # no signal, so nobody else sends it, and nobody gets it
    run = toy("toy", "--signal", wanted)
    run.wait_until_attached()
    for number in (wanted + 1, wanted, wanted + 2, wanted):
        with contextlib.suppress(OSError):
            os.kill(os.getpid(), number)
    run.wait_for_lines(3)
    run.signal(signal.SIGINT)
    result = run.finish()
    assert (result.status, result.rows) == (0, [[str(wanted)]] * 2)
    assert result.totals == (2, 0)
