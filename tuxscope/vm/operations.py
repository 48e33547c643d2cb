"""Instructions compiled to closures.

An operation takes the registers and changes them. A branch also returns the place of the next
instruction. For speed they do not check operands: an uninitialised register (None), an address
without a region and an access out of bounds raise TypeError, KeyError and struct.error, which
``diagnosis.py`` translates to a Fault.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from tuxscope.asm import meaning
from tuxscope.asm.instruction import ByteOrder, Instruction
from tuxscope.asm.isa import Atomic, Class, FormKind, Source, Swap, WideSource
from tuxscope.vm.faults import MisalignedFault, UnsupportedFault
from tuxscope.vm.memory import OFFSET, WINDOW, VirtualMemory, check_readable, check_writable

# A register is an int from 0 to 2**64 - 1, or None; Any, as operations do not check.
Registers = list[Any]
Operation = Callable[[Registers], None]
Branch = Callable[[Registers], int]

M64: Final = (1 << 64) - 1
M32: Final = (1 << 32) - 1
ORDER_SIGNS = {"little": "<", "big": ">"}
LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def uses_register(instruction: Instruction) -> bool:
    """Return whether the second operand of ``instruction`` is src instead of imm."""
    return bool(instruction.opcode & Source.X)


class Operations:
    """Compiles instructions for one machine, with its ``memory``, a VirtualMemory, and
    ``byteorder``, the str ``"little"`` or ``"big"``; an Operation is a function of the registers, a
    list, that returns None."""

    def __init__(self, memory: VirtualMemory, byteorder: ByteOrder) -> None:
        self._memory = memory
        self._byteorder = byteorder

    def operation(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, which always falls through, to an Operation."""
        return BUILDERS[instruction.form.kind](self, instruction)

    def condition(self, instruction: Instruction) -> Callable[[Registers], bool]:
        """Compile the condition of ``instruction``, a conditional jump, to a function that takes
        the registers and returns a bool, whether to jump."""
        bits = instruction.form.bits
        test = meaning.tests(bits)[instruction.form.operation]
        mask = (1 << bits) - 1
        dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask
        if not uses_register(instruction):
            return lambda r: test(r[dst] & mask, imm)
        return lambda r: test(r[dst] & mask, r[src] & mask)

    def binary(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, arithmetic on dst and src or imm, to an Operation."""
        bits = instruction.form.bits
        compute = meaning.arithmetic(instruction.form)
        mask = (1 << bits) - 1
        dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask

        def register64(r: Registers) -> None:
            r[dst] = compute(r[dst], r[src]) & M64

        def register32(r: Registers) -> None:
            r[dst] = compute(r[dst] & M32, r[src] & M32) & M32

        def immediate64(r: Registers) -> None:
            r[dst] = compute(r[dst], imm) & M64

        def immediate32(r: Registers) -> None:
            r[dst] = compute(r[dst] & M32, imm) & M32

        if uses_register(instruction):
            return register64 if bits == 64 else register32
        return immediate64 if bits == 64 else immediate32

    def move(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a mov, mov32 or sign-extending move, to an Operation."""
        mask = M64 if instruction.form.bits == 64 else M32
        dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask

        def immediate(r: Registers) -> None:
            r[dst] = imm

        def register(r: Registers) -> None:
            r[dst] = r[src] & mask

        def extended(r: Registers) -> None:
            r[dst] = compute(r[src]) & mask

        if not uses_register(instruction):
            return immediate
        if not instruction.form.signed:
            return register
        compute = meaning.sign_extended(instruction.offset)
        return extended

    def negate(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a neg or neg32, to an Operation."""
        mask = M64 if instruction.form.bits == 64 else M32
        dst = instruction.dst

        def negate(r: Registers) -> None:
            r[dst] = -r[dst] & mask

        return negate

    def swap(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a le, be or bswap, to an Operation; le and be swap only if the
        machine has the other byte order."""
        dst, bits = instruction.dst, instruction.form.bits
        native = Swap.LE if self._byteorder == "little" else Swap.BE
        swaps = instruction.form.operation is not native
        compute = meaning.swapped(bits) if swaps else meaning.truncated(bits)

        def swap(r: Registers) -> None:
            r[dst] = compute(r[dst])

        return swap

    def load(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a ldx, ldsx or load_acquire, to an Operation."""
        size = instruction.access_size
        dst, src, offset = instruction.dst, instruction.src, instruction.offset
        regions = self._memory.regions
        letter = LETTERS[size]
        if instruction.form.signed:
            letter = letter.lower()
        unpack = struct.Struct(ORDER_SIGNS[self._byteorder] + letter).unpack_from

        def load(r: Registers) -> None:
            address = r[src] + offset & M64
            region = regions[address >> WINDOW]
            at = address & OFFSET
            if region.unset is not None or region.user:
                check_readable(region, at, size)
            r[dst] = unpack(region.data, at)[0] & M64

        return load

    def store(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a st, stx or store_release, to an Operation."""
        size = instruction.access_size
        dst, src, offset = instruction.dst, instruction.src, instruction.offset
        regions = self._memory.regions
        mask = (1 << size * 8) - 1
        imm = instruction.imm & mask
        pack = struct.Struct(ORDER_SIGNS[self._byteorder] + LETTERS[size]).pack_into
        immediate = instruction.opcode & 7 == Class.ST
        cleared = bytes(size)

        def store(r: Registers) -> None:
            value = imm if immediate else r[src] & mask
            address = r[dst] + offset & M64
            region = regions[address >> WINDOW]
            at = address & OFFSET
            if not region.writable:
                check_writable(region, at, size)
            pack(region.data, at, value)
            if region.unset is not None:
                region.unset[at : at + size] = cleared
            region.frozen = None

        return store

    def atomic(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, an atomic, to an Operation; a fetch puts the old value into src,
        cmpxchg into r0."""
        size = instruction.access_size
        dst, src, offset = instruction.dst, instruction.src, instruction.offset
        operation = instruction.form.operation
        exchanges = operation is Atomic.CMPXCHG
        fetches = instruction.imm & Atomic.FETCH
        memory, byteorder = self._memory, self._byteorder
        mask = (1 << size * 8) - 1

        def atomic(r: Registers) -> None:
            operand = r[src] & mask
            address = r[dst] + offset & M64
            if address % size:
                raise MisalignedFault(
                    f"misaligned atomic of {size} bytes: address {address:#x} is not a multiple "
                    f"of {size}"
                )
            old = int.from_bytes(memory.read(address, size), byteorder)
            if exchanges:
                new = operand if old == r[0] & mask else old
                fetched = 0
            else:
                new = meaning.ATOMICS[operation](old, operand) & mask
                fetched = src
            memory.write(address, new.to_bytes(size, byteorder))
            if fetches:
                r[fetched] = old

        return atomic

    def wide_immediate(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a ld_imm64 of a constant, to an Operation; forms that need a
        kernel are unsupported."""
        dst, value = instruction.dst, instruction.imm64

        def load_constant(r: Registers) -> None:
            r[dst] = value

        operation = instruction.form.operation
        if operation is WideSource.IMM64:
            return load_constant
        variable = operation is WideSource.BTF_ID
        return unsupported(instruction, A_VARIABLE if variable else A_LOADERS_MAP)

    def kernel_function(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a call_btf_id, which is unsupported, to an Operation that
        raises."""
        return unsupported(instruction, "the interpreter has no kernel functions")

    def cast(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, an addr_space_cast, which is unsupported, to an Operation that
        raises."""
        return unsupported(instruction, "the interpreter has no arenas")

    def indirect_jump(self, instruction: Instruction) -> Operation:
        """Compile ``instruction``, a gotox, which is unsupported, to an Operation that raises."""
        return unsupported(instruction, "the interpreter has no instruction array maps")


A_VARIABLE = "the interpreter has no kernel variables"
A_LOADERS_MAP = "the interpreter has no list of maps; load a map with a.ld_map"

# The compiler of each kind of instruction that always falls through.
BUILDERS: dict[FormKind, Callable[[Operations, Instruction], Operation]] = {
    FormKind.ARITHMETIC: Operations.binary,
    FormKind.MOVE: Operations.move,
    FormKind.NEGATE: Operations.negate,
    FormKind.BYTE_SWAP: Operations.swap,
    FormKind.LOAD: Operations.load,
    FormKind.STORE: Operations.store,
    FormKind.ATOMIC: Operations.atomic,
    FormKind.WIDE_IMMEDIATE: Operations.wide_immediate,
    FormKind.CALL: Operations.kernel_function,
    FormKind.CAST: Operations.cast,
    FormKind.INDIRECT_JUMP: Operations.indirect_jump,
}


def unsupported(instruction: Instruction, why: str) -> Operation:
    """Return an Operation for ``instruction`` that raises UnsupportedFault, with the reason
    ``why``, a str."""

    def fail(r: Registers) -> None:
        raise UnsupportedFault(f"{instruction}: {why}")

    return fail
