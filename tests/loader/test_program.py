from __future__ import annotations

import errno
import os

import pytest

from loader.texts import raises_errno
from tuxscope.asm import (
    Array,
    Assembler,
    AttachPoint,
    ProgArray,
    Program,
    RawTracepoint,
    SchedClassifier,
    SocketFilter,
    Tracepoint,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
)
from tuxscope.commands.doctor_job import release
from tuxscope.loader import bpf
from tuxscope.loader.bpf import BpfCommand
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from tuxscope.record import Record, u8, u32, u64

pytestmark = pytest.mark.kernel

LINUX = release(os.uname().release)


class Results(Record):
    first = u64
    second = u64


RESULTS = Array("RESULTS", value=Results, max_entries=1)
TAILS = ProgArray("TAILS", max_entries=2)
FRAME = bytes(range(64))  # the shortest that the kernel takes as a packet has 14


def returns(value: int, attach: AttachPoint) -> Program:
    a = Assembler("returns", attach=attach)
    a.mov(r0, value)
    a.exit()
    return a.program()


def stores(value: int, index: int = 0) -> Program:
    """A program that returns a value and puts it into RESULTS."""
    a = Assembler("stores", attach=RawTracepoint())
    a.ld_imm64(r0, value)
    a.ld_map_value(r1, RESULTS, index * u64.size)
    a.stx(u64[r1], r0)
    a.exit()
    return a.program()


@pytest.mark.parametrize("attach", [RawTracepoint(), SchedClassifier(), Xdp()], ids=str)
def test_a_program_returns_what_it_says(attach: AttachPoint) -> None:
    with load(returns(-7, attach)) as program:
        assert program.test_run(FRAME if attach != RawTracepoint() else b"").retval == 2**32 - 7


def test_a_socket_filter_keeps_as_much_as_it_says() -> None:
    with load(returns(3, SocketFilter())) as program:
        assert program.test_run(FRAME).retval == 3


def test_a_packet_program_reads_the_data() -> None:
    a = Assembler("reads", attach=Xdp())
    a.ldx(r2, u32[r1])  # data
    a.ldx(r3, u32[r1 + 4])  # data_end
    a.mov(r0, r2)
    a.add(r0, 14)
    a.jgt(r0, r3, "short")
    a.ldx(r0, u8[r2 + 13])
    a.exit()
    a.label("short")
    a.mov(r0, -1)
    a.exit()
    with load(a.program()) as program:
        assert program.test_run(FRAME).retval == 13
        assert program.test_run(FRAME[::-1]).retval == 50


def test_a_raw_tracepoint_reads_its_context() -> None:
    a = Assembler("reads", attach=RawTracepoint())
    a.ldx(r0, u64[r1 + 8])
    a.exit()
    with load(a.program()) as program:
        assert program.test_run(context=u64.pack(5) + u64.pack(6)).retval == 6
        with raises_errno(errno.EINVAL):
            program.test_run(context=u64.pack(5))


def test_a_tracepoint_has_no_test_run() -> None:
    with (
        load(returns(0, Tracepoint("syscalls", "sys_enter_write"))) as program,
        raises_errno(bpf.ENOTSUPP),
    ):
        program.test_run()


def test_a_result_of_64_bits_goes_through_a_map() -> None:
    with load(stores(0x1234_5678_9ABC_DEF0)) as program:
        assert program.test_run().retval == 0x9ABC_DEF0
        assert program.maps[RESULTS].lookup(0).first == 0x1234_5678_9ABC_DEF0


def test_the_address_of_a_map_value_has_an_offset() -> None:
    with load(stores(11, index=1)) as program:
        program.test_run()
        assert program.maps[RESULTS].lookup(0) == Results(second=11)


def test_programs_share_maps_that_they_do_not_own() -> None:
    with LoadedMap(RESULTS) as results:
        for index in range(2):
            with load(stores(index + 5, index), {RESULTS: results}) as program:
                assert program.maps[RESULTS] is results
                program.test_run()
        assert results.lookup(0) == Results(first=5, second=6)


def test_a_program_calls_its_functions() -> None:
    a = Assembler("calls", attach=RawTracepoint())
    a.mov(r1, 20)
    a.call("twice")
    a.mov(r1, r0)
    a.call("next")
    a.exit()
    a.function("twice")
    a.mov(r0, r1)
    a.add(r0, r1)
    a.exit()
    a.function("next")
    a.mov(r0, r1)
    a.add(r0, 1)
    a.exit()
    with load(a.program()) as program:
        assert program.test_run().retval == 41


@pytest.mark.skipif(LINUX < (5, 17), reason="the helper bpf_loop is of Linux 5.17")
def test_a_helper_calls_a_function_of_the_program_back() -> None:
    a = Assembler("loops", attach=RawTracepoint())
    total = a.stack(u64)
    a.st(total, 0)
    a.mov(r1, 10)
    a.ld_func(r2, "add")
    a.lea(r3, total)
    a.mov(r4, 0)
    a.call(helper.loop)
    a.ldx(r0, total)
    a.exit()
    a.function("add")
    a.ldx(r3, u64[r2])
    a.add(r3, r1)
    a.stx(u64[r2], r3)
    a.mov(r0, 0)
    a.exit()
    if not is_compiled():
        with pytest.raises(VerifierError, match="callbacks are not allowed in non-JITed programs"):
            load(a.program())
        return
    with load(a.program()) as program:
        assert program.test_run().retval == sum(range(10))


def is_compiled() -> bool:
    with load(returns(0, RawTracepoint())) as program:
        return program.info().jited_prog_len > 0


def test_a_tail_call_goes_to_what_the_map_holds() -> None:
    a = Assembler("jumps", attach=RawTracepoint())
    a.ld_map(r2, TAILS)
    a.mov(r3, 1)
    a.call(helper.tail_call)
    a.mov(r0, 1)  # reached where there is nothing to call
    a.exit()
    with load(a.program()) as program, load(returns(2, RawTracepoint())) as tail:
        assert program.test_run().retval == 1
        bpf.map_update(program.maps[TAILS].fileno(), u32.pack(1), u32.pack(tail.fileno()))
        assert program.test_run().retval == 2


def test_info_names_the_program() -> None:
    with load(stores(1)) as program, load(stores(1)) as again, load(stores(2)) as other:
        info = program.info()
        assert (info.name, info.type) == ("stores", RawTracepoint.type)
        assert info.nr_map_ids == 1
        assert info.gpl_compatible
        assert info.recursion_misses == 0
        assert info.id != again.info().id
        assert info.tag == again.info().tag != other.info().tag
        with bpf.fd_by_id(BpfCommand.PROG_GET_FD_BY_ID, info.id) as same:
            assert bpf.object_info(same.fileno(), type(info)()).id == info.id


def test_runs_are_counted_while_statistics_are_on() -> None:
    with load(stores(1)) as program:
        with bpf.enable_stats():
            for _ in range(3):
                program.test_run()
        assert program.info().run_cnt == 3


def test_a_program_runs_on_the_cpu_of_our_choice() -> None:
    a = Assembler("where", attach=RawTracepoint())
    a.call(helper.get_smp_processor_id)
    a.exit()
    with load(a.program()) as program:
        cpus = online_cpus()
        assert tuple(program.test_run(cpu=cpu).retval for cpu in cpus) == cpus


def test_the_log_of_an_accepted_program_is_there_when_asked_for() -> None:
    with load(stores(1), log_level=1) as told, load(stores(1)) as quiet:
        assert "processed 4 insns" in told.log
        assert quiet.log == ""


def test_a_program_holds_itself_and_its_maps_open_and_nothing_else() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with load(stores(1)) as program:
        assert len(os.listdir("/proc/self/fd")) == before + 1 + len(program.maps)


def test_closing_closes_the_maps_too() -> None:
    program = load(stores(1))
    results = program.maps[RESULTS]
    program.close()
    program.close()
    with pytest.raises(ValueError, match="closed"):
        program.fileno()
    with pytest.raises(MapError, match="closed"):
        results.fileno()
