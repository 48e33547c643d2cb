"""The semantics of arithmetic, jumps and atomics, as functions on ints.

Operands are unsigned integers of the operation's width. Results may be wider or negative; the
caller masks them. RFC 9669, sections 4.1 to 4.3 and 5.3.
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
    """Return ``value``, an unsigned integer of ``bits`` bits, as signed, an int, in two's
    complement."""
    return value - (1 << bits) if value >> bits - 1 else value


def arithmetic(form: Form) -> Binary:
    """Return the function of ``form``, a Form of kind ARITHMETIC: it takes dst and the operand and
    returns the new dst, all int."""
    return (signed_divisions if form.signed else unsigned)(form.bits)[form.operation]


@cache
def unsigned(bits: int) -> dict[Operation, Binary]:
    """Return a dict of the functions on ``bits`` bits, an int, of all operations but sdiv and smod,
    by Operation; each takes two ints and returns one. Cached."""
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
    """Return a dict of the functions of sdiv and smod on ``bits`` bits, an int, by Operation; each
    takes two ints and returns one. Cached."""

    def sdiv(a: int, b: int) -> int:  # rounds toward zero; Python's // rounds down
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
    """Return ``value``, an int, the operand."""
    return value


def sign_extended(bits: int) -> Unary:
    """Return the function, of one int to one int, that sign-extends its low ``bits`` bits."""
    mask = (1 << bits) - 1

    def extend(value: int) -> int:
        return signed(value & mask, bits)

    return extend


def swapped(bits: int) -> Unary:
    """Return the function, of one int to one int, that reverses its low ``bits`` bits by bytes and
    zeroes those above."""
    size, mask = bits // 8, (1 << bits) - 1

    def swap(value: int) -> int:
        return int.from_bytes((value & mask).to_bytes(size, "little"), "big")

    return swap


def truncated(bits: int) -> Unary:
    """Return the function, of one int to one int, that keeps its low ``bits`` bits and zeroes the
    bits above."""
    mask = (1 << bits) - 1

    def truncate(value: int) -> int:
        return value & mask

    return truncate


@cache
def tests(bits: int) -> dict[Operation, Test]:
    """Return a dict of the functions of conditional jumps on ``bits`` bits, an int, by Operation.
    Cached.

    Each takes (dst, operand), ints, and returns a bool, whether to jump.
    """
    sign = 1 << bits - 1

    def jeq(a: int, b: int) -> bool:
        return (
            not a ^ b
        )  # not ==, which accepts None: an uninitialised register must raise TypeError

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
    """Return ``b``, an int, the second of two operands; the first is not used: what an exchange
    stores."""
    return b


# The functions of atomics: (value in memory, src) to the new value in memory. cmpxchg is not
# included: it has three operands.
ATOMICS: dict[Operation, Binary] = {
    Atomic.ADD: operator.add, Atomic.OR: operator.or_, Atomic.AND: operator.and_,
    Atomic.XOR: operator.xor, Atomic.XCHG: second,
}  # fmt: skip
