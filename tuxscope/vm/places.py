"""Places: the program counter of the interpreter, a slot plus the base of its program.

A tail call is then an ordinary branch. Bases are too far apart for a jump to reach another program.
"""

from __future__ import annotations

from tuxscope.asm.program import Program

SPACING = 1 << 33  # from one base to the next; a jump reaches half of that
END = -SPACING  # the place after the exit


class Places:
    """The programs of one machine, each with a base of its own."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    def base_of(self, program: Program) -> int:
        """Return the place, an int, of slot 0 of ``program``, which is added if it is new."""
        for number, known in enumerate(self._programs):
            if known is program:
                return number * SPACING
        self._programs.append(program)
        return (len(self._programs) - 1) * SPACING

    def program_at(self, place: int) -> tuple[Program, int]:
        """Return a pair: the Program of ``place``, an int, and the slot, an int, which may be
        outside of the program."""
        number = (place + SPACING // 2) // SPACING
        return self._programs[number], place - number * SPACING

    def function_at(self, place: int) -> str:
        """Return the name of the function at ``place``, an int, or ``f12`` for slot 12 if it has
        none."""
        program, slot = self.program_at(place)
        return next((each.name for each in program.functions if each.slot == slot), f"f{slot}")
