"""An entry of the gallery: a program that the verifier refuses, and the fixed one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tuxscope.asm import Assembler, Map, Program, SourceLine
from tuxscope.asm.errors import CheckError
from tuxscope.asm.instruction import BASIC, NATIVE, SLOT, ByteOrder
from tuxscope.explain.causes import CAUSES

MARK = "# <-"


@dataclass(frozen=True, slots=True)
class Patch:
    """Fields of one instruction to overwrite, as the assembler would not write such bytes."""

    slot: int
    opcode: int | None = None
    dst: int | None = None
    offset: int | None = None
    imm: int | None = None

    def __str__(self) -> str:
        fields = [(name, getattr(self, name)) for name in ("opcode", "dst", "offset", "imm")]
        changes = ", ".join(f"{name} {value:#x}" for name, value in fields if value is not None)
        return f"{changes} in the bytes of slot {self.slot}"

    def apply(self, code: bytes, byteorder: ByteOrder) -> bytes:
        """The code with the fields of the slot replaced."""
        basic, at = BASIC[byteorder], self.slot * SLOT
        opcode, registers, offset, imm = basic.unpack_from(code, at)
        if self.dst is not None:
            little = byteorder == "little"
            registers = registers & 0xF0 | self.dst if little else registers & 15 | self.dst << 4
        new = basic.pack(
            opcode if self.opcode is None else self.opcode,
            registers,
            offset if self.offset is None else self.offset,
            imm if self.imm is None else self.imm,
        )
        return code[:at] + new + code[at + SLOT :]


@dataclass(frozen=True)
class PatchedProgram(Program):
    """A program whose bytes are patched after encoding."""

    patch: Patch | None = None

    def encode(self, fds: Mapping[Map, int] | None = None, byteorder: ByteOrder = NATIVE) -> bytes:
        code = super().encode(fds, byteorder)
        return self.patch.apply(code, byteorder) if self.patch else code


@dataclass(frozen=True)
class Entry:
    """A program that the verifier refuses for one cause.

    Attributes:
        key: of the cause, in ``tuxscope.explain.causes``.
        rejected: assembles a program that the verifier refuses for this cause alone. The line
            at fault ends with ``# <-`` if the verifier's log names it.
        fixed: assembles the same program without the mistake.
        means: what the verifier's message means.
        fix: what to do.
        hint: the hint that ``tuxscope explain`` gives, in calls of the assembler.
        foreseen: the assembler's check that finds it; None if none does.
        unprivileged: whether the verifier rejects it only for users without CAP_PERFMON.
        patch: bytes that the assembler itself would not write; None for none.
    """

    key: str
    rejected: Callable[[], Assembler]
    fixed: Callable[[], Assembler]
    means: str
    fix: str
    hint: str
    foreseen: type[CheckError] | None = None
    unprivileged: bool = False
    patch: Patch | None = None

    @property
    def title(self) -> str:
        return next(each.title for each in CAUSES if each.key == self.key)

    @property
    def culprit(self) -> SourceLine | None:
        """The line marked with ``# <-``; None if there is none."""
        lines, first = inspect.getsourcelines(self.rejected)
        file = inspect.getsourcefile(self.rejected) or ""
        for number, line in enumerate(lines, first):
            if MARK in line:
                return SourceLine(file, number, line.strip())
        return None

    def program(self) -> Program:
        """Assemble the rejected program, with the patch and without the checks."""
        program = self.rejected().program(check=False)
        if not self.patch:
            return program
        fields = {name: getattr(program, name) for name in Program.__dataclass_fields__}
        return PatchedProgram(**fields, patch=self.patch)

    def fixed_program(self) -> Program:
        return self.fixed().program()
