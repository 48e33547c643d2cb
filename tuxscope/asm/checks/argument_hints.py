"""What to pass to a helper instead, for errors."""

from __future__ import annotations

from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import Pointer, PointerKind
from tuxscope.asm.signatures import ArgumentKind
from tuxscope.record import Nested

SAVED = range(6, 10)


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
