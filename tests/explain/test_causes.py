"""The table of causes: each template can be filled in, each wording finds its row."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from tuxscope.explain.cause import Case, Cause, ErrorContext
from tuxscope.explain.causes import CAUSES
from tuxscope.explain.explain import explain
from tuxscope.explain.log import read
from tuxscope.explain.path import Path

ALWAYS = {"reg", "spare", "helper", "instruction", "call", "index", "width", "total",
          "next", "trusted_source", "trusted_source_in_c"}  # fmt: skip
CASES = [(cause, case) for cause in CAUSES for case in cause.cases]


def test_keys_are_unique_and_plain() -> None:
    keys = [each.key for each in CAUSES]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", each) for each in keys)


@pytest.mark.parametrize(("cause", "case"), CASES, ids=lambda each: getattr(each, "key", ""))
def test_templates_are_filled_in_from_what_is_there(cause: Cause, case: Case) -> None:
    groups = set(re.compile(case.pattern).groupindex)
    there = ALWAYS | groups
    there |= {"bytes"} if "size" in groups else set()
    there |= {"place"} if "off" in groups else set()
    there |= {"reach"} if groups >= {"size", "off"} else set()
    for template in (case.sentence, case.python, case.c):
        assert template
        assert not template.endswith(".")
        assert {name for _, name, _, _ in Formatter().parse(template) if name} <= there
    if "{reg}" in case.sentence + case.python:
        assert "reg" in groups


# Wordings of Linux 5.8 to 7.x, from kernel/bpf/verifier.c.
@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("R0 invalid mem access 'map_value_or_null'", "missing-null-check"),
        ("R0 invalid mem access 'mem_or_null'", "missing-null-check"),
        ("R6 invalid mem access 'sock_common_or_null'", "missing-null-check"),
        ("R0 pointer arithmetic on map_value_or_null prohibited, null-check it first",
         "missing-null-check"),
        ("R1 type=map_value_or_null expected=map_ptr", "missing-null-check"),
        ("Possibly NULL pointer passed to trusted arg0", "missing-null-check"),
        ("R0 invalid mem access 'ptr_or_null_'", "missing-null-check"),
        ("R0 invalid mem access 'trusted_ptr_or_null_'", "missing-null-check"),
        ("R1 type=rcu_ptr_or_null_ expected=ptr_, trusted_ptr_, rcu_ptr_", "missing-null-check"),
        ("R0 pointer arithmetic on ptr_or_null_ prohibited, null-check it first",
         "missing-null-check"),
        ("R1 invalid mem access 'inv'", "not-an-address"),
        ("R1 invalid mem access 'scalar'", "not-an-address"),
        ("R1 invalid mem access 'map_ptr'", "not-an-address"),
        ("invalid stack off=-520 size=8", "stack-out-of-bounds"),
        ("invalid write to stack R10 off=-520 size=8", "stack-out-of-bounds"),
        ("invalid stack type R2 off=-520 access_size=8", "stack-out-of-bounds"),
        ("invalid indirect access to stack R2 off=-520 size=8", "stack-out-of-bounds"),
        ("invalid variable-offset read from stack R2 var_off=(0x0; 0xff) off=-64 size=1",
         "stack-out-of-bounds"),
        ("invalid read from stack R10 off=-520 size=8", "stack-out-of-bounds"),
        ("invalid read from stack R10 off=-8 size=8", "uninitialised-stack"),
        ("invalid read from stack off -8+0 size 8", "uninitialised-stack"),
        ("invalid indirect read from stack off -8+0 size 8", "uninitialised-stack-argument"),
        ("invalid indirect read from stack R2 off -8+4 size 8", "uninitialised-stack-argument"),
        ("invalid access to map value, value_size=8 off=8 size=8", "map-value-out-of-bounds"),
        ("invalid access to memory, mem_size=16 off=16 size=8", "memory-out-of-bounds"),
        ("invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0)", "packet-out-of-bounds"),
        ("R1 offset is outside of the packet", "packet-out-of-bounds"),
        ("R7 unbounded memory access, make sure to bounds check any array access into a map",
         "unbounded-access"),
        ("R2 unbounded memory access, use 'var &= const' or 'if (var < const)'",
         "unbounded-access"),
        ("R2 min value is negative, either use unsigned or 'var &= const'", "unbounded-access"),
        ("math between map_value pointer and register with unbounded min value is not allowed",
         "unbounded-access"),
        ("access beyond struct task_struct at off 30000 size 8", "memory-out-of-bounds"),
        ("access beyond the end of member comm (mend:1992) in struct task_struct with off 1984 "
         "size 16", "memory-out-of-bounds"),
        ("R0 min value is outside of the allowed memory range", "memory-out-of-bounds"),
        ("R0 max value is outside of the allowed memory range", "unbounded-access"),
        ("invalid bpf_context access off=0 size=8", "context-access"),
        ("dereference of modified ctx ptr R1 off=8 disallowed", "modified-context"),
        ("misaligned stack access off (0x0; 0x0)+0+-12 size 8", "misaligned-access"),
        ("misaligned access off (0x0; 0x0)+0+1 size 4", "misaligned-access"),
        ("R6 cannot write into sock_common", "read-only-memory"),
        ("write into map forbidden, value_size=8 off=0 size=8", "read-only-memory"),
        ("BPF_XADD stores into R1 ctx is not allowed", "atomic-access"),
        ("BPF_ATOMIC stores into R1 ctx is not allowed", "atomic-access"),
        ("frame pointer is read only", "read-only-register"),
        ("R0 leaks addr as return value", "pointer-leak"),
        ("R2 leaks addr into map", "pointer-leak"),
        ("attempt to corrupt spilled pointer on stack", "pointer-leak"),
        ("invalid size of register fill", "pointer-leak"),
        ("R1 partial copy of pointer", "pointer-leak"),
        ("R1 pointer comparison prohibited", "pointer-leak"),
        ("R2 pointer += pointer prohibited", "pointer-arithmetic"),
        ("R1 pointer arithmetic with <<= operator prohibited", "pointer-arithmetic"),
        ("R1 bitwise operator &= on pointer prohibited", "pointer-arithmetic"),
        ("R1 32-bit pointer arithmetic prohibited", "pointer-arithmetic"),
        ("R1 pointer arithmetic on pkt_end prohibited", "pointer-arithmetic"),
        ("value -2147483648 makes map_value pointer be out of bounds", "pointer-arithmetic"),
        ("unknown func bpf_skb_load_bytes#26", "unavailable-helper"),
        ("program of this type cannot use helper bpf_skb_load_bytes#26", "unavailable-helper"),
        ("invalid func unknown#9999", "unknown-helper"),
        ("invalid func unknown#195896080", "failed-relocation"),
        ("cannot call GPL-restricted function from non-GPL compatible program", "gpl-only"),
        ("helper call might sleep in a non-sleepable prog", "sleeping-call"),
        ("sleepable helper bpf_copy_from_user#148 in non-sleepable prog", "sleeping-call"),
        ("cannot pass map_type 2 into func bpf_perf_event_output#25", "map-type"),
        ("fd 0 is not pointing to valid bpf_map", "map-type"),
        ("R1 type=fp expected=map_ptr", "argument-type"),
        ("R2 is not a known constant'", "argument-size"),
        ("R2 is not a const", "argument-size"),
        ("R2 unbounded size, use 'var &= const' or 'if (var < const)'", "argument-size"),
        ("R2 invalid zero-sized read: u64=[0,8]", "argument-size"),
        ("Unreleased reference id=2 alloc_insn=4", "unreleased-reference"),
        ("BPF_EXIT instruction in main prog would lead to reference leak",
         "unreleased-reference"),
        ("tail_call would lead to reference leak", "unreleased-reference"),
        ("R1 must be referenced when passed to release function", "not-a-reference"),
        ("R1 must have zero offset when passed to release func or trusted arg to kfunc",
         "argument-type"),
        ("R1 must be referenced or trusted", "argument-type"),
        ("arg 1 is an unacquired reference", "not-a-reference"),
        ("func bpf_sk_release#86 reference has not been acquired before", "not-a-reference"),
        ("release helper bpf_sk_release expects referenced PTR_TO_BTF_ID passed to R1",
         "not-a-reference"),
        ("jump into the middle of ldimm64 insn 3", "jump-out-of-range"),
        ("The sequence of 8193 jumps is too complex.", "too-many-instructions"),
        ("combined stack size of 2 calls is 544. Too large", "stack-limit"),
        ("cannot return stack pointer to the caller", "returned-stack"),
        ("the call stack of 9 frames is too deep !", "call-depth"),
        ("unknown opcode 8d", "function-pointer"),
        ("BPF_XADD uses reserved fields", "reserved-field"),
        ("BPF_CALL uses reserved fields", "reserved-field"),
        ("BPF_LDX uses reserved fields", "reserved-field"),
        ("BPF_LD_IMM64 uses reserved fields", "unresolved-relocation"),
        ("invalid BPF_LD_IMM insn", "unresolved-relocation"),
        ("invalid bpf_ld_imm64 insn", "unresolved-relocation"),
        ("unknown opcode 00", "unresolved-relocation"),
        ("unknown opcode e5", "unknown-opcode"),
        ("At async callback return the register R0 has unknown scalar value should have been in "
         "[0, 0]", "return-value"),
        ("At program exit the register R0 is not a known value (ctx)", "return-value"),
        ("At subprogram exit the register R0 is not a scalar value (fp)", "return-value"),
        ("Global function pick() doesn't return scalar. Only those are supported.",
         "return-value"),
        ("kernel function bpf_x args#0 expected pointer to STRUCT a but R1 has a pointer to "
         "STRUCT b", "argument-type"),
        ("function calls are not allowed while holding a lock", "locked-region"),
        ("bpf_rcu_read_unlock is missing", "locked-region"),
        ("BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region",
         "locked-region"),
        ("R1 is ptr_task_struct invalid negative access: off=-8", "memory-out-of-bounds"),
        ("BPF_ATOMIC uses invalid atomic opcode 02", "unknown-opcode"),
        ("R12 is invalid", "invalid-register"),
        ("invalid shift 64", "invalid-shift"),
        ("div by zero", "division-by-zero"),
        ("calling kernel function bpf_x is not allowed", "kernel-function"),
        ("At program exit the register R0 has value (0x2; 0x0) should have been in (0x0; 0x1)",
         "return-value"),
        ("At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]",
         "return-value"),
        ("At callback return the register R0 has smin=5 smax=5 should have been in [0, 1]",
         "return-value"),
        ("function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
         "missing-privilege"),
        ("something that no kernel has said so far", None),
    ],
)  # fmt: skip
def test_each_wording_has_its_row(line: str, cause: str | None) -> None:
    explanation = explain(f"0: (95) exit\n{line}\nprocessed 1 insns (limit 1000000)\n")
    assert explanation.cause == cause
    assert explanation.telling == (line,)
    if cause is None:
        assert (explanation.sentence, explanation.hint) == (line, "")
    else:
        assert "{" not in explanation.sentence.replace("struct event e = {}", "")
        assert explanation.hint
        assert "-1" not in explanation.sentence + explanation.hint.replace(" - 1", "")


def test_what_a_line_does_not_name_is_no_register() -> None:
    nothing = re.match("", "")
    assert nothing
    context = ErrorContext(nothing, Path(read("")))
    assert not [each for each in context.words().values() if "-1" in str(each)]


def test_of_several_types_memory_is_said_once() -> None:
    log = "0: (85) call bpf_map_lookup_elem#1\nR2 type=scalar expected="
    memory = explain(f"{log}fp, pkt, map_value, mem, buf, trusted_ptr_\n").sentence
    assert memory.endswith("takes an address of memory (the stack, a map's value, ...) there")
    one = explain(f"{log}trusted_ptr_\n").sentence
    assert one.endswith("map_lookup_elem takes a trusted pointer to a kernel object there")


def test_a_callback_s_result_is_told_as_such() -> None:
    line = "At callback return the register R0 has smin=5 smax=5 should have been in [0, 1]"
    explanation = explain(f"; a.exit() @ page.py:9\n9: (95) exit\n{line}\n")
    assert explanation.sentence == "a function that a helper calls back must return [0, 1] in r0"
    assert explanation.hint == "a.mov(r0, 0) before its a.exit(); 1 ends the iterations"


OTHERS = [
    "main.c: error: recursion detected",
    "kernel: traps: a.out trap divide error, div by zero",
    "The parser said: jump out of range from insn 3 to 9",
]


@pytest.mark.parametrize("line", OTHERS)
def test_other_programs_lines_are_no_cause(line: str) -> None:
    assert explain(line).cause is None


@pytest.mark.parametrize("line", ["div by zero", "  R0 !read_ok", "unreachable insn 5"])
def test_a_line_by_itself_is_known_by_its_beginning(line: str) -> None:
    assert explain(line).cause is not None


@pytest.mark.parametrize(
    ("line", "advised"),
    [
        *(
            (f"unknown opcode {opcode}", True)
            for opcode in ("06", "81", "89", "91", "d7", "a5", "56")
        ),
        *(
            (f"unknown opcode {opcode}", False)
            for opcode in ("00", "0d", "10", "8d", "a0", "e5", "ff")
        ),
        ("BPF_MOV uses reserved fields", True),
        ("BPF_CALL uses reserved fields", False),
        ("BPF_LDX uses reserved fields", False),
        ("BPF_LD_IMM64 uses reserved fields", False),
        ("unrecognized bpf_ld_imm64 insn", False),
    ],
)
def test_mcpu_is_advised_where_it_helps(line: str, advised: bool) -> None:
    found = explain(f"{line}\nprocessed 0 insns (limit 1000000)\n")
    assert found.cause is not None
    assert ("-mcpu=" in found.hint) == advised


def test_a_function_that_is_looked_at_by_itself_has_no_instruction_yet() -> None:
    log = (
        "0: R1=ctx() R10=fp0\n0: (b7) r0 = 0                        ; R0_w=0\n1: (95) exit\n"
        "Validating pick() func#1...\n"
    )
    assert explain(f"{log}R1 is not a scalar\nprocessed 2 insns (limit 1000000)\n").cause is None
    found = explain(f"{log}combined stack size of 2 calls is 544. Too large\n")
    assert (found.cause, found.slot, found.registers) == ("stack-limit", None, ())
