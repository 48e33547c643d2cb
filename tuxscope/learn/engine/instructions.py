"""Predicates on instructions, for graders."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Helper, Instruction, helper
from tuxscope.asm.isa import Atomic, CallSource, FormKind


def calls_helper(helper: Helper) -> Callable[[Instruction], bool]:
    """Return a function that takes an Instruction and returns whether it calls ``helper``, a
    Helper."""
    return lambda each: each.form.operation is CallSource.HELPER and each.imm == helper.number


# The helpers that send a record through a map.
SENDING = tuple(
    map(
        calls_helper,
        (helper.perf_event_output, helper.ringbuf_output, helper.ringbuf_submit),
    )
)


def sends(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, sends a record to user space."""
    return any(is_one(each) for is_one in SENDING)


def calls_function(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, calls a function of the program (a BPF-to-BPF
    call)."""
    return each.form.operation is CallSource.LOCAL


def goes_back(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, jumps backwards, as a loop does."""
    return each.form.jumps and each.distance < 0


def is_condition(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, is a conditional jump."""
    return each.form.kind is FormKind.CONDITION


def is_exit(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, exits from the program or from a function."""
    return each.form.kind is FormKind.EXIT


def is_atomic_add(each: Instruction) -> bool:
    """Return whether ``each``, an Instruction, is an atomic addition, with or without a fetch."""
    return each.form.kind is FormKind.ATOMIC and each.form.operation is Atomic.ADD
