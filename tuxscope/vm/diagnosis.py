"""From Python's own errors in an operation to the Fault that they stand for."""

from __future__ import annotations

import struct

from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import FormKind
from tuxscope.vm.faults import Fault, UninitialisedRegisterFault
from tuxscope.vm.memory import ADDRESSES, VirtualMemory
from tuxscope.vm.operations import Registers

# What lean operations raise where a register holds nothing or memory is not there.
TRANSLATED = (TypeError, KeyError, struct.error)


def fault_of(
    error: Exception, instruction: Instruction, r: Registers, memory: VirtualMemory, called: bool
) -> Fault:
    """The fault behind an error; ``called`` tells whether it is in a function that was called.

    Raises the error itself where there is none: it is a bug here.
    """
    if isinstance(error, Fault):
        return error
    unset = next((number for number in instruction.reads if r[number] is None), None)
    if unset is not None:
        return nothing_in(unset, called)
    if isinstance(error, KeyError | struct.error):
        loads = instruction.form.kind is FormKind.LOAD
        base = instruction.src if loads else instruction.dst
        address = r[base] + instruction.offset & ADDRESSES
        return memory.out_of_bounds(address, instruction.moves)
    raise error


def nothing_in(register: int, called: bool = False) -> Fault:
    """The fault of reading a register that holds nothing."""
    reason = "it was never set"
    if 1 <= register <= 5:
        reason += ", or a call used it up"
    elif called and register >= 6:
        reason += ", and a function has its own r6-r9"
    return UninitialisedRegisterFault(f"r{register} is read and holds nothing: {reason}")
