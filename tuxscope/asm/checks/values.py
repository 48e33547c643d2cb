"""What a register holds on a path, as far as some run is certain to have it there.

A number is not a set that its value lies in: it is a set of values each of which a run can have.
So whatever goes wrong for one of them does go wrong, and the verifier must refuse the program.
Where nothing is certain, nothing is claimed.
"""

from __future__ import annotations

from enum import Enum
from itertools import count, pairwise

from tuxscope.asm import meaning
from tuxscope.asm.forms import Form, Operation
from tuxscope.asm.isa import Alu, Jump
from tuxscope.asm.maps import Map
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import NamedTuple

M32 = (1 << 32) - 1
M64 = (1 << 64) - 1
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


# Tells numbers and pointers apart that might be equal and need not be.
new_root = count(1).__next__


@dataclass(frozen=True, slots=True)
class Unset:
    """Nothing: it was never set, or the call at this slot used it up."""

    call: int | None = None


class Number(NamedTuple):
    """A number.

    Attributes:
        low, high: signed; a run can have any from one to the other.
        root: numbers of the same root are the same number; 0 for a constant.
        family: numbers of the same family depend on each other.
    """

    low: int
    high: int
    root: int = 0
    family: int = 0

    @property
    def constant(self) -> bool:
        return self.low == self.high


class Null(Number):
    """The 0 of a lookup that found nothing, or of a ring buffer that is full; equal to any 0."""


class PointerKind(Enum):
    """What a pointer points to."""

    STACK = "the stack"
    CONTEXT = "the context"
    MAP = "a map"
    MAP_VALUE = "a map's value"
    RECORD = "a ring buffer's record"


class Pointer(NamedTuple):
    """An address.

    Attributes:
        kind: what it points to.
        offset: from the beginning of that, of the stack from its top; None where it varies.
        nullable: it may be 0, and was not compared with 0 yet.
        origin: of the stack, the number of the frame; else the slot that it comes from.
        identity: copies have the same.
        map: of MAP and MAP_VALUE.
        size: of a record, in bytes; None where it varies.
    """

    kind: PointerKind
    offset: int | None
    nullable: bool = False
    origin: int = 0
    identity: int = 0
    map: Map | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """What was the address of a ring buffer's record, until the call at this slot gave it back; a
    number to the verifier."""

    slot: int


class Opaque(Enum):
    """Something of which no run is known for certain."""

    NUMBER = "a number"
    FOREIGN = "a number, or an address that is none of the stack's"
    ANYTHING = "a number, or an address"


Value = Unset | Number | Pointer | Released | Opaque
NEVER_SET = Unset()
SOME_NUMBER = Opaque.NUMBER
FOREIGN = Opaque.FOREIGN
ANYTHING = Opaque.ANYTHING


NULL = Null(0, 0)


def constant(value: int) -> Number:
    """A number that is known; ``value`` as 64 bits, signed or not."""
    value = meaning.signed(value & M64, 64)
    return Number(value, value)


def fresh(low: int, high: int) -> Number:
    """A number that may be any of these, and depends on nothing."""
    return Number(low, high, new_root(), new_root())


def truncated(value: Value, root: int) -> Value:
    """The low 32 bits, zeros above; ``root`` is for a number that is not the same any more."""
    if not isinstance(value, Number):
        return value if isinstance(value, Unset) else SOME_NUMBER
    if value.constant:
        return constant(value.low & M32)
    if value.low >= 0 and value.high <= M32:
        return value
    if value.high - value.low >= M32:
        return Number(0, M32, root, value.family)
    return SOME_NUMBER


def computed(form: Form, value: Value, operand: Value, root: int) -> Value:
    """What arithmetic makes of two numbers."""
    bits = form.bits
    if bits == 32:
        value, operand = truncated(value, root), truncated(operand, root)
    if not isinstance(value, Number) or not isinstance(operand, Number) or not operand.constant:
        return SOME_NUMBER
    mask = M64 if bits == 64 else M32
    if value.constant:
        return constant(meaning.arithmetic(form)(value.low & mask, operand.low & mask) & mask)
    found = shifted_range(form, value, operand.low)
    return Number(*found, root, value.family) if found else SOME_NUMBER


def shifted_range(form: Form, value: Number, operand: int) -> tuple[int, int] | None:
    """The range that a constant makes of a range, where each number of it is hit."""
    operation, bits = form.operation, form.bits
    low, high = value.low, value.high
    lowest, highest = (LOWEST, HIGHEST) if bits == 64 else (0, M32)
    amount = operand & (bits - 1)
    match operation:
        case Alu.ADD | Alu.SUB:
            by = meaning.signed(operand & M32, 32) if bits == 32 else operand
            by = by if operation is Alu.ADD else -by
            if (low, high) == (lowest, highest):
                return low, high
            if lowest <= low + by and high + by <= highest:
                return low + by, high + by
        case Alu.RSH if low >= 0:
            return low >> amount, high >> amount
        case Alu.RSH if (low, high) == (LOWEST, HIGHEST) and amount:
            return 0, M64 >> amount
        case Alu.ARSH if bits == 64:
            return low >> amount, high >> amount
        case Alu.AND if 0 <= operand <= high - low and not operand & (operand + 1):
            return 0, operand
    return None


Part = tuple[int, int] | None


def split(test: Operation, bits: int, value: Number, operand: int) -> tuple[Part, Part]:
    """How a comparison with a constant splits a number: the range for which the jump is taken, and
    the one for which it is not; None where there is no such. Of several ranges, the largest.

    ``test`` is the operation of a conditional jump.
    """
    low, high = value.low, value.high
    decide = meaning.tests(bits)[test]
    mask = M64 if bits == 64 else M32
    if bits == 32 and low != high:
        low, high = max(low, 0), min(high, M32)
        if low > high:
            return None, None
    if test is Jump.JSET:
        bit = operand & mask & -(operand & mask)
        pieces = [(each, each) for each in (low, 0, bit) if low <= each <= high]
    else:
        # Between these, a comparison comes out alike: the operand itself, and where a sign begins.
        wrapped = operand & M32 if bits == 32 else operand
        cuts = {low, high + 1, wrapped, wrapped + 1, 0, 1 << 31 if bits == 32 else 0}
        edges = sorted(each for each in cuts if low <= each <= high + 1)
        pieces = [(start, end - 1) for start, end in pairwise(edges)]
    outcomes: dict[bool, tuple[int, int]] = {}
    for piece in sorted(pieces, key=lambda piece: piece[1] - piece[0]):
        outcomes[decide(piece[0] & mask, operand & mask)] = piece
    return outcomes.get(True), outcomes.get(False)
