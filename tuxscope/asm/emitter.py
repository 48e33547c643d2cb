"""The assembler's ground floor: where instructions, labels and functions are collected.

Jumps and calls stand here with the name of their target until :meth:`Emitter.program` knows
where everything is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.errors import (
    AssemblyError,
    DuplicateLabelError,
    LabelError,
    LabelOutOfReachError,
    ProgramError,
    RegisterError,
    UndefinedLabelError,
)
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import Class, Jump
from tuxscope.asm.maps import Map, check_name
from tuxscope.asm.program import Label, Program
from tuxscope.asm.registers import Register
from tuxscope.asm.source import SourceLine, author_line
from tuxscope.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label or function was defined.

    Attributes:
        index: of the instruction that it stands before.
        source: the author's line.
    """

    index: int
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Target:
    """What a jump or call is waiting for.

    Attributes:
        name: of a label, or of a function.
        function: the function that the jump is in and its label must be in; None for a call.
        field: which field takes the distance.
    """

    name: str
    function: str | None
    field: str


class Emitter:
    """Collects instructions, each with the author's line, and resolves their targets."""

    def __init__(self, name: str, attach: AttachPoint, license: str = "GPL") -> None:
        check_name("program", name)
        if not isinstance(attach, AttachPoint):
            raise ProgramError(
                f"program {name}: attach says where it runs, as in "
                f'Tracepoint("syscalls", "sys_enter_write"), not {attach!r}'
            )
        self.name = name
        self.attach = attach
        self.license = license
        self._instructions: list[Instruction] = []
        self._targets: dict[int, Target] = {}  # by the instruction's index
        self._labels: dict[tuple[str, str], Place] = {}  # by function and name
        self._functions: dict[str, Place] = {name: Place(0, None)}
        self._function = name
        self._stack_used: dict[str, int] = {}  # in bytes, by function

    if not TYPE_CHECKING:  # a type checker knows the methods

        def __getattr__(self, name: str) -> NoReturn:
            methods = [each for each in dir(type(self)) if not each.startswith("_")]
            hint = "" if name.startswith("_") else did_you_mean(name, methods)
            raise AttributeError(f"the assembler has no {name}{hint}", name=name, obj=None)

    def emit(self, instruction: Instruction) -> None:
        """Append an instruction made by hand. The named methods are there for all of them."""
        source = instruction.source or author_line()
        self._instructions.append(replace(instruction, source=source))

    def _emit(
        self,
        opcode: int,
        dst: int = 0,
        src: int = 0,
        offset: int = 0,
        imm: int = 0,
        next_imm: int = 0,
        map: Map | None = None,
        target: Target | None = None,
    ) -> None:
        source = author_line()
        try:
            made = Instruction(opcode, dst, src, offset, imm, next_imm, map, source)
        except AssemblyError as error:
            error.source = source
            raise
        if target:
            self._targets[len(self._instructions)] = target
        self._instructions.append(made)

    def _jump(self, opcode: int, target: str, dst: int = 0, src: int = 0, imm: int = 0) -> None:
        if not isinstance(target, str):
            raise LabelError(
                f'a jump goes to a label, as in "out", not to {target!r}', author_line()
            )
        # gotol is the one jump that has its distance in the imm.
        field = "imm" if opcode == Jump.JA | Class.JMP32 else "offset"
        self._emit(opcode, dst, src, imm=imm, target=Target(target, self._function, field))

    def label(self, name: str) -> None:
        """Name this place, for jumps of the same function; emits nothing.

        A label that nothing jumps to is fine. Raises DuplicateLabelError.
        """
        source = author_line()
        if not isinstance(name, str) or not name:
            raise LabelError(f"a label is a name, not {name!r}", source)
        key = (self._function, name)
        if key in self._labels:
            first = self._labels[key].source
            raise DuplicateLabelError(
                f"label {name!r} is already at {first or 'another place'}", source
            )
        self._labels[key] = Place(len(self._instructions), source)

    def function(self, name: str) -> None:
        """Begin a function of its own stack and labels, which ``a.call(name)`` calls.

        It takes r1 to r5, returns r0, and must end with exit before the next one begins.
        """
        source = author_line()
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            raise LabelError(f"a function has a name as in C, not {name!r}", source)
        if name in self._functions:
            raise DuplicateLabelError(f"function {name!r} is already there", source)
        if not self._instructions:
            raise ProgramError(
                f"function {name!r} comes before the program's own first instruction", source
            )
        self._functions[name] = Place(len(self._instructions), source)
        self._function = name

    def program(self) -> Program:
        """Resolve all labels and maps' names; the assembler can go on and be asked again.

        Raises UndefinedLabelError, LabelOutOfReachError, ProgramError.
        """
        if not self._instructions:
            raise ProgramError(
                f"program {self.name} has no instructions; the shortest is a.mov(r0, 0), a.exit()",
                author_line(),
            )
        slots = [0]
        for instruction in self._instructions:
            slots.append(slots[-1] + instruction.slots)
        resolved = list(self._instructions)
        for index, target in self._targets.items():
            instruction = resolved[index]
            distance = slots[self._find(target, instruction).index] - slots[index] - 1
            if target.field == "offset" and not -(1 << 15) <= distance < 1 << 15:
                raise LabelOutOfReachError(
                    f"label {target.name!r} is {distance:+} slots away, this jump reaches "
                    "-32768 to +32767; jump to a nearer a.gotol, which reaches 32 bits",
                    instruction.source,
                )
            resolved[index] = (
                replace(instruction, offset=distance)
                if target.field == "offset"
                else replace(instruction, imm=distance)
            )
        functions = [Label(name, slots[place.index]) for name, place in self._functions.items()]
        for function in functions:
            if function.slot == slots[-1]:
                source = self._functions[function.name].source
                raise ProgramError(f"function {function.name!r} has no instructions", source)
        labels = [Label(name, slots[place.index]) for (_, name), place in self._labels.items()]
        program = Program(
            self.name,
            self.attach,
            tuple(resolved),
            tuple(functions),
            tuple(sorted(labels, key=lambda label: label.slot)),
            self.license,
        )
        names: dict[str, Map] = {}
        for each in program.maps:
            if names.setdefault(each.name, each) != each:
                raise ProgramError(f"two different maps are named {each.name}")
        return program

    def _find(self, target: Target, instruction: Instruction) -> Place:
        if target.function is None:
            if target.name in self._functions:
                return self._functions[target.name]
            near = did_you_mean(target.name, self._functions)
            raise UndefinedLabelError(
                f"there is no function {target.name!r}{near or '; begin it with a.function(...)'}",
                instruction.source,
            )
        place = self._labels.get((target.function, target.name))
        if place is None:
            here = [name for function, name in self._labels if function == target.function]
            near = did_you_mean(target.name, here)
            raise UndefinedLabelError(
                f"label {target.name!r} is not defined in {target.function}"
                f"{near or f'; put a.label({target.name!r}) where it should go'}",
                instruction.source,
            )
        # A label after its function's last instruction has nothing to run.
        others = (each for name, each in self._functions.items() if name != target.function)
        if place.index in {len(self._instructions), *(each.index for each in others)}:
            raise UndefinedLabelError(
                f"label {target.name!r} has no instruction after it", place.source
            )
        return place


def number(register: Register) -> int:
    """A register's number. Raises RegisterError for what is none, at the author's line."""
    if not isinstance(register, Register):
        raise RegisterError(
            f"a register is expected here, r0 to r10, not {register!r}", author_line()
        )
    return register.number
