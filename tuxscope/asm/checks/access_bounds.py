"""Bounds of accesses to the stack, map values, reserved records and the context."""

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
    """Raise StackAccessError unless ``size`` bytes at ``start``, an int, from r10 are on the stack.

    ``state`` is the PathState of the access; the error has its line.
    """
    if not -STACK_SIZE <= start <= -size:
        raise state.error(
            StackAccessError,
            f"the access of {counted(size)} at {Address(r10, start)} is outside of the stack",
            f"the stack is the {STACK_SIZE} bytes below r10; reserve a place with a.stack(u64)",
        )


def check_value(
    state: PathState, start: int, size: int, length: int, what: str, declared: object = None
) -> None:
    """Raise MapValueAccessError for an access that is outside of a value or record of ``length``
    bytes.

    The access in ``state``, a PathState, has ``size`` bytes at offset ``start``. ``what``, a str,
    names the value in the error; ``declared`` is its type, or None.
    """
    if not 0 <= start <= length - size:
        hint = "access a field of the record, as in Count[r0].total, or declare a larger record"
        if isinstance(declared, FieldType):
            hint = f"access it as {declared}[r0], or declare a larger type than {declared}"
        raise state.error(
            MapValueAccessError,
            f"the access of {counted(size)} at offset {start} is outside of {what}, which has "
            f"{counted(length)}",
            hint,
        )


def check_context(state: PathState, start: int, size: int, loads: bool) -> None:
    """Raise ContextAccessError unless the program may access ``size`` bytes of its context.

    ``state`` is the PathState of the access, ``start`` its offset in bytes. ``loads`` is a bool,
    whether it is a load.
    """
    attach = state.program.attach
    if not attach.context_bytes:
        return
    first, end = attach.context_bytes
    kind = attach.type.name.lower()
    if not loads:
        raise state.error(
            ContextAccessError,
            f"the context of a {kind} program is read-only",
            "store on the stack, as in a.stx(event.pid, r0), or in a map's value",
        )
    if start < 0 and attach.type is ProgramType.TRACEPOINT:
        return  # tp_prog_is_valid_access allows it: it compares offsets unsigned
    if first <= start <= end - size and not start % size:
        return
    problem = f"a {kind} program's context has no field of {counted(size)} at offset {start}"
    if start % size:
        problem = (
            f"the access of {counted(size)} at offset {start} of the context is misaligned: "
            f"{start} is not a multiple of {size}"
        )
    if isinstance(attach, Tracepoint):
        own = f"; programs cannot access the first {first} bytes" * (start < first)
        fields = f"{attach.category}/{attach.name}"
        hint = f"list its fields with sudo tuxscope fields {fields}{own}"
    else:
        base = f"r{state.instruction.src if loads else state.instruction.dst}"
        hint = (
            f"arguments have 8 bytes each: the first is u64[{base} + 0], the second u64[{base} + 8]"
            f"; there are at most {end // 8}"
        )
    raise state.error(ContextAccessError, problem, hint)


def check_not_null_or_released(state: PathState, register: int, what: str) -> None:
    """Check that ``register``, a number, is not NULL in ``state``, a PathState, and not a released
    record.

    ``what``, a str, says how the register is used. Raises NullCheckError, ReleasedRecordError.
    """
    value = state.registers[register]
    if isinstance(value, Null):
        raise state.error(
            NullCheckError,
            f"{what}, and is NULL on this path: the comparison with 0 leads here if it is NULL",
            f'jump to another path if it is NULL: a.jeq(r{register}, 0, "out")',
        )
    if isinstance(value, Released):
        raise state.error(
            ReleasedRecordError,
            f"{what}, and its record was submitted or discarded{state.at(value.slot)}",
            "submit or discard the record once, after its last use",
        )


def counted(size: int) -> str:
    """Return ``size`` bytes in words: a str: ``1 byte``, ``8 bytes``."""
    return "1 byte" if size == 1 else f"{size} bytes"


def null_check(register: int) -> str:
    """Return the hint, a str, for a pointer in ``register``, a number, that may be NULL."""
    return f'compare it with 0 first: a.jeq(r{register}, 0, "out")'
