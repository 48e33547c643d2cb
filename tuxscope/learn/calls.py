"""Made-up system calls for graders, each known down to its arguments."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

from tuxscope.run.workload import BUFFER, CALL, CPUS, RETURN
from tuxscope.vm import World

MOST = 4_000_000  # PID_MAX_LIMIT of 64-bit kernels is a little more


@dataclass(frozen=True, slots=True)
class Call:
    """One system call, from its entry to its exit.

    Attributes:
        pid, tid: of the process, and of the thread that makes it.
        comm: the thread's name.
        fd: its first argument.
        data: what the process has at the address that is its second argument; its third is how
            long that is.
        result: what it returns.
        time_ns: when it begins, by ktime_get_ns.
        took_ns: until it ends.
        cpu: where.
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

    def world(self, leaving: bool) -> World:
        """What helpers tell at its entry, or at its exit."""
        return World(
            time_ns=self.time_ns + self.took_ns * leaving,
            pid=self.pid,
            tid=self.tid,
            comm=self.comm.encode(),
            cpu=self.cpu,
            cpus=CPUS,
        )

    def context(self, leaving: bool) -> bytes:
        """The tracepoint's fields, as sys_enter_write or sys_exit_write have them."""
        if leaving:
            return RETURN.pack(0, 0, 0, self.tid, 1, self.result)
        return CALL.pack(0, 0, 0, self.tid, 1, self.fd, BUFFER, len(self.data), 0, 0, 0)


def some_call(dice: random.Random) -> Call:
    """A call of anybody; ``dataclasses.replace`` fixes what has to be so."""
    pid = dice.randrange(2, MOST)
    data = some_text(dice, dice.randrange(1, 60)).encode()
    return Call(
        pid, pid + dice.randrange(1, 50), some_comm(dice), dice.randrange(3, 1000), data,
        len(data), dice.randrange(10**9, 10**15), dice.randrange(1000, 5_000_000),
        dice.randrange(CPUS),
    )  # fmt: skip


def some_text(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(string.ascii_lowercase, k=length))


def some_comm(dice: random.Random) -> str:
    """A process's name: 15 letters at most."""
    return some_text(dice, dice.randrange(4, 16))
