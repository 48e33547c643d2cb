"""Simulated system calls: who makes them, when, and with which arguments; the same for a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from tuxscope.asm import AttachPoint, Program, Tracepoint
from tuxscope.errors import TuxscopeError
from tuxscope.vm import Machine, World
from tuxscope.vm.memory import Region

# Simulated seconds since the machine started, and from one call to the next on average.
STARTED, PAUSE = 3600.0, 0.05
CPUS = 4
DESCRIPTORS = (1, 1, 1, 2, 3, 5, 8, 9)
# The fields that all tracepoints begin with (include/linux/trace_events.h, struct trace_entry),
# then the number of the system call and its six arguments.
CALL = struct.Struct("=HBBii4x6Q")
# The lower half of a user buffer's address is 0: it is a region of its own.
BUFFER = 0x7FFC_0000_0000


class SimulationError(TuxscopeError):
    """What cannot be simulated."""


@dataclass(frozen=True, slots=True)
class Process:
    """A simulated process.

    Attributes:
        pid: its number; it has one thread.
        comm: its name.
        weight: how often it makes a call, beside the others.
        text: what it writes, over and over.
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


class Event(NamedTuple):
    """One system call as a program on its tracepoint sees it.

    Attributes:
        seconds: since the simulation began.
        world: the task and the time.
        context: the tracepoint's fields.
        buffer: what the process has at ``BUFFER``, the call's second argument.
    """

    seconds: float
    world: World
    context: bytes
    buffer: bytes


def check_process(pid: int | None) -> None:
    """Raises SimulationError where ``pid`` is given and no simulated process."""
    if pid is not None and pid not in {each.pid for each in PROCESSES}:
        known = ", ".join(f"{each.pid} ({each.comm})" for each in PROCESSES)
        raise SimulationError(f"there is no simulated process {pid}; there are {known}")


def system_calls(attach: AttachPoint, seed: int) -> Iterator[Event]:
    """Calls without end. Raises SimulationError for what is no entry of a system call."""
    if not (
        isinstance(attach, Tracepoint)
        and attach.category == "syscalls"
        and attach.name.startswith("sys_enter_")
    ):
        raise SimulationError(f"only the entry of a system call can be simulated, not {attach}")
    return calls(seed)


def calls(seed: int) -> Iterator[Event]:
    """Write-like calls, at random moments, of processes that are more and less busy."""
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
        yield Event(seconds, world, context, text)


def machine_for(program: Program) -> tuple[Machine, Region]:
    """A machine for simulated calls, and the region that holds the caller's buffer."""
    machine = Machine(program, bytes(CALL.size), world=World(cpus=CPUS))
    buffer = Region("the caller's buffer", bytearray(), user=True)
    machine.memory.add(buffer, BUFFER)
    return machine, buffer


def put(event: Event, buffer: Region) -> None:
    """Make the caller's buffer that of an event."""
    buffer.data[:] = event.buffer
    buffer.frozen = None
