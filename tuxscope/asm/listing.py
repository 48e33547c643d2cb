"""List a program as text: the pseudo-C of the kernel and LLVM, with the author's names.

:func:`lines` yields lines with slot, bytes and source, for display. :func:`text` is assembly text,
which :func:`tuxscope.asm.parser.assemble` and LLVM's assembler can read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tuxscope.asm.attach import RawTracepoint
from tuxscope.asm.grammar import spelling
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.instruction import NATIVE, ByteOrder, Instruction
from tuxscope.asm.program import Label, Program
from tuxscope.asm.stack_notes import StackNotes
from tuxscope.source import SourceLine


@dataclass(frozen=True, slots=True)
class Line:
    """A frozen dataclass: one instruction of a listing.

    Attributes:
        slot: an int, its first slot.
        data: its encoding, 8 or 16 bytes.
        text: a str, its pseudo-C, with known names instead of numbers.
        source: the author's SourceLine, or None.
        function: a str, the name of the function that begins here, or ``""``.
        labels: a tuple of the labels before it.
        note: a str, the stack variable that it accesses or points to: ``event.pid``,
            ``&event.comm``.
    """

    slot: int
    data: bytes
    text: str
    source: SourceLine | None
    function: str
    labels: tuple[str, ...]
    note: str


def lines(program: Program, byteorder: ByteOrder = NATIVE) -> Iterator[Line]:
    """Yield a Line for each instruction of ``program``, its ``data`` in ``byteorder``, ``"little"``
    or ``"big"``.

    The file descriptors of maps are 0 in ``data``.
    """
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
    """Return ``program`` as assembly text."""
    return text_of(lines(program))


def text_of(listed: Iterable[Line]) -> str:
    """Return ``listed``, an iterable of Line, as assembly text."""
    written = []
    for line in listed:
        if line.function:
            name = spelling(line.function)
            written += [f".type {name}, @function", f"{name}:"]
        written += [f"{spelling(label)}:" for label in line.labels]
        written.append(f"    {line.text}" + f"  # {line.note}" * bool(line.note))
    return "\n".join(written) + "\n"


class Names:
    """The names of the functions, labels and maps of ``program``, a Program, and how instructions
    show them.

    Attributes:
        functions: a dict of names by slot, an int.
        starts: the slots of the functions, a sorted list of int.
        labels: a dict of lists of names by slot.
        defined, maps: each a set of names, str.
    """

    def __init__(self, program: Program) -> None:
        self.functions = {each.slot: each.name for each in program.functions}
        self.starts = sorted(self.functions)
        self.labels: dict[int, list[str]] = {}  # by slot
        for label in program.labels:
            self.labels.setdefault(label.slot, []).append(label.name)
        # A helper with one of these names is listed by its number.
        self.defined = {each.name for each in (*program.functions, *program.labels)}
        self.maps = {each.name for each in program.maps}

    def text(self, slot: int, instruction: Instruction) -> str:
        """Return the pseudo-C, a str, of ``instruction`` at ``slot``, an int, with names."""
        form = instruction.form
        if not form.named:
            return str(instruction)
        known = {
            kind: spelling(name) for kind, name in self.known(slot, instruction).items() if name
        }
        named = any(f"{{{kind}}}" in form.named for kind in known)
        return instruction.fill_template(form.named if named else form.text, **known)

    def known(self, slot: int, instruction: Instruction) -> dict[str, str]:
        """Return a dict of the name, or ``""``, by placeholder of ``instruction`` at ``slot``, an
        int."""
        target = slot + 1 + instruction.distance
        function = self.functions.get(target, "")
        helper = f"bpf_{NAMES[instruction.imm - 1]}" if 0 < instruction.imm <= len(NAMES) else ""
        # The parser takes the name in a ld_imm64 for a map's, if there is such a map.
        shadowed = instruction.slots == 2 and function in self.maps
        same_function = bisect_right(self.starts, slot) == bisect_right(self.starts, target)
        return {
            "label": self.labels.get(target, [""])[0] if same_function else "",
            "function": "" if shadowed else function,
            "helper": "" if helper in self.defined else helper,
            "map": instruction.map.name if instruction.map else "",
        }


def named(instructions: Iterable[Instruction]) -> Program:
    """Return a Program of ``instructions``, an iterable of Instruction, alone, with generated
    names for jump targets and functions.

    Labels and functions are named after their slots: ``L7``, ``f12``. The first function is
    ``main``. A jump to a slot where no instruction of its function begins gets no label.
    """
    code = tuple(instructions)
    bare = Program("main", RawTracepoint(), code, (Label("main", 0),))
    jumps = set()
    entries = {0}
    for slot, each in zip(bare.slots, code, strict=True):
        if each.form.names_function:
            entries.add(slot + 1 + each.distance)
        elif each.form.jumps:
            jumps.add((slot, slot + 1 + each.distance))
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
