"""A method of the assembler emits what it says, or nothing, and says why in words."""

from __future__ import annotations

import ctypes
import inspect
import mmap
import re
import tempfile
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuxscope.asm import (
    Array,
    Assembler,
    AssemblyError,
    DecodeError,
    Hash,
    Instruction,
    Label,
    OperandError,
    Program,
    ProgramError,
    RawTracepoint,
    Register,
    TextError,
    Tracepoint,
    UndefinedLabelError,
    decode_all,
    helper,
    listing,
    parser,
    r0,
    r1,
    r2,
    r3,
    r10,
)
from tuxscope.errors import TuxscopeError, shown
from tuxscope.record import Record, char, s16, u8, u32, u64
from tuxscope.vm import Machine


class Event(Record):
    pid = u32
    when = u64
    ports = u32[4]
    comm = char[16]


class Wide(Record):
    first = u8
    second = u64
    rest = u8[100_000]


COUNTS = Hash("COUNTS", key=u32, value=u64, max_entries=10)
ONE = Array("ONE", value=Event, max_entries=1)
METHODS = sorted(
    name for name, each in inspect.getmembers(Assembler, callable)
    if not name.startswith("_") and name != "program"
)  # fmt: skip
HUGE = 10**5000

operands = st.one_of(
    st.sampled_from(
        [
            None, True, 1.5, float("nan"), "out", "", "no label", "a\0b", b"GPL", object, object(),
            [], {}, (), (None,), HUGE, -HUGE, [HUGE], u64, u32[4], char, Event, Event.pid, COUNTS,
            ONE, helper.loop, r1 + (1 << 31), r2 - HUGE, r10 + 8, u64[r1], s16[r1 - 2], Event[r3],
            Wide[r2], Wide[r2].rest, u64[r1 + 40_000], u32[r1 - HUGE], (u8[r1], None),
            (u64[r1], u64[r1 + 40_000]), Instruction(0x95), RawTracepoint(),
        ]
    ),
    st.sampled_from([Register(number) for number in range(11)]),
    st.integers(-(1 << 65), 1 << 65),
    st.integers(-40, 70),
)  # fmt: skip


def written(a: Assembler) -> tuple[Any, ...]:
    """All that a draft has come to."""
    draft = a._draft
    return (
        list(draft.instructions), dict(draft.targets), dict(draft.labels), dict(draft.functions),
        draft.function, list(a._stack),
    )  # fmt: skip


def begun() -> Assembler:
    a = Assembler("begun", attach=RawTracepoint())
    a.mov(r0, 0)
    a.label("out")
    return a


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_method_emits_all_or_nothing(name: str, data: st.DataObject) -> None:
    a = begun()
    method = getattr(a, name)
    needed = [
        each for each in inspect.signature(method).parameters.values()
        if each.default is each.empty or data.draw(st.booleans())
    ]  # fmt: skip
    given = [data.draw(operands) for _ in needed]
    before = written(a)
    refused = None
    try:
        method(*given)
    except TuxscopeError as error:
        refused = error
    if refused:
        assert written(a) == before
        assert isinstance(refused, AssemblyError)
        assert refused.source
        assert refused.source.file == __file__
        assert len(str(refused)) < 1000
        assert "\n" not in str(refused)
    for each in a._draft.instructions:
        assert Instruction.decode(each.encode()).encode() == each.encode()


def test_all_methods_are_tried() -> None:
    assert {"lea", "zero", "emit", "stack", "label", "function", "jeq32", "ld_func"} <= {*METHODS}
    assert len(METHODS) > 90


@pytest.mark.parametrize(
    ("emit", "problem"),
    [
        (lambda a: a.lea(r2, r1 + (1 << 31)), r"add: imm 2147483648 is out of range"),
        (lambda a: a.lea(r10, r1 + 8), "mov: r10 is the frame pointer"),
        (lambda a: a.zero(Wide[r1].rest), "st: offset 32768 is out of range"),
        (lambda a: a.zero((u64[r1], u64[r1 + 40_000])), "st: offset 40000 is out of range"),
        (lambda a: a.zero((u64[r1], None)), "zero takes a place in memory"),
        (lambda a: a.emit(None), "emit takes an Instruction, not None"),
        (lambda a: a.emit(b"\x95"), "emit takes an Instruction, not b'.x95'"),
        (lambda a: a.mov(r0, HUGE), "mov: imm a number of 16610 bits is out of range"),
        (lambda a: a.ld_imm64(r0, -HUGE), "ld_imm64: a number of 16610 bits does not fit into 64"),
        (lambda a: a.st(u8[r1], HUGE), "a number of 16610 bits does not fit into u8"),
        (lambda a: a.stx(u8[r1], HUGE), r"store a number with a.st\(…, a number of 16610 bits"),
        (lambda a: a.jeq(r0, HUGE, "out"), "jeq: imm a number of 16610 bits is out of range"),
        (lambda a: a.call(HUGE), "call takes a helper"),
    ],
)  # fmt: skip
def test_what_a_method_cannot_emit(emit: Callable[[Assembler], None], problem: str) -> None:
    a = begun()
    before = written(a)
    with pytest.raises(OperandError) as caught:
        emit(a)
    assert re.search(problem, caught.value.problem)
    assert written(a) == before
    assert caught.value.source
    assert caught.value.source.file == __file__


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Tracepoint(None, "x"), "a tracepoint's category is a str, as in .*, not None"),  # type: ignore[arg-type]
        (lambda: Tracepoint("sched", 5), "a tracepoint's name is a str, as in .*, not 5"),  # type: ignore[arg-type]
        (lambda: Tracepoint("sys\0calls", "x"), r"category is printable text, .*'sys\\x00calls'"),
        (lambda: Tracepoint("sched", "\ud800"), "name is printable text"),
        (lambda: Tracepoint("", "x"), "category is the name of a directory, as in .*, not ''"),
        (lambda: Tracepoint("..", "x"), "category is the name of a directory"),
        (lambda: Tracepoint("sched/..", "x"), "category is the name of a directory"),
        (lambda: Tracepoint("sched", "é" * 128), "name has at most 255 bytes, .* has 256"),
        (lambda: RawTracepoint(5), "a raw tracepoint's name is a str, as in .*, not 5"),  # type: ignore[arg-type]
        (lambda: RawTracepoint("sched\0"), "a raw tracepoint's name is printable text"),
        (lambda: RawTracepoint("x" * 128), "a raw tracepoint's name has at most 127 bytes"),
        (lambda: licensed(None), 'a license is a str, as in license="GPL", not None'),
        (lambda: licensed(b"GPL"), "a license is a str, as in .*, not b'GPL'"),
        (lambda: licensed("GPL\0evil"), r"a license is printable text, .*'GPL\\x00evil'"),
        (lambda: licensed("x" * 128), "a license has at most 127 bytes"),
        (lambda: Assembler("a\0b", attach=RawTracepoint()), r"program name 'a\\x00b'"),
        (lambda: Assembler(None, attach=RawTracepoint()), "program name None"),  # type: ignore[arg-type]
        (lambda: Assembler("a" * 16, attach=RawTracepoint()), "1 to 15 letters"),
        (lambda: Assembler("a", attach=RawTracepoint), "attach must be an attach point"),  # type: ignore[arg-type]
        (lambda: Hash("a\0b", key=u32, value=u32, max_entries=1), r"map name 'a\\x00b'"),
        (lambda: Hash("a", key=u32, value=u32, max_entries=HUGE), "a number of 16610 bits"),
    ],
)
def test_an_argument_is_checked_at_its_line(make: Callable[[], Any], problem: str) -> None:
    with pytest.raises(ProgramError) as caught:
        make()
    assert re.search(problem, caught.value.problem)
    assert caught.value.source
    assert caught.value.source.file == __file__
    assert len(str(caught.value)) < 1000


def licensed(license: Any) -> Assembler:
    return Assembler("licensed", attach=RawTracepoint(), license=license)


def test_what_the_kernel_takes_is_no_error() -> None:
    assert RawTracepoint().name == ""
    assert RawTracepoint("x" * 127).name
    assert Tracepoint("syscalls", "x" * 255)
    assert licensed("").license == ""
    assert licensed("Dual MIT/GPL")


def test_a_license_that_is_set_later_is_checked_too() -> None:
    a = begun()
    a.exit()
    a.license = None  # type: ignore[assignment]
    with pytest.raises(ProgramError, match="a license is a str"):
        a.program()


def test_an_instruction_has_the_map_that_it_loads() -> None:
    load_map, mov = 0x18, 0xB7
    assert Instruction(load_map, src=1, map=COUNTS).map is COUNTS
    for fields, problem in (
        ({"opcode": mov, "imm": 5, "map": COUNTS}, "mov does not load a map; use a.ld_map"),
        ({"opcode": load_map, "map": COUNTS}, "ld_imm64 does not load a map"),
        ({"opcode": load_map, "src": 5, "map": COUNTS}, "ld_map_idx does not load a map"),
        (
            {"opcode": load_map, "src": 1, "imm": 5, "map": COUNTS},
            "the loader sets imm to the map",
        ),
        ({"opcode": load_map, "src": 1, "map": "COUNTS"}, "map must be a Map, .* 'COUNTS'"),
        ({"opcode": mov, "source": 5}, "mov: source must be a SourceLine or None, not 5"),
        ({"opcode": HUGE}, "unknown opcode a number of 16610 bits"),
        ({"opcode": mov, "dst": HUGE}, "no register ra number of 16610 bits"),
    ):
        with pytest.raises(OperandError, match=problem):
            Instruction(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("byteorder", ["Little", "", None, 5, ["little"], HUGE], ids=shown)
def test_a_byte_order_is_checked(byteorder: Any) -> None:
    exit_ = Instruction(0x95)
    a = begun()
    a.exit()
    for use in (
        exit_.encode,
        a.program().encode,
        lambda byteorder: Instruction.decode(bytes(8), byteorder),
        lambda byteorder: decode_all(bytes(8), byteorder),
        lambda byteorder: Machine(a.program(), byteorder=byteorder),
    ):
        with pytest.raises(
            OperandError, match="byteorder must be 'little' or 'big', not"
        ) as caught:
            use(byteorder=byteorder)
        assert caught.value.source
        assert caught.value.source.file == __file__


CODE = bytes.fromhex("b700000000000000180100000100000000000000020000009500000000000000")


def test_any_buffer_is_decoded() -> None:
    expected = list(decode_all(CODE, "little"))
    assert len(expected) == 3
    with tempfile.TemporaryFile() as file:
        file.write(CODE)
        file.flush()
        with mmap.mmap(file.fileno(), len(CODE), access=mmap.ACCESS_READ) as mapped:
            for data in (
                bytearray(CODE), memoryview(CODE), array("Q", CODE), array("h", CODE), mapped,
                memoryview(CODE).cast("I"), memoryview(CODE).cast("B", (4, 8)),
                (ctypes.c_uint32 * 8).from_buffer_copy(CODE),
            ):  # fmt: skip
                assert list(decode_all(data, "little")) == expected
                assert Instruction.decode(data, "little") == expected[0]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (memoryview(CODE * 2)[::2], "buffer is not contiguous; copy it with bytes"),
        ("b7", "bytes, or another buffer, are expected, not 'b7'"),
        (None, "bytes, or another buffer, are expected, not None"),
        ([0xB7], r"are expected, not \[183\]"),
    ],
)
def test_what_is_no_buffer_is_refused_at_its_line(data: Any, problem: str) -> None:
    for decode in (decode_all, Instruction.decode):
        with pytest.raises(DecodeError, match=problem) as caught:
            decode(data)
        assert caught.value.source
        assert caught.value.source.file == __file__


def test_an_empty_program_is_the_same_error_everywhere() -> None:
    main = (Label("empty", 0),)
    a = Assembler("empty", attach=RawTracepoint())
    empty = "program empty has no instructions; add at least a.mov"
    for make in (
        lambda: Program("empty", RawTracepoint(), (), main),
        lambda: Program("empty", RawTracepoint(), tuple(decode_all(b"")), main),
        lambda: replace(returned(), name="empty", instructions=()),
        a.program,
        lambda: a.program(check=False),
    ):
        with pytest.raises(ProgramError, match=empty) as caught:
            make()
        assert caught.value.source
        assert caught.value.source.file == __file__
    with pytest.raises(ProgramError, match="program main has no instructions"):
        listing.named(())
    with pytest.raises(TextError, match="expected an instruction, found the end of the text"):
        parser.assemble("", "empty", RawTracepoint())


def returned() -> Program:
    a = begun()
    a.exit()
    return a.program()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": None}, "program name None"),
        ({"attach": None}, "attach must be an attach point"),
        ({"license": b"GPL"}, "a license is a str"),
        ({"instructions": None}, "instructions must be a tuple of Instruction, not None"),
        ({"instructions": (b"\x95",)}, "instructions must be a tuple of Instruction"),
        ({"functions": ()}, "the first function must be at slot 0"),
        ({"functions": (Label("late", 1),)}, "the first function must be at slot 0"),
        ({"functions": ("begun",)}, "functions must be a tuple of Label"),
        ({"labels": [Label("out", 1)]}, "labels must be a tuple of Label"),
    ],
)
def test_a_program_is_checked_when_it_is_made(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProgramError, match=problem) as caught:
        replace(returned(), **changes)
    assert caught.value.source
    assert caught.value.source.file == __file__


def test_a_long_name_is_not_printed_whole() -> None:
    a = begun()
    a.ja("x" * 10_000)
    with pytest.raises(UndefinedLabelError) as caught:
        a.program()
    assert len(str(caught.value)) < 1000


OPERATIONS = (
    "place[HUGE]", "HUGE in place",
    *(f"place {each} HUGE" for each in ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^", "<")),
    *(f"HUGE {each} place" for each in ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^", "==")),
)  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("place", [r1, r1 + 8, u64[r1], Event[r1], Event[r1].ports], ids=str)
def test_a_long_number_is_not_printed_whole(place: Any, operation: str) -> None:
    try:
        text = str(eval(operation, {"place": place, "HUGE": HUGE}))  # an address, as yet unused
    except TuxscopeError as error:
        text = str(error)
    assert len(text) < 400


@pytest.mark.parametrize(
    "name", ["atomic_add", "atomic_fetch_xor", "atomic_xchg", "atomic_cmpxchg"]
)
def test_atomics_say_what_takes_a_register(name: str) -> None:
    with pytest.raises(TuxscopeError, match="a number of 16610 bits"):
        getattr(Assembler("long", attach=RawTracepoint()), name)(u64[r1], HUGE)
