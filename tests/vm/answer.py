"""What a case leaves behind, and how the answers of kernel and interpreter differ."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tuxscope.vm import Machine
from vm.function import DUMP, MEMORY, REGISTERS, RESULTS
from vm.programs import Case


@dataclass(frozen=True)
class Answer:
    """What a case comes to.

    Attributes:
        retval: the low 32 bits of r0 at the end, which is what the kernel tells.
        memory, results: what the maps hold then.
    """

    retval: int
    memory: bytes
    results: bytes

    def named(self) -> Iterator[tuple[str, int]]:
        """All numbers in it, with their names."""
        yield "retval", self.retval
        for place, (word,) in enumerate(struct.iter_unpack("=Q", self.memory)):
            yield f"MEMORY[{place}]", word
        for place, (word,) in enumerate(struct.iter_unpack("=Q", self.results)):
            function, number = divmod(place, DUMP)
            what = f"r{number}" if number < REGISTERS else f"area[{number - REGISTERS}]"
            yield f"f{function}: {what}", word


def interpret(case: Case) -> Answer:
    """What the interpreter makes of a case. Raises Fault."""
    machine = Machine(case.program)
    machine.maps[MEMORY].update(0, case.memory)
    retval = machine.run() & 0xFFFFFFFF
    return Answer(retval, machine.maps[MEMORY].lookup(0), machine.maps[RESULTS].lookup(0))


def difference(kernel: Answer, interpreter: Answer) -> str:
    """The numbers that differ, one on each line; empty where none does."""
    pairs = zip(kernel.named(), interpreter.named(), strict=True)
    return "\n".join(
        f"{name}: {one:#018x} in the kernel, {other:#018x} in the interpreter"
        for (name, one), (_, other) in pairs
        if one != other
    )
