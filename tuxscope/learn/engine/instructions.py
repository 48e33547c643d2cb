"""Kinds of instructions that graders look for."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Helper, Instruction
from tuxscope.asm.isa import Atomic, CallSource, FormKind


def calls_helper(helper: Helper) -> Callable[[Instruction], bool]:
    """Calls of a helper."""
    return lambda each: each.form.operation is CallSource.HELPER and each.imm == helper.number


def calls_function(each: Instruction) -> bool:
    """Calls of a function of the program itself."""
    return each.form.operation is CallSource.LOCAL


def goes_back(each: Instruction) -> bool:
    """Jumps backwards: loops have one."""
    return each.form.jumps and each.distance < 0


def is_exit(each: Instruction) -> bool:
    """Exits of the program or of one of its functions."""
    return each.form.kind is FormKind.EXIT


def is_atomic_add(each: Instruction) -> bool:
    """Atomic additions, with or without a fetch."""
    return each.form.kind is FormKind.ATOMIC and each.form.operation is Atomic.ADD
