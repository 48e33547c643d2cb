"""What loads, stores and helpers may reach of the stack, of values, of a context."""

from __future__ import annotations

from tuxscope.asm.attach import ProgramType, Tracepoint
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import Null, Released
from tuxscope.asm.errors import (
    ContextAccessError,
    MapValueAccessError,
    NullCheckError,
    ReleasedRecordError,
    StackAccessError,
)
from tuxscope.asm.program import STACK_SIZE
from tuxscope.asm.registers import Address, r10
from tuxscope.record.types import FieldType


def check_stack(state: PathState, start: int, size: int) -> None:
    """Raises StackAccessError."""
    if not -STACK_SIZE <= start <= -size:
        raise state.error(
            StackAccessError,
            f"{counted(size)} at {Address(r10, start)} would lie outside of the stack",
            f"a function has {STACK_SIZE} bytes below r10; a.stack(u64) finds room there",
        )


def check_value(
    state: PathState, start: int, size: int, length: int, what: str, declared: object = None
) -> None:
    """Hold an access to a value, or a reserved record; ``declared`` is the value's type.

    Raises MapValueAccessError.
    """
    if not 0 <= start <= length - size:
        hint = "name a field of the record, as in Count[r0].total, or make the record larger"
        if isinstance(declared, FieldType):
            hint = f"it is declared as {declared}: access it as {declared}[r0], or declare more"
        raise state.error(
            MapValueAccessError,
            f"{counted(size)} at offset {start} of {what}, which has {length}",
            hint,
        )


def check_context(state: PathState, start: int, size: int, loads: bool) -> None:
    """Raises ContextAccessError."""
    attach = state.program.attach
    if not attach.context_bytes:
        return
    first, end = attach.context_bytes
    kind = attach.type.name.lower()
    if not loads:
        raise state.error(
            ContextAccessError,
            f"the context of a {kind} program can only be read",
            "store on the stack or in a map",
        )
    if start < 0 and attach.type is ProgramType.TRACEPOINT:
        return  # tp_prog_is_valid_access lets these through: it compares them unsigned
    if first <= start <= end - size and not start % size:
        return
    problem = f"a {kind} program's context has no field of {counted(size)} at offset {start}"
    if start % size:
        problem = (
            f"{counted(size)} at offset {start} of the context are misaligned: {start} is no "
            f"multiple of {size}"
        )
    if isinstance(attach, Tracepoint):
        own = f"; its first {first} bytes are the kernel's own" * (start < first)
        fields = f"{attach.category}/{attach.name}"
        hint = f"its fields, with offset and size: sudo tuxscope fields {fields}{own}"
    else:
        base = f"r{state.instruction.src if loads else state.instruction.dst}"
        hint = (
            f"arguments are 8 bytes each: the first is u64[{base} + 0], the second u64[{base} + 8]"
            f", and there are {end // 8} at most"
        )
    raise state.error(ContextAccessError, problem, hint)


def check_gone(state: PathState, register: int, what: str) -> None:
    """An address that is none on this path: 0, or of a record that was given back.

    Raises NullCheckError, ReleasedRecordError.
    """
    value = state.registers[register]
    if isinstance(value, Null):
        raise state.error(
            NullCheckError,
            f"{what}, and is 0 on this path: the comparison leads here where there is none",
            f'jump away where it is 0: a.jeq(r{register}, 0, "out")',
        )
    if isinstance(value, Released):
        raise state.error(
            ReleasedRecordError,
            f"{what}, and the record there was given back{state.at(value.slot)}",
            "submit or discard it last, and once",
        )


def counted(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"


def null_check(register: int) -> str:
    """What to type before a lookup's result is used."""
    return f'leave first where there is none: a.jeq(r{register}, 0, "out")'
