"""Whatever a page does to the process that grades it, there is a verdict, and its line."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from pace import LIMIT, SLOWDOWN

from tuxscope.learn.content.catalogue import solution_text
from tuxscope.learn.engine.verdict import StageState
from tuxscope.learn.examination import Interrupted, examined
from tuxscope.run.interrupt import Interrupt

SOLUTION = solution_text("return-value")
BRIEF = 1.5 * SLOWDOWN  # seconds until what does not end is ended


@pytest.mark.parametrize(
    ("text", "came", "has_line"),
    [
        ("os._exit(3)", "the page ended Python", True),
        ("os.abort()", "the page ended Python", True),
        ("sys.exit()", "the page ended Python", True),
        ("ctypes.string_at(0)", "Python was killed by SIGSEGV", True),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Python was killed by SIGKILL", False),
        ("while True: pass", "it did not end", True),
        ("signal.pthread_sigmask(0, [14]); time.sleep(99)", "it did not end", True),
        ("a.mov(r0", "'(' was never closed", True),
        ("1 / 0", "division by zero", True),
        ("print(file=open('/nowhere'))", "No such file or directory", True),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", False),
    ],
)
@pytest.mark.parametrize("inside", [False, True], ids=["page", "function"])
def test_a_page_cannot_end_without_a_verdict(
    text: str, came: str, has_line: bool, inside: bool, tmp_path: Path
) -> None:
    page = tmp_path / "return_value.py"
    imports = "import ctypes, os, signal, sys, time\n"
    begin = "def return_value() -> Program:\n"
    new = f"{begin}    {text}  # here\n" if inside else f"{text}  # here\n{begin}"
    page.write_text(SOLUTION.replace("from", f"{imports}from", 1).replace(begin, new))
    with Interrupt() as interrupt:
        limit = BRIEF if "did not end" in came else LIMIT
        verdict = examined("return-value", str(page), 7, interrupt, limit)
    assert not verdict.passed
    assert verdict.finding
    assert came in verdict.finding.came
    source = verdict.finding.source
    if has_line:
        assert source
        assert source.file == str(page)
        assert "# here" in page.read_text().splitlines()[source.line - 1]


def test_what_a_page_prints_is_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "return_value.py"
    page.write_text(SOLUTION + "print('{}')\n")
    with Interrupt() as interrupt:
        assert examined("return-value", str(page), 7, interrupt).pure.state is StageState.PASSED
    assert capfd.readouterr() == ("", "{}\n")


def test_what_lies_beside_a_page_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("1 / 0\n")
    page = tmp_path / "return_value.py"
    page.write_text(SOLUTION)
    with Interrupt() as interrupt:
        assert examined("return-value", str(page), 7, interrupt).passed


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    page = tmp_path / "return_value.py"
    page.write_text("while True: pass\n")
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted):
            examined("return-value", str(page), 7, interrupt)
