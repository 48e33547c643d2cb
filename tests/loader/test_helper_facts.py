"""What the table says of helpers is what this kernel's verifier says.

Programs are made of bare instructions here: an assembler may know the same facts, and refuse what
the kernel is to be asked.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import islice, product

import pytest
from pace import SLOWDOWN

from tuxscope.asm import Hash, Helper, Instruction, PerCpuHash, ProgArray, ProgramType, RingBuf
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.isa import Class, Jump
from tuxscope.asm.signatures import ArgumentKind
from tuxscope.loader import bpf
from tuxscope.loader.bpf_attributes import ProgLoad
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import Record, u32, u64

pytestmark = pytest.mark.kernel

EVERY = [Helper(number, name) for number, name in enumerate(NAMES, 1)]
HAS_NOT = re.compile("unknown func|invalid func|cannot use helper|not allowed in|might sleep")
# expected_attach_type where 0 is none: INET_SOCK_CREATE, INET4_CONNECT, and so on.
ATTACHED = {
    ProgramType.CGROUP_SOCK: 2, ProgramType.CGROUP_SOCK_ADDR: 10, ProgramType.CGROUP_SOCKOPT: 21,
    ProgramType.SK_LOOKUP: 36, ProgramType.SK_REUSEPORT: 39, ProgramType.NETFILTER: 45,
}  # fmt: skip
SLEEPABLE = 1 << 4  # BPF_F_SLEEPABLE: without it there are no syscall programs
# How many a kernel without any of our types' newer helpers still shows: Linux 5.10.
FEWEST = {"numbers": 180, "results": 40}


class Event(Record):
    number = u64


MAPS = (
    Hash("HASH", key=u32, value=u64, max_entries=1),
    RingBuf("RING", Event, max_entries=mmap.PAGESIZE),
    PerCpuHash("PERCPU", key=u32, value=u64, max_entries=1),
    ProgArray("PROGRAMS", max_entries=1),
)
MEMORY = 64  # bytes below r10 that are set, for whatever wants memory
OBJECT = 128  # below that: an address that comes from the kernel
SOCK = 168  # offsetof(struct __sk_buff, sk)


def word(opcode: int, dst: int = 0, src: int = 0, offset: int = 0, imm: int = 0) -> bytes:
    return Instruction(opcode, dst, src, offset, imm).encode()


def mov(dst: int, imm: int) -> bytes:
    return word(0xB7, dst, imm=imm)


def copy(dst: int, src: int) -> bytes:
    return word(0xBF, dst, src)


def call(number: int) -> bytes:
    return word(Jump.CALL | Class.JMP, imm=number)


EXIT = word(Jump.EXIT | Class.JMP)
END = mov(0, 0) + EXIT
# Any number from 0 to 255: a byte of the stack that was set by itself.
UNKNOWN = word(0x72, 10, offset=-200, imm=7) + word(0x71, 8, 10, -200)
START = (
    copy(6, 1) + b"".join(word(0x7A, 10, offset=-at) for at in range(8, MEMORY + 1, 8)) + UNKNOWN
)
# Where an object may come from: r7 = it.
OBJECTS = (
    copy(7, 6),  # the context itself
    word(0x79, 7, 6, SOCK) + word(0x55, 7, offset=2) + END,  # a packet's socket, if it has one
    call(158) + copy(7, 0),  # get_current_task_btf
    # A dynptr of the ring; map 1 is put in.
    b"RING" + mov(2, 8) + mov(3, 0) + copy(4, 10) + word(0x07, 4, imm=-OBJECT) + call(198)
    + copy(7, 10) + word(0x07, 7, imm=-OBJECT),
    # A record of the ring.
    b"RING" + mov(2, 8) + mov(3, 0) + call(131) + word(0x55, 0, offset=2) + END + copy(7, 0),
)  # fmt: skip


def ask(code: bytes, kind: ProgramType) -> str | None:
    """The verifier's log of a program; None where the kernel takes it."""
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 15)
    attributes = ProgLoad(
        prog_type=kind,
        insn_cnt=len(code) // 8,
        insns=bpf.address(instructions),
        license=bpf.address(licence),
        log_level=1,
        log_size=len(log),
        log_buf=bpf.address(log),
        prog_flags=SLEEPABLE if kind is ProgramType.SYSCALL else 0,
        expected_attach_type=ATTACHED.get(kind, 0),
    )
    try:
        bpf.prog_load(attributes).close()
    except OSError:
        return log.value.decode()
    return None


@cache
def takes(kind: ProgramType) -> bool:
    """Whether this kernel takes programs of a type from us at all."""
    return ask(END, kind) is None


def callers(helper: Helper) -> Iterator[ProgramType]:
    """The types of programs that this kernel lets call a helper; some, where it is emulated."""
    every = (
        kind
        for kind in sorted(helper.program_types)
        if takes(kind) and not HAS_NOT.search(ask(call(helper.number) + EXIT, kind) or "")
    )
    return islice(every, None if SLOWDOWN == 1 else 2)


def argument(register: int, kind: ArgumentKind, map_fd: int) -> bytes:
    """Instructions that set a register to what a kind asks for."""
    match kind:
        case ArgumentKind.CONTEXT:
            return copy(register, 6)
        case ArgumentKind.MAP:
            return Instruction(0x18, register, 1, 0, map_fd).encode()
        case (
            ArgumentKind.KEY
            | ArgumentKind.VALUE
            | ArgumentKind.MEMORY
            | ArgumentKind.STRUCT
            | ArgumentKind.STACK
        ):
            return copy(register, 10) + word(0x07, register, imm=-MEMORY)
        case ArgumentKind.OBJECT | ArgumentKind.RECORD:
            return copy(register, 7)
        case ArgumentKind.SIZE:
            return mov(register, 8)
        case _:
            return mov(register, 0)


def calls(helper: Helper, count: int, fds: Sequence[int], last: bytes = b"") -> Iterator[bytes]:
    """Programs up to a call whose first ``count`` arguments may be right."""
    kinds = [each.kind for each in helper.parameters[:count]]
    objects = OBJECTS if {ArgumentKind.OBJECT, ArgumentKind.RECORD} & set(kinds) else (b"",)
    maps = fds if ArgumentKind.MAP in kinds else fds[:1]
    ring = Instruction(0x18, 1, 1, 0, fds[1]).encode()
    for made, map_fd in product(objects, maps):
        given = (argument(at, kind, map_fd) for at, kind in enumerate(kinds, 1))
        before = ring + made[4:] if made.startswith(b"RING") else made
        yield START + before + b"".join(given) + last + call(helper.number)


@pytest.fixture
def fds() -> Iterator[list[int]]:
    with ExitStack() as stack:
        yield [stack.enter_context(LoadedMap(each)).fileno() for each in MAPS]


def test_a_plain_number_is_refused_where_a_pointer_must_be(fds: list[int]) -> None:
    shown, accepted = set(), []
    for helper in EVERY:
        for kind in callers(helper):
            for at, parameter in enumerate(helper.parameters, 1):
                if not parameter.kind.is_pointer:
                    continue
                for number in (copy(at, 8), *([] if parameter.nullable else [mov(at, 0)])):
                    for code in calls(helper, at - 1, fds[:2], last=number):
                        log = ask(code + END, kind)
                        if log is None:
                            accepted.append((helper.name, parameter.name, kind.name))
                        elif re.search(rf"\bR{at} type=\w+ expected=", log):
                            shown.add((helper.name, parameter.name))
                            break  # what is before it was right
    assert not accepted
    assert len(shown) >= FEWEST["numbers"]


def test_results_are_unset_or_may_be_null_where_the_table_says_so(fds: list[int]) -> None:
    shown, wrong = set(), []
    for helper in EVERY:
        for kind in callers(helper):
            for code in calls(helper, len(helper.parameters), fds):
                log = ask(code + copy(1, 0) + END, kind)
                unset = log is not None and "R0 !read_ok" in log
                if log is None or unset:
                    shown.add((helper.name, "void"))
                    if unset != helper.void:
                        wrong.append((helper.name, kind.name, log))
                if not helper.returns.endswith("*"):
                    continue
                log = ask(code + word(0x71, 1, 0) + END, kind)
                if log and "R0 invalid mem access" in log:
                    shown.add((helper.name, "null"))
                    if ("_or_null" in log) != helper.nullable:
                        wrong.append((helper.name, kind.name, log))
    assert not wrong
    assert len(shown) >= FEWEST["results"]
