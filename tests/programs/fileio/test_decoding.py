"""What the kernel's side reads of a call, and what is made of it: in one order, of any bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from sys import byteorder
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuxscope.abi.architecture import ARCHITECTURES, Abi, Architecture
from tuxscope.abi.names import names, numbers
from tuxscope.calls.decoding import CALL_HEAD, PART_HEAD
from tuxscope.calls.events import PART, TIMELESS, EventKind
from tuxscope.calls.reads import MOST_READS, RESULT, Read, ReadKind, Status, When
from tuxscope.files.paths import FilePath
from tuxscope.output.lines import LineFormat, Style
from tuxscope.programs.fileio.columns import COLUMNS, TEXT
from tuxscope.programs.fileio.decoding import Operations, as_columns, plans
from tuxscope.programs.fileio.flags import flags_text, open_flags
from tuxscope.programs.fileio.operation import FileOperation
from tuxscope.programs.fileio.operations import (
    CALLS,
    CHOICES,
    GROUPS,
    OPS,
    QUIET,
    URING_OPS,
    USUAL,
    FileCall,
    Offset,
    Target,
    calls_of,
    file_call,
)

VALUES = 19
REGULAR, PIPE = 0o100644, 0o010600
ABIS = [(machine, abi) for machine in ARCHITECTURES.values() for abi in machine.abis]
CASES = [
    (machine, abi, number, call)
    for machine, abi in ABIS
    for number, name in names(abi).items()
    if (call := file_call(name, abi))
]
Part = tuple[int, Status, int, bytes]


def file(number: int, mode: int = REGULAR) -> FilePath:
    """The file with an id, whose inode has the same number."""
    path = f"/f{number}".encode()
    return FilePath(path, path, 8 << 20 | 1, number, 0, mode, 1, 0, True, False)


def event(
    architecture: Architecture,
    abi: Abi,
    number: int,
    arguments: Sequence[int],
    result: int,
    parts: Sequence[Part],
    what: int = EventKind.CALL,
) -> bytes:
    """The data of a record, as the kernel's side sends it."""
    compat = int(abi is architecture.compat)
    values = [each & (1 << 64) - 1 for each in (*arguments, result)]
    data = CALL_HEAD.pack(*values, number, compat, 11, 12, b"name", what, 0, 0)
    for read, status, element, held in parts:
        data += PART_HEAD.pack(read, status, element, len(held))
        data += held + bytes(-len(held) % PART)
    return data


def rows(data: bytes, architecture: Architecture, path: Any = file, **options: Any) -> list[Any]:
    return Operations(architecture, path, **options).rows([[5], [7], [0], [0], [data]])


def shown(found: Sequence[Any]) -> dict[str, Any]:
    """The one operation, as its object."""
    (row,) = found
    text = LineFormat(Style.JSON, FileOperation, COLUMNS[Style.JSON]).render(
        as_columns([row], VALUES)
    )
    made: dict[str, Any] = json.loads(text)
    return made


def parts_of_reads(reads: Sequence[Read], failed: bool) -> dict[int, bytes]:
    """What the kernel's side sends for reads: the parts by number. What was read of an argument
    tells which one it was."""
    found = {}
    for number, read in enumerate(reads):
        if read.when & (When.FAILURE if not failed else When.SUCCESS):
            continue
        tells = read.argument + 1
        value = {
            ReadKind.OWNER: 21 << 32 | 22,
            ReadKind.DIRECTORY: 99,
            ReadKind.FILE: tells,
            ReadKind.POSITION: 1000,
        }.get(read.what)
        if value is not None:
            found[number] = value.to_bytes(8, byteorder)
        elif read.what is ReadKind.STRING:
            found[number] = b"n%d" % tells
        else:
            found[number] = (500).to_bytes(8, byteorder)[: read.size].ljust(read.size, b"\0")
            if byteorder == "big":
                found[number] = (500).to_bytes(read.size, "big")
    return found


def named(target: Target, failed: bool) -> str | None:
    """The path that a target has then."""
    if target.descriptor is not None and (target.path is None or not failed):
        return f"/f{target.descriptor + 1}"
    assert target.path is not None
    if target.literal:
        return f"n{target.path + 1}"
    directory = 99 if target.directory is None else target.directory + 1
    return f"/f{directory}/n{target.path + 1}"


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(
    ("machine", "abi", "number", "call"), CASES, ids=lambda each: getattr(each, "op", None)
)
def test_each_read_is_what_it_is_taken_for(
    machine: Architecture, abi: Abi, number: int, call: FileCall, failed: bool
) -> None:
    parts = parts_of_reads(call.reads, failed)
    result = -5 if failed else 40
    sent = [(read, Status.WHOLE, 0, held) for read, held in parts.items()]
    found = shown(
        rows(event(machine, abi, number, (1, 2, 3, 4, 5, 6), result, sent), machine)
    )  # fmt: skip
    compat = abi is machine.compat
    assert found["op"] == call.op
    assert (found["ppid"], found["uid"], found["pid"], found["tid"]) == (21, 22, 11, 12)
    assert found["path"] == named(call.target, failed)
    assert found["to"] == (named(call.to, failed) if call.to else None)
    assert found["ret"] == result
    assert found["error"] == ("EIO" if failed else None)
    assert found["bytes"] == (40 if call.moves and not failed else None)
    moved = found["bytes"] or 0
    argument = call.offset_argument + 1
    offsets = {
        Offset.NONE: None,
        Offset.POSITION: 1000 - moved,
        Offset.ARGUMENT: None if compat else argument,
        Offset.ARGUMENT_OR_POSITION: None if compat else argument,
        Offset.POINTED: 500 - moved,
    }
    assert found["offset"] == offsets[call.offset]


def test_the_reads_of_a_call_fit() -> None:
    assert {abi for _, abi, _, _ in CASES} == set(Abi)
    assert {call.op for *_, call in CASES} == set(CHOICES) - set(URING_OPS)
    assert all(len(call.reads) <= MOST_READS for call in CALLS.values())
    assert len(OPS) < 256
    for read in (each for call in CALLS.values() for each in call.reads):
        assert read.argument <= RESULT
    assert set(CHOICES) == USUAL | QUIET
    assert all(each <= USUAL for each in GROUPS.values())
    for machine in ARCHITECTURES.values():
        made = dict(plans(machine))
        assert len(made) == len(
            [each for each in CASES if each[0] is machine and each[1] is not Abi.X32]
        )


@pytest.mark.parametrize("name", ["arm64", "x86_64"])
def test_rmdir_is_a_call_of_unlink_where_there_is_no_other(name: str) -> None:
    machine = next(each for each in ARCHITECTURES.values() if each.native.value == name)
    number = numbers(machine.native)["unlinkat"]
    assert (False, number) in calls_of(frozenset({"rmdir"}), machine)
    assert (False, number) in calls_of(frozenset({"unlink"}), machine)
    for flags, op in ((0, "unlink"), (0x200, "rmdir"), (0xFFFFFFFF00000200, "rmdir")):
        data = event(machine, machine.native, number, (0, 0, flags, 0, 0, 0), 0, ())
        for wanted in ("unlink", "rmdir"):
            found = rows(data, machine, ops=frozenset({wanted}))
            assert [shown([each])["op"] for each in found] == [op] * (op == wanted)


X86 = next(each for each in ARCHITECTURES.values() if each.native is Abi.X86_64)


def of_call(name: str, *arguments: int, result: int = 0, parts: Mapping[int, bytes] = {}) -> Any:
    """The object of a call of x86-64."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    sent = [(read, Status.WHOLE, 0, held) for read, held in parts.items()]
    number = numbers(Abi.X86_64)[name]
    found = rows(event(X86, Abi.X86_64, number, padded, result, sent), X86)
    return shown(found) if found else None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a", "/f7/a"),
        (b"./a", "/f7/a"),
        (b".//a/./b", "/f7/a/b"),
        (b"../a", "/f7/../a"),
        (b"a/", "/f7/a/"),
        (b".", "/f7"),
        (b"/", "/"),
        (b"//", "/"),
        (b"/.", "/"),
        (b"/etc//x", "/etc/x"),
        (b"", None),
    ],
)
def test_a_path_begins_where_the_process_is(name: bytes, path: str | None) -> None:
    parts = {1: (7).to_bytes(8, byteorder), 2: name}
    assert of_call("mkdir", 0, 0o700, parts=parts)["path"] == path


def test_of_an_unknown_directory_there_is_the_name() -> None:
    assert of_call("mkdir", 0, 0o700, parts={2: b"./a"})["path"] == "./a"


def test_a_fault_is_no_empty_name() -> None:
    number = numbers(Abi.X86_64)["newfstatat"]
    base = (1, Status.WHOLE, 0, (7).to_bytes(8, byteorder))
    for status, path in ((Status.WHOLE, "/f7"), (Status.CUT, "/f7/x")):
        name = (2, status, 0, b"x" * (status is Status.CUT))
        data = event(X86, Abi.X86_64, number, (3, 1, 2, 0x1000, 0, 0), -14, (base, name))
        assert shown(rows(data, X86))["path"] == path
    data = event(
        X86, Abi.X86_64, number, (3, 1, 2, 0, 0, 0), -14, (base, (2, Status.FAULT, 0, b""))
    )
    assert shown(rows(data, X86))["path"] is None


def test_offsets_of_streams_and_of_files_that_others_read() -> None:
    parts = {1: (7).to_bytes(8, byteorder), 2: (5).to_bytes(8, byteorder)}
    assert of_call("read", 3, 0, 9, result=9, parts=parts)["offset"] is None
    assert of_call("read", 3, 0, 9, result=5, parts=parts)["offset"] == 0
    number = numbers(Abi.X86_64)["read"]
    sent = [(read, Status.WHOLE, 0, held) for read, held in parts.items()]
    data = event(X86, Abi.X86_64, number, (3, 0, 9, 0, 0, 0), 5, sent)
    assert shown(rows(data, X86, lambda id: file(id, PIPE)))["offset"] is None


def test_addresses_of_32_bits() -> None:
    number = numbers(Abi.IA32)["mmap2"]
    parts = [(1, Status.WHOLE, 0, (7).to_bytes(8, byteorder))]
    for result, ret in ((0xF7000000, 0xF7000000), (0xFFFFFFF3, -13), (-13, -13)):
        data = event(X86, Abi.IA32, number, (0, 4096, 1, 2, 3, 0), result, parts)
        found = shown(rows(data, X86))
        assert (found["ret"], found["error"]) == (ret, "EACCES" if ret < 0 else None)


def test_a_pointed_offset_of_32_bits() -> None:
    number = numbers(Abi.IA32)["sendfile"]
    held = struct.pack("=I", 50)
    data = event(X86, Abi.IA32, number, (1, 2, 3, 4, 0, 0), 20, [(3, Status.WHOLE, 0, held)])
    assert shown(rows(data, X86))["offset"] == 30
    call = file_call("sendfile", Abi.IA32)
    assert call
    assert [each.size for each in call.reads if each.what is ReadKind.BYTES] == [4]


NUMBERS = st.integers(0, 10) | st.integers(0, 2**64 - 1) | st.integers(0, 63).map(lambda x: 1 << x)
PARTS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(Status),
        st.integers(0, 3),
        st.binary(max_size=40) | st.binary(min_size=8, max_size=8) | st.just(b"x" * 4096),
    ),
    max_size=12,
)


@st.composite
def events(draw: st.DrawFn) -> tuple[Architecture, bytes]:
    machine, abi, number, _ = draw(st.sampled_from(CASES))
    arguments = [draw(NUMBERS) for _ in range(6)]
    result = draw(st.integers(-4096, 100) | st.integers(-(2**63), 2**63 - 1))
    what = draw(st.sampled_from(EventKind))
    return machine, event(machine, abi, number, arguments, result, draw(PARTS), what)


@settings(max_examples=800, deadline=None)
@given(events(), st.binary(max_size=60), NUMBERS, st.booleans())
def test_any_bytes(
    made: tuple[Architecture, bytes], rest: bytes, duration: int, all_files: bool
) -> None:
    machine, data = made
    paths = {0: None, 1: file(1, PIPE)}

    def path(id: int) -> FilePath | None:
        return paths.get(id % 3, file(id))

    operations = Operations(machine, path, all_files)
    found = operations.rows([[3], [duration], [0], [0], [data + rest]])
    assert len(found) <= 1
    columns = as_columns(found, VALUES)
    for style in Style:
        text = LineFormat(style, FileOperation, COLUMNS[style]).render(columns)
        assert text.count(b"\n") == len(found)
        assert text.decode().rstrip("\n").isprintable()
        assert len(text) < 2 * 6 * (4096 + 4096) + 1000
        if style is Style.JSON and found:
            assert json.loads(text)["op"] in OPS


@settings(max_examples=500, deadline=None)
@given(st.binary(min_size=CALL_HEAD.size, max_size=400))
@example(bytes(CALL_HEAD.size))
def test_what_is_no_call_at_all(data: bytes) -> None:
    for machine in ARCHITECTURES.values():
        rows(data, machine)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(OPS), st.integers(0, 2**64 - 1))
@example("open", 2**64 - 1)
@example("fallocate", 2**64 - 1)
def test_any_flags(op: str, value: int) -> None:
    text = flags_text(op, value)
    assert text.isascii()
    assert len(text) < 256  # of a FileOperation


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "O_RDONLY"),
        (3, "O_ACCMODE"),
        (0o100001, "O_WRONLY"),  # O_LARGEFILE
        (0o20200002 if open_flags(0o20200000) == "O_RDONLY|O_TMPFILE" else 0o20040002,
         "O_RDWR|O_TMPFILE"),
        (0o4010000, "O_RDONLY|O_SYNC"),
        (0o10000, "O_RDONLY|O_DSYNC"),
        (1 << 40, "O_RDONLY|0x10000000000"),
    ],
)  # fmt: skip
def test_open_flags(value: int, text: str) -> None:
    assert open_flags(value) == text


def test_times() -> None:
    column = next(each for each in TEXT if each.title == "LATENCY")
    assert column.stream_text is not None
    told = {1499: "1.50us", 9_999_000: "10.0ms", 10_000_000: "10.0ms"}
    assert {ns: column.stream_text(ns) for ns in told} == told
    assert column.stream_text(10 * 10**9) == "10.0s"
    number = numbers(Abi.X86_64)["fsync"]
    data = event(X86, Abi.X86_64, number, (3, 0, 0, 0, 0, 0), 0, ())
    unseen = Operations(X86, file).rows([[0, 9], [70, TIMELESS], [0] * 2, [0] * 2, [data] * 2])
    made = [shown([each]) for each in unseen]
    assert [(each["timestamp_ns"], each["duration_ns"]) for each in made] == [(70, None), (9, None)]


def test_of_a_mode_there_are_the_permissions() -> None:
    """What is above is ignored by the kernel, too."""
    parts = {1: (7).to_bytes(8, byteorder), 2: b"a"}
    for mode in (0o7777, 0o107777, 2**32 - 1, 2**64 - 1):
        assert of_call("chmod", 0, mode, parts=parts)["mode"] == "7777"
    assert of_call("mkdir", 0, 0o755, parts=parts)["mode"] == "0755"
