"""What the verifier of several kernels wrote, explained without a kernel."""

from __future__ import annotations

import pytest

from tuxscope.explain.explain import explain

LINUX_4_14 = """\
0: (18) r1 = 0xffff8800b7a4c000
2: (bf) r0 = r3
R3 !read_ok
"""
LINUX_4_19 = """\
0: (b7) r2 = 0
1: (7b) *(u64 *)(r10 -8) = r2
2: (85) call bpf_map_lookup_elem#1
R1 type=inv expected=map_ptr
processed 3 insns (limit 131072), stack depth 8
"""
LINUX_5_4 = """\
func#0 @0
0: R1=ctx(id=0,off=0,imm=0) R10=fp0
; a.call(helper.map_lookup_elem)
6: (85) call bpf_map_lookup_elem#1
7: R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0
; a.ldx(r0, u64[r0])
7: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 61 usec
stack depth 8
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""
LINUX_5_10 = """\
from 3 to 9: R0=inv(id=0) R10=fp0 fp-8=mmmmmmmm
9: (bf) r2 = r1
last_idx 9 first_idx 0
regs=4 stack=0 before 8: (b7) r2 = 16
R1 !read_ok

processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1

"""
LINUX_6_1 = """\
caller:
 R10=fp0
callee:
 frame1: R1=scalar() R10=fp0
5: (95) exit
R0 !read_ok
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""
LINUX_6_18_LOOP = """\
0: R1=ctx() R10=fp0
; a.mov(r0, 0) @ page.py:16
0: (b7) r0 = 0                        ; R0=0
; a.jne(r0, 1, "top") @ page.py:18
1: (55) if r0 != 0x1 goto pc-1        ; R0=0
mark_precise: frame0: last_idx 1 first_idx 0 subseq_idx -1
mark_precise: frame0: regs=r0 stack= before 0: (b7) r0 = 0
1: (55) if r0 != 0x1 goto pc-1        ; R0=0
infinite loop detected at insn 1
cur state: R0=0 R1=ctx() R10=fp0
old state: R0=P0 R1=ctx() R10=fp0
processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
"""
LINUX_7_3 = """\
0: R1=ctx() R10=fp0
; a.exit() @ page.py:12
0: (95) exit
R0 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has never been initialized on this path, so the verifier cannot use it as an input.

At:
  wrong @ page.py:12:0
  Instruction context:
  >>> 0 | (95) exit

Suggestion:
  Initialize R0 on every path before this instruction.

processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""
BACK_EDGE = "back-edge from insn 2 to 1\n"
OUT_OF_RANGE = "jump out of range from insn 3 to 9\nprocessed 0 insns (limit 131072)\n"
UNREACHABLE = "unreachable insn 5\nprocessed 0 insns (limit 1000000) max_states_per_insn 0\n"
NO_END = "last insn is not an exit or jmp\nprocessed 0 insns (limit 1000000)\n"
TOO_LARGE = """\
1: (07) r0 += 1
BPF program is too large. Processed 1000001 insn
processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 25001
"""
NO_TEXT = "; \n0: (bf) r0 = r3\nR3 !read_ok\n; \n"
CUT = "0: (b7) r0 = 0\n1: (07) r0 +="


@pytest.mark.parametrize(
    ("log", "cause", "slot", "line"),
    [
        (LINUX_4_14, "uninitialised-register", 2, "R3 !read_ok"),
        (LINUX_4_19, "argument-type", 2, "R1 type=inv expected=map_ptr"),
        (LINUX_5_4, "missing-null-check", 7, "R0 invalid mem access 'map_value_or_null'"),
        (LINUX_5_10, "uninitialised-register", 9, "R1 !read_ok"),
        (LINUX_6_1, "missing-result", 5, "R0 !read_ok"),
        (LINUX_6_18_LOOP, "endless-loop", 1, "infinite loop detected at insn 1"),
        (LINUX_7_3, "missing-result", 0, "R0 !read_ok"),
        (BACK_EDGE, "endless-loop", 2, "back-edge from insn 2 to 1"),
        (OUT_OF_RANGE, "jump-out-of-range", 3, "jump out of range from insn 3 to 9"),
        (UNREACHABLE, "unreachable-code", 5, "unreachable insn 5"),
        (NO_END, "falls-off-the-end", None, "last insn is not an exit or jmp"),
        (TOO_LARGE, "too-many-instructions", 1,
         "BPF program is too large. Processed 1000001 insn"),
        (NO_TEXT, "uninitialised-register", 0, "R3 !read_ok"),
        (CUT, None, 1, None),
        ("", None, None, None),
        ("\n \n", None, None, None),
    ],
)  # fmt: skip
def test_the_cause_and_the_slot_are_found(
    log: str, cause: str | None, slot: int | None, line: str | None
) -> None:
    explanation = explain(log)
    assert (explanation.cause, explanation.slot) == (cause, slot)
    assert explanation.telling[-1:] == (() if line is None else (line,))
