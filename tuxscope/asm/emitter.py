"""The base of the assembler: how its methods emit instructions, with the author's line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.draft import Draft, Target, build_program
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

# Names of instructions in other assemblers and in C, for the hint of an unknown method.
ELSEWHERE = {
    "cmp": "jeq", "dec": "sub", "goto": "ja", "inc": "add", "je": "jeq", "jl": "jslt", "jg": "jsgt",
    "jmp": "ja", "jnz": "jne", "jump": "ja", "jz": "jeq", "load": "ldx", "not_": "xor",
    "ret": "exit", "sar": "arsh", "shl": "lsh", "shr": "rsh", "store": "stx",
}  # fmt: skip

_skip_checks = False


@contextmanager
def without_checks() -> Iterator[None]:
    """Return a context in which ``Assembler.program()`` does not run the checks.

    It is for pages that ship with tuxscope: the tests have checked them. Importing and running the
    checks takes 2 ms at startup.
    """
    global _skip_checks
    before, _skip_checks = _skip_checks, True
    try:
        yield
    finally:
        _skip_checks = before


class Emitter:
    """Base of the assembler: collects instructions and resolves the labels that they jump to.

    Attributes:
        name, license: each a str, of the program.
        attach: the AttachPoint.
    """

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
        """An independent copy: it and this assembler can be extended apart."""
        from copy import deepcopy

        return deepcopy(self)

    def emit(self, instruction: Instruction) -> None:
        """Append ``instruction``, an Instruction that was made with ``Instruction(...)`` or
        decoded.

        Raises OperandError for anything else, and for immediates that Linux rejects.
        """
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
        self._draft.append(new_instruction(opcode, dst, src, offset, imm, next_imm, map), target)

    def _emit_all(self, instructions: Iterable[Instruction]) -> None:
        """Append all instructions of one method call; if making one fails, append none."""
        for each in tuple(instructions):
            self._draft.append(each)

    def _jump(self, opcode: int, target: str, dst: int = 0, src: int = 0, imm: int = 0) -> None:
        source = author_line()
        if not isinstance(target, str):
            raise LabelError(
                f'a jump takes the name of a label, as in "out", not {shown(target)}', source
            )
        # Only gotol has its distance in imm.
        field = "imm" if opcode == Jump.JA | Class.JMP32 else "offset"
        waiting = Target(target, self._draft.function, field, source)
        self._emit(opcode, dst, src, imm=imm, target=waiting)

    def label(self, name: str) -> None:
        """Define label ``name``, a str, before the next instruction, for jumps in this function;
        emits nothing.

        A label without a jump is allowed. Raises DuplicateLabelError, and LabelError for a name
        that is not a str, or is empty.
        """
        source = author_line()
        if not isinstance(name, str) or not name:
            raise LabelError(
                f'a label takes a name, as in a.label("out"), not {shown(name)}', source
            )
        self._draft.label(name, source)

    def function(self, name: str, is_global: bool = False) -> None:
        """Begin function ``name``, a str, which ``a.call(name)`` calls; emits nothing.

        A function has its own stack, labels and r6 to r9. It gets its arguments in r1 to r5,
        returns r0, and must end with exit. Raises DuplicateLabelError for a name that is already
        defined, LabelError for a name that is not a C identifier, ProgramError before the first
        instruction.

        The verifier follows each call of a function. With ``is_global``, a bool, it verifies the
        function once, by itself, which is quicker for a function that is called in a loop; it takes
        no arguments and returns a number (Linux 5.6).
        """
        source = author_line()
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            raise LabelError(
                f'a function takes a C identifier, as in a.function("count"), not {shown(name)}',
                source,
            )
        self._draft.begin(name, source, bool(is_global))

    def program(self, *, check: bool = True) -> Program:
        """Resolve all labels and return the Program; the assembler can be extended afterwards.

        With ``check``, a bool, keyword-only, the checks also look for what the verifier would
        refuse, as far as the program alone shows it. Without, only the verifier checks the program.

        Raises:
            UndefinedLabelError: a jump or call to a name that is not defined.
            LabelOutOfReachError: a jump whose distance does not fit into 16 bits.
            ProgramError: no instructions, or two maps with one name.
            CheckError: the verifier would refuse the program.
        """
        code = self._draft.code()
        program = build_program(code, self.name, self.attach, self.license, tuple(self._stack))
        if check and not _skip_checks:
            from tuxscope.asm.checks import check as check_program  # its import takes 1.4 ms

            check_program(program)
        return program


def new_instruction(
    opcode: int,
    dst: int = 0,
    src: int = 0,
    offset: int = 0,
    imm: int = 0,
    next_imm: int = 0,
    map: Map | None = None,
) -> Instruction:
    """Return an Instruction of ``opcode``, an int, with the author's line.

    ``dst``, ``src``, ``offset``, ``imm``, ``next_imm``, ints of default 0, and ``map``, a Map or
    None, are its fields. Raises OperandError with that line.
    """
    source = author_line()
    try:
        instruction = Instruction(opcode, dst, src, offset, imm, next_imm, map, source)
        instruction.check_for_linux()
    except AssemblyError as error:
        error.source = source
        raise
    return instruction


def number(register: Register) -> int:
    """Return the number of ``register``, a Register: 0 to 10. Raises RegisterError if it is not a
    Register."""
    if not isinstance(register, Register):
        from tuxscope.asm.operands import expected_register  # needed for errors alone

        raise RegisterError(expected_register(register), author_line())
    return register.number
