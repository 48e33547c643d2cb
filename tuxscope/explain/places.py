"""Find the slot of an error that the verifier reports without a slot; None if not known."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm.errors import DecodeError
from tuxscope.asm.instruction import SLOT, Instruction
from tuxscope.asm.isa import CallSource
from tuxscope.asm.program import Program
from tuxscope.explain.cause import ErrorContext


def only(slots: Iterator[int]) -> int | None:
    """Return the only one of ``slots``, an iterator of int; None if there are none or several."""
    found = list(slots)
    return found[0] if len(found) == 1 else None


def function_end(_: ErrorContext, program: Program | None) -> int | None:
    """Return the slot, an int, of the instruction at which a function ends without an exit or a
    jump.

    It is the first such function of ``program``, a Program or None. None if there is none, or if
    the program is None. The first parameter is an ErrorContext.
    """
    if program is None:
        return None
    starts = {each.slot for each in program.functions}
    ends = (
        slot
        for slot, each in program.by_slot.items()
        if (slot + each.slots in starts or slot == program.slots[-1]) and each.form.falls_through
    )
    return next(ends, None)


def loop(context: ErrorContext, program: Program | None) -> int | None:
    """Return the slot of the last backward jump on the path in ``context``, an ErrorContext.

    If the log shows no path, it is the only backward jump of ``program``, a Program or None; else
    the slot at which the verifier stopped. None if unknown, as without a path if the program is
    None.
    """
    after = context.path.stop
    for step in context.path.back():
        if after and step.depth == after.depth and step.slot >= after.slot:
            return step.slot
        after = step
    if context.path.stop or program is None:
        return context.path.stop.slot if context.path.stop else None
    return only(
        slot for slot, each in program.by_slot.items() if each.form.jumps and each.distance < 0
    )


def call_of_its_own(_: ErrorContext, program: Program | None) -> int | None:
    """Return the slot of the only call in ``program``, a Program or None, of a function of its own.

    None if there are none or several, or if the program is None.

    The first parameter is an ErrorContext.
    """
    if program is None:
        return None
    return only(
        slot for slot, each in program.by_slot.items() if each.form.operation is CallSource.LOCAL
    )


def undecodable(context: ErrorContext, program: Program | None) -> int | None:
    """Return the slot at which the verifier stopped in ``context``, an ErrorContext.

    Linux 7.3 checks all encodings first. Then it is the first slot of ``program``, a Program or
    None, whose bytes are not an instruction; None if there is none, or if the program is None.
    """
    if context.path.stop or program is None:
        return context.path.stop.slot if context.path.stop else None
    code = program.encode(dict.fromkeys(program.maps, 0))
    for slot, instruction in program.by_slot.items():
        try:
            Instruction.decode(code[slot * SLOT : (slot + instruction.slots) * SLOT])
        except DecodeError:
            return slot
    return None


def opcode(context: ErrorContext, program: Program | None) -> int | None:
    """Return the first slot of ``program``, a Program or None, with the unknown opcode in
    ``context``, an ErrorContext.

    None if there is none, or if the program is None.
    """
    if program is None:
        return None
    code = program.encode(dict.fromkeys(program.maps, 0))
    wanted = int(context.found["opcode"], 16)
    return next((slot for slot in program.slots if code[slot * SLOT] == wanted), None)
