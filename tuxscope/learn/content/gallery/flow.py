"""Entries about control flow, and about the encoding of instructions."""

from __future__ import annotations

from tuxscope.asm import Assembler, RawTracepoint, Xdp, r0, r6, r10
from tuxscope.asm.errors import (
    CallDepthError,
    EndlessLoopError,
    FallThroughError,
    UnreachableCodeError,
)
from tuxscope.learn.content.gallery.entry import Entry, Patch
from tuxscope.record import u64


def after_the_end() -> Assembler:
    a = Assembler("after_the_end", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    a.mov(r0, 1)  # <-
    a.exit()
    return a


def within_reach() -> Assembler:
    a = Assembler("within_reach", attach=RawTracepoint())
    a.mov(r0, 0)
    a.jeq(r0, 1, "one")
    a.exit()
    a.label("one")
    a.mov(r0, 1)
    a.exit()
    return a


def goes_on() -> Assembler:
    a = Assembler("goes_on", attach=RawTracepoint())
    a.mov(r0, 0)  # <-
    return a


def ends() -> Assembler:
    a = Assembler("ends", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    return a


def jumps_away() -> Assembler:
    a = Assembler("jumps_away", attach=RawTracepoint())
    a.mov(r0, 0)
    a.jeq(r0, 1, "out")  # <- with offset 7, which no label can give
    a.label("out")
    a.exit()
    return a


def jumps_to_a_label() -> Assembler:
    a = Assembler("jumps_to_label", attach=RawTracepoint())
    a.mov(r0, 0)
    a.jeq(r0, 1, "out")
    a.label("out")
    a.exit()
    return a


def never_ends() -> Assembler:
    a = Assembler("never_ends", attach=RawTracepoint())
    a.mov(r0, 0)
    a.label("top")
    a.jne(r0, 1, "top")  # <-
    a.exit()
    return a


def counts_to_ten() -> Assembler:
    a = Assembler("counts_to_ten", attach=RawTracepoint())
    a.mov(r0, 0)
    a.label("top")
    a.add(r0, 1)
    a.jlt(r0, 10, "top")
    a.exit()
    return a


def counts_to_a_million() -> Assembler:
    a = Assembler("counts_far", attach=RawTracepoint())
    a.mov(r0, 0)
    a.label("top")
    a.add(r0, 1)
    a.jlt(r0, 1_000_000, "top")  # <-
    a.exit()
    return a


def two_large_frames() -> Assembler:
    a = Assembler("two_frames", attach=Xdp())
    a.st(u64[r10 - 264], 0)
    a.call("inner")  # <-
    a.exit()
    a.function("inner")
    a.st(u64[r10 - 264], 0)
    a.mov(r0, 0)
    a.exit()
    return a


def two_small_frames() -> Assembler:
    a = Assembler("small_frames", attach=Xdp())
    a.st(u64[r10 - 200], 0)
    a.call("inner")
    a.exit()
    a.function("inner")
    a.st(u64[r10 - 200], 0)
    a.mov(r0, 0)
    a.exit()
    return a


def too_deep() -> Assembler:
    a = Assembler("too_deep", attach=RawTracepoint())
    for depth in range(1, 64):
        a.call(f"level{depth}")  # <-
        a.exit()
        a.function(f"level{depth}")
    a.mov(r0, 0)
    a.exit()
    return a


def not_so_deep() -> Assembler:
    a = Assembler("not_so_deep", attach=RawTracepoint())
    for depth in range(1, 8):
        a.call(f"level{depth}")
        a.exit()
        a.function(f"level{depth}")
    a.mov(r0, 0)
    a.exit()
    return a


def two_moves() -> Assembler:
    a = Assembler("two_moves", attach=RawTracepoint())
    a.mov(r0, 0)
    a.mov(r6, 1)  # <- patched
    a.exit()
    return a


def two_good_moves() -> Assembler:
    a = Assembler("two_good_moves", attach=RawTracepoint())
    a.mov(r0, 0)
    a.mov(r6, 1)
    a.exit()
    return a


def shifts_too_far() -> Assembler:
    a = Assembler("shifts_far", attach=RawTracepoint())
    a.mov(r0, 1)
    a.lsh(r0, 63)  # <- with 64 instead of 63, which the assembler refuses
    a.exit()
    return a


def shifts() -> Assembler:
    a = Assembler("shifts", attach=RawTracepoint())
    a.mov(r0, 1)
    a.lsh(r0, 63)
    a.exit()
    return a


def divides_by_zero() -> Assembler:
    a = Assembler("divides_by_0", attach=RawTracepoint())
    a.mov(r0, 1)
    a.div(r0, 2)  # <- with 0 instead of 2, which the assembler refuses
    a.exit()
    return a


def divides() -> Assembler:
    a = Assembler("divides", attach=RawTracepoint())
    a.mov(r0, 1)
    a.div(r0, 2)
    a.exit()
    return a


FLOW = (
    Entry(
        "unreachable-code", after_the_end, within_reach,
        "The verifier refuses a program with instructions that no path reaches.",
        "Remove them, or jump there.",
        hint="remove it, or put a label before it and jump there",
        foreseen=UnreachableCodeError,
    ),
    Entry(
        "falls-off-the-end", goes_on, ends,
        "After a function's last instruction there is nothing, or another function.",
        "End each function with an exit or a jump back into it.",
        hint="end it with a.exit()",
        foreseen=FallThroughError,
    ),
    Entry(
        "jump-out-of-range", jumps_away, jumps_to_a_label,
        "A jump's offset counts slots, and this one leads out of its function.",
        "Jump to a label: the assembler computes the offset.",
        hint="jump to a label of the same function",
        patch=Patch(slot=1, offset=7),
    ),
    Entry(
        "endless-loop", never_ends, counts_to_ten,
        "The verifier follows a loop iteration by iteration (since Linux 5.3). If an iteration "
        "changes nothing, the loop never ends.",
        "Count the iterations, and leave the loop by the count.",
        hint='count the iterations: a.add(r6, 1), then a.jlt(r6, 10, "top")',
        foreseen=EndlessLoopError,
    ),
    Entry(
        "too-many-instructions", counts_to_a_million, counts_to_ten,
        "The verifier follows at most a million instructions, over all paths and iterations.",
        "Use fewer iterations.",
        hint="use fewer iterations or branches; a.may_goto (Linux 6.9) ends a loop without "
        "counting",
    ),
    Entry(
        "stack-limit", two_large_frames, two_small_frames,
        "Functions that call each other share 512 bytes of stack, each frame rounded up to 32 "
        "(16 where the JIT compiles it). Since Linux 6.13 tracing programs on some "
        "machines have stacks of their own, and this limit for each function alone.",
        "Use less stack, or keep data in the value of a per-CPU array.",
        hint="use less stack, or keep what is large in a per-CPU array's value",
    ),
    Entry(
        "call-depth", too_deep, not_so_deep,
        "Calls may be nested 8 functions deep, the main program included; Linux 7.3 allows more.",
        "Inline the innermost function where it is called.",
        hint="inline the innermost functions: put their instructions in place of the calls",
        foreseen=CallDepthError,
    ),
)  # fmt: skip

ENCODING = (
    Entry(
        "unknown-opcode", two_moves, two_good_moves,
        "This kernel does not know the opcode: the bytes are damaged, or the instruction is of a "
        "newer kernel.",
        "Let the assembler encode instructions; replace an instruction of a newer kernel by older "
        "ones.",
        hint="use the assembler's methods; replace one of a newer kernel by older ones",
        patch=Patch(slot=1, opcode=0xFF),
    ),
    Entry(
        "reserved-field", two_moves, two_good_moves,
        "A field that this instruction does not use must be 0. A newer kernel may use it.",
        "Let the assembler encode instructions; replace an instruction of a newer kernel by older "
        "ones.",
        hint="use the assembler's methods; replace one of a newer kernel by older ones",
        patch=Patch(slot=1, offset=77),
    ),
    Entry(
        "invalid-register", two_moves, two_good_moves,
        "A register field has four bits, but the registers are r0 to r10.",
        "Let the assembler encode instructions.",
        hint="use r0 to r10",
        patch=Patch(slot=1, dst=12),
    ),
    Entry(
        "invalid-shift", shifts_too_far, shifts,
        "A shift count must be less than the width: 64 or 32 bits.",
        "Shift by less.",
        hint="shift by 0 to 63 bits, 0 to 31 in the methods that end with 32",
        patch=Patch(slot=1, imm=64),
    ),
    Entry(
        "division-by-zero", divides_by_zero, divides,
        "Division by the constant 0 is not allowed. (Division by a register that is 0 at run time "
        "gives 0.)",
        "Divide by another number.",
        hint="divide by another number",
        patch=Patch(slot=1, imm=0),
    ),
)  # fmt: skip
