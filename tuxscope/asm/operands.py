"""Error messages for operands of the wrong type. Each function returns the message."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.asm.maps import Map
from tuxscope.asm.program import StackVariable
from tuxscope.asm.registers import Address, Memory, Register
from tuxscope.errors import shown
from tuxscope.record import Field, Nested, RecordType


def named(given: object) -> str:
    """Return ``given``, any object, as errors show it, a str; maps and fields by their names."""
    if isinstance(given, Map):
        return f"map {given.name}"
    return f"the declared field {given.name}" if isinstance(given, Field) else shown(given)


def expected_register(given: object) -> str:
    """Return the message, a str, for operand ``given``, any object, which must be a register."""
    instead = ""
    if isinstance(given, Memory):
        instead = "; load memory with a.ldx, store to it with a.stx or a.st"
    elif isinstance(given, Address):
        instead = "; load an address with a.lea"
    elif isinstance(given, Map):
        instead = "; load a map with a.ld_map"
    return f"expected a register, r0 to r10, not {named(given)}{instead}"


def expected_number(given: Memory | Address | Map | Field) -> str:
    """Return the message, a str, for operand ``given``, a Memory, Address, Map or Field, which must
    be a register or a number."""
    what = "load from memory with a.ldx, or take the address with a.lea"
    if isinstance(given, Map):
        what = "load a map with a.ld_map"
    elif isinstance(given, Field):
        what = "load a field of a record on the stack, or of Record[r0], with a.ldx"
    return f"{named(given)} is not a register or a number; {what}"


def expected_memory(given: object, stack: Sequence[StackVariable]) -> str:
    """Return the message, a str, for operand ``given``, any object, which must be in memory.

    ``stack``, a sequence of StackVariable, has the program's variables.
    """
    if isinstance(given, Field):
        return declared_field(given, stack)
    if isinstance(given, Register):
        return (
            f"{given!r} is a register, not a place in memory; load with "
            f"a.ldx({given!r}, u64[r1 + 8]), store with a.stx(u64[r1 + 8], {given!r})"
        )
    address = given if isinstance(given, Address) else "r1 + 16"
    return (
        f"expected a place in memory, as in u64[{address}] or a field of a.stack(Event), "
        f"not {named(given)}"
    )


def declared_field(given: Field, stack: Sequence[StackVariable]) -> str:
    """Return the message, a str, for ``given``, a Field such as ``Event.pid``, not in memory.

    ``stack``, a sequence of StackVariable, has the program's variables.
    """
    found: list[tuple[str, RecordType]] = [
        (each.name, each.type.record)
        for each in stack
        if isinstance(each.type, Nested) and given in each.type.record.fields.values()
    ]
    name, record = (found[-1][0], found[-1][1].__name__) if found else ("event", "Event")
    a_stack = "" if found else f", after {name} = a.stack({record})"
    return (
        f"{given.name} is a declared field, not a place in memory: write {name}.{given.name} for a "
        f"record on the stack{a_stack}, or {record}[r0].{given.name} if r0 points to a record"
    )


def expected_address(dst: object, given: object) -> str:
    """Return the message, a str, for lea to ``dst`` of ``given``, both any object, which has no
    address."""
    if isinstance(dst, Memory) and isinstance(given, Register):
        return f"lea takes the register first: a.lea({given!r}, …)"
    instead = "a.stack(Event) returns one"
    if isinstance(given, Map):
        instead = f"load a map with a.ld_map({dst!r}, {given.name})"
    return f"lea takes a place in memory, not {named(given)}; {instead}"


def expected_map(given: object) -> str:
    """Return the message, a str, for operand ``given``, any object, which must be a map."""
    instead = ""
    if isinstance(given, Register):
        instead = f"; ld_map takes the register first: a.ld_map({given!r}, EVENTS)"
    elif isinstance(given, str):
        instead = f"; write it without quotes: {given}" * given.isidentifier()
    return f'expected a map, as in PerfEventArray("EVENTS", Event), not {named(given)}{instead}'
