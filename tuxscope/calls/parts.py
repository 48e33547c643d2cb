"""A part of the record of this CPU: what one read leads to. Each function emits instructions."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.registers import Memory, Register, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.calls.events import OUTGOING, PART, ROOM, Outgoing, PartHead
from tuxscope.calls.reads import LONGEST_READ, RESULT, Count, Status
from tuxscope.page.emitting import address_of, find_only
from tuxscope.record import u32, u64

APPEND = "append"  # adds one part, of the status FAULT where it cannot be read

# Where the parts of a read's code begin, in bits.
ARGUMENT, WHEN, COUNT, SIZE, MOST = 8, 16, 24, 32, 48
THROUGH = 32  # of its place
DATA = address_of(Outgoing[r9].head).offset
VALUES = address_of(Outgoing[r9].head.values).offset


def find_outgoing(a: Assembler) -> None:
    """Emit: r9 = the address of this CPU's Outgoing; return 0 where there is none, which never
    happens."""
    find_only(a, OUTGOING)
    a.mov(r9, r0)


def append(a: Assembler) -> None:
    """Emit the function APPEND, which takes nothing but the Outgoing."""
    out: Memory = Outgoing[r9]
    find_outgoing(a)
    a.ldx(r8, out.length)
    a.jgt(r8, ROOM, "out")
    a.mov(r7, r9)
    a.add(r7, r8)
    a.add(r7, DATA)
    head: Memory = PartHead[r7]
    a.ldx(r1, out.read)
    a.stx(head.read, r1)
    a.ldx(r1, out.element)
    a.stx(head.element, r1)
    a.st(head.status, Status.FAULT)
    a.st(head.length, 0)
    a.mov(r1, r7)
    a.add(r1, PART)
    a.add(r8, PART)
    a.stx(out.length, r8)
    a.ldx(r2, out.size)
    a.jgt(r2, LONGEST_READ, "out")
    a.mov(r6, r2)
    a.ldx(r3, out.address)
    a.ldx(r4, out.is_string)
    a.jne(r4, 0, "string")
    a.call(helper.probe_read_user)
    a.jne(r0, 0, "out")
    a.ldx(r2, out.whole)
    a.ja("read")
    a.label("string")
    a.call(helper.probe_read_user_str)
    a.jslt(r0, 0, "out")
    a.jne(r0, 0, "not empty")
    a.mov(r0, 1)  # before Linux 6.8 or so an empty string has the length 0
    a.label("not empty")
    a.mov(r2, Status.WHOLE)
    a.jne(r0, r6, "ended")
    a.mov(r2, Status.CUT)  # also what ends with the last byte that there is room for
    a.label("ended")
    a.mov(r6, r0)
    a.jgt(r6, LONGEST_READ, "out")
    a.sub(r6, 1)  # the NUL
    a.label("read")
    a.stx(head.status, r2)
    a.stx(head.length, r6)
    a.add(r6, PART - 1)
    a.and_(r6, -PART)
    a.add(r8, r6)
    a.stx(out.length, r8)
    a.label("out")
    a.mov(r0, 0)
    a.exit()


def bits(a: Assembler, register: Register, shift: int, mask: int) -> None:
    """Emit: the Register ``register`` = the bits of the read's code from number ``shift`` on that
    are in ``mask``, an int."""
    a.ldx(register, Outgoing[r9].code)
    if shift:
        a.rsh(register, shift)
    a.and_(register, mask)


def store_element(a: Assembler) -> None:
    """Emit: the part is of the element before r8."""
    a.mov(r1, r8)
    a.sub(r1, 1)
    a.stx(Outgoing[r9].element, r1)


def append_number(a: Assembler, read: Register, value: Register, full: str) -> None:
    """Emit: add the Register ``value``, 8 bytes, as a part of the read whose number is in the
    Register ``read``; jump to the label ``full`` if there is no room. Uses r1, r2 and r4."""
    out: Memory = Outgoing[r9]
    a.ldx(r2, out.length)
    a.jgt(r2, ROOM, full)
    a.mov(r1, r9)
    a.add(r1, r2)
    a.add(r1, DATA)
    head: Memory = PartHead[r1]
    a.stx(head.read, read)
    a.st(head.status, Status.WHOLE)
    a.ldx(r4, out.element)
    a.stx(head.element, r4)
    a.st(head.length, 8)
    a.stx(u64[r1 + PART], value)
    a.add(r2, PART + 8)
    a.stx(out.length, r2)


def store_size(a: Assembler, what: str) -> None:
    """Emit: r2 bytes are to be read, and no more than the read says; ``what``, a str, is for the
    label. Uses r1 and r2."""
    out: Memory = Outgoing[r9]
    a.st(out.whole, Status.WHOLE)
    bits(a, r1, MOST, 0xFFFF)
    a.jle(r2, r1, f"all {what}")
    a.mov(r2, r1)
    a.st(out.whole, Status.CUT)
    a.label(f"all {what}")
    a.stx(out.size, r2)


def load_value(a: Assembler, label: str) -> None:
    """Emit: r2 = the argument, or the result, whose index is in r3. Defines ``label``, a str."""
    a.mov(r2, 0)
    a.jgt(r3, RESULT, label)
    a.lsh(r3, 3)
    a.add(r3, r9)
    a.ldx(r2, u64[r3 + VALUES])
    a.label(label)


def load_count(a: Assembler, pair: Memory, what: str) -> None:
    """Emit: r2 = how many elements the read counts, LONGEST_READ at most; ``pair`` is Memory of 16
    bytes to copy to, ``what``, a str, is for the labels. Uses r0 to r5."""
    done, bound = f"{what} counted", f"{what} bound"
    bits(a, r4, COUNT, 0xFF)
    a.mov(r3, r4)
    a.and_(r3, 0xF)
    a.and_(r4, 0xF0)
    a.mov(r2, 1)
    a.jeq(r4, Count.CONSTANT, done)
    a.ldx(r2, Outgoing[r9].following)
    a.jeq(r4, Count.FOLLOWING, bound)
    a.jne(r4, Count.RETURNED, f"{what} of an argument")
    a.mov(r3, RESULT)
    a.label(f"{what} of an argument")
    load_value(a, f"{what} value")
    a.jeq(r4, Count.ARGUMENT, bound)
    a.jeq(r4, Count.POINTED, f"{what} pointed")
    a.jsge(r2, 0, bound)
    a.mov(r2, 0)  # an errno
    a.ja(done)
    a.label(f"{what} pointed")
    a.mov(r3, r2)
    a.st(pair[0], 0)
    a.lea(r1, pair)
    a.mov(r2, 4)
    a.call(helper.probe_read_user)
    a.ldx(r2, u32[address_of(pair) + 0])
    a.label(bound)
    a.jle(r2, LONGEST_READ, done)
    a.mov(r2, LONGEST_READ)
    a.label(done)


def read_word(a: Assembler, pair: Memory, what: str, fault: str) -> None:
    """Emit: r0 = the word of the call's ABI at r6, in user memory, and r6 is behind it. Jump to the
    label ``fault`` if it cannot be read. ``pair`` is Memory of 16 bytes to copy to, ``what``, a
    str, is for the labels. Uses r0 to r5."""
    out: Memory = Outgoing[r9]
    a.lea(r1, pair)
    a.mov(r3, r6)
    a.ldx(r2, out.head.number.compat)
    a.jne(r2, 0, f"short word {what}")
    a.add(r6, 8)
    a.mov(r2, 8)
    a.call(helper.probe_read_user)
    a.jne(r0, 0, fault)
    a.ldx(r0, pair[0])
    a.ja(f"word {what}")
    a.label(f"short word {what}")
    a.add(r6, 4)
    a.mov(r2, 4)
    a.call(helper.probe_read_user)
    a.jne(r0, 0, fault)
    a.ldx(r0, u32[address_of(pair) + 0])
    a.label(f"word {what}")
