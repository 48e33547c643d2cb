"""What a call's arguments lead to is read into the record of this CPU.

Both functions are global ones, which the verifier follows once, and not for each argument.
"""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r6, r7, r8, r9
from tuxscope.calls.events import Outgoing
from tuxscope.calls.file_reads import OF_FILES, Captured
from tuxscope.calls.parts import (
    APPEND,
    ARGUMENT,
    MOST,
    SIZE,
    THROUGH,
    append,
    append_number,
    bits,
    find_outgoing,
    load_count,
    load_value,
    read_word,
    store_element,
    store_size,
)
from tuxscope.calls.reads import ReadKind, Status
from tuxscope.record import u64

# What it is to do is in the Outgoing, as a global function has no arguments.
CAPTURE = "capture"  # adds what one read of the plan leads to
MOST_STRINGS = 32  # as strace(1) shows of argv
MOST_COUNTED = 1024  # of envp
MOST_VECTORS = 8


def capture_functions(a: Assembler, layout: Layout, captured: Captured) -> None:
    """Emit the functions CAPTURE and APPEND for ``captured``, a Captured. Those of files have to
    follow them where ``layout``, the kernel's Layout, has structs."""
    a.function(CAPTURE, is_global=True)
    capture(a, layout, captured)
    a.function(APPEND, is_global=True)
    append(a)


def capture(a: Assembler, layout: Layout, captured: Captured) -> None:
    """Emit the function CAPTURE for ``captured``, a Captured, without files where ``layout``, a
    Layout, has no structs. r6 is the argument plus the offset, r7 the number of the read."""
    kinds = captured.kinds
    out: Memory = Outgoing[r9]
    pair = a.stack(u64[2])
    find_outgoing(a)
    a.ldx(r7, out.read)
    bits(a, r3, ARGUMENT, 0xFF)
    load_value(a, "argument")
    a.mov(r6, r2)
    bits(a, r1, 0, 0xFF)
    a.st(out.element, 0)
    of_files = kinds & set(OF_FILES)
    for each in sorted(of_files):
        a.jeq(r1, each, each.name)
    a.ldx(r1, out.place)
    a.rsh(r1, THROUGH)
    a.jne(r1, 0, "through")
    a.label("there")
    a.ldx(r2, out.place)
    a.mov32(r2, r2)  # the offset
    a.add(r6, r2)
    a.st(out.is_string, 0)
    a.st(out.whole, Status.WHOLE)
    bits(a, r1, 0, 0xFF)
    for each in sorted(kinds - of_files):
        a.jeq(r1, each, each.name)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    a.label("through")
    a.sub(r1, 1)
    a.ldx(r2, out.head.number.compat)
    a.jne(r2, 0, "short words")
    a.lsh(r1, 1)
    a.label("short words")
    a.lsh(r1, 2)
    a.add(r6, r1)
    read_word(a, pair, "through", "out")
    a.mov(r8, r0)
    read_word(a, pair, "following", "no following")
    a.stx(out.following, r0)
    a.mov(r6, r8)
    a.ja("there")
    a.label("no following")
    a.st(out.following, 0)
    a.mov(r6, r8)
    a.ja("there")

    for each in sorted(of_files):
        OF_FILES[each](a, layout, captured, pair)
    for each in sorted(kinds - of_files):
        OF_MEMORY[each](a, pair)


def string(a: Assembler, pair: Memory) -> None:
    """Emit the label ``STRING``: the string at r6; ``pair``, Memory, is not used."""
    out: Memory = Outgoing[r9]
    a.label(ReadKind.STRING.name)
    bits(a, r1, MOST, 0xFFFF)
    a.stx(out.size, r1)
    a.stx(out.address, r6)
    a.st(out.is_string, 1)
    a.call(APPEND)
    a.ja("out")


def array(a: Assembler, pair: Memory) -> None:
    """Emit the label ``BYTES``: elements at r6; ``pair`` is Memory of 16 bytes to copy to."""
    out: Memory = Outgoing[r9]
    a.label(ReadKind.BYTES.name)
    load_count(a, pair, "bytes")
    bits(a, r1, SIZE, 0xFFFF)
    a.mul(r2, r1)
    store_size(a, "bytes")
    a.stx(out.address, r6)
    a.call(APPEND)
    a.ja("out")


def address_count(a: Assembler, pair: Memory) -> None:
    """Emit the label ``COUNT``: how many addresses are at r6; ``pair`` is Memory of 16 bytes to
    copy to."""
    addresses(a, pair, "count", ReadKind.COUNT.name, MOST_COUNTED, "counted")
    a.ja("next count")
    a.label("counted")
    append_number(a, r7, r8, "out")
    a.ja("out")


def strings(a: Assembler, pair: Memory) -> None:
    """Emit the label ``STRINGS``: what addresses at r6 lead to; ``pair`` is Memory of 16 bytes to
    copy to."""
    out: Memory = Outgoing[r9]
    addresses(a, pair, "string", ReadKind.STRINGS.name, MOST_STRINGS + 1, "out")
    a.stx(out.address, r0)
    bits(a, r1, MOST, 0xFFFF)
    a.stx(out.size, r1)
    a.st(out.is_string, 1)
    store_element(a)
    a.call(APPEND)
    a.ja("next string")


def addresses(a: Assembler, pair: Memory, what: str, name: str, most: int, end: str) -> None:
    """Emit the label ``name``, and ``next WHAT`` for ``what``, a str: r0 = the next address of an
    array at r6, and r8 counts them; jump to the label ``end`` behind the last one, or behind
    ``most``, an int. ``pair`` is Memory of 16 bytes to copy to."""
    fault = f"{what} not readable"
    a.label(fault)
    a.jne(r8, 0, end)
    a.st(Outgoing[r9].address, 0)  # a FAULT, too
    a.st(Outgoing[r9].size, 1)
    a.call(APPEND)
    a.ja("out")
    a.label(name)
    a.mov(r8, 0)
    a.label(f"next {what}")
    a.jge(r8, most, end)
    read_word(a, pair, f"of {what}", fault)
    a.jeq(r0, 0, end)
    a.add(r8, 1)


def vectors(a: Assembler, pair: Memory) -> None:
    """Emit the label ``VECTOR``: what an array of ``struct iovec`` at r6 leads to; ``pair`` is
    Memory of 16 bytes to copy to."""
    out: Memory = Outgoing[r9]
    most = a.stack(u64)
    a.label(ReadKind.VECTOR.name)
    load_count(a, pair, "vectors")
    a.stx(most, r2)
    a.mov(r8, 0)
    a.label("next vector")
    a.ldx(r1, most)
    a.jge(r8, r1, "out")
    a.jge(r8, MOST_VECTORS, "out")
    a.add(r8, 1)
    read_word(a, pair, "of base", "out")
    a.stx(out.address, r0)
    read_word(a, pair, "of length", "out")
    a.mov(r2, r0)
    store_size(a, "of it")
    store_element(a)
    a.call(APPEND)
    a.ja("next vector")


OF_MEMORY = {
    ReadKind.BYTES: array,
    ReadKind.STRING: string,
    ReadKind.STRINGS: strings,
    ReadKind.COUNT: address_count,
    ReadKind.VECTOR: vectors,
}
