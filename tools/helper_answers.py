"""Asks the running kernel who may call which helper: ``make helper-answers`` (as root).

The header says neither which helpers are for GPL-compatible programs only nor which types of
programs have them. The verifier does, before it looks at a helper's arguments: it refuses a call
from a type that has it not ("unknown func", since Linux 6.13 "program of this type cannot use
helper"), from another licence ("cannot call GPL-restricted function"), and from programs that the
helper is not for ("not allowed in", "might sleep"); check_helper_call in kernel/bpf/verifier.c has
the order. So for each type and each helper a program of one call is loaded, under two licences;
whatever else is said of it, it may call.

Programs that are loaded for a target (tracing, lsm, ext, struct_ops) are not asked; neither are
types that this kernel was built without. They are then in no line of the answer.

The answer is printed: a line for each helper that some program may call, with its name, ``gpl`` or
``any``, and the types. Put it into ``tools/helper_answers/``, named for the kernel's series, and
``make helpers`` merges it with the others. In a guest of ``make kernels``, where there are only
tests, a copy of this file below tests/ and a test that prints ``"\n".join(lines())`` do it for
once; the answer is then in the guest's console.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from enum import Enum

from tuxscope.asm import Instruction, ProgramType
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.isa import Class, Jump
from tuxscope.loader import bpf
from tuxscope.loader.bpf_attributes import ProgLoad

SLEEPABLE = 1 << 4  # BPF_F_SLEEPABLE
# What a type's helpers may depend on: its expected_attach_type (enum bpf_attach_type), where any
# is asked for or makes a difference. The kernel refuses those that it does not know.
ATTACHED = {
    ProgramType.KPROBE: (0, 42, 48, 56, 57),  # one, or many at once
    ProgramType.CGROUP_SKB: (0, 1),
    ProgramType.CGROUP_SOCK: (2, 12, 13, 34),
    ProgramType.CGROUP_SOCK_ADDR: (*range(8, 12), 14, 15, 19, 20, *range(29, 33), *range(49, 54)),
    ProgramType.CGROUP_SOCKOPT: (21, 22),
    ProgramType.SK_LOOKUP: (36,),
    ProgramType.SK_REUSEPORT: (39, 40, 0),
    ProgramType.NETFILTER: (45,),
}
REFUSALS = (
    "unknown func", "invalid func", "cannot use helper", "GPL-restricted", "not allowed in",
    "might sleep",
)  # fmt: skip
LICENCES = ("GPL", "Proprietary")
NOTHING = Instruction(opcode=0xB7).encode()  # r0 = 0
EXIT = Instruction(opcode=Jump.EXIT | Class.JMP).encode()


class Answer(Enum):
    """An enum: whether the kernel accepts a call. Members: NO = "no", GPL = "gpl", from
    GPL-compatible programs only, ANY = "any"."""

    NO = "no"
    GPL = "gpl"
    ANY = "any"


def load(code: bytes, kind: ProgramType, attached: int, flags: int, licence: str) -> str | None:
    """Load ``code``, bytes, as a program of type ``kind``, a ProgramType; return the verifier's
    log, a str, or None if the kernel accepts it.

    ``attached`` is the expected attach type and ``flags`` are those of BPF_PROG_LOAD, both int;
    ``licence`` is a str.
    """
    instructions = ctypes.create_string_buffer(code, len(code))
    words = ctypes.create_string_buffer(licence.encode())
    log = ctypes.create_string_buffer(1 << 14)
    attributes = ProgLoad(
        prog_type=kind,
        insn_cnt=len(code) // 8,
        insns=bpf.address(instructions),
        license=bpf.address(words),
        log_level=1,
        log_size=len(log),
        log_buf=bpf.address(log),
        kern_version=0,
        prog_flags=flags,
        expected_attach_type=attached,
    )
    try:
        bpf.prog_load(attributes).close()
    except OSError:
        return log.value.decode()
    return None


def ways(kind: ProgramType) -> list[tuple[int, int]]:
    """Return the attach types and flags with which the kernel accepts programs of type ``kind``, a
    ProgramType, as a list of pairs of int."""
    return [
        (attached, flags)
        for attached in ATTACHED.get(kind, (0,))
        for flags in (0, SLEEPABLE)
        if load(NOTHING + EXIT, kind, attached, flags, "GPL") is None
    ]


def ask(number: int, kind: ProgramType, attached: int, flags: int) -> Answer:
    """Return the Answer of the kernel to a call of the helper with ``number``, an int, by a program
    of type ``kind``, a ProgramType, with attach type ``attached`` and ``flags``, both int."""
    code = Instruction(opcode=Jump.CALL | Class.JMP, imm=number).encode() + EXIT
    for licence, answer in zip(LICENCES[::-1], (Answer.ANY, Answer.GPL), strict=True):
        log = load(code, kind, attached, flags, licence)
        if log is None or not any(refusal in log for refusal in REFUSALS):
            return answer
        if "GPL-restricted" not in log:
            return Answer.NO
    return Answer.NO


def lines() -> Iterator[str]:
    """The answer's lines."""
    yield f"# Linux {os.uname().release} {os.uname().machine}; tools/helper_answers.py wrote this"
    every = [(kind, *way) for kind in ProgramType for way in ways(kind)]
    for number, name in enumerate(NAMES, 1):
        heard = [(each[0], ask(number, *each)) for each in every]
        may = dict.fromkeys(kind.name.lower() for kind, answer in heard if answer != Answer.NO)
        if may:
            free = any(answer == Answer.ANY for _, answer in heard)
            yield f"{name}\t{'any' if free else 'gpl'}\t{' '.join(may)}"


if __name__ == "__main__":
    print(*lines(), sep="\n", file=sys.stdout)
