"""Whatever a page does while it is read, there is a word, and its line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pace import LIMIT

from tuxscope.page import guard
from tuxscope.page.loading import PageError, load_page

SCRIPT = """\
import sys
from tuxscope.page import guard
from tuxscope.page.loading import load_page
guard.LIMIT, guard.AGAIN = 0.05, 0.05
load_page(sys.argv[1])
"""

STUBBORN = """\
def work():
    for _ in range(1_000_000):
        pass
while True:
    try:
        work()
    except:
        pass
"""


def refused(text: str, tmp_path: Path) -> str:
    page = tmp_path / "a_page.py"
    page.write_text(text)
    with pytest.raises(PageError) as caught:
        load_page(str(page))
    return str(caught.value)


@pytest.mark.parametrize(
    "text", ["import os\nos._exit(0)\n", "import os\nos.abort()\n", "import sys\nsys.exit(3)\n"]
)
def test_a_page_that_ends_python_is_told_at_its_line(text: str, tmp_path: Path) -> None:
    exit_functions = os._exit, os.abort
    line = refused(text, tmp_path)
    assert line.startswith(f"a_page.py:2: {text.splitlines()[1]}: the page ended Python")
    assert (os._exit, os.abort) == exit_functions


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(1000)"])
def test_a_page_that_does_not_end_is_told_at_its_line(
    loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LIMIT", 0.05)
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0
    line = refused(f"# a page\n{loop}\n", tmp_path)
    assert line.startswith("a_page.py:2: ")
    assert "the page still runs after" in line
    assert before == (
        signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0
    )  # fmt: skip


def test_a_page_that_catches_all_is_ended_with_a_word(tmp_path: Path) -> None:
    page = tmp_path / "a_page.py"
    page.write_text(STUBBORN)
    done = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT, page],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the page still runs after" in done.stderr
    assert "a_page.py:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_thread_that_gets_no_signals_loads_pages_too(tmp_path: Path) -> None:
    lines: list[str] = []
    thread = threading.Thread(target=lambda: lines.append(refused("1 / 0\n", tmp_path)))
    thread.start()
    thread.join(LIMIT)
    assert lines == ["a_page.py:1: 1 / 0: division by zero"]


def test_no_bytecode_is_left_beside_a_page(tmp_path: Path) -> None:
    refused("x = 1\n", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["a_page.py"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing.py", "cannot be read: No such file or directory"),
        ("", "cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(PageError, match=says):
        load_page(str(tmp_path / name))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"x = '\xff'\n", b"\0\0"])
def test_a_file_that_is_no_python(data: bytes, tmp_path: Path) -> None:
    page = tmp_path / "a_page.py"
    page.write_bytes(data)
    with pytest.raises(PageError) as caught:
        load_page(str(page))
    assert "\n" not in str(caught.value)
