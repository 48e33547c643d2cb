"""Checks of a helper's arguments against its parameters, and their hints."""

from __future__ import annotations

from tuxscope.asm.checks.access_bounds import check_not_null_or_released, null_check
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    SOME_NUMBER,
    Number,
    Pointer,
    PointerKind,
    constant,
)
from tuxscope.asm.errors import ArgumentError, NullCheckError
from tuxscope.asm.maps import Map, MapType
from tuxscope.asm.signatures import ArgumentKind, Parameter
from tuxscope.record import Nested

# The only helpers that accept maps of these types (check_map_func_compatibility).
OWN_HELPERS = {
    MapType.PERF_EVENT_ARRAY: ("perf_event_read", "perf_event_output", "perf_event_read_value",
                               "skb_output", "xdp_output"),
    MapType.PROG_ARRAY: ("tail_call",),
    MapType.RINGBUF: ("ringbuf_output", "ringbuf_reserve", "ringbuf_query",
                      "ringbuf_reserve_dynptr"),
}  # fmt: skip
OWN_MAPS = {
    "perf_event_output": "PerfEventArray", "tail_call": "ProgArray", "ringbuf_output": "RingBuf",
    "ringbuf_reserve": "RingBuf", "ringbuf_query": "RingBuf",
}  # fmt: skip
IN_MEMORY = (ArgumentKind.KEY, ArgumentKind.VALUE, ArgumentKind.MEMORY, ArgumentKind.STRUCT)
SAVED = range(6, 10)


def check_kind(state: PathState, register: int, parameter: Parameter, name: str) -> None:
    """Check the argument in ``register``, a number, against ``parameter``, a Parameter of helper
    ``name``.

    ``state`` is the PathState before the call. Raises ArgumentError, NullCheckError,
    ReleasedRecordError.
    """
    value, kind = state.registers[register], parameter.kind
    what = f"r{register} is the {parameter.name} of {name}"
    instead = argument_hint(state, register, kind)
    if kind.is_pointer and not parameter.nullable:
        check_not_null_or_released(state, register, what)
    if isinstance(value, Number) or value is SOME_NUMBER:
        may_be_null = parameter.nullable and (value is SOME_NUMBER or value == constant(0))
        if kind.is_pointer and not may_be_null:
            raise state.error(ArgumentError, f"{what}, and is a scalar, not a pointer", instead)
        return
    if not isinstance(value, Pointer):
        return
    if value.nullable and kind.is_pointer and not parameter.nullable:
        raise state.error(NullCheckError, f"{what}, and may be NULL", null_check(register))
    problem = f"{what}, and points to {value.kind.value}"
    match kind:
        case ArgumentKind.SIZE:
            raise state.error(ArgumentError, problem, instead)
        case ArgumentKind.CONTEXT if value.kind is not PointerKind.CONTEXT:
            raise state.error(ArgumentError, problem, instead)
        case ArgumentKind.MAP if value.kind is not PointerKind.MAP:
            raise state.error(ArgumentError, problem, instead)
        case ArgumentKind.MAP if value.map:
            check_map(state, value.map, name)
        case ArgumentKind.RECORD if value.kind is PointerKind.RECORD and value.offset:
            raise state.error(
                ArgumentError, f"{what}, and has an offset of {value.offset} bytes", instead
            )
        case ArgumentKind.RECORD if value.kind in (
            PointerKind.STACK,
            PointerKind.CONTEXT,
            PointerKind.MAP,
            PointerKind.MAP_VALUE,
        ):
            raise state.error(ArgumentError, problem, instead)
        case _ if kind in IN_MEMORY and value.kind in (PointerKind.CONTEXT, PointerKind.MAP):
            raise state.error(ArgumentError, problem, instead)


def argument_hint(state: PathState, register: int, kind: ArgumentKind) -> str:
    """Return the hint for an argument of ``kind``, an ArgumentKind, in ``register``, a number, of
    ``state``, a PathState; ``""`` if none."""
    match kind:
        case ArgumentKind.CONTEXT:
            kept = saved_pointer(state, PointerKind.CONTEXT)
            if kept:
                return f"pass the context, which is in r{kept}: a.mov(r{register}, r{kept})"
            return f"save the context at the start with a.mov(r6, r1), then a.mov(r{register}, r6)"
        case ArgumentKind.MAP:
            return f"load a map, as in a.ld_map(r{register}, MAP)"
        case ArgumentKind.SIZE:
            return f"pass a size in bytes: {size_hint(state, register - 1)}"
        case ArgumentKind.NUMBER:
            return f"pass a number, as in a.mov(r{register}, 0)"
        case ArgumentKind.CALLBACK:
            return f'load a function, as in a.ld_func(r{register}, "each")'
        case ArgumentKind.RECORD:
            kept = saved_pointer(state, PointerKind.RECORD)
            as_in = f": a.mov(r{register}, r{kept})" if kept else ""
            return f"pass the pointer that helper.ringbuf_reserve returned{as_in}"
        case ArgumentKind.KEY | ArgumentKind.VALUE:
            return (
                f"pass the address of a {kind.value} on the stack: a.lea(r{register}, {kind.value})"
            )
        case ArgumentKind.MEMORY | ArgumentKind.STRUCT | ArgumentKind.STACK:
            return f"pass the address of a place on the stack, as in a.lea(r{register}, event)"
    return ""


def saved_pointer(state: PathState, kind: PointerKind) -> int | None:
    """Return the number of a register r6 to r9 of ``state``, a PathState, that points to the start
    of a ``kind``, a PointerKind.

    Returns None if no register does.
    """
    for register in SAVED:
        value = state.registers[register]
        if isinstance(value, Pointer) and (value.kind, value.offset) == (kind, 0):
            return register
    return None


def size_there(state: PathState, register: int) -> tuple[str, int] | None:
    """Return the size of the stack variable or field that ``register``, a number, of ``state``, a
    PathState, points to.

    The size is a pair of str, as Python (``HelloEvent.comm.size``), and int, in bytes. Returns None
    if it points to no variable.
    """
    place = state.registers[register]
    if (
        not isinstance(place, Pointer)
        or place.kind is not PointerKind.STACK
        or place.offset is None
    ):
        return None
    function = state.name_of(place.origin)
    for each in state.program.stack:
        start, held = place.offset - each.offset, each.type
        if each.function != function or not 0 <= start < held.size:
            continue
        text = f"{held.name}.size" if isinstance(held, Nested) else str(held.size)
        while start and isinstance(held, Nested):
            record = held.record
            inside = [field for field in record.fields.values()
                      if 0 <= start - field.offset < field.size]  # fmt: skip
            if not inside:
                return None
            (field,) = inside
            text = f"{record.__name__}.{field.name}.size"
            start, held = start - field.offset, field.type
        return None if start else (text, held.size)
    return None


def size_hint(state: PathState, register: int) -> str:
    """Return the hint, a str, that puts the size of the memory behind ``register``, a number, into
    the next register.

    The size comes from the variables on the stack of ``state``, a PathState.
    """
    text, size = size_there(state, register) or ("Event.size", 0)
    in_bytes = f", {size} bytes" if size and not text.isdecimal() else ""
    return f"a.mov(r{register + 1}, {text}){in_bytes}"


def check_constant(state: PathState, register: int, name: str) -> None:
    """Raise ArgumentError unless ``register``, a number, of ``state``, a PathState, has a constant,
    for helper ``name``."""
    value = state.registers[register]
    if isinstance(value, Number) and not value.constant:
        raise state.error(
            ArgumentError,
            f"r{register} is the size of {name}, and is not a constant",
            f"pass the maximum size as a constant: a.mov(r{register}, Event.size)",
        )


def check_map(state: PathState, map: Map, name: str) -> None:
    """Raise ArgumentError, with the line of ``state``, a PathState, unless helper ``name`` accepts
    ``map``, a Map."""
    own = getattr(map, "type", None)
    if own is None:  # a map of assembly text: its type is not known
        return
    needed = OWN_MAPS.get(name)
    kind = type(map).__name__
    if needed and name not in OWN_HELPERS.get(own, ()):
        raise state.error(
            ArgumentError, f"{name} needs a map of type {needed}, and {map.name} is of type {kind}",
            f'declare one: {map.name} = {needed}("{map.name}", ...)',
        )  # fmt: skip
    if own in OWN_HELPERS and name not in OWN_HELPERS[own]:
        raise state.error(
            ArgumentError, f"{name} cannot use {map.name}, a map of type {kind}",
            f"use it with {', '.join(OWN_HELPERS[own][:3])}",
        )  # fmt: skip
