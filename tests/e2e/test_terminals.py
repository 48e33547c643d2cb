"""The commands on a terminal, as a user sees them: at three sizes, while it is resized, and when it
is closed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT
from terminal import Run, Terminal
from waiting import read_all

from e2e.harness import LAST_LINE, TUXSCOPE
from e2e.pages import COUNT
from e2e.tcp import make_socket
from tuxscope.learn.content.catalogue import LADDER
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.output.screen import columns as columns_of
from tuxscope.programs.net.sockets import Namespace

SIZES = [(80, 24), (40, 10), (200, 50)]
# Below the ephemeral ports, and others in each process: net looks into all namespaces.
SERVER, CLIENT = (start + os.getpid() % 10_000 for start in (20_000, 10_000))
# What a terminal shows is the same on all kernels.
pytestmark = pytest.mark.one_kernel
kernel = pytest.mark.kernel
SILENT = {"stderr": subprocess.DEVNULL}  # what is tested is stdout

HELLO = {
    80: """\
PID      COMM             TIMESTAMP_NS
1520     bash             3600093030356
901      nginx            3600108012471
901      nginx            3600184589714
1842     cat              3600228368995
1520     bash             3600244921990
""",
    40: """\
PID      COMM       TIMESTAMP_NS
1520     bash       3600093030356
901      nginx      3600108012471
901      nginx      3600184589714
1842     cat        3600228368995
1520     bash       3600244921990
""",
    200: """\
PID      COMM             TIMESTAMP_NS
1520     bash             3600093030356
901      nginx            3600108012471
901      nginx            3600184589714
1842     cat              3600228368995
1520     bash             3600244921990
""",
}
NET = {
    80: """\
TIME         PID     COMM            DIR LPORT RADDR           RPORT STATE
hh:mm:ss.mmm PPPPPPP ブラウザ        out CCCCC 127.0.0.1       SSSSS connect
hh:mm:ss.mmm PPPPPPP ブラウザ        in  SSSSS 127.0.0.1       CCCCC accept
""",
    40: """\
COMM   RADDR           RPORT STATE
ブラ…  127.0.0.1       SSSSS connect
ブラ…  127.0.0.1       CCCCC accept
""",
    200: """\
TIME         PID     COMM            DIR IP LADDR           LPORT RADDR           RPORT STATE       MS         TX       RX
hh:mm:ss.mmm PPPPPPP ブラウザ        out 4  127.0.0.1       CCCCC 127.0.0.1       SSSSS connect     D.DDD      0        0
hh:mm:ss.mmm PPPPPPP ブラウザ        in  4  127.0.0.1       SSSSS 127.0.0.1       CCCCC accept      D.DDD      0        0
""",  # noqa: E501
}
SUMMARY = {
    80: """\
PORT  CONNECTS ACCEPTS  FAILED   RESETS CLOSES TX           RX     P50_MS P99_MS
SSSSS 1        1        0        0      0      0            0      D.DDD  D.DDD
""",
    40: """\
PORT  CONNECTS ACCEPTS  FAILED   TX   RX
SSSSS 1        1        0        0    0
""",
    200: """\
PORT  CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX           RX           P50_MS       P99_MS
SSSSS 1        1        0        0        0        0            0            D.DDD        D.DDD
""",
}
TABLE = {
    80: """\
PID      COUNT        COUNT/S
901      16           5
1842     13           5
412      11           5
733      11           5
1187     11           0
1520     9            0
2077     4            0
1        2            0
""",
    40: """\
PID      COUNT        COUNT/S
901      16           5
1842     13           5
412      11           5
733      11           5
1187     11           0
1520     9            0
2077     4            0
1        2            0
""",
    200: """\
PID      COUNT        COUNT/S
901      16           5
1842     13           5
412      11           5
733      11           5
1187     11           0
1520     9            0
2077     4            0
1        2            0
""",
}
LEARN = {
    80: """\
EXERCISE             STATE  TASK
return-value         -      return the second argument
arithmetic-and-jump  -      the microseconds between two times, or 0
record-layout        -      order the fields so that the record has no holes
zero-the-stack       -      send no uninitialised byte
null-check           -      return a key's value, or 0 if there is no such key
bounded-loop         -      add up 1 to n, in 100 iterations at most
local-call           -      add up two squares, by a function called twice
file-descriptor      -      show which file descriptor is written to
reads                -      trace read() instead of write()
pid-filter           -      filter in the kernel, by a PID that can be changed…
count                -      count the writes of each process in a hash, and sho…
user-buffer          -      show the first 16 bytes of what is written
latency              -      show how long each write() takes
histogram            -      count writes by their size, in a histogram of power…
ringbuf              -      send hello's record through a ring buffer
syscall-count        -      count all system calls by number, and show their na…
syscall-histogram    -      count all system calls by how long they take
syscall-result       -      show the name and the result of each call
syscall-errors       -      show the calls that fail with ENOENT or EACCES
syscall-path         -      show the path of each openat(), read at its exit
syscall-sleep        -      find the calls that sleep
fileio-bytes         -      count the bytes that read() moves, beside those tha…
fileio-name          -      show the name of the file that a write() is to
fileio-offset        -      show where in its file a write() wrote
fileio-writer        -      find the process whose data a kworker writes to the…
""",
    40: """\
EXERCISE             STATE
return-value         -
arithmetic-and-jump  -
record-layout        -
zero-the-stack       -
null-check           -
bounded-loop         -
local-call           -
file-descriptor      -
reads                -
pid-filter           -
count                -
user-buffer          -
latency              -
histogram            -
ringbuf              -
syscall-count        -
syscall-histogram    -
syscall-result       -
syscall-errors       -
syscall-path         -
syscall-sleep        -
fileio-bytes         -
fileio-name          -
fileio-offset        -
fileio-writer        -
""",
    200: """\
EXERCISE             STATE  TASK
return-value         -      return the second argument
arithmetic-and-jump  -      the microseconds between two times, or 0
record-layout        -      order the fields so that the record has no holes
zero-the-stack       -      send no uninitialised byte
null-check           -      return a key's value, or 0 if there is no such key
bounded-loop         -      add up 1 to n, in 100 iterations at most
local-call           -      add up two squares, by a function called twice
file-descriptor      -      show which file descriptor is written to
reads                -      trace read() instead of write()
pid-filter           -      filter in the kernel, by a PID that can be changed while it runs
count                -      count the writes of each process in a hash, and show them as a table
user-buffer          -      show the first 16 bytes of what is written
latency              -      show how long each write() takes
histogram            -      count writes by their size, in a histogram of powers of two
ringbuf              -      send hello's record through a ring buffer
syscall-count        -      count all system calls by number, and show their names
syscall-histogram    -      count all system calls by how long they take
syscall-result       -      show the name and the result of each call
syscall-errors       -      show the calls that fail with ENOENT or EACCES
syscall-path         -      show the path of each openat(), read at its exit
syscall-sleep        -      find the calls that sleep
fileio-bytes         -      count the bytes that read() moves, beside those that it is asked for
fileio-name          -      show the name of the file that a write() is to
fileio-offset        -      show where in its file a write() wrote
fileio-writer        -      find the process whose data a kworker writes to the disk
""",
}


@pytest.fixture
def on_terminal() -> Iterator[Any]:
    """Starts the command on a terminal: ``on_terminal(80, 24, "hello")``; ends what is left."""
    with ExitStack() as stack:

        def start(columns: int, rows: int, *arguments: object, **options: Any) -> Run:
            return stack.enter_context(Run([TUXSCOPE, *arguments], columns, rows, **options))

        yield start


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page that shows a table of processes."""
    file = tmp_path / "count.py"
    file.write_text(COUNT)
    return str(file)


@pytest.fixture
def connect(network: Namespace) -> Iterator[Callable[[], None]]:
    """Connects a client to a server, whose ports are always the same, and keeps them connected."""
    if not RunningKernelLayout().has_structs:
        pytest.skip("this kernel has no BTF: no accepts")
    with ExitStack() as stack:
        listener = stack.enter_context(make_socket(network))
        listener.bind(("127.0.0.1", SERVER))
        listener.listen()

        def connected() -> None:
            ours = stack.enter_context(make_socket(network))
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ours.bind(("127.0.0.1", CLIENT))
            ours.connect(listener.getsockname())
            stack.enter_context(listener.accept()[0])

        yield connected


@pytest.fixture
def comm() -> Iterator[str]:
    """What this process is called meanwhile: four characters in eight columns."""
    file = Path("/proc/self/comm")
    before = file.read_text().removesuffix("\n")
    file.write_text("ブラウザ")
    yield "ブラウザ"
    file.write_text(before)


def normal(text: str) -> str:
    """Times, this process's PID, its ports and durations replaced by something as wide."""
    text = re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "hh:mm:ss.mmm", text)
    text = text.replace(f"{os.getpid():<7} ", "PPPPPPP ")
    text = text.replace(str(SERVER), "SSSSS").replace(str(CLIENT), "CCCCC")
    duration = r"(?<![\d.])\d+\.\d+(?![\d.]) *"
    return re.sub(duration, lambda found: "D.DDD".ljust(len(found[0])), text)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_hello(columns: int, rows: int, on_terminal: Any) -> None:
    run = on_terminal(columns, rows, "hello", "--simulate", "--count", "5", **SILENT)
    assert run.finish() == 0
    assert run.text == HELLO[columns]
    assert not run.scrollback
    assert b"\x1b" not in run.written


@kernel
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_hello_on_the_kernel(columns: int, rows: int, on_terminal: Any, writer: Any) -> None:
    target = writer(3, comm="ブラウザ".encode())
    run = on_terminal(columns, rows, "hello", "--pid", target.pid, **SILENT)
    run.wait_for("PID")
    target.start()
    assert run.finish() == 0
    head, *lines = run.lines
    comm = 10 if columns == 40 else 16
    assert head == f"PID      {'COMM':<{comm}} TIMESTAMP_NS"
    assert [re.sub(r" \d{9,}$", " N", line) for line in lines] == [
        f"{target.pid:<8} ブラウザ{'':{comm - 8}} N"
    ] * 3


@kernel
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_net(columns: int, rows: int, on_terminal: Any, connect: Any, comm: str) -> None:
    run = on_terminal(columns, rows, "net", "--port", SERVER, "--count", "2", **SILENT)
    run.wait_for("STATE")
    connect()
    assert run.finish() == 0
    assert normal(run.text) == NET[columns]
    assert not run.scrollback


@kernel
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_net_summary(columns: int, rows: int, on_terminal: Any, connect: Any) -> None:
    run = on_terminal(columns, rows, "net", "--summary", "--by", "port", "--port", SERVER, **SILENT)
    run.wait_for("CONNECTS")
    connect()
    run.wait_for(str(SERVER))
    assert run.alternate
    assert normal(run.text) == SUMMARY[columns]
    run.press(b"\x03")
    assert run.finish() == 0
    assert not run.alternate
    assert normal(run.text.replace("^C", "")).lstrip("\n") == SUMMARY[columns]
    assert not run.scrollback


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_table_page(columns: int, rows: int, on_terminal: Any, page: str) -> None:
    """Of 20 tables the last remains, and no other is in the scrollback."""
    run = on_terminal(
        columns, rows, "run", page, "--simulate", "--count", "20", "--interval", "0.2", **SILENT
    )
    assert run.finish() == 0
    assert run.text == TABLE[columns]
    assert not run.scrollback
    assert run.written.count(b"PID") == 20


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_learn(columns: int, rows: int, on_terminal: Any, tmp_path: Path) -> None:
    run = on_terminal(columns, rows, "learn", cwd=tmp_path, **SILENT)
    assert run.finish() == 0
    lines = run.scrollback + run.lines
    assert "\n".join(lines[: 1 + len(LADDER)]) + "\n" == LEARN[columns]
    assert max(map(len, lines)) <= columns


def test_learn_is_whole_in_a_pipe(tmp_path: Path) -> None:
    printed = subprocess.run(
        [TUXSCOPE, "learn"], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=True
    ).stdout
    assert printed.startswith(LEARN[200])
    assert "…" not in printed


def test_a_dumb_terminal_gets_no_escape_sequence(on_terminal: Any, page: str) -> None:
    options = {"environment": {"TERM": "dumb", "NO_COLOR": ""}}
    for arguments in (
        ("hello", "--simulate", "--count", "3"),
        ("run", page, "--simulate", "--count", "2", "--interval", "0.1"),
        ("run", page + "x"),
        ("learn",),
        ("asm", page),
        ("doctor",),
    ):
        run = on_terminal(40, 10, *arguments, **options)
        run.finish()
        assert run.written
        assert b"\x1b" not in run.written, arguments


@kernel
@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("net", "--help"),
        ("doctor",),
        ("fields", "syscalls/sys_enter_write"),
        ("map", "NO_SUCH_MAP"),
        ("hello", "--no-such-option"),
        ("learn", "hint", "return-value"),
    ],
    ids=" ".join,
)
def test_nothing_else_is_wider(
    arguments: tuple[str, ...], width: int, on_terminal: Any, tmp_path: Path
) -> None:
    run = on_terminal(width, 10, *arguments, cwd=tmp_path)
    run.finish()
    lines = run.written.decode().split("\r\n")
    assert len(lines) > 1
    assert max(map(columns_of, lines)) <= width, lines


# While it is resized.


def test_a_stream_has_another_header_after_a_change_of_width(on_terminal: Any) -> None:
    run = on_terminal(80, 24, "hello", "--simulate", **SILENT)
    run.wait_until(lambda: len(run.lines) > 2, "two lines were printed")
    run.resize(40, 24)
    run.wait_for("COMM       TIMESTAMP_NS")
    run.press(b"\x03")
    assert run.finish() == 0
    narrow = run.text.partition("COMM       TIMESTAMP_NS\n")[2].splitlines()
    assert narrow[0]
    for line in narrow:
        assert re.fullmatch(r"(\^C)?(\d+ +\S+ +\d+)?", line)
    assert run.text.count("COMM") == 2


@kernel
def test_a_table_is_drawn_anew_when_the_terminal_is_resized(on_terminal: Any, page: str) -> None:
    run = on_terminal(80, 24, "run", page, "--pid", os.getpid(), "--interval", "3", **SILENT)
    run.wait_for("PID")
    for columns, rows in ((40, 10), (200, 50), (80, 24)):
        before = run.written.count(b"PID")
        run.resize(columns, rows)
        run.wait_until(lambda n=before: run.written.count(b"PID") > n, "it was drawn anew")
    assert not run.scrollback
    run.press(b"\x03")
    assert run.finish() == 0
    assert run.text.count("PID") == 1
    assert not run.scrollback


@kernel
def test_who_leaves_at_once_leaves_the_terminal_as_it_was(on_terminal: Any, page: str) -> None:
    run = on_terminal(80, 24, "run", page, "--interval", "0.05", **SILENT)
    run.wait_until(lambda: run.alternate, "a table was shown")
    run.signal(signal.SIGSTOP)  # so that both signals are there when it goes on
    run.signal(signal.SIGTERM)
    run.signal(signal.SIGINT)
    run.signal(signal.SIGCONT)
    assert run.finish() in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    assert not run.alternate
    assert run.lines == []


# When it is closed.

CLOSED = {
    "hello": ("hello",),
    "net": ("net",),
    "table": ("net", "--summary", "--interval", "0.1"),
}


@kernel
@pytest.mark.parametrize("arguments", CLOSED.values(), ids=CLOSED)
def test_a_run_whose_terminal_is_closed_ends(arguments: tuple[str, ...], on_terminal: Any) -> None:
    run = on_terminal(80, 24, *arguments, stderr=subprocess.PIPE)
    run.wait_for("PID")
    run.hang_up()
    said = read_all(run.process.stderr, "the end of stderr").decode()
    assert run.process.wait(LIMIT) == 0, said
    assert re.fullmatch(rf"({LAST_LINE.pattern}|tuxscope: \d+ rows, [\d.]+ s\n)", said), said


def test_a_simulated_run_whose_terminal_is_closed_ends(on_terminal: Any, page: str) -> None:
    for arguments in (("hello",), ("run", page, "--interval", "0.1")):
        run = on_terminal(80, 24, *arguments, "--simulate", stderr=subprocess.PIPE)
        run.wait_for("PID")
        run.hang_up()
        *_, last = read_all(run.process.stderr, "the end of stderr").decode().splitlines()
        assert run.process.wait(LIMIT) == 0
        assert re.fullmatch(r"tuxscope: \d+ (events, 0 lost|rows), [\d.]+ s", last)


@kernel
def test_a_terminal_that_is_gone_ends_who_gets_no_signal() -> None:
    """As it is not the controlling terminal of who writes to it."""
    with Terminal() as terminal:
        process = subprocess.Popen(
            [TUXSCOPE, "hello"],
            stdout=terminal.fd,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        terminal.close_program_end()
        try:
            terminal.wait_for("PID")
            terminal.hang_up()
            assert process.stderr
            said = read_all(process.stderr, "the end of stderr").decode()
            assert process.wait(LIMIT) == 0, said
            assert LAST_LINE.fullmatch(said), said
        finally:
            process.kill()
            process.communicate(timeout=LIMIT)


@kernel
def test_under_nohup_a_run_goes_on(tuxscope: Any, writer: Any) -> None:
    target = writer(10, 10)
    run = tuxscope("hello", "--pid", target.pid, prefix=("nohup",))
    run.wait_for_lines(1)
    run.signal(signal.SIGHUP)
    target.write_next()
    run.wait_for_lines(11)
    target.start()
    result = run.finish()
    assert (result.status, result.totals) == (0, (20, 0))
