"""The table of helpers: complete, and true of the kernel's documentation."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pace import LIMIT

from tuxscope.asm import Helper, ProgramType, helper
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.signatures import ArgumentKind, Parameter, signature

EVERY = [Helper(number, name) for number, name in enumerate(NAMES, 1)]
# From enum bpf_func_id: one in each hundred, and the ends.
NUMBERS = {
    "map_lookup_elem": 1, "ktime_get_ns": 5, "perf_event_output": 25, "bind": 64,
    "ringbuf_output": 130, "get_current_task_btf": 158, "loop": 181, "cgrp_storage_delete": 211,
}  # fmt: skip
SINCE = {
    "map_delete_elem": "3.19", "probe_read": "4.1", "tail_call": "4.2", "perf_event_output": "4.4",
    "probe_read_user": "5.5", "ringbuf_query": "5.8", "redirect_peer": "5.10",
    "check_mtu": "5.12", "loop": "5.17", "user_ringbuf_drain": "6.1", "cgrp_storage_get": "6.2",
}  # fmt: skip
# man 7 bpf-helpers says so of the first ones; kernel/trace/bpf_trace.c of the others.
GPL_ONLY = {"probe_read", "trace_printk", "perf_event_output", "get_current_task", "get_stack"}
FOR_ALL = {"map_lookup_elem", "ktime_get_ns", "get_current_pid_tgid", "ringbuf_output", "redirect"}
VOID = {
    "tail_call", "spin_lock", "spin_unlock", "ringbuf_submit",
    "ringbuf_discard", "ringbuf_submit_dynptr", "ringbuf_discard_dynptr",
}  # fmt: skip


def test_all_numbers_are_there() -> None:
    assert len(set(NAMES)) == len(NAMES) == 211
    assert {name: getattr(helper, name).number for name in NUMBERS} == NUMBERS
    assert set(NAMES) <= set(dir(helper))


def test_a_misspelt_name_is_told_the_right_one() -> None:
    with pytest.raises(AttributeError, match=r"no helper ktime_get_n; did you mean ktime_get_ns\?"):
        _ = helper.ktime_get_n


def test_a_helper_that_is_not_in_the_table_has_no_facts() -> None:
    for number in (0, 212):
        with pytest.raises(LookupError, match=f"unknown helper number {number}"):
            _ = Helper(number, "unheard_of").since


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_a_prototype_is_what_its_parts_say(each: Helper) -> None:
    declared = [f"{one.c_type}{one.name}".replace(" ", "") for one in each.parameters]
    words = ",".join([*declared, *(["..."] if each.variadic else [])]) or "void"
    assert each.prototype.replace(" ", "") == (
        f"{each.returns}bpf_{each.name}({words})".replace(" ", "")
    )
    assert len(each.parameters) <= 5
    assert all(one.name.isidentifier() and one.c_type for one in each.parameters)


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_kinds_fit_together(each: Helper) -> None:
    kinds = [one.kind for one in each.parameters]
    for at, one in enumerate(each.parameters):
        # The verifier takes a size from the register behind the memory's (check_arg_pair_ok).
        assert (one.kind is ArgumentKind.MEMORY) == (kinds[at + 1 : at + 2] == [ArgumentKind.SIZE])
        if one.kind.is_pointer:
            assert one.c_type.endswith("*")
        assert (one.kind is ArgumentKind.STRUCT) == (one.size > 0)
        if one.kind in (ArgumentKind.KEY, ArgumentKind.VALUE):
            assert ArgumentKind.MAP in kinds[:at]
        if one.written:
            assert one.kind in (ArgumentKind.MEMORY, ArgumentKind.STRUCT, ArgumentKind.VALUE)
            assert "const" not in one.c_type
    assert ArgumentKind.CONTEXT not in kinds[1:]
    if each.nullable:
        assert each.returns.endswith("*")


def test_maps_keys_and_values() -> None:
    assert helper.map_update_elem.parameters == (
        Parameter("map", "struct bpf_map *", ArgumentKind.MAP),
        Parameter("key", "const void *", ArgumentKind.KEY),
        Parameter("value", "const void *", ArgumentKind.VALUE),
        Parameter("flags", "u64", ArgumentKind.NUMBER),
    )
    assert [each.kind for each in helper.ringbuf_reserve.parameters] == [
        ArgumentKind.MAP, ArgumentKind.NUMBER, ArgumentKind.NUMBER
    ]  # fmt: skip
    assert helper.map_pop_elem.parameters[1].written


def test_memory_that_is_read_or_written() -> None:
    destination, size, source = helper.probe_read_kernel.parameters
    assert (destination.kind, destination.written) == (ArgumentKind.MEMORY, True)
    assert (size.kind, source.kind) == (ArgumentKind.SIZE, ArgumentKind.ADDRESS)
    data = helper.perf_event_output.parameters[3]
    assert (data.name, data.c_type, data.kind, data.written) == (
        "data", "void *", ArgumentKind.MEMORY, False
    )  # fmt: skip
    result = helper.strtol.parameters[3]
    assert (result.kind, result.size, result.written) == (ArgumentKind.STRUCT, 8, True)
    assert helper.csum_diff.parameters[0].nullable


def test_what_is_returned() -> None:
    assert {each.name for each in EVERY if each.void} == VOID
    assert helper.map_lookup_elem.returns == "void *"
    assert helper.map_lookup_elem.nullable
    assert helper.ringbuf_reserve.nullable
    assert not helper.get_local_storage.nullable
    assert helper.trace_printk.variadic
    assert not helper.trace_vprintk.variadic


def test_first_kernels() -> None:
    assert {name: getattr(helper, name).since for name in SINCE} == SINCE
    releases = [tuple(map(int, each.since.split("."))) for each in EVERY]
    assert releases == sorted(releases)


def test_licences() -> None:
    gpl = {each.name for each in EVERY if each.gpl_only}
    assert gpl >= GPL_ONLY
    assert not gpl & FOR_ALL


def test_program_types() -> None:
    assert {ProgramType.XDP, ProgramType.SCHED_CLS} <= helper.redirect.program_types
    assert ProgramType.TRACEPOINT not in helper.redirect.program_types
    assert helper.xdp_adjust_head.program_types == {ProgramType.XDP}
    assert ProgramType.KPROBE in helper.probe_read_user.program_types
    assert ProgramType.XDP not in helper.get_stackid.program_types
    assert len(helper.map_lookup_elem.program_types) >= 27


def test_only_who_asks_for_facts_reads_them() -> None:
    script = (
        "import sys, tuxscope.asm, tuxscope.programs.hello\n"
        "name = 'tuxscope.asm.signatures'\n"
        "assert name not in sys.modules\n"
        "tuxscope.asm.helper.loop.since\n"
        "assert name in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=LIMIT)
    assert signature(181) is signature(181)
