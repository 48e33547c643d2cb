"""Where the kernel keeps the user's registers in a call: members of its ``struct pt_regs``.

The raw tracepoints ``sys_enter`` and ``sys_exit`` hand over a pointer to it, and the number or the
result. At exit the arguments are still there. On arm64 and s390x the register of the first one gets
the result, and the kernel keeps a copy, as in its ``syscall_get_arguments``.

Where a kernel has no BTF, recorded places do: user space sees most of them through ptrace(2), so
they stay.
"""

from __future__ import annotations

from tuxscope.abi.architecture import ARM64, S390X, Architecture
from tuxscope.asm.layout import Layout, Place, RecordedLayout
from tuxscope.lean_dataclasses import dataclass

REGISTER = 8  # bytes


@dataclass(frozen=True, slots=True)
class Registers:
    """A frozen dataclass: the Places of the user's registers in ``struct pt_regs``.

    Attributes:
        number: the Place of the call's number, in its low ``number_bits``, at entry and exit.
        number_bits: an int; the other bits of the integer mean other things.
        arguments: a tuple of six Places, with the values at entry.
        result: the Place of the result at exit; a negative one is an errno.
        stack_pointer: the Place, for 64-bit calls, and 32-bit calls of x86.
    """

    number: Place
    number_bits: int
    arguments: tuple[Place, ...]
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
    """Return the RecordedLayout of the registers of ``architecture``, an Architecture, for use
    without a kernel to ask."""
    places = {
        name: Place(offset, SMALLER.get(name, REGISTER))
        for name, offset in RECORDED[architecture.machine].items()
    }
    return RecordedLayout(fields={}, members={"pt_regs": places})


def place(layout: Layout, architecture: Architecture, member: str) -> Place:
    """Return the Place of ``member``, a name in ``struct pt_regs`` of ``architecture``, an
    Architecture, in ``layout``, a Layout. Raises TuxscopeError if the kernel has no such member."""
    asked = layout if layout.has_structs else recorded(architecture)
    return asked.member("pt_regs", member)


def registers(layout: Layout, architecture: Architecture, compat: bool = False) -> Registers:
    """Return the Registers of ``architecture``, an Architecture, in ``layout``, a Layout: of 32-bit
    calls if ``compat``, a bool, else of 64-bit ones. Raises TuxscopeError if a register is
    missing."""

    def at(name: str) -> Place:
        return place(layout, architecture, name)

    def numbered(array: str, first: int) -> tuple[Place, ...]:
        begin = at(array).offset
        return tuple(Place(begin + REGISTER * (first + i), REGISTER) for i in range(6))

    if architecture is ARM64:
        result, *others = numbered("regs", 0)
        return Registers(at("syscallno"), 32, (at("orig_x0"), *others), result, at("sp"))
    if architecture is S390X:
        result, *others = numbered("gprs", 2)
        stack = Place(at("gprs").offset + REGISTER * 15, REGISTER)
        return Registers(at("int_code"), 16, (at("orig_gpr2"), *others), result, stack)
    in_32_bits, in_64_bits = "bx cx dx si di bp", "di si dx r10 r8 r9"
    arguments = tuple(map(at, (in_32_bits if compat else in_64_bits).split()))
    return Registers(at("orig_ax"), 32, arguments, at("ax"), at("sp"))
