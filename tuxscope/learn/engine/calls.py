"""Synthetic system calls for graders."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from tuxscope.abi.task import SWITCHES
from tuxscope.asm.layout import Layout, RecordedLayout
from tuxscope.files.layout import FILES_6_18, REQUESTS_6_18
from tuxscope.run.synthetic_structs import struct_bytes
from tuxscope.run.workload import BUFFER, CALL, CPUS, RAW_CALL, RAW_RETURN, RETURN
from tuxscope.vm import World

# The simulated kernel: what programs may read of its structs.
TASK = {**SWITCHES, **FILES_6_18["task_struct"]}
LINUX_6_18 = RecordedLayout(fields={}, members={**FILES_6_18, **REQUESTS_6_18, "task_struct": TASK})
PIDS = 4_000_000  # a little less than PID_MAX_LIMIT of 64-bit kernels


@dataclass(frozen=True, slots=True)
class Call:
    """A frozen dataclass: one system call, from its entry to its exit.

    Attributes:
        pid, tid: each an int, IDs of the process and the thread that make the call.
        comm: the thread's name, a str.
        fd: the first argument, an int.
        data: the bytes at the address in the second argument; the third is their length.
        present: whether their page is in memory at the entry; at the exit it is.
        result: an int, the return value.
        time_ns: an int, when it starts, by ktime_get_ns, in nanoseconds.
        took_ns: an int, how long it takes, in nanoseconds.
        cpu: an int, the number of the CPU that it runs on.
        number: an int, that of the system call; only programs on all calls are given it.
        switches: a pair of int, how often the thread was switched out before, voluntarily and not.
        descriptors: a mapping of int to str, the files that are open in the process, as
            SyntheticFiles.table() takes them.
        positions: a pair of int, the position of the file at ``fd``, at the entry and at the exit.
        slept, preempted: each an int, how often it is switched out during the call, voluntarily and
            not.
    """

    pid: int
    tid: int
    comm: str
    fd: int
    data: bytes = field(default=b"hello\n", repr=False)
    result: int = 0
    time_ns: int = 1_000_000_000
    took_ns: int = 1000
    cpu: int = 0
    number: int = 1
    present: bool = True
    switches: tuple[int, int] = (0, 0)
    slept: int = 0
    preempted: int = 0
    descriptors: Mapping[int, str] = field(default_factory=dict)
    positions: tuple[int, int] = (0, 0)

    def memory(self, leaving: bool) -> bytes:
        """Return the bytes of ``data`` that are in the process's memory at the entry, or with
        ``leaving``, a bool, at the exit."""
        return self.data if leaving or self.present else b""

    def world(self, leaving: bool, layout: Layout = LINUX_6_18, table: int = 0) -> World:
        """Return the World, which has what helpers return, at its entry, or with ``leaving``, a
        bool, at its exit; ``layout``, a Layout, has the members of the task. ``table``, an int, is
        the address of the task's ``struct files_struct``; 0 without one."""
        voluntary, involuntary = self.switches
        members = {"nvcsw": voluntary + self.slept * leaving}
        members["nivcsw"] = involuntary + self.preempted * leaving
        if table:
            members["files"] = table
        return World(
            time_ns=self.time_ns + self.took_ns * leaving,
            pid=self.pid,
            tid=self.tid,
            comm=self.comm.encode(),
            task=struct_bytes(layout, "task_struct", members),
            cpu=self.cpu,
            cpus=CPUS,
        )

    def context(self, leaving: bool) -> bytes:
        """Return the context of sys_enter_write, or with ``leaving``, a bool, of sys_exit_write, as
        bytes."""
        if leaving:
            return RETURN.pack(0, 0, 0, self.tid, 1, self.result)
        return CALL.pack(0, 0, 0, self.tid, 1, self.fd, BUFFER, len(self.data), 0, 0, 0)

    def raw_context(self, leaving: bool) -> bytes:
        """Return the context of raw_syscalls:sys_enter, or with ``leaving``, a bool, of
        raw_syscalls:sys_exit, as bytes."""
        if leaving:
            return RAW_RETURN.pack(0, 0, 0, self.tid, self.number, self.result)
        arguments = (self.fd, BUFFER, len(self.data), 0, 0, 0)
        return RAW_CALL.pack(0, 0, 0, self.tid, self.number, *arguments)


def random_call(rng: random.Random) -> Call:
    """Return a Call with values from ``rng``, a random.Random; ``dataclasses.replace`` sets those
    that matter."""
    pid = rng.randrange(2, PIDS)
    data = random_text(rng, rng.randrange(1, 60)).encode()
    return Call(
        pid, pid + rng.randrange(1, 50), random_comm(rng), rng.randrange(3, 1000), data,
        len(data), rng.randrange(10**9, 10**15), rng.randrange(1000, 5_000_000),
        rng.randrange(CPUS),
    )  # fmt: skip


def random_text(rng: random.Random, length: int) -> str:
    """Return a str of ``length`` random letters from ``rng``, a random.Random."""
    return "".join(rng.choices(string.ascii_lowercase, k=length))


def random_comm(rng: random.Random) -> str:
    """Return a random process name from ``rng``, a random.Random: a str of at most 15 letters."""
    return random_text(rng, rng.randrange(4, 16))
