"""The text against LLVM: its assembler takes what is written, what its disassembler writes is read.

Where LLVM differs, the difference is in a table here, and held to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from llvm import needs_llvm, run

from tuxscope.asm import (
    Array,
    Assembler,
    Instruction,
    PerfEventArray,
    Program,
    RawTracepoint,
    TextError,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
)
from tuxscope.asm.forms import FORMS, Const, Range, Reg, Rule
from tuxscope.asm.instruction import ByteOrder
from tuxscope.asm.listing import text
from tuxscope.asm.parser import parse
from tuxscope.record import Record, char, u32, u64

TARGETS: dict[str, ByteOrder] = {"bpfel": "little", "bpfeb": "big"}
pytestmark = needs_llvm
targets = pytest.mark.parametrize("target", TARGETS)


def assembled(target: str, lines: list[str]) -> dict[int, bytes]:
    """What llvm-mc makes of each line, by its index; of some it makes nothing."""
    marked = "".join(f".Lline{index}:\n{line}\n" for index, line in enumerate(lines))
    done = run("llvm-mc", f"-triple={target}", "-mcpu=v4", "--show-encoding", stdin=marked)
    found: dict[int, bytes] = {}
    index = -1
    for line in done.stdout.splitlines():
        if label := re.match(r"\.Lline(\d+):", line):
            index = int(label[1])
        # Not of those that a relocation is to fill in, which hold an 'A'.
        elif encoding := re.search(r"encoding: \[([^\]']*)\]", line):
            found[index] = bytes(int(each, 16) for each in encoding[1].split(","))
    return found


def values(rule: Rule, register: int) -> tuple[int, ...]:
    """Some of what a rule accepts."""
    match rule:
        case Const(only):
            return (only,)
        case Reg(written=written):
            return (register, 9 if written else 10)
        case Range(low, high, zero):
            return (low, high, -1, 0, 1, 5) if low < 0 and zero else (max(low, 1), 5, high)


def examples() -> Iterator[Instruction]:
    """Several of each row."""
    for form in FORMS:
        rules = [values(rule, register) for register, (_, rule) in enumerate(form.rules(), 1)]
        for fields in sorted(product(*rules))[:: 1 if form.slots == 2 else 3]:
            yield Instruction(form.opcode, *fields)


EXAMPLES = list(examples())


def test_the_examples_are_of_all_rows() -> None:
    assert {each.form for each in EXAMPLES} == set(FORMS)


def llvm_has_no_text(instruction: Instruction) -> str:
    """Why llvm-mc does not make these bytes of our text; empty where it does."""
    form, imm = instruction.form, instruction.imm
    if form.name == "ld_ind" and imm:
        return "LLVM has no offset from the register in skb[r1 + 4]"
    if form.name == "gotol" and not -(1 << 15) <= imm < 1 << 15:
        return "LLVM takes a number of 16 bits, and a label for all else"
    if form.name == "call_local":
        return "LLVM takes a name alone, and pc for one"
    if form.name == "call_btf_id":
        return "LLVM takes kernel-function for a name, and the rest for a comment"
    if form.name != "ld_imm64" and instruction.next_imm:
        return "LLVM cuts ld_pseudo's constant off at 32 bits"
    return ""


@targets
def test_llvm_mc_makes_the_same_bytes_of_each_rows_text(target: str) -> None:
    made = assembled(target, [str(each) for each in EXAMPLES])
    wrong = {
        str(each): made.get(index)
        for index, each in enumerate(EXAMPLES)
        if (made.get(index) == each.encode(TARGETS[target])) == bool(llvm_has_no_text(each))
    }
    assert not wrong


@targets
def test_what_llvm_has_no_text_for_is_not_a_few_numbers_only(target: str) -> None:
    reasons = {reason for each in EXAMPLES if (reason := llvm_has_no_text(each))}
    assert len(reasons) == 5


SPELLINGS = [
    "r1 = 0x10", "r1 = - 5", "r1 = +5", "r1=2", "r1 s >>= 3", "r1 = *(u32*)( r10 -0x20 )",
    "w1 = *(u32 *)(r2 + 4)", "w1 = *(u8 *)(r2 + 4)", "*(u16 *)(r2 + 4) = w3", "goto 5",
    "goto -0x1", "call 0xe", "w1 = 0xffffffff", "w1 += 4294967295", "if w1 == 0xffffffff goto +1",
    "*(u32 *)(r1 + 0) = 0x80000000", "r1 = -1 ll", "r1 = 0xffffffffffffffff ll",
    "ld_pseudo r2, 0x4, 0xfffffff6", "r1 = 2 # a comment", "r1 = 2 // a comment",
    "r0 = *(u8*)skb[-1]", "ld_pseudo r2, 4, -10",
]  # fmt: skip


def test_other_spellings_mean_to_us_what_they_mean_to_llvm() -> None:
    ours = [parse(line).instructions[0].encode("little") for line in SPELLINGS]
    assert assembled("bpfel", SPELLINGS) == dict(enumerate(ours))


REFUSED = {  # what LLVM makes of what we refuse
    "r1 = 0xffffffff": "r1 = -1",  # all 64 bits set
    "r1 = 99999999999": "r1 = 1215752191",
    "w1 = 0x100000000": "w1 = 0",
    "r1 = 010": "r1 = 8",
    "r1 = 0b11": "r1 = 3",
    "R1 = 2": "r1 = 2",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_llvm_takes_for_something_else_is_refused(line: str) -> None:
    with pytest.raises(TextError):
        parse(line)
    meant = Instruction.encode(parse(REFUSED[line]).instructions[0], "little")
    assert assembled("bpfel", [line]) == {0: meant}


class Event(Record):
    pid = u32
    comm = char[16]


EVENTS = PerfEventArray("EVENTS", Event)
COUNTS = Array("COUNTS", value=u64[4], max_entries=1)


def whole() -> Program:
    a = Assembler("page", attach=RawTracepoint())
    event = a.stack(Event)
    a.label("a b")
    a.call(helper.get_current_pid_tgid)
    a.jne32(r0, 7, "ll")
    a.stx(event.pid, r0)
    a.lea(r1, event.comm)
    a.ld_map(r2, EVENTS)
    a.ld_map_value(r3, COUNTS, 8)
    a.ld_func(r4, "other")
    a.call("other")
    a.call("exit")
    a.may_goto("a b")
    a.gotol("ll")
    a.ja("a b")
    a.label("ll")
    a.exit()
    a.function("other")
    a.ld_imm64(r1, -1)
    a.call("other")
    a.exit()
    a.function("exit")
    a.label(".L$1")
    a.jsgt(r1, r2, ".L$1")
    a.exit()
    return a.program(check=False)


# What LLVM leaves to whoever links, by the slot: the names that we resolve ourselves, or bind.
RELOCATED = {
    0: "R_BPF_64_32 bpf_get_current_pid_tgid",
    5: "R_BPF_64_64 EVENTS",
    7: "R_BPF_64_64 COUNTS",
    9: "R_BPF_64_64 .text",
}


@targets
def test_llvm_mc_makes_the_same_bytes_of_a_whole_program(target: str, tmp_path: Path) -> None:
    program, object_file = whole(), str(tmp_path / "page.o")
    made = run("llvm-mc", f"-triple={target}", "-mcpu=v4", "-filetype=obj", "-o", object_file,
               stdin=text(program))  # fmt: skip
    assert made.stderr == ""
    dumped = run("llvm-objdump", "-dr", "--mcpu=v4", object_file).stdout
    data: dict[int, bytes] = {}
    relocated: dict[int, str] = {}
    for line in dumped.splitlines():
        if row := re.match(r" +(\d+):\t((?:[0-9a-f]{2}[ \t])+)", line):
            data[int(row[1])] = bytes.fromhex(row[2])
        elif row := re.match(r"\t\t([0-9a-f]+):  (R_\S+)\t(.+)", line):
            relocated[int(row[1], 16) // 8] = f"{row[2]} {row[3]}"
    assert relocated == RELOCATED
    ours = {
        slot: each.encode(TARGETS[target])
        for slot, each in zip(program.slots, program.instructions, strict=True)
    }
    assert {slot: each for slot, each in data.items() if slot not in RELOCATED} == {
        slot: each for slot, each in ours.items() if slot not in RELOCATED
    }
    assert data.keys() == ours.keys()
    # A function's address is that of its section, and how far it is from there, in bytes.
    other = next(each.slot for each in program.functions if each.name == "other")
    assert Instruction.decode(data[9], TARGETS[target]).imm == 8 * other


C = """
struct { int (*type)[2]; } COUNTS __attribute__((section(".maps")));
static void *(*lookup)(void *, void *) = (void *)1;
__attribute__((noinline)) int other(int *x) { return *x * 3; }
int page(void *c) { int k = 0, *v = lookup(&COUNTS, &k); return v ? other(v) : 3; }
"""


@targets
def test_what_clang_writes_is_read(target: str, tmp_path: Path) -> None:
    source = tmp_path / "page.c"
    source.write_text(C)
    options = ("-target", target, "-mcpu=v3", "-O2", "-S", "-o", "-", str(source))
    written = run("clang", *options).stdout.partition(".type\tCOUNTS")[0]  # the map is ours to make
    code = parse(written, [COUNTS])
    assert [each.name for each in code.functions] == ["other", "page"]
    assert [each.map for each in code.instructions if each.map] == [COUNTS]
    other = code.instructions[: code.functions[1].slot]
    made = assembled(target, [str(each) for each in other])
    assert made == {index: each.encode(TARGETS[target]) for index, each in enumerate(other)}


def dumps_as_another(instruction: Instruction) -> str:
    """Why llvm-objdump's text of an instruction does not tell it; empty where it does."""
    form = instruction.form
    if form.name == "call_local":
        return "call 0x5 is that of a helper"
    if form.name == "call_btf_id":
        return "call 0x4d is that of a helper"
    if form.name == "ld_ind" and instruction.imm:
        return "no offset is shown"
    if form.name != "ld_imm64" and instruction.next_imm:
        return "the high half is not shown"
    return ""


@targets
def test_what_llvm_objdump_writes_is_read(target: str, tmp_path: Path) -> None:
    data = b"".join(each.encode(TARGETS[target]) for each in EXAMPLES)
    object_file = str(tmp_path / "rows.o")
    bytes_as_text = "main:\n.byte " + ",".join(map(str, data))
    run("llvm-mc", f"-triple={target}", "-filetype=obj", "-o", object_file, stdin=bytes_as_text)
    dumped = run("llvm-objdump", "-d", "--mcpu=v4", "--no-show-raw-insn", object_file).stdout
    rows = re.findall(r"^ +\d+:\t(.*)$", dumped, re.MULTILINE)
    assert len(rows) == len(EXAMPLES)
    wrong = {}
    for row, instruction in zip(rows, EXAMPLES, strict=True):
        same = list(parse(row).instructions) == [instruction]
        if same == bool(dumps_as_another(instruction)):
            wrong[str(instruction)] = row
    assert not wrong
