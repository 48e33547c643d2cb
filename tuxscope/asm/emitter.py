"""The assembler's ground floor: what all its methods emit with, at the author's line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.draft import Draft, Target, finished
from tuxscope.asm.errors import AssemblyError, LabelError, OperandError, RegisterError
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import Class, Jump
from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program, StackVariable, check_head
from tuxscope.asm.registers import Register
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import replace
from tuxscope.lean_typing import TYPE_CHECKING, NoReturn, Self
from tuxscope.suggest import did_you_mean

# What other assemblers and C call an instruction, where that is not near to its name here.
ELSEWHERE = {
    "cmp": "jeq", "dec": "sub", "goto": "ja", "inc": "add", "je": "jeq", "jl": "jslt", "jg": "jsgt",
    "jmp": "ja", "jnz": "jne", "jump": "ja", "jz": "jeq", "load": "ldx", "not_": "xor",
    "ret": "exit", "sar": "arsh", "shl": "lsh", "shr": "rsh", "store": "stx",
}  # fmt: skip

_checked_before = False


@contextmanager
def checked_before() -> Iterator[None]:
    """In here ``program()`` checks nothing: the page that is called was checked by our tests.

    Importing the checks and running them takes 2 ms of a start.
    """
    global _checked_before
    before, _checked_before = _checked_before, True
    try:
        yield
    finally:
        _checked_before = before


class Emitter:
    """Collects instructions, each with the author's line, and resolves their targets."""

    def __init__(self, name: str, attach: AttachPoint, license: str = "GPL") -> None:
        check_head(name, attach, license)
        self.name = name
        self.attach = attach
        self.license = license
        self._draft = Draft(name)
        self._stack: list[StackVariable] = []

    if not TYPE_CHECKING:  # a type checker knows the methods

        def __getattr__(self, name: str) -> NoReturn:
            methods = [each for each in dir(type(self)) if not each.startswith("_")]
            hint = "" if name.startswith("_") else did_you_mean(ELSEWHERE.get(name, name), methods)
            if (bare := name.removeprefix("bpf_")) in NAMES:
                hint = f"; did you mean a.call(helper.{bare})?"
            raise AttributeError(f"the assembler has no {name}{hint}", name=name, obj=None)

    def __copy__(self) -> Self:
        """An assembler that goes on by itself from here."""
        from copy import deepcopy

        return deepcopy(self)

    def emit(self, instruction: Instruction) -> None:
        """Append an instruction made by hand. The named methods are there for all of them."""
        source = author_line()
        if not isinstance(instruction, Instruction):
            raise OperandError(f"emit takes an Instruction, not {shown(instruction)}", source)
        try:
            instruction.check_for_linux()
        except AssemblyError as error:
            error.source = source
            raise
        self._draft.append(replace(instruction, source=instruction.source or source))

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
        self._draft.append(made(opcode, dst, src, offset, imm, next_imm, map), target)

    def _emit_all(self, instructions: Iterable[Instruction]) -> None:
        """Append what one call makes of several instructions: all of them, or none."""
        for each in tuple(instructions):
            self._draft.append(each)

    def _jump(self, opcode: int, target: str, dst: int = 0, src: int = 0, imm: int = 0) -> None:
        source = author_line()
        if not isinstance(target, str):
            raise LabelError(f'a jump goes to a label, as in "out", not to {shown(target)}', source)
        # gotol is the one jump that has its distance in the imm.
        field = "imm" if opcode == Jump.JA | Class.JMP32 else "offset"
        waiting = Target(target, self._draft.function, field, source)
        self._emit(opcode, dst, src, imm=imm, target=waiting)

    def label(self, name: str) -> None:
        """Name this place, for jumps of the same function; emits nothing.

        A label that nothing jumps to is fine. Raises DuplicateLabelError.
        """
        source = author_line()
        if not isinstance(name, str) or not name:
            raise LabelError(f"a label is a name, not {shown(name)}", source)
        self._draft.label(name, source)

    def function(self, name: str, is_global: bool = False) -> None:
        """Begin a function of its own stack and labels, which ``a.call(name)`` calls.

        It takes r1 to r5, returns r0, and must end with exit before the next one begins.

        The verifier follows each call of it. A global function it verifies once, by itself, which
        is quicker for what is called in a loop; that one takes no arguments, and returns a number
        (Linux 5.6, "Function by function verification").
        """
        source = author_line()
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            raise LabelError(f"a function has a name as in C, not {shown(name)}", source)
        self._draft.begin(name, source, bool(is_global))

    def program(self, *, check: bool = True) -> Program:
        """Resolve all labels and maps' names; the assembler can go on and be asked again.

        What the verifier would refuse is refused here, as far as it can be told from the program
        alone; without ``check`` the verifier has the only word.

        Raises UndefinedLabelError, LabelOutOfReachError, ProgramError, a kind of CheckError.
        """
        code = self._draft.code()
        program = finished(code, self.name, self.attach, self.license, tuple(self._stack))
        if check and not _checked_before:
            from tuxscope.asm.checks import check as check_program  # it costs some milliseconds

            check_program(program)
        return program


def made(
    opcode: int,
    dst: int = 0,
    src: int = 0,
    offset: int = 0,
    imm: int = 0,
    next_imm: int = 0,
    map: Map | None = None,
) -> Instruction:
    """An instruction at the author's line. Raises OperandError with that line."""
    source = author_line()
    try:
        instruction = Instruction(opcode, dst, src, offset, imm, next_imm, map, source)
        instruction.check_for_linux()
    except AssemblyError as error:
        error.source = source
        raise
    return instruction


def number(register: Register) -> int:
    """A register's number. Raises RegisterError for what is none, at the author's line."""
    if not isinstance(register, Register):
        from tuxscope.asm.operands import no_register  # who is right need not wait for it

        raise RegisterError(no_register(register), author_line())
    return register.number
