"""The successors of jumps that some run is certain to take."""

from __future__ import annotations

from tuxscope.asm import meaning
from tuxscope.asm.checks.arithmetic import operand_of
from tuxscope.asm.checks.graph import target
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    M32,
    M64,
    NULL,
    Number,
    Pointer,
    Value,
    constant,
    split,
)
from tuxscope.asm.forms import Operation
from tuxscope.asm.isa import FormKind, Jump

MIRRORED: dict[Operation, Jump] = {
    Jump.JGT: Jump.JLT, Jump.JLT: Jump.JGT, Jump.JGE: Jump.JLE, Jump.JLE: Jump.JGE,
    Jump.JSGT: Jump.JSLT, Jump.JSLT: Jump.JSGT, Jump.JSGE: Jump.JSLE, Jump.JSLE: Jump.JSGE,
}  # fmt: skip
ZERO = constant(0)


def branch(state: PathState) -> list[PathState]:
    """Return a list of the PathStates after the jump of ``state``, a PathState: both, one, or an
    empty list.

    The list is empty if no run is certain to take either.
    """
    slot, instruction = state.slot, state.instruction
    form = instruction.form
    there = target(slot, instruction)
    if form.kind is FormKind.JUMP:
        state.slot = there
        return [state]
    if form.kind is FormKind.MAY_GOTO:
        other = state.copy(there)
        state.slot = slot + 1
        return [state, other]
    test, bits = form.operation, form.bits
    value, operand = state.registers[instruction.dst], operand_of(state)
    if isinstance(value, Pointer):
        return compare_address(state, there, test, bits, value, operand)
    if not isinstance(value, Number) or not isinstance(operand, Number):
        return []
    if value.root and value.root == operand.root:
        mask = M64 if bits == 64 else M32
        same = value.low & mask
        if test is Jump.JSET:
            return []
        state.slot = there if meaning.tests(bits)[test](same, same) else slot + 1
        return [state]
    if value.constant and not operand.constant:
        test, value, operand = MIRRORED.get(test, test), operand, value
    if not operand.constant:
        if value.family == operand.family:
            return []
        middle = (operand.low + operand.high) // 2
        state.narrow(operand, (middle, middle))
        operand = constant(middle)
    taken, passed = split(test, bits, value, operand.low)
    found = []
    for part, following in ((passed, slot + 1), (taken, there)):
        if part:
            each = state.copy(following) if taken and passed else state
            each.slot = following
            each.narrow(value, part)
            found.append(each)
    return found


def compare_address(
    state: PathState, there: int, test: Operation, bits: int, pointer: Pointer, operand: Value
) -> list[PathState]:
    """Return a list of the PathStates after comparing ``pointer``, a Pointer, with 0: two if it may
    be NULL, else one.

    ``state`` is the PathState before the jump, ``there`` the slot of its target, ``test`` its
    Operation, ``bits`` its width, an int. Returns an empty list if ``operand``, a Value, is not 0,
    and for any other comparison.
    """
    if operand != ZERO or test not in (Jump.JEQ, Jump.JNE) or bits == 32:
        return []
    null_at, other_at = (there, state.slot + 1) if test is Jump.JEQ else (state.slot + 1, there)
    if not pointer.nullable:
        state.slot = other_at
        return [state]
    none = state.copy(null_at)
    state.slot = other_at
    none.replace_pointer(pointer.identity, lambda _: NULL)
    none.references.pop(pointer.identity, None)
    state.replace_pointer(pointer.identity, lambda each: each._replace(nullable=False))
    return [state, none]
