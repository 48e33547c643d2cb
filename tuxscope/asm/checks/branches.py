"""Where jumps go, as far as some run is certain to go there."""

from __future__ import annotations

from tuxscope.asm import meaning
from tuxscope.asm.checks.arithmetic import operand_of
from tuxscope.asm.checks.graph import target
from tuxscope.asm.checks.state import State
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
from tuxscope.asm.isa import Class

ALWAYS = ("ja", "gotol")
MIRRORED = {
    "jgt": "jlt", "jlt": "jgt", "jge": "jle", "jle": "jge", "jsgt": "jslt", "jslt": "jsgt",
    "jsge": "jsle", "jsle": "jsge",
}  # fmt: skip
ZERO = constant(0)


def branch(state: State) -> list[State]:
    """The states after a jump: none, one or both."""
    slot, instruction = state.slot, state.instruction
    name = instruction.form.name
    there = target(slot, instruction)
    if name in ALWAYS:
        state.slot = there
        return [state]
    if name == "may_goto":
        other = state.copy(there)
        state.slot = slot + 1
        return [state, other]
    bits = 32 if instruction.opcode & 7 == Class.JMP32 else 64
    test = name.removesuffix("32")
    value, operand = state.registers[instruction.dst], operand_of(state)
    if isinstance(value, Pointer):
        return compare_address(state, there, test, bits, value, operand)
    if not isinstance(value, Number) or not isinstance(operand, Number):
        return []
    if value.root and value.root == operand.root:
        mask = M64 if bits == 64 else M32
        same = value.low & mask
        if test == "jset":
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
    state: State, there: int, test: str, bits: int, pointer: Pointer, operand: Value
) -> list[State]:
    """An address and 0: it is one, or where it may be 0 there are two ways to go on."""
    if operand != ZERO or test not in ("jeq", "jne") or bits == 32:
        return []
    null_at, other_at = (there, state.slot + 1) if test == "jeq" else (state.slot + 1, there)
    if not pointer.nullable:
        state.slot = other_at
        return [state]
    none = state.copy(null_at)
    state.slot = other_at
    none.settle(pointer.identity, lambda _: NULL)
    none.references.pop(pointer.identity, None)
    state.settle(pointer.identity, lambda each: each._replace(nullable=False))
    return [state, none]
