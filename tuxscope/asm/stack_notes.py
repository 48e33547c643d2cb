"""Notes for the listing: the stack variable that an instruction accesses, as ``event.pid``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuxscope.asm.instruction import FRAME_POINTER, Instruction
from tuxscope.asm.isa import Alu, Class, Source
from tuxscope.asm.program import StackVariable
from tuxscope.lean_typing import Any
from tuxscope.record import Nested
from tuxscope.record.types import FieldType, FixedArray

# The address in a template: a register and an offset.
ADDRESS = r"\(\{(dst|src)\} \{off\}"
MOV = Alu.MOV | Source.X | Class.ALU64
ADD = Alu.ADD | Source.K | Class.ALU64


class StackNotes:
    """Makes notes on ``stack``, an iterable of StackVariable, instruction by instruction; it
    remembers one, as ``a.lea`` emits two.

    Attributes:
        stack: a tuple of StackVariable.
        before: the last Instruction, or None.
    """

    def __init__(self, stack: Iterable[StackVariable]) -> None:
        self.stack = tuple(stack)
        self.before: Instruction | None = None

    def note(self, function: str, instruction: Instruction) -> str:
        """Return what ``instruction`` of ``function``, a name, uses on the stack, a str, or
        ``""``."""
        before, self.before = self.before, instruction
        if not self.stack:
            return ""
        import re  # importing it takes 2 ms; needed for listings alone

        if address := re.search(ADDRESS, instruction.form.text):
            if getattr(instruction, address[1]) == FRAME_POINTER:
                size = instruction.access_size
                return self.place(function, instruction.offset, size)
        elif (
            before
            and (before.opcode, before.src, before.offset) == (MOV, FRAME_POINTER, 0)
            and (instruction.opcode, instruction.dst) == (ADD, before.dst)
        ):
            place = self.place(function, instruction.imm, 0)
            return place and f"&{place}"
        return ""

    def place(self, function: str, offset: int, size: int) -> str:
        """Return the name, a str, of what is at ``offset``, in bytes from r10, in the function
        named ``function``, or ``""``.

        It is the smallest part of a variable with at least ``size``, an int, bytes, or the largest
        for size 0, an address. ``event+4`` is an offset where no part begins.
        """
        for each in self.stack:
            start = offset - each.offset
            if each.function == function and 0 <= start < each.type.size:
                fitting = [
                    name
                    for name, rest, held in parts(each.name, each.type, start)
                    if rest == 0 and held >= size
                ]
                if fitting:
                    return fitting[-1 if size else 0]
                return f"{each.name}+{start}"
        return ""


def parts(name: str, held: FieldType[Any], start: int) -> Iterator[tuple[str, int, int]]:
    """Yield the parts of variable ``name`` of type ``held``, a FieldType, with its byte at offset
    ``start``, largest first.

    Each is a triple: (name, offset of the byte in the part, size of the part), in bytes.
    """
    while True:
        yield name, start, held.size
        if isinstance(held, FixedArray):
            index, start = divmod(start, held.element.size)
            name, held = f"{name}[{index}]", held.element
        elif isinstance(held, Nested):
            fields = held.record.fields.values()
            inside = [each for each in fields if 0 <= start - each.offset < each.size]
            if not inside:  # the byte is padding
                return
            name, held, start = (
                f"{name}.{inside[0].name}", inside[0].type, start - inside[0].offset
            )  # fmt: skip
        else:
            return
