"""``tuxscope explain``, and errors on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from explain.corpus import FOLDER
from pace import LIMIT

import tuxscope
from e2e.harness import TUXSCOPE

LOG = """\
0: R1=ctx() R10=fp0
; a.call(helper.map_lookup_elem) @ count.py:16
6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=COUNTS,ks=4,vs=8)
; a.ldx(r3, u64[r0]) @ count.py:17
7: (79) r3 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""
ACCEPTED = "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
UNKNOWN = "0: (b7) r0 = 0\nthe moon is in the wrong house\nprocessed 1 insns (limit 1000000)\n"


def run(*arguments: str, given: bytes = b"", status: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [TUXSCOPE, "explain", *arguments], input=given, capture_output=True, timeout=LIMIT
    )
    assert done.returncode == status, done.stderr
    return done


def on_a_terminal(*command: str, columns: int = 80, **environment: str) -> str:
    """What a command prints on a terminal, on both stdout and stderr."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment},
    )  # fmt: skip
    os.close(theirs)
    output = b""
    try:
        while piece := os.read(ours, 4096):
            output += piece
    except OSError:  # EIO: the other end is closed
        pass
    os.close(ours)
    process.wait(LIMIT)
    return output.decode().replace("\r\n", "\n")


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def log(tmp_path: Path) -> str:
    file = tmp_path / "a.log"
    file.write_text(LOG)
    return str(file)


def test_a_file_or_stdin(log: str) -> None:
    result = run(log)
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith("count.py:17: r0 is used as an address")
    assert lines[1] == "> 17 | a.ldx(r3, u64[r0])"
    assert any("  set at count.py:16: a.call(" in line for line in lines)
    assert lines[-1].startswith("  hint      ")
    assert result.stderr == b""
    assert run(given=LOG.encode()).stdout == run("-", given=LOG.encode()).stdout == result.stdout


def test_json_is_one_object(log: str) -> None:
    found: dict[str, Any] = json.loads(run(log, "--format", "json").stdout)
    assert list(found) == ["cause", "hint", "slot", "source", "registers", "telling"]
    assert (found["cause"], found["slot"]) == ("missing-null-check", 7)
    assert found["source"] == {"file": "count.py", "line": 17, "text": "a.ldx(r3, u64[r0])"}
    assert found["registers"][0] == {
        "name": "r0",
        "state": "map_value_or_null(id=1,map=COUNTS,ks=4,vs=8)",
        "slot": 6,
        "source": {"file": "count.py", "line": 16, "text": "a.call(helper.map_lookup_elem)"},
    }
    assert found["telling"] == ["R0 invalid mem access 'map_value_or_null'"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "<stdin>: there is no verifier's log in it"),
        (b"root:x:0:0::/root:/bin/bash\n", "<stdin>: there is no verifier's log in it"),
        (bytes(range(256)) * 99, "<stdin>: there is no verifier's log in it"),
        (ACCEPTED.encode(), "<stdin>: the verifier objects to nothing in it"),
        (UNKNOWN.encode(), "<stdin>: this cause is not known to tuxscope"),
    ],
)
def test_what_cannot_be_explained_is_said_on_stderr(given: bytes, says: str) -> None:
    for style in ("text", "json"):
        result = run("--format", style, given=given, status=1)
        assert says in result.stderr.decode()
        assert result.stderr.count(b"\n") == 1
    found = json.loads(result.stdout)
    assert found["cause"] is None
    if given == UNKNOWN.encode():
        assert found["telling"] == ["the moon is in the wrong house"]
        assert run(given=given, status=1).stdout.startswith(b"the moon is in the wrong house")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("accepted", "the verifier objects to nothing in it; the program may have been accepted"),
        ("accepted-524", "the verifier objects to nothing in it; the load failed afterwards: "
         "Operation not supported (ENOTSUPP): the JIT compiler fails"),
        ("cut", "the log stops before the verifier says what it objects to"),
        ("cut-behind-a-byproduct", "the log stops before the verifier says what it objects to"),
        ("byproduct-alone", "this cause is not known to tuxscope"),
        ("struct-bpf-map", "this cause is not known to tuxscope"),
    ],
)  # fmt: skip
def test_no_cause_is_guessed(name: str, says: str) -> None:
    result = run(str(FOLDER / f"{name}.log"), status=1)
    assert says in result.stderr.decode()
    if "not known" not in says:
        assert result.stdout == b""


def test_both_lines_of_a_reason_are_shown() -> None:
    lines = run(str(FOLDER / "byproduct-then-lock.log")).stdout.decode().splitlines()
    assert lines[0].startswith("lb.bpf.c:131: a global function is called while holding a lock")
    said = " ".join(" ".join(lines[2:]).split())
    assert "while holding a lock, use static function instead (slot 62)" in said


def test_what_is_no_utf8_survives() -> None:
    given = b"\xff\xfe\x00" + LOG.encode().replace(b"u64[r0]", b"u64[\x80\x1b[2Jr0]") + b"\x00\xff"
    found = json.loads(run("--format", "json", given=given).stdout)
    assert found["cause"] == "missing-null-check"
    text = run(given=given).stdout.decode()
    assert "\x1b" not in text
    assert "u64[\ufffd\\x1b[2Jr0]" in text or "u64[\ufffdr0]" in text


def test_a_file_that_is_too_big_or_not_there(tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert b"has more than 64 MiB; the cause is at a log's end" in run(str(big), status=1).stderr
    assert b"cannot read /nowhere: No such file" in run("/nowhere", status=1).stderr
    assert b"cannot read /: Is a directory" in run("/", status=1).stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a", "b"], "unexpected argument 'b'; explain takes one file"),
        (["--format", "xml"], "--format is text or json, not 'xml'"),
        (["--pid", "1"], "unknown option --pid"),
    ],
)
def test_usage(arguments: list[str], says: str) -> None:
    result = run(*arguments, status=2)
    assert (result.stdout, result.stderr.count(b"\n")) == (b"", 1)
    assert says in result.stderr.decode()


def test_nobody_waits_for_a_terminal() -> None:
    said = on_a_terminal(TUXSCOPE, "explain")
    assert "whose log? name a file, or pipe one in:" in " ".join(said.split())


def test_colour_is_for_terminals_and_who_wants_it(log: str) -> None:
    coloured = on_a_terminal(TUXSCOPE, "explain", log)
    assert "\x1b[" in coloured
    assert on_a_terminal(TUXSCOPE, "explain", log, NO_COLOR="1") == bare(coloured)
    assert on_a_terminal(TUXSCOPE, "explain", log, TERM="dumb") == bare(coloured)
    assert b"\x1b[" not in run(log).stdout


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_a_terminals_lines_are_not_longer_than_it(columns: int, log: str) -> None:
    lines = bare(on_a_terminal(TUXSCOPE, "explain", log, columns=columns)).splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) <= 16


def edited(old: str, new: str, folder: Path) -> tuple[str, ...]:
    """A copy of the package with another page: the command that runs it."""
    package = Path(tuxscope.__file__).parent
    shutil.copytree(package, folder / "tuxscope", ignore=shutil.ignore_patterns("__pycache__"))
    page = folder / "tuxscope" / "programs" / "hello.py"
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new, 1))
    run = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); from tuxscope.entry import main; main()"
    )
    return sys.executable, "-B", "-c", run


def test_a_students_typo_on_a_terminal(tmp_path: Path) -> None:
    command = edited("event.timestamp_ns", "event.timestmp_ns", tmp_path)
    said = on_a_terminal(*command, "asm", "hello")
    first, *rest = bare(said).splitlines()
    number = int(first.split(":")[2])
    assert first == (
        f"tuxscope: hello.py:{number}: HelloEvent has no field timestmp_ns; did you mean"
    )
    assert rest[0] == "  timestamp_ns?"
    assert rest[3] == f"> {number} |     a.stx(event.timestmp_ns, r0)"
    assert rest[4].index("^") == rest[3].index("event.")
    assert len(rest) == 7
    assert max(map(len, rest)) <= 80


@pytest.mark.kernel
def test_what_the_verifier_refuses(tmp_path: Path) -> None:
    """Something that no check before the load finds."""
    command = edited("a.mov(r5, HelloEvent.size)", "a.mov(r5, r0)", tmp_path)
    said = bare(on_a_terminal(*command, "hello", "--pid", str(os.getpid())))
    lines = said.splitlines()
    assert lines[0].startswith("tuxscope: hello.py:")
    assert any(
        line.startswith("> ") and "a.call(helper.perf_event_output)" in line for line in lines
    )
    assert re.search(r"^  verifier  \S", said, re.MULTILINE)
    assert re.search(r"^  hint      \S", said, re.MULTILINE)
    assert lines[-1].endswith("lines; --verifier-log prints them")
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 16
    whole = subprocess.run(
        [*command, "hello", "--pid", str(os.getpid()), "--verifier-log"],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (whole.returncode, whole.stdout) == (1, "")
    assert "processed " in whole.stderr
    assert "--verifier-log" not in whole.stderr


LOADS = """
from tuxscope.loader import load

load(PAGE.program(None))
"""


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("command", "options", "has_log"),
    [
        ("run", [], True),
        ("run", ["--simulate"], False),
        ("asm", [], False),
        ("step", [], False),
    ],
    ids=["run", "simulate", "asm", "step"],
)
def test_the_option_for_the_log_is_named_where_it_is_one(
    command: str, options: list[str], has_log: bool, tmp_path: Path
) -> None:
    page = tmp_path / "loads.py"
    hello = (Path(tuxscope.__file__).parent / "programs" / "hello.py").read_text()
    page.write_text(hello.replace("a.mov(r5, HelloEvent.size)", "a.mov(r5, r0)") + LOADS)
    done = subprocess.run(
        [TUXSCOPE, command, str(page), *options],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "  verifier  " in done.stderr
    assert ("--verifier-log prints them" in done.stderr) is has_log


WRONG_WAY = """\
from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper, r0, r1, r2, r3
from tuxscope.page import Column, Page
from tuxscope.record import Record, u32, u64


class Key(Record):
    pid = u32


class Count(Record):
    count = u64


COUNTS = Hash("COUNTS", key=Key, value=Count, max_entries=64)


def count() -> Program:
    a = Assembler("count", attach=Tracepoint("syscalls", "sys_enter_write"))
    key = a.stack(u32)
    a.st(key, 1)
    a.ld_map(r1, COUNTS)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "found")
    a.mov(r0, 0)
    a.exit()
    a.label("found")
    a.ldx(r3, u64[r0])
    a.mov(r0, 0)
    a.exit()
    return a.program(check=False)


PAGE = Page(count, COUNTS, (Column(Count.count, 8),))
"""


@pytest.mark.kernel
def test_a_null_check_the_wrong_way_around(tmp_path: Path) -> None:
    """The path that fails is the taken one of a branch, and the loader's log is of level 1."""
    page = tmp_path / "wrong.py"
    page.write_text(WRONG_WAY)
    done = subprocess.run(
        [TUXSCOPE, "run", page], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 1
    assert "r0 is 0 on this path: the comparison leads here" in done.stderr
    assert 'hint      jump to another path if it is 0: a.jeq(r0, 0, "out")' in done.stderr
    assert re.search(r"^  r0 +\S*0\S* +set at wrong\.py:\d+: a\.call\(", done.stderr, re.MULTILINE)


def test_a_typo_at_the_end_of_a_long_line_is_seen(tmp_path: Path) -> None:
    command = edited("HelloEvent.timestamp_ns)", "HelloEvent.timestamp_n)", tmp_path)
    lines = bare(on_a_terminal(*command, "asm", "hello")).splitlines()
    shown, pointer = next(
        (line, lines[i + 1]) for i, line in enumerate(lines) if line.startswith("> ")
    )
    assert shown[pointer.index("^") :].startswith("HelloEvent.timestamp_n)")
