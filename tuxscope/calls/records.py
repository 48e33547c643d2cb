"""What the kernel side keeps of each thread, and what it counts."""

from __future__ import annotations

from enum import Enum, IntEnum

from tuxscope.asm import Array, Hash
from tuxscope.record import Record, char, u32, u64


class By(Enum):
    """An enum of ``--by``: what is counted by. Members: SYSCALL = "syscall", PROCESS = "process",
    THREAD = "thread", ERROR = "error", CGROUP = "cgroup"."""

    SYSCALL = "syscall"
    PROCESS = "process"
    THREAD = "thread"
    ERROR = "error"
    CGROUP = "cgroup"


class CallNumber(Record):
    """A Record, the number of a call.

    Attributes:
        nr: a u32, the number.
        compat: a u32, whether it is one of the 32-bit ABI.
    """

    nr = u32
    compat = u32


class BegunCall(Record):
    """A Record, a call that has begun.

    Attributes:
        started_ns, switches: u64 each: when, and the thread's context switches then.
        number: a CallNumber.
    """

    started_ns = u64
    switches = u64  # how often the thread had been switched out by then
    number = CallNumber


class Who(Record):
    """A Record: the process and thread that a call is counted by.

    Attributes:
        pid, tid: u32 each.
        comm: a char[16], the thread's name.
    """

    pid = u32  # as the user's PID namespace counts
    tid = u32  # 0 where all threads of a process are one
    comm = char[16]


class ThreadState(IntEnum):
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
        call, interrupted: a BegunCall each.
        interrupted_ns, interrupted_slept, stack_pointer, entry_file, cgroup: u64 each.
        arguments: u64[6].
        who: a Who.
        state, restart: u32 each, a ThreadState and a Restart.
        followed, unused: u32 each.
    """

    call = BegunCall
    interrupted = BegunCall
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


# By the kernel's number of the thread, in all PID namespaces.
THREADS = Hash("THREADS", key=u32, value=Thread, max_entries=32768)
BLANK = Array("BLANK", value=Thread, max_entries=1)
ACCOUNT = Array("ACCOUNT", value=Account, max_entries=1)
