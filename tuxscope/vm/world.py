"""What a program is told about the machine and the task it runs in: the same each time."""

from __future__ import annotations

from dataclasses import dataclass

TICK_NS = 100


@dataclass(frozen=True, slots=True)
class World:
    """The circumstances of a run.

    Attributes:
        time_ns: what the first look at a clock shows; each look moves it on by 100 ns.
        pid, tid: of the current process and thread, as user space names them.
        uid, gid: of the current task.
        comm: its name, at most 15 bytes.
        cpu: where the program runs, 0 to ``cpus`` - 1.
        cpus: how many values a per-CPU map has.
        seed: of get_prandom_u32.
        packet: what a program on the network sees, for ld_abs and ld_ind.
    """

    time_ns: int = 1_000_000_000
    pid: int = 1842
    tid: int = 1842
    uid: int = 1000
    gid: int = 1000
    comm: bytes = b"cat"
    cpu: int = 0
    cpus: int = 2
    seed: int = 0
    packet: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.cpu < self.cpus:
            raise ValueError(f"there is no CPU {self.cpu} of {self.cpus}")


def next_random(state: int) -> tuple[int, int]:
    """A state of the generator to the next one and 32 random bits (SplitMix64)."""
    state = state + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    bits = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return state, (bits ^ bits >> 31) >> 32
