"""Registers, and the addresses that are written with them: ``r1 + 16``, ``u64[r1 + 16]``.

Operators are for addresses alone, and they emit nothing. A register has no value while a
program is assembled, so it can be neither compared nor tested: ``if r0 == 1:`` would be decided
by Python, once, and not by the kernel, on every event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from tuxscope.asm.errors import AssemblyError, OperandError, RegisterError
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.field_types import FieldType, FixedArray, Octets
from tuxscope.record import Nested
from tuxscope.suggest import did_you_mean

MOST_NAMES = 8  # of fields that an error lists


def computed(sign: str, method: str) -> Callable[[Register, object], NoReturn]:
    """A Python operator that an author may try on a register; says which instruction it is."""

    def refuse(register: Register, operand: object) -> NoReturn:
        raise RegisterError(
            f"{register!r} {sign} {shown(operand)} is computed by an instruction, when the program "
            f"runs: a.{method}({register!r}, {shown(operand)})",
            author_line(),
        )

    return refuse


class Register:
    """One of r0 to r10.

    ``r0`` holds results, ``r1`` to ``r5`` arguments (a call leaves nothing in them), ``r6`` to
    ``r9`` survive calls, ``r10`` is the frame pointer, which can only be read.
    """

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 10:
            raise RegisterError(f"there is no register r{shown(number)}, only r0 to r10")
        self.number = number

    def __repr__(self) -> str:
        return f"r{self.number}"

    def __add__(self, offset: int) -> Address:
        if isinstance(offset, Register):
            computed("+", "add")(self, offset)
        return Address(self, checked_offset(offset))

    def __sub__(self, offset: int) -> Address:
        if isinstance(offset, Register):
            computed("-", "sub")(self, offset)
        return Address(self, -checked_offset(offset))

    __mul__ = __rmul__ = computed("*", "mul")
    __truediv__ = __floordiv__ = computed("/", "div")
    __mod__ = computed("%", "mod")
    __lshift__ = computed("<<", "lsh")
    __rshift__ = computed(">>", "rsh")
    __and__ = __rand__ = computed("&", "and_")
    __or__ = __ror__ = computed("|", "or_")
    __xor__ = __rxor__ = computed("^", "xor")

    def typed(self, field_type: FieldType[Any]) -> Memory:
        return Memory(self, 0, field_type)

    def _no_value(self, *_: object) -> NoReturn:
        raise RegisterError(
            f"{self!r} has no value while the program is assembled; to branch on it in the kernel "
            f'use a jump, as in a.jeq({self!r}, 1, "label")',
            author_line(),
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _no_value
    __eq__ = __ne__ = _no_value
    __hash__ = object.__hash__


r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 = (Register(number) for number in range(11))


def checked_offset(offset: object) -> int:
    """A whole number that an address can be off by. Raises OperandError."""
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise OperandError(
            f"an address is a register and a number of bytes, as in r1 + 16, not {shown(offset)}",
            author_line(),
        )
    return offset


class Address:
    """A register plus a number of bytes; ``u64[address]`` says what lies there."""

    __slots__ = ("base", "offset")

    def __init__(self, base: Register, offset: int) -> None:
        self.base = base
        self.offset = offset

    def __add__(self, offset: int) -> Address:
        return Address(self.base, self.offset + checked_offset(offset))

    def __sub__(self, offset: int) -> Address:
        return Address(self.base, self.offset - checked_offset(offset))

    def typed(self, field_type: FieldType[Any]) -> Memory:
        return Memory(self.base, self.offset, field_type)

    def __repr__(self) -> str:
        moved = f" {'-' if self.offset < 0 else '+'} {shown(abs(self.offset))}"
        return f"{self.base!r}{moved if self.offset else ''}"


class Memory:
    """A typed place in memory: ``u64[r1 + 16]``, a record on the stack, one of its fields.

    ``event.pid`` is a field, ``event.addresses[2]`` an array's element (iterating over the array
    gives all of them, and emits nothing), ``event.padding`` a tuple of the holes, and
    ``u32[event.signed_field]`` the same place with another type.
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
                f"{name} is stored by an instruction: a.stx(….{name}, register) or "
                f"a.st(….{name}, number)",
                author_line(),
            )
        object.__setattr__(self, name, value)

    def typed(self, field_type: FieldType[Any]) -> Memory:
        return Memory(self._base, self._offset, field_type)

    def __getattr__(self, name: str) -> Any:
        # Memory for a field, a tuple of Memory for padding: Any, as a checker cannot know which.
        if name.startswith("_"):  # Python asks for its own where there is no type yet, too
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
        hint = hint or f"; it has {', '.join([*record.fields][:MOST_NAMES])}"
        raise AttributeError(f"{record.__name__} has no field {name}{hint}", name=name, obj=None)

    def __getitem__(self, index: int) -> Memory:
        field_type = self._type
        if not isinstance(field_type, FixedArray):
            raise OperandError(
                f"{field_type} is no array and has no element {shown(index)}", author_line()
            )
        if isinstance(index, bool) or not isinstance(index, int):
            raise OperandError(
                f"{field_type}: an index is a whole number, not {shown(index)}", author_line()
            )
        if not 0 <= index < field_type.length:
            raise OperandError(
                f"{field_type} has elements 0 to {field_type.length - 1}, no {shown(index)}",
                author_line(),
            )
        element = field_type.element
        return Memory(self._base, self._offset + index * element.size, element)

    def __len__(self) -> int:
        if not isinstance(self._type, FixedArray):
            raise OperandError(f"{self._type} is no array and has no length", author_line())
        return self._type.length

    def __iter__(self) -> Iterator[Memory]:
        if not isinstance(self._type, FixedArray):
            raise OperandError(f"{self._type} is no array and has no elements", author_line())
        return map(self.__getitem__, range(self._type.length))

    def _no_value(self, *_: object) -> NoReturn:
        raise AssemblyError(
            f"{self!r} has no value while the program is assembled; load it with a.ldx, then jump",
            author_line(),
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no_value
    __eq__ = __ne__ = _no_value
    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return Memory, (self._base, self._offset, self._type)

    def __repr__(self) -> str:
        return f"{self._type}[{Address(self._base, self._offset)!r}]"
