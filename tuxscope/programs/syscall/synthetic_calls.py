"""Synthetic system calls, of any kind, for ``tuxscope syscall --simulate``.

Each of the simulated processes of run/workload.py makes the calls that its kind of program makes,
at random times: the same ones for the same seed.
"""

from __future__ import annotations

import heapq
import random
import signal
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from errno import ECHILD, ECONNREFUSED, ENOENT
from operator import attrgetter

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import numbers
from tuxscope.abi.registers import recorded
from tuxscope.asm import Program, RawTracepoint
from tuxscope.asm.layout import Layout, RecordedLayout
from tuxscope.calls.layout import LINUX_6_18
from tuxscope.programs.syscall.synthetic_files import SyntheticFiles
from tuxscope.run.synthetic_structs import register_bytes, struct_bytes
from tuxscope.run.workload import (
    BUFFER,
    CPUS,
    PROCESSES,
    REGISTERS,
    SELDOM,
    STARTED,
    WITH_REGISTERS,
    Process,
    SystemCallEvent,
)
from tuxscope.vm import World

DEEDS_A_SECOND = 0.6  # of a process, for each unit of its weight
FIRST_USER = 1000
LAST_OF_ROOT = 1000  # processes with a smaller number are root's
AT_FDCWD = -100
O_RDONLY_CLOEXEC = 0o2000000
SHORT, LONG = (1_000, 40_000), (5_000_000, 60_000_000)  # nanoseconds that calls take
TERMINAL = "/dev/pts/0"
# By path: what is read of it. Some are not there.
CONTENTS = {
    "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
    "/proc/loadavg": b"0.08 0.03 0.05 1/123 4567\n",
    "/usr/lib/locale/C.utf8/LC_TIME": b"\x17\x11\x03\x20\x6f\0\0\0",
}
ABSENT = ("/root/.netrc", "/etc/ld.so.preload", "/usr/local/bin/cc")
COMMANDS = (("/usr/bin/cc", "-O2", "-c", "hello.c"), ("/bin/rm", "-f", "hello.o"))
ENVIRONMENT = ("HOME=/root", "PATH=/usr/bin:/bin", "TERM=xterm")
SERVER = struct.pack("=H", 2) + struct.pack(">H4s8x", 5432, bytes((192, 0, 2, 7)))  # sockaddr_in


def layout_for(architecture: Architecture) -> Layout:
    """Return the recorded Layout, with the registers of ``architecture``, an Architecture."""
    return RecordedLayout(
        LINUX_6_18.fields, {**LINUX_6_18.members, **recorded(architecture).members}
    )


def synthetic_calls(
    programs: Sequence[Program], seed: int, architecture: Architecture, files: SyntheticFiles
) -> Iterator[SystemCallEvent]:
    """Yield endless SystemCallEvents for the stream's ``programs``, in the order of time.

    They are the same ones for the same ``seed``, an integer; of programs for ``architecture``,
    whose kernel has ``files``.
    """
    at = {each.attach.name: each for each in programs if isinstance(each.attach, RawTracepoint)}
    callers = (Caller(each, seed, at, architecture, files) for each in PROCESSES)
    return heapq.merge(*(each.events() for each in callers), key=attrgetter("seconds"))


class Caller:
    """A simulated process, which makes calls.

    ``process`` is a Process of the workload, ``seed`` an int. ``programs`` is a mapping of the name
    of a raw tracepoint, a str, to the Program to run. ``architecture`` is an Architecture,
    ``files`` are SyntheticFiles.
    """

    def __init__(
        self,
        process: Process,
        seed: int,
        programs: Mapping[str, Program],
        architecture: Architecture,
        files: SyntheticFiles,
    ) -> None:
        self._process, self._programs, self._files = process, programs, files
        self._architecture, self._layout = architecture, layout_for(architecture)
        self._numbers = numbers(architecture.native)
        self._dice = random.Random(f"{seed} {process.pid}")
        self._seconds = 0.0
        self._switches = self._dice.randrange(1, 1000)
        self._exit_code = 0
        served = f"socket:[{process.pid}7]"
        self._open = {0: TERMINAL, 1: TERMINAL, 2: TERMINAL, 4: served, 5: f"pipe:[{process.pid}1]"}

    def events(self) -> Iterator[SystemCallEvent]:
        """Yield all that it does, in the order of time."""
        deeds = DEEDS.get(self._process.comm, USUAL)
        while True:
            self._seconds += self._dice.expovariate(DEEDS_A_SECOND * self._process.weight)
            yield from self._dice.choice(deeds)(self)

    def read_file(self) -> Iterator[SystemCallEvent]:
        """It opens a file, reads it, and closes it."""
        path = self._dice.choice(tuple(CONTENTS))
        # A path that no page of memory has yet cannot be read at the entry.
        before = None if self._dice.randrange(SELDOM) == 0 else path.encode() + b"\0"
        yield from self._openat(path, 3, before)
        data = CONTENTS[path]
        for left in (data, b""):
            yield from self._call("read", 3, BUFFER, 4096, result=len(left), after=left)
        yield from self._call("close", 3, closes=3)

    def miss_file(self) -> Iterator[SystemCallEvent]:
        """It opens a file that is not there."""
        path = self._dice.choice(ABSENT)
        yield from self._openat(path, -ENOENT, path.encode() + b"\0")

    def _openat(self, path: str, result: int, before: bytes | None) -> Iterator[SystemCallEvent]:
        memory = path.encode() + b"\0"
        opens = {result: path} if result >= 0 else {}
        yield from self._call(
            "openat", AT_FDCWD, BUFFER, O_RDONLY_CLOEXEC, result=result,
            before=before or b"", after=memory, opens=opens,
        )  # fmt: skip

    def write(self) -> Iterator[SystemCallEvent]:
        """It writes to its stdout, or to its socket."""
        fd, text = self._dice.choice((1, 4)), self._process.text
        yield from self._call("write", fd, BUFFER, len(text), result=len(text), before=text)

    def serve(self) -> Iterator[SystemCallEvent]:
        """It waits for its socket, or for its pipe."""
        fd, text = self._dice.choice((4, 5)), self._process.text[:16]
        yield from self._call(
            "read", fd, BUFFER, 16, result=len(text), before=bytes(16), after=text, takes=LONG
        )

    def sleep(self) -> Iterator[SystemCallEvent]:
        """It sleeps for some milliseconds."""
        ns = self._dice.randrange(*LONG)
        yield from self._call(
            "clock_nanosleep", 0, 0, BUFFER, before=struct.pack("=2q", 0, ns), takes=(ns, ns + 1000)
        )

    def connect(self) -> Iterator[SystemCallEvent]:
        """Yield the connect(2) of its socket to a server, which fails with ECONNREFUSED."""
        yield from self._call(
            "connect", 4, BUFFER, len(SERVER), result=-ECONNREFUSED, before=SERVER, takes=LONG
        )

    def execute(self) -> Iterator[SystemCallEvent]:
        """It becomes another program, which ends."""
        arguments = self._dice.choice(COMMANDS)
        memory, (argv, envp) = vectors(arguments, ENVIRONMENT)
        yield from self._call(
            "execve", BUFFER + memory.index(arguments[0].encode()), BUFFER + argv, BUFFER + envp,
            before=memory, after=b"", executes=True,
        )  # fmt: skip
        status = self._dice.choice((0, 0, 1))
        self._exit_code = status << 8
        yield from self._enter("exit_group", (status,), b"")
        yield from self._event("sched_process_exit", b"", b"")

    def wait(self) -> Iterator[SystemCallEvent]:
        """A child of it ends: a signal comes, and it looks which one it is; then there is none."""
        child, status = self._process.pid + self._dice.randrange(1, 100), self._dice.choice((0, 1))
        info = struct.pack("=3i4xiIi4x2q", signal.SIGCHLD, 0, 1, child, FIRST_USER, status, 0, 0)
        context = struct.pack("=3Q", signal.SIGCHLD, self._files.put(info.ljust(48, b"\0")), 0)
        yield from self._event("signal_deliver", context, b"")
        code = struct.pack("=i", status << 8)
        everyone, no_hang = -1, 1
        yield from self._call(
            "wait4", everyone, BUFFER, no_hang, result=child, before=bytes(4), after=code
        )
        yield from self._call("wait4", everyone, BUFFER, no_hang, result=-ECHILD, before=bytes(4))

    def _enter(
        self, name: str, arguments: Sequence[int], memory: bytes
    ) -> Iterator[SystemCallEvent]:
        """The entry of a call."""
        number = self._numbers[name]
        padded = (*arguments, *[0] * (6 - len(arguments)))
        registers = register_bytes(number, padded, None, self._architecture)
        context = WITH_REGISTERS.pack(REGISTERS, number)
        yield from self._event("sys_enter", context, memory, registers)

    def _call(
        self,
        name: str,
        *arguments: int,
        result: int = 0,
        before: bytes = b"",
        after: bytes | None = None,
        takes: tuple[int, int] = SHORT,
        opens: Mapping[int, str] | None = None,
        closes: int | None = None,
        executes: bool = False,
    ) -> Iterator[SystemCallEvent]:
        """A call from its entry to its exit: ``before`` and ``after`` are what is in memory at
        ``BUFFER`` then (the same, if ``after`` is None); ``opens`` are descriptors that it makes,
        ``closes`` the one that it ends. It ``takes`` a time between two numbers of nanoseconds.
        """
        yield from self._enter(name, arguments, before)
        took = self._dice.randrange(*takes)
        self._seconds += took / 1e9
        self._switches += takes is not SHORT
        padded = (*arguments, *[0] * (6 - len(arguments)))
        if executes:
            padded = (0,) * 6  # the registers are those of the new program
            old = struct.pack("=3Q", 0, self._process.pid, 0)
            yield from self._event("sched_process_exec", old, b"")
        self._open |= opens or {}
        if closes is not None:
            del self._open[closes]
        number = self._numbers[name]
        registers = register_bytes(number, padded, result, self._architecture)
        context = WITH_REGISTERS.pack(REGISTERS, result)
        memory = before if after is None else after
        yield from self._event("sys_exit", context, memory, registers)

    def _event(
        self, tracepoint: str, context: bytes, memory: bytes, registers: bytes = b""
    ) -> Iterator[SystemCallEvent]:
        """The run of the program on that raw tracepoint, if there is one."""
        program = self._programs.get(tracepoint)
        if program is None:
            return
        process = self._process
        task = {
            "fs": self._files.root,
            "files": self._files.table(self._open),
            "nvcsw": self._switches,
            "nivcsw": 0,
            "thread_info.status": 0,
            "exit_code": self._exit_code,
        }
        user = 0 if process.pid < LAST_OF_ROOT else FIRST_USER
        world = World(
            time_ns=round((STARTED + self._seconds) * 1e9),
            pid=process.pid,
            tid=process.pid,
            uid=user,
            gid=user,
            comm=process.comm.encode(),
            task=struct_bytes(self._layout, "task_struct", task),
            cpu=process.pid % CPUS,
            cpus=CPUS,
        )
        yield SystemCallEvent(program, self._seconds, world, context, memory, registers)


def vectors(*lists: Sequence[str]) -> tuple[bytes, list[int]]:
    """Return a pair: user memory at ``BUFFER``, bytes, with ``lists``, each a sequence of str, as
    vectors that NULL ends; and where in it each of them begins, a list of int."""
    memory, places = bytearray(), []
    for texts in lists:
        addresses = []
        for each in texts:
            addresses.append(BUFFER + len(memory))
            memory += each.encode() + b"\0"
        memory += bytes(-len(memory) % 8)
        places.append(len(memory))
        for address in (*addresses, 0):
            memory += address.to_bytes(8, sys.byteorder)
    return bytes(memory), places


Deed = Callable[[Caller], Iterator[SystemCallEvent]]
USUAL: tuple[Deed, ...] = (Caller.serve, Caller.write, Caller.write, Caller.sleep)
DEEDS: Mapping[str, tuple[Deed, ...]] = {
    "systemd": (Caller.miss_file, Caller.wait, Caller.sleep),
    "bash": (Caller.write, Caller.wait, Caller.miss_file),
    "cat": (Caller.read_file, Caller.read_file, Caller.write),
    "postgres": (*USUAL, Caller.connect),
    "make": (Caller.execute, Caller.miss_file, Caller.read_file),
}
