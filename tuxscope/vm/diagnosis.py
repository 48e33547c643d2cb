"""From Python's own errors in an operation to the Fault that they stand for."""

from __future__ import annotations

import struct

from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import Class
from tuxscope.vm.faults import Fault, UninitialisedRegisterFault
from tuxscope.vm.memory import ADDRESSES, Memory
from tuxscope.vm.operations import Registers

# What lean operations raise where a register holds nothing or memory is not there.
TRANSLATED = (TypeError, KeyError, struct.error)


def fault_of(error: Exception, instruction: Instruction, r: Registers, memory: Memory) -> Fault:
    """The fault behind an error. Raises the error itself where there is none: it is a bug here."""
    if isinstance(error, Fault):
        return error
    unset = next((number for number in instruction.reads if r[number] is None), None)
    if unset is not None:
        return nothing_in(unset)
    if isinstance(error, KeyError | struct.error):
        base = instruction.src if instruction.opcode & 7 == Class.LDX else instruction.dst
        if instruction.form.name == "load_acquire":  # of the class STX
            base = instruction.src
        address = r[base] + instruction.offset & ADDRESSES
        return memory.out_of_bounds(address, instruction.moves)
    raise error


def nothing_in(register: int) -> Fault:
    """The fault of reading a register that holds nothing."""
    used_up = "it was never set, or a call used it up" if 1 <= register <= 5 else "it was never set"
    return UninitialisedRegisterFault(f"r{register} is read and holds nothing: {used_up}")
