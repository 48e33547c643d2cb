from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.asm import (
    Array,
    Assembler,
    AssemblyError,
    DuplicateLabelError,
    Hash,
    Helper,
    Instruction,
    LabelError,
    LabelOutOfReachError,
    OperandError,
    PerCpuArray,
    PerfEventArray,
    Program,
    ProgramError,
    RawTracepoint,
    ReadOnlyRegisterError,
    Register,
    RegisterError,
    RingBuf,
    StackError,
    Tracepoint,
    UndefinedLabelError,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r10,
)
from tuxscope.asm.forms import FORMS, Reg
from tuxscope.asm.isa import Group, Size
from tuxscope.record import Record, char, s8, s16, s32, s64, u8, u16, u32, u64


class HelloEvent(Record):
    pid = u32
    timestamp_ns = u64
    comm = char[16]


class Point(Record):
    x = s16
    y = s16


class Path(Record):
    length = u8
    points = Point[2]
    codes = u32[3]
    last = u64


EVENTS = PerfEventArray("EVENTS", HelloEvent)
COUNTS = Array("COUNTS", value=u64[4], max_entries=1)


def assembler() -> Assembler:
    return Assembler("page", attach=RawTracepoint())


def finished(a: Assembler) -> Program:
    """The program, with an end put to it."""
    a.mov(r0, 0)
    a.exit()
    return a.program(check=False)


def texts(a: Assembler) -> list[str]:
    """What has been emitted, without the end."""
    return [str(each) for each in finished(a).instructions[:-2]]


def hello() -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)
    a.zero(event.padding)
    a.mov(r6, r1)
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    a.jeq(r0, 77, "out")
    a.stx(event.pid, r0)
    a.call(helper.ktime_get_ns)
    a.stx(event.timestamp_ns, r0)
    a.lea(r1, event.comm)
    a.mov(r2, 16)
    a.call(helper.get_current_comm)
    a.mov(r1, r6)
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, HelloEvent.size)
    a.call(helper.perf_event_output)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program(check=False)


ALU = """
    add sub mul div or_ and_ lsh rsh mod xor mov arsh sdiv smod
    add32 sub32 mul32 div32 or32 and32 lsh32 rsh32 mod32 xor32 mov32 arsh32 sdiv32 smod32
""".split()
BRANCHES = """
    jeq jgt jge jset jne jsgt jsge jlt jle jslt jsle
    jeq32 jgt32 jge32 jset32 jne32 jsgt32 jsge32 jlt32 jle32 jslt32 jsle32
""".split()
ATOMICS = """
    atomic_add atomic_or atomic_and atomic_xor atomic_fetch_add atomic_fetch_or atomic_fetch_and
    atomic_fetch_xor atomic_xchg atomic_cmpxchg
""".split()
UNSIGNED = (u8, u16, u32, u64)

# A method, its operands (r1 for the field dst, r2 for src), and the name of the row that it emits.
CALLS: list[tuple[str, tuple[Any, ...], str]] = [
    *((name, (r1, 7), name.rstrip("_")) for name in ALU),
    *((name, (r1, r2), name.rstrip("_")) for name in ALU),
    *((name, (r1, r2), name) for name in "movsx8 movsx16 movsx32 movsx8_32 movsx16_32".split()),
    *((name, (r1,), name) for name in ("neg", "neg32")),
    *((name, (r1, bits), name) for name in ("le", "be", "bswap") for bits in (16, 32, 64)),
    *((name, (r1, 7, "out"), name) for name in BRANCHES),
    *((name, (r1, r2, "out"), name) for name in BRANCHES),
    *((name, ("out",), name) for name in ("ja", "gotol", "may_goto")),
    ("gotox", (r1,), "gotox"),
    ("exit", (), "exit"),
    ("call", (helper.ktime_get_ns,), "call"),
    ("call", ("other",), "call_local"),
    ("call_btf_id", (77,), "call_btf_id"),
    ("ld_func", (r1, "other"), "ld_func"),
    *(("ldx", (r1, kind[r2 + 8]), "ldx") for kind in UNSIGNED),
    *(("ldsx", (r1, kind[r2 + 8]), "ldsx") for kind in (s8, s16, s32)),
    *(("st", (kind[r1 + 8], 7), "st") for kind in UNSIGNED),
    *(("stx", (kind[r1 + 8], r2), "stx") for kind in UNSIGNED),
    *((name, (kind[r1 + 8], r2), name) for name in ATOMICS for kind in (u32, u64)),
    *(("load_acquire", (r1, kind[r2 + 8]), "load_acquire") for kind in UNSIGNED),
    *(("store_release", (kind[r1 + 8], r2), "store_release") for kind in UNSIGNED),
    ("ld_imm64", (r1, 1 << 40), "ld_imm64"),
    ("ld_map", (r1, EVENTS), "ld_map_fd"),
    ("ld_map_value", (r1, COUNTS, 8), "ld_map_value"),
    ("addr_space_cast", (r1, r2, 0, 1), "addr_space_cast"),
    ("addr_space_cast", (r1, r2, 1, 0), "addr_space_cast"),
]
NO_METHOD = {"ld_btf_id", "ld_map_idx", "ld_map_idx_value"}


def emitted(method: str, operands: tuple[Any, ...]) -> Instruction:
    """The one instruction that a call emits."""
    a = assembler()
    getattr(a, method)(*operands)
    a.mov(r0, 0)
    a.label("out")
    a.exit()
    a.function("other")
    a.exit()
    first, *rest = a.program(check=False).instructions
    assert [str(each) for each in rest] == ["r0 = 0", "exit", "exit"]
    return first


@pytest.mark.parametrize(("method", "operands", "form"), CALLS)
def test_each_method_emits_the_row_of_its_name(
    method: str, operands: tuple[Any, ...], form: str
) -> None:
    instruction = emitted(method, operands)
    assert instruction.form.name == form
    assert instruction.dst == (1 if isinstance(instruction.form.dst, Reg) else 0)
    assert instruction.src == 2 or not isinstance(instruction.form.src, Reg)


def test_the_methods_reach_every_row_of_the_table() -> None:
    reached = {emitted(method, operands).form for method, operands, _ in CALLS}
    assert reached == {
        form for form in FORMS if form.group is not Group.PACKET and form.name not in NO_METHOD
    }


def test_every_method_is_among_the_calls() -> None:
    methods = {name for name in dir(Assembler) if not name.startswith("_")}
    assert methods - {method for method, _, _ in CALLS} == {
        "emit", "function", "label", "lea", "program", "ringbuf_output", "ringbuf_reserve", "stack",
        "zero",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "operands", "text"),
    [
        ("sub", (r3, r4), "r3 -= r4"),
        ("sub32", (r3, -4), "w3 -= -4"),
        ("jsgt", (r3, r4, "out"), "if r3 s> r4 goto +1"),
        ("jlt32", (r3, -4, "out"), "if w3 < -4 goto +1"),
        ("gotol", ("out",), "gotol +1"),
        ("call", ("other",), "call pc+2"),
        ("ld_func", (r3, "other"), "ld_pseudo r3, 4, 3"),
        ("ldx", (r3, u16[r4 - 6]), "r3 = *(u16 *)(r4 - 6)"),
        ("ldx", (r3, s64[r4]), "r3 = *(u64 *)(r4 + 0)"),
        ("ldsx", (r3, s16[r4 - 6]), "r3 = *(s16 *)(r4 - 6)"),
        ("st", (u8[r3 + 1], 255), "*(u8 *)(r3 + 1) = 255"),
        ("st", (s8[r3 + 1], -128), "*(u8 *)(r3 + 1) = -128"),
        ("stx", (u32[r3 + 2 + 2], r4), "*(u32 *)(r3 + 4) = r4"),
        ("atomic_xchg", (u64[r3 + 8], r4), "r4 = xchg_64(r3 + 8, r4)"),
        ("load_acquire", (r3, u64[r4 + 8]), "r3 = load_acquire((u64 *)(r4 + 8))"),
        ("store_release", (u64[r3 + 8], r4), "store_release((u64 *)(r3 + 8), r4)"),
        ("ld_imm64", (r3, -1), "r3 = 0xffffffffffffffff ll"),
        ("ld_imm64", (r3, (1 << 64) - 1), "r3 = 0xffffffffffffffff ll"),
        ("ld_imm64", (r3, 0x89ABCDEF), "r3 = 0x89abcdef ll"),
        ("ld_map_value", (r3, COUNTS, 24), "ld_pseudo r3, 2, 0x1800000000"),
        ("addr_space_cast", (r3, r4, 0, 1), "r3 = addr_space_cast(r4, 0, 1)"),
    ],
)
def test_operands_go_where_the_text_says(method: str, operands: tuple[Any, ...], text: str) -> None:
    assert str(emitted(method, operands)) == text


def test_an_instruction_made_by_hand_is_emitted_as_it_is() -> None:
    a = assembler()
    a.emit(Instruction(0x20, imm=12))
    assert texts(a) == ["r0 = *(u32 *)skb[12]"]


# A mistake, its error, and what the error says.
Mistake = tuple[Callable[[Assembler], Any], type[AssemblyError], str]
MISTAKES: list[Mistake] = [
    (lambda a: a.add(r1, 1 << 31), OperandError, "load it into a register with a.ld_imm64"),
    (lambda a: a.mov32(r1, 0xFFFFFFFF), OperandError, "the same 32 bits as a signed integer: -1"),
    (lambda a: a.mov(r1, 1.5), OperandError, "imm must be an integer, not 1.5"),
    (lambda a: a.mov(r1, r2 + 8), OperandError, "r2 + 8 is not a register or a number; load"),
    (lambda a: a.lsh(r1, 64), OperandError, "imm 64 is out of range"),
    (lambda a: a.div(r1, 0), OperandError, "the divisor is 0"),
    (lambda a: a.be(r1, 24), OperandError, "16, 32 or 64 bits, not 24"),
    (lambda a: a.mov(1, r1), RegisterError, "expected a register, r0 to r10, not 1"),
    (lambda a: a.movsx8(r1, 8), RegisterError, "expected a register"),
    (lambda a: a.mov(r10, r1), ReadOnlyRegisterError, "copy it first, as in a.mov"),
    (lambda a: a.lea(r10, u64[r1]), ReadOnlyRegisterError, "frame pointer"),
    (lambda a: a.lea(r1, r2), OperandError, "lea takes a place in memory, not r2"),
    (lambda a: a.ldx(r1, r2), OperandError, "r2 is a register, not a place in memory; load with"),
    (lambda a: a.ldx(r1, r2 + 8), OperandError, "a place in memory, as in u64[r2 + 8]"),
    (lambda a: a.ldx(u64[r1], r2), OperandError, "a.ldx(r2, u64[r1 + 8])"),
    (lambda a: a.stx(r2, u64[r1]), OperandError, "store with a.stx(u64[r1 + 8], r2)"),
    (lambda a: a.ldx(r1, Path.length), OperandError, "a record on the stack, after event ="),
    (lambda a: a.mov(r1, Path.length), OperandError, "the declared field length is not a register"),
    (lambda a: a.lea(u64[r1], r2), OperandError, "lea takes the register first: a.lea(r2, …)"),
    (lambda a: a.lea(r2, COUNTS), OperandError, "map COUNTS; load a map with a.ld_map(r2, COUNTS)"),
    (lambda a: a.ld_map(COUNTS, r1), OperandError, "the register first: a.ld_map(r1, EVENTS)"),
    (lambda a: a.mov(r1, COUNTS), OperandError, "map COUNTS is not a register or a number"),
    (lambda a: a.mov(u64[r1], r2), RegisterError, "store to it with a.stx or a.st"),
    (lambda a: a.jeq(u64[r1], 0, "x"), RegisterError, "load memory with a.ldx"),
    (lambda a: a.atomic_add(u64[r1], 1), RegisterError, "load it first: a.mov(r1, 1)"),
    (lambda a: a.ldx(r1, Path[r2]["length"]), OperandError, "write .length for its field"),
    (lambda a: a.ldx(r1, u64[r2 + 40000]), OperandError, "offset 40000 is out of range"),
    (lambda a: a.ldx(r1, s32[r2]), OperandError, "use a.ldsx"),
    (lambda a: a.ldsx(r1, u32[r2]), OperandError, "load u32 with a.ldx"),
    (lambda a: a.ldsx(r1, s64[r2]), OperandError, "load s64 with a.ldx"),
    (lambda a: a.ldx(r1, Path[r2].points), OperandError, "one instruction cannot access"),
    (lambda a: a.ldx(r1, Path[r2].codes[3]), OperandError, "has elements 0 to 2, not 3"),
    (lambda a: a.ldx(r1, Path[r2].codes["1"]), OperandError, "an index is an integer"),
    (lambda a: a.ldx(r1, Path[r2].length[0]), OperandError, "u8 is not an array"),
    (lambda a: a.ldx(r1, u64[r2 + "8"]), OperandError, "an offset is an integer in bytes"),
    (lambda a: a.st(u8[r1], 256), OperandError, "256 does not fit into u8"),
    (lambda a: a.st(u16[r1], -32769), OperandError, "does not fit into u16"),
    (lambda a: a.st(u32[r1], r2), OperandError, "store a register with a.stx(…, r2)"),
    (lambda a: a.stx(u32[r1], 5), RegisterError, "store a number with a.st(…, 5)"),
    (lambda a: a.atomic_add(u16[r1], r2), OperandError, "accesses 4 or 8 bytes, u16 has 2"),
    (lambda a: a.ld_imm64(r1, 1 << 64), OperandError, "does not fit into 64 bits"),
    (lambda a: a.ld_imm64(r1, "1"), OperandError, "takes an integer"),
    (lambda a: a.ld_map(r1, "EVENTS"), OperandError, "expected a map"),
    (lambda a: a.ld_map_value(r1, EVENTS), OperandError, "ld_map_value takes an Array"),
    (lambda a: a.addr_space_cast(r1, r2, 0, 0), OperandError, "not from 0 to 0"),
    (lambda a: a.zero([u64[r1]]), OperandError, "zero takes a place in memory"),
    (lambda a: a.stack(7), OperandError, "a.stack takes a record or a type"),
    (lambda a: a.stack(u64[65]), StackError, "needs 520 bytes of stack, the limit is 512"),
    (lambda a: a.call(5), OperandError, "call takes a helper"),
    (lambda a: a.ja(5), LabelError, 'a jump takes the name of a label, as in "out", not 5'),
    (lambda a: a.label(""), LabelError, "a label takes a name"),
    (lambda a: a.function("no name"), LabelError, "a C identifier"),
    (lambda a: a.function("page"), DuplicateLabelError, "function 'page' is already defined"),
    (lambda a: a.function("f"), ProgramError, "before the program's first instruction"),
    (lambda a: a.jeq(r0 == 1, 1, "out"), RegisterError, "as in a.jeq"),
    (lambda a: a.mov(r1, r2 % 8), RegisterError, "when the program runs, use a.mod(r2, 8)"),
    (lambda a: a.mov(r1, r2 << r3), RegisterError, "when the program runs, use a.lsh(r2, r3)"),
    (lambda a: a.mov(r1, 3 | r2), RegisterError, "when the program runs, use a.or_(r2, 3)"),
    (lambda a: bool(u64[r1]), AssemblyError, "a.ldx, then compare with a jump"),
    (lambda a: u64[r1] == 3, AssemblyError, "a.ldx, then compare with a jump"),
    (lambda a: u64[r1] < 3, AssemblyError, "a.ldx, then compare with a jump"),
    (lambda a: range(u64[r1]), AssemblyError, "a.ldx, then compare with a jump"),
    (lambda a: list(u64[r1]), OperandError, "u64 is not an array and has no elements"),
    (lambda a: len(u64[r1]), OperandError, "u64 is not an array and has no length; its size in by"),
    (lambda a: u64[r1] + 8, AssemblyError, "for another offset, write u64[r1 + 8]"),
    (lambda a: u64[r1].__iadd__(1), AssemblyError, "a.atomic_add(u64[r1], register)"),
    (lambda a: u64[r1] >> 1, AssemblyError, "load it with a.ldx, then use a.rsh"),
    (lambda a: r1.__iadd__(8), RegisterError, "when the program runs, use a.add(r1, 8)"),
    (lambda a: Path[r2].codes.__setitem__(0, 1), AssemblyError, "a.st(…[0], number)"),
    (lambda a: r1 < r2, RegisterError, "r1 has no value while the program is assembled"),
    (lambda a: r1 in (3, r2), RegisterError, "use a jump, as in a.jeq"),
    (lambda a: 3 in r1, RegisterError, "r1 has no value"),
    (lambda a: range(r2), RegisterError, "r2 has no value"),
    (lambda a: len(r2), RegisterError, "r2 has no value"),
    (lambda a: int(r2), RegisterError, "r2 has no value"),
    (lambda a: list(r2), RegisterError, "r2 has no value"),
    (lambda a: -r2, RegisterError, "r2 has no value"),
    (lambda a: r2(), RegisterError, "r2 has no value"),
    (lambda a: r2**2, RegisterError, "r2 has no value"),
    (lambda a: r1[1], RegisterError, "r1 is a register, not an array; memory has a type and an "
     "address: u64[r1 + 1]"),
    (lambda a: r1["pid"], RegisterError, "u64[r1 + 8]"),
    (lambda a: r1.__setitem__(1, 2), RegisterError, "r1 is a register, not an array"),
    (lambda a: 5 - r1, RegisterError, "load 5 into a register with a.mov, then use a.sub(…, r1)"),
    (lambda a: 1 << r1, RegisterError, "load 1 into a register with a.mov, then use a.lsh(…, r1)"),
    (lambda a: r1 + 8 == r2, AssemblyError, "r1 + 8 is an address, which has no value"),
    (lambda a: (r1 + 8)[0], AssemblyError, "u64[r1 + 8] is the memory there"),
    (lambda a: (r1 + 8) * 2, AssemblyError, "r1 + 8 is an address"),
    (lambda a: COUNTS[0], ProgramError, "in a program call helper.map_lookup_elem"),
    (lambda a: 1 in COUNTS, ProgramError, "load(program).maps[COUNTS]"),
    (lambda a: list(EVENTS), ProgramError, "in a program call helper.perf_event_output"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "error", "problem"), MISTAKES)
def test_a_mistake_is_an_error_at_the_authors_line(
    mistake: Callable[[Assembler], Any], error: type[AssemblyError], problem: str
) -> None:
    with pytest.raises(error) as caught:
        mistake(assembler())
    assert type(caught.value) is error
    assert problem in caught.value.problem
    source = caught.value.source
    assert source is not None
    assert (source.file, source.line) == (__file__, mistake.__code__.co_firstlineno)
    assert source.text == linecache.getline(__file__, source.line).strip()
    assert (
        str(caught.value)
        == f"test_assembler.py:{source.line}: {source.text}: {caught.value.problem}"
    )


def test_what_has_no_value_has_no_attributes_of_one() -> None:
    with pytest.raises(AttributeError, match="r6 has no bit_length: it is a register"):
        _ = r6.bit_length  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"COUNTS has no lookup.*helper.map_lookup_elem"):
        _ = COUNTS.lookup  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"COUNTS has no vlaue; did you mean value\?"):
        _ = COUNTS.vlaue  # type: ignore[attr-defined]


def test_a_helper_s_name_is_known_to_the_assembler() -> None:
    with pytest.raises(AttributeError, match=r"did you mean a\.call\(helper\.ktime_get_ns\)\?"):
        _ = assembler().bpf_ktime_get_ns  # type: ignore[attr-defined]


def test_a_declared_field_is_told_where_it_is() -> None:
    a = assembler()
    path = a.stack(Path)
    with pytest.raises(
        OperandError, match=r"write path\.length for a record on the stack, or Path\[r0\]"
    ):
        a.ldx(r1, Path.length)  # type: ignore[arg-type]
    a.ldx(r1, path.length)


def test_an_address_goes_on() -> None:
    place = r1 + 8
    place += 8
    place -= 4
    assert str(place) == "r1 + 12"


def test_a_number_of_bytes_may_come_first() -> None:
    assert str(8 + r1) == str(r1 + 8) == "r1 + 8"  # type: ignore[operator]


def test_an_array_in_memory_has_its_elements() -> None:
    assert [str(each) for each in Path[r2].codes] == [str(Path[r2].codes[n]) for n in range(3)]


def test_an_attach_point_knows_its_line_and_is_equal_without_it() -> None:
    for kind, names in ((Tracepoint, ("syscalls", "sys_enter_write")), (RawTracepoint, ("a",))):
        here = kind(*names)
        there = kind(*names)
        assert here.source is not None
        assert here.source.text == "here = kind(*names)"
        assert here.source != there.source
        assert here == there
        assert hash(here) == hash(there)
        assert "source" not in repr(here)


def test_each_instruction_knows_its_line() -> None:
    program = hello()
    for instruction in program.instructions:
        assert instruction.source is not None
        assert instruction.source.file == __file__
    lines = [
        (each.source.line - hello.__code__.co_firstlineno, each.source.text)
        for each in program.instructions
    ]
    assert lines[:3] == [
        (3, "a.zero(event.padding)"),
        (4, "a.mov(r6, r1)"),
        (5, "a.call(helper.get_current_pid_tgid)"),
    ]


@pytest.mark.parametrize(
    ("use", "jump"),
    [
        (bool, "jeq(r3, 1"),
        (lambda register: not register, "jeq(r3, 1"),
        (lambda register: register == 7, "jeq(r3, 7"),
        (lambda register: register != r1, "jne(r3, r1"),
        (lambda register: register < 7, "jlt(r3, 7"),
        (lambda register: register <= 7, "jle(r3, 7"),
        (lambda register: register > 7, "jgt(r3, 7"),
        (lambda register: register >= r1, "jge(r3, r1"),
    ],
)
def test_a_register_has_no_value_in_python(use: Callable[[Register], object], jump: str) -> None:
    with pytest.raises(RegisterError, match=re.escape(f'use a jump, as in a.{jump}, "label")')):
        use(r3)


@pytest.mark.parametrize("number", [-1, 11, True, "1"])
def test_there_are_eleven_registers(number: Any) -> None:
    with pytest.raises(RegisterError, match="registers are r0 to r10"):
        Register(number)


def test_hello_is_the_program_it_says() -> None:
    program = hello()
    assert [str(each) for each in program.instructions] == [
        "*(u32 *)(r10 - 28) = 0",
        "r6 = r1",
        "call 14",
        "r0 >>= 32",
        "if r0 == 77 goto +15",
        "*(u32 *)(r10 - 32) = r0",
        "call 5",
        "*(u64 *)(r10 - 24) = r0",
        "r1 = r10",
        "r1 += -16",
        "r2 = 16",
        "call 16",
        "r1 = r6",
        "ld_pseudo r2, 1, 0",
        "w3 = -1",
        "r4 = r10",
        "r4 += -32",
        "r5 = 32",
        "call 25",
        "r0 = 0",
        "exit",
    ]
    assert program.maps == (EVENTS,)
    assert program.slots[13:15] == (13, 15)
    assert [(label.name, label.slot) for label in program.labels] == [("out", 20)]
    assert [(each.name, each.slot) for each in program.functions] == [("hello", 0)]


def test_assembling_twice_gives_the_same_bytes() -> None:
    assert hello() == hello()
    for byteorder in ("little", "big"):
        assert hello().encode({EVENTS: 3}, byteorder) == hello().encode({EVENTS: 3}, byteorder)


def test_an_assembler_can_go_on() -> None:
    a = assembler()
    first = finished(a)
    assert a.program(check=False) == first
    assert finished(a).instructions == first.instructions * 2


def test_map_fds_are_bound_when_encoded() -> None:
    program = hello()
    bound = program.encode({EVENTS: 7, COUNTS: 8}, "little")
    assert bound[13 * 8 : 15 * 8].hex(" ", 4) == "18120000 07000000 00000000 00000000"
    other = program.encode({EVENTS: 9}, "little")
    assert [
        i // 8 for i, pair in enumerate(zip(bound, other, strict=True)) if len({*pair}) > 1
    ] == [13]


@pytest.mark.parametrize("fds", [None, {}, {COUNTS: 3}])
def test_a_missing_map_fd_is_an_error(fds: Any) -> None:
    with pytest.raises(ProgramError, match="no file descriptor for map EVENTS"):
        hello().encode(fds)


def test_maps_are_listed_once_in_the_order_of_use() -> None:
    a = assembler()
    a.ld_map_value(r1, COUNTS)
    a.ld_map(r2, EVENTS)
    a.ld_map(r1, Array("COUNTS", value=u64[4], max_entries=1))
    assert finished(a).maps == (COUNTS, EVENTS)


def test_two_different_maps_of_one_name_are_refused() -> None:
    a = assembler()
    a.ld_map(r1, COUNTS)
    a.ld_map(r2, Array("COUNTS", value=u64, max_entries=5))
    with pytest.raises(ProgramError, match="two different maps are named COUNTS"):
        finished(a)


BAD_NAMES = ["", "sixteen_letters_", "no-dash", "no space", "größe", "line\n", None, 7]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_are_those_that_the_kernel_takes(name: Any) -> None:
    with pytest.raises(ProgramError, match="program name"):
        Assembler(name, attach=RawTracepoint())
    with pytest.raises(ProgramError, match="map name"):
        PerfEventArray(name, HelloEvent)


def test_a_name_may_have_15_letters_digits_underscores_and_dots() -> None:
    assert Assembler("fifteen.letter_", attach=RawTracepoint()).name == "fifteen.letter_"
    assert PerfEventArray("0.fifteen_map_0", HelloEvent).name == "0.fifteen_map_0"


@pytest.mark.parametrize("entries", [-1, 1 << 32, True, 1.0, None])
def test_a_map_has_a_number_of_entries(entries: Any) -> None:
    with pytest.raises(ProgramError, match=r"max_entries must be from 0 to 2\*\*32 - 1"):
        PerfEventArray("EVENTS", HelloEvent, max_entries=entries)


def test_only_a_map_that_carries_records_may_leave_its_size_open() -> None:
    assert EVENTS.max_entries == 0
    assert RingBuf("EVENTS", HelloEvent).max_entries == 8 << 20
    for make in (
        lambda: Array("COUNTS", value=u64),
        lambda: Hash("COUNTS", key=u32, value=u64),
    ):
        with pytest.raises(ProgramError, match="needs max_entries, as in max_entries="):
            make()


def test_a_map_tells_the_sizes_of_its_key_and_value() -> None:
    table = Hash("TABLE", key=Point, value=HelloEvent, max_entries=8)
    ring = RingBuf("RING", HelloEvent, max_entries=4096)
    assert (table.key_size, table.value_size) == (4, 32)
    assert (COUNTS.key_size, COUNTS.value_size) == (4, 32)
    assert (EVENTS.key_size, EVENTS.value_size) == (4, 4)
    assert (ring.key_size, ring.value_size) == (0, 0)


def test_a_per_cpu_array_has_no_one_address() -> None:
    per_cpu = PerCpuArray("COUNTS", value=u64, max_entries=4)
    with pytest.raises(OperandError, match="ld_map_value takes an Array"):
        assembler().ld_map_value(r1, per_cpu)
    with pytest.raises(OperandError, match="max_entries=1"):
        assembler().ld_map_value(r1, Array("MANY", value=u64, max_entries=2))
    with pytest.raises(OperandError, match="offset 32 is not in COUNTS's value of 32 bytes"):
        assembler().ld_map_value(r1, COUNTS, 32)


def test_an_empty_program_is_refused() -> None:
    with pytest.raises(ProgramError, match="page has no instructions"):
        assembler().program(check=False)


def test_a_program_says_where_it_runs() -> None:
    with pytest.raises(ProgramError, match="attach must be an attach point"):
        Assembler("page", attach="sys_enter_write")


def test_jumps_count_slots_in_both_directions() -> None:
    a = assembler()
    a.label("again")
    a.ld_imm64(r1, 1)
    a.jne(r1, 0, "out")
    a.ld_imm64(r2, 2)
    a.gotol("again")
    a.jset32(r1, r2, "again")
    a.label("out")
    assert texts(a) == [
        "r1 = 0x1 ll",
        "if r1 != 0 goto +4",
        "r2 = 0x2 ll",
        "gotol -6",
        "if w1 & w2 goto -7",
    ]


def test_a_label_may_go_unused_and_two_may_share_a_place() -> None:
    a = assembler()
    a.label("here")
    a.label("there")
    a.ja("here")
    a.label("unused")
    assert texts(a) == ["goto -1"]
    assert [label.name for label in a.program(check=False).labels] == ["here", "there", "unused"]


def test_an_undefined_label_is_an_error_with_the_nearest_one() -> None:
    a = assembler()
    a.ja("finsih")  # this line
    a.label("finish")
    with pytest.raises(UndefinedLabelError, match=r"did you mean finish\?") as caught:
        finished(a)
    assert caught.value.source.text == 'a.ja("finsih")  # this line'


def test_an_undefined_label_without_a_near_one_says_what_to_do() -> None:
    a = assembler()
    a.ja("out")
    with pytest.raises(
        UndefinedLabelError, match=r"put a\.label\('out'\) before the instruction to jump to"
    ):
        finished(a)


def test_a_duplicate_label_names_both_lines() -> None:
    a = assembler()
    a.label("out")  # the first
    with pytest.raises(DuplicateLabelError, match=r"defined at .*: a.label\(\"out\"\)$") as caught:
        a.label("out")  # the second
    assert caught.value.source.text == 'a.label("out")  # the second'


def test_a_label_needs_an_instruction_after_it() -> None:
    a = assembler()
    a.ja("end")
    a.label("end")
    with pytest.raises(UndefinedLabelError, match="no instruction follows label 'end'"):
        a.program(check=False)


def test_a_labels_instruction_is_in_its_own_function() -> None:
    a = assembler()
    a.call("other")
    a.ja("end")
    a.label("end")
    a.function("other")
    with pytest.raises(UndefinedLabelError, match="no instruction follows label 'end'"):
        finished(a)


def test_labels_belong_to_their_function() -> None:
    a = assembler()
    a.call("other")
    a.ja("out")
    a.label("out")
    a.exit()
    a.function("other")
    a.label("out")
    a.ja("out")
    assert texts(a) == ["call pc+2", "goto +0", "exit", "goto -1"]
    a.function("third")
    a.ja("out")
    with pytest.raises(UndefinedLabelError, match="'out' is not defined in third"):
        finished(a)


def test_calls_of_functions_count_slots() -> None:
    a = assembler()
    a.call("double")
    a.ld_imm64(r1, 1)
    a.call("triple")
    a.exit()
    a.function("double")
    a.ld_imm64(r2, 2)
    a.ld_func(r3, "triple")
    a.call("page")
    a.exit()
    a.function("triple")
    a.call("double")
    assert texts(a) == [
        "call pc+4",
        "r1 = 0x1 ll",
        "call pc+7",
        "exit",
        "r2 = 0x2 ll",
        "ld_pseudo r3, 4, 3",
        "call pc-10",
        "exit",
        "call pc-7",
    ]
    functions = [(each.name, each.slot) for each in a.program(check=False).functions]
    assert functions == [("page", 0), ("double", 5), ("triple", 11)]


def test_a_call_of_no_function_is_an_error() -> None:
    a = assembler()
    a.call("duoble")
    with pytest.raises(UndefinedLabelError, match=r"define it with a\.function"):
        finished(a)
    a.function("double")
    with pytest.raises(UndefinedLabelError, match=r"no function 'duoble'; did you mean double\?"):
        finished(a)


def test_a_function_without_instructions_is_refused() -> None:
    a = assembler()
    finished(a)
    a.function("nothing")
    with pytest.raises(ProgramError, match="function 'nothing' has no instructions"):
        a.program(check=False)


def fill(a: Assembler, slots: int) -> None:
    """Put an odd number of slots between a jump and its label."""
    a.mov(r1, 1)
    for _ in range(slots // 2):
        a.ld_imm64(r1, 1)


def test_a_jump_reaches_16_bits_and_gotol_farther() -> None:
    a = assembler()
    a.label("start")
    fill(a, 32767)
    a.ja("start")
    a.gotol("start")
    a.gotol("end")
    a.jne(r1, r2, "end")
    fill(a, 32767)
    a.label("end")
    assert [text for text in texts(a) if "goto" in text] == [
        "goto -32768",
        "gotol -32769",
        "gotol +32768",
        "if r1 != r2 goto +32767",
    ]


def jump_forward(a: Assembler) -> None:
    a.jeq(r1, r2, "far")
    a.mov(r1, 1)
    fill(a, 32767)
    a.label("far")


def jump_back(a: Assembler) -> None:
    a.label("far")
    a.mov(r1, 1)
    fill(a, 32767)
    a.ja("far")


@pytest.mark.parametrize(
    ("write", "distance", "text"),
    [
        (jump_forward, r"\+32768", 'a.jeq(r1, r2, "far")'),
        (jump_back, "-32769", 'a.ja("far")'),
    ],
)
def test_a_label_out_of_reach_is_an_error(
    write: Callable[[Assembler], None], distance: str, text: str
) -> None:
    a = assembler()
    write(a)
    problem = rf"label 'far' is {distance} slots away, .* jump to a nearer a\.gotol"
    with pytest.raises(LabelOutOfReachError, match=problem) as caught:
        finished(a)
    assert caught.value.source.text == text


def test_a_record_lies_below_the_frame_pointer() -> None:
    event = assembler().stack(HelloEvent)
    assert repr(event) == "HelloEvent[r10 - 32]"
    assert repr(event.pid) == "u32[r10 - 32]"
    assert repr(event.timestamp_ns) == "u64[r10 - 24]"
    assert repr(event.comm) == "char[16][r10 - 16]"
    assert repr(event.comm[15]) == "u8[r10 - 1]"
    assert repr(event.padding) == "(u8[4][r10 - 28],)"


def test_a_place_on_the_stack_is_aligned_as_its_type() -> None:
    a = assembler()
    types = (u8, u32, char[3], u16, Point, u64, HelloEvent)
    places = [a.stack(each) for each in types]
    assert [place._offset for place in places] == [-1, -8, -11, -14, -18, -32, -64]


def test_places_do_not_overlap_and_fill_512_bytes() -> None:
    a = assembler()
    places = [a.stack(u64[8]) for _ in range(8)]
    assert [place._offset for place in places] == list(range(-64, -513, -64))
    with pytest.raises(StackError, match="513 bytes of stack"):
        a.stack(u8)


def test_each_function_has_its_own_stack() -> None:
    a = assembler()
    a.stack(u64[64])
    a.call("other")
    a.exit()
    a.function("other")
    assert repr(a.stack(u64)) == "u64[r10 - 8]"


def test_fields_of_records_and_elements_of_arrays_have_their_places() -> None:
    path = assembler().stack(Path)
    assert repr(path) == "Path[r10 - 32]"
    assert repr(path.points[1].y) == "s16[r10 - 24]"
    assert repr(path.codes[2]) == "u32[r10 - 12]"
    assert repr(path.last) == "u64[r10 - 8]"
    assert repr(Path[r6 + 8].points[0].x) == "s16[r6 + 10]"
    assert repr(Point[r6].y) == "s16[r6 + 2]"


def test_a_place_may_be_read_as_another_type() -> None:
    path = assembler().stack(Path)
    assert repr(u32[path.points[1]]) == "u32[r10 - 26]"
    assert repr(u16[path.points[0].x]) == "u16[r10 - 30]"
    assert repr(Point[path.last].y) == "s16[r10 - 6]"


def test_a_misspelt_field_is_an_error_with_the_nearest_one() -> None:
    event = assembler().stack(HelloEvent)
    with pytest.raises(AttributeError, match=r"no field timestamp; did you mean timestamp_ns\?"):
        _ = event.timestamp
    with pytest.raises(AttributeError, match="u32 has no field pid"):
        _ = event.pid.pid


def test_a_field_may_have_any_name_on_the_stack() -> None:
    class Event(Record):
        base = u8
        offset = u8
        type = u8
        padding = u8

    event = assembler().stack(Event)
    names = ("base", "offset", "type", "padding")
    assert [repr(getattr(event, name)) for name in names] == [
        "u8[r10 - 4]",
        "u8[r10 - 3]",
        "u8[r10 - 2]",
        "u8[r10 - 1]",
    ]


@pytest.mark.parametrize(
    ("field_type", "start", "stores"),
    [
        (u64, 0, [(0, 8)]),
        (HelloEvent, -32, [(-32, 8), (-24, 8), (-16, 8), (-8, 8)]),
        (char[7], -7, [(-7, 1), (-6, 2), (-4, 4)]),
        (char[7], 0, [(0, 4), (4, 2), (6, 1)]),
        (u8[15], 1, [(1, 1), (2, 2), (4, 4), (8, 8)]),
        (u32[3], 4, [(4, 4), (8, 8)]),
    ],
)
def test_zero_stores_as_widely_as_is_aligned(
    field_type: Any, start: int, stores: list[tuple[int, int]]
) -> None:
    a = assembler()
    a.zero((r6 + start).typed(field_type))
    assert texts(a) == [
        f"*(u{width * 8} *)(r6 {'-' if offset < 0 else '+'} {abs(offset)}) = 0"
        for offset, width in stores
    ]


@given(st.integers(-64, 64), st.integers(1, 64))
def test_zero_covers_exactly_the_bytes(start: int, length: int) -> None:
    a = assembler()
    a.zero((r6 + start).typed(u8[length]))
    *stores, _, _ = finished(a).instructions
    widths = [Size(each.opcode & 0x18).octets for each in stores]
    offsets = [each.offset for each in stores]
    assert all(offset % width == 0 for offset, width in zip(offsets, widths, strict=True))
    covered = [o + i for o, width in zip(offsets, widths, strict=True) for i in range(width)]
    assert covered == list(range(start, start + length))


def test_padding_is_zeroed_hole_by_hole() -> None:
    class Event(Record):
        a = u8
        b = u32
        c = u8
        d = u64
        e = u16

    a = assembler()
    a.zero(a.stack(Event).padding)
    assert texts(a) == [
        "*(u8 *)(r10 - 31) = 0",
        "*(u16 *)(r10 - 30) = 0",
        "*(u8 *)(r10 - 23) = 0",
        "*(u16 *)(r10 - 22) = 0",
        "*(u32 *)(r10 - 20) = 0",
        "*(u16 *)(r10 - 6) = 0",
        "*(u32 *)(r10 - 4) = 0",
    ]


def test_lea_adds_an_offset_where_there_is_one() -> None:
    a = assembler()
    a.lea(r1, a.stack(HelloEvent).comm)
    a.lea(r2, r6 + 8)
    a.lea(r3, u64[r6])
    assert texts(a) == ["r1 = r10", "r1 += -16", "r2 = r6", "r2 += 8", "r3 = r6"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("map_lookup_elem", 1),
        ("ktime_get_ns", 5),
        ("get_current_pid_tgid", 14),
        ("get_current_comm", 16),
        ("perf_event_output", 25),
        ("probe_read_kernel", 113),
        ("get_ns_current_pid_tgid", 120),
        ("ringbuf_output", 130),
        ("loop", 181),
        ("cgrp_storage_delete", 211),
    ],
)
def test_helpers_have_the_kernels_numbers(name: str, number: int) -> None:
    assert getattr(helper, name) == Helper(number, name)


@pytest.mark.parametrize("name", ["ktime_get_n", "bpf_ktime_get_ns"])
def test_a_misspelt_helper_is_an_error_with_the_nearest_one(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"no helper {name}; did you mean ktime_get_ns\?"):
        getattr(helper, name)


def test_what_lies_on_the_stack_has_the_authors_name() -> None:
    a = assembler()
    event = a.stack(HelloEvent)
    count: Any = a.stack(u64)
    a.lea(r1, a.stack(char[4]))
    a.call("other")
    a.exit()
    a.function("other")
    path = a.stack(Path)
    a.lea(r1, path)
    a.lea(r1, event)
    a.lea(r1, count)
    stack = finished(a).stack
    assert [(each.name, each.offset, str(each.type), each.function) for each in stack] == [
        ("event", -32, "HelloEvent", "page"),
        ("count", -40, "u64", "page"),
        ("char[4]", -44, "char[4]", "page"),
        ("path", -Path.size, "Path", "other"),
    ]


def test_names_on_the_stack_make_no_other_program() -> None:
    assert hello() == replace(hello(), stack=())


def test_two_functions_do_not_begin_at_one_instruction() -> None:
    a = assembler()
    a.exit()
    a.function("nothing")
    a.function("other")
    with pytest.raises(ProgramError, match="function 'nothing' has no instructions"):
        finished(a)


def test_an_unused_label_without_an_instruction_is_left_out() -> None:
    a = assembler()
    a.exit()
    a.label("end")
    a.function("other")
    a.label("end")
    a.exit()
    a.label("nowhere")
    assert [(each.name, each.slot) for each in a.program(check=False).labels] == [("end", 1)]
