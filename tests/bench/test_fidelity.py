"""How strace's lines are taken apart, paired with tuxscope's, and compared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from fidelity.aligning import aligned
from fidelity.commands import commands
from fidelity.comparing import Difference, compared
from fidelity.lines import Kind, Line, parsed, strace_lines, tuxscope_lines
from fidelity.page import BEGIN, END, examples, record, summary
from fidelity.watching import watched
from hypothesis import given
from hypothesis import strategies as st

STRACE = r"""
7  execve("/usr/bin/sh", ["sh", "-c", "ls, (x"...], 0x7ffe6ddfa470 /* 39 vars */) = 0
7  openat(AT_FDCWD</tmp>, "/a, \"b)", O_RDONLY|O_CLOEXEC) = 3</a, (b>
7  newfstatat(3</a>, "", {st_mode=S_IFREG|0644, st_size=38687, ...}, AT_EMPTY_PATH) = 0
7  close(3</a>)                      = 0
8  read(0</dev/null>,  <unfinished ...>
7  read(0<socket:[12]>,  <unfinished ...>
7  <... read resumed>"", 4096)       = 0
8  <... read resumed>0x7f, 10)       = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
8  --- SIGALRM {si_signo=SIGALRM, si_code=SI_USER, si_pid=7, si_uid=0} ---
8  rt_sigreturn({mask=[]})           = 0
8  read(0</dev/null>, "", 10)        = 0
7  capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_KILL}) = 0
7  fcntl(1<pipe:[5]>, F_GETFL)       = 0x8001 (flags O_WRONLY|O_LARGEFILE)
7  openat(AT_FDCWD</tmp>, "/nowhere", O_RDONLY) = -1 ENOENT (No such file or directory)
8  futex(0x7f, FUTEX_WAIT, 0, NULL <unfinished ...>
9  wait4(-1,  <unfinished ...>
7  exit_group(0)                     = ?
9  <... wait4 resumed> <unfinished ...>) = ?
8  +++ exited with 0 +++
7  +++ exited with 0 +++
"""


def theirs() -> list[Line]:
    return list(strace_lines(STRACE))


def as_tuxscope(lines: list[Line]) -> str:
    return "".join(
        f"14:03:22.{number:06} sh a[1] b[{line.tid}] {line.text}"
        + (" <0.000021>" if line.kind is Kind.CALL and line.result else "") + "\n"
        for number, line in enumerate(lines)
    )  # fmt: skip


def test_calls_are_taken_apart() -> None:
    lines = theirs()
    assert [line.name for line in lines if line.tid == 7][:4] == [
        "execve", "openat", "newfstatat", "close",
    ]  # fmt: skip
    assert lines[0].arguments[1:] == ('["sh", "-c", "ls, (x"...]', "0x7ffe6ddfa470 /* 39 vars */")
    assert lines[1].arguments == ("AT_FDCWD</tmp>", r'"/a, \"b)"', "O_RDONLY|O_CLOEXEC")
    assert (lines[1].result, lines[1].number) == ("3</a, (b>", "3")
    assert lines[3].text == "close(3</a>) = 0"
    assert next(line.error for line in lines if "nowhere" in line.text) == "ENOENT"
    assert next(len(line.arguments) for line in lines if line.name == "capset") == 2


def test_resumed_calls_are_put_together() -> None:
    reads = [line.text for line in theirs() if line.name == "read"]
    assert reads == [
        'read(0<socket:[12]>, "", 4096) = 0',
        "read(0</dev/null>, 0x7f, 10) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        'read(0</dev/null>, "", 10) = 0',
    ]
    futex = next(line for line in theirs() if line.name == "futex")
    assert futex.text.endswith(" <unfinished ...>")
    assert futex.result is None
    wait4 = next(line for line in theirs() if line.name == "wait4")
    assert (wait4.arguments, wait4.result) == (("-1",), None)


def test_the_same_is_equal() -> None:
    lines = theirs()
    found = compared("same", lines, tuxscope_lines(as_tuxscope(lines)))
    assert (found.lines, found.equal, found.extra) == (len(lines), len(lines), 0)
    assert not found.kinds
    assert found.of_kind[Kind.SIGNAL] == 1
    assert found.of_kind[Kind.END] == 2
    assert "100.00 %" in summary([found])


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("= 3</a, (b>", "= 4</a, (b>", Difference("openat", "result", "other text")),
        ("= 3</a, (b>", "= 3</c>", Difference("openat", "result", "the path of an fd")),
        ("-1 ENOENT (No", "-1 ENOTDIR (No", Difference("openat", "error")),
        ('"", 4096', '"x", 4096', Difference("read", "argument 2", "a string")),
        ("st_size=38687", "st_size=1", Difference("newfstatat", "argument 3", "field st_size")),
        ("AT_EMPTY_PATH", "0x1000",
         Difference("newfstatat", "argument 4", "strace has a name, tuxscope a number")),
        ("si_pid=7", "si_pid=8", Difference("--- SIGALRM ---", "si_pid", "other text")),
        ("exited with 0", "exited with 1", Difference("+++", "exited with 0", "other text")),
    ],
)  # fmt: skip
def test_a_difference_has_a_kind(old: str, new: str, kind: Difference) -> None:
    lines = theirs()
    ours = as_tuxscope(lines).replace(old, new, 1)
    found = compared("one", lines, tuxscope_lines(ours))
    assert found.equal == found.lines - 1
    assert [(each, number.count) for each, number in found.kinds.items()] == [(kind, 1)]


def test_a_restarted_call_is_one_line() -> None:
    lines = theirs()
    ours = [line for line in lines if "ERESTART" not in line.text]
    found = compared("restart", lines, ours)
    assert found.equal == found.lines - 1
    assert list(found.kinds) == [Difference("read", "restarted, one line in tuxscope")]


def call(name: str, result: int, tid: int = 1) -> Line:
    line = parsed(tid, f"{name}() = {result}")
    assert line
    return line


LINES = st.lists(
    st.builds(call, st.sampled_from(("read", "write", "futex")), st.integers(0, 3)), max_size=60
)


@given(LINES, LINES)
def test_no_line_is_left_out_or_paired_twice(one: list[Line], other: list[Line]) -> None:
    pairs = list(aligned(one, other))
    assert [left for left, _ in pairs if left] == one
    assert [right for _, right in pairs if right] == other
    assert all(left.name == right.name for left, right in pairs if left and right)


@given(st.lists(st.integers(0, 999), min_size=20, max_size=80, unique=True), st.data())
def test_few_missing_lines_cost_no_more(results: list[int], data: st.DataObject) -> None:
    lines = [call("read", each) for each in results]
    missing = data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=5))
    ours = [line for at, line in enumerate(lines) if at not in missing]
    found = compared("missing", lines, ours)
    assert found.equal == len(ours)
    assert found.extra == 0


@given(st.text(max_size=80), st.text(alphabet='"\\<>()[]{},-3D/*= ', max_size=80))
def test_any_text_is_taken(one: str, other: str) -> None:
    list(strace_lines(f"1 {one}\n1 read({other}\n1 <... read resumed>{one}"))
    list(tuxscope_lines(f"1.1 a[1] x({other}\n{one}"))


def test_of_unequal_results_the_calls_stay_paired() -> None:
    lines = [call("read", each) for each in range(30)]
    ours = [call("read", 99 if each % 7 == 0 else each) for each in range(30)]
    found = compared("results", lines, ours)
    assert (found.equal, found.extra) == (25, 0)
    assert re.fullmatch(r"read: result.*", str(next(iter(found.kinds))))


def test_the_table_is_written_between_its_marks(tmp_path: Path) -> None:
    lines = theirs()
    found = compared("one", lines, lines[1:])
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    record([found], page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\n94.12 % of 17 lines")
    assert "| 1 | execve | only strace has the line |  |" in text
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no place"):
        record([found], page)


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("name", ["ls -l", "pipeline", "signals in Python", "sockets and epoll"])
def test_strace_prints_the_same_of_a_command(name: str) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    command = next(each for each in commands() if each.name == name)
    seen = watched(command)
    found = compared(name, seen.theirs, seen.ours)
    assert found.lines > 50
    assert found.percentage >= 95, "\n".join(examples([found]))
    assert seen.lost == 0
