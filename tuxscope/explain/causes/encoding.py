"""Causes that are about an instruction's bytes."""

from __future__ import annotations

from tuxscope.explain.cause import Case, Cause
from tuxscope.explain.places import opcode, undecodable

ENCODING = (
    Cause("unknown-opcode", "Unknown opcode", (
        Case(
            r"(?:unknown|reserved) opcode (?P<opcode>[0-9a-f]+)",
            "no instruction of this kernel has opcode 0x{opcode}",
            "use the assembler's methods; one of a newer kernel has to be written out with "
            "older ones",
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
            where=opcode,
        ),
        Case(
            r"(?:BPF_\w+|invalid BPF_LD) (?:uses (?:reserved|invalid) \w* ?opcode|mode)|"
            r"uses reserved opcode|invalid BPF_LD|unrecognized bpf_ld_imm64 insn|"
            r"invalid bpf_ld_imm64",
            "this kernel has no such instruction",
            "use the assembler's methods; one of a newer kernel has to be written out with "
            "older ones",
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
        ),
    )),
    Cause("reserved-field", "Reserved field in use", (
        Case(
            r"(?P<what>BPF_\S+) uses (?:reserved|unsupported) fields",
            "a field of this {what} instruction must be 0 on this kernel, and is not",
            "use the assembler's methods; one of a newer kernel has to be written out with "
            "older ones",
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
            where=undecodable,
        ),
    )),
    Cause("invalid-register", "No such register", (
        Case(
            r"R(?P<reg>\d+) is invalid",
            "there is no register {reg}, only r0 to r10",
            "use r0 to r10",
            "use r0 to r10",
            where=undecodable,
        ),
    )),
    Cause("invalid-shift", "Shift out of range", (
        Case(
            r"invalid shift (?P<count>-?\d+)",
            "a shift by {count} bits is out of range: 0 to 63, or 0 to 31 in 32 bits",
            "shift by 0 to 63 bits, 0 to 31 in the methods that end with 32",
            "shift by less than the type's width",
        ),
    )),
    Cause("division-by-zero", "Division by zero", (
        Case(
            r"div by zero",
            "a division by the constant 0",
            "divide by another number",
            "divide by another number",
        ),
    )),
)  # fmt: skip
