"""What is counted of calls, by key: the rows of the summary, in the kernel."""

from __future__ import annotations

from tuxscope.asm import Array, Hash, PerCpuHash
from tuxscope.calls.records import By, CallNumber, Who
from tuxscope.record import Record, u32, u64

# Times are counted in units of 16 ns, four ranges to each power of two of them: a percentile is at
# most an eighth off. What took more than 18 minutes is in the last range.
UNIT_BITS, POWERS = 4, 36
RANGES = 4 * POWERS


class Tally(Record):
    """A Record: what the kernel counts of one row.

    Attributes:
        calls, errors, total_ns, max_ns, slept_calls, slept_ns: u64 each.
        took: an array of u64, calls by range of their time.
    """

    calls = u64
    errors = u64
    total_ns = u64
    max_ns = u64
    slept_calls = u64  # those in which the thread was switched out
    slept_ns = u64
    took = u64[RANGES]


class Errno(Record):
    """A Record, the key of ``--by error``: ``errno``, a u32."""

    errno = u32  # 0 for calls without an error


class Cgroup(Record):
    """A Record, the key of ``--by cgroup``: ``cgroup``, a u64."""

    cgroup = u64


EMPTY = Array("EMPTY", value=Tally, max_entries=1)

# What comes when a table is full is counted by a key that no call has.
OTHER = (1 << 32) - 1
# A row that many CPUs count in has a part for each of them; the many rows of processes have not.
TABLES: dict[By, Hash] = {
    By.SYSCALL: PerCpuHash("CALLS", key=CallNumber, value=Tally, max_entries=1024),
    By.PROCESS: Hash("CALLS", key=Who, value=Tally, max_entries=8192),
    By.THREAD: Hash("CALLS", key=Who, value=Tally, max_entries=8192),
    By.ERROR: PerCpuHash("CALLS", key=Errno, value=Tally, max_entries=256),
    By.CGROUP: Hash("CALLS", key=Cgroup, value=Tally, max_entries=4096),
}
