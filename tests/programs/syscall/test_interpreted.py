"""The kernel and the interpreter: the same programs send the same for the same call."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import names, numbers
from tuxscope.asm import Program
from tuxscope.calls.decoding import DATA, head_of
from tuxscope.calls.events import EVENTS, PLANS, CallEvent, CallHead
from tuxscope.calls.filters import EVERYTHING
from tuxscope.calls.reads import ReadKind
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.readers import reader_of
from tuxscope.programs.syscall.arguments.declarations import declaration
from tuxscope.programs.syscall.decoding import parts
from tuxscope.programs.syscall.plans import plans
from tuxscope.programs.syscall.stream import page
from tuxscope.programs.syscall.synthetic_calls import layout_for
from tuxscope.run.identity import pid_namespace
from tuxscope.run.synthetic_structs import register_bytes
from tuxscope.run.workload import (
    CPUS,
    REGISTERS,
    WITH_REGISTERS,
    SystemCallEvent,
    machine_for,
    prepare,
)
from tuxscope.vm import Sent, World
from tuxscope.vm.maps import Values, VirtualRingBuf
from tuxscope.vm.memory import Region

CALLING = Path(__file__).with_name("calling.py")
ARCHITECTURE = this_architecture()
NAMES, NUMBERS = names(ARCHITECTURE.native), numbers(ARCHITECTURE.native)
# Of the memory; behind it there is none.
ADDRESS, SIZE = 0x3000_0000_0000, 8192
CALLS = 300
STRING_SIZE = 32
M64 = (1 << 64) - 1
AT_FDCWD = -100 & M64

# A call, what it has returned, and what was in memory before and after it.
Made = tuple[int, list[int], int, bytes, bytes]
# A record: what it tells, the call, its arguments, and the parts but for those of files.
Told = tuple[int, str, list[int], dict[Any, Any]]


def calls(dice: random.Random) -> Iterator[tuple[int, list[Any], str]]:
    """Yield calls that change nothing but memory, with any addresses and any lengths."""

    def at() -> int:
        kind = dice.randrange(8)
        if kind == 0:
            return dice.choice((0, ADDRESS + SIZE, ADDRESS - 1, 1 << 63, M64, 8))
        if kind == 1:
            return ADDRESS + SIZE - dice.randrange(1, 64)
        return ADDRESS + 8 * dice.randrange(SIZE // 8)

    def size() -> int:
        return dice.choice((0, 1, 7, 31, 32, 33, 4095, 4096, 5000, 1 << 31, 1 << 40))

    def few() -> int:
        return dice.choice((0, 1, 2, 3, 9))

    none = -1 & M64
    for _ in range(CALLS):
        name, *arguments = dice.choice(
            [
                ("openat", AT_FDCWD, at(), 0),
                ("write", none, at(), size()),
                ("read", "pipe", at(), dice.randrange(40)),
                ("read", none, at(), size()),
                ("writev", none, at(), few()),
                ("preadv", none, at(), few(), 0, 0),
                ("execve", at(), at(), at()),
                ("connect", none, at(), size()),
                ("sendto", none, at(), size(), 0, at(), few()),
                ("sendmsg", none, at(), 0),
                ("readlinkat", AT_FDCWD, at(), at(), size()),
                ("getcwd", at(), size()),
                ("statx", AT_FDCWD, at(), 0, 0xFFF, at()),
                ("setsockopt", none, 1, few(), at(), size()),
                ("getsockopt", none, 1, few(), at(), at()),
                ("rt_sigprocmask", 77, at(), at(), 8),
                ("clock_nanosleep", 77, 0, at(), at()),
                ("pselect6", few() * 20, at(), at(), at(), at(), 1),
                ("prlimit64", none, 3, at(), at()),
            ]
        )
        words = [dice.choice((at(), size(), few())) for _ in range(SIZE // 8)]
        memory = bytearray(b"".join(each.to_bytes(8, sys.byteorder) for each in words))
        for _ in range(dice.randrange(200)):
            text = b"/nowhere" + dice.randbytes(dice.randrange(300)).replace(b"\0", b"n")
            start = dice.randrange(SIZE)
            memory[start : start + len(text) + 1] = text + bytes(dice.randrange(2))
        data = bytes(memory[:SIZE].ljust(SIZE, b"x"))
        yield NUMBERS[name], [*arguments, *[0] * (6 - len(arguments))], data.hex()


def by_the_kernel(asked: Sequence[tuple[int, list[Any], str]]) -> tuple[list[Made], list[Told]]:
    """Let a process make the calls; return them, and what the programs in the kernel sent."""
    child = subprocess.Popen(
        [sys.executable, "-S", str(CALLING)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        programs = page(EVERYTHING, ARCHITECTURE).program(
            pid=child.pid, namespace=pid_namespace(), layout=RunningKernelLayout()
        )
        assert isinstance(programs, tuple)
        with Collection(programs) as loaded:
            for index, plan in plans(ARCHITECTURE, STRING_SIZE, True):
                loaded.maps[PLANS].update(index, plan)
            with Link(loaded):
                output, _ = child.communicate(json.dumps((ADDRESS, SIZE, asked)) + "\n", LIMIT)
            with reader_of(loaded.maps, EVENTS, None, None) as reader:
                sent = [data for columns in reader.batches(final=True) for data in columns[DATA]]
    finally:
        child.kill()
        child.wait(LIMIT)
    made = [
        (number, values, result, bytes.fromhex(before), bytes.fromhex(after))
        for (number, _, before), (result, values, after) in zip(
            asked, json.loads(output), strict=True
        )
    ]
    all_told = [told(each) for each in sent]
    first, last = [at for at, each in enumerate(all_told) if each[1] == "personality"]
    names_asked = {NAMES[number] for number, *_ in asked}  # Python makes others, for its memory
    return made, [each for each in all_told[first + 1 : last] if each[1] in names_asked]


def by_the_interpreter(made: Sequence[Made]) -> list[Told]:
    """Return what the same programs send for these calls in the interpreter."""
    programs = page(EVERYTHING, ARCHITECTURE).program(layout=layout_for(ARCHITECTURE))
    assert isinstance(programs, tuple)
    enter, leave = programs[:2]
    machine, _ = machine_for(programs)
    memory = Region("the process's memory", bytearray(), user=True)
    machine.memory.add(memory, ADDRESS)
    known, ring = machine.maps[PLANS], machine.maps[EVENTS]
    assert isinstance(known, Values)
    assert isinstance(ring, VirtualRingBuf)
    for index, plan in plans(ARCHITECTURE, STRING_SIZE, True):
        known.update(index, plan)
    world, found = World(cpus=CPUS), []

    def run(program: Program, number: int, data: bytes, registers: bytes) -> None:
        context = WITH_REGISTERS.pack(REGISTERS, number)
        prepare(machine, SystemCallEvent(program, 0.0, world, context, data, registers), memory)
        machine.run(context=context, world=world)

    for number, arguments, result, before, after in made:
        run(enter, number, before, register_bytes(number, arguments, None, ARCHITECTURE))
        run(leave, result, after, register_bytes(number, arguments, result, ARCHITECTURE))
        for each in machine.output:
            assert isinstance(each, Sent)
            found.append(told(CallEvent.unpack(each.data).data))
        machine.output.clear()
        ring.read()
    return found


def told(data: bytes) -> Told:
    """Return what a record tells, but for who and when."""
    head = head_of(bytes(data))
    declared = declaration(NAMES[head.nr])
    files = {
        each.key for each in declared.plan if each.read.what in (ReadKind.FILE, ReadKind.FILES)
    }
    read = parts(declared, bytes(data)[CallHead.size :])
    values = [*head.arguments, *([head.result] if head.what == 0 else [])]
    kept = {key: value for key, value in read.items() if key not in files}
    return head.what, NAMES[head.nr], values, kept


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("seed", range(3))
def test_a_call_has_the_same_record_in_both(seed: int) -> None:
    dice = random.Random(seed)
    made, live = by_the_kernel(list(calls(dice)))
    interpreted = by_the_interpreter(made)
    assert len(live) == len(interpreted) > CALLS
    for one, other in zip(live, interpreted, strict=True):
        assert one == other
    statuses = {part.status for *_, read in live for found in read.values() for part in found}
    assert len(statuses) == 3  # whole, cut, and not readable
