"""What one might not expect of single instructions: so says the kernel, and so do we."""

from __future__ import annotations

import sys

import pytest

from tuxscope.asm import Instruction, Label, Program, RawTracepoint, decode_all
from tuxscope.asm.forms import FORMS, Const
from tuxscope.asm.isa import Source
from tuxscope.asm.listing import lines
from tuxscope.asm.meaning import signed
from tuxscope.vm import Machine
from vm.answer import interpret
from vm.bugs import Bug
from vm.kernel import Kernel, left_out
from vm.programs import snippet
from vm.rows import Features

MIN32, MIN64 = 1 << 31, 1 << 63
LITTLE = sys.byteorder == "little"
HIGH = 0xAAAAAAAA << 32  # bits that a 32-bit operation has nothing to do with

# An instruction, r0 and r1 before it, and r0 after it; *(r10 - 8) holds what r1 does.
CORNERS = [
    # Nothing divides by zero: the quotient is 0, the rest is what was to be divided.
    ("r0 /= r1", 7, 0, 0),
    ("r0 %= r1", 7, 0, 7),
    ("r0 s/= r1", -7, 0, 0),
    ("r0 s%= r1", -7, 0, -7),
    # In 32 bits that rest is the low half alone, and zero is what the low half says.
    ("w0 %= w1", HIGH | 7, HIGH, 7),
    ("w0 s%= w1", HIGH | 7, HIGH, 7),
    ("w0 /= w1", HIGH | 7, HIGH, 0),
    # The one quotient that does not fit is the number that was divided.
    ("r0 s/= r1", MIN64, -1, MIN64),
    ("r0 s%= r1", MIN64, -1, 0),
    ("w0 s/= w1", MIN32, -1, MIN32),
    ("w0 s%= w1", MIN32, -1, 0),
    ("r0 s/= -1", MIN64, 0, MIN64),
    ("r0 s%= -1", MIN64, 0, 0),
    ("w0 s/= -1", HIGH | MIN32, 0, MIN32),
    # Signed division goes toward zero, and the rest has the sign of what was divided.
    ("r0 s/= r1", -7, 2, -3),
    ("r0 s%= r1", -7, 2, -1),
    ("r0 s%= r1", 7, -2, 1),
    # An unsigned operation takes an immediate's sign along, too.
    ("r0 /= -1", -1, 0, 1),
    ("r0 &= -2147483648", -1, 0, -MIN32),
    ("w0 &= -2147483648", -1, 0, MIN32),
    # Of a register's amount a shift takes the low bits.
    ("r0 <<= r1", 1, 65, 2),
    ("r0 >>= r1", 4, -63, 2),
    ("w0 <<= w1", HIGH | 1, 33, 2),
    ("w0 s>>= w1", MIN32, 63, (1 << 32) - 1),
    # Whatever is 32 bits wide clears the upper half, even where nothing else changes.
    ("w0 += 0", HIGH | 1, 0, 1),
    ("w0 = w0", HIGH | 1, 0, 1),
    ("w0 = (s8)w0", HIGH | 0x80, 0, 0xFFFFFF80),
    ("r0 = (s8)r0", HIGH | 0x80, 0, -0x80),
    ("r0 = be16 r0", HIGH | 0x1234, 0, 0x3412 if LITTLE else 0x1234),
    ("r0 = le32 r0", HIGH | 0x1234, 0, 0x1234 if LITTLE else 0x34120000),
    ("r0 = bswap32 r0", HIGH | 0x12345678, 0, 0x78563412),
    ("w0 = atomic_fetch_add((u32 *)(r10 - 8), w0)", HIGH | 1, 0, 0),
    ("w0 = xchg32_32(r10 - 8, w0)", HIGH | 1, 0, 0),
    # cmpxchg compares the low half and replaces all of r0, whether it stores or not.
    ("w0 = cmpxchg32_32(r10 - 8, w0, w1)", HIGH, 0, 0),
    ("w0 = cmpxchg32_32(r10 - 8, w0, w1)", HIGH | 1, 0, 0),
]


corners = pytest.mark.parametrize(("text", "r0", "r1", "then"), CORNERS)


@corners
def test_the_interpreter_says_so(text: str, r0: int, r1: int, then: int) -> None:
    found = dict(interpret(snippet(text, r0, r1)).named())
    assert found["f0: r0"] == then & (1 << 64) - 1


@pytest.mark.kernel
@corners
def test_the_kernel_says_so(features: Features, text: str, r0: int, r1: int, then: int) -> None:
    case = snippet(text, r0, r1)
    lacking = {each.form.name for each in case.program.instructions} & set(left_out(features))
    if lacking:
        pytest.skip(f"this kernel has no {', '.join(lacking)}")
    with Kernel() as kernel:
        found = dict(kernel.run(case).named())
    assert found["f0: r0"] == then & (1 << 64) - 1


@pytest.mark.parametrize("bug", Bug)
def test_the_interpreter_has_no_such_bug(bug: Bug) -> None:
    found = dict(interpret(snippet(bug.value.text, bug.value.r0, bug.value.r1)).named())
    assert found["f0: r0"] == bug.value.then


@pytest.mark.kernel
@pytest.mark.parametrize("bug", Bug)
def test_the_kernel_has_no_such_bug(features: Features, bug: Bug) -> None:
    if bug in features.bugs:
        pytest.xfail(bug.value.says)


# An immediate that Linux refuses and RFC 9669 (section 4.1) defines: the row's name, r0 before it,
# the imm, and r0 after it.
WIDER = [
    ("lsh", 3, 64, 3),
    ("lsh", 1, 65, 2),
    ("lsh", 1, -1, MIN64),
    ("rsh", MIN64, 127, 1),
    ("arsh", -4, 65, -2),
    ("lsh32", HIGH | 1, 33, 2),
    ("rsh32", HIGH | MIN32, -1, 1),
    ("arsh32", MIN32, 63, (1 << 32) - 1),
    ("div", 7, 0, 0),
    ("mod", 7, 0, 7),
    ("sdiv", -7, 0, 0),
    ("smod", -7, 0, -7),
    ("div32", HIGH | 7, 0, 0),
    ("mod32", HIGH | 7, 0, 7),
    ("sdiv32", HIGH | 7, 0, 0),
    ("smod32", HIGH | 7, 0, 7),
]


@pytest.mark.parametrize(("name", "r0", "imm", "then"), WIDER)
def test_an_immediate_means_what_the_rfc_says(name: str, r0: int, imm: int, then: int) -> None:
    form = next(each for each in FORMS if each.name == name and not each.opcode & Source.X)
    offset = form.offset.value if isinstance(form.offset, Const) else 0
    low, high = (r0 & 0xFFFFFFFF, r0 >> 32 & 0xFFFFFFFF)
    code = (
        Instruction(0x18, imm=signed(low, 32), next_imm=signed(high, 32)),
        Instruction(form.opcode, offset=offset, imm=imm),
        Instruction(0x95),
    )
    data = b"".join(each.encode() for each in code)
    program = Program("wider", RawTracepoint(), tuple(decode_all(data)), (Label("wider", 0),))
    assert Machine(program).run() == then & (1 << 64) - 1
    assert f"= {imm}" in list(lines(program))[1].text
