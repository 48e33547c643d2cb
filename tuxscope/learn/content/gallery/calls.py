"""Entries about helpers, and their arguments."""

from __future__ import annotations

from tuxscope.asm import (
    Assembler,
    RawTracepoint,
    SchedClassifier,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
)
from tuxscope.asm.errors import (
    ArgumentError,
    HelperUnavailableError,
    LicenseError,
    UnreleasedReferenceError,
)
from tuxscope.asm.maps import PerfEventArray
from tuxscope.learn.content.gallery.entry import Entry, Patch
from tuxscope.learn.content.gallery.memory import COUNT, EVENTS, Event
from tuxscope.record import Record, u32, u64


class Sample(Record):
    """What goes into the rings."""

    time = u64


SAMPLES = PerfEventArray("SAMPLES", Sample)


def proprietary() -> Assembler:
    a = Assembler("proprietary", attach=RawTracepoint(), license="Proprietary")
    text = a.stack(u64)
    a.st(text, 0)
    a.lea(r1, text)
    a.mov(r2, 8)
    a.call(helper.trace_printk)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def gpl() -> Assembler:
    a = Assembler("gpl", attach=RawTracepoint(), license="GPL")
    text = a.stack(u64)
    a.st(text, 0)
    a.lea(r1, text)
    a.mov(r2, 8)
    a.call(helper.trace_printk)
    a.mov(r0, 0)
    a.exit()
    return a


def no_such_helper() -> Assembler:
    a = Assembler("no_such_helper", attach=RawTracepoint())
    a.call(helper.ktime_get_ns)  # <- with number 9999 instead of ktime_get_ns's
    a.mov(r0, 0)
    a.exit()
    return a


def such_a_helper() -> Assembler:
    a = Assembler("such_a_helper", attach=RawTracepoint())
    a.call(helper.ktime_get_ns)
    a.mov(r0, 0)
    a.exit()
    return a


def not_here() -> Assembler:
    a = Assembler("not_here", attach=Xdp())
    name = a.stack(u64)
    a.lea(r1, name)
    a.mov(r2, 8)
    a.call(helper.skb_load_bytes)  # <-
    a.mov(r0, 2)
    a.exit()
    return a


def offered_here() -> Assembler:
    a = Assembler("offered_here", attach=Xdp())
    a.call(helper.get_smp_processor_id)
    a.mov(r0, 2)  # XDP_PASS
    a.exit()
    return a


def sends_into_an_array() -> Assembler:
    a = Assembler("into_an_array", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.zero(sample)
    a.ld_map(r2, COUNT)
    a.mov32(r3, -1)
    a.lea(r4, sample)
    a.mov(r5, Sample.size)
    a.call(helper.perf_event_output)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def sends_into_rings() -> Assembler:
    a = Assembler("into_rings", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.zero(sample)
    a.ld_map(r2, SAMPLES)
    a.mov32(r3, -1)
    a.lea(r4, sample)
    a.mov(r5, Sample.size)
    a.call(helper.perf_event_output)
    a.mov(r0, 0)
    a.exit()
    return a


def number_for_a_map() -> Assembler:
    a = Assembler("number_for_map", attach=RawTracepoint())
    key = a.stack(u32)
    a.st(key, 0)
    a.mov(r1, 0)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def a_map() -> Assembler:
    a = Assembler("a_map", attach=RawTracepoint())
    key = a.stack(u32)
    a.st(key, 0)
    a.ld_map(r1, COUNT)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.mov(r0, 0)
    a.exit()
    return a


def any_size() -> Assembler:
    a = Assembler("any_size", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])
    a.and_(r2, 8)
    a.ld_map(r1, EVENTS)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)  # <-
    a.jeq(r0, 0, "out")
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_discard)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def constant_size() -> Assembler:
    a = Assembler("constant_size", attach=RawTracepoint())
    a.mov(r2, Event.size)
    a.ld_map(r1, EVENTS)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_discard)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def keeps_the_record() -> Assembler:
    a = Assembler("keeps_record", attach=RawTracepoint())
    a.ld_map(r1, EVENTS)
    a.mov(r2, Event.size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.mov(r0, 0)
    a.exit()  # <-
    return a


def submits_the_record() -> Assembler:
    a = Assembler("submits_record", attach=RawTracepoint())
    a.ld_map(r1, EVENTS)
    a.mov(r2, Event.size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.st(u64[r0 + 0], 0)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def gives_back_too_much() -> Assembler:
    a = Assembler("gives_too_much", attach=SchedClassifier())
    a.ldx(r1, u64[r1 + 168])  # __sk_buff.sk
    a.jeq(r1, 0, "out")
    a.call(helper.sk_release)  # <-
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a


def gives_back_nothing() -> Assembler:
    a = Assembler("gives_nothing", attach=SchedClassifier())
    a.mov(r0, 0)
    a.ldx(r1, u64[r1 + 168])  # __sk_buff.sk
    a.jeq(r1, 0, "out")
    a.ldx(r0, u32[r1 + 4])  # bpf_sock.family
    a.label("out")
    a.exit()
    return a


CALLS = (
    Entry(
        "gpl-only", proprietary, gpl,
        "Some helpers are for programs with a GPL-compatible licence only.",
        "Declare the licence if it is GPL-compatible, or do without the helper.",
        hint='Assembler(..., license="GPL"), if that is its licence',
        foreseen=LicenseError,
    ),
    Entry(
        "unknown-helper", no_such_helper, such_a_helper,
        "Helpers are called by number. This kernel has no helper of this number: it may be older "
        "than the helper.",
        "Call a helper by its name; on an older kernel do without it.",
        hint="call a helper by its name, as in a.call(helper.ktime_get_ns); a newer kernel may "
        "have this one",
        patch=Patch(slot=0, imm=9999),
    ),
    Entry(
        "unavailable-helper", not_here, offered_here,
        "Each type of program has its own list of helpers.",
        "Use a helper of this type; bpf-helpers(7) and `bpftool feature` list them.",
        hint="attach it to where the helper is offered, or use another one; see bpf-helpers(7)",
        foreseen=HelperUnavailableError,
    ),
    Entry(
        "map-type", sends_into_an_array, sends_into_rings,
        "A helper that takes a map takes only certain types of map.",
        "Use a map of that type.",
        hint="use a map that it takes, as PerfEventArray for perf_event_output",
        foreseen=ArgumentError,
    ),
    Entry(
        "argument-type", number_for_a_map, a_map,
        "Each helper takes certain types in r1 to r5: a map, an address, a number.",
        "Pass an argument of that type.",
        hint="pass what it takes: a.ld_map for a map, a.lea for a place on the stack, the saved "
        "context",
        foreseen=ArgumentError,
    ),
    Entry(
        "argument-size", any_size, constant_size,
        "Some sizes must be constants that the verifier knows.",
        "Pass a constant.",
        hint="a.mov(r2, number) before the call",
    ),
    Entry(
        "unreleased-reference", keeps_the_record, submits_the_record,
        "A reference (to a record of a ring buffer, to a socket) must be released before the "
        "program exits, on all paths.",
        "Submit or discard it if it is not NULL.",
        hint="release it on all paths: a.call(helper.ringbuf_submit) or "
        "a.call(helper.ringbuf_discard)",
        foreseen=UnreleasedReferenceError,
    ),
    Entry(
        "not-a-reference", gives_back_too_much, gives_back_nothing,
        "Only a reference that a helper such as sk_lookup_tcp or ringbuf_reserve has returned can "
        "be released, at the same address. The socket of a packet is not such a reference.",
        "Release only references of your own, each once.",
        hint="release only a pointer that a helper acquired, unmodified, and only once",
    ),
)  # fmt: skip
