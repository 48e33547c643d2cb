"""Bad input is one line and exit status 2; help and version are data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from circumstances import USER_NAMESPACE, under, unprivileged, with_mounts
from pace import LIMIT

import tuxscope
from e2e.harness import TUXSCOPE
from tuxscope.tools import COMMANDS

PROGRAMS = Path(tuxscope.__file__).parent / "programs"


def run(*arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, TUXSCOPE, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hello", "--pid", "abc"], "--pid takes a process ID, as in --pid 1842, not 'abc'"),
        (["hello", "--pid"], "--pid takes a process ID, as in --pid 1842, not nothing"),
        (["hello", "--pid", "1,2"], "not '1,2'"),
        (["hello", "--pid", "-3"], "not '-3'"),
        (["hello", "--pid=-3"], "not '-3'"),
        (["hello", "--pid", "0"], "not '0'"),
        (["hello", "--pid", "1.0"], "not '1.0'"),
        (["hello", "--pid", "[1]"], "not '[1]'"),
        (["hello", "--pid", "9" * 5000], "--pid takes a process ID"),
        (["hello", "--nopid"], "unknown option --nopid; did you mean --pid?"),
        (["hello", "-p", "1"], "unknown option -p"),
        (["hello", "---pid", "1"], "unknown option ---pid; did you mean --pid?"),
        (["hello", "--pid", "1", "--pid=2"], "--pid is given twice"),
        (["hello", "--include_self"], "did you mean --include-self?"),
        (["hello", "--format", "xml"], "--format is text or json, not 'xml'"),
        (["hello", "--format=1"], "--format is text or json, not '1'"),
        (["hello", "--format"], "--format is text or json, not nothing"),
        (["hello", "--pidd", "5"], "unknown option --pidd; did you mean --pid?"),
        (["hello", "--frmat=json"], "unknown option --frmat; did you mean --format?"),
        (["hello", "stray"], "unexpected argument 'stray'"),
        (["hello", "1842"], "unexpected argument '1842'; try --pid 1842"),
        (["hello", "ls"], "unexpected argument 'ls'; a command to trace comes after --"),
        (["hello", "-"], "unexpected argument '-'"),
        (["hello", "run"], "unexpected argument 'run'"),
        (["hello", "--pid", "1", "_run"], "unexpected argument '_run'"),
        (["hello", "--duration", "0"], "--duration takes seconds, as in --duration 2.5, not '0'"),
        (["hello", "--duration", "-1"], "not '-1'"),
        (["hello", "--duration", "inf"], "not 'inf'"),
        (["hello", "--duration", "nan"], "not 'nan'"),
        (["hello", "--duration", "soon"], "not 'soon'"),
        (["hello", "--duration", "1d"], "not '1d'"),
        (["hello", "--exclude", "1,x"], "--exclude takes process IDs, as in --exclude 1842,733,"),
        (["hello", "--exclude"], "not nothing"),
        (["hello", "--exclude", "1", "--pid", "2"], "--pid and --exclude conflict"),
        (["hello", "--exclude", "1", "--", "ls"], "--exclude and -- COMMAND conflict"),
        (["net", "--exclude", "1", "--", "ls"], "--exclude and -- COMMAND conflict"),
        (["hello", "--interval", "1"], "--interval does nothing here: hello.py shows a stream"),
        (["hello", "--count", "0"], "--count takes a number of events"),
        (["hello", "--count", "1.5"], "not '1.5'"),
        (["hello", "--buffer-pages", "3"], "--buffer-pages takes a power of two"),
        (["hello", "--buffer-pages", "0"], "--buffer-pages takes a power of two"),
        (["hello", "--buffer-pages", str(1 << 40)], "--buffer-pages takes a power of two"),
        (["hello", "--include-self", "yes"], "--include-self takes no value, not 'yes'"),
        (["hello", "--"], "-- needs a command"),
        (
            ["hello", "--pid", "1", "--", "true"],
            "--pid and -- COMMAND conflict: both select",
        ),
        (["hello", "--interactive"], "unknown option --interactive"),
        (["doctor", "--pid", "1"], "unknown option --pid"),
        (["doctor", "--", "ls"], "this command does not take -- COMMAND"),
        (["hello", "--simulate", "--", "ls"], "-- COMMAND needs a kernel"),
        (["hello", "--simulate", "--include-self"], "--include-self needs a kernel"),
        (["hello", "--simulate", "--buffer-pages", "8"], "--buffer-pages needs a kernel"),
        (["hello", "--simulate", "--verifier-log"], "--verifier-log needs a kernel"),
        (["hello", "--simulate", "--unordered"], "--unordered needs a kernel"),
        (["hello", "--simulate", "--strict"], "--strict needs a kernel"),
        (["hello", "--lost-records"], "--lost-records needs --format json"),
        (["hello", "--strict", "3"], "--strict takes no value, not '3'"),
        (["hello", "--seed", "1"], "--seed needs --simulate"),
        (["hello", "--simulate", "--seed", "x"], "--seed takes an integer, as in --seed 7"),
        (["hello", "--simulate", "--seed", "-1"], "--seed takes an integer"),
        (["asm"], "missing argument: the program to list; try: tuxscope asm hello"),
        (["asm", "hello", "hello"], "unexpected argument 'hello'; asm takes one page or file"),
        (["asm", "helo"], "there is no page helo; did you mean hello?"),
        (
            ["asm", "nothing"],
            "there is no page nothing; there are hello, net, net_summ",
        ),
        (["asm", "hello", "--format", "xml"], "--format is listing, text, bytes, json or c, not"),
        (["net", "--local", "foo"], "--local takes an address or a prefix, as in --local 10.0.0.0"),
        (["net", "--local", "10.0.0.1/8"], "not '10.0.0.1/8'; did you mean 10.0.0.0/8?"),
        (["net", "--remote", "10.0.0.1/33"], "--remote takes an address or a prefix"),
        (["net", "--remote", "fe80::1%lo"], "not 'fe80::1%lo'; did you mean fe80::1?"),
        (["net", "--remote"], "--remote takes an address or a prefix, as in --remote 10.0.0.0/8"),
        (["net", "--local", "167772161"], "not '167772161'"),
        (["net", "--port", "70000"], "--port takes a port, 1 to 65535, not 70000"),
        (["net", "--port", "0"], "--port takes a port, as in --port 443, not '0'"),
        (["net", "--port", "https"], "--port takes a port, as in --port 443, not 'https'"),
        (["net", "--port"], "--port takes a port, as in --port 443, not nothing"),
        (["net", "--pid", "abc"], "--pid takes a process ID, as in --pid 1842, not 'abc'"),
        (
            ["net", "--pid", "1", "--", "ls"],
            "--pid and -- COMMAND conflict: both select",
        ),
        (["net", "--state", "refusd"], "not 'refusd'; did you mean refused?"),
        (["net", "--state", "refused,"], "not ''; --help lists them"),
        (["net", "--state"], "not nothing; --help lists them"),
        (["net", "--by", "port"], "--by needs --summary"),
        (["net", "--summary", "--by", "host"], "--by is process, remote or port, not 'host'"),
        (["net", "--summary", "--by"], "--by is process, remote or port, not nothing"),
        (["net", "--rows", "5"], "--rows needs --summary"),
        (["net", "--sort", "tx"], "--sort needs --summary"),
        (
            ["net", "--summary", "--netns"],
            "--summary and --netns conflict: --netns is for single events",
        ),
        (["net", "--summary", "--existing"], "--existing is for single events"),
        (["net", "--summary", "--unordered"], "--unordered is for single events"),
        (["net", "--summary", "--buffer-pages", "2"], "--buffer-pages is for single events"),
        (["net", "--summary", "--strict"], "--strict is for single events"),
        (["net", "--lost-records"], "--lost-records needs --format json"),
        (["net", "--listen=maybe"], "--listen takes no value, not 'maybe'"),
        (["net", "--interval", "2"], "--interval needs --existing or --summary"),
        (["net", "--interval", "0"], "--interval takes seconds, as in --interval 0.5, not '0'"),
        (["net", "--count", "0"], "--count takes a number of lines"),
        (["net", "--remotes", "::1"], "unknown option --remotes; did you mean --remote?"),
        (["net", "8000"], "unexpected argument '8000'; try --port 8000"),
        (["net", "curl"], "a command to trace comes after --"),
        (["asm", "hello", "--pid", "x"], "--pid takes a process ID"),
        (["asm", "hello", "--", "ls"], "this command does not take -- COMMAND"),
        (["asm", "/tmp/x.s", "--pid", "1"], "--pid needs a page: an assembly text has no"),
        (["asm", ""], "there is no page ;"),
        (["step", "hello", "--break", "²"], "no instruction at --break ²; it takes a slot"),
        (["disasm"], "give a file, - for stdin, or --id ID"),
        (["disasm", "x", "--id", "1"], "give a file, - for stdin, or --id ID"),
        (["disasm", "x", "--format", "c"], "--format is listing, text or json, not 'c'"),
        (["disasm", "x", "--byteorder", "middle"], "--byteorder is little or big, not 'middle'"),
        (["disasm", "--id", "x"], "--id takes a program ID"),
        (["disasm", "--id", "1", "--byteorder", "big"], "--id and --byteorder conflict"),
        (["step"], "missing argument: the program; try: tuxscope step hello"),
        (["step", "hello", "--from", "x"], "--from takes the number of a step, as in --from 10"),
        (["step", "hello", "--to"], "--to takes the number of a step, as in --to 20, not nothing"),
        (["step", "hello", "--first", "1"], "unknown option --first"),
        (["step", "hello", "--break"], "--break takes a slot, a label or a line"),
        (["step", "hello", "--break", "outt"], "no instruction at --break outt; did you mean out?"),
        (["step", "hello", "--break", "13"], "no instruction at --break 13; it takes a slot"),
        (
            ["step", "hello", "--break", "hello.py:1"],
            "no instruction at --break hello.py:1; it takes",
        ),
        (["helo"], "unknown command 'helo'; did you mean hello?"),
        (["--frobnicate"], "unknown command '--frobnicate'; see tuxscope --help"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("tuxscope: ")
    assert result.stderr.count("\n") == 1
    assert says in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_the_commands(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert "hello" in result.stdout
    assert "doctor" in result.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal_of_80_columns(command: str) -> None:
    lines = run(*filter(None, [command]), "--help").stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_help_of_net_has_each_state_once() -> None:
    text = run("net", "--help").stdout
    states = text.partition("  --state ")[2].partition(" States:\n")[2].partition("  --listen ")[0]
    names = [each.strip() for each in states.split(",")]
    assert "syn-recv" in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_there_without_docstrings(command: str) -> None:
    words = [*filter(None, [command]), "--help"]
    bare = subprocess.run(
        [sys.executable, "-B", "-OO", "-m", "tuxscope", *words], capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (bare.returncode, bare.stderr) == (0, "")
    assert bare.stdout == run(*words).stdout
    assert bare.stdout.startswith(f"tuxscope {command}:" if command else "tuxscope:")


@pytest.mark.parametrize("arguments", [["hello", "--help"], ["hello", "--pid", "abc", "--help"]])
def test_help_of_hello_has_each_option(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    for option in (
        "pid",
        "format",
        "duration",
        "count",
        "include-self",
        "buffer-pages",
        "verifier-log",
        "unordered",
        "strict",
        "lost-records",
    ):
        assert f"--{option} " in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_help_after_the_two_dashes_is_the_commands() -> None:
    result = run("hello", "--pid", "1", "--", "ls", "--help")
    assert result.returncode == 2
    assert "--pid and -- COMMAND" in result.stderr


def test_version_and_module() -> None:
    from tuxscope import __version__

    assert run("--version").stdout == f"tuxscope {__version__}\n"
    module = subprocess.run(
        [sys.executable, "-m", "tuxscope", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    assert module.stdout == f"tuxscope {__version__}\n"


@pytest.mark.parametrize("tool", ["hello", "net"])
def test_without_privilege_it_says_what_to_type(tool: str) -> None:
    result = run(tool, "--format", "json", prefix=unprivileged())
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "tuxscope: not privileged: tracing needs CAP_BPF and CAP_PERFMON; "
        f"try: sudo tuxscope {tool} --format json\n"
    )


def test_net_is_listed_without_privilege() -> None:
    for page in ("net/page", "net/summary"):
        result = run("asm", f"{PROGRAMS}/{page}.py", "--format", "json", prefix=unprivileged())
        assert (result.returncode, result.stderr) == (0, "")
        programs = {json.loads(line)["function"] for line in result.stdout.splitlines()}
        assert programs - {None} == {"net_state", "net_accept4", "net_accept"}


@pytest.mark.kernel
def test_root_of_a_user_namespace_is_told_apart() -> None:
    """It has all capabilities, but not where bpf() looks."""
    result = run("hello", prefix=under(*USER_NAMESPACE))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "tuxscope: the kernel did not load whoami: this process is in a user namespace, "
        "and bpf() needs capabilities of the initial user namespace; "
        "run it outside of the container, or of unshare\n"
    )


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_a_pid_that_is_not_there() -> None:
    result = run("hello", "--pid", "99999999")
    assert result.returncode == 1
    assert result.stderr == "tuxscope: there is no process 99999999; ps -e lists them\n"
    assert run("hello", "--pid", str(1 << 62)).returncode == 1


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_a_threads_id_names_its_process() -> None:
    ended = threading.Event()
    ids: list[int] = []
    started = threading.Event()

    def live() -> None:
        ids.append(threading.get_native_id())
        started.set()
        ended.wait(LIMIT)

    thread = threading.Thread(target=live)
    thread.start()
    assert started.wait(LIMIT)
    result = run("hello", "--pid", str(ids[0]))
    ended.set()
    thread.join(LIMIT)
    assert result.returncode == 1
    assert result.stderr == (
        f"tuxscope: {ids[0]} is a thread of process {os.getpid()}; try --pid {os.getpid()}\n"
    )


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_a_closed_stdout_is_nobodys_file() -> None:
    """What is opened next would get its number, and be written to."""
    shell = f"exec {TUXSCOPE} hello --duration 0.2 >&-"
    result = subprocess.run(
        ["sh", "-c", shell], stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False
    )
    assert result.returncode == 0
    assert " events, " in result.stderr


@pytest.mark.one_kernel
@pytest.mark.kernel
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_what_is_said_never_goes_to_stdout(stderr: str) -> None:
    shell = f"exec {TUXSCOPE} hello --duration 0.2 --pid $$ --format json {stderr}"
    result = subprocess.run(
        ["sh", "-c", shell], stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=False
    )
    assert result.returncode == 0
    assert "tuxscope" not in result.stdout.replace('"comm":"tuxscope"', "")


def test_ctrl_c_just_ends_it_until_a_run_takes_over() -> None:
    script = (
        "import signal, sys, types\n"
        "handler = lambda: print(signal.getsignal(signal.SIGINT) is signal.SIG_DFL)\n"
        "sys.modules['tuxscope.cli'] = types.SimpleNamespace(main=handler)\n"
        "from tuxscope.entry import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT
    )
    assert result.stdout == "True\n", result.stderr


@pytest.mark.kernel
def test_doctor_finds_what_tracing_needs() -> None:
    result = run("doctor")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    states = {line[0]: "ok" in line[1:3] for line in lines}
    assert states["bpf()"]
    assert states["tracefs"]
    as_json = [json.loads(line) for line in run("doctor", "--format", "json").stdout.splitlines()]
    assert [finding["check"] for finding in as_json] == [
        "kernel", "architecture", "capabilities", "bpf()", "tracefs", "tracepoints", "perf events",
        "ring buffer", "JIT", "BTF", "memlock", "lockdown", "unprivileged bpf",
    ]  # fmt: skip
    assert set(as_json[0]) == {"check", "ok", "detail", "hint", "needed"}


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "vmlinux: the BTF is empty"), (1 << 16, "the BTF is truncated: it has 65536")],
)
def test_doctor_notices_btf_that_is_not_whole(length: int, words: str, tmp_path: Path) -> None:
    """Tracing works without, so the status is that of all else."""
    vmlinux = Path("/sys/kernel/btf/vmlinux")
    (tmp_path / "cut").write_bytes(vmlinux.read_bytes()[:length])
    prefix = with_mounts(f'mount --bind "$0" {vmlinux}', str(tmp_path / "cut"))
    result = run("doctor", "--format", "json", prefix=prefix)
    findings = {each["check"]: each for each in map(json.loads, result.stdout.splitlines())}
    assert not findings["BTF"]["ok"]
    assert not findings["BTF"]["needed"]
    assert words in findings["BTF"]["detail"]
    assert (result.returncode, result.stderr) == (0, "")


def test_doctor_works_without_privilege() -> None:
    result = run("doctor", "--format", "json", prefix=unprivileged())
    assert (result.returncode, result.stderr) == (1, "")
    findings = {each["check"]: each for each in map(json.loads, result.stdout.splitlines())}
    assert not findings["capabilities"]["ok"]
    assert not findings["tracepoints"]["ok"]
    assert "sudo tuxscope doctor" in findings["bpf()"]["hint"]
