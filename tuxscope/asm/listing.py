"""A program as text: the pseudo-C of the kernel and LLVM, with the author's names.

:func:`lines` is for showing, each line with its slot, bytes and source; :func:`text` is what
:func:`tuxscope.asm.parser.assemble`, and LLVM's assembler, read back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tuxscope.asm.attach import RawTracepoint
from tuxscope.asm.grammar import spelling
from tuxscope.asm.helpers import NAMES
from tuxscope.asm.instruction import NATIVE, ByteOrder, Instruction
from tuxscope.asm.program import Label, Program
from tuxscope.asm.stack_notes import StackNotes
from tuxscope.source import SourceLine


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction of a listing.

    Attributes:
        slot: that it begins at.
        data: its bytes, 8 or 16.
        text: pseudo-C, with names where they are known.
        source: the author's line.
        function: the name of the function that begins here; empty where none does.
        labels: what stands before it.
        note: what of the stack it reads, writes or points to: ``event.pid``, ``&event.comm``.
    """

    slot: int
    data: bytes
    text: str
    source: SourceLine | None
    function: str
    labels: tuple[str, ...]
    note: str


def lines(program: Program, byteorder: ByteOrder = NATIVE) -> Iterator[Line]:
    """The listing, a line for each instruction. Maps have no fd in it: their bytes are 0."""
    names = Names(program)
    notes = StackNotes(program.stack)
    function = ""
    for slot, instruction in zip(program.slots, program.instructions, strict=True):
        begins = names.functions.get(slot, "")
        function = begins or function
        yield Line(
            slot,
            instruction.encode(byteorder),
            names.text(slot, instruction),
            instruction.source,
            begins,
            tuple(names.labels.get(slot, ())),
            notes.note(function, instruction),
        )


def text(program: Program) -> str:
    """The program as assembly text."""
    return text_of(lines(program))


def text_of(listed: Iterable[Line]) -> str:
    """A listing as assembly text."""
    written = []
    for line in listed:
        if line.function:
            name = spelling(line.function)
            written += [f".type {name}, @function", f"{name}:"]
        written += [f"{spelling(label)}:" for label in line.labels]
        written.append(f"    {line.text}" + f"  # {line.note}" * bool(line.note))
    return "\n".join(written) + "\n"


class Names:
    """The names that a program's instructions can be written with."""

    def __init__(self, program: Program) -> None:
        self.functions = {each.slot: each.name for each in program.functions}
        self.starts = sorted(self.functions)
        self.labels: dict[int, list[str]] = {}  # by slot
        for label in program.labels:
            self.labels.setdefault(label.slot, []).append(label.name)
        # What a helper's or function's name would mean something else for.
        self.defined = {each.name for each in (*program.functions, *program.labels)}
        self.maps = {each.name for each in program.maps}

    def text(self, slot: int, instruction: Instruction) -> str:
        """An instruction in pseudo-C."""
        form = instruction.form
        if not form.named:
            return str(instruction)
        known = {
            kind: spelling(name) for kind, name in self.known(slot, instruction).items() if name
        }
        named = any(f"{{{kind}}}" in form.named for kind in known)
        return instruction.spelled(form.named if named else form.text, **known)

    def known(self, slot: int, instruction: Instruction) -> dict[str, str]:
        """What each kind of name would be; empty where there is none."""
        distance = instruction.offset if "{jump}" in instruction.form.text else instruction.imm
        target = slot + 1 + distance
        function = self.functions.get(target, "")
        helper = f"bpf_{NAMES[instruction.imm - 1]}" if 0 < instruction.imm <= len(NAMES) else ""
        # A loaded name is a map's first.
        shadowed = instruction.slots == 2 and function in self.maps
        same_function = bisect_right(self.starts, slot) == bisect_right(self.starts, target)
        return {
            "label": self.labels.get(target, [""])[0] if same_function else "",
            "function": "" if shadowed else function,
            "helper": "" if helper in self.defined else helper,
            "map": instruction.map.name if instruction.map else "",
        }


def named(instructions: Iterable[Instruction]) -> Program:
    """A program of bare instructions, with names made up for what they jump to and call.

    A label is called by its slot (``L7``), and so is a function (``f12``); the first one is
    ``main``. A jump to no instruction of its own function stays a number.
    """
    code = tuple(instructions)
    bare = Program("main", RawTracepoint(), code, (Label("main", 0),))
    jumps = set()
    entries = {0}
    for slot, each in zip(bare.slots, code, strict=True):
        if "{function}" in each.form.named:
            entries.add(slot + 1 + each.imm)
        elif "{label}" in each.form.named:
            distance = each.offset if "{jump}" in each.form.text else each.imm
            jumps.add((slot, slot + 1 + distance))
    starts = sorted(entries & bare.by_slot.keys())
    labels = sorted(
        {
            target
            for slot, target in jumps
            if target in bare.by_slot and bisect_right(starts, slot) == bisect_right(starts, target)
        }
    )
    functions = tuple(Label(f"f{slot}" if slot else "main", slot) for slot in starts)
    return replace(
        bare, functions=functions, labels=tuple(Label(f"L{slot}", slot) for slot in labels)
    )
