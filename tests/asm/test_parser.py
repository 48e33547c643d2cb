from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asm.strategies import MAPS, programs, valid_instructions
from tuxscope.asm import (
    Assembler,
    Instruction,
    Program,
    ProgramError,
    RawTracepoint,
    TextError,
    Tracepoint,
    r0,
)
from tuxscope.asm.forms import FORMS
from tuxscope.asm.listing import text
from tuxscope.asm.parser import assemble, parse

thorough = settings(max_examples=3 * settings.default.max_examples)


def read(line: str) -> Instruction:
    """The one instruction of a text."""
    (instruction,) = parse(line, MAPS).instructions
    return instruction


def again(program: Program, written: str) -> Program:
    return assemble(written, program.name, program.attach, program.maps, program.license)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.opcode:02x} {form.text}")
def test_each_row_reads_as_it_is_written(form: object) -> None:
    @settings(max_examples=10)
    @given(valid_instructions([form]))
    def check(instruction: Instruction) -> None:
        assert read(str(instruction)) == instruction

    check()


@thorough
@given(programs())
def test_a_program_is_its_own_text(program: Program) -> None:
    assert again(program, text(program)) == program


@given(programs())
def test_the_text_is_the_same_after_a_second_time(program: Program) -> None:
    assert text(again(program, text(program))) == text(program)


@given(st.lists(valid_instructions(), max_size=20))
def test_numbers_alone_are_enough(instructions: list[Instruction]) -> None:
    assert list(parse("\n".join(map(str, instructions))).instructions) == instructions


SAME = {
    "r1=2": "r1 = 2",
    "\t r1   =\t0x10 \r": "r1 = 16",
    "r1 = - 5": "r1 = -5",
    "r1 = +5": "r1 = 5",
    "r1 s >>= 3": "r1 s>>= 3",
    "r1 = *(u32*)( r10 -0x20 )": "r1 = *(u32 *)(r10 - 32)",
    "r1 = *(u32 *)(r10+0)": "r1 = *(u32 *)(r10 + 0)",
    "w1 = *(u32 *)(r2 + 4)": "r1 = *(u32 *)(r2 + 4)",
    "*(u8 *)(r2 + 4) = w3": "*(u8 *)(r2 + 4) = r3",
    "goto 5": "goto +5",
    "goto pc-5": "goto -5",
    "goto -0x1 <main+0x88>": "goto -1",
    "if r0 != 0x7 goto +0x3 <out>  # there": "if r0 != 7 goto +3",
    "call 0xe // a comment": "call 14",
    "w1 = 0xffffffff": "w1 = -1",
    "if w1 == 4294967295 goto +1": "if w1 == -1 goto +1",
    "*(u32 *)(r1 + 0) = 0x80000000": "*(u32 *)(r1 + 0) = -2147483648",
    "r1 = -1 ll": "r1 = 0xffffffffffffffff ll",
    "ld_pseudo\tr2, 0x4, 0xfffffff6": "ld_pseudo r2, 4, -10",
    "r0 = *(u8 *)skb[r1 + 0]": "r0 = *(u8 *)skb[r1]",
    "call bpf_ktime_get_ns": "call 5",
}


@pytest.mark.parametrize(("written", "meant"), SAME.items())
def test_one_instruction_reads_in_more_than_one_way(written: str, meant: str) -> None:
    assert str(read(written)) == meant


CLANG = """
	.file	"t.c"
	.text
	.globl	other                           # -- Begin function other
	.p2align	3
	.type	other,@function
other:                                  # @other
# %bb.0:
	w0 = *(u32 *)(r1 + 0)
	w0 *= 3
	exit
.Lfunc_end0:
	.size	other, .Lfunc_end0-other
	.section	"tracepoint/x","ax",@progbits
	.globl	foo
	.type	foo,@function
foo:                                    # @foo
	r1 = EVENTS ll; call 1
	w0 = 3
	if r1 == 0 goto LBB1_2
	call other
LBB1_2:	exit
.Lfunc_end1:
	.size	foo, .Lfunc_end1-foo
	.type	m,@object
	.addrsig_sym m
"""


def test_what_clang_writes_is_read() -> None:
    code = parse(CLANG, MAPS)
    assert [*map(str, code.instructions)] == [
        "r0 = *(u32 *)(r1 + 0)", "w0 *= 3", "exit",
        "ld_pseudo r1, 1, 0", "call 1", "w0 = 3", "if r1 == 0 goto +1", "call pc-9", "exit",
    ]  # fmt: skip
    assert [(each.name, each.slot) for each in code.functions] == [("other", 0), ("foo", 3)]
    assert [(each.name, each.slot) for each in code.labels] == [("LBB1_2", 8 + 1)]


def test_what_is_called_or_loaded_is_a_function_where_it_is_defined() -> None:
    code = parse("""
        r2 = callback ll
        call other
        out: exit
        other: goto out
        out: exit
        callback: exit
    """)
    functions = [(each.name, each.slot) for each in code.functions]
    assert functions == [("main", 0), ("other", 4), ("callback", 6)]
    assert [(each.name, each.slot) for each in code.labels] == [("out", 3), ("out", 5)]


def test_a_declared_function_is_defined_once_and_may_lend_its_name_to_labels() -> None:
    code = parse("""
        x: call x
        .type x, @function
        x: exit
        .type y, @function
        y: x: goto x
    """)
    assert [(each.name, each.slot) for each in code.functions] == [("main", 0), ("x", 1), ("y", 2)]
    assert [(each.name, each.slot) for each in code.labels] == [("x", 0), ("x", 2)]


def test_a_map_is_loaded_before_a_function_of_its_name() -> None:
    code = parse("r2 = other ll\nexit\n.type other, @function\nother: exit", MAPS)
    assert code.instructions[0].map is MAPS[4]
    code = parse("r2 = other ll\nexit\nother: exit")
    assert str(code.instructions[0]) == "ld_pseudo r2, 4, 2"


def test_a_function_is_called_before_a_helper_of_its_name() -> None:
    code = parse("call bpf_loop\nexit\nbpf_loop: exit")
    assert str(code.instructions[0]) == "call pc+1"


def test_instructions_know_their_line() -> None:
    first, second, third = parse("r0 = 1\n\n  exit ; exit  # twice", file="p.s").instructions
    assert str(first.source) == "p.s:1: r0 = 1"
    assert second.source == third.source
    assert str(second.source) == "p.s:3: exit ; exit"


def test_a_program_has_what_the_text_does_not_say() -> None:
    a = Assembler("page", attach=Tracepoint("syscalls", "sys_enter_write"), license="MIT")
    a.mov(r0, 0)
    a.exit()
    program = a.program()
    assert assemble("r0 = 0; exit", "page", program.attach, license="MIT") == program
    with pytest.raises(ProgramError, match="program name"):
        assemble("exit", "a name that is too long", program.attach)
    with pytest.raises(ProgramError, match="attach must be an attach point"):
        assemble("exit", "page", "nowhere")


WRONG = {
    "r1 > 3": "4: expected '+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', '%=', '^=', '=' or "
    "'s', found '>'",
    "if r1 > goto +1": "9: expected a number or a register, found 'goto'",
    "if r1 == w2 goto +1": "10: expected a number or a register, found 'w2'",
    "if r1 == 2 got +1": "12: expected 'goto', found 'got'; did you mean goto?",
    "ext": "1: expected an instruction, found 'ext'; did you mean exit?",
    "R1 = 2": "1: expected an instruction, found 'R1'",
    "7": "1: expected an instruction, found '7'",
    "r1": "3: expected '+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', '%=', '^=', '=' or 's', "
    "found the end of the line",
    "r1 = 5 5": "8: expected 'll' or the end of the line, found '5'",
    "exit exit": "6: expected the end of the line, found 'exit'",
    "r0 = bswp16 r0": "6: expected a number, a register, a name, '(', '-', '*' or 'le16', found "
    "'bswp16'; did you mean bswap16?",
    "r1 = r11": "6: expected a number, a register, a name, '(', '-', '*' or 'le16', found 'r11'; "
    "did you mean r1?",
    "r1 = EVENTS": "12: expected '+' or 'll', found the end of the line",
    "r1 = MISSING ll": "6: expected the name of a map or a function, found 'MISSING'",
    "r1 = EVENT ll": "6: expected the name of a map or a function, found 'EVENT'; did you mean "
    "EVENTS?",
    "r1 = COUNTS+32 ll": "6: offset 32 is not in COUNTS's value of 32 bytes",
    "r1 = EVENTS+0 ll": "6: ld_map_value takes an Array with max_entries=1, not",
    "call bpf_ktime_get": "6: expected the name of a function or a helper, found "
    "'bpf_ktime_get'; did you mean bpf_ktime_get_ns?",
    "exit; goto otu; out: exit": "12: label 'otu' is not defined in main; did you mean out?",
    "goto out": "6: label 'out' is not defined in main; write the name and a colon before "
    "the instruction to jump to",
    "exit; goto end; end:": "17: no instruction follows label 'end'; put one there, such as exit",
    "out: exit; out: exit": "12: label 'out' is already defined at <text>:1",
    "call f; f: exit; f: exit": "18: function 'f' is already defined",
    "r1 = *(u32 *)(r1 4)": "18: expected '+' or '-' and a number, found '4'",
    "r1 = *(u32 *)(r1 - -4)": "20: expected a number, found '-'",
    "r1 = *(u32 *)(r1 + 40000)": "18: expected a number from -32768 to 32767, found '+40000'",
    "r1 = *(s64 *)(r1 + 4)": "8: expected 'u8', 's8', 'u16', 's16', 'u32', 's32' or 'u64', found "
    "'s64'; did you mean u64?",
    "r1 = 0xffffffff": "6: expected a number from -2147483648 to 2147483647, found '0xffffffff'; "
    "write ll after it for 64 bits",
    "w1 = 0x100000000": "6: expected a number from -2147483648 to 4294967295, found '0x100000000'",
    "r1 = 0x1ffffffffffffffff ll": "6: expected a number from -9223372036854775808 to "
    "18446744073709551615, found '0x1ffffffffffffffff'",
    f"r1 = {'9' * 5000} ll": "6: expected a number from -9223372036854775808 to",
    "r1 <<= 64": "8: expected a number from 0 to 63, found '64'",
    "r1 s/= 0": "8: expected a divisor other than 0, found '0'",
    "r10 = 1": "1: r10 is the frame pointer and cannot be written",
    "r1 = -r2": "7: expected 'r1', found 'r2'",
    "w1 = xchg32_32(r2 + 0, w3)": "24: expected 'w1', found 'w3'",
    "r3 = *(u8 *)skb[4]": "1: expected 'r0', found 'r3'",
    "r1 = 010": "6: expected a number, a register, a name, '(', '-', '*' or 'le16', found '010'",
    'goto "out': "6: expected a number, a name or 'pc', found an unclosed quote",
    "ld_pseudo r2, 7, 3": "15: expected '1', '2', '3', '4', '5' or '6', found '7'",
    ".txt": "1: unknown directive '.txt'; did you mean .text?",
    ".type f @function": "9: expected ',', found '@'",
    ".type f, @func": "11: expected 'function' or 'object', found 'func'",
    "exit \0": "6: expected the end of the line, found '\\x00'",
    "r1 = \ud800": "6: expected a number, a register, a name, '(', '-', '*' or 'le16', found "
    "'\\ud800'",
    'goto "a\\nb"': "6: label 'a\\nb' is not defined in main",
}


@pytest.mark.parametrize(("line", "problem"), WRONG.items(), ids=range(len(WRONG)))
def test_an_error_says_where_and_what(line: str, problem: str) -> None:
    with pytest.raises(TextError) as caught:
        parse(f"r0 = 0\n\n{line}\n", MAPS, file="/a/path/prog.s")
    error = caught.value
    said = str(error).replace("prog.s:3: ", "<text>:1: ").replace("at prog.s:3", "at <text>:1")
    assert said.startswith(f"prog.s:3:{problem}")
    assert (error.file, error.line) == ("/a/path/prog.s", 3)
    assert "\n" not in said


def test_a_label_out_of_reach_is_an_error() -> None:
    filling = "r1 = 1\n" * 32768
    with pytest.raises(TextError, match=r"^<text>:2:8: label 'far' is \+32768 .* a nearer gotol"):
        parse(f"exit\n  goto far\n{filling}far: exit")


@pytest.mark.parametrize(
    ("empty", "place"), [("", "1:1"), ("# nothing\n\n  ", "3:3"), ("x:", "1:3")]
)
def test_a_program_has_an_instruction(empty: str, place: str) -> None:
    assert parse(empty).instructions == ()
    with pytest.raises(TextError, match=f"^<text>:{place}: expected an instruction"):
        assemble(empty, "page", RawTracepoint())


def test_a_function_has_an_instruction() -> None:
    with pytest.raises(TextError, match="2:1: function 'f' has no instructions"):
        parse("call f; exit\nf:")


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """The text of a program, with some of its pieces lost, doubled, moved, or made of anything."""
    whole = text(draw(programs()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(whole)))
        end = min(len(whole), start + draw(st.integers(0, 12)))
        piece = draw(
            st.text(max_size=4)
            | st.just(whole[start:end] * 2)
            | st.sampled_from(
                ('"', ":", "\n", ";", " ", "-", "9" * 30, ".type ", "goto ", "r1", "ll")
            )
        )
        whole = whole[:start] + piece + whole[end:]
    return whole


@thorough
@given(spoilt() | st.text())
def test_any_text_is_a_program_or_an_error_at_a_place(whole: str) -> None:
    rows = whole.split("\n")
    try:
        program = assemble(whole, "page", RawTracepoint(), MAPS)
    except TextError as error:
        at_a_place = 1 <= error.column <= len(rows[error.line - 1]) + 1
        assert at_a_place, error  # noqa: PT017
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert again(program, text(program)) == program


def calls(whole: str) -> int:
    """How many functions are called to read a text, Python's own among them."""
    count = 0

    def called(*_: object) -> None:
        nonlocal count
        count += 1

    gc.disable()  # Hypothesis has a function called by it
    sys.setprofile(called)
    try:
        with contextlib.suppress(TextError):
            parse(whole)
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def program_of(lines: int) -> str:
    rows = (f"L{n}: r1 = {n}; *(u64 *)(r10 - 8) = r1; call f{n}; goto L{n}; f{n}: exit"
            for n in range(100, 100 + lines))  # fmt: skip
    return "\n".join(rows)


# What a lexer or parser could look at again and again.
PIECES = (
    '"', '\\"', '"\\"', '"a" ', "<", "<a", "<a> ", "1a", "9", "0x", "r1 ", "a", "a:", ";", "-",
    "s>", "#", "/", "\t", "goto ", ".type ", ".text ",
)  # fmt: skip


@pytest.mark.parametrize(
    "whole",
    [program_of, *((lambda count, piece=piece: f"a: {piece * count}") for piece in PIECES)],
    ids=["program", *PIECES],
)
def test_a_text_of_twice_the_length_takes_twice_the_steps(whole: Callable[[int], str]) -> None:
    calls(whole(10))  # whatever is done once
    counts = [calls(whole(count)) for count in (200, 300, 400)]
    assert counts[2] - counts[1] == counts[1] - counts[0]


@pytest.mark.parametrize("piece", ['"', '\\"', '"\\"', "<", "<a", "1a", "9", "0x", "a", "#", "/"])
def test_a_long_line_comes_to_an_end(piece: str) -> None:
    """The regular expression takes steps of its own: the square of this would take minutes."""
    with contextlib.suppress(TextError):
        parse(piece * 300_000)


def test_the_error_for_a_long_name_comes_soon() -> None:
    names = "".join(f"l{n}: exit\n" for n in range(3000))
    with pytest.raises(TextError, match="is not defined"):
        parse(f"{names}goto {'l' * 100_000}")
