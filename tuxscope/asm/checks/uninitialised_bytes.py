"""Names of uninitialised stack bytes, for errors."""

from __future__ import annotations

from tuxscope.asm.checks.state import PathState
from tuxscope.asm.registers import Address, r10
from tuxscope.asm.stack_notes import parts
from tuxscope.record import Nested


def describe_uninitialised(
    state: PathState, frame: int, uninitialised: list[int]
) -> tuple[str, str]:
    """Return a pair of str: the first run of ``uninitialised`` with its variable, and the hint.

    ``uninitialised`` is a list of the offsets from r10 of bytes of ``frame``, an index into the
    frames of ``state``, a PathState.
    """
    function = state.name_of(frame)
    first = uninitialised[0]
    count = next(
        (n for n, each in enumerate(uninitialised) if each != first + n), len(uninitialised)
    )
    what = f"{count} byte{'s' * (count > 1)} at {Address(r10, first)}"
    for each in state.program.stack:
        start = first - each.offset
        if each.function != function or not 0 <= start < each.type.size:
            continue
        if count >= each.type.size - start and not start:
            if isinstance(each.type, Nested):  # stores to its fields leave the padding
                hint = f"zero it with a.zero({each.name}), or store to its fields"
            else:  # a key or a value
                hint = f"store to it: a.stx({each.name}, register), or a.zero({each.name})"
            return what + f", {each.name}", hint
        name = [name for name, _, _ in parts(each.name, each.type, start)][-1].partition("[")[0]
        if name == each.name and isinstance(each.type, Nested):  # padding
            return what + f", the padding of {name}", f"zero it with a.zero({name}.padding)"
        return what + f", {name}", f"store to {name}, or zero it with a.zero({name})"
    return what, f"store there first, as in a.st(u8[{Address(r10, first)}], 0)"
