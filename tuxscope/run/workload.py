"""Generates synthetic system calls of simulated processes; the same ones for the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from errno import EACCES, ENOENT
from itertools import accumulate
from typing import NamedTuple

from tuxscope.abi.architecture import X86_64
from tuxscope.abi.names import numbers
from tuxscope.abi.native import native_numbers
from tuxscope.abi.task import LINUX_6_18
from tuxscope.asm import Program, RawTracepoint, Tracepoint
from tuxscope.errors import TuxscopeError
from tuxscope.run.synthetic_structs import register_bytes, struct_bytes
from tuxscope.vm import Machine, World
from tuxscope.vm.memory import Region

# Simulated seconds since the machine started, and from one call to the next on average.
STARTED, PAUSE = 3600.0, 0.05
CPUS = 4
DESCRIPTORS = (1, 1, 1, 2, 3, 5, 8, 9)
# The fields that all tracepoints begin with (include/linux/trace_events.h, struct trace_entry),
# then the number of the system call and its six arguments.
CALL = struct.Struct("=HBBii4x6Q")
# At the exit, the return value is in place of the arguments.
RETURN = struct.Struct("=HBBii4xq40x")
# The same of the tracepoints of all calls, raw_syscalls: the number has 64 bits.
RAW_CALL = struct.Struct("=HBBiq6Q")
RAW_RETURN = struct.Struct("=HBBiqq40x")
# Of the raw tracepoints: the address of the caller's registers, and the number or the result.
WITH_REGISTERS = struct.Struct("=Qq")
LONGEST_CALL = 5_000_000  # nanoseconds
SLEEPS = 4_000_000  # nanoseconds from which on a call has slept
ENTER, EXIT = "sys_enter_", "sys_exit_"
RAW_NAMES = (ENTER[:-1], EXIT[:-1])
ALL_CALLS = tuple(("raw_syscalls", name) for name in RAW_NAMES)
ANY_CALL = ""  # what a program on all calls is attached to
USUAL = ("close", "futex", "openat", "read", "read", "write", "write", "write")
# What openat opens, the errors that it returns, and how often: one call in eight.
PATHS = (b"/etc/hosts\0", b"/etc/passwd\0", b"/root/.netrc\0", b"/usr/lib/locale/C.utf8/LC_TIME\0")
ERRORS = (ENOENT, ENOENT, EACCES)
SELDOM = 8
# The lower half of a user buffer's address is 0: it is a region of its own.
BUFFER = 0x7FFC_0000_0000
# Between the regions that the interpreter makes and its stacks: the caller's registers.
REGISTERS = 0xFFFF_C880_0000_0000


class SimulationError(TuxscopeError):
    """An error, a TuxscopeError: a program or a process that cannot be simulated."""


@dataclass(frozen=True, slots=True)
class Process:
    """A frozen dataclass: a simulated process.

    Attributes:
        pid: an int, its number; it has one thread.
        comm: a str, its name.
        weight: an int, how often it makes a call, relative to the others.
        text: bytes, what it writes.
    """

    pid: int
    comm: str
    weight: int
    text: bytes


PROCESSES = (
    Process(1, "systemd", 1, b"<30>systemd[1]: Started Daily apt upgrade.\n"),
    Process(412, "systemd-journal", 3, b"MESSAGE=session opened for user root\n"),
    Process(733, "sshd", 6, b"\x17\x03\x03\x00\x58 ciphertext"),
    Process(901, "nginx", 8, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"),
    Process(1187, "postgres", 5, b"C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"),
    Process(1520, "bash", 4, b"\x1b[01;32mada@tux\x1b[00m:~$ "),
    Process(1842, "cat", 4, b"The quick brown fox jumps over the lazy dog.\n"),
    Process(2077, "make", 2, b"cc -O2 -c hello.c\n"),
)


class SystemCallEvent(NamedTuple):
    """A NamedTuple: one system call as a program on one of its tracepoints sees it.

    Attributes:
        program: the Program to run on it.
        seconds: since the simulation started, a float.
        world: the World: the task and the time.
        context: the tracepoint's fields, as bytes.
        buffer: the bytes that the process has in memory at ``BUFFER``, the call's second argument.
        registers: its ``struct pt_regs``, at ``REGISTERS``, as bytes; empty where no program gets
            that address.
    """

    program: Program
    seconds: float
    world: World
    context: bytes
    buffer: bytes
    registers: bytes = b""


def check_process(pid: int) -> None:
    """Raise SimulationError if ``pid``, an int, is not a simulated process."""
    if pid not in {each.pid for each in PROCESSES}:
        known = ", ".join(f"{each.pid} ({each.comm})" for each in PROCESSES)
        raise SimulationError(f"there is no simulated process {pid}; there are {known}")


def system_calls(programs: Sequence[Program], seed: int) -> Iterator[SystemCallEvent]:
    """Yield endless SystemCallEvents for ``programs``, a sequence of Program, on the entry or the
    exit of system calls.

    They are the same ones for the same ``seed``, an integer. Raises SimulationError for a program
    on any other attach point.
    """
    by_call: dict[str, list[Program]] = {}
    for program in programs:
        by_call.setdefault(call_of(program), []).append(program)
    return events(by_call, seed)


def call_of(program: Program) -> str:
    """Return the name, a str, of the system call whose entry or exit ``program`` is attached to.

    ``ANY_CALL`` for all calls.

    Raises SimulationError.
    """
    attach = program.attach
    if traces_all_calls(program) or takes_registers(program):
        return ANY_CALL
    if isinstance(attach, Tracepoint) and attach.category == "syscalls":
        for prefix in (ENTER, EXIT):
            if attach.name.startswith(prefix):
                return attach.name.removeprefix(prefix)
    raise SimulationError(f"only system calls can be simulated, not {attach}")


def is_on_entry(program: Program) -> bool:
    """Return whether ``program`` is attached to the entry of a system call."""
    attach = program.attach
    return isinstance(attach, Tracepoint | RawTracepoint) and attach.name.startswith(ENTER[:-1])


def is_on_exit(program: Program) -> bool:
    """Return whether ``program`` is attached to the exit of a system call."""
    attach = program.attach
    return isinstance(attach, Tracepoint | RawTracepoint) and attach.name.startswith(EXIT[:-1])


def traces_all_calls(program: Program) -> bool:
    """Return whether ``program`` is attached to a tracepoint that every system call passes."""
    attach = program.attach
    return isinstance(attach, Tracepoint) and (attach.category, attach.name) in ALL_CALLS


def takes_registers(program: Program) -> bool:
    """Return whether ``program`` is attached to a raw tracepoint of all system calls, which hands
    over the address of the caller's registers."""
    return isinstance(program.attach, RawTracepoint) and program.attach.name in RAW_NAMES


def events(by_call: dict[str, list[Program]], seed: int) -> Iterator[SystemCallEvent]:
    """Yield SystemCallEvents, synthetic calls: one for each program on the system call.

    ``by_call`` is a dict of lists of Program by system call, a str; ``seed``, an int, is as in
    system_calls().
    """
    to_all = by_call.get(ANY_CALL, [])
    names = sorted(by_call.keys() - {ANY_CALL}) or USUAL
    known = native_numbers()
    recorded = numbers(X86_64.native)  # of the registers, as recorded layouts have them
    for seconds, world, context, text in calls(seed):
        dice = random.Random(world.seed)
        took = dice.randrange(LONGEST_CALL)
        later = replace(world, time_ns=world.time_ns + took)
        _, _, _, pid, nr, *arguments = CALL.unpack(context)
        result = arguments[2]
        name = dice.choice(names)
        before, after = text, text
        if name == "openat":
            before, after, result = opened(dice, result)
        switches = dice.randrange(1, 1000)
        world = replace(world, task=task_of(switches, 0))
        later = replace(later, task=task_of(switches + (took >= SLEEPS), 0))
        for program in (*by_call.get(name, ()), *to_all):
            entry, leave = context, RETURN.pack(0, 0, 0, pid, nr, result)
            if program in to_all:
                number = known.get(name, nr)
                entry = RAW_CALL.pack(0, 0, 0, pid, number, *arguments)
                leave = RAW_RETURN.pack(0, 0, 0, pid, number, result)
            registers = b""
            if takes_registers(program):
                number = recorded[name]
                returned = None if is_on_entry(program) else result
                registers = register_bytes(number, arguments, returned)
                entry = WITH_REGISTERS.pack(REGISTERS, number)
                leave = WITH_REGISTERS.pack(REGISTERS, result)
            if is_on_entry(program):
                yield SystemCallEvent(program, seconds, world, entry, before, registers)
            else:
                yield SystemCallEvent(program, seconds, later, leave, after, registers)


def opened(dice: random.Random, descriptor: int) -> tuple[bytes, bytes, int]:
    """Return a triple: the memory at an openat's path at the entry and at the exit, bytes each, and
    the result, an int: ``descriptor`` or an error. ``dice``, a random.Random, chooses them; seldom
    the path is not in memory at the entry."""
    path = dice.choice(PATHS)
    absent, fails = dice.randrange(SELDOM) == 0, dice.randrange(SELDOM) == 0
    return b"" if absent else path, path, -dice.choice(ERRORS) if fails else descriptor


def task_of(voluntary: int, involuntary: int) -> bytes:
    """Return the bytes of a ``struct task_struct`` with ``voluntary`` and ``involuntary`` context
    switches."""
    counts = {"nvcsw": voluntary, "nivcsw": involuntary}
    return struct_bytes(LINUX_6_18, "task_struct", counts)


def calls(seed: int) -> Iterator[tuple[float, World, bytes, bytes]]:
    """Yield endless write()-like calls at random times; ``seed``, an int, is as in system_calls().

    Each is a tuple: seconds since the start, a float; the World (task and time); the context of the
    entry, and the caller's buffer, both bytes.
    """
    dice = random.Random(seed)
    names = {each.pid: each.comm.encode() for each in PROCESSES}
    often = list(accumulate(each.weight for each in PROCESSES))
    seconds = 0.0
    while True:
        seconds += dice.expovariate(1 / PAUSE)
        (process,) = dice.choices(PROCESSES, cum_weights=often)
        pid, text = process.pid, process.text
        bits = dice.getrandbits(63)
        world = World(
            time_ns=round((STARTED + seconds) * 1e9),
            pid=pid,
            tid=pid,
            comm=names[pid],
            cpu=bits % CPUS,
            cpus=CPUS,
            seed=bits,
        )
        descriptor, size = DESCRIPTORS[bits >> 8 & 7], 1 + (bits >> 16) % len(text)
        context = CALL.pack(0, 0, 0, pid, 1, descriptor, BUFFER, size, 0, 0, 0)
        yield seconds, world, context, text


def machine_for(programs: Sequence[Program]) -> tuple[Machine, Region]:
    """Return a pair: a Machine for simulated calls with the maps of ``programs``, a sequence of
    Program, and the caller's buffer.

    The buffer is a Region.
    """
    machine = Machine(programs[0], bytes(CALL.size), world=World(cpus=CPUS))
    for each in programs[1:]:
        machine.create_maps(each)
    buffer = Region("the caller's buffer", bytearray(), user=True)
    machine.memory.add(buffer, BUFFER)
    registers = Region("the caller's registers", bytearray(), writable=False)
    machine.memory.add(registers, REGISTERS)
    return machine, buffer


def prepare(machine: Machine, event: SystemCallEvent, buffer: Region) -> None:
    """Set ``machine``, a Machine, up for ``event``, a SystemCallEvent: its program, and the
    caller's ``buffer``, a Region."""
    if machine.program is not event.program:
        machine.select(event.program)
    registers, _ = machine.memory.find(REGISTERS, 0)
    for region, data in ((buffer, event.buffer), (registers, event.registers)):
        region.data[:] = data
        region.frozen = None
