"""Entries about loads and stores, and the memory that they access."""

from __future__ import annotations

from tuxscope.asm import (
    Array,
    Assembler,
    Hash,
    RawTracepoint,
    RingBuf,
    SocketFilter,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r10,
)
from tuxscope.asm.errors import (
    AlignmentError,
    MapValueAccessError,
    NullCheckError,
    StackAccessError,
    UninitialisedStackError,
)
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.record import Record, char, u8, u32, u64


class Event(Record):
    """What programs of the gallery send: 12 bytes, and 4 of padding."""

    time = u64
    pid = u32


BY_PID = Hash("BY_PID", key=u32, value=u64, max_entries=16)
COUNT = Array("COUNT", value=u64, max_entries=1)
TEXTS = Array("TEXTS", value=char[64], max_entries=1)
EVENTS = RingBuf("EVENTS", Event, max_entries=1 << 16)


def not_compared() -> Assembler:
    a = Assembler("not_compared", attach=RawTracepoint())
    key = a.stack(u32)
    a.st(key, 0)
    a.ld_map(r1, BY_PID)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.ldx(r0, u64[r0 + 0])  # <-
    a.exit()
    return a


def compared() -> Assembler:
    a = Assembler("compared", attach=RawTracepoint())
    key = a.stack(u32)
    a.st(key, 0)
    a.ld_map(r1, BY_PID)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")
    a.ldx(r0, u64[r0 + 0])
    a.label("out")
    a.exit()
    return a


def behind_the_value() -> Assembler:
    a = Assembler("behind_value", attach=RawTracepoint())
    a.ld_map_value(r1, COUNT)
    a.ldx(r0, u64[r1 + 8])  # <-
    a.exit()
    return a


def in_the_value() -> Assembler:
    a = Assembler("in_the_value", attach=RawTracepoint())
    a.ld_map_value(r1, COUNT)
    a.ldx(r0, u64[r1 + 0])
    a.exit()
    return a


def any_length() -> Assembler:
    a = Assembler("any_length", attach=Xdp())
    a.ldx(r2, u32[r1 + 0])  # xdp_md.data
    a.ldx(r0, u8[r2 + 12])  # <-
    a.exit()
    return a


def long_enough() -> Assembler:
    a = Assembler("long_enough", attach=Xdp())
    a.mov(r0, 2)  # XDP_PASS
    a.ldx(r2, u32[r1 + 0])  # xdp_md.data
    a.ldx(r3, u32[r1 + 4])  # xdp_md.data_end
    a.mov(r4, r2)
    a.add(r4, 13)
    a.jgt(r4, r3, "out")
    a.ldx(r0, u8[r2 + 12])
    a.label("out")
    a.exit()
    return a


def behind_the_record() -> Assembler:
    a = Assembler("behind_record", attach=RawTracepoint())
    a.ld_map(r1, EVENTS)
    a.mov(r2, Event.size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.st(u64[r0 + 16], 0)  # <-
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def in_the_record() -> Assembler:
    a = Assembler("in_the_record", attach=RawTracepoint())
    a.ld_map(r1, EVENTS)
    a.mov(r2, Event.size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.st(u64[r0 + 8], 0)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def key_never_stored() -> Assembler:
    a = Assembler("no_key", attach=SocketFilter())
    key = a.stack(u32)
    a.ld_map(r1, COUNT)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def key_stored() -> Assembler:
    a = Assembler("key", attach=SocketFilter())
    key = a.stack(u32)
    a.st(key, 0)
    a.ld_map(r1, COUNT)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.mov(r0, 0)
    a.exit()
    return a


def reads_what_was_there() -> Assembler:
    a = Assembler("old_stack", attach=SocketFilter())
    count = a.stack(u64)
    a.ldx(r0, count)  # <-
    a.exit()
    return a


def stores_before() -> Assembler:
    a = Assembler("new_stack", attach=SocketFilter())
    count = a.stack(u64)
    a.st(count, 1)
    a.ldx(r0, count)
    a.exit()
    return a


def below_the_stack() -> Assembler:
    a = Assembler("below_stack", attach=RawTracepoint())
    a.st(u64[r10 - 520], 0)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def on_the_stack() -> Assembler:
    a = Assembler("on_the_stack", attach=RawTracepoint())
    a.st(u64[r10 - 512], 0)
    a.mov(r0, 0)
    a.exit()
    return a


def between_two_places() -> Assembler:
    a = Assembler("misaligned", attach=RawTracepoint())
    a.st(u64[r10 - 12], 0)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def at_a_place() -> Assembler:
    a = Assembler("aligned", attach=RawTracepoint())
    a.st(u64[r10 - 16], 0)
    a.mov(r0, 0)
    a.exit()
    return a


MEMORY = (
    Entry(
        "missing-null-check", not_compared, compared,
        "A lookup returns the value's address, or NULL if there is no such key. The program must "
        "check for NULL before it uses the address. The same holds for helpers that reserve a "
        "record or look up a socket.",
        "Compare r0 with 0, and jump over the access.",
        hint='compare it with 0 first: a.jeq(r0, 0, "out")',
        foreseen=NullCheckError,
    ),
    Entry(
        "map-value-out-of-bounds", behind_the_value, in_the_value,
        "The verifier knows the size of the map's values, and the offset of an address in one.",
        "Stay within the value, or declare it larger.",
        hint="stay within the 8 bytes, or declare the map with a larger value",
        foreseen=MapValueAccessError,
    ),
    Entry(
        "packet-out-of-bounds", any_length, long_enough,
        "A packet has any length. A program may read only bytes that it has compared with data_end "
        "on this path.",
        "Add the length to a copy of the address, and compare that with data_end.",
        hint="compare first: a.mov(r6, r2), a.add(r6, 13) and "
        'a.jgt(r6, end, "out")',
    ),
    Entry(
        "memory-out-of-bounds", behind_the_record, in_the_record,
        "The helper returned memory of a certain size: here a record of the ring buffer, as large "
        "as r2 was.",
        "Stay within it, or reserve more.",
        hint="stay within the 16 bytes, or ask for more",
        foreseen=MapValueAccessError,
    ),
    Entry(
        "uninitialised-stack-argument", key_never_stored, key_stored,
        "The helper would read uninitialised bytes of the stack, and so leak what another function "
        "of the kernel left there. (With CAP_PERFMON, Linux 6.3 and later accept it.)",
        "Store all bytes first, the padding of a record too.",
        hint="store all of them first, padding too: a.zero(variable), a.zero(record.padding)",
        foreseen=UninitialisedStackError,
        unprivileged=True,
    ),
    Entry(
        "uninitialised-stack", reads_what_was_there, stores_before,
        "The stack is uninitialised at the start. (With CAP_PERFMON, Linux 6.3 and later accept "
        "it.)",
        "Store before you load.",
        hint="store there first: a.zero(variable)",
        unprivileged=True,
    ),
    Entry(
        "stack-out-of-bounds", below_the_stack, on_the_stack,
        "A function has 512 bytes of stack, from r10 - 512 up to r10.",
        "Let a.stack(type) choose the offset; put larger data into the value of a per-CPU array.",
        hint="stay below r10, 512 bytes at most: let a.stack(type) find the place",
        foreseen=StackAccessError,
    ),
    Entry(
        "misaligned-access", between_two_places, at_a_place,
        "On the stack, and on some machines everywhere, 8 bytes must be at a multiple of 8, and 4 "
        "bytes at a multiple of 4.",
        "Choose an offset that is a multiple of the size.",
        hint="choose an offset that is a multiple of 8, or access it in smaller parts",
        foreseen=AlignmentError,
    ),
)  # fmt: skip
