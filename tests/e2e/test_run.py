"""``tuxscope run FILE``: a page of one's own as a tool, and what looks into it from beside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT, fewer

import tuxscope.programs.hello as page_of_hello
from e2e.harness import TUXSCOPE, Tuxscope
from e2e.pages import COUNT, INSIDE
from tuxscope.abi.native import native_numbers
from tuxscope.learn.content.catalogue import solution_text

HELLO = Path(page_of_hello.__file__).read_text()
LAST_LINE = re.compile(r"tuxscope: (\d+) rows, \d+\.\d s(?:, (\d+) missed by recursion)?\n")
kernel = pytest.mark.kernel


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """Writes a page; its path."""

    def write(text: str, name: str = "page.py") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [TUXSCOPE, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == status, done.stderr
    return done


@kernel
def test_a_copy_of_hello_is_hello(page: Any, tuxscope: Any, writer: Any) -> None:
    target = writer(fewer(3000))
    tool = tuxscope("run", page(HELLO, "mine.py"), "--pid", target.pid, "--format", "json")
    tool.wait_until_attached()
    target.start()
    result = tool.finish()
    assert result.totals == (target.count, 0)
    assert {each["pid"] for each in result.objects} == {target.pid}


@kernel
def test_a_hash_is_a_table_that_ends_exact(page: Any, tuxscope: Any, writer: Any) -> None:
    counts = [fewer(5000), fewer(3000)]
    writers = [writer(each) for each in counts]
    tool = tuxscope("run", page(COUNT), "--format", "json", "--interval", "0.05")
    tool.wait_until_attached()
    for each in writers:
        each.start()
    for each in writers:
        each.wait()
    tool.signal(signal.SIGINT)
    result = tool.finish()
    ended = LAST_LINE.fullmatch(result.stderr)
    assert ended
    last = {row["pid"]: row["count"] for row in result.objects[-1]["rows"]}
    not_counted = [count - last[each.pid] for each, count in zip(writers, counts, strict=True)]
    assert min(not_counted) >= 0
    assert sum(not_counted) <= int(ended[2] or 0)  # Linux 7.3 preempts programs
    times = [each["seconds"] for each in result.objects]
    assert times == sorted(set(times))


@kernel
def test_a_table_of_two_programs_for_one_process(page: Any, tuxscope: Any, writer: Any) -> None:
    target = writer(fewer(2000))
    tool = tuxscope("run", page(INSIDE), "--pid", target.pid)
    tool.wait_until_attached()
    tool.wait_for_lines(1)
    target.start()
    result = tool.finish()
    assert result.status == 0
    last = result.stdout.split("\n\n")[-1].splitlines()
    assert last == ["ENTRY  BEGUN    ENDED", f"0      {target.count:<8} {target.count}"]


@kernel
def test_a_count_of_tables(page: Any) -> None:
    done = run("run", page(COUNT), "--count", "2", "--interval", "0.1")
    assert done.stdout.count("PID") == 2
    assert LAST_LINE.fullmatch(done.stderr)


def test_a_simulated_table(page: Any) -> None:
    first = run("run", page(COUNT), "--simulate", "--count", "2", "--format", "json")
    again = run("run", page(COUNT), "--simulate", "--count", "2", "--format", "json")
    assert first.stdout == again.stdout
    tables = [json.loads(line) for line in first.stdout.splitlines()]
    assert [each["seconds"] for each in tables] == [1.0, 2.0]
    totals = [sum(row["count"] for row in each["rows"]) for each in tables]
    assert 0 < totals[0] < totals[1]


def test_entry_and_exit_of_a_simulated_call_come_in_pairs(page: Any) -> None:
    done = run("run", page(INSIDE), "--simulate", "--count", "3", "--format", "json")
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]
    assert rows[0]["begun"] == rows[0]["ended"] > 0


def test_programs_on_all_calls_are_simulated(page: Any) -> None:
    count = page(solution_text("syscall-count"), "count.py")
    times = page(solution_text("syscall-histogram"), "times.py")
    options = ("--simulate", "--count", "1", "--interval", "10", "--format", "json")
    (table,) = map(json.loads, run("run", count, *options).stdout.splitlines())
    names = {row["syscall"]: row["number"] for row in table["rows"]}
    assert names == {name: native_numbers()[name] for name in names}
    assert {"read", "write"} < {*names}
    calls = sum(row["count"] for row in table["rows"])
    (table,) = map(json.loads, run("run", times, *options).stdout.splitlines())
    assert sum(row["count"] for row in table["rows"]) == calls  # each has an entry and an exit


def test_asm_and_step_take_a_page(page: Any) -> None:
    listed = run("asm", page(INSIDE)).stdout
    assert listed.startswith("enter:\n")
    assert "\nexit:\n" in listed
    done = run("step", page(INSIDE), "--to", "2")
    assert "page.py has 2 programs; this is the first, enter" in done.stderr
    done = run("asm", page(INSIDE), "--format", "bytes", status=2)
    assert "2 programs, and bytes are of one" in done.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "status", "says"),
    [
        (None, [], 1, "nothing.py: cannot be read: No such file"),
        ("x = 1", [], 1, "there is no PAGE; it needs a function, def program(): ... return a.pr"),
        ("import os\nos._exit(0)", [], 1, "page.py:2: the page ended Python"),
        (HELLO.replace("a.rsh(r0, 32)", "a.rsh(r0, 64)"), [], 1, "page.py:34:"),
        (HELLO, ["--interval", "1"], 2, "--interval does nothing here: page.py shows a stream"),
        (COUNT, ["--strict"], 2, "--strict does nothing here: page.py shows a table"),
        (COUNT, ["--buffer-pages", "8"], 2, "--buffer-pages does nothing here"),
        (COUNT, ["--interval", "0"], 2, "--interval takes seconds, as in --interval 0.5, not '0'"),
        (COUNT, ["--sort", "cuont"], 2, "there is no column cuont; did you mean count?"),
        (COUNT, ["--sort", "x"], 2, "there is no column x; there are pid, count, count_per_s"),
        (COUNT, ["--sort"], 2, "--sort takes a column, as in --sort count, not nothing"),
        (COUNT, ["--rows", "0"], 2, "--rows takes a number of rows, as in --rows 10, not '0'"),
        (HELLO, ["--rows", "1"], 2, "--rows does nothing here: page.py shows a stream"),
        (COUNT, ["more"], 2, "run takes one page"),
        (COUNT.replace("pid: int | None = None", "").replace("if pid is not None:", "if False:")
         .replace("a.jne(r0, pid", "a.jne(r0, 1"), ["--pid", "1"], 2, "its function takes no pid"),
        (COUNT.replace("Page(count, COUNTS, COLUMNS, order_by=Writes.count)", "Page(count)"), [],
         2, "page.py shows nothing: its PAGE has no map; try: tuxscope step "),
        (COUNT.replace("key=Process", "key=u32"), [], 1, "the key of COUNTS is u32: make it a rec"),
        (COUNT.replace("order_by=Writes.count", "order_by=Process.pid"), [], 1, "order_by is a f"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("simulated", [False, True])
@kernel
def test_what_is_wrong_is_told(
    page: Any, tmp_path: Path, text: str | None, arguments: list[str], status: int, says: str,
    simulated: bool,
) -> None:  # fmt: skip
    file = str(tmp_path / "nothing.py") if text is None else page(text)
    if simulated and "--pid" not in arguments and not {"--strict", "--buffer-pages"} & {*arguments}:
        arguments = [*arguments, "--simulate"]
    done = run("run", file, *arguments, status=status)
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


ONE = """    if pid is not None:  # Python's if: decided now, while assembling
        a.jne(r0, pid, "out")  # BPF's jump: decided in the kernel, on every write()
    elif exclude is not None:
        a.jeq(r0, exclude, "out")
"""
LOOP = """    for each in exclude:  # among them tuxscope: its writes would cause more events
        a.jeq(r0, each, "out")
"""
# As pages were written when tuxscope itself was all that was left out.
OLD = HELLO.replace("exclude: tuple[int, ...] = ()", "exclude: int | None = None")
OLD = OLD[: OLD.index("    if pid is not None")] + ONE + OLD.partition(LOOP)[2]


def test_rows_and_sort_of_a_table(page: Any) -> None:
    options = ("--simulate", "--count", "1", "--interval", "1m", "--format", "json")
    (whole,) = [json.loads(each) for each in run("run", page(COUNT), *options).stdout.splitlines()]
    done = run("run", page(COUNT), *options, "--sort", "PID", "--rows", "3")
    (table,) = [json.loads(each) for each in done.stdout.splitlines()]
    assert table["seconds"] == 60.0
    assert [each["pid"] for each in table["rows"]] == [2077, 1842, 1520]
    assert all(each in whole["rows"] for each in table["rows"])
    assert "tuxscope: 3 rows, " in done.stderr


@kernel
def test_a_page_that_leaves_out_one_process_goes_on(page: Any, tuxscope: Any, writer: Any) -> None:
    tool, target = tuxscope("run", page(OLD), "--format", "json"), writer(100)
    tool.wait_until_attached()
    target.start()
    target.process.wait(LIMIT)
    tool.signal(signal.SIGINT)
    result = tool.finish()
    pids = Counter(each["pid"] for each in result.objects)
    assert pids[target.pid] + result.totals[1] >= 100
    assert tool.process.pid not in pids
    other = writer(100)
    tool = tuxscope("run", page(OLD), "--include-self", "--exclude", other.pid, "--format", "json")
    tool.wait_until_attached()
    other.start()
    other.process.wait(LIMIT)
    tool.signal(signal.SIGINT)
    assert other.pid not in {each["pid"] for each in tool.finish().objects}


def test_whom_a_simulated_page_leaves_out(page: Any) -> None:
    for text in (HELLO, OLD):
        options = ("--simulate", "--count", "40", "--format", "json", "--exclude", "901")
        lines = run("run", page(text), *options).stdout.splitlines()
        pids = {json.loads(each)["pid"] for each in lines}
        assert 901 not in pids
        assert {1842, 733} <= pids
    done = run("run", page(HELLO), "--simulate", "--exclude", "901,5", status=1)
    assert "there is no simulated process 5; there are 1 (systemd), " in done.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        (COUNT, ["--exclude", "901"], "page.py cannot leave out processes: its function takes"),
        (COUNT, ["--simulate", "--exclude", "901"], "its function takes no exclude; see programs/"),
        (OLD, ["--simulate", "--exclude", "901,1"], "page.py leaves out one process, and no other;"
         " with exclude: tuple[int, ...] = () it gets them all, as programs/hello.py does"),
        (OLD, ["--exclude", "901"], "page.py leaves out tuxscope itself, and no other; or add"),
        (OLD, ["--exclude", "901,1"], "page.py leaves out tuxscope itself, and no other; with"),
        (HELLO, ["--exclude", "1", "--pid", "2"], "--pid and --exclude conflict: --pid already"),
        (HELLO, ["--exclude", "1", "--", "ls"], "--exclude and -- COMMAND conflict: only COMMAND"),
        (HELLO, ["--exclude", "1,,2"], "--exclude takes process IDs, as in --exclude 1842,733, n"),
    ],
)  # fmt: skip
@kernel
def test_a_page_that_cannot_leave_out_says_so(
    page: Any, text: str, arguments: list[str], says: str
) -> None:
    assert says in run("run", page(text), *arguments, status=2).stderr


def test_run_without_a_page() -> None:
    assert "missing argument: the page; try: sudo tuxscope run FILE" in run("run", status=2).stderr


# What looks into a running page from beside.


@kernel
def test_map_shows_and_sets_what_a_running_program_counts(
    page: Any, tuxscope: Any, writer: Any
) -> None:
    name = f"COUNTS_{os.getpid()}"  # no other run has it
    target = writer(3, 4)
    tool: Tuxscope = tuxscope("run", page(COUNT.replace('"COUNTS"', f'"{name}"')),
                              "--pid", target.pid, "--format", "json")  # fmt: skip
    tool.wait_until_attached()
    target.write_next()
    target.wait_for_writes(3)
    entry = json.loads(run("map", name, "--format", "json").stdout)
    assert entry["key"] == target.pid
    run("map", name, str(target.pid), "100")
    shown = run("map", name).stdout.splitlines()
    assert shown[0].split() == ["KEY", "VALUE"]
    assert int(shown[1].split()[1]) in (100, 101)
    target.start()
    result = tool.finish()
    assert result.objects[-1]["rows"][0]["count"] in (104, 105)
    for arguments, says in (
        ([name], f"there is no map {name} in the kernel"),
        ([name, "1"], f"missing argument: the value; try: sudo tuxscope map {name} 1 1842"),
        (["--id", "4000000000", "X"], "there is no map with ID 4000000000"),
    ):
        done = subprocess.run([TUXSCOPE, "map", *arguments], capture_output=True, text=True,
                              timeout=LIMIT, check=False)  # fmt: skip
        assert done.returncode != 0
        assert says in done.stderr


@kernel
def test_fields_are_those_of_this_kernel() -> None:
    lines = run("fields", "syscalls/sys_enter_write").stdout.splitlines()
    assert lines[0].split() == ["OFFSET", "SIZE", "NAME", "TYPE"]
    found = {line.split()[2]: line.split() for line in lines[1:]}
    assert found["fd"] == ["16", "8", "fd", "unsigned", "int"]
    assert found["count"][:2] == ["32", "8"]
    as_json = run("fields", "syscalls:sys_enter_write", "--format", "json").stdout.splitlines()
    assert [json.loads(each)["name"] for each in as_json] == list(found)
    names = run("fields", "syscalls/sys_enter_writ*").stdout.split()
    assert names == ["syscalls/sys_enter_write", "syscalls/sys_enter_writev"]


@kernel
@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("syscalls/sys_enter_wirte", 1, "did you mean sys_enter_write?"),
        ("write", 1, "to search, try: tuxscope fields '*write*'"),
        ("no/such*", 1, "no tracepoint of this kernel matches 'no/such*'"),
        ("../../etc/passwd", 1, "is not a tracepoint"),
        ("", 1, "is not a tracepoint"),
    ],
)
def test_a_tracepoint_that_is_none(name: str, status: int, says: str) -> None:
    assert says in run("fields", name, status=status).stderr
