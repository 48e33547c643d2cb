"""Checks of loads, stores and atomics, and their effects on the state of a path.

Memory has bounds: of the stack, map values, reserved records and the context.
"""

from __future__ import annotations

from tuxscope.asm.attach import ProgramType, Tracepoint
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    ANYTHING,
    FOREIGN,
    HIGHEST,
    LOWEST,
    M32,
    SOME_NUMBER,
    Null,
    Number,
    Pointer,
    PointerKind,
    Released,
    Value,
    constant,
    fresh,
    new_root,
    truncated,
)
from tuxscope.asm.errors import (
    AlignmentError,
    ContextAccessError,
    MapValueAccessError,
    NotAPointerError,
    NullCheckError,
    ReleasedRecordError,
    StackAccessError,
)
from tuxscope.asm.isa import Atomic, Class, FormKind
from tuxscope.asm.program import STACK_SIZE
from tuxscope.asm.registers import Address, r10
from tuxscope.record.types import FieldType

ACCESSES = (FormKind.LOAD, FormKind.STORE, FormKind.ATOMIC)


def access(state: PathState) -> None:
    """Check the load, store or atomic of ``state``, a PathState, and apply it to ``state``.

    Raises a subclass of CheckError.
    """
    instruction = state.instruction
    kind, size = instruction.form.kind, instruction.access_size
    loads = kind is FormKind.LOAD
    base = instruction.src if loads else instruction.dst
    place = state.registers[base]
    check_not_null_or_released(state, base, f"r{base} is used as an address")
    if place is SOME_NUMBER or isinstance(place, Number):
        known = isinstance(place, Number) and place.constant
        raise state.error(
            NotAPointerError,
            f"r{base} is used as an address, and is a scalar, not a pointer",
            "use an address: load one with a.lea, or use a pointer that a helper returned"
            if known
            else "read kernel memory with helper.probe_read_kernel, user memory with "
            "helper.probe_read_user",
        )
    if isinstance(place, Pointer):
        check_place(state, place, base, instruction.offset, size, loads)
    if loads:
        state.registers[instruction.dst] = loaded(state, place, size)
    elif kind is FormKind.STORE:
        keep(state, place, size, stored(state))
    else:
        exchange(state, place, size)


def check_place(
    state: PathState, place: Pointer, base: int, offset: int, size: int, loads: bool
) -> None:
    """Check an access against the bounds of the memory that Pointer ``place`` points to.

    The access in ``state``, a PathState, has ``size`` bytes at ``offset`` from ``place``, which is
    in the register with number ``base``. ``loads``, a bool, is whether it is a load. Raises a
    subclass of CheckError.
    """
    if place.nullable:
        what = (
            "the lookup found no entry"
            if place.kind is PointerKind.MAP_VALUE
            else "the ring buffer is full"
        )
        raise state.error(
            NullCheckError,
            f"r{base} is used as an address, and is NULL if {what}",
            null_check(base),
        )
    if place.offset is None:
        return
    start = place.offset + offset
    match place.kind:
        case PointerKind.STACK:
            check_stack(state, start, size)
            check_alignment(state, start, size)
        case PointerKind.MAP_VALUE if place.map:
            declared = getattr(place.map, "value", None)
            what = f"{place.map.name}'s value"
            check_value(state, start, size, place.map.value_size, what, declared)
        case PointerKind.RECORD if place.size is not None:
            check_value(state, start, size, place.size, "the reserved record")
        case PointerKind.CONTEXT if not place.offset:
            check_context(state, start, size, loads)


def check_alignment(state: PathState, start: int, size: int) -> None:
    """Raise AlignmentError unless ``start``, an offset from r10, is a multiple of ``size`` bytes.

    ``state`` is the PathState of the access; the error has its line.
    """
    if start % size:
        raise state.error(
            AlignmentError,
            f"the access of {size} bytes at {Address(r10, start)} is misaligned: {start} is not a "
            f"multiple of {size}",
            f"use {Address(r10, start - start % size)}, or access single bytes with u8",
        )


def loaded(state: PathState, place: Value, size: int) -> Value:
    """Return the Value that the load in ``state``, a PathState, of ``size`` bytes from ``place``, a
    Value, gives."""
    instruction = state.instruction
    signed = instruction.form.signed
    bits = size * 8
    anything = (
        fresh(LOWEST, HIGHEST)
        if size == 8
        else fresh(-(1 << bits - 1), (1 << bits - 1) - 1)
        if signed
        else fresh(0, (1 << bits) - 1)
    )
    if not isinstance(place, Pointer):
        return place if place is FOREIGN else ANYTHING
    match place.kind:
        case PointerKind.MAP_VALUE | PointerKind.RECORD:
            return anything
        case PointerKind.CONTEXT if state.program.attach.context_bytes:
            return anything
        case PointerKind.STACK if place.offset is not None:
            frame = state.frames[place.origin]
            start = place.offset + instruction.offset
            value = frame.load(start, size)
            if size == 8 and value is not None:
                return value
            held = frame.overlapping(start, size)
            if frame.unknown(start, size) or any(
                isinstance(each, Pointer) or each in (ANYTHING, FOREIGN) for each in held
            ):
                return ANYTHING
            if frame.all_written(start, size):
                return anything
            if isinstance(value, Number) and not signed and value.low >= 0 and value.high <= M32:
                return value
            return SOME_NUMBER
        case PointerKind.CONTEXT | PointerKind.MAP:
            return FOREIGN
    return ANYTHING


def stored(state: PathState) -> Value | None:
    """Return the Value that a load of what ``state``, a PathState, stores would give; None if not
    known."""
    instruction = state.instruction
    size = instruction.access_size
    if instruction.opcode & 7 == Class.ST:
        value: Value = constant(instruction.imm)
    else:
        value = state.registers[instruction.src]
    if size == 8:
        return value
    if size == 4:
        return truncated(value, new_root())
    if isinstance(value, Number) and value.constant:
        return constant(value.low & (1 << size * 8) - 1)
    return None


def keep(state: PathState, place: Value, size: int, value: Value | None) -> None:
    """Record in ``state``, a PathState, a store of ``value`` in ``size`` bytes at ``place``, a
    Value.

    ``value`` is a Value, or None if it is not known.
    """
    if place is ANYTHING:
        state.forget()  # it may point to any frame
    if not isinstance(place, Pointer) or place.kind is not PointerKind.STACK:
        return
    frame = state.frames[place.origin]
    if place.offset is None:
        frame.forget()
    else:
        frame.store(place.offset + state.instruction.offset, size, value)


def exchange(state: PathState, place: Value, size: int) -> None:
    """Apply an atomic on ``size`` bytes at ``place``, a Value, to ``state``, a PathState; a fetch
    writes src or r0."""
    instruction = state.instruction
    keep(state, place, size, None)
    if instruction.form.operation is Atomic.CMPXCHG:
        state.registers[0] = FOREIGN
    elif instruction.imm & Atomic.FETCH:
        state.registers[instruction.src] = FOREIGN


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
