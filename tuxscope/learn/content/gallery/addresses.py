"""Entries about pointers, and what each kind of pointer allows."""

from __future__ import annotations

from tuxscope.asm import (
    Assembler,
    RawTracepoint,
    SchedClassifier,
    SocketFilter,
    helper,
    r0,
    r1,
    r2,
    r3,
    r6,
    r7,
)
from tuxscope.asm.errors import ContextAccessError, NotAPointerError
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.memory import COUNT, TEXTS
from tuxscope.record import u8, u32, u64


def behind_the_context() -> Assembler:
    a = Assembler("behind_context", attach=RawTracepoint())
    a.ldx(r0, u64[r1 + 200])  # <-
    a.exit()
    return a


def field_of_the_context() -> Assembler:
    a = Assembler("context_field", attach=RawTracepoint())
    a.ldx(r0, u64[r1 + 0])  # the first of its arguments
    a.exit()
    return a


def changes_the_socket() -> Assembler:
    a = Assembler("changes_socket", attach=SchedClassifier())
    a.mov(r0, 0)
    a.ldx(r6, u64[r1 + 168])  # __sk_buff.sk
    a.jeq(r6, 0, "out")
    a.stx(u32[r6 + 4], r0)  # <-
    a.label("out")
    a.exit()
    return a


def reads_the_socket() -> Assembler:
    a = Assembler("reads_socket", attach=SchedClassifier())
    a.mov(r0, 0)
    a.ldx(r6, u64[r1 + 168])  # __sk_buff.sk
    a.jeq(r6, 0, "out")
    a.ldx(r0, u32[r6 + 4])  # bpf_sock.family
    a.label("out")
    a.exit()
    return a


def counts_in_the_context() -> Assembler:
    a = Assembler("atomic_context", attach=SocketFilter())
    a.mov(r0, 1)
    a.atomic_add(u32[r1 + 8], r0)  # <-
    a.exit()
    return a


def counts_in_a_map() -> Assembler:
    a = Assembler("atomic_map", attach=SocketFilter())
    a.mov(r0, 1)
    a.ld_map_value(r1, COUNT)
    a.atomic_add(u64[r1 + 0], r0)
    a.exit()
    return a


def follows_a_number() -> Assembler:
    a = Assembler("follows_number", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])
    a.ldx(r0, u64[r2 + 0])  # <-
    a.exit()
    return a


def asks_the_kernel() -> Assembler:
    a = Assembler("asks_kernel", attach=RawTracepoint())
    value = a.stack(u64)
    a.ldx(r3, u64[r1 + 0])
    a.lea(r1, value)
    a.mov(r2, 8)
    a.call(helper.probe_read_kernel)
    a.ldx(r0, value)
    a.exit()
    return a


def any_index() -> Assembler:
    a = Assembler("any_index", attach=SocketFilter())
    a.ldx(r6, u32[r1 + 0])  # __sk_buff.len
    a.ld_map_value(r7, TEXTS)
    a.add(r7, r6)
    a.ldx(r0, u8[r7 + 0])  # <-
    a.exit()
    return a


def bounded_index() -> Assembler:
    a = Assembler("bounded_index", attach=SocketFilter())
    a.mov(r0, 0)
    a.ldx(r6, u32[r1 + 0])  # __sk_buff.len
    a.jgt(r6, 63, "out")
    a.ld_map_value(r7, TEXTS)
    a.add(r7, r6)
    a.ldx(r0, u8[r7 + 0])
    a.label("out")
    a.exit()
    return a


ADDRESSES = (
    Entry(
        "context-access", behind_the_context, field_of_the_context,
        "What the context is depends on the program's type. The kernel lets each of its fields "
        "be read in certain sizes, and few be written.",
        "Access a field as it is declared.",
        hint="see the context's fields (for a tracepoint, its format file) for offset and size",
        foreseen=ContextAccessError,
    ),
    Entry(
        "read-only-memory", changes_the_socket, reads_the_socket,
        "Memory behind some addresses, such as a socket's, can be read, but not written.",
        "Change a copy, or call the helper that changes the original.",
        hint="copy it to the stack with a.ldx and a.stx, and change the copy",
    ),
    Entry(
        "atomic-access", counts_in_the_context, counts_in_a_map,
        "Atomic operations work on values of maps and on the stack only.",
        "Count in a map.",
        hint="use it on a map's value or the stack",
    ),
    Entry(
        "not-an-address", follows_a_number, asks_the_kernel,
        "A program may load only from an address whose origin the verifier knows. A pointer that "
        "was read from kernel memory is a plain number to the verifier.",
        "Read with a helper: it fails without harm if the address is bad.",
        hint="use the register that holds the address; other memory is read with "
        "helper.probe_read_kernel, that of a process with probe_read_user",
        foreseen=NotAPointerError,
    ),
    Entry(
        "unbounded-access", any_index, bounded_index,
        "The verifier tracks the smallest and the largest value of each number. An index "
        "without bounds may point anywhere.",
        "Compare it with the limit first, or mask it.",
        hint='bound r6 first: a.jgt(r6, limit, "out") or a.and_(r6, 63)',
    ),
)  # fmt: skip
