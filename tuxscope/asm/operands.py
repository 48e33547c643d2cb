"""What to say of an operand that is something else than the instruction takes."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.asm.maps import Map
from tuxscope.asm.program import StackVariable
from tuxscope.asm.registers import Address, Memory, Register
from tuxscope.errors import shown
from tuxscope.record import Field, Nested, RecordType


def named(given: object) -> str:
    """An operand, as an error names it: maps and fields are known by their names."""
    if isinstance(given, Map):
        return f"map {given.name}"
    return f"{given.name} as it is declared" if isinstance(given, Field) else shown(given)


def no_register(given: object) -> str:
    """Of something in a register's place."""
    instead = ""
    if isinstance(given, Memory):
        instead = "; memory is loaded into one with a.ldx, and stored to with a.stx or a.st"
    elif isinstance(given, Address):
        instead = "; a.lea puts an address into one"
    elif isinstance(given, Map):
        instead = "; a.ld_map puts a map into one"
    return f"a register is expected here, r0 to r10, not {named(given)}{instead}"


def no_number(given: Memory | Address | Map | Field) -> str:
    """Of something that is neither a register nor a number."""
    what = "a.ldx loads what is in memory, a.lea takes its address"
    if isinstance(given, Map):
        what = "a.ld_map loads a map"
    elif isinstance(given, Field):
        what = "a.ldx loads a field of what a.stack() made, or of Record[r0]"
    return f"{named(given)} is no register and no number: {what}"


def no_memory(given: object, stack: Sequence[StackVariable]) -> str:
    """Of something in the place of memory, in a program with these variables on its stack."""
    if isinstance(given, Field):
        return field_without_place(given, stack)
    if isinstance(given, Register):
        return (
            f"{given!r} is a register: a load has it first, as in a.ldx({given!r}, u64[r1 + 8]), a "
            f"store has it second, as in a.stx(u64[r1 + 8], {given!r})"
        )
    address = given if isinstance(given, Address) else "r1 + 16"
    return (
        f"memory has a type and an address, as in u64[{address}], or is a field of what "
        f"a.stack(Event) made, not {named(given)}"
    )


def field_without_place(given: Field, stack: Sequence[StackVariable]) -> str:
    """Of ``Event.pid``: it is in each Event, and none is named."""
    found: list[tuple[str, RecordType]] = [
        (each.name, each.type.record)
        for each in stack
        if isinstance(each.type, Nested) and given in each.type.record.fields.values()
    ]
    name, record = (found[-1][0], found[-1][1].__name__) if found else ("event", "Event")
    a_stack = "" if found else f", after {name} = a.stack({record})"
    return (
        f"{given.name} is declared, and is in no place yet: on the stack it is "
        f"{name}.{given.name}{a_stack}, behind an address in r0 {record}[r0].{given.name}"
    )


def no_place(dst: object, given: object) -> str:
    """Of something that has no address to take."""
    if isinstance(dst, Memory) and isinstance(given, Register):
        return f"lea has the register first: a.lea({given!r}, …)"
    instead = "a.stack(Event) makes one"
    if isinstance(given, Map):
        instead = f"a.ld_map({dst!r}, {given.name}) loads a map"
    return f"lea takes a place in memory, not {named(given)}; {instead}"


def no_map(given: object) -> str:
    """Of something in the place of a map."""
    instead = ""
    if isinstance(given, Register):
        instead = f"; the register comes first: a.ld_map({given!r}, EVENTS)"
    elif isinstance(given, str):
        instead = f"; it is written without quotes: {given}" * given.isidentifier()
    return (
        f'a map is expected here, as in PerfEventArray("EVENTS", Event), not {named(given)}'
        f"{instead}"
    )
