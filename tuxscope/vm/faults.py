"""The faults of the interpreter; each has the slot and the author's line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuxscope.errors import LocatedError

if TYPE_CHECKING:
    from tuxscope.asm.instruction import Instruction


class Fault(LocatedError):  # noqa: N818  # the machine's word for it
    """An error, a LocatedError: the program did what the verifier prohibits, which ``problem``, a
    str, says; base of all faults.

    Attributes:
        instruction: an Instruction or None, the instruction that faulted, without any effect; None
            if there is none.
        registers: a tuple of int or None, r0 to r10 before it; None for uninitialised ones.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.instruction: Instruction | None = None
        self.registers: tuple[int | None, ...] = ()

    def locate(
        self, slot: int, instruction: Instruction | None, registers: Iterable[int | None]
    ) -> None:
        """Record ``slot``, an int, the ``instruction`` there (None if there is none) and
        ``registers``, an iterable of the values of r0 to r10, each an int or None."""
        self.slot = slot
        self.instruction = instruction
        self.source = instruction.source if instruction else None
        self.registers = tuple(registers)

    def __str__(self) -> str:
        if self.instruction is None:
            return self.problem
        return f"{super().__str__()} (slot {self.slot}: {self.instruction})"

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """The lines that a report adds, a tuple of pairs (label, text): the slot with its
        instruction."""
        slot = f"{self.slot}: {self.instruction}" if self.instruction else ""
        return (("slot", slot), *super().remarks)


class UninitialisedRegisterFault(Fault):
    """An error, a Fault: an uninitialised register is read, or one that a call clobbered."""


class MemoryFault(Fault):
    """An error, a Fault: base of the faults of loads and stores."""


class NullPointerFault(MemoryFault):
    """An error, a MemoryFault: the address is NULL, or less than 4096: a lookup's result was not
    checked."""


class OutOfBoundsFault(MemoryFault):
    """An error, a MemoryFault: the address is outside of all regions, or the access exceeds a
    region."""


class UninitialisedMemoryFault(MemoryFault):
    """An error, a MemoryFault: uninitialised bytes are read."""


class ReadOnlyMemoryFault(MemoryFault):
    """An error, a MemoryFault: a store to read-only memory."""


class MisalignedFault(MemoryFault):
    """An error, a MemoryFault: an atomic whose address is not a multiple of its size."""


class HelperFault(Fault):
    """An error, a Fault: an argument of a helper has the wrong type."""


class UnsupportedFault(Fault):
    """An error, a Fault: the interpreter does not support the helper, kfunc or instruction."""


class ReferenceFault(Fault):
    """An error, a Fault: the program exits without submitting or discarding a reserved ring buffer
    record."""


class CallDepthFault(Fault):
    """An error, a Fault: more than eight call frames."""


class BadJumpFault(Fault):
    """An error, a Fault: control reaches a slot where no instruction begins."""


class BudgetFault(Fault):
    """An error, a Fault: the run exceeds its budget of steps, as in an infinite loop."""
