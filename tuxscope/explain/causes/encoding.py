"""Causes that are about an instruction's bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tuxscope.asm.forms import FORMS, V2, V3, V4, Form, Version
from tuxscope.asm.isa import Class, FormKind
from tuxscope.explain.cause import Case, Cause, ErrorContext
from tuxscope.explain.places import opcode, undecodable

UNKNOWN = r"(?:unknown|reserved) opcode (?P<opcode>[0-9a-f]{1,2})\b"
NO_KERNEL = "no instruction of any kernel has opcode 0x{opcode}"
THIS_KERNEL = "no instruction of this kernel has opcode 0x{opcode}"
METHODS = "use the assembler's methods; replace one of a newer kernel by older ones"
CALLX = 0x8D


@cache
def known() -> dict[int, Form]:
    """Return the defined opcodes, a dict of the Form by opcode, that of the oldest kernel that has
    it. Cached."""
    return {each.opcode: each for each in sorted(FORMS, key=lambda form: form.since, reverse=True)}


def number(context: ErrorContext) -> int:
    """Return the opcode in ``context``, an ErrorContext, an int."""
    return int(context.found["opcode"], 16)


def not_relocated(context: ErrorContext) -> bool:
    """Return whether the opcode of ``context``, an ErrorContext, has class LD and is undefined.

    That is a slot that a loader should have relocated, or the second slot of ld_imm64 alone.
    """
    return number(context) & 7 == Class.LD and number(context) not in known()


def function_pointer(context: ErrorContext) -> bool:
    """Return whether the opcode in ``context``, an ErrorContext, is a call of an address in a
    register, as LLVM emits it."""
    return number(context) == CALLX


def since(version: Version) -> Callable[[ErrorContext], bool]:
    """Return a function that takes an ErrorContext and returns whether its opcode is new in
    ``version``, a pair of ints.

    A version is a release of Linux, and clang's -mcpu of that name.
    """

    def is_new(context: ErrorContext) -> bool:
        form = known().get(number(context))
        return form is not None and form.since == version

    return is_new


def of_kind(kind: FormKind) -> Callable[[ErrorContext], bool]:
    """Return a function that takes an ErrorContext and returns whether its opcode is an instruction
    of ``kind``, a FormKind."""

    def matches(context: ErrorContext) -> bool:
        form = known().get(number(context))
        return form is not None and form.kind is kind

    return matches


def of_a_kernel(context: ErrorContext) -> bool:
    """Return whether any kernel defines the opcode in ``context``, an ErrorContext."""
    return number(context) in known()


RELOCATE = (
    "load it with a loader that relocates (libbpf, cilium/ebpf, aya); bcc cannot refer to globals "
    'or to strings: keep them on the stack, as in `char s[] = "...";`'
)
ENCODING = (
    Cause("unresolved-relocation", "Reference that was never relocated", (
        Case(
            UNKNOWN,
            NO_KERNEL + ": a reference was never relocated (a global, .rodata, an external "
            "function)",
            METHODS, RELOCATE,
            not_relocated,
            where=opcode,
        ),
        Case(
            r"(?:[Uu]nrecognized|[Ii]nvalid) (?:bpf_ld_imm64|BPF_LD_IMM64|BPF_LD_IMM) insn|"
            r"BPF_LD_IMM64 uses reserved fields",
            "an ld_imm64 whose fields this kernel does not know: its reference was never "
            "relocated (a global, .rodata, an external function), or is of a kind that only later "
            "kernels have",
            "refer to a map by its description: a.ld_map(r1, MAP)", RELOCATE,
            where=undecodable,
        ),
    )),
    Cause("function-pointer", "Call through a function pointer", (
        Case(
            UNKNOWN,
            "a call through a function pointer, which no kernel has (callx, opcode 0x{opcode})",
            "call a function of the program by its name",
            "call a function by its name, or let the compiler inline it: "
            "`static __always_inline`; choose with a switch",
            function_pointer,
            where=opcode,
        ),
    )),
    Cause("unknown-opcode", "Unknown opcode", (
        Case(
            UNKNOWN, THIS_KERNEL + " (Linux 6.6 has)", METHODS,
            "compile for an older instruction set: -mcpu=v3",
            since(V4), where=opcode,
        ),
        Case(
            UNKNOWN, THIS_KERNEL + " (Linux 5.1 has)", METHODS,
            "compile for an older instruction set: -mcpu=v2",
            since(V3), where=opcode,
        ),
        Case(
            UNKNOWN, THIS_KERNEL + " (Linux 4.14 has)", METHODS,
            "compile for an older instruction set: -mcpu=v1",
            since(V2), where=opcode,
        ),
        Case(
            UNKNOWN, THIS_KERNEL + ": may_goto came with Linux 6.9",
            "bound the loop by a counter instead of a.may_goto",
            "bound the loop by a counter instead of can_loop or cond_break",
            of_kind(FormKind.MAY_GOTO), where=opcode,
        ),
        Case(
            UNKNOWN, THIS_KERNEL + ": gotox, an indirect jump, came with Linux 6.19",
            "compare and jump, case by case",
            "compile without jump tables: -fno-jump-tables",
            of_kind(FormKind.INDIRECT_JUMP), where=opcode,
        ),
        Case(
            UNKNOWN, THIS_KERNEL, METHODS,
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
            of_a_kernel, where=opcode,
        ),
        Case(
            UNKNOWN, NO_KERNEL, METHODS,
            "the bytes there are no code: data, or a reference that was never relocated; load the "
            "object with libbpf, or compile it again",
            where=opcode,
        ),
        Case(
            r"(?:BPF_\w+|invalid BPF_LD) (?:uses (?:reserved|invalid) \w* ?opcode|mode)|"
            r"uses reserved opcode|invalid BPF_LD\b",
            "this kernel has no such instruction", METHODS,
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
        ),
    )),
    Cause("reserved-field", "Reserved field in use", (
        Case(  # what clang makes with -mcpu=v4 or v3 has the opcodes of older instructions
            r"(?P<what>BPF_(?:MOV|ALU|END|XADD|ATOMIC|STX)) uses (?:reserved|unsupported) fields",
            "a field of this {what} instruction must be 0 on this kernel, and is not",
            METHODS,
            "compile for an older instruction set: -mcpu=v3 or -mcpu=v2",
            where=undecodable,
        ),
        Case(
            r"BPF_CALL uses (?:reserved|unsupported) fields",
            "a call of a kind that this kernel does not know, or whose function was never found",
            METHODS,
            "load it with a loader that resolves calls (libbpf, cilium/ebpf, aya); calls of kernel "
            "functions need Linux 5.13, of a module's 5.18",
            where=undecodable,
        ),
        Case(
            r"(?P<what>BPF_\S+) uses (?:reserved|unsupported) fields",
            "a field of this {what} instruction must be 0 on this kernel, and is not",
            METHODS,
            "the bytes there are not from a compiler: a reference that was never relocated, or "
            "hand-made bytecode",
            where=undecodable,
        ),
    )),
    Cause("invalid-register", "No such register", (
        Case(
            r"R(?P<reg>\d+) is invalid",
            "there is no register {reg}: registers are r0 to r10",
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
