"""Programs for the kernel and the interpreter both, and the kernel's side of running them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from tuxscope.asm import Array, Assembler, Map, Program, RawTracepoint, r0, r9
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load
from tuxscope.record import u8, u64
from tuxscope.vm import World

# Where programs leave what they find out: r0 at 0, and whatever they like after that.
AREA_SIZE = 512
AREA = Array("AREA", value=u8[AREA_SIZE], max_entries=1)
UNTOUCHED = b"\xaa" * AREA_SIZE

Write = Callable[[Assembler], object]


def assemble(write: Write, name: str = "twice", *, check: bool = True) -> Program:
    """A program that ends as it should; r9 is the address of what is in AREA."""
    a = Assembler(name, attach=RawTracepoint())
    a.ld_map_value(r9, AREA)
    write(a)
    a.mov(r0, 0)
    a.exit()
    return a.program(check=check)


def keeping(write: Write) -> Write:
    """The same, with r0 put at the start of AREA."""

    def whole(a: Assembler) -> None:
        write(a)
        a.stx(u64[r9], r0)

    return whole


def this_world(cpu: int) -> World:
    """What helpers tell of this process and this machine."""
    with open("/proc/thread-self/comm", "rb") as file:
        comm = file.read().rstrip(b"\n")
    return World(
        pid=os.getpid(), tid=threading.get_native_id(), uid=os.getuid(), gid=os.getgid(),
        comm=comm, cpu=cpu, cpus=len(possible_cpus()),
    )  # fmt: skip


@contextmanager
def pinned() -> Iterator[int]:
    """Stay on one CPU, the last of those that we may use: which is most often not 0."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield max(allowed)
    finally:
        os.sched_setaffinity(0, allowed)


class Kernel:
    """Runs programs in the kernel; a context manager that holds their maps."""

    def __init__(self, cpu: int) -> None:
        self.maps: dict[Map, Any] = {}
        self._cpu = cpu
        self._stack = ExitStack()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def map(self, description: Map) -> Any:
        """The map of a description, made at first."""
        if description not in self.maps:
            self.maps[description] = self._stack.enter_context(LoadedMap(description))
        return self.maps[description]

    def run(self, program: Program, area: bytes = UNTOUCHED) -> bytes:
        """What AREA holds after a run. Raises VerifierError or LoadError."""
        for each in program.maps:
            self.map(each)
        self.map(AREA).update(0, area)
        with load(program, self.maps) as loaded:
            loaded.test_run(cpu=self._cpu)
        return bytes(self.map(AREA).lookup(0))


def contents(map: Any) -> Mapping[Any, Any]:
    """All entries of a map of either kind."""
    return dict(map.items())
