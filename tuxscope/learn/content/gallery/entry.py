"""What an entry of the gallery is: a program that the verifier refuses, and the same mended."""

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
    """Bytes that the assembler would not write: what else than its own goes into a slot."""

    slot: int
    opcode: int | None = None
    dst: int | None = None
    offset: int | None = None
    imm: int | None = None

    def __str__(self) -> str:
        fields = [(name, getattr(self, name)) for name in ("opcode", "dst", "offset", "imm")]
        told = ", ".join(f"{name} {value:#x}" for name, value in fields if value is not None)
        return f"{told} in the bytes of slot {self.slot}"

    def apply(self, code: bytes, byteorder: ByteOrder) -> bytes:
        """The code with the slot's fields replaced."""
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
    """A program that becomes other bytes than its instructions say."""

    patch: Patch | None = None

    def encode(self, fds: Mapping[Map, int] | None = None, byteorder: ByteOrder = NATIVE) -> bytes:
        code = super().encode(fds, byteorder)
        return self.patch.apply(code, byteorder) if self.patch else code


@dataclass(frozen=True)
class Entry:
    """One cause.

    Attributes:
        key: of the cause, in ``tuxscope.explain.causes``.
        rejected: writes a program that the verifier refuses for this cause alone; the line that
            it is refused for ends with ``# <-``, where the verifier tells which it is.
        mended: writes the same without the mistake.
        means: what the refusal means.
        mend: what to do about it.
        hint: the one that is expected, in the language of the assembler.
        foreseen: which of the assembler's own checks finds it; None where none can.
        unprivileged: only those without CAP_PERFMON are refused.
        patch: what the assembler itself would not write.
    """

    key: str
    rejected: Callable[[], Assembler]
    mended: Callable[[], Assembler]
    means: str
    mend: str
    hint: str
    foreseen: type[CheckError] | None = None
    unprivileged: bool = False
    patch: Patch | None = None

    @property
    def title(self) -> str:
        return next(each.title for each in CAUSES if each.key == self.key)

    @property
    def culprit(self) -> SourceLine | None:
        """The marked line."""
        lines, first = inspect.getsourcelines(self.rejected)
        file = inspect.getsourcefile(self.rejected) or ""
        for number, line in enumerate(lines, first):
            if MARK in line:
                return SourceLine(file, number, line.strip())
        return None

    def program(self) -> Program:
        """What the kernel is to refuse."""
        program = self.rejected().program(check=False)
        if not self.patch:
            return program
        fields = {name: getattr(program, name) for name in Program.__dataclass_fields__}
        return PatchedProgram(**fields, patch=self.patch)

    def mended_program(self) -> Program:
        return self.mended().program()
