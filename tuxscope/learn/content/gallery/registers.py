"""Entries about what a register holds."""

from __future__ import annotations

from tuxscope.asm import (
    Array,
    Assembler,
    RawTracepoint,
    SocketFilter,
    helper,
    r0,
    r1,
    r2,
    r3,
    r6,
    r10,
)
from tuxscope.asm.errors import (
    ClobberedRegisterError,
    MissingResultError,
    PointerArithmeticError,
    UninitialisedRegisterError,
)
from tuxscope.learn.content.gallery.entry import Entry, Patch
from tuxscope.record import u32, u64

COUNT = Array("COUNT", value=u64, max_entries=1)


def never_set() -> Assembler:
    a = Assembler("never_set", attach=RawTracepoint())
    a.mov(r0, r3)  # <-
    a.exit()
    return a


def set_first() -> Assembler:
    a = Assembler("set_first", attach=RawTracepoint())
    a.mov(r3, 7)
    a.mov(r0, r3)
    a.exit()
    return a


def used_up() -> Assembler:
    a = Assembler("used_up", attach=RawTracepoint())
    a.call(helper.ktime_get_ns)
    a.ldx(r0, u64[r1 + 0])  # <-
    a.exit()
    return a


def kept() -> Assembler:
    a = Assembler("kept", attach=RawTracepoint())
    a.mov(r6, r1)
    a.call(helper.ktime_get_ns)
    a.ldx(r0, u64[r6 + 0])
    a.exit()
    return a


def no_result() -> Assembler:
    a = Assembler("no_result", attach=RawTracepoint())
    a.mov(r6, r1)
    a.exit()  # <-
    return a


def result() -> Assembler:
    a = Assembler("result", attach=RawTracepoint())
    a.mov(r6, r1)
    a.mov(r0, 0)
    a.exit()
    return a


def moves_the_frame() -> Assembler:
    a = Assembler("moves_the_frame", attach=RawTracepoint())
    a.mov(r0, 0)
    a.add(r1, -8)  # <- with r10 instead of r1, which the assembler refuses to write
    a.exit()
    return a


def copies_the_frame() -> Assembler:
    a = Assembler("copies_frame", attach=RawTracepoint())
    a.mov(r0, 0)
    a.mov(r1, r10)
    a.add(r1, -8)
    a.exit()
    return a


def returns_an_address() -> Assembler:
    a = Assembler("leaks", attach=SocketFilter())
    a.mov(r0, r1)
    a.exit()  # <-
    return a


def returns_a_number() -> Assembler:
    a = Assembler("returns_0", attach=SocketFilter())
    a.mov(r0, 0)
    a.exit()
    return a


def moves_the_context() -> Assembler:
    a = Assembler("moves_context", attach=SocketFilter())
    a.add(r1, 8)
    a.ldx(r0, u32[r1 + 0])  # <-
    a.exit()
    return a


def offset_in_the_access() -> Assembler:
    a = Assembler("says_offset", attach=SocketFilter())
    a.ldx(r0, u32[r1 + 8])
    a.exit()
    return a


def adds_addresses() -> Assembler:
    a = Assembler("adds_addresses", attach=RawTracepoint())
    a.mov(r2, r10)
    a.add(r2, r1)  # <-
    a.mov(r0, 0)
    a.exit()
    return a


def adds_a_number() -> Assembler:
    a = Assembler("adds_a_number", attach=RawTracepoint())
    a.mov(r2, r10)
    a.add(r2, -8)
    a.mov(r0, 0)
    a.exit()
    return a


REGISTERS = (
    Entry(
        "uninitialised-register", never_set, set_first,
        "At the start of a program only r1, the context, and r10, the frame pointer, are set. All "
        "other registers must be written before they are read, on every path.",
        "Set the register first.",
        hint="set it first, as in a.mov(r3, 0)",
        foreseen=UninitialisedRegisterError,
    ),
    Entry(
        "clobbered-register", used_up, kept,
        "A call clobbers r1 to r5, whichever helper is called. Most often it is r1, the context, "
        "that is lost by a program's first call.",
        "Keep what is needed later in r6 to r9, which calls preserve.",
        hint="save it in r6 to r9: a.mov(r6, r1) before the call, r6 after it",
        foreseen=ClobberedRegisterError,
    ),
    Entry(
        "missing-result", no_result, result,
        "r0 is the program's return value, even if the kernel ignores it.",
        "Put a number into r0 before each exit.",
        hint="a.mov(r0, 0) before a.exit(), on all paths",
        foreseen=MissingResultError,
    ),
    Entry(
        "read-only-register", moves_the_frame, copies_the_frame,
        "r10 points to the top of the function's stack, and is read-only.",
        "Copy r10 and change the copy; a.lea does both.",
        hint="work on a copy: a.mov(r1, r10), a.add(r1, -8)",
        patch=Patch(slot=1, dst=10),
    ),
    Entry(
        "pointer-leak", returns_an_address, returns_a_number,
        "Kernel addresses help an attacker. Without CAP_PERFMON a program can neither return, "
        "store nor compare them.",
        "Return a number.",
        hint="return a number: a.mov(r0, 0) before a.exit()",
        unprivileged=True,
    ),
    Entry(
        "modified-context", moves_the_context, offset_in_the_access,
        "The kernel rewrites accesses to the context, field by field. So the offset must be in the "
        "instruction, and the address unchanged.",
        "Do not change the context's address; put the offset into the access.",
        hint="write the offset in the access instead: a.ldx(r0, u32[r1 + 8])",
    ),
    Entry(
        "pointer-arithmetic", adds_addresses, adds_a_number,
        "The sum of two addresses points nowhere. A number may be added to an address or "
        "subtracted from it; the difference of two addresses is a number.",
        "Add a number.",
        hint="add a number to one of them, as in a.add(r2, 8)",
        foreseen=PointerArithmeticError,
    ),
)  # fmt: skip
