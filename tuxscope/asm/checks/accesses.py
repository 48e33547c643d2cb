"""Checks of loads, stores and atomics, and their effects on the state of a path."""

from __future__ import annotations

from tuxscope.asm.checks.access_bounds import (
    check_context,
    check_not_null_or_released,
    check_stack,
    check_value,
    null_check,
)
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    ANYTHING,
    FOREIGN,
    HIGHEST,
    LOWEST,
    M32,
    SOME_NUMBER,
    Number,
    Pointer,
    PointerKind,
    Value,
    constant,
    fresh,
    new_root,
    truncated,
)
from tuxscope.asm.errors import (
    AlignmentError,
    NotAPointerError,
    NullCheckError,
)
from tuxscope.asm.isa import Atomic, Class, FormKind
from tuxscope.asm.registers import Address, r10

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
