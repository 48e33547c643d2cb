"""Loads, stores and atomics: where they go, and what they leave."""

from __future__ import annotations

from tuxscope.asm.checks.access_bounds import (
    check_context,
    check_gone,
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
    """Load, store or both. Raises a kind of CheckError where the kernel would not let it."""
    instruction = state.instruction
    kind, size = instruction.form.kind, instruction.moves
    loads = kind is FormKind.LOAD
    base = instruction.src if loads else instruction.dst
    place = state.registers[base]
    check_gone(state, base, f"r{base} is used as an address")
    if place is SOME_NUMBER or isinstance(place, Number):
        known = isinstance(place, Number) and place.constant
        raise state.error(
            NotAPointerError,
            f"r{base} is used as an address, and is a plain number",
            "take the address of a place with a.lea, or what a helper returned"
            if known
            else "memory of the kernel or of a process is read with helper.probe_read_kernel or "
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
    """Hold an access to the bytes that are there."""
    if place.nullable:
        what = (
            "a lookup that found nothing"
            if place.kind is PointerKind.MAP_VALUE
            else "a full buffer"
        )
        raise state.error(
            NullCheckError,
            f"r{base} is used as an address, and is 0 after {what}",
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
    """Raises AlignmentError."""
    if start % size:
        raise state.error(
            AlignmentError,
            f"{size} bytes of the stack at {Address(r10, start)}, which is no multiple of {size}",
            f"{Address(r10, start - start % size)} is one; or use single bytes",
        )


def loaded(state: PathState, place: Value, size: int) -> Value:
    """What a load puts into its register."""
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
    """What a store leaves there, as one would load it; None where that is not known."""
    instruction = state.instruction
    size = instruction.moves
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
    """Note what is on the stack now."""
    if place is ANYTHING:
        state.forget()  # it may be an address on any frame
    if not isinstance(place, Pointer) or place.kind is not PointerKind.STACK:
        return
    frame = state.frames[place.origin]
    if place.offset is None:
        frame.forget()
    else:
        frame.store(place.offset + state.instruction.offset, size, value)


def exchange(state: PathState, place: Value, size: int) -> None:
    """An atomic: the place holds something else, and a register what was there before."""
    instruction = state.instruction
    keep(state, place, size, None)
    if instruction.form.operation is Atomic.CMPXCHG:
        state.registers[0] = FOREIGN
    elif instruction.imm & Atomic.FETCH:
        state.registers[instruction.src] = FOREIGN
