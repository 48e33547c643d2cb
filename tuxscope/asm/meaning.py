"""What the instructions compute, on numbers: the meaning of the table's arithmetic and jumps.

Operands and results are unsigned numbers of the operation's width; results may be wider or
negative, whoever calls cuts them to size. RFC 9669, sections 4.1 to 4.3 and 5.3.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache

from tuxscope.asm.forms import Form, Operation
from tuxscope.asm.isa import Alu, Atomic, Jump

Binary = Callable[[int, int], int]
Unary = Callable[[int], int]
Test = Callable[[int, int], bool]


def signed(value: int, bits: int) -> int:
    """An unsigned number of ``bits`` bits, read as two's complement."""
    return value - (1 << bits) if value >> bits - 1 else value


def arithmetic(form: Form) -> Binary:
    """What a form of kind ARITHMETIC makes of dst and operand: the new dst."""
    return (signed_divisions if form.signed else unsigned)(form.bits)[form.operation]


@cache
def unsigned(bits: int) -> dict[Operation, Binary]:
    """The operations that work on the bits as they are, and arsh."""
    last = bits - 1

    def lsh(a: int, b: int) -> int:
        return a << (b & last)

    def rsh(a: int, b: int) -> int:
        return a >> (b & last)

    def arsh(a: int, b: int) -> int:
        return signed(a, bits) >> (b & last)

    def div(a: int, b: int) -> int:
        return a // b if b else 0

    def mod(a: int, b: int) -> int:
        return a % b if b else a

    return {
        Alu.ADD: operator.add, Alu.SUB: operator.sub, Alu.MUL: operator.mul, Alu.DIV: div,
        Alu.MOD: mod, Alu.OR: operator.or_, Alu.AND: operator.and_, Alu.XOR: operator.xor,
        Alu.LSH: lsh, Alu.RSH: rsh, Alu.ARSH: arsh,
    }  # fmt: skip


@cache
def signed_divisions(bits: int) -> dict[Operation, Binary]:
    """sdiv and smod."""

    def sdiv(a: int, b: int) -> int:  # toward zero, where Python's // goes down
        if not b:
            return 0
        a, b = signed(a, bits), signed(b, bits)
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient

    def smod(a: int, b: int) -> int:  # the sign is the dividend's
        if not b:
            return a
        a, b = signed(a, bits), signed(b, bits)
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest

    return {Alu.DIV: sdiv, Alu.MOD: smod}


def move(value: int) -> int:
    """The operand itself."""
    return value


def sign_extended(bits: int) -> Unary:
    """The operand's low bits, with their sign carried on."""
    mask = (1 << bits) - 1

    def extend(value: int) -> int:
        return signed(value & mask, bits)

    return extend


def swapped(bits: int) -> Unary:
    """The operand's low bits with their bytes in reverse, the bits above zero."""
    size, mask = bits // 8, (1 << bits) - 1

    def swap(value: int) -> int:
        return int.from_bytes((value & mask).to_bytes(size, "little"), "big")

    return swap


def truncated(bits: int) -> Unary:
    """The operand's low bits, the bits above zero."""
    mask = (1 << bits) - 1

    def truncate(value: int) -> int:
        return value & mask

    return truncate


@cache
def tests(bits: int) -> dict[Operation, Test]:
    """dst and operand to whether to jump, by a conditional jump's operation."""
    sign = 1 << bits - 1

    def jeq(a: int, b: int) -> bool:
        return not a ^ b  # ^ and not ==, which takes what is no number, too

    def jne(a: int, b: int) -> bool:
        return a ^ b != 0

    def jset(a: int, b: int) -> bool:
        return a & b != 0

    # Flipping the sign bit puts signed numbers in the order of unsigned ones.
    def jsgt(a: int, b: int) -> bool:
        return a ^ sign > b ^ sign

    def jsge(a: int, b: int) -> bool:
        return a ^ sign >= b ^ sign

    def jslt(a: int, b: int) -> bool:
        return a ^ sign < b ^ sign

    def jsle(a: int, b: int) -> bool:
        return a ^ sign <= b ^ sign

    return {
        Jump.JEQ: jeq, Jump.JNE: jne, Jump.JSET: jset, Jump.JGT: operator.gt,
        Jump.JGE: operator.ge, Jump.JLT: operator.lt, Jump.JLE: operator.le, Jump.JSGT: jsgt,
        Jump.JSGE: jsge, Jump.JSLT: jslt, Jump.JSLE: jsle,
    }  # fmt: skip


def second(_: int, b: int) -> int:
    """What an exchange leaves in memory."""
    return b


# What is in memory and src, to what an atomic leaves in memory. cmpxchg is not among them: it has
# three operands.
ATOMICS: dict[Operation, Binary] = {
    Atomic.ADD: operator.add, Atomic.OR: operator.or_, Atomic.AND: operator.and_,
    Atomic.XOR: operator.xor, Atomic.XCHG: second,
}  # fmt: skip
