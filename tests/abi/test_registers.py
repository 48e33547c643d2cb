"""The user's registers: recorded places are the kernel's, and a program reads a call there."""

from __future__ import annotations

import ctypes
import os
import threading

import pytest
from pace import LIMIT

from tuxscope.abi.architecture import ARM64, S390X, X86_64, Architecture, this_architecture
from tuxscope.abi.reading import read_compat, read_number, read_register, readable
from tuxscope.abi.registers import RECORDED, place, recorded, registers
from tuxscope.asm import Array, Assembler, Program, RawTracepoint, helper
from tuxscope.asm.layout import Layout, RecordedLayout
from tuxscope.asm.registers import r0, r1, r2, r6, r7
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.record import Record, u32, u64

WITHOUT_STRUCTS = RecordedLayout(fields={}, members={})
UNUSED = 9999  # no kernel has this call
ARGUMENTS = (11, 22, 33, 44, 55, 66)


class Seen(Record):
    arguments = u64[6]
    number = u32
    compat = u32
    result = u64


ENTRY = Array("ENTRY", value=Seen, max_entries=1)
EXIT = Array("EXIT", value=Seen, max_entries=1)


@pytest.mark.parametrize("architecture", [X86_64, ARM64, S390X], ids=lambda each: each.machine)
def test_recorded_places_do_where_there_is_no_btf(architecture: Architecture) -> None:
    found = registers(WITHOUT_STRUCTS, architecture)
    assert len({each.offset for each in found.arguments}) == 6
    assert readable(WITHOUT_STRUCTS, architecture).switches is None
    told = architecture is not X86_64
    assert (readable(WITHOUT_STRUCTS, architecture).compat is not None) is told


@pytest.mark.kernel
def test_recorded_places_are_the_kernel_s() -> None:
    layout, architecture = RunningKernelLayout(), this_architecture()
    if not layout.has_structs:
        pytest.skip("this kernel tells nothing of its structs")
    ours = recorded(architecture)
    for name in RECORDED[architecture.machine]:
        kernels = place(layout, architecture, name)
        assert kernels.offset == ours.member("pt_regs", name).offset, name


def reader(name: str, seen: Array, layout: Layout, at_exit: bool) -> Program:
    """A program that keeps what it reads of call 9999 of this process."""
    found = readable(layout, this_architecture())
    a = Assembler(name, attach=RawTracepoint(name))
    number, scratch, argument = a.stack(u32), a.stack(u64), a.stack(u64)
    a.mov(r6, r1)
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    a.jne(r0, os.getpid(), "out")
    read_number(a, found, r6, scratch, number)
    a.ldx(r1, number)
    a.jne(r1, UNUSED, "out")
    a.ld_map_value(r7, seen)
    a.stx(Seen[r7].number, r1)
    read_compat(a, found, r6, scratch, Seen[r7].compat)
    for at, register in enumerate(found.registers.arguments):
        read_register(a, register, r6, argument)
        a.ldx(r1, argument)
        a.stx(u64[r7 + 8 * at], r1)
    if at_exit:
        read_register(a, found.registers.result, r6, argument)
        a.ldx(r2, argument)
        a.stx(Seen[r7].result, r2)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


@pytest.mark.kernel
@pytest.mark.parametrize("structs", [True, False], ids=["BTF", "recorded"])
def test_a_call_is_read_at_entry_and_exit(structs: bool) -> None:
    running = RunningKernelLayout()
    if structs and not running.has_structs:
        pytest.skip("this kernel tells nothing of its structs")
    layout: Layout = running if structs else WITHOUT_STRUCTS
    programs = (
        reader("sys_enter", ENTRY, layout, False),
        reader("sys_exit", EXIT, layout, True),
    )
    call = ctypes.CDLL(None).syscall
    numbers = [ctypes.c_long(each) for each in (UNUSED, *ARGUMENTS)]
    with Collection(programs) as loaded, Link(loaded):
        caller = threading.Thread(target=call, args=numbers)
        caller.start()
        caller.join(LIMIT)
        entry, exit = (loaded.maps[each].lookup(0) for each in (ENTRY, EXIT))
    assert (entry.number, entry.compat, tuple(entry.arguments)) == (UNUSED, 0, ARGUMENTS)
    assert (exit.number, exit.compat, tuple(exit.arguments)) == (UNUSED, 0, ARGUMENTS)
    assert exit.result == (1 << 64) - 38  # -ENOSYS
