"""Translate Python's exceptions in an operation to Faults."""

from __future__ import annotations

import struct

from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import FormKind
from tuxscope.vm.faults import Fault, UninitialisedRegisterFault
from tuxscope.vm.memory import ADDRESSES, VirtualMemory
from tuxscope.vm.operations import Registers

# Operations raise these for an uninitialised register or an address without a region.
TRANSLATED = (TypeError, KeyError, struct.error)


def translate_exception(
    error: Exception, instruction: Instruction, r: Registers, memory: VirtualMemory, called: bool
) -> Fault:
    """Return the Fault for ``error``, an Exception that ``instruction`` raised; a Fault is returned
    unchanged.

    ``r`` is a list of the registers r0 to r10, ``memory``, a VirtualMemory, is all memory.
    ``called`` is a bool, whether a called function of the program runs. Raises ``error`` if it is a
    bug of the interpreter.
    """
    if isinstance(error, Fault):
        return error
    unset = next((number for number in instruction.reads if r[number] is None), None)
    if unset is not None:
        return uninitialised_register(unset, called)
    if isinstance(error, KeyError | struct.error):
        loads = instruction.form.kind is FormKind.LOAD
        base = instruction.src if loads else instruction.dst
        address = r[base] + instruction.offset & ADDRESSES
        return memory.out_of_bounds(address, instruction.access_size)
    raise error


def uninitialised_register(register: int, called: bool = False) -> Fault:
    """Return the Fault of reading the uninitialised register of number ``register``; ``called``, a
    bool, as in translate_exception()."""
    reason = ""
    if 1 <= register <= 5:
        reason = ", or was clobbered by a call"
    elif called and register >= 6:
        reason = ": a function has its own r6-r9"
    return UninitialisedRegisterFault(
        f"r{register} is read and is uninitialised{reason}; set it first, "
        f"as in a.mov(r{register}, 0)"
    )
