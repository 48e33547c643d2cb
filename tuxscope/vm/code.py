"""Programs compiled to basic blocks: operations in sequence, then a branch."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.vm.branches import Branches
from tuxscope.vm.faults import BadJumpFault
from tuxscope.vm.operations import Branch, Operation, Operations, Registers
from tuxscope.vm.places import Places


@dataclass(frozen=True, slots=True)
class Block:
    """A frozen dataclass: a basic block.

    Attributes:
        places: a tuple of the place of each operation, an int, and of the branch.
        operations: a tuple of Operation, the compiled instructions, each a function that takes the
            registers, a list, and returns None.
        branch: a Branch, a function that takes the registers and returns the place of the next
            block.
        length: an int, the number of instructions; a branch that only falls through does not count.
    """

    places: tuple[int, ...]
    operations: tuple[Operation, ...]
    branch: Branch
    length: int


class Code:
    """The compiled programs of one machine: ``places``, a Places, knows the programs,
    ``operations``, an Operations, and ``branches``, a Branches, compile their instructions.

    Attributes:
        blocks: a dict of the Blocks that were compiled so far, by their first place; they may
            overlap.
    """

    def __init__(self, places: Places, operations: Operations, branches: Branches) -> None:
        self.blocks: dict[int, Block] = {}
        self._singles: dict[int, Block] = {}
        self._places = places
        self._operations = operations
        self._branches = branches

    def block(self, place: int) -> Block:
        """Return the Block that begins at ``place``, an int, compiled at the first call."""
        if place not in self.blocks:
            self.blocks[place] = self._build(place, None)
        return self.blocks[place]

    def single(self, place: int) -> Block:
        """Return the Block of the single instruction at ``place``, an int."""
        if place not in self._singles:
            self._singles[place] = self._build(place, 1)
        return self._singles[place]

    def _build(self, place: int, most: int | None) -> Block:
        program, slot = self._places.program_at(place)
        places: list[int] = []
        operations: list[Operation] = []
        while len(operations) != most:
            instruction = program.by_slot.get(slot)
            branch = self._branches.branch(instruction, place) if instruction else nowhere
            if branch:
                return Block((*places, place), tuple(operations), branch, len(operations) + 1)
            assert instruction
            places.append(place)
            operations.append(
                self._branches.helper(instruction)
                or self._branches.address(instruction, place)
                or self._operations.operation(instruction)
            )
            slot += instruction.slots
            place += instruction.slots
        return Block((*places, place), tuple(operations), lambda r: place, len(operations))


def nowhere(registers: Registers) -> int:
    """Raise BadJumpFault: the Branch, a function that returns an int, at a place without an
    instruction; ``registers``, a list, are not read."""
    raise BadJumpFault(
        "no instruction at this slot: a jump has a bad target, or the program has no exit"
    )
