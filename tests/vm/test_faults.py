"""What the verifier would not have let a program do: each fault has a name, a slot and a line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tuxscope.asm import (
    Array,
    Assembler,
    Hash,
    Instruction,
    RawTracepoint,
    RingBuf,
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
from tuxscope.record import Record, u8, u32, u64
from tuxscope.vm import Fault, Machine
from tuxscope.vm.faults import (
    BadJumpFault,
    CallDepthFault,
    HelperFault,
    MisalignedFault,
    NullPointerFault,
    OutOfBoundsFault,
    ReadOnlyMemoryFault,
    ReferenceFault,
    UninitialisedMemoryFault,
    UninitialisedRegisterFault,
    UnsupportedFault,
)


class Pair(Record):
    a = u64
    b = u64


COUNTS = Hash("COUNTS", key=u32, value=u64, max_entries=2)
ONE = Array("ONE", value=Pair, max_entries=1)
RING = RingBuf("RING", Pair, max_entries=4096)

Write = Callable[[Assembler], object]


def fault_of(write: Write) -> Fault:
    """The fault of a run, which is that of stepping, too."""
    a = Assembler("page", attach=RawTracepoint())
    write(a)
    a.mov(r0, 0)
    a.exit()
    program = a.program(check=False)
    machine = Machine(program, bytes(16))
    with pytest.raises(Fault) as run:
        machine.run()
    steps = machine.steps
    machine = Machine(program, bytes(16))
    for _ in range(steps):
        machine.step()
    with pytest.raises(Fault) as stepped:
        machine.step()
    assert type(stepped.value) is type(run.value)
    assert (str(stepped.value), stepped.value.slot) == (str(run.value), run.value.slot)
    assert run.value.registers == stepped.value.registers == machine.state.registers
    assert machine.state.slot == run.value.slot
    return run.value


def emit(*instructions: Instruction) -> Write:
    def write(a: Assembler) -> None:
        for each in instructions:
            a.emit(each)

    return write


def lookup(a: Assembler) -> None:
    a.st(u32[r10 - 4], 0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, r10 - 4)
    a.call(helper.map_lookup_elem)


def unchecked(a: Assembler) -> None:
    lookup(a)
    a.ldx(r1, u64[r0])


def beyond_the_value(a: Assembler) -> None:
    a.ld_map_value(r1, ONE)
    a.ldx(r2, u64[r1 + 16])


def after_delete(a: Assembler) -> None:
    a.st(u32[r10 - 4], 0)
    a.st(u64[r10 - 16], 0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, r10 - 4)
    a.lea(r3, r10 - 16)
    a.mov(r4, 0)
    a.call(helper.map_update_elem)
    lookup(a)
    a.mov(r6, r0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, r10 - 4)
    a.call(helper.map_delete_elem)
    a.ldx(r0, u64[r6])


def reserve(a: Assembler) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, 16)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)


def after_submit(a: Assembler) -> None:
    reserve(a)
    a.mov(r6, r0)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    a.st(u64[r6], 1)


def submitted_twice(a: Assembler) -> None:
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)


def deep(a: Assembler) -> None:
    a.call("f")
    a.mov(r0, 0)
    a.exit()
    a.function("f")
    a.call("f")


def stack_of_the_past(a: Assembler) -> None:
    a.call("other")
    a.ldx(r1, u64[r0])
    a.mov(r0, 0)
    a.exit()
    a.function("other")
    a.st(u64[r10 - 8], 1)
    a.mov(r0, r10)
    a.add(r0, -8)
    a.exit()
    a.function("unused")


def registers_of_the_caller(a: Assembler) -> None:
    a.mov(r6, 1)
    a.call("other")
    a.mov(r0, 0)
    a.exit()
    a.function("other")
    a.mov(r1, r6)


def store_to_context(a: Assembler) -> None:
    a.mov(r2, 1)
    a.atomic_add(u64[r1], r2)


def misaligned(a: Assembler) -> None:
    a.mov(r2, 1)
    a.atomic_add(u64[r10 - 9], r2)


def no_map(a: Assembler) -> None:
    a.mov(r2, r1)
    a.call(helper.map_lookup_elem)


def unset_key(a: Assembler) -> None:
    a.ld_map(r1, COUNTS)
    a.lea(r2, r10 - 4)
    a.call(helper.map_lookup_elem)


def key_past_the_end(a: Assembler) -> None:
    a.st(u8[r10 - 1], 0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, r10 - 1)
    a.call(helper.map_lookup_elem)


def comm_past_the_end(a: Assembler) -> None:
    a.lea(r1, r10 - 8)
    a.mov(r2, 16)
    a.call(helper.get_current_comm)


def name_of_an_exabyte(a: Assembler) -> None:
    a.lea(r1, r10 - 16)
    a.ld_imm64(r2, 1 << 60)
    a.call(helper.get_current_comm)


def probe_of_an_exabyte(a: Assembler) -> None:
    a.mov(r3, r1)
    a.lea(r1, r10 - 16)
    a.ld_imm64(r2, 1 << 60)
    a.call(helper.probe_read_kernel)


FAULTS: list[tuple[type[Fault], Write, str]] = [
    (UninitialisedRegisterFault, lambda a: a.mov(r2, r3), "r3 is read and is uninitialised"),
    (UninitialisedRegisterFault, lambda a: a.mov32(r2, r3), "r3 is read"),
    (UninitialisedRegisterFault, lambda a: a.add(r6, 1), "r6 is read and is uninitialised; set it"),
    (UninitialisedRegisterFault, lambda a: a.neg(r6), "r6 is read"),
    (UninitialisedRegisterFault, lambda a: a.be(r6, 16), "r6 is read"),
    (UninitialisedRegisterFault, lambda a: a.movsx8(r6, r7), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.stx(u64[r10 - 8], r7), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.st(u64[r7], 1), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.ldx(r0, u64[r7]), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.atomic_add(u64[r7], r1), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.load_acquire(r2, u64[r7]), "r7 is read"),
    (UninitialisedRegisterFault, lambda a: a.call(helper.map_lookup_elem), "r2 is read"),
    (UninitialisedRegisterFault, registers_of_the_caller, "r6 is read"),
    (UninitialisedMemoryFault, lambda a: a.load_acquire(r2, u64[r10 - 8]), "at fp-8"),
    (UninitialisedMemoryFault, lambda a: a.ldx(r2, u64[r10 - 8]), "at fp-8: uninitialised"),
    (UninitialisedMemoryFault, unset_key, "4 bytes at fp-4: uninitialised"),
    (OutOfBoundsFault, lambda a: a.load_acquire(r2, u64[r10 + 8]), r"at fp\+8"),
    (OutOfBoundsFault, lambda a: a.ldx(r2, u64[r10 - 4]), "8 bytes at fp-4"),
    (OutOfBoundsFault, lambda a: a.ldx(r2, u64[r1 + 9]), r"8 bytes at context\+9: context has 16"),
    (OutOfBoundsFault, lambda a: a.ldx(r2, u8[r1 - 1]), "1 byte at context-1"),
    (OutOfBoundsFault, lambda a: a.st(u64[r10 - 4], 0), "8 bytes at fp-4: the stack of page has"),
    (OutOfBoundsFault, lambda a: a.st(u8[r10 - 513], 0), "1 byte at fp-513"),
    (OutOfBoundsFault, beyond_the_value, r"value of ONE\+16: value of ONE has 16 bytes"),
    (OutOfBoundsFault, after_delete, "there is no memory"),
    (OutOfBoundsFault, after_submit, "there is no memory"),
    (OutOfBoundsFault, stack_of_the_past, "there is no memory"),
    (OutOfBoundsFault, key_past_the_end, "4 bytes at fp-1: the stack of page has 512 bytes"),
    (OutOfBoundsFault, comm_past_the_end, "16 bytes at fp-8"),
    (OutOfBoundsFault, name_of_an_exabyte, "at fp-16"),
    (OutOfBoundsFault, probe_of_an_exabyte, "at fp-16"),
    (NullPointerFault, unchecked, "8 bytes at address 0x0: this pointer is NULL"),
    (ReadOnlyMemoryFault, lambda a: a.st(u64[r1], 0), "context is read-only"),
    (ReadOnlyMemoryFault, store_to_context, "context is read-only"),
    (MisalignedFault, misaligned, "not a multiple of 8"),
    (HelperFault, no_map, "is not a map"),
    (HelperFault, submitted_twice, "not a reserved record; pass what ringbuf_reserve returned"),
    (UnsupportedFault, lambda a: a.call(helper.sk_release), "helper sk_release is not simulated"),
    (UnsupportedFault, lambda a: a.call_btf_id(7), "the interpreter has no kernel functions"),
    (UnsupportedFault, lambda a: a.gotox(r1), "the interpreter has no instruction array maps"),
    (
        UnsupportedFault,
        emit(Instruction(0x18, src=1, imm=3)),
        "the interpreter has no file descriptors",
    ),
    (UnsupportedFault, emit(Instruction(0x85, imm=9999)), "helper number 9999"),
    (UnsupportedFault, lambda a: a.addr_space_cast(r2, r1, 0, 1), "no arenas"),
    (ReferenceFault, reserve, "exits with an unreleased record of RING; submit or discard it"),
    (CallDepthFault, deep, "at most 8 call frames"),
    (BadJumpFault, emit(Instruction(0x05, offset=100)), "no instruction"),
    (BadJumpFault, emit(Instruction(0x05, offset=-3)), "no instruction"),
    (BadJumpFault, emit(Instruction(0x06, imm=-(1 << 31))), "no instruction"),
    (BadJumpFault, emit(Instruction(0x05, offset=1), Instruction(0x18)), "no instruction"),
]


@pytest.mark.parametrize(("kind", "write", "problem"), FAULTS)
def test_a_fault_has_a_name_and_says_what_is_wrong(
    kind: type[Fault], write: Write, problem: str
) -> None:
    fault = fault_of(write)
    assert type(fault) is kind
    assert re.search(problem, fault.problem)


def test_r0_has_to_be_set_at_the_end() -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.exit()
    with pytest.raises(UninitialisedRegisterFault, match="r0 is read"):
        Machine(a.program(check=False)).run()


@pytest.mark.parametrize("register", [r1, r2, r3, r4, r5])
def test_a_call_uses_up_r1_to_r5(register: object) -> None:
    def write(a: Assembler) -> None:
        for each in (r1, r2, r3, r4, r5):
            a.mov(each, 1)
        a.call(helper.ktime_get_ns)
        a.mov(r9, register)

    assert "was clobbered by a call" in str(fault_of(write))


def test_a_function_has_its_own_r6_to_r9() -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.mov(r6, 1)
    a.call("reads")
    a.exit()
    a.function("reads")
    a.mov(r0, r6)
    a.exit()
    with pytest.raises(UninitialisedRegisterFault, match=": a function has its own r6-r9"):
        Machine(a.program(check=False)).run()


def test_a_fault_shows_the_authors_line() -> None:
    def write(a: Assembler) -> None:
        a.mov(r6, 1)
        a.stx(u64[r10 - 1024], r6)  # here

    fault = fault_of(write)
    assert fault.slot == 1
    assert fault.source
    assert fault.source.text == "a.stx(u64[r10 - 1024], r6)  # here"
    assert str(fault).startswith("test_faults.py:")
    assert str(fault).endswith("(slot 1: *(u64 *)(r10 - 1024) = r6)")
    assert fault.registers[6] == 1
    assert fault.exit_status == 1
