"""What can go wrong while a program is interpreted: each its own class, with slot and line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuxscope.errors import LocatedError

if TYPE_CHECKING:
    from tuxscope.asm.instruction import Instruction


class Fault(LocatedError):  # noqa: N818  # the machine's word for it
    """The program did what the kernel's verifier would not have let it do.

    Attributes:
        instruction: the one that faulted; it has changed no register.
        registers: r0 to r10 before it, None for those that hold nothing.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.instruction: Instruction | None = None
        self.registers: tuple[int | None, ...] = ()

    def locate(
        self, slot: int, instruction: Instruction | None, registers: Iterable[int | None]
    ) -> None:
        """Note where it happened; ``instruction`` is None where none begins in that slot."""
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
        """The instruction, with its slot."""
        slot = f"{self.slot}: {self.instruction}" if self.instruction else ""
        return (("slot", slot), *super().remarks)


class UninitialisedRegisterFault(Fault):
    """A register is read that holds nothing: it was never set, or a call used it up."""


class MemoryFault(Fault):
    """Base of the faults of loads and stores."""


class NullPointerFault(MemoryFault):
    """The address is 0 or next to it: a lookup's result was not checked."""


class OutOfBoundsFault(MemoryFault):
    """The address is in no region, or the access goes past a region's end."""


class UninitialisedMemoryFault(MemoryFault):
    """Bytes are read that nothing was ever stored in."""


class ReadOnlyMemoryFault(MemoryFault):
    """A store to a region that may only be read."""


class MisalignedFault(MemoryFault):
    """An atomic whose address is no multiple of its size."""


class HelperFault(Fault):
    """A helper is called with an argument that it does not take."""


class UnsupportedFault(Fault):
    """What this interpreter does not know: a helper, a kfunc, arenas."""


class ReferenceFault(Fault):
    """The program ends with a ring buffer's record neither submitted nor discarded."""


class CallDepthFault(Fault):
    """More than eight functions deep."""


class BadJumpFault(Fault):
    """A jump, or the instruction after the last one, goes to where no instruction begins."""


class BudgetFault(Fault):
    """More steps than were allowed: most often a loop without an end."""
