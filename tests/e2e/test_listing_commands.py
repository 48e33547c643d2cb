"""asm, disasm, step and hello --simulate: no kernel, no privilege, the same each time."""

from __future__ import annotations

import inspect
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from circumstances import unprivileged
from pace import LIMIT
from waiting import read_all, read_line

from e2e.harness import TUXSCOPE, Tuxscope
from tuxscope.asm import Assembler, RawTracepoint, helper, r0, r1, r2, r3, r4
from tuxscope.loader.program import load
from tuxscope.programs.hello import EVENTS, hello

PROGRAM = hello()
BYTES = PROGRAM.encode({EVENTS: 0})


def run(
    *arguments: str, given: bytes = b"", status: int = 0, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command without privilege."""
    result = subprocess.run(
        [*unprivileged(), TUXSCOPE, *arguments],
        input=given, capture_output=True, timeout=LIMIT, check=False,
        env=os.environ | environment,
    )  # fmt: skip
    assert result.returncode == status, result.stderr
    return result


def text(*arguments: str, given: bytes = b"") -> str:
    result = run(*arguments, given=given)
    assert result.stderr == b""
    return result.stdout.decode()


def test_asm_lists_slot_bytes_pseudo_c_and_python_line() -> None:
    lines = text("asm", "hello").splitlines()
    assert lines[0] == "hello:"
    assert (
        re.fullmatch(
            r" +0  62 0a e4 ff 00 00 00 00  \*\(u32 \*\)\(r10 - 28\) = 0  # event\+4"
            r" +hello.py:\d+: a.zero\(event.padding\)",
            lines[1],
        )
        or sys.byteorder == "big"
    )
    listed = "\n".join(lines)
    for shown in (
        "call bpf_get_current_pid_tgid", "*(u32 *)(r10 - 32) = r0  # event.pid",
        "r1 += -16  # &event.comm", "r2 = EVENTS ll", "  out:\n",
    ):  # fmt: skip
        assert shown in listed
    found = re.findall(r"^ +\d+  ((?:[0-9a-f]{2} ){7}[0-9a-f]{2})", listed, re.MULTILINE)
    assert bytes.fromhex("".join(found)) == BYTES


def test_asm_with_a_pid_has_the_filter() -> None:
    assert "if r0 != 1842 goto out" in text("asm", "hello", "--pid", "1842")


def test_bytes_go_through_disasm_and_back() -> None:
    data = run("asm", "hello", "--format", "bytes").stdout
    assert data == BYTES
    array = f"{{{', '.join(f'{each:#x}' for each in data)}}}"
    for given in (
        array.encode(),
        data, data.hex().encode(), data.hex(" ").upper().encode() + b"\n",
        b", ".join(b"0x%02x" % each for each in data),
        b"".join(b"\\x%02x" % each for each in data),
    ):  # fmt: skip
        written = text("disasm", "-", "--format", "text", given=given)
        assert run("asm", "-", "--format", "bytes", given=written.encode()).stdout == data
    named = text("asm", "hello", "--format", "text").encode()
    assert b"r2 = EVENTS ll" in named
    assert run("asm", "-", "--format", "bytes", given=named).stdout == data


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_disasm_reads_files_in_either_byte_order(tmp_path: Path, byteorder: str) -> None:
    file = tmp_path / "hello.bin"
    file.write_bytes(PROGRAM.encode({EVENTS: 0}, byteorder))
    listed = subprocess.run(
        [TUXSCOPE, "disasm", file, "--byteorder", byteorder, "--format", "json"],
        capture_output=True, timeout=LIMIT, check=True,
    )  # fmt: skip
    objects = [json.loads(line) for line in listed.stdout.splitlines()]
    assert bytes.fromhex("".join(each["bytes"] for each in objects)) == file.read_bytes()
    assert objects[2]["text"] == "call bpf_get_current_pid_tgid"


def test_disasm_shows_what_is_no_instruction_and_goes_on() -> None:
    given = b"b700000000000000 ff00000000000001 9500000000000000"
    result = run("disasm", "-", "--byteorder", "little", given=given, status=1)
    assert result.stdout.decode().splitlines() == [
        "main:",
        "     0  b7 00 00 00 00 00 00 00  r0 = 0",
        "     1  ff 00 00 00 00 00 00 01  <unknown>  # unknown opcode 0xff",
        "     2  95 00 00 00 00 00 00 00  exit",
    ]
    assert result.stderr == (b"tuxscope: slot 1 is not an instruction: unknown opcode 0xff\n")
    result = run("disasm", "-", given=b"ff" * 80, status=1)
    assert len(result.stdout.splitlines()) == 11
    assert result.stderr.endswith(b"tuxscope: 7 more slots are not instructions\n")


@pytest.mark.parametrize(
    ("command", "given", "says"),
    [
        ("disasm", b"", "<stdin> is empty"),
        ("disasm", b"95 00", "2 bytes are not a multiple of 8, the slot size"),
        ("disasm", b"950", "odd number of hexadecimal digits: 3 (950)"),
        ("disasm", b"9 50 00", "odd number of hexadecimal digits: 1 (9)"),
        ("disasm", b"r0 = 1\nexit", "is it assembly text? try: tuxscope asm -"),
        ("disasm", b"\x95" * ((8 << 20) + 1), "<stdin> has more than 8 MiB"),
        ("disasm", b"\x7fELF....", "is an ELF file; try: llvm-objcopy"),
        ("asm", b"", "<stdin> is empty"),
        ("asm", b"\xef\xbb\xbf# nothing\n", "<stdin>:2:1: expected an instruction, found the end"),
        ("asm", b"\xff\xfe", "- is not UTF-8 text; for bytes, try: tuxscope disasm -"),
    ],
)
def test_what_is_no_program_is_one_line(command: str, given: bytes, says: str) -> None:
    result = run(command, "-", given=given, status=1)
    assert says in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("command", "given", "says"),
    [
        (
            "asm",
            b"r0 = 1\nr1 += q\n",
            ["tuxscope: <stdin>:2:7: expected a number or a register, found 'q'", "> 2 | r1 += q"],
        ),
        (
            "step",
            b"r0 = r7\nexit\n",
            [
                "tuxscope: <stdin>:1: r7 is read and is uninitialised; set it first, "
                "as in a.mov(r7, 0)",
                "> 1 | r0 = r7",
                "  slot      0: r0 = r7",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_line_shows_it(command: str, given: bytes, says: list[str]) -> None:
    assert run(command, "-", given=given, status=1).stderr.decode().splitlines() == says


@pytest.mark.parametrize("command", ["asm", "disasm", "step"])
def test_a_name_cannot_move_the_cursor(command: str) -> None:
    result = run(command, b"/nowhere/\x1b[31m\xff.s".decode(errors="surrogateescape"), status=1)
    assert result.stderr.startswith(b"tuxscope: cannot read /nowhere/\\x1b[31m\\udcff.s: No such")


@pytest.mark.parametrize("command", ["asm", "disasm", "step"])
def test_a_closed_stdin_is_an_empty_one(command: str) -> None:
    shell = ["sh", "-c", f"{TUXSCOPE} {command} - <&-"]
    result = subprocess.run(shell, capture_output=True, timeout=LIMIT, check=False)
    assert (result.returncode, result.stderr) == (1, b"tuxscope: <stdin> is empty\n")


@pytest.mark.parametrize("command", ["asm", "disasm", "step"])
def test_a_file_that_cannot_be_read_is_one_line(command: str) -> None:
    result = run(command, "/nowhere/at.all", status=1)
    assert result.stderr == (
        b"tuxscope: cannot read /nowhere/at.all: No such file or directory (ENOENT)\n"
    )


def test_c_compiles_to_the_same_bytes(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if not compiler or not os.path.exists("/usr/include/linux/bpf.h"):
        pytest.skip("no C compiler with linux/bpf.h")
    source = tmp_path / "hello.c"
    source.write_text(
        text("asm", "hello", "--format", "c") + "#include <stdio.h>\n"
        "int main(void) { fwrite(hello_insns, sizeof hello_insns, 1, stdout); }\n"
    )
    subprocess.run(
        [compiler, "-Wall", "-Werror", "-o", tmp_path / "hello", source], check=True, timeout=LIMIT
    )
    made = subprocess.run([tmp_path / "hello"], capture_output=True, check=True, timeout=LIMIT)
    assert made.stdout == BYTES


def test_json_has_an_object_for_each_instruction() -> None:
    objects = [json.loads(line) for line in text("asm", "hello", "--format", "json").splitlines()]
    assert [each["slot"] for each in objects] == list(PROGRAM.slots)
    by_text = {each["text"]: each for each in objects}
    stored = by_text["*(u64 *)(r10 - 24) = r0"]
    assert stored["note"] == "event.timestamp_ns"
    assert stored["source"]["text"] == "a.stx(event.timestamp_ns, r0)"
    assert by_text["r0 = 0"]["labels"] == ["out"]


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What the command prints to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [TUXSCOPE, *arguments], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
        env={"TERM": "xterm", **os.environ, **environment},
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
    return output


@pytest.mark.parametrize("arguments", [("asm", "hello"), ("step", "hello")])
def test_colour_is_for_terminals_and_who_wants_it(arguments: tuple[str, ...]) -> None:
    bare = re.sub(rb"\x1b\[[0-9;]*m", b"", on_a_terminal(*arguments, TERM="xterm", NO_COLOR=""))
    assert b"\x1b[" in on_a_terminal(*arguments, TERM="xterm", NO_COLOR="")
    for plain in (
        on_a_terminal(*arguments, TERM="xterm", NO_COLOR="1"),
        on_a_terminal(*arguments, TERM="dumb", NO_COLOR=""),
    ):
        assert plain == bare
    assert b"\x1b[" not in run(*arguments, TERM="xterm", NO_COLOR="").stdout


def test_bytes_are_not_for_a_terminal() -> None:
    assert on_a_terminal("asm", "hello", "--format", "bytes") == (
        b"tuxscope: cannot write bytes to a terminal; try: | xxd, or --format c\r\n"
    )


def test_step_shows_each_instruction_and_what_it_changed() -> None:
    result = run("step", "hello")
    rows = result.stdout.decode().splitlines()
    assert rows[0].split() == ["STEP", "SLOT", "INSTRUCTION", "CHANGED", "SOURCE"]
    assert result.stderr.decode() == f"tuxscope: {len(rows) - 1} steps, r0 = 0\n"
    table = "\n".join(rows)
    assert re.search(r"r0 >>= 32 +r0 = (\d+) +hello.py:\d+: a.rsh\(r0, 32\)", table)
    assert re.search(r"= r0 +event.pid = \d+ ", table)
    assert re.search(r"sent to EVENTS: pid=\d+ timestamp_ns=\d+ comm=\S+; r1-r5 clobbered", table)
    assert run("step", "hello").stdout == result.stdout
    assert run("step", "hello", "--seed", "5").stdout != result.stdout


def test_step_takes_an_event_of_the_process_that_is_asked_for() -> None:
    assert b"r0 = 1842 " in run("step", "hello", "--pid", "1842").stdout
    assert b"sent to EVENTS: pid=1842 " in run("step", "hello", "--pid", "1842").stdout
    assert b"sent to EVENTS" not in run("step", "hello", "--pid", "5").stdout


def test_step_tells_whose_stack_is_meant() -> None:
    given = b"""
        r1 = r10
        r1 += -8
        call f
        exit
    f:  *(u64 *)(r1 + 0) = 7
        *(u64 *)(r10 - 8) = 9
        r0 = 1
        exit
    """
    rows = run("step", "-", given=given).stdout.decode().splitlines()
    changed = [row[len(rows[0].partition("CHANGED")[0]) :].partition("  ")[0] for row in rows[1:]]
    assert changed == [
        "r1 = fp", "r1 = fp-8", "in f", "fp-8 of main = 7", "fp-8 = 9", "r0 = 1", "back in main",
        "",
    ]  # fmt: skip


def test_step_from_to_and_break() -> None:
    result = run("step", "hello", "--from", "3", "--to", "5")
    table, registers = result.stdout.decode().split("\n\n")
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["3", "4", "5"]
    assert registers.startswith("r0 ")
    assert result.stderr == b"tuxscope: stopped before slot 5, after 5 steps\n"
    slot = PROGRAM.labels[0].slot
    line = PROGRAM.by_slot[slot].source
    assert line
    for place in ("out", str(slot), f"hello.py:{line.line}", f"programs/hello.py:{line.line}"):
        stopped = run("step", "hello", "--break", place).stderr.decode()
        assert stopped.startswith(f"tuxscope: stopped before slot {slot}, ")


@pytest.mark.matrix
def test_step_as_json() -> None:
    given = b"*(u64 *)(r10 - 8) = 7\nr0 = *(u64 *)(r10 - 8)\nexit\n"
    result = run("step", "-", "--format", "json", given=given)
    stored, loaded, end = map(json.loads, result.stdout.splitlines())
    assert stored["memory"] == [
        {
            "place": "fp-8", "name": "fp-8", "before": "00" * 8,
            "after": (7).to_bytes(8, sys.byteorder).hex(),
        }
    ]  # fmt: skip
    assert stored["source"] == {"file": "<stdin>", "line": 1, "text": "*(u64 *)(r10 - 8) = 7"}
    assert loaded["registers"] == {"r0": {"before": None, "after": "0x7"}}
    assert (end["step"], end["slot"], end["text"]) == (3, 2, "exit")
    stop = run("step", "-", "--format", "json", "--break", "1", given=given).stdout.splitlines()[-1]
    assert json.loads(stop)["stopped"] == 1


def test_a_fault_comes_after_the_steps_before_it() -> None:
    given = b"r1 = 1\nr0 = *(u64 *)(r10 - 8)\nexit\n"
    result = run("step", "-", given=given, status=1)
    assert "r1 = 1" in result.stdout.decode().splitlines()[1]
    assert result.stderr == (
        b"tuxscope: <stdin>:2: 8 bytes at fp-8: uninitialised at fp-8\n"
        b"> 2 | r0 = *(u64 *)(r10 - 8)\n"
        b"  slot      1: r0 = *(u64 *)(r10 - 8)\n"
    )


SIMULATED = re.compile(
    rb"tuxscope: simulated \(seed \d+\): synthetic events, none of them from this machine's "
    rb"kernel\ntuxscope: (\d+) events, 0 lost, \d+\.\d s\n"
)


def test_simulated_writes_are_the_same_for_a_seed() -> None:
    first = run("hello", "--simulate", "--count", "500")
    match = SIMULATED.fullmatch(first.stderr)
    assert match
    assert match[1] == b"500"
    assert len(first.stdout.splitlines()) == 501
    assert run("hello", "--simulate", "--count", "500", "--seed", "0").stdout == first.stdout
    assert run("hello", "--simulate", "--count", "500", "--seed", "1").stdout != first.stdout


@pytest.mark.matrix
def test_simulated_writes_have_the_schema_of_real_ones() -> None:
    result = run("hello", "--simulate", "--count", "300", "--format", "json")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(list(each) == ["pid", "comm", "timestamp_ns"] for each in objects)
    times = [each["timestamp_ns"] for each in objects]
    assert times == sorted(times)
    assert len({each["comm"] for each in objects}) > 3
    rows = run("hello", "--simulate", "--count", "300").stdout.decode().splitlines()
    assert [row.split() for row in rows[1:]] == [
        [str(each["pid"]), each["comm"], str(each["timestamp_ns"])] for each in objects
    ]


def test_a_simulated_process_can_be_chosen() -> None:
    result = run("hello", "--simulate", "--pid", "1842", "--count", "50", "--format", "json")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(each["pid"], each["comm"]) for each in objects} == {(1842, "cat")}
    assert len(objects) == 50
    result = run("hello", "--simulate", "--pid", "5", status=1)
    assert b"there is no simulated process 5; there are 1 (systemd), " in result.stderr


def test_a_simulated_sample_that_is_too_short_is_reported_after_those_before_it(
    tmp_path: Path,
) -> None:
    text = Path(inspect.getfile(hello)).read_text()
    page = tmp_path / "short.py"
    page.write_text(text.replace("a.mov(r5, HelloEvent.size)", "a.mov(r5, HelloEvent.size - 12)"))
    result = run("run", str(page), "--simulate", "--count", "2", status=1)
    assert len(result.stdout.splitlines()) == 1  # the header
    told = b"a sample of 20 bytes, but HelloEvent has 32: send HelloEvent.size bytes"
    assert told in result.stderr


def test_without_a_count_simulated_writes_come_in_their_own_time() -> None:
    result = run("hello", "--simulate", "--duration", "0.5")
    match = SIMULATED.fullmatch(result.stderr)
    assert match
    assert result.stderr.endswith(b" lost, 0.5 s\n")
    assert len(result.stdout.splitlines()) == int(match[1]) + 1


def test_ctrl_c_ends_a_simulation_with_its_last_line() -> None:
    tuxscope = Tuxscope(["hello", "--simulate"])
    try:
        tuxscope.wait_for_lines(3)
        tuxscope.signal(signal.SIGINT)
        result = tuxscope.finish()
    finally:
        tuxscope.end()
    assert result.status == 0
    assert result.totals == (len(result.rows), 0)


def test_a_closed_pipe_ends_a_simulation() -> None:
    process = subprocess.Popen(
        [TUXSCOPE, "hello", "--simulate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    read_line(process.stdout, "a simulated event")
    process.stdout.close()
    assert process.wait(LIMIT) == 0
    assert process.stderr
    assert read_all(process.stderr, "the end of stderr").count(b"\n") == 1
    process.stderr.close()


@pytest.mark.kernel
def test_a_loaded_program_is_listed_with_its_lines_and_names() -> None:
    with load(hello(pid=77)) as loaded:
        number = str(loaded.info().id)
        result = subprocess.run(
            [TUXSCOPE, "disasm", "--id", number], capture_output=True, text=True, timeout=LIMIT,
            check=True,
        )  # fmt: skip
    assert result.stdout.startswith("hello:\n")
    assert re.search(
        r"if r0 != 77 goto L\d+ +hello.py:\d+: a.jne\(r0, pid, \"out\"\)", result.stdout
    )
    assert "r2 = EVENTS ll" in result.stdout
    assert re.search(r"call bpf_perf_event_output\w* ", result.stdout)


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_a_loaded_programs_calls_of_its_own_are_named() -> None:
    a = Assembler("multi", attach=RawTracepoint())
    a.mov(r1, 3)
    a.call("twice")
    a.mov(r1, 4)
    a.ld_func(r2, "each")
    a.mov(r3, 0)
    a.mov(r4, 0)
    a.call(helper.loop)
    a.mov(r0, 0)
    a.exit()
    for name in ("twice", "each"):
        a.function(name)
        a.mov(r0, r1 if name == "twice" else 0)
        a.exit()
    with load(a.program()) as loaded:
        result = subprocess.run(
            [TUXSCOPE, "disasm", "--id", str(loaded.info().id), "--format", "text"],
            capture_output=True, text=True, timeout=LIMIT, check=True,
        )  # fmt: skip
    for shown in ("multi:\n", "    call twice\n", "    r2 = each ll\n", "twice:\n", "each:\n"):
        assert shown in result.stdout


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_a_program_that_is_not_there_is_one_line() -> None:
    result = subprocess.run(
        [TUXSCOPE, "disasm", "--id", str((1 << 31) - 1)], capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr == (
        "tuxscope: there is no program with ID 2147483647; bpftool prog lists them\n"
    )


def test_what_the_rfc_defines_and_linux_refuses_is_listed() -> None:
    given = b"b700000001000000 6700000040000000 3700000000000000 9500000000000000"
    listed = run("disasm", "-", "--byteorder", "little", "--format", "text", given=given).stdout
    assert [line.strip() for line in listed.splitlines()[-3:]] == [
        b"r0 <<= 64", b"r0 /= 0", b"exit",
    ]  # fmt: skip
    again = run("asm", "-", given=listed, status=1)
    assert b"expected a number from 0 to 63, found '64'" in again.stderr
