"""Find the slot of an error that the verifier reports without a slot; None if not known."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm.errors import DecodeError
from tuxscope.asm.instruction import SLOT, Instruction
from tuxscope.asm.isa import CallSource
from tuxscope.asm.program import Program
from tuxscope.explain.cause import ErrorContext


def only(slots: Iterator[int]) -> int | None:
    """The only slot; None if there are none or several."""
    found = list(slots)
    return found[0] if len(found) == 1 else None


def function_end(_: ErrorContext, program: Program | None) -> int | None:
    """The last instruction of the first function that does not end with an exit or a jump."""
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
    """The slot of the last backward jump on the path.

    If the log shows no path, it is the only backward jump of the program; else the slot at which
    the verifier stopped.
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
    """The program's only call of a function of its own."""
    if program is None:
        return None
    return only(
        slot for slot, each in program.by_slot.items() if each.form.operation is CallSource.LOCAL
    )


def undecodable(context: ErrorContext, program: Program | None) -> int | None:
    """The slot at which the verifier stopped.

    Linux 7.3 checks all encodings first; then it is the first slot whose bytes are not an
    instruction.
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
    """The first instruction with the opcode that the kernel does not know."""
    if program is None:
        return None
    code = program.encode(dict.fromkeys(program.maps, 0))
    wanted = int(context.found["opcode"], 16)
    return next((slot for slot in program.slots if code[slot * SLOT] == wanted), None)
