"""The values of registers and stack on a path, as under-approximations.

A Number is a range in which a run can have each value. So a fault for one of these values occurs in
some run, and the verifier must refuse the program. If no value is certain, the value is Opaque, and
the checks report nothing. Values are shared by the states of paths, and never changed. They are
plain classes, because each NamedTuple or enum takes 0.05 to 0.1 ms of a start to make.
"""

from __future__ import annotations

from enum import Enum
from itertools import count, pairwise

from tuxscope.asm import meaning
from tuxscope.asm.forms import Form, Operation
from tuxscope.asm.isa import Alu, Jump
from tuxscope.asm.maps import Map

M32 = (1 << 32) - 1
M64 = (1 << 64) - 1
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


# A new root, family or identity.
new_root = count(1).__next__


class Uninitialised:
    """No value: a register or place that is uninitialised, or was clobbered by a call.

    Attributes:
        call: the slot of that call, an int, or None.
    """

    __slots__ = ("call",)

    def __init__(self, call: int | None = None) -> None:
        self.call = call


class Number:
    """A scalar: some run can have each value from ``low`` to ``high``.

    Attributes:
        low, high: signed, 64 bits, both included, int.
        root: an int; numbers with the same root are equal; 0 for a constant.
        family: an int; numbers with the same family depend on each other.
        constant, zero: each a bool, properties.
    """

    __slots__ = ("family", "high", "low", "root")

    def __init__(self, low: int, high: int, root: int = 0, family: int = 0) -> None:
        self.low = low
        self.high = high
        self.root = root
        self.family = family

    @property
    def constant(self) -> bool:
        """Whether there is only one value, a bool."""
        return self.low == self.high

    @property
    def zero(self) -> bool:
        """Whether it is the constant 0, a bool."""
        return self.low == self.high == 0


class Null(Number):
    """A Number: the NULL of a failed lookup or reservation, a constant 0."""

    __slots__ = ()


class PointerKind(Enum):
    """An enum: the memory that a pointer points to; the value is its name in errors.

    Members: STACK = "the stack", CONTEXT = "the context", MAP = "a map", MAP_VALUE = "a map's
    value", RECORD = "a ring buffer's record".
    """

    STACK = "the stack"
    CONTEXT = "the context"
    MAP = "a map"
    MAP_VALUE = "a map's value"
    RECORD = "a ring buffer's record"


class Pointer:
    """A pointer.

    Attributes:
        kind: the PointerKind, the memory that it points to.
        offset: an int or None, in bytes from its start (of the stack: from r10); None if not
            constant.
        nullable: whether it may be NULL, as it was not compared with 0 yet.
        origin: an int, for STACK the index of the frame, else the slot of the instruction that made
            it.
        identity: an int; copies of a pointer have the same.
        map: the Map, for MAP and MAP_VALUE; else None.
        size: an int or None, the size of a RECORD in bytes; None if not constant.
    """

    __slots__ = ("identity", "kind", "map", "nullable", "offset", "origin", "size")

    def __init__(
        self,
        kind: PointerKind,
        offset: int | None,
        nullable: bool = False,
        origin: int = 0,
        identity: int = 0,
        map: Map | None = None,
        size: int | None = None,
    ) -> None:
        self.kind = kind
        self.offset = offset
        self.nullable = nullable
        self.origin = origin
        self.identity = identity
        self.map = map
        self.size = size

    def at(self, offset: int | None) -> Pointer:
        """Return a Pointer to the same memory with another ``offset``, an int or None."""
        return Pointer(
            self.kind, offset, self.nullable, self.origin, self.identity, self.map, self.size
        )

    def not_null(self) -> Pointer:
        """Return the same Pointer, after the comparison with 0."""
        return Pointer(
            self.kind, self.offset, False, self.origin, self.identity, self.map, self.size
        )


class Released:
    """A former pointer to a ring buffer record, which a call released; to the verifier a scalar.

    Attributes:
        slot: the slot of that call, an int.
    """

    __slots__ = ("slot",)

    def __init__(self, slot: int) -> None:
        self.slot = slot


class Opaque:
    """A value of which no run is certain; there are three.

    Attributes:
        text: a str, what it can be.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Value = Uninitialised | Number | Pointer | Released | Opaque
UNINITIALISED = Uninitialised()
SOME_NUMBER = Opaque("a scalar")
FOREIGN = Opaque("a scalar, or a pointer that is not to the stack")
ANYTHING = Opaque("a scalar, or a pointer")


NULL = Null(0, 0)


def constant(value: int) -> Number:
    """Return the Number of a constant; ``value``, an int, is signed or unsigned, of 64 bits."""
    value = meaning.signed(value & M64, 64)
    return Number(value, value)


def fresh(low: int, high: int) -> Number:
    """Return a Number from ``low`` to ``high``, both int, that depends on no other."""
    return Number(low, high, new_root(), new_root())


def truncated(value: Value, root: int) -> Value:
    """Return the Value of the low 32 bits of ``value``, a Value, zero-extended; ``root``, an int,
    is for a Number that changes."""
    if not isinstance(value, Number):
        return value if isinstance(value, Uninitialised) else SOME_NUMBER
    if value.constant:
        return constant(value.low & M32)
    if value.low >= 0 and value.high <= M32:
        return value
    if value.high - value.low >= M32:
        return Number(0, M32, root, value.family)
    return SOME_NUMBER


def computed(form: Form, value: Value, operand: Value, root: int) -> Value:
    """Return the Value of the arithmetic of ``form``, a Form, on two scalars, the Values ``value``
    and ``operand``.

    ``root``, an int, is the root of a new Number.
    """
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
    """Return the range of ``value``, a Number, after the arithmetic of ``form``, a Form, with
    constant ``operand``, an int.

    The range is a pair (lowest, highest); None if values would be missing.
    """
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
    """Split ``value``, a Number, by a conditional jump's comparison with constant ``operand``, an
    int.

    Returns a pair: the range for which the jump is taken, and the one for which it is not. Each is
    a pair of ints (lowest, highest), or None if it is empty, and the largest if there are several.
    ``test`` is the jump's Operation, ``bits`` its width, an int.
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
        ranges = [(each, each) for each in (low, 0, bit) if low <= each <= high]
    else:
        # Between these cuts the comparison has one result: at the operand, and at changes of sign.
        wrapped = operand & M32 if bits == 32 else operand
        cuts = {low, high + 1, wrapped, wrapped + 1, 0, 1 << 31 if bits == 32 else 0}
        edges = sorted(each for each in cuts if low <= each <= high + 1)
        ranges = [(start, end - 1) for start, end in pairwise(edges)]
    outcomes: dict[bool, tuple[int, int]] = {}
    for low, high in sorted(ranges, key=lambda each: each[1] - each[0]):
        outcomes[decide(low & mask, operand & mask)] = low, high
    return outcomes.get(True), outcomes.get(False)
