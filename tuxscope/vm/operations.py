"""Instructions as closures: what each row of the table does to registers and memory.

An operation takes the registers and changes them; a branch also returns the slot to go on at.
Both are lean, as they are all that a run consists of: a register that holds nothing (None), an
address without a region and an access past a region's end show as Python's own TypeError,
KeyError and struct.error, of which ``diagnosis.py`` makes a Fault.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from tuxscope.asm import meaning
from tuxscope.asm.forms import FORMS
from tuxscope.asm.instruction import ByteOrder, Instruction
from tuxscope.asm.isa import Atomic, Class, Mode, Source
from tuxscope.vm.faults import MisalignedFault, UnsupportedFault
from tuxscope.vm.memory import OFFSET, WINDOW, Memory, check_readable, check_writable

# What a register holds is an int below 2**64, or None; Any, as operations do not look.
Registers = list[Any]
Operation = Callable[[Registers], None]
Branch = Callable[[Registers], int]

M64: Final = (1 << 64) - 1
M32: Final = (1 << 32) - 1
ORDER_SIGNS = {"little": "<", "big": ">"}
LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def uses_register(instruction: Instruction) -> bool:
    """Whether the second operand is src, and not imm."""
    return bool(instruction.opcode & Source.X)


class Operations:
    """Makes the operations of one machine: they work on its memory, in its byte order."""

    def __init__(self, memory: Memory, byteorder: ByteOrder) -> None:
        self._memory = memory
        self._byteorder = byteorder

    def operation(self, instruction: Instruction) -> Operation:
        """What an instruction does that always goes on with the next one."""
        return OPERATIONS[instruction.form.name](self, instruction)

    def condition(self, instruction: Instruction) -> Callable[[Registers], bool]:
        """Whether a conditional jump jumps."""
        bits = 64 if instruction.opcode & 7 == Class.JMP else 32
        test = meaning.tests(bits)[instruction.form.name.removesuffix("32")]
        mask = (1 << bits) - 1
        dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask
        if not uses_register(instruction):
            return lambda r: test(r[dst] & mask, imm)
        return lambda r: test(r[dst] & mask, r[src] & mask)

    def binary(self, instruction: Instruction) -> Operation:
        """An operation on two operands."""
        bits = 64 if instruction.opcode & 7 == Class.ALU64 else 32
        compute = meaning.arithmetic(bits)[instruction.form.name.removesuffix("32")]
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
        """mov, mov32 and the sign-extending moves."""
        mask = M64 if instruction.opcode & 7 == Class.ALU64 else M32
        dst, src, imm = instruction.dst, instruction.src, instruction.imm & mask

        def immediate(r: Registers) -> None:
            r[dst] = imm

        def register(r: Registers) -> None:
            r[dst] = r[src] & mask

        def extended(r: Registers) -> None:
            r[dst] = compute(r[src]) & mask

        if not uses_register(instruction):
            return immediate
        if not instruction.offset:
            return register
        compute = meaning.sign_extended(instruction.offset)
        return extended

    def negate(self, instruction: Instruction) -> Operation:
        mask = M64 if instruction.opcode & 7 == Class.ALU64 else M32
        dst = instruction.dst

        def negate(r: Registers) -> None:
            r[dst] = -r[dst] & mask

        return negate

    def swap(self, instruction: Instruction) -> Operation:
        """le, be and bswap: the first two swap where the machine's own order is the other."""
        dst, bits = instruction.dst, instruction.imm
        order = {"le": "little", "be": "big"}.get(instruction.form.name)
        swaps = order != self._byteorder
        compute = meaning.swapped(bits) if swaps else meaning.truncated(bits)

        def swap(r: Registers) -> None:
            r[dst] = compute(r[dst])

        return swap

    def load(self, instruction: Instruction) -> Operation:
        """ldx, ldsx and load_acquire."""
        size = instruction.moves
        dst, src, offset = instruction.dst, instruction.src, instruction.offset
        regions = self._memory.regions
        letter = LETTERS[size]
        if instruction.opcode & 0xE0 == Mode.MEMSX:
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
        """st, stx and store_release."""
        size = instruction.moves
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
        """Read, compute, write; fetching ones put what was there before into src, or r0."""
        size = instruction.moves
        dst, src, offset = instruction.dst, instruction.src, instruction.offset
        name = instruction.form.name.replace("_fetch", "")
        fetches = instruction.imm & Atomic.FETCH
        memory, byteorder = self._memory, self._byteorder
        mask = (1 << size * 8) - 1

        def atomic(r: Registers) -> None:
            operand = r[src] & mask
            address = r[dst] + offset & M64
            if address % size:
                raise MisalignedFault(
                    f"an atomic of {size} bytes at address {address:#x}, which is no multiple "
                    f"of {size}"
                )
            old = int.from_bytes(memory.read(address, size), byteorder)
            if name == "atomic_cmpxchg":
                new = operand if old == r[0] & mask else old
                fetched = 0
            else:
                new = meaning.ATOMICS[name](old, operand) & mask
                fetched = src
            memory.write(address, new.to_bytes(size, byteorder))
            if fetches:
                r[fetched] = old

        return atomic

    def load_constant(self, instruction: Instruction) -> Operation:
        dst, value = instruction.dst, instruction.imm64

        def load_constant(r: Registers) -> None:
            r[dst] = value

        return load_constant

    def unsupported(self, instruction: Instruction) -> Operation:
        """What means nothing without a kernel."""
        why = NO_MEANING[instruction.form.name]

        def fail(r: Registers) -> None:
            raise UnsupportedFault(f"{instruction}: {why}")

        return fail


NO_MEANING = {
    "ld_btf_id": "the address of a kernel's variable is known to a kernel alone",
    "ld_map_idx": "an index into a list of maps that only a loader has",
    "ld_map_idx_value": "an index into a list of maps that only a loader has",
    "addr_space_cast": "there are no arenas here",
    "call_btf_id": "kernel functions are in a kernel alone",
    "gotox": "where it goes is in a map of instructions, which only a kernel has",
}

Builder = Callable[[Operations, Instruction], Operation]


def builders() -> dict[str, Builder]:
    """Each straight row's name and what makes its operation."""
    found: dict[str, Builder] = {}
    for name in meaning.arithmetic(64):
        found[name] = found[f"{name}32"] = Operations.binary
    for form in FORMS:
        if form.name.startswith(("mov",)):
            found[form.name] = Operations.move
        elif form.name.startswith("atomic_"):
            found[form.name] = Operations.atomic
    found |= dict.fromkeys(("neg", "neg32"), Operations.negate)
    found |= dict.fromkeys(("le", "be", "bswap"), Operations.swap)
    found |= dict.fromkeys(("ldx", "ldsx", "load_acquire"), Operations.load)
    found |= dict.fromkeys(("st", "stx", "store_release"), Operations.store)
    found |= {"ld_imm64": Operations.load_constant}
    return found | dict.fromkeys(NO_MEANING, Operations.unsupported)


OPERATIONS = builders()
