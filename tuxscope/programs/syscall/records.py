"""What the kernel side of syscall keeps: a record of each thread, and counts by key."""

from __future__ import annotations

from enum import Enum, IntEnum

from tuxscope.asm import Array, Hash, PerCpuHash
from tuxscope.record import Record, char, u32, u64

# Times are counted in units of 16 ns, four ranges to each power of two of them: a percentile is at
# most an eighth off. What took more than 18 minutes is in the last range.
UNIT_BITS, POWERS = 4, 36
RANGES = 4 * POWERS


class By(Enum):
    """An enum of ``--by``: what is counted by. Members: SYSCALL = "syscall", PROCESS = "process",
    THREAD = "thread", ERROR = "error", CGROUP = "cgroup"."""

    SYSCALL = "syscall"
    PROCESS = "process"
    THREAD = "thread"
    ERROR = "error"
    CGROUP = "cgroup"


class Number(Record):
    """A Record, the number of a call.

    Attributes:
        nr: a u32, the number.
        compat: a u32, whether it is one of the 32-bit ABI.
    """

    nr = u32
    compat = u32


class Call(Record):
    """A Record, a call that has begun.

    Attributes:
        started_ns, switches: u64 each: when, and the thread's context switches then.
        number: a Number.
    """

    started_ns = u64
    switches = u64  # how often the thread had been switched out by then
    number = Number


class Who(Record):
    """A Record: the process and thread that a call is counted by.

    Attributes:
        pid, tid: u32 each.
        comm: a char[16], the thread's name.
    """

    pid = u32  # as the user's PID namespace counts
    tid = u32  # 0 where all threads of a process are one
    comm = char[16]


class State(IntEnum):
    """An IntEnum: where a thread is. Members: OUTSIDE = 0, UNCHOSEN = 1, INSIDE = 2,
    INSIDE_BEFORE = 3."""

    OUTSIDE = 0
    UNCHOSEN = 1  # in a call that the filters leave out
    INSIDE = 2
    INSIDE_BEFORE = 3  # in a call since before the start: user space has written this record


class Restart(IntEnum):
    """An IntEnum: whether a signal interrupted a call that the kernel may restart. Members:
    NONE = 0, NEXT = 1, LATER = 2."""

    NONE = 0
    NEXT = 1  # the next call may be that one
    LATER = 2  # a handler makes calls of its own before


class Thread(Record):
    """A Record: what is kept of each thread.

    Attributes:
        call, interrupted: a Call each.
        interrupted_ns, interrupted_slept, stack_pointer, entry_file, cgroup: u64 each.
        arguments: u64[6].
        who: a Who.
        state, restart: u32 each, a State and a Restart.
        followed, unused: u32 each.
    """

    call = Call
    interrupted = Call
    interrupted_ns = u64  # how long that had taken
    interrupted_slept = u64
    stack_pointer = u64  # of that call: it is the same when the kernel restarts it
    arguments = u64[6]  # of that call, for the stream
    entry_file = u64  # the id of the path of what the call closes, for the stream; 0 for none
    cgroup = u64
    who = Who
    state = u32
    restart = u32
    followed = u32  # chosen for good, and its children, too
    unused = u32


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


class Account(Record):
    """A Record: counts of what is in no row.

    Attributes:
        excluded, restarts, births, missed, began: u64 each.
    """

    excluded = u64  # calls of processes that are left out
    restarts = u64  # how often the kernel has restarted a call, which is one
    births = u64  # exits from fork of a child, which made no call
    missed = u64  # calls of which a map had no room
    began = u64  # whether the command has become itself: what it does before is tuxscope's


class Errno(Record):
    """A Record, the key of ``--by error``: ``errno``, a u32."""

    errno = u32  # 0 for calls without an error


class Cgroup(Record):
    """A Record, the key of ``--by cgroup``: ``cgroup``, a u64."""

    cgroup = u64


# By the kernel's number of the thread, in all PID namespaces.
THREADS = Hash("THREADS", key=u32, value=Thread, max_entries=32768)
BLANK = Array("BLANK", value=Thread, max_entries=1)
EMPTY = Array("EMPTY", value=Tally, max_entries=1)
ACCOUNT = Array("ACCOUNT", value=Account, max_entries=1)

# What comes when a table is full is counted by a key that no call has.
OTHER = (1 << 32) - 1
# A row that many CPUs count in has a part for each of them; the many rows of processes have not.
TABLES: dict[By, Hash] = {
    By.SYSCALL: PerCpuHash("CALLS", key=Number, value=Tally, max_entries=1024),
    By.PROCESS: Hash("CALLS", key=Who, value=Tally, max_entries=8192),
    By.THREAD: Hash("CALLS", key=Who, value=Tally, max_entries=8192),
    By.ERROR: PerCpuHash("CALLS", key=Errno, value=Tally, max_entries=256),
    By.CGROUP: Hash("CALLS", key=Cgroup, value=Tally, max_entries=4096),
}
