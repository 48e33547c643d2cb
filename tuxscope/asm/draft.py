"""A program under construction: jumps and calls name their targets, which are resolved last."""

from __future__ import annotations

from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.errors import (
    DuplicateLabelError,
    LabelOutOfReachError,
    ProgramError,
    UndefinedLabelError,
)
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.maps import Map
from tuxscope.asm.program import Label, Program, StackVariable
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import dataclass, replace
from tuxscope.source import SourceLine
from tuxscope.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Definition:
    """A frozen dataclass: the definition of a label or a function.

    Attributes:
        index: an int, the index of the instruction that follows it.
        source: the author's SourceLine, or None.
        is_global: a bool, see ``Emitter.function``.
    """

    index: int
    source: SourceLine | None
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A frozen dataclass: the unresolved target of a jump or call.

    Attributes:
        name: a str, the name of a label, or of a function.
        function: a str or None, the function that has the jump, and must have the label; None for a
            call.
        field: a str, the instruction's field for the distance: ``offset`` or ``imm``.
        source: the author's SourceLine, or None.
    """

    name: str
    function: str | None
    field: str
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Wording:
    """A frozen dataclass: hints in the author's language, Python or assembly, as templates:
    ``{name}`` is filled in.

    Attributes:
        label, function: how to define a label, and a function, a str.
        gotol, helper: each a str, how to write a gotol, and the call of a helper.
    """

    label: str
    function: str
    gotol: str
    helper: str


PYTHON = Wording(
    "put a.label({name}) before the instruction to jump to",
    "define it with a.function({name})",
    "a.gotol",
    "a.call(helper.{name})",
)
TEXT = Wording(
    "write the name and a colon before the instruction to jump to",
    "define it",
    "gotol",
    "call bpf_{name}",
)


@dataclass(frozen=True, slots=True)
class ResolvedCode:
    """A frozen dataclass: instructions with resolved jumps, and their functions and labels.

    Attributes:
        instructions: a tuple of Instruction, in program order.
        functions: the entry points, a tuple of Label; the first is at slot 0.
        labels: a tuple of Label, in the order of their slots; an instruction of the same function
            follows each.
    """

    instructions: tuple[Instruction, ...]
    functions: tuple[Label, ...]
    labels: tuple[Label, ...]


class Draft:
    """Collects instructions, labels and functions, and resolves the targets of jumps and calls.

    ``name``, a str, is the name of the first function.

    Attributes:
        instructions: a list of Instruction.
        targets: a dict of Target by the index of an instruction, an int.
        labels: a dict of Definition by a pair of str, the names of the function and the label.
        functions: a dict of Definition by name, a str.
        function: the name of the current function, a str.
        wording: the Wording, the hints of its errors.
    """

    def __init__(self, name: str, wording: Wording = PYTHON) -> None:
        self.instructions: list[Instruction] = []
        self.targets: dict[int, Target] = {}  # by the instruction's index
        self.labels: dict[tuple[str, str], Definition] = {}  # by function and name
        self.functions: dict[str, Definition] = {name: Definition(0, None)}
        self.function = name
        self.wording = wording

    def append(self, instruction: Instruction, target: Target | None = None) -> None:
        """Add ``instruction``; ``target``, a Target or None, is what it jumps to or calls by
        name."""
        if target:
            self.targets[len(self.instructions)] = target
        self.instructions.append(instruction)

    def label(self, name: str, source: SourceLine | None) -> None:
        """Define label ``name`` before the next instruction; ``source`` is its SourceLine, or None.

        Raises DuplicateLabelError.
        """
        key = (self.function, name)
        if key in self.labels:
            first = self.labels[key].source
            from tuxscope.asm.receiver import other_assembler_hint

            other = other_assembler_hint(first, source)
            raise DuplicateLabelError(
                f"label {shown(name)} is already defined{f' at {first}' * bool(first)}"
                f"{other and '; '}{other}",
                source,
            )
        self.labels[key] = Definition(len(self.instructions), source)

    def begin(self, name: str, source: SourceLine | None, is_global: bool = False) -> None:
        """Begin function ``name`` at the next instruction; ``source`` is the author's SourceLine,
        or None.

        ``is_global``, a bool, is whether the verifier checks it by itself. Raises
        DuplicateLabelError, ProgramError.
        """
        if name in self.functions:
            raise DuplicateLabelError(f"function {shown(name)} is already defined", source)
        if not self.instructions:
            raise ProgramError(
                f"function {shown(name)} is defined before the program's first instruction; "
                "define it after the program's exit",
                source,
            )
        self.functions[name] = Definition(len(self.instructions), source, is_global)
        self.function = name

    def code(self) -> ResolvedCode:
        """Resolve all targets and return the ResolvedCode; the draft can be extended and resolved
        again.

        Labels that no instruction of their function follows are left out.

        Raises:
            UndefinedLabelError: a jump or call to a name that is not defined.
            LabelOutOfReachError: a jump whose distance does not fit into 16 bits.
            ProgramError: a function without instructions.
        """
        slots = [0]
        for instruction in self.instructions:
            slots.append(slots[-1] + instruction.slots)
        ends = self._ends()
        resolved = list(self.instructions)
        for index, target in self.targets.items():
            distance = slots[self._find(target, ends).index] - slots[index] - 1
            if target.field == "imm":
                resolved[index] = replace(resolved[index], imm=distance)
                continue
            if not -(1 << 15) <= distance < 1 << 15:
                raise LabelOutOfReachError(
                    f"label {shown(target.name)} is {distance:+} slots away, this jump reaches "
                    f"-32768 to +32767; jump to a nearer {self.wording.gotol}, whose distance has "
                    "32 bits",
                    target.source,
                )
            resolved[index] = replace(resolved[index], offset=distance)
        functions = (
            Label(name, slots[place.index], place.is_global)
            for name, place in self.functions.items()
        )
        labels = (
            Label(name, slots[place.index])
            for (function, name), place in self.labels.items()
            if place.index < ends[function]
        )
        return ResolvedCode(
            tuple(resolved),
            tuple(functions),
            tuple(sorted(labels, key=lambda label: label.slot)),
        )

    def _ends(self) -> dict[str, int]:
        """The index after each function's last instruction, by function.

        Raises ProgramError for a function without instructions.
        """
        following = [*(place.index for place in self.functions.values()), len(self.instructions)]
        ends = dict(zip(self.functions, following[1:], strict=True))
        for name, place in self.functions.items():
            if self.instructions and place.index == ends[name]:
                raise ProgramError(
                    f"function {shown(name)} has no instructions; end it with exit", place.source
                )
        return ends

    def _find(self, target: Target, ends: dict[str, int]) -> Definition:
        if target.function is None:
            if target.name in self.functions:
                return self.functions[target.name]
            bare = target.name.removeprefix("bpf_")
            if bare in NAMES:
                helper = self.wording.helper.format(name=bare)
                raise UndefinedLabelError(
                    f"{bare} is a helper, not a function of this program: {helper}", target.source
                )
            near = did_you_mean(target.name, self.functions)
            name = shown(target.name)
            from tuxscope.asm.receiver import with_receiver

            hint = with_receiver(self.wording.function.format(name=name), target.source)
            if any(each == target.name for _, each in self.labels):
                hint = f"{name} is a label, and labels are for jumps; {hint}"
            hint = near or f"; {hint}"
            raise UndefinedLabelError(f"there is no function {name}{hint}", target.source)
        place = self.labels.get((target.function, target.name))
        if place is None:
            here = [name for function, name in self.labels if function == target.function]
            near = did_you_mean(target.name, here)
            from tuxscope.asm.receiver import with_receiver

            hint = with_receiver(self.wording.label.format(name=shown(target.name)), target.source)
            hint = near or f"; {hint}"
            raise UndefinedLabelError(
                f"label {shown(target.name)} is not defined in {target.function}{hint}",
                target.source,
            )
        if place.index >= ends[target.function]:
            raise UndefinedLabelError(
                f"no instruction follows label {shown(target.name)}; put one there, such as exit",
                place.source,
            )
        return place


def build_program(
    code: ResolvedCode,
    name: str,
    attach: AttachPoint,
    license: str,
    stack: tuple[StackVariable, ...] = (),
) -> Program:
    """Return a Program of ``code``, a ResolvedCode, with this ``name``, ``attach``, an AttachPoint,
    ``license``, a str, and ``stack``, a tuple of StackVariable.

    Raises ProgramError if two maps share a name.
    """
    program = Program(name, attach, code.instructions, code.functions, code.labels, license, stack)
    names: dict[str, Map] = {}
    for each in program.maps:
        if names.setdefault(each.name, each) != each:
            raise ProgramError(f"two different maps are named {each.name}: rename one of them")
    return program
