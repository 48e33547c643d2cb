"""Registers, addresses and places in memory: ``r1``, ``r1 + 16``, ``u64[r1 + 16]``.

Operators make addresses and emit nothing. A register has no value while a program is assembled, so
comparisons and tests raise an error: Python would run ``if r0 == 1:`` once, while the author wants
the kernel to compare on every event.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm.errors import OperandError, RegisterError
from tuxscope.asm.source import author_line
from tuxscope.asm.symbolic import METHODS, Symbolic
from tuxscope.errors import shown
from tuxscope.lean_typing import Any, NoReturn
from tuxscope.record import Nested
from tuxscope.record.types import FieldType, FixedArray, Octets
from tuxscope.suggest import did_you_mean

# The unsigned jump for each of Python's comparison operators.
JUMPS = {"<": "jlt", "<=": "jle", ">": "jgt", ">=": "jge", "==": "jeq", "!=": "jne"}
MOST_NAMES = 8  # that an error lists of a record's fields


class Register(Symbolic):
    """A Symbolic: one of the registers r0 to r10; ``number`` is an int, 0 to 10.

    ``r0`` holds results. ``r1`` to ``r5`` hold arguments; a call clobbers them. ``r6`` to ``r9``
    are preserved by calls. ``r10`` is the frame pointer, which is read-only. ``r1 + 8`` is an
    Address. Raises RegisterError for another number, and for use as a value.
    """

    __slots__ = ("number",)
    _error = RegisterError

    def __init__(self, number: int) -> None:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 10:
            raise RegisterError(f"there is no register r{shown(number)}: registers are r0 to r10")
        self.number = number

    def __repr__(self) -> str:
        return f"r{self.number}"

    def __add__(self, offset: int) -> Address:
        if isinstance(offset, Register):
            raise RegisterError(self._computed("+", offset), author_line())
        return Address(self, checked_offset(offset))

    __radd__ = __add__

    def __sub__(self, offset: int) -> Address:
        if isinstance(offset, Register):
            raise RegisterError(self._computed("-", offset), author_line())
        return Address(self, -checked_offset(offset))

    def typed(self, field_type: FieldType[Any]) -> Memory:
        """Return the Memory that the register points to, as ``field_type``, a FieldType:
        ``u64[r1]``."""
        return Memory(self, 0, field_type)

    def __getattr__(self, name: str) -> NoReturn:
        if (
            name.startswith("__") or name in Register.__slots__
        ):  # copy asks before number is assigned
            raise AttributeError(name)
        # obj=None: Python need not search for a similar name.
        raise AttributeError(
            f"{self!r} has no {name}: it is a register, and has no value while the program is "
            f"assembled; memory that it points to is u64[{self!r} + 8], or a field of "
            f"Event[{self!r}]",
            name=name,
            obj=None,
        )

    def _needs_value(self) -> str:
        return self._compared("==", 1)

    def _compared(self, sign: str, other: object) -> str:
        return (
            f"{self!r} has no value while the program is assembled; to compare it when the program "
            f'runs, use a jump, as in a.{JUMPS[sign]}({self!r}, {shown(other)}, "label")'
        )

    def _computed(self, sign: str, other: object) -> str:
        return (
            f"{self!r} has no value while the program is assembled; to compute {self!r} {sign} "
            f"{shown(other)} when the program runs, use a.{METHODS[sign]}({self!r}, {shown(other)})"
        )

    def _subscripted(self, index: object) -> str:
        place = (
            f"{self!r} + {shown(index)}"
            if isinstance(index, int) and index >= 0
            else f"{self!r} + 8"
        )
        return (
            f"{self!r} is a register, not an array; memory has a type and an address: u64[{place}]"
        )


r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 = (Register(number) for number in range(11))


def checked_offset(offset: object) -> int:
    """Return ``offset``, any object, as an int: that of an address, in bytes. Raises OperandError
    if it is not an int."""
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise OperandError(
            f"an offset is an integer in bytes, as in r1 + 16, not {shown(offset)}",
            author_line(),
        )
    return offset


class Address(Symbolic):
    """A Symbolic: a Register ``base`` plus an ``offset``, an int, in bytes: ``r1 + 16``.
    ``u64[address]`` is the memory there."""

    __slots__ = ("base", "offset")

    def __init__(self, base: Register, offset: int) -> None:
        self.base = base
        self.offset = offset

    def __add__(self, offset: int) -> Address:
        return Address(self.base, self.offset + checked_offset(offset))

    __radd__ = __iadd__ = __add__

    def __sub__(self, offset: int) -> Address:
        return Address(self.base, self.offset - checked_offset(offset))

    __isub__ = __sub__

    def typed(self, field_type: FieldType[Any]) -> Memory:
        """Return the Memory at the address, as ``field_type``, a FieldType: ``u64[r1 + 16]``."""
        return Memory(self.base, self.offset, field_type)

    def _needs_value(self) -> str:
        return (
            f"{self!r} is an address, which has no value while the program is assembled; "
            f"a.lea(r1, {self!r}) loads it into a register, u64[{self!r}] is the memory there"
        )

    def _computed(self, sign: str, other: object) -> str:
        return self._needs_value()

    def _subscripted(self, index: object) -> str:
        return self._needs_value()

    def __repr__(self) -> str:
        moved = f" {'-' if self.offset < 0 else '+'} {shown(abs(self.offset))}"
        return f"{self.base!r}{moved if self.offset else ''}"


class Memory(Symbolic):
    """A Symbolic, a typed place in memory: ``u64[r1 + 16]``, ``field_type``, a FieldType, at
    ``offset``, an int, bytes from Register ``base``, a record on the stack, one of its fields.

    ``event.pid`` is a field, ``event.addresses[2]`` an element of an array. Iterating over an array
    yields its elements and emits nothing. ``event.padding`` is a tuple of the padding bytes, and
    ``u32[event.signed_field]`` the same place with another type. Raises AttributeError for an
    unknown field, OperandError for an index out of range and for use as a value.
    """

    # Underscored, so that a record's field may have any name.
    __slots__ = ("_base", "_offset", "_type")

    def __init__(self, base: Register, offset: int, field_type: FieldType[Any]) -> None:
        self._base = base
        self._offset = offset
        self._type = field_type

    def __setattr__(self, name: str, value: object) -> None:
        if name not in Memory.__slots__:
            raise OperandError(
                f"Python cannot assign to {name}, which is in memory; store to it with "
                f"a.stx(….{name}, register) or a.st(….{name}, number)",
                author_line(),
            )
        object.__setattr__(self, name, value)

    def typed(self, field_type: FieldType[Any]) -> Memory:
        """Return the Memory at the same place, as ``field_type``, a FieldType:
        ``u32[event.signed_field]``."""
        return Memory(self._base, self._offset, field_type)

    def __getattr__(self, name: str) -> Any:
        # Any: Memory for a field, a tuple of Memory for padding.
        if name.startswith("_"):  # Python's own look-ups, also before _type is assigned
            raise AttributeError(f"a place in memory has no {name}", name=name, obj=None)
        if not isinstance(self._type, Nested):
            raise AttributeError(f"{self._type} has no field {name}")  # noqa: TRY004
        record = self._type.record
        if name in record.fields:
            found = record.fields[name]
            return Memory(self._base, self._offset + found.offset, found.type)
        if name == "padding":
            return tuple(
                Memory(self._base, self._offset + hole.offset, Octets(hole.size))
                for hole in record.padding
            )
        hint = did_you_mean(name, [*record.fields, "padding"])
        if name in ("size", "alignment", "fields"):  # attributes of the record's class
            hint = f"; did you mean {record.__name__}.{name}?"
        hint = hint or f"; its fields are {', '.join([*record.fields][:MOST_NAMES])}"
        raise AttributeError(f"{record.__name__} has no field {name}{hint}", name=name, obj=None)

    def __getitem__(self, index: int) -> Memory:
        field_type = self._type
        if not isinstance(field_type, FixedArray):
            fields = field_type.record.fields if isinstance(field_type, Nested) else ()
            hint = f"; write .{index} for its field" if index in fields else ""
            raise OperandError(
                f"{field_type} is not an array and has no element {shown(index)}{hint}",
                author_line(),
            )
        if isinstance(index, bool) or not isinstance(index, int):
            raise OperandError(
                f"{field_type}: an index is an integer, not {shown(index)}", author_line()
            )
        if not 0 <= index < field_type.length:
            raise OperandError(
                f"{field_type} has elements 0 to {field_type.length - 1}, not {shown(index)}",
                author_line(),
            )
        element = field_type.element
        return Memory(self._base, self._offset + index * element.size, element)

    def __len__(self) -> int:
        if not isinstance(self._type, FixedArray):
            raise OperandError(
                f"{self._type} is not an array and has no length; its size in bytes is "
                f"{self._type}.size",
                author_line(),
            )
        return self._type.length

    def __iter__(self) -> Iterator[Memory]:
        if not isinstance(self._type, FixedArray):
            raise OperandError(f"{self._type} is not an array and has no elements", author_line())
        return map(self.__getitem__, range(self._type.length))

    def _needs_value(self) -> str:
        return (
            f"{self!r} has no value while the program is assembled; load it into a register with "
            "a.ldx, then compare with a jump, as in a.jeq"
        )

    def _computed(self, sign: str, other: object) -> str:
        text = (
            f"{self!r} is in memory and has no value while the program is assembled; load it with "
            f"a.ldx, then use a.{METHODS[sign]}"
        )
        # The author may want an offset instead.
        if sign in "+-" and isinstance(other, int) and abs(other) < 1 << 31:
            farther = Address(self._base, self._offset + (other if sign == "+" else -other))
            text += f"; for another offset, write {self._type}[{farther!r}]"
        return text

    def _changed(self, sign: str, other: object) -> str:
        adds = f", or use a.atomic_add({self!r}, register)" if sign == "+" else ""
        return (
            f"{self!r} is in memory and has no value while the program is assembled; load it with "
            f"a.ldx, use a.{METHODS[sign]}, and store it with a.stx{adds}"
        )

    def _subscripted(self, index: object) -> str:
        return (
            f"Python cannot assign to {self!r}, which is in memory; store to it with "
            f"a.stx(…[{shown(index)}], register) or a.st(…[{shown(index)}], number)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Memory, (self._base, self._offset, self._type)

    def __repr__(self) -> str:
        return f"{self._type}[{Address(self._base, self._offset)!r}]"
