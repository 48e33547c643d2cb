"""What the verifier of several kernels wrote, explained without a kernel."""

from __future__ import annotations

import json

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


def test_a_line_without_a_file_is_told_by_its_text() -> None:
    source = explain(LINUX_5_4).source
    assert source is not None
    assert (source.file, source.line) == ("", 0)
    assert str(source) == "a.ldx(r0, u64[r0])"


CALLS = """\
0: R1=ctx() R10=fp0
0: (b7) r6 = 1                        ; R6_w=1
1: (85) call pc+3
caller:
 R6_w=1 R10=fp0
callee:
 frame1: R1=ctx() R10=fp0
5: frame1: R1=ctx() R10=fp0
5: (b7) r6 = 2                        ; frame1: R6_w=2
6: (15) if r6 == 0x0 goto pc+2        ; frame1: R6_w=2
7: (b7) r0 = 3                        ; frame1: R0_w=3
8: (95) exit
returning from callee:
 frame1: R0_w=3 R1=ctx() R6_w=2 R10=fp0
to caller at 2:
 R0_w=3 R6_w=1 R10=fp0

2: (bf) r7 = r6                       ; R6_w=1 R7_w=1
"""


@pytest.mark.parametrize(
    ("last", "register", "state", "slot"),
    [
        ("3: (7b) *(u64 *)(r6 +0) = r0\nR6 invalid mem access 'scalar'", "r6", "1", 0),
        ("3: (7b) *(u64 *)(r0 +0) = r6\nR0 invalid mem access 'scalar'", "r0", "3", 7),
        ("3: (bf) r0 = r1\nR1 !read_ok", "r1", "", 1),
        ("3: (bf) r0 = r9\nR9 !read_ok", "r9", "", None),
    ],
)
def test_a_function_s_registers_are_its_own(
    last: str, register: str, state: str, slot: int | None
) -> None:
    note = explain(f"{CALLS}{last}\n").registers[0]
    assert (note.name, note.state, note.slot) == (register, state, slot)


FORK = """\
0: R1=ctx() R10=fp0
0: (79) r2 = *(u64 *)(r1 +0)          ; R2_w=scalar()
1: (b7) r3 = 1                        ; R3_w=1
2: (15) if r2 == 0x0 goto pc+2        ; R2_w=scalar()
3: (b7) r3 = 2                        ; R3_w=2
4: (b7) r0 = 0                        ; R0_w=0
5: (95) exit

from 2 to 5: R1=ctx() R2_w=0 R3_w=1 R10=fp0
5: (7b) *(u64 *)(r3 +0) = r2
R3 invalid mem access 'scalar'
"""


def test_the_other_way_of_a_fork_knows_nothing_of_the_first() -> None:
    explanation = explain(FORK)
    assert explanation.slot == 5
    assert [(each.name, each.state, each.slot) for each in explanation.registers] == [
        ("r3", "1", 1),
        ("r2", "0", 0),
    ]


def test_a_packet_s_address_does_not_outlive_a_call_that_moves_it() -> None:
    log = (
        "0: R1=ctx() R10=fp0\n"
        "0: (61) r7 = *(u32 *)(r1 +0)          ; R7_w=pkt(r=0)\n"
        "1: (85) call bpf_xdp_adjust_head#44   ; R0_w=scalar()\n"
        "2: (71) r0 = *(u8 *)(r7 +0)\n"
        "R7 invalid mem access 'scalar'\n"
    )
    assert "may have moved the packet" in explain(log).sentence
    assert "may have moved" not in explain(log.replace("pkt(r=0)", "scalar()")).sentence


def test_cilium_s_error_in_one_line_is_taken_apart() -> None:
    explanation = explain(
        "field Probe: program probe: load program: permission denied: "
        "7: (79) r0 = *(u64 *)(r0 +0): R0 invalid mem access 'map_value_or_null' "
        "(12 line(s) omitted)"
    )
    assert (explanation.cause, explanation.slot) == ("missing-null-check", 7)
    assert explanation.hint == "check it first: `if (!p) return 0;`"


def test_of_several_logs_the_last_is_meant() -> None:
    good = "0: R1=ctx() R10=fp0\n0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 9)\n"
    assert explain(good + LINUX_5_4).cause == "missing-null-check"
    assert explain(LINUX_5_4 + good).telling == ()


INDEXED = """\
0: R1=ctx() R10=fp0
0: (79) r6 = *(u64 *)(r1 +16)         ; R6_w=scalar()
1: (57) r6 &= 255                     ; R6_w=scalar(umax=255,var_off=(0x0; 0xff))
2: (18) r1 = 0xffff888102f8a038       ; R1_w=map_value(map=A,ks=4,vs=64)
4: (0f) r1 += r6                      ; R1_w=map_value(map=A,ks=4,vs=64,umax=255)
5: (bf) r2 = r1                       ; R2_w=map_value(map=A,ks=4,vs=64,umax=255)
6: (07) r2 += 4                       ; R2_w=map_value(map=A,off=4,ks=4,vs=64,umax=255)
; a.ldx(r0, u8[r2 + 0]) @ page.py:9
7: (71) r0 = *(u8 *)(r2 +0)
invalid access to map value, value_size=64 off=259 size=1
R2 max value is outside of the allowed memory range
"""
ADDED = """\
0: R1=ctx() R10=fp0
0: (79) r6 = *(u64 *)(r1 +16)         ; R6_w=scalar()
1: (18) r1 = 0xffff888102f8a038       ; R1_w=map_value(map=A,ks=4,vs=64)
; a.add(r1, r6) @ page.py:9
3: (0f) r1 += r6
math between map_value pointer and register with unbounded min value is not allowed
"""


@pytest.mark.parametrize("log", [INDEXED, ADDED])
def test_an_index_is_bounded_by_its_own_register(log: str) -> None:
    explanation = explain(log)
    assert explanation.cause == "unbounded-access"
    assert explanation.hint == 'bound r6 first: a.jgt(r6, limit, "out") or a.and_(r6, 63)'


def test_without_the_instruction_an_index_is_a_word_to_fill_in() -> None:
    telling = "".join(ADDED.splitlines(keepends=True)[-1:])
    hint = explain(telling + "processed 3 insns (limit 1000000)\n").hint
    assert hint == "bound the index first: `if (i >= LIMIT) return 0;`"
    words = explain(f"; a.add(r1, r6) @ page.py:9\n{telling}").hint
    assert "r-1" not in words


LOOKED_UP = """\
4: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=H,ks=4,vs=64)
5: (55) if r0 != 0x0 goto pc+2        ; R0_w={state}
; a.ldx(r1, u64[r0]) @ page.py:9
6: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access '{word}'
"""


@pytest.mark.parametrize(
    ("state", "word"),
    [("0", "scalar"), ("P0", "scalar"), ("scalar(0)", "scalar"), ("inv0", "inv"), ("invP0", "inv")],
)
def test_a_comparison_the_wrong_way_round(state: str, word: str) -> None:
    explanation = explain(LOOKED_UP.format(state=state, word=word))
    assert explanation.cause == "missing-null-check"
    assert explanation.sentence.startswith("r0 is 0 on this path: the comparison leads here")
    assert explanation.hint == 'jump to another path if it is 0: a.jeq(r0, 0, "out")'


def test_another_0_is_a_number() -> None:
    log = LOOKED_UP.format(state="0", word="scalar").replace(
        "(85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=H,ks=4,vs=64)",
        "(b7) r0 = 0                        ; R0_w=0",
    )
    assert explain(log).cause == "not-an-address"


SUBMITTED = """\
4: (85) call bpf_ringbuf_reserve#131  ; R0_w=ringbuf_mem_or_null(id=2,ref_obj_id=2,sz=32) refs=2
5: (15) if r0 == 0x0 goto pc+9        ; R0_w=ringbuf_mem(ref_obj_id=2,sz=32) refs=2
6: (bf) r6 = r0                       ; R0_w=ringbuf_mem(ref_obj_id=2,sz=32) refs=2
7: (bf) r1 = r6
8: (b7) r2 = 0
9: (85) call bpf_ringbuf_submit#132
"""


@pytest.mark.parametrize(
    "end",
    [
        "10: (62) *(u32 *)(r6 +0) = 1\nR6 invalid mem access 'scalar'",
        "10: (bf) r1 = r6\n11: (85) call bpf_ringbuf_submit#132\n"
        "R1 type=scalar expected=ringbuf_mem",
        "10: (bf) r1 = r6\n11: (85) call bpf_ringbuf_submit#132\nR1 type=inv expected=alloc_mem",
    ],
)
def test_a_record_that_was_given_back(end: str) -> None:
    assert explain(SUBMITTED + end).cause == "released-record"
    other = "10: (b7) r6 = 5\n11" + end.removeprefix("10").replace("\n11:", "\n12:")
    assert explain(SUBMITTED + other).cause != "released-record"


def test_a_size_is_told_where_a_helper_accesses_too_much() -> None:
    log = (
        "; a.call(helper.probe_read_kernel) @ page.py:9\n"
        "5: (85) call bpf_probe_read_kernel#113\n"
        "invalid write to stack R1 off=-64 size=127\n"
    )
    explanation = explain(log)
    assert explanation.sentence.endswith("more than the stack has there: r2 is the size")
    assert "a.mov(r2, Event.size)" in explanation.hint
    key = log.replace("probe_read_kernel#113", "map_lookup_elem#1").replace("R1", "R2")
    assert "a.stack(type)" in explain(key).hint


def test_a_forgotten_argument_is_no_kept_one() -> None:
    log = (
        "; a.call(helper.ktime_get_ns) @ page.py:8\n5: (85) call bpf_ktime_get_ns#5\n"
        "; a.call(helper.map_lookup_elem) @ page.py:9\n6: (85) call bpf_map_lookup_elem#1\n"
        "R1 !read_ok\n"
    )
    explanation = explain(log)
    assert explanation.cause == "clobbered-register"
    assert explanation.hint.startswith("set r1 between the two: a.ld_map for a map")


def test_a_comment_of_c_is_no_place() -> None:
    log = "; u32 flags; // see ring.c:42\n0: (bf) r0 = r3\nR3 !read_ok\n"
    source = explain(log).source
    assert source is not None
    assert (source.file, source.line, source.text) == ("", 0, "u32 flags; // see ring.c:42")


@pytest.mark.parametrize("log", [LINUX_4_14, LINUX_5_4, LINUX_6_18_LOOP, LINUX_7_3])
def test_a_log_on_one_line_is_taken_apart(log: str) -> None:
    expected = explain(log)
    for quoted in (json.dumps(log), json.dumps({"level": "error", "log": log})):
        escaped = quoted.replace(">", "\\u003e").replace("&", "\\u0026")
        found = explain(escaped)
        assert (found.cause, found.slot) == (expected.cause, expected.slot)
        assert found.source == expected.source


@pytest.mark.parametrize(
    ("off", "place"), [("0", "r10"), ("-8", "r10 - 8"), ("8", "r10 + 8"), ("-520", "r10 - 520")]
)
def test_a_place_on_the_stack_is_written_as_in_python(off: str, place: str) -> None:
    said = explain(f"0: (95) exit\ninvalid write to stack R10 off={off} size=8\n").sentence
    assert said.startswith(f"an access of 8 bytes at {place}: the stack is")


def test_functions_are_not_said_to_call_each_other() -> None:
    said = explain("0: (95) exit\ncombined stack size of 2 calls is 544. Too large\n").sentence
    assert said == (
        "the stacks of 2 functions, each called by the one before it, have 544 bytes: "
        "512 are allowed"
    )


def test_the_statistics_do_not_stick_to_a_message_without_an_end_of_line() -> None:
    """As of check_btf_func in kernel/bpf/verifier.c."""
    said = explain(
        "nonzero insn_off 1 for the first func info recordprocessed 0 insns (limit 1000000)\n"
    )
    assert said.sentence == "nonzero insn_off 1 for the first func info record"
