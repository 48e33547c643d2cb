"""What the stream sends: finished calls, calls that begin, signals, and ends of threads."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from tuxscope.asm import Array, PerCpuArray, RingBuf
from tuxscope.calls.reads import ARGUMENTS, LONGEST_READ, MOST_READS
from tuxscope.calls.records import CallNumber, Who
from tuxscope.record import Record, u8, u16, u32, u64
from tuxscope.record.variable import tail

# Numbers that have plans: each ABI has fewer than 512. The last plan is that of all others.
PLANNED = 512
NO_PLAN = 2 * PLANNED

# Bytes of what is read for one record; a read begins below ROOM, and needs no more than the rest.
ROOM = 12288
PART = 8  # bytes before each part, and what its length is a multiple of
LARGEST = ROOM + LONGEST_READ + 2 * PART

BEGINS = (1 << 64) - 1  # the duration of a call that begins: what its end says follows
TIMELESS = (1 << 64) - 2  # that of all else that takes no time


class EventKind(IntEnum):
    """An IntEnum: what a record tells.

    Attributes:
        CALL: a call that has returned.
        BEGUN: a call that begins, with what is not there any more at its end.
        ENDLESS: a call that begins, and never returns.
        UNFINISHED: a call whose thread has ended in it, or whose result is not known.
        SIGNAL: a signal is delivered; ``result`` is its number, the part is its siginfo.
        EXITED: a thread has ended; ``result`` is its exit code, as wait(2) has it.
    """

    CALL = 0
    BEGUN = 1
    ENDLESS = 2
    UNFINISHED = 3
    SIGNAL = 4
    EXITED = 5


class CallHead(Record):
    """A Record: the numbers of a call, or of what else a record tells.

    Attributes:
        values: an array of u64: the arguments, and the result.
        number: a CallNumber.
        who: a Who.
        what: a u16, an EventKind.
        slept: a u16: whether the thread was switched out in it.
        unused: a u32.
    """

    values = u64[ARGUMENTS + 1]
    number = CallNumber
    who = Who
    what = u16
    slept = u16
    unused = u32


class CallEvent(Record):
    """A Record: times, and the rest, which is the same for calls that differ in nothing else.

    Attributes:
        started_ns: a u64, when the call began; 0 where that was not seen.
        duration_ns: a u64, how long it took; where its beginning was not seen, when it ended. One
            of BEGINS and TIMELESS for what has none.
        data: a tail of bytes, ``length`` of them: a CallHead, and the parts that were read of the
            memory: each a PartHead and its bytes, up to a multiple of 8.
        length, unused: u32 each.
    """

    started_ns = u64
    duration_ns = u64
    length = u32
    unused = u32
    data = tail(u8[LARGEST], "length")


class PartHead(Record):
    """A Record: what a part is.

    Attributes:
        read: a u8, the number of the read in the call's plan.
        status: a u8, a Status.
        element: a u16, which one, of several.
        length: a u32, its bytes.
    """

    read = u8
    status = u8
    element = u16
    length = u32


class Outgoing(Record):
    """A Record: what each CPU has for the record that it makes.

    Attributes:
        users: a u64, how many programs are at it: one alone may be.
        room: a u64[16], for what is copied from the kernel.
        code, place, read: each a u64, for CAPTURE: a read of the plan, and its number.
        following: a u64, for CAPTURE: the word behind the address that the read is through.
        address, size, element, is_string, whole: each a u64, for APPEND: where to read, how many
            bytes; which element of the read it is, whether it is a string, and the Status of all of
            it.
        is_wanted: a u64, whether a file of the call is chosen; only where files choose the calls.
        started_ns, duration_ns: u64 each, those of the CallEvent.
        head, parts: its data: a CallHead, and an array of u8.
        length, unused: u32 each.
    """

    users = u64
    room = u64[16]
    code = u64
    place = u64
    read = u64
    following = u64
    address = u64
    size = u64
    element = u64
    is_string = u64
    whole = u64
    is_wanted = u64
    started_ns = u64
    duration_ns = u64
    length = u32
    unused = u32
    head = CallHead
    parts = u8[LARGEST - CallHead.size]


class EntryAction(IntFlag):
    """An IntFlag: what is done when a call begins.

    Attributes:
        FILE: the file of a descriptor is looked up.
        RECORD: a record is sent with what is read.
        ENDLESS: it is sent, as the call never returns.
    """

    FILE = 1
    RECORD = 2
    ENDLESS = 4


class Plan(Record):
    """A Record: what is read of one call.

    A ``Read`` is two numbers, whose parts are at the same bits on all machines.

    Attributes:
        codes: an array of u64: what | argument << 8 | when << 16 | count << 24 | size << 32 | most
            << 48; 0 behind the last one.
        places: an array of u64: offset | through << 32.
        entry: a u32, an EntryAction.
        entry_argument: a u32, the index of the argument whose file is looked up at the entry.
        moves: a u32, whether it moves files, so that paths change.
        wanted_when: a u32, a When, SUCCESS and FAILURE: when it is sent whatever its files are,
            where these choose the calls.
    """

    codes = u64[MOST_READS]
    places = u64[MOST_READS]
    entry = u32
    entry_argument = u32
    moves = u32
    wanted_when = u32


EVENTS = RingBuf("EVENTS", CallEvent)
OUTGOING = PerCpuArray("OUTGOING", value=Outgoing, max_entries=1)
PLANS = Array("PLANS", value=Plan, max_entries=NO_PLAN + 1)
