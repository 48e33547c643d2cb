"""Where the kernel keeps the user's registers in a call: members of its ``struct pt_regs``.

The raw tracepoints ``sys_enter`` and ``sys_exit`` hand over a pointer to it, and the number or the
result. At exit the arguments are still there, but for the first one on arm64 and s390x: the result
has its register, and the kernel keeps a copy of the argument. Where a kernel has no BTF, recorded
places do: user space sees most of them through ptrace(2), so they stay.
"""

from __future__ import annotations

from tuxscope.abi.architecture import ARM64, S390X, Architecture
from tuxscope.asm.layout import Layout, Place, RecordedLayout
from tuxscope.lean_dataclasses import dataclass

REGISTER = 8  # bytes


@dataclass(frozen=True, slots=True)
class Registers:
    """Places in ``struct pt_regs``.

    Attributes:
        number: of the call, in its low ``number_bits``, at exit, too.
        number_bits: the rest of the integer says other things.
        arguments: the six, at entry.
        arguments_at_exit: the six, as they were at entry.
        result: at exit; a negative one is an errno.
        stack_pointer: of 64-bit calls, and those of x86 in 32 bits.
    """

    number: Place
    number_bits: int
    arguments: tuple[Place, ...]
    arguments_at_exit: tuple[Place, ...]
    result: Place
    stack_pointer: Place


# By machine: the places of all members that are asked for below, in bytes.
RECORDED = {
    "x86_64": {
        "r10": 56, "r9": 64, "r8": 72, "ax": 80, "dx": 96, "si": 104, "di": 112, "orig_ax": 120,
        "sp": 152, "bx": 40, "cx": 88, "bp": 32,
    },
    "aarch64": {"regs": 0, "sp": 248, "pstate": 264, "orig_x0": 272, "syscallno": 280},
    "s390x": {"psw.mask": 8, "gprs": 24, "orig_gpr2": 152, "int_code": 160},
}  # fmt: skip
SMALLER = {"syscallno": 4, "int_code": 4}


def recorded(architecture: Architecture) -> RecordedLayout:
    """An architecture's registers, where no kernel tells."""
    places = {
        name: Place(offset, SMALLER.get(name, REGISTER))
        for name, offset in RECORDED[architecture.machine].items()
    }
    return RecordedLayout(fields={}, members={"pt_regs": places})


def place(layout: Layout, architecture: Architecture, member: str) -> Place:
    """Where a member of ``struct pt_regs`` is. Raises TuxscopeError where the kernel has none."""
    asked = layout if layout.has_structs else recorded(architecture)
    return asked.member("pt_regs", member)


def registers(layout: Layout, architecture: Architecture, compat: bool = False) -> Registers:
    """The places of a kernel; ``compat``: of its 32-bit calls. Raises TuxscopeError."""

    def at(name: str) -> Place:
        return place(layout, architecture, name)

    def numbered(array: str, first: int) -> tuple[Place, ...]:
        begin = at(array).offset
        return tuple(Place(begin + REGISTER * (first + i), REGISTER) for i in range(6))

    if architecture is ARM64:
        arguments = numbered("regs", 0)
        kept = (at("orig_x0"), *arguments[1:])
        return Registers(at("syscallno"), 32, arguments, kept, arguments[0], at("sp"))
    if architecture is S390X:
        arguments = numbered("gprs", 2)
        kept = (at("orig_gpr2"), *arguments[1:])
        stack = Place(at("gprs").offset + REGISTER * 15, REGISTER)
        return Registers(at("int_code"), 16, arguments, kept, arguments[0], stack)
    names = (
        ("bx", "cx", "dx", "si", "di", "bp") if compat else ("di", "si", "dx", "r10", "r8", "r9")
    )
    arguments = tuple(map(at, names))
    return Registers(at("orig_ax"), 32, arguments, arguments, at("ax"), at("sp"))
