"""Arithmetic, moves and constants on what registers are known to hold."""

from __future__ import annotations

from tuxscope.asm.checks.access_bounds import null_check
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    ANYTHING,
    FOREIGN,
    SOME_NUMBER,
    Number,
    Pointer,
    PointerKind,
    Released,
    Value,
    computed,
    constant,
    new_root,
    truncated,
)
from tuxscope.asm.errors import NullCheckError, PointerArithmeticError
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import Alu, FormKind, Source, WideSource
from tuxscope.asm.maps import Array

# On pointers, too, by a privileged program.
FREELY_USED = (FormKind.NEGATE, FormKind.BYTE_SWAP)


def compute(state: PathState) -> None:
    """Do what a straight instruction does. Raises NullCheckError, PointerArithmeticError."""
    instruction = state.instruction
    form, dst = instruction.form, instruction.dst
    registers = state.registers
    match form.kind:
        case FormKind.WIDE_IMMEDIATE:
            registers[dst] = loaded(instruction, state.slot)
        case FormKind.MOVE if form.signed:
            registers[dst] = SOME_NUMBER if is_number(registers[instruction.src]) else FOREIGN
        case FormKind.MOVE:
            value = operand_of(state)
            registers[dst] = value if form.bits == 64 else truncated(value, new_root())
        case kind if kind in FREELY_USED:
            registers[dst] = SOME_NUMBER if is_number(registers[dst]) else FOREIGN
        case FormKind.CAST:
            registers[dst] = FOREIGN
        case _:
            registers[dst] = combined(state)


def is_number(value: Value) -> bool:
    return isinstance(value, Number | Released) or value is SOME_NUMBER


def operand_of(state: PathState) -> Value:
    """The second operand: a register, or the immediate."""
    instruction = state.instruction
    if instruction.opcode & 8 == Source.X:
        return state.registers[instruction.src]
    return constant(instruction.imm)


def loaded(instruction: Instruction, slot: int) -> Value:
    """What a wide instruction puts into its register."""
    map = instruction.map
    match instruction.form.operation:
        case WideSource.IMM64:
            return constant(instruction.imm64)
        case WideSource.MAP_FD if map:
            return Pointer(PointerKind.MAP, 0, map=map)
        case WideSource.MAP_VALUE if isinstance(map, Array):
            return Pointer(PointerKind.MAP_VALUE, instruction.next_imm, origin=slot, map=map)
    return FOREIGN


def combined(state: PathState) -> Value:
    """What arithmetic makes of dst and operand."""
    instruction = state.instruction
    form = instruction.form
    value, operand = state.registers[instruction.dst], operand_of(state)
    opaque = {each for each in (value, operand) if each in (ANYTHING, FOREIGN)}
    if opaque:
        pointer = next((each for each in (value, operand) if isinstance(each, Pointer)), None)
        if pointer and (form.operation, form.bits) == (Alu.ADD, 64):
            return pointer._replace(offset=None)  # the other is no address: two are not added
        return FOREIGN if opaque == {FOREIGN} and not pointer else ANYTHING
    if isinstance(value, Pointer) or isinstance(operand, Pointer):
        return moved(state, value, operand)
    return computed(form, value, operand, new_root())


def moved(state: PathState, value: Value, operand: Value) -> Value:
    """What arithmetic makes of a pointer and a number, or of two pointers."""
    form = state.instruction.form
    operation, bits = form.operation, form.bits
    if isinstance(value, Pointer) and isinstance(operand, Pointer):
        if operation is Alu.SUB:
            return SOME_NUMBER
        raise refused(state, "two addresses are combined", "subtract them, or add a number to one")
    pointer, by = (value, operand) if isinstance(value, Pointer) else (operand, value)
    assert isinstance(pointer, Pointer)
    if bits == 32 and operation is Alu.SUB:
        return SOME_NUMBER
    if bits == 32:
        raise refused(
            state,
            f"32 bits of an address are computed with: {pointer.kind.value}",
            "use the method without 32",
        )
    if operation not in (Alu.ADD, Alu.SUB) or (operation is Alu.SUB and pointer is operand):
        raise refused(
            state,
            f"an address is no number to compute with: it points to {pointer.kind.value}",
            "only a.add and a.sub of a number move it; load what lies there with a.ldx",
        )
    if pointer.nullable:
        raise state.error(
            NullCheckError,
            f"r{instruction_register(state, pointer)} may be 0 here, and is moved",
            null_check(instruction_register(state, pointer)),
        )
    known = isinstance(by, Number) and by.constant and pointer.offset is not None
    if pointer.kind is PointerKind.MAP:
        if known and by != constant(0):
            raise refused(
                state,
                "a map's own address cannot be moved",
                "look up a value, and move its address",
            )
        return FOREIGN
    if not known:
        return pointer._replace(offset=None)
    assert isinstance(by, Number)
    distance = by.low if operation is Alu.ADD else -by.low
    return pointer._replace(offset=(pointer.offset or 0) + distance)


def instruction_register(state: PathState, pointer: Pointer) -> int:
    """Which of the instruction's registers holds a pointer."""
    instruction = state.instruction
    return instruction.dst if state.registers[instruction.dst] == pointer else instruction.src


def refused(state: PathState, problem: str, hint: str) -> PointerArithmeticError:
    return state.error(PointerArithmeticError, problem, hint)
