"""What becomes of calls: a tool counts them, or they are sent (sending.py)."""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.registers import Memory
from tuxscope.lean_typing import Protocol


class CallOutcome(Protocol):
    """A Protocol: what becomes of calls. The methods begin(), finish(), vanish(), keep(),
    give_up(), end(), entry_functions(), leave_functions() and end_functions() emit instructions
    with ``a``, an Assembler.

    r6 is the context of the program, r9 the address of the thread's Thread; r0 to r5 are clobbered.
    """

    def begin(self, a: Assembler) -> None:
        """Emit: a call that is chosen begins."""

    def finish(self, a: Assembler, slept: Memory) -> None:
        """Emit: the call has ended. It took r7 ns, and returned r8; ``slept``, Memory, holds
        whether the thread was switched out."""

    def vanish(self, a: Assembler, slept: Memory) -> None:
        """Emit: the thread ends in its call, which has taken r7 ns; ``slept``, Memory, holds
        whether the thread was switched out."""

    def unseen(self, a: Assembler) -> None:
        """Emit: the call that ends began unseen; its ``started_ns`` is now."""

    def keep(self, a: Assembler) -> None:
        """Emit: the call was interrupted, and may be restarted; its numbers are kept already."""

    def give_up(self, a: Assembler, errno: int) -> None:
        """Emit: the interrupted call is not restarted; it failed with ``errno``, an int, or for 0
        how it ended is not known."""

    def end(self, a: Assembler) -> None:
        """Emit: the thread ends."""

    def entry_functions(self, a: Assembler) -> None:
        """Emit the functions that ``begin`` calls, behind the program's own code."""

    def leave_functions(self, a: Assembler) -> None:
        """Emit the functions that ``finish``, ``keep`` and ``give_up`` call."""

    def end_functions(self, a: Assembler) -> None:
        """Emit the functions that ``vanish``, ``give_up`` and ``end`` call."""
