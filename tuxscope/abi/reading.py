"""Reading of a call in a program on the raw tracepoints ``sys_enter`` and ``sys_exit``.

Their context is the address of the user's registers, then the number, at exit the result. Each of
the functions emits instructions where it is called, and uses r0 to r5.
"""

from __future__ import annotations

from collections.abc import Iterable

from tuxscope.abi.architecture import Architecture, CompatTest
from tuxscope.abi.registers import Registers, place, registers
from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Layout, Place
from tuxscope.asm.registers import Memory, Register, r0, r1, r2, r3
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record.types import u32, u64


@dataclass(frozen=True, slots=True)
class Readable:
    """A frozen dataclass: what a program can read of a call on some kernel, and where.

    Attributes:
        registers: the Registers of a 64-bit call.
        compat_registers: a Registers, those of a 32-bit call.
        compat: the Place of the integer that tells 32-bit calls; None if the kernel does not say.
        compat_test: the CompatTest for that integer.
        switches: the Place of two adjacent integers, the task's voluntary and involuntary context
            switches; None if the kernel does not say.
        typed_task: whether programs can load from a task directly (Linux 5.11), without a copy.
    """

    registers: Registers
    compat_registers: Registers
    compat: Place | None
    compat_test: CompatTest
    switches: Place | None
    typed_task: bool


def readable(layout: Layout, architecture: Architecture) -> Readable:
    """Return the Readable of a kernel with ``layout``, a Layout, on ``architecture``, an
    Architecture. Raises TuxscopeError if the kernel has no such registers."""
    test, switches, compat = architecture.compat_test, None, None
    if not test.in_task:
        compat = place(layout, architecture, test.path)
    if layout.has_structs:
        if test.in_task:
            compat = layout.member("task_struct", test.path)
        of_own_will = layout.member("task_struct", "nvcsw")
        if layout.member("task_struct", "nivcsw").offset == of_own_will.offset + 8:
            switches = Place(of_own_will.offset, 16)
    typed_task = layout.has_helper("get_current_task_btf")
    native, short = (registers(layout, architecture, each) for each in (False, True))
    return Readable(native, short, compat, test, switches, typed_task)


def read_register(a: Assembler, register: Place, context: Register, to: Memory) -> None:
    """Emit: copy the user's ``register``, a Place in ``struct pt_regs``, to the Memory ``to``,
    which has room for it; ``context`` is the Register that points to the context."""
    a.ldx(r3, u64[context + 0])
    copy_of_kernel(a, register, to)


ROOM = u64[16]  # for the registers between the first and the last that is read


def read_arguments(
    a: Assembler, readable: Readable, address: Memory, room: Memory, compat: Memory, to: Memory
) -> None:
    """Emit: copy the six arguments of a call to ``to``, Memory of six words. ``readable``, a
    Readable, says in which registers they are.

    ``address`` is Memory with the address of the call's registers, ``room`` Memory of type ``ROOM``
    to copy through, and ``compat`` Memory with whether it is a 32-bit call.
    """
    native, short = readable.registers.arguments, readable.compat_registers.arguments
    for run in runs((*native, *short)):
        a.ldx(r3, address)
        copy_of_kernel(a, Place(run[0], run[-1] + 8 - run[0]), room)
        if native != short:
            a.ldx(r2, compat)
            a.jne(r2, 0, f"short {run[0]}")
        take_arguments(a, native, run, room, to)
        if native != short:
            a.ja(f"copied {run[0]}")
            a.label(f"short {run[0]}")
            take_arguments(a, short, run, room, to)
            a.label(f"copied {run[0]}")


def runs(places: Iterable[Place]) -> list[list[int]]:
    """Return the offsets of ``places``, an iterable of Place, sorted, in lists of int that have
    room in a ``ROOM`` each."""
    found: list[list[int]] = []
    for offset in sorted({each.offset for each in places}):
        if found and offset + 8 - found[-1][0] <= ROOM.size:
            found[-1].append(offset)
        else:
            found.append([offset])
    return found


def take_arguments(
    a: Assembler, arguments: tuple[Place, ...], run: list[int], room: Memory, to: Memory
) -> None:
    """Emit: copy from ``room`` to ``to``, both Memory, those ``arguments``, a tuple of Place,
    whose offsets are in ``run``, a list of int."""
    base = room._base + room._offset
    for index, each in enumerate(arguments):
        if each.offset in run:
            a.ldx(r1, u64[base + (each.offset - run[0])])
            a.stx(to[index], r1)


def read_number(
    a: Assembler, readable: Readable, context: Register, scratch: Memory, to: Memory
) -> None:
    """Emit: store the number of a call, at its exit, as 32 bits in the Memory ``to``.

    ``readable``, a Readable, says where it is, ``context`` is the Register that points to the
    context, and ``scratch`` is Memory of 8 bytes.
    """
    number = readable.registers.number
    read_register(a, number, context, scratch)
    load(a, number, scratch)
    if readable.registers.number_bits < 32:
        a.and_(r1, (1 << readable.registers.number_bits) - 1)
    a.stx(to, r1)


def read_compat(
    a: Assembler, readable: Readable, context: Register, scratch: Memory, to: Memory
) -> None:
    """Emit: store 1 in the Memory ``to`` in a call of the 32-bit ABI, else 0, as 32 bits.

    ``readable``, a Readable, says how to tell, ``context`` is the Register that points to the
    context, and ``scratch`` is Memory of 8 bytes.
    """
    if readable.compat is None:
        a.st(to, 0)
        return
    test = readable.compat_test
    if test.in_task:
        load_of_task(a, readable, readable.compat, scratch)
    else:
        a.ldx(r3, u64[context + 0])
        copy_of_kernel(a, readable.compat, scratch)
        load(a, readable.compat, scratch)
    a.rsh(r1, test.mask.bit_length() - 1)
    a.and_(r1, 1)
    if not test.when_set:
        a.xor(r1, 1)
    a.stx(to, r1)


def read_switches(a: Assembler, readable: Readable, scratch: Memory) -> bool:
    """Emit: r1 = how often the current task was switched out; return True.

    Emits nothing and returns False if ``readable``, a Readable, does not say where that is.
    ``scratch`` is Memory of 16 bytes.
    """
    if readable.switches is None:
        return False
    offset = readable.switches.offset
    if readable.typed_task:
        a.call(helper.get_current_task_btf)
        a.ldx(r1, u64[r0 + offset])
        a.ldx(r2, u64[r0 + offset + 8])
    else:
        a.call(helper.get_current_task)
        a.mov(r3, r0)
        copy_of_kernel(a, readable.switches, scratch)
        base = scratch._base + scratch._offset
        a.ldx(r1, u64[base])
        a.ldx(r2, u64[base + 8])
    a.add(r1, r2)
    return True


def load_of_task(a: Assembler, readable: Readable, place: Place, scratch: Memory) -> None:
    """Emit: r1 = the integer at ``place``, a Place in the current task. ``readable``, a Readable,
    says whether to load it or to copy it to ``scratch``, Memory, first."""
    if readable.typed_task:
        a.call(helper.get_current_task_btf)
        a.ldx(r1, place.at(r0))
        return
    a.call(helper.get_current_task)
    a.mov(r3, r0)
    copy_of_kernel(a, place, scratch)
    load(a, place, scratch)


def load(a: Assembler, place: Place, scratch: Memory) -> None:
    """Emit: r1 = the integer of ``place``, a Place of 4 or 8 bytes, that was copied to ``scratch``,
    Memory."""
    base = scratch._base + scratch._offset
    a.ldx(r1, u32[base] if place.size == 4 else u64[base])


def copy_of_kernel(a: Assembler, place: Place, to: Memory) -> None:
    """Emit: copy the member at ``place``, a Place, of the struct at r3 to ``to``, Memory; zeros if
    the kernel cannot read it."""
    a.add(r3, place.offset)
    a.lea(r1, to)
    a.mov(r2, place.size)
    a.call(helper.probe_read_kernel)
