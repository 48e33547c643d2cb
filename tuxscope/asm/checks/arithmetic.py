"""Checks of arithmetic, moves and constants, and their effects on the state of a path."""

from __future__ import annotations

from tuxscope.asm.checks.accesses import null_check
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

# The verifier allows these on pointers to privileged programs.
FREELY_USED = (FormKind.NEGATE, FormKind.BYTE_SWAP)


def compute(state: PathState) -> None:
    """Apply the arithmetic instruction, move or constant of ``state``, a PathState, to ``state``.

    Raises NullCheckError, PointerArithmeticError.
    """
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
    """Return whether ``value``, a Value, is a scalar to the verifier."""
    return isinstance(value, Number | Released) or value is SOME_NUMBER


def operand_of(state: PathState) -> Value:
    """Return the Value of the second operand, src or imm, of the instruction of ``state``, a
    PathState."""
    instruction = state.instruction
    if instruction.opcode & 8 == Source.X:
        return state.registers[instruction.src]
    return constant(instruction.imm)


def loaded(instruction: Instruction, slot: int) -> Value:
    """Return the Value that ``instruction``, a ld_imm64 at ``slot``, an int, puts into dst."""
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
    """Return the Value of the arithmetic of ``state``, a PathState, on dst and the operand.

    Raises NullCheckError, PointerArithmeticError.
    """
    instruction = state.instruction
    form = instruction.form
    value, operand = state.registers[instruction.dst], operand_of(state)
    opaque = {each for each in (value, operand) if each in (ANYTHING, FOREIGN)}
    if opaque:
        pointer = next((each for each in (value, operand) if isinstance(each, Pointer)), None)
        if pointer and (form.operation, form.bits) == (Alu.ADD, 64):
            return pointer.at(None)  # the other is a scalar: two cannot be added
        return FOREIGN if opaque == {FOREIGN} and not pointer else ANYTHING
    if isinstance(value, Pointer) or isinstance(operand, Pointer):
        return moved(state, value, operand)
    return computed(form, value, operand, new_root())


def moved(state: PathState, value: Value, operand: Value) -> Value:
    """Return the Value of the arithmetic of ``state``, a PathState, on ``value`` and ``operand``,
    both Values.

    One is a pointer and the other a scalar, or both are pointers. Raises NullCheckError,
    PointerArithmeticError.
    """
    form = state.instruction.form
    operation, bits = form.operation, form.bits
    if isinstance(value, Pointer) and isinstance(operand, Pointer):
        if operation is Alu.SUB:
            return SOME_NUMBER
        raise pointer_error(
            state,
            "arithmetic on two pointers is prohibited, except subtraction",
            "subtract them with a.sub, or add a number to one of them",
        )
    pointer, by = (value, operand) if isinstance(value, Pointer) else (operand, value)
    assert isinstance(pointer, Pointer)
    if bits == 32 and operation is Alu.SUB:
        return SOME_NUMBER
    if bits == 32:
        raise pointer_error(
            state,
            f"32-bit arithmetic on a pointer to {pointer.kind.value} is prohibited",
            "use the method without 32, as in a.add",
        )
    if operation not in (Alu.ADD, Alu.SUB) or (operation is Alu.SUB and pointer is operand):
        raise pointer_error(
            state,
            f"this arithmetic on a pointer to {pointer.kind.value} is prohibited",
            "add or subtract a number with a.add or a.sub; load the memory there with a.ldx",
        )
    if pointer.nullable:
        raise state.error(
            NullCheckError,
            f"r{instruction_register(state, pointer)} may be NULL: arithmetic on it is prohibited",
            null_check(instruction_register(state, pointer)),
        )
    if not isinstance(by, Number) or not by.constant or pointer.offset is None:
        return FOREIGN if pointer.kind is PointerKind.MAP else pointer.at(None)
    if pointer.kind is PointerKind.MAP:
        if by.zero:
            return FOREIGN
        raise pointer_error(
            state,
            "arithmetic on a pointer to a map is prohibited",
            "look up a value with helper.map_lookup_elem, and add to its address",
        )
    return pointer.at(pointer.offset + (by.low if operation is Alu.ADD else -by.low))


def instruction_register(state: PathState, pointer: Pointer) -> int:
    """Return the number of the instruction's register in ``state``, a PathState, that has
    ``pointer``, a Pointer."""
    instruction = state.instruction
    return instruction.dst if state.registers[instruction.dst] is pointer else instruction.src


def pointer_error(state: PathState, problem: str, hint: str) -> PointerArithmeticError:
    """Return a PointerArithmeticError with ``problem`` and ``hint``, each a str, at the place of
    ``state``, a PathState."""
    return state.error(PointerArithmeticError, problem, hint)
