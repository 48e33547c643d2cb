"""The simulated machine and task that helpers report."""

from __future__ import annotations

from dataclasses import dataclass

TICK_NS = 100


@dataclass(frozen=True, slots=True)
class World:
    """A frozen dataclass: the machine and task of a run. Raises ValueError if ``cpu`` is not below
    ``cpus``.

    Attributes:
        time_ns: an int, the first result of the clock in ns; each call advances it by 100 ns.
        pid, tid: each an int, the process and thread IDs of the current task, as in user space.
        uid, gid: each an int, the user and group IDs of the current task.
        comm: the name of the current task, at most 15 bytes.
        task: the bytes of its ``struct task_struct``, which only helpers read; none by default.
        cpu: an int, the CPU that the program runs on, from 0 to ``cpus`` - 1.
        cpus: an int, the number of CPUs, and of values in an entry of a per-CPU map.
        seed: an int, the seed of get_prandom_u32.
        packet: bytes, the packet that ld_abs and ld_ind read.
    """

    time_ns: int = 1_000_000_000
    pid: int = 1842
    tid: int = 1842
    uid: int = 1000
    gid: int = 1000
    comm: bytes = b"cat"
    task: bytes = b""
    cpu: int = 0
    cpus: int = 2
    seed: int = 0
    packet: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.cpu < self.cpus:
            raise ValueError(f"cpu must be from 0 to {self.cpus - 1}, not {self.cpu}")


def next_random(state: int) -> tuple[int, int]:
    """Advance the generator (SplitMix64) from ``state``, an int; return a pair of ints: its next
    state, and 32 random bits."""
    state = state + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    bits = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return state, (bits ^ bits >> 31) >> 32
