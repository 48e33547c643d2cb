"""Loads, stores and atomics: ``a.ldx(r1, u64[r1 + 16])`` (RFC 9669, section 5).

The type of a place says how many bytes are accessed. A place is ``u32[r1 + 8]``, a field of a
record on the stack (``event.pid``), or a field of a record that a register points to
(``Count[r0].total``).

All methods raise OperandError for a place that is not in memory or has the wrong type, and
RegisterError for an operand that is not a register.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm.emitter import Emitter, new_instruction, number
from tuxscope.asm.errors import OperandError, RegisterError
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import Atomic, Class, Mode, Size, WideSource
from tuxscope.asm.maps import Array, Map
from tuxscope.asm.registers import Memory, Register
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_typing import Any
from tuxscope.record.types import Integer


class MemoryAccess(Emitter):
    """An Emitter: the assembler's methods for loads, stores, atomics and wide immediates."""

    def _integer(self, memory: Memory, *sizes: int) -> Integer:
        """The type of a place. Raises OperandError if one instruction cannot access it."""
        if not isinstance(memory, Memory):
            from tuxscope.asm.operands import expected_memory  # needed for errors alone

            raise OperandError(expected_memory(memory, self._stack), author_line())
        field_type: Any = memory._type
        if not isinstance(field_type, Integer):
            raise OperandError(
                f"one instruction cannot access {field_type}; name a field or an element of it, "
                "or take its address with a.lea",
                author_line(),
            )
        if sizes and field_type.size not in sizes:
            raise OperandError(
                f"an atomic accesses {' or '.join(map(str, sizes))} bytes, {field_type} has "
                f"{field_type.size}; use u32 or u64",
                author_line(),
            )
        return field_type

    def _load(self, opcode: int, dst: Register, memory: Memory, imm: int = 0) -> None:
        opcode |= Size.of(memory._type.size)
        self._emit(opcode, number(dst), memory._base.number, memory._offset, imm)

    def _store(self, opcode: int, memory: Memory, src: Register, imm: int = 0) -> None:
        if isinstance(src, int):
            raise RegisterError(
                f"a register is expected, not {shown(src)}; load it first: a.mov(r1, {shown(src)})",
                author_line(),
            )
        opcode |= Size.of(memory._type.size)
        self._emit(opcode, memory._base.number, number(src), memory._offset, imm)

    def ldx(self, dst: Register, memory: Memory) -> None:
        """Emit: ``dst = *memory``, zero-extended to 64 bits; for 1, 2, 4 or 8 bytes. ``dst`` is a
        Register, ``memory`` a Memory."""
        field_type = self._integer(memory)
        if field_type.signed and field_type.size < 8:
            raise OperandError(
                f"ldx zero-extends, and {field_type} is signed: use a.ldsx (Linux 6.6), "
                f"or read it as u{field_type.size * 8}[...]",
                author_line(),
            )
        self._load(Mode.MEM | Class.LDX, dst, memory)

    def ldsx(self, dst: Register, memory: Memory) -> None:
        """Emit: ``dst = *memory``, sign-extended to 64 bits; for s8, s16 and s32 (Linux 6.6).
        ``dst`` is a Register, ``memory`` a Memory."""
        field_type = self._integer(memory)
        if not field_type.signed or field_type.size == 8:
            raise OperandError(
                f"ldsx loads s8, s16 and s32; load {field_type} with a.ldx",
                author_line(),
            )
        self._load(Mode.MEMSX | Class.LDX, dst, memory)

    def stx(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory = src``: store the low 1, 2, 4 or 8 bytes of ``src``, a Register, to
        ``memory``, a Memory."""
        self._integer(memory)
        if isinstance(src, int):
            raise RegisterError(
                f"stx stores a register; store a number with a.st(…, {shown(src)})",
                author_line(),
            )
        self._store(Mode.MEM | Class.STX, memory, src)

    def st(self, memory: Memory, imm: int) -> None:
        """Emit: ``*memory = imm``: store ``imm``, an int of 32 bits, sign-extended for 8 bytes;
        ``memory`` is a Memory."""
        field_type = self._integer(memory)
        if isinstance(imm, Register):
            raise OperandError(
                f"st stores a number; store a register with a.stx(…, {shown(imm)})",
                author_line(),
            )
        bits = field_type.size * 8
        if isinstance(imm, int) and bits < 32 and not -(1 << bits - 1) <= imm < 1 << bits:
            raise OperandError(f"{shown(imm)} does not fit into {field_type}", author_line())
        opcode = Mode.MEM | Size.of(field_type.size) | Class.ST
        self._emit(opcode, memory._base.number, offset=memory._offset, imm=imm)

    def zero(self, place: Memory | tuple[Memory, ...]) -> None:
        """Emit: zero ``place``, a Memory (a record or a field) or a tuple of them
        (``event.padding``), with as few aligned stores as possible.

        The place must be aligned as its record is. Raises OperandError if it is not in memory.
        """
        places = place if isinstance(place, tuple) else (place,)
        self._emit_all(store for memory in places for store in zeros(memory))

    def _atomic(self, operation: int, memory: Memory, src: Register) -> None:
        self._integer(memory, 4, 8)
        self._store(Mode.ATOMIC | Class.STX, memory, src, operation)

    def atomic_add(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory += src``, atomically; ``memory`` is a Memory, ``src`` a Register; on 4 or
        8 bytes, as all atomics."""
        self._atomic(Atomic.ADD, memory, src)

    def atomic_or(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory |= src``, atomically; ``memory`` is a Memory, ``src`` a Register (Linux
        5.12)."""
        self._atomic(Atomic.OR, memory, src)

    def atomic_and(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory &= src``, atomically; ``memory`` is a Memory, ``src`` a Register (Linux
        5.12)."""
        self._atomic(Atomic.AND, memory, src)

    def atomic_xor(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory ^= src``, atomically; ``memory`` is a Memory, ``src`` a Register (Linux
        5.12)."""
        self._atomic(Atomic.XOR, memory, src)

    def atomic_fetch_add(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory += src``, atomically; ``memory`` is a Memory, ``src`` a Register; src
        becomes the old value (Linux 5.12)."""
        self._atomic(Atomic.ADD | Atomic.FETCH, memory, src)

    def atomic_fetch_or(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory |= src``, atomically; ``memory`` is a Memory, ``src`` a Register; src
        becomes the old value (Linux 5.12)."""
        self._atomic(Atomic.OR | Atomic.FETCH, memory, src)

    def atomic_fetch_and(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory &= src``, atomically; ``memory`` is a Memory, ``src`` a Register; src
        becomes the old value (Linux 5.12)."""
        self._atomic(Atomic.AND | Atomic.FETCH, memory, src)

    def atomic_fetch_xor(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory ^= src``, atomically; ``memory`` is a Memory, ``src`` a Register; src
        becomes the old value (Linux 5.12)."""
        self._atomic(Atomic.XOR | Atomic.FETCH, memory, src)

    def atomic_xchg(self, memory: Memory, src: Register) -> None:
        """Emit: exchange ``*memory`` and ``src``, atomically; ``memory`` is a Memory, ``src`` a
        Register (Linux 5.12)."""
        self._atomic(Atomic.XCHG, memory, src)

    def atomic_cmpxchg(self, memory: Memory, src: Register) -> None:
        """Emit: if ``*memory == r0``, store ``src``; r0 becomes the old value; atomically (Linux
        5.12). ``memory`` is a Memory, ``src`` a Register."""
        self._atomic(Atomic.CMPXCHG, memory, src)

    def load_acquire(self, dst: Register, memory: Memory) -> None:
        """Emit: ``dst = *memory`` with acquire ordering; for 1, 2, 4 or 8 bytes (Linux 6.15).
        ``dst`` is a Register, ``memory`` a Memory."""
        self._integer(memory)
        self._load(Mode.ATOMIC | Class.STX, dst, memory, Atomic.LOAD_ACQ)

    def store_release(self, memory: Memory, src: Register) -> None:
        """Emit: ``*memory = src``, a Memory and a Register, with release ordering; for 1, 2, 4 or 8
        bytes (Linux 6.15)."""
        self._integer(memory)
        self._store(Mode.ATOMIC | Class.STX, memory, src, Atomic.STORE_REL)

    def ld_imm64(self, dst: Register, value: int) -> None:
        """Emit: ``dst = value``, an int from -2**63 to 2**64 - 1; takes two slots. ``dst`` is a
        Register."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise OperandError(f"ld_imm64 takes an integer, not {shown(value)}", author_line())
        if not -(1 << 63) <= value < 1 << 64:
            raise OperandError(f"ld_imm64: {shown(value)} does not fit into 64 bits", author_line())
        # Both fields are signed integers of 32 bits.
        low, high = (value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF)
        self._wide(dst, WideSource.IMM64, signed32(low), signed32(high))

    def ld_map(self, dst: Register, map: Map) -> None:
        """Emit: ``dst``, a Register, = the address of ``map``, a Map, as an argument for helpers;
        takes two slots.

        The loader fills in the map's file descriptor. Raises OperandError for anything but a Map.
        """
        self._wide(dst, WideSource.MAP_FD, map=checked_map(map))

    def ld_map_value(self, dst: Register, map: Array, offset: int = 0) -> None:
        """Emit: ``dst``, a Register, = the address of the only value of ``map``, an Array, plus
        ``offset`` bytes (Linux 5.2).

        Raises OperandError unless ``map`` is an Array with max_entries=1 and ``offset`` is in its
        value.
        """
        check_value_offset(checked_map(map), offset)
        self._wide(dst, WideSource.MAP_VALUE, next_imm=offset, map=map)

    def _wide(
        self, dst: Register, source: int, imm: int = 0, next_imm: int = 0, map: Map | None = None
    ) -> None:
        opcode = Mode.IMM | Size.DW | Class.LD
        self._emit(opcode, number(dst), source, imm=imm, next_imm=next_imm, map=map)


def zeros(memory: object) -> Iterator[Instruction]:
    """Yield the Instructions, stores, that zero ``memory``, any object, a Memory or a tuple of
    them. Raises OperandError if it is not in memory."""
    if not isinstance(memory, Memory):
        raise OperandError(
            f"zero takes a place in memory, as in event.padding, not {shown(memory)}",
            author_line(),
        )
    offset, end = memory._offset, memory._offset + memory._type.size
    while offset < end:
        width = next(w for w in (8, 4, 2, 1) if offset % w == 0 and offset + w <= end)
        yield new_instruction(
            Mode.MEM | Size.of(width) | Class.ST, memory._base.number, offset=offset
        )
        offset += width


def checked_map(map: object) -> Map:
    """Return ``map``, any object, as a Map. Raises OperandError if it is not a Map."""
    if not isinstance(map, Map):
        from tuxscope.asm.operands import expected_map  # needed for errors alone

        raise OperandError(expected_map(map), author_line())
    return map


def check_value_offset(map: Map, offset: object) -> None:
    """Check that ``map``, a Map, is an Array with one entry and ``offset``, any object, an int in
    its value.

    Raises OperandError.
    """
    if not isinstance(map, Array) or map.per_cpu or map.max_entries != 1:
        raise OperandError(
            f"ld_map_value takes an Array with max_entries=1, not {shown(map)}", author_line()
        )
    if not isinstance(offset, int) or not 0 <= offset < map.value_size:
        raise OperandError(
            f"offset {shown(offset)} is not in {map.name}'s value of {map.value_size} bytes",
            author_line(),
        )


def signed32(bits: int) -> int:
    """Return ``bits``, an unsigned integer of 32 bits, as signed, an int."""
    return bits - (1 << 32) if bits >> 31 else bits
