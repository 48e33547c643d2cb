"""What the checks say, and of what they are silent: the kernel agrees with both."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from asm.strategies import programs
from hypothesis import given

from tuxscope.asm import (
    AlignmentError,
    ArgumentError,
    Array,
    Assembler,
    AssemblyError,
    CallDepthError,
    CheckError,
    ClobberedRegisterError,
    ContextAccessError,
    EndlessLoopError,
    FallThroughError,
    Hash,
    HelperUnavailableError,
    Instruction,
    JumpTargetError,
    LicenseError,
    MapValueAccessError,
    MissingResultError,
    NotAPointerError,
    NullCheckError,
    PerfEventArray,
    PointerArithmeticError,
    Program,
    RawTracepoint,
    Register,
    ReleasedRecordError,
    RingBuf,
    SchedClassifier,
    SocketFilter,
    StackAccessError,
    Tracepoint,
    UndefinedLabelError,
    UninitialisedRegisterError,
    UninitialisedStackError,
    UnreachableCodeError,
    UnreleasedReferenceError,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r9,
    r10,
)
from tuxscope.asm.checks import check
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from tuxscope.record import Record, char, u8, u32, u64

WRITE = Tracepoint("syscalls", "sys_enter_write")


class Event(Record):
    pid = u32
    time = u64
    comm = char[16]


class Count(Record):
    total = u64


COUNTS = Hash("COUNTS", key=u32, value=Count, max_entries=8)
SLOTS = Array("SLOTS", value=Count, max_entries=8)
TIMES = Hash("TIMES", key=u64, value=Count, max_entries=8)
EVENTS = PerfEventArray("EVENTS", Event)
RING = RingBuf("RING", Event, max_entries=1 << 16)  # whole pages, of whatever size

Write = Callable[[Assembler], object]


def written(write: Write, license: str = "GPL") -> Program:
    a = Assembler("checked", attach=WRITE, license=license)
    write(a)
    return a.program(check=False)


def ending(a: Assembler) -> None:
    a.mov(r0, 0)
    a.exit()


def lookup(a: Assembler) -> None:
    key = a.stack(u32)
    a.st(key, 1)
    a.ld_map(r1, COUNTS)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)


def unset_padding(a: Assembler) -> None:
    event = a.stack(Event)
    a.st(event.pid, 1)
    a.st(event.time, 2)
    a.zero(event.comm)
    send(a, event)


def unset_field(a: Assembler) -> None:
    event = a.stack(Event)
    a.zero(event.padding)
    a.st(event.pid, 1)
    a.zero(event.comm)
    send(a, event)


def unset_record(a: Assembler) -> None:
    event = a.stack(Event)
    send(a, event)


def unset_key(a: Assembler) -> None:
    a.ld_map(r1, COUNTS)
    a.mov(r2, r10)
    a.sub(r2, 8)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def unset_rest(a: Assembler) -> None:
    """A number has no padding."""
    key = a.stack(u64)
    a.st(u8[r10 - 8], 1)
    a.ld_map(r1, TIMES)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    ending(a)


def send(a: Assembler, event: Any) -> None:
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, Event.size)
    a.call(helper.perf_event_output)  # <-
    ending(a)


# Each marks the line that is to be complained of.


def never_set(a: Assembler) -> None:
    a.mov(r0, r3)  # <-
    a.exit()


def set_on_one_way_only(a: Assembler) -> None:
    a.call(helper.get_prandom_u32)
    a.jeq(r0, 7, "seven")
    a.mov(r6, 1)
    a.label("seven")
    a.mov(r0, r6)  # <-
    a.exit()


def kept_for_a_function(a: Assembler) -> None:
    a.mov(r6, 1)
    a.call("reads")
    a.exit()
    a.function("reads")
    a.mov(r0, r6)  # <-
    a.exit()


def used_up(a: Assembler) -> None:
    a.call(helper.ktime_get_ns)  # call
    a.ldx(r0, u64[r1 + 16])  # <-
    a.exit()


def used_up_by_a_function(a: Assembler) -> None:
    a.call("own")
    a.mov(r0, r2)  # <-
    a.exit()
    a.function("own")
    ending(a)


def no_result(a: Assembler) -> None:
    a.mov(r6, 0)
    a.exit()  # <-


def result_of_a_void_helper(a: Assembler) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, 8)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jne(r0, 0, "there")
    ending(a)
    a.label("there")
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_discard)
    a.exit()  # <-


def missing_argument(a: Assembler) -> None:
    a.ld_map(r1, COUNTS)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def forgotten_record(a: Assembler) -> None:
    reserve(a)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)  # <-
    a.label("out")
    ending(a)


def reserve(a: Assembler) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, Event.size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.mov(r6, r0)


def moved_record(a: Assembler) -> None:
    reserve(a)
    a.add(r0, 8)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)  # <-
    a.label("out")
    ending(a)


def used_after_submit(a: Assembler) -> None:
    reserve(a)
    a.mov(r1, r6)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)  # submit
    a.st(Event[r6].pid, 1)  # <-
    a.label("out")
    ending(a)


def submitted_twice(a: Assembler) -> None:
    reserve(a)
    a.mov(r1, r6)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.mov(r1, r6)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)  # <-
    a.label("out")
    ending(a)


def number_for_a_key(a: Assembler) -> None:
    a.ld_map(r1, COUNTS)
    a.mov(r2, 1)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def number_for_a_map(a: Assembler) -> None:
    a.mov(r1, 5)
    a.mov(r2, r10)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def stack_for_the_context(a: Assembler) -> None:
    event = a.stack(Event)
    a.zero(event)
    a.lea(r1, event)
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, Event.size)
    a.call(helper.perf_event_output)  # <-
    ending(a)


def another_kind_of_map(a: Assembler) -> None:
    event = a.stack(Event)
    a.zero(event)
    a.ld_map(r2, COUNTS)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, Event.size)
    a.call(helper.perf_event_output)  # <-
    ending(a)


def lookup_in_a_ring(a: Assembler) -> None:
    key = a.stack(u32)
    a.st(key, 0)
    a.ld_map(r1, RING)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def address_for_a_size(a: Assembler) -> None:
    event = a.stack(Event)
    a.lea(r1, event.comm)
    a.mov(r2, r10)
    a.call(helper.get_current_comm)  # <-
    ending(a)


def any_size(a: Assembler) -> None:
    a.ldx(r2, u64[r1 + 16])
    a.ld_map(r1, RING)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)  # <-
    ending(a)


def beyond_the_stack(a: Assembler) -> None:
    a.st(u64[r10 - 520], 0)  # <-
    ending(a)


def above_the_stack(a: Assembler) -> None:
    a.ldx(r0, u64[r10 + 8])  # <-
    a.exit()


def name_beyond_the_stack(a: Assembler) -> None:
    a.mov(r1, r10)
    a.sub(r1, 8)
    a.mov(r2, 16)
    a.call(helper.get_current_comm)  # <-
    ending(a)


def too_much_for_a_name(a: Assembler) -> None:
    event = a.stack(Event)
    a.lea(r1, event.comm)
    a.mov(r2, 64)
    a.call(helper.get_current_comm)  # <-
    ending(a)


def askew(a: Assembler) -> None:
    a.st(u64[r10 - 12], 0)  # <-
    ending(a)


def unchecked(a: Assembler) -> None:
    lookup(a)
    a.ldx(r0, Count[r0].total)  # <-
    a.exit()


def checked_the_wrong_way(a: Assembler) -> None:
    lookup(a)
    a.jne(r0, 0, "out")
    a.ldx(r1, Count[r0].total)  # <-
    a.label("out")
    ending(a)


def passed_where_it_is_0(a: Assembler) -> None:
    lookup(a)
    a.jne(r0, 0, "out")
    a.mov(r2, r0)
    a.ld_map(r1, COUNTS)
    a.call(helper.map_lookup_elem)  # <-
    a.label("out")
    ending(a)


def moved_unchecked(a: Assembler) -> None:
    lookup(a)
    a.add(r0, 4)  # <-
    ending(a)


def passed_unchecked(a: Assembler) -> None:
    lookup(a)
    a.ld_map(r1, COUNTS)
    a.mov(r2, r0)
    a.call(helper.map_lookup_elem)  # <-
    ending(a)


def beyond_the_value(a: Assembler) -> None:
    lookup(a)
    a.jeq(r0, 0, "out")
    a.ldx(r1, u64[r0 + 8])  # <-
    a.label("out")
    ending(a)


def number_as_an_address(a: Assembler) -> None:
    a.call(helper.get_current_task)
    a.ldx(r0, u64[r0])  # <-
    a.exit()


def argument_as_an_address(a: Assembler) -> None:
    a.ldx(r1, u64[r1 + 24])
    a.ldx(r0, u64[r1])  # <-
    a.exit()


def seven_as_an_address(a: Assembler) -> None:
    a.mov(r1, 7)
    a.ldx(r0, u64[r1])  # <-
    a.exit()


def null_as_an_address(a: Assembler) -> None:
    lookup(a)
    a.jeq(r0, 0, "none")
    ending(a)
    a.label("none")
    a.ldx(r0, u64[r0])  # <-
    a.exit()


def context_before_its_fields(a: Assembler) -> None:
    a.ldx(r0, u64[r1])  # <-
    a.exit()


def context_stored_to(a: Assembler) -> None:
    a.st(u64[r1 + 16], 0)  # <-
    ending(a)


def address_multiplied(a: Assembler) -> None:
    a.mov(r2, r10)
    a.mul(r2, 8)  # <-
    ending(a)


def addresses_added(a: Assembler) -> None:
    a.add(r1, r10)  # <-
    ending(a)


def half_an_address(a: Assembler) -> None:
    a.mov(r2, r10)
    a.add32(r2, 8)  # <-
    ending(a)


def map_moved(a: Assembler) -> None:
    a.ld_map(r1, COUNTS)
    a.add(r1, 8)  # <-
    ending(a)


def no_exit(a: Assembler) -> None:
    a.mov(r0, 0)  # <-


def condition_at_the_end(a: Assembler) -> None:
    a.label("top")
    a.mov(r0, 0)
    a.jeq(r1, 1, "out")
    a.label("out")
    a.jeq(r0, 1, "top")  # <-


def nothing_leads_there(a: Assembler) -> None:
    a.mov(r0, 0)
    a.exit()  # exit
    a.mov(r0, 1)  # <-
    a.exit()


def nobody_calls(a: Assembler) -> None:
    ending(a)
    a.function("own")
    a.mov(r0, 0)  # <-
    a.exit()


def on_into_what_nobody_calls(a: Assembler) -> None:
    a.mov(r0, 0)
    a.function("rest")
    a.exit()  # <-


def round_and_round(a: Assembler) -> None:
    a.mov(r6, 0)
    a.label("top")
    a.add(r6, 1)
    a.ja("top")  # <-


def condition_that_never_holds(a: Assembler) -> None:
    a.mov(r6, 0)
    a.label("top")
    a.jlt(r6, 10, "top")  # <-
    ending(a)


def until_by_chance(a: Assembler) -> None:
    a.label("top")
    a.call(helper.get_prandom_u32)
    a.jne(r0, 5, "top")  # <-
    ending(a)


def into_the_middle(a: Assembler) -> None:
    a.emit(Instruction(0x05, offset=1))  # <-
    a.ld_imm64(r0, 1 << 40)
    a.exit()


def outside(a: Assembler) -> None:
    a.emit(Instruction(0x05, offset=99))  # <-
    ending(a)


def call_of_nothing(a: Assembler) -> None:
    a.emit(Instruction(0x85, src=1, imm=99))  # <-
    ending(a)


def unlicensed(a: Assembler) -> None:
    text = a.stack(u64)
    a.st(text, 0)
    a.lea(r1, text)
    a.mov(r2, 8)
    a.call(helper.trace_printk)  # <-
    ending(a)


def of_another_type(a: Assembler) -> None:
    a.mov(r2, 0)
    a.call(helper.xdp_adjust_head)  # <-
    ending(a)


def of_no_type_of_ours(a: Assembler) -> None:
    event = a.stack(Event)
    a.lea(r2, event)
    a.mov(r3, Event.size)
    a.call(helper.d_path)  # <-
    ending(a)


def sleeping(a: Assembler) -> None:
    name = a.stack(u64)
    a.ldx(r3, u64[r1 + 24])
    a.lea(r1, name)
    a.mov(r2, 8)
    a.call(helper.copy_from_user)  # <-
    ending(a)


def helper_minus_one(a: Assembler) -> None:
    a.emit(Instruction(0x85, imm=-1))  # <-
    ending(a)


def kept(a: Assembler) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, 8)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    ending(a)


def kept_on_one_way(a: Assembler) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, 8)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)  # reserve
    a.jeq(r0, 0, "out")
    a.mov(r6, r0)
    a.call(helper.get_prandom_u32)
    a.jgt(r0, 5, "out")
    a.mov(r1, r6)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.label("out")
    a.mov(r0, 0)
    a.exit()  # <-


def stack_that_ends(a: Assembler) -> None:
    a.call("own")
    a.ldx(r0, u64[r0 - 8])
    a.exit()
    a.function("own")
    a.st(u64[r10 - 8], 1)
    a.mov(r0, r10)
    a.exit()  # <-


def itself(a: Assembler) -> None:
    a.call("own")
    ending(a)
    a.function("own")
    a.call("own")  # <-
    ending(a)


def too_deep(a: Assembler) -> None:
    a.call("f1")
    ending(a)
    for number in range(1, 16):
        a.function(f"f{number}")
        a.call(f"f{number + 1}")  # <-
        ending(a)
    a.function("f16")
    ending(a)


def says(write: Write, kind: type[CheckError], words: str) -> Any:
    """A case: what is said of a program."""
    return pytest.param(write, kind, words, id=write.__name__)


SAYS = [
    says(never_set, UninitialisedRegisterError, "r3 is read, and is uninitialised; set it first"),
    says(set_on_one_way_only, UninitialisedRegisterError, "r6 is read, and is uninitialised"),
    says(
        kept_for_a_function,
        UninitialisedRegisterError,
        "r6 is read, and is uninitialised: a function has its own r6-r9; pass the value in r1-r5",
    ),
    says(
        used_up,
        ClobberedRegisterError,
        "r1 is read, and was clobbered by the call at test_checks.py:{call}; ",
    ),
    says(
        used_up_by_a_function,
        ClobberedRegisterError,
        "r2 is read, and was clobbered by the call at",
    ),
    says(
        no_result,
        MissingResultError,
        "and r0, its result, is uninitialised; put a.mov(r0, 0) before a.exit()",
    ),
    says(
        result_of_a_void_helper, MissingResultError, "r0, its result, was clobbered by the call at"
    ),
    says(
        missing_argument,
        UninitialisedRegisterError,
        "r2 is the key of map_lookup_elem, and is uninitialised; pass the address of a "
        "key on the stack: a.lea(r2, key)",
    ),
    says(
        forgotten_record,
        ClobberedRegisterError,
        "; pass the pointer that helper.ringbuf_reserve returned: a.mov(r1, r6)",
    ),
    says(
        number_for_a_key,
        ArgumentError,
        "r2 is the key of map_lookup_elem, and is a scalar, not a pointer; pass the address",
    ),
    says(
        number_for_a_map,
        ArgumentError,
        "r1 is the map of map_lookup_elem, and is a scalar, not a pointer; load a map",
    ),
    says(
        stack_for_the_context,
        ArgumentError,
        "r1 is the ctx of perf_event_output, and points to the stack; save the context",
    ),
    says(
        another_kind_of_map,
        ArgumentError,
        "perf_event_output needs a map of type PerfEventArray, and COUNTS is of type Hash",
    ),
    says(lookup_in_a_ring, ArgumentError, "map_lookup_elem cannot use RING, a map of type RingBuf"),
    says(
        address_for_a_size,
        ArgumentError,
        "r2 is the size_of_buf of get_current_comm, and points to the stack; pass a size in bytes",
    ),
    says(any_size, ArgumentError, "r2 is the size of ringbuf_reserve, and is not a constant"),
    says(
        beyond_the_stack,
        StackAccessError,
        "8 bytes at r10 - 520 is outside of the stack; the stack is the 512",
    ),
    says(above_the_stack, StackAccessError, "8 bytes at r10 + 8 is outside of the stack"),
    says(
        name_beyond_the_stack,
        StackAccessError,
        "accesses 16 bytes, the size in r2, and at r10 - 8 the stack has only 8; pass the",
    ),
    says(
        too_much_for_a_name,
        StackAccessError,
        "accesses 64 bytes, the size in r2, and at r10 - 16 the stack has only 16; pass the size "
        "of the memory there: a.mov(r2, Event.comm.size), 16 bytes",
    ),
    says(
        askew, AlignmentError, "at r10 - 12 is misaligned: -12 is not a multiple of 8; use r10 - 16"
    ),
    says(
        unchecked,
        NullCheckError,
        "r0 is used as an address, and is NULL if the lookup found no entry; "
        'compare it with 0 first: a.jeq(r0, 0, "out")',
    ),
    says(
        checked_the_wrong_way,
        NullCheckError,
        "r0 is used as an address, and is NULL on this path: the comparison with 0 leads "
        'here if it is NULL; jump to another path if it is NULL: a.jeq(r0, 0, "out")',
    ),
    says(passed_where_it_is_0, NullCheckError, "r2 is the key of map_lookup_elem, and is NULL on"),
    says(moved_unchecked, NullCheckError, "r0 may be NULL: arithmetic on it is prohibited"),
    says(passed_unchecked, NullCheckError, "r2 is the key of map_lookup_elem, and may be NULL"),
    says(
        beyond_the_value,
        MapValueAccessError,
        "8 bytes at offset 8 is outside of COUNTS's value, which has 8",
    ),
    says(
        number_as_an_address,
        NotAPointerError,
        "r0 is used as an address, and is a scalar, not a pointer; read kernel memory "
        "with helper.probe_read_kernel, user memory with helper.probe_read_user",
    ),
    says(
        argument_as_an_address,
        NotAPointerError,
        "r1 is used as an address, and is a scalar, not a pointer; read kernel memory",
    ),
    says(
        seven_as_an_address,
        NotAPointerError,
        "r1 is used as an address, and is a scalar, not a pointer; use an address",
    ),
    says(null_as_an_address, NullCheckError, "r0 is used as an address, and is NULL on this path"),
    says(
        context_before_its_fields,
        ContextAccessError,
        "no field of 8 bytes at offset 0; list its fields with sudo tuxscope fields "
        "syscalls/sys_enter_write; programs cannot access the first 8 bytes",
    ),
    says(
        context_stored_to,
        ContextAccessError,
        "the context of a tracepoint program is read-only",
    ),
    says(
        address_multiplied,
        PointerArithmeticError,
        "on a pointer to the stack is prohibited; add or subtract a number",
    ),
    says(addresses_added, PointerArithmeticError, "arithmetic on two pointers is prohibited"),
    says(half_an_address, PointerArithmeticError, "32-bit arithmetic on a pointer"),
    says(map_moved, PointerArithmeticError, "arithmetic on a pointer to a map is prohibited"),
    says(
        no_exit,
        FallThroughError,
        "control falls through past the last instruction; end each path with",
    ),
    says(condition_at_the_end, FallThroughError, "past the last instruction"),
    says(
        nothing_leads_there,
        UnreachableCodeError,
        "unreachable instruction: checked ends at test_checks.py:{exit}: a.exit(); move it up, put",
    ),
    says(
        nobody_calls, UnreachableCodeError, 'nothing calls function own; call it with a.call("own")'
    ),
    says(on_into_what_nobody_calls, UnreachableCodeError, "nothing calls function rest"),
    says(
        round_and_round, EndlessLoopError, "infinite loop: no path leaves it; jump out of the loop"
    ),
    says(
        condition_that_never_holds,
        EndlessLoopError,
        "an iteration changes no register and no stack",
    ),
    says(
        until_by_chance,
        EndlessLoopError,
        "changes no register and no stack; count the iterations: a.add(r6, 1), then a.jlt(r6, 10",
    ),
    says(into_the_middle, JumpTargetError, "the target is slot 2, which is not the start of"),
    says(outside, JumpTargetError, "the target is slot 100"),
    says(call_of_nothing, JumpTargetError, "the target is slot 100"),
    says(
        of_another_type,
        HelperUnavailableError,
        "programs of type tracepoint cannot call xdp_adjust_head",
    ),
    says(
        of_no_type_of_ours,
        HelperUnavailableError,
        "programs of type tracepoint cannot call d_path; remove the call",
    ),
    says(
        sleeping,
        HelperUnavailableError,
        "copy_from_user may sleep, and this program is not sleepable; use helper.probe_read_user",
    ),
    says(helper_minus_one, HelperUnavailableError, "no helper with number -1"),
    says(
        kept_on_one_way,
        UnreleasedReferenceError,
        "without releasing the record that it reserved at test_checks.py:{reserve}",
    ),
    says(
        moved_record,
        ArgumentError,
        "r1 is the data of ringbuf_submit, and has an offset of 8 bytes; pass the pointer "
        "that helper.ringbuf_reserve returned: a.mov(r1, r6)",
    ),
    says(
        used_after_submit,
        ReleasedRecordError,
        "r6 is used as an address, and its record was submitted or discarded at "
        "test_checks.py:{submit}; submit or discard the record once",
    ),
    says(
        submitted_twice,
        ReleasedRecordError,
        "r1 is the data of ringbuf_submit, and its record was submitted or discarded at",
    ),
    says(stack_that_ends, StackAccessError, "returns a pointer to its own stack"),
    says(itself, CallDepthError, "own calls itself; write it as a loop"),
    says(
        too_deep,
        CallDepthError,
        "the call of f16 is too deep: at most 16 call frames, 8 on older kernels",
    ),
]


def line_of(write: Write, mark: str) -> int:
    """The line of a function that has a mark; the first, where it has several."""
    lines, first = inspect.getsourcelines(write)
    return first + next(number for number, line in enumerate(lines) if mark in line)


@pytest.mark.parametrize(("write", "kind", "words"), SAYS)
def test_it_is_told_on_its_own_line(write: Write, kind: type[CheckError], words: str) -> None:
    for mark in re.findall(r"{(\w+)}", words):
        words = words.replace(f"{{{mark}}}", str(line_of(write, f"# {mark}")))
    program = written(write)
    with pytest.raises(kind) as caught:
        check(program)
    error = caught.value
    assert type(error) is kind
    assert words in str(error)
    assert error.source
    assert error.source.line == line_of(write, "# <-")
    assert program.by_slot[error.slot].source == error.source
    assert str(error).endswith(error.hint)
    assert str(error).isprintable()


# The verifier walks a million instructions before it gives up on a loop: too long in a guest.
# A record that was moved is overlooked by Linux 5.10, which then gives back what it never gave out.
ON_ANY = [each for each in SAYS if each.values[0] not in (round_and_round, moved_record)]


@pytest.mark.kernel
@pytest.mark.parametrize(("write", "_", "__"), ON_ANY)
def test_the_kernel_refuses_it_as_well(write: Write, _: object, __: object) -> None:
    with pytest.raises(VerifierError):
        load(written(write)).close()


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_newer_kernels_refuse_a_record_that_was_moved() -> None:
    with pytest.raises(VerifierError):
        load(written(moved_record)).close()


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_the_kernel_gives_up_on_a_loop() -> None:
    with pytest.raises(VerifierError) as caught:
        load(written(round_and_round))
    assert caught.value.cause == "too-many-instructions"


UNSET = [
    says(unset_padding, UninitialisedStackError,
         "perf_event_output reads uninitialised stack: 4 bytes at r10 - 28, the padding of event; "
         "zero it with a.zero(event.padding)"),
    says(unset_field, UninitialisedStackError,
         "reads uninitialised stack: 8 bytes at r10 - 24, event.time; store to event.time, or"),
    says(unset_record, UninitialisedStackError,
         "reads uninitialised stack: 32 bytes at r10 - 32, event; zero it with a.zero(event)"),
    says(unset_rest, UninitialisedStackError,
         "reads uninitialised stack: 7 bytes at r10 - 7, key; store to key, or zero it with "
         "a.zero(key)"),
    says(unset_key, UninitialisedStackError,
         "map_lookup_elem reads uninitialised stack: 4 bytes at r10 - 8; store there first"),
]  # fmt: skip


@pytest.mark.parametrize(("write", "kind", "words"), UNSET)
def test_stack_bytes_that_were_never_set_are_named(
    write: Write, kind: type[CheckError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        check(written(write))
    assert words in str(caught.value)
    assert caught.value.source
    assert "a.call(helper." in caught.value.source.text


def forgetful(a: Assembler, without: Register) -> None:
    """One argument is not set again after the call before."""
    event = a.stack(Event)
    a.mov(r7, r1)
    a.zero(event)
    a.call(helper.ktime_get_ns)
    for register, put in (
        (r1, lambda: a.mov(r1, r7)),
        (r2, lambda: a.ld_map(r2, EVENTS)),
        (r3, lambda: a.mov32(r3, -1)),
        (r4, lambda: a.lea(r4, event)),
        (r5, lambda: a.mov(r5, Event.size)),
    ):
        if register is not without:
            put()
    a.call(helper.perf_event_output)
    ending(a)


@pytest.mark.parametrize(
    ("without", "hint"),
    [
        (r1, "pass the context, which is in r7: a.mov(r1, r7)"),
        (r2, "load a map, as in a.ld_map(r2, MAP)"),
        (r3, "pass a number, as in a.mov(r3, 0)"),
        (r4, "pass the address of a place on the stack, as in a.lea(r4, event)"),
        (r5, "pass a size in bytes: a.mov(r5, Event.size), 32 bytes"),
    ],
)
def test_a_forgotten_argument_is_told_by_what_is_taken(without: Register, hint: str) -> None:
    with pytest.raises(ClobberedRegisterError) as caught:
        check(written(lambda a: forgetful(a, without)))
    assert caught.value.hint == hint


def test_a_licence_is_asked_for() -> None:
    with pytest.raises(LicenseError, match="trace_printk is GPL-only"):
        check(written(unlicensed, "Proprietary"))
    for license in ("GPL", "Dual MIT/GPL", "GPL v2"):
        check(written(unlicensed, license))


@pytest.mark.kernel
def test_the_kernel_asks_for_it_as_well() -> None:
    load(written(unlicensed)).close()
    with pytest.raises(VerifierError):
        load(written(unlicensed, "Proprietary"))


def test_a_program_is_checked_unless_one_does_not_want_it() -> None:
    a = Assembler("checked", attach=WRITE)
    never_set(a)
    with pytest.raises(UninitialisedRegisterError):
        a.program()
    assert a.program(check=False).instructions


# What looks wrong and is not: the kernel accepts all of these.


def never_taken(a: Assembler) -> None:
    """What no run comes to may do anything."""
    a.mov(r6, 1)
    a.jeq(r6, 1, "out")
    a.mov(r0, r9)
    a.label("out")
    ending(a)


def same_way_twice(a: Assembler) -> None:
    """r7 is set on the way on which it is read."""
    a.call(helper.get_prandom_u32)
    a.mov(r6, r0)
    a.jgt(r6, 5, "skip")
    a.mov(r7, 1)
    a.label("skip")
    a.jgt(r6, 5, "out")
    a.mov(r0, r7)
    a.label("out")
    ending(a)


def known_by_its_copy(a: Assembler) -> None:
    lookup(a)
    a.mov(r6, r0)
    a.jeq(r6, 0, "out")
    a.ldx(r1, Count[r0].total)
    a.label("out")
    ending(a)


def spilled_over_a_call(a: Assembler) -> None:
    kept = a.stack(u64)
    lookup(a)
    a.stx(kept, r0)
    a.jeq(r0, 0, "out")
    a.call(helper.ktime_get_ns)
    a.ldx(r1, kept)
    a.stx(Count[r1].total, r0)
    a.label("out")
    ending(a)


def exactly_at_the_edge(a: Assembler) -> None:
    a.st(u64[r10 - 512], 0)
    a.st(u64[r10 - 8], 0)
    lookup_edge = a.stack(u32)
    a.st(lookup_edge, 0)
    ending(a)


def bounded(a: Assembler) -> None:
    a.mov(r6, 0)
    a.label("top")
    a.add(r6, 1)
    a.jlt(r6, 50, "top")
    ending(a)


def stack_of_the_caller(a: Assembler) -> None:
    total = a.stack(u64)
    a.lea(r1, total)
    a.call("fill")
    a.ldx(r0, total)
    a.exit()
    a.function("fill")
    a.st(u64[r1 + 0], 7)
    ending(a)


def result_without_use(a: Assembler) -> None:
    """A function may leave r0 as it is, if nobody reads it."""
    a.call("nothing")
    ending(a)
    a.function("nothing")
    a.mov(r6, 0)
    a.exit()


def difference_of_addresses(a: Assembler) -> None:
    a.mov(r2, r10)
    a.sub(r2, r10)
    ending(a)


def reserved_in_32_bits(a: Assembler) -> None:
    """What a ring buffer reserves is a u32, whatever stands above."""
    a.ld_map(r1, RING)
    a.ld_imm64(r2, 1 << 63 | 8)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "out")
    a.st(u64[r0 + 0], 1)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.label("out")
    ending(a)


def process_s_own_class(a: Assembler) -> None:
    """Only where there are packets does this helper take one."""
    a.call(helper.ktime_get_ns)
    a.call(helper.get_cgroup_classid)
    ending(a)


# Linux 7.3 refuses a size of more than 32 bits; those before it take the lower ones.
SILENT = [
    never_taken, same_way_twice, known_by_its_copy, spilled_over_a_call, exactly_at_the_edge,
    bounded, stack_of_the_caller, result_without_use, difference_of_addresses,
    pytest.param(reserved_in_32_bits, marks=pytest.mark.one_kernel),
]  # fmt: skip


@pytest.mark.kernel
@pytest.mark.parametrize("write", SILENT, ids=lambda write: str(write.__name__))
def test_what_the_kernel_accepts_is_not_complained_of(write: Write) -> None:
    program = written(write)
    load(program).close()
    check(program)


def found_in_an_array(a: Assembler) -> None:
    """Since Linux 6.15 the verifier knows that there is a value for an index in range."""
    key = a.stack(u32)
    a.st(key, 7)
    a.ld_map(r1, SLOTS)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.ldx(r0, Count[r0].total)
    a.exit()


def test_an_index_in_range_is_left_to_the_verifier() -> None:
    check(written(found_in_an_array))


def test_arguments_of_a_helper_without_a_name_are_left_to_the_verifier() -> None:
    def write(a: Assembler) -> None:
        a.emit(Instruction(0x85, imm=4711))
        a.mov(r0, r3)
        a.exit()

    check(written(write))


def test_raw_tracepoints_have_twelve_arguments() -> None:
    for offset, fits in ((0, True), (88, True), (96, False), (4, False)):
        a = Assembler("checked", attach=RawTracepoint())
        a.ldx(r0, u64[r1 + offset])
        a.exit()
        program = a.program(check=False)
        if fits:
            check(program)
        else:
            with pytest.raises(
                ContextAccessError, match=f"8 bytes at offset {offset} of|at offset 96"
            ):
                check(program)


@pytest.mark.parametrize(
    ("attach", "offset", "says"),
    [
        (
            RawTracepoint(),
            2,
            "8 bytes at offset 2 of the context is misaligned: 2 is not a multiple of 8; arguments "
            "have 8 bytes each: the first is u64[r6 + 0], the second u64[r6 + 8]; there are "
            "at most 12",
        ),
        (
            RawTracepoint("sys_enter"),
            96,
            "context has no field of 8 bytes at offset 96; arguments have 8 bytes each",
        ),
        (
            WRITE,
            20,
            "8 bytes at offset 20 of the context is misaligned: 20 is not a multiple of 8; "
            "list its fields with sudo tuxscope fields syscalls/sys_enter_write",
        ),
    ],
)
def test_where_the_context_s_fields_are(attach: Any, offset: int, says: str) -> None:
    a = Assembler("checked", attach=attach)
    a.mov(r6, r1)
    a.ldx(r0, u64[r6 + offset])
    a.exit()
    with pytest.raises(ContextAccessError) as caught:
        a.program()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("attach", "hint"),
    [
        (RawTracepoint(), "put the result into r0 before a.exit(), as in a.mov(r0, r6)"),
        (RawTracepoint("sys_enter"), "put a.mov(r0, 0) before a.exit()"),
        (WRITE, "put a.mov(r0, 0) before a.exit()"),
        (SchedClassifier(), "put a.mov(r0, 0) before a.exit()"),  # TC_ACT_OK
        (Xdp(), "a.mov(r0, 2) is XDP_PASS"),
        (SocketFilter(), "a.mov32(r0, -1) keeps the packet"),
    ],
    ids=str,
)
def test_the_result_to_type_does_no_harm(attach: Any, hint: str) -> None:
    a = Assembler("checked", attach=attach)
    a.exit()
    with pytest.raises(MissingResultError) as caught:
        a.program()
    assert caught.value.hint.endswith(hint)


@pytest.mark.parametrize(
    ("mixed_up", "meant"),
    [
        ("a.mov(r1, r6)", "b.mov(r1, r6)"),
        ('a.jeq(r0, 0, "out")', 'b.jeq(r0, 0, "out")'),
        ("a.call(helper.ktime_get_ns)", "b.call(helper.ktime_get_ns)"),
        ("a.exit()", "b.exit()"),
        ('a.label("out")', 'b.label("out")'),
    ],
)
def test_an_instruction_for_the_program_before(mixed_up: str, meant: str, tmp_path: Path) -> None:
    lines = [
        'a = Assembler("enter", attach=WRITE)',
        'a.jeq(r1, 0, "out")',
        'a.label("out")',
        "a.mov(r0, 0)",
        "a.exit()",
        'b = Assembler("leave", attach=WRITE)',
        "b.mov(r6, r1)",
        f"{mixed_up}  # by mistake",
        "b.mov(r0, 0)",
        "b.exit()",
        "a.program(), b.program()",
    ]
    page = tmp_path / "page.py"
    page.write_text("\n".join(lines))
    with pytest.raises(AssemblyError) as caught:
        exec(compile(page.read_text(), str(page), "exec"), {**globals()})
    assert caught.value.source
    assert caught.value.source.line == 8
    assert str(caught.value).endswith(f"; did you mean {meant}?")
    if "label" not in mixed_up:
        assert "unreachable instruction: enter ends at page.py:5: a.exit()" in str(caught.value)


def test_a_hint_calls_the_assembler_as_its_author_does() -> None:
    leave = Assembler("leave", attach=WRITE)
    leave.mov(r6, r1)
    leave.exit()
    with pytest.raises(MissingResultError) as caught:
        leave.program()
    assert caught.value.hint == "put leave.mov(r0, 0) before leave.exit()"
    leave.jeq(r0, 1, "gone")
    with pytest.raises(UndefinedLabelError, match=r"put leave.label\('gone'\) before the"):
        leave.program()


@pytest.mark.one_kernel
@pytest.mark.kernel
def test_a_packet_s_class_is_asked_for_with_the_packet() -> None:
    for attach in (WRITE, RawTracepoint(), SocketFilter(), Xdp()):
        a = Assembler("checked", attach=attach)
        process_s_own_class(a)
        load(a.program()).close()
    a = Assembler("checked", attach=SchedClassifier())
    a.call(helper.get_cgroup_classid)
    ending(a)
    load(a.program()).close()
    a = Assembler("checked", attach=SchedClassifier())
    a.mov(r1, 0)
    a.call(helper.get_cgroup_classid)
    ending(a)
    program = a.program(check=False)
    with pytest.raises(ArgumentError, match="r1 is the skb of get_cgroup_classid, and is a scalar"):
        check(program)
    with pytest.raises(VerifierError):
        load(program).close()


@given(program=programs())
def test_any_program_is_checked_without_a_failure(program: Program) -> None:
    with suppress(CheckError):
        check(program)
