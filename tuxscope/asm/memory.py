"""Loads, stores and atomics: ``a.ldx(r1, u64[r1 + 16])`` (RFC 9669, section 5).

A typed address says how many bytes move: ``u32[r1 + 8]``, a field of a record on the stack
(``event.pid``), a field of a record that a register points to (``Count[r0].total``).
"""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm.emitter import Emitter, made, number
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
    """The methods that load and store."""

    def _integer(self, memory: Memory, *sizes: int) -> Integer:
        """The type that an access moves. Raises OperandError where one access cannot."""
        if not isinstance(memory, Memory):
            from tuxscope.asm.operands import no_memory  # who is right need not wait for it

            raise OperandError(no_memory(memory, self._stack), author_line())
        field_type: Any = memory._type
        if not isinstance(field_type, Integer):
            raise OperandError(
                f"{field_type} is more than one access moves; name a field or an element of it, "
                "or take its address with a.lea",
                author_line(),
            )
        if sizes and field_type.size not in sizes:
            raise OperandError(
                f"this moves {' or '.join(map(str, sizes))} bytes, {field_type} has "
                f"{field_type.size}",
                author_line(),
            )
        return field_type

    def _load(self, opcode: int, dst: Register, memory: Memory, imm: int = 0) -> None:
        opcode |= Size.of(memory._type.size)
        self._emit(opcode, number(dst), memory._base.number, memory._offset, imm)

    def _store(self, opcode: int, memory: Memory, src: Register, imm: int = 0) -> None:
        if isinstance(src, int):
            raise RegisterError(
                f"this takes a register: put the number into one, as in a.mov(r1, {shown(src)})",
                author_line(),
            )
        opcode |= Size.of(memory._type.size)
        self._emit(opcode, memory._base.number, number(src), memory._offset, imm)

    def ldx(self, dst: Register, memory: Memory) -> None:
        """``dst = *memory``, with zeros above."""
        field_type = self._integer(memory)
        if field_type.signed and field_type.size < 8:
            raise OperandError(
                f"ldx fills with zeros and {field_type} has a sign: use a.ldsx (Linux 6.6), "
                f"or read it as u{field_type.size * 8}[...]",
                author_line(),
            )
        self._load(Mode.MEM | Class.LDX, dst, memory)

    def ldsx(self, dst: Register, memory: Memory) -> None:
        """``dst = *memory``, sign-extended to 64 bits (Linux 6.6)."""
        field_type = self._integer(memory)
        if not field_type.signed or field_type.size == 8:
            raise OperandError(
                f"ldsx extends the sign of s8, s16 and s32; {field_type} is loaded with a.ldx",
                author_line(),
            )
        self._load(Mode.MEMSX | Class.LDX, dst, memory)

    def stx(self, memory: Memory, src: Register) -> None:
        """``*memory = src``, its low bytes."""
        self._integer(memory)
        if isinstance(src, int):
            raise RegisterError(
                f"stx stores a register; a number is stored with a.st(…, {shown(src)})",
                author_line(),
            )
        self._store(Mode.MEM | Class.STX, memory, src)

    def st(self, memory: Memory, imm: int) -> None:
        """``*memory = imm``; in 64 bits the immediate is sign-extended."""
        field_type = self._integer(memory)
        if isinstance(imm, Register):
            raise OperandError(
                f"st stores a number; a register is stored with a.stx(…, {shown(imm)})",
                author_line(),
            )
        bits = field_type.size * 8
        if isinstance(imm, int) and bits < 32 and not -(1 << bits - 1) <= imm < 1 << bits:
            raise OperandError(f"{shown(imm)} does not fit {field_type}", author_line())
        opcode = Mode.MEM | Size.of(field_type.size) | Class.ST
        self._emit(opcode, memory._base.number, offset=memory._offset, imm=imm)

    def zero(self, place: Memory | tuple[Memory, ...]) -> None:
        """Zero a record, a field or ``event.padding``: as many stores as it takes, widest first.

        The place is taken to be aligned as its record is.
        """
        places = place if isinstance(place, tuple) else (place,)
        self._emit_all(store for memory in places for store in zeros(memory))

    def _atomic(self, operation: int, memory: Memory, src: Register) -> None:
        self._integer(memory, 4, 8)
        self._store(Mode.ATOMIC | Class.STX, memory, src, operation)

    def atomic_add(self, memory: Memory, src: Register) -> None:
        """``*memory += src``, atomically; 4 or 8 bytes, as in all atomics."""
        self._atomic(Atomic.ADD, memory, src)

    def atomic_or(self, memory: Memory, src: Register) -> None:
        """``*memory |= src``, atomically (Linux 5.12)."""
        self._atomic(Atomic.OR, memory, src)

    def atomic_and(self, memory: Memory, src: Register) -> None:
        """``*memory &= src``, atomically (Linux 5.12)."""
        self._atomic(Atomic.AND, memory, src)

    def atomic_xor(self, memory: Memory, src: Register) -> None:
        """``*memory ^= src``, atomically (Linux 5.12)."""
        self._atomic(Atomic.XOR, memory, src)

    def atomic_fetch_add(self, memory: Memory, src: Register) -> None:
        """``*memory += src``, and src becomes what was there before (Linux 5.12)."""
        self._atomic(Atomic.ADD | Atomic.FETCH, memory, src)

    def atomic_fetch_or(self, memory: Memory, src: Register) -> None:
        """``*memory |= src``, and src becomes what was there before (Linux 5.12)."""
        self._atomic(Atomic.OR | Atomic.FETCH, memory, src)

    def atomic_fetch_and(self, memory: Memory, src: Register) -> None:
        """``*memory &= src``, and src becomes what was there before (Linux 5.12)."""
        self._atomic(Atomic.AND | Atomic.FETCH, memory, src)

    def atomic_fetch_xor(self, memory: Memory, src: Register) -> None:
        """``*memory ^= src``, and src becomes what was there before (Linux 5.12)."""
        self._atomic(Atomic.XOR | Atomic.FETCH, memory, src)

    def atomic_xchg(self, memory: Memory, src: Register) -> None:
        """Exchange ``*memory`` and src (Linux 5.12)."""
        self._atomic(Atomic.XCHG, memory, src)

    def atomic_cmpxchg(self, memory: Memory, src: Register) -> None:
        """If ``*memory == r0``, store src; r0 becomes what was there before (Linux 5.12)."""
        self._atomic(Atomic.CMPXCHG, memory, src)

    def load_acquire(self, dst: Register, memory: Memory) -> None:
        """``dst = *memory``, before all later accesses; 1 to 8 bytes (Linux 6.15)."""
        self._integer(memory)
        self._load(Mode.ATOMIC | Class.STX, dst, memory, Atomic.LOAD_ACQ)

    def store_release(self, memory: Memory, src: Register) -> None:
        """``*memory = src``, after all earlier accesses; 1 to 8 bytes (Linux 6.15)."""
        self._integer(memory)
        self._store(Mode.ATOMIC | Class.STX, memory, src, Atomic.STORE_REL)

    def ld_imm64(self, dst: Register, value: int) -> None:
        """``dst = value``, any 64 bits, signed or unsigned; takes two slots."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise OperandError(f"ld_imm64 takes a whole number, not {shown(value)}", author_line())
        if not -(1 << 63) <= value < 1 << 64:
            raise OperandError(f"ld_imm64: {shown(value)} does not fit 64 bits", author_line())
        # Each half as its field holds it: 32 bits, signed.
        low, high = (value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF)
        self._wide(dst, WideSource.IMM64, signed32(low), signed32(high))

    def ld_map(self, dst: Register, map: Map) -> None:
        """``dst =`` a map, for helpers that take one; its fd is filled in when it is loaded."""
        self._wide(dst, WideSource.MAP_FD, map=checked_map(map))

    def ld_map_value(self, dst: Register, map: Array, offset: int = 0) -> None:
        """``dst =`` the address of an array's only value, plus ``offset`` bytes (Linux 5.2)."""
        check_value_offset(checked_map(map), offset)
        self._wide(dst, WideSource.MAP_VALUE, next_imm=offset, map=map)

    def _wide(
        self, dst: Register, source: int, imm: int = 0, next_imm: int = 0, map: Map | None = None
    ) -> None:
        opcode = Mode.IMM | Size.DW | Class.LD
        self._emit(opcode, number(dst), source, imm=imm, next_imm=next_imm, map=map)


def zeros(memory: object) -> Iterator[Instruction]:
    """The stores that zero a place. Raises OperandError, at the author's line."""
    if not isinstance(memory, Memory):
        raise OperandError(
            f"zero takes a place in memory, as in event.padding, not {shown(memory)}",
            author_line(),
        )
    offset, end = memory._offset, memory._offset + memory._type.size
    while offset < end:
        width = next(w for w in (8, 4, 2, 1) if offset % w == 0 and offset + w <= end)
        yield made(Mode.MEM | Size.of(width) | Class.ST, memory._base.number, offset=offset)
        offset += width


def checked_map(map: object) -> Map:
    """The map itself. Raises OperandError for what is none, at the author's line."""
    if not isinstance(map, Map):
        from tuxscope.asm.operands import no_map  # who is right need not wait for it

        raise OperandError(no_map(map), author_line())
    return map


def check_value_offset(map: Map, offset: object) -> None:
    """Hold an offset to the value of an array that has but one. Raises OperandError."""
    if not isinstance(map, Array) or map.per_cpu or map.max_entries != 1:
        raise OperandError(
            f"ld_map_value takes an Array with max_entries=1, not {shown(map)}", author_line()
        )
    if not isinstance(offset, int) or not 0 <= offset < map.value_size:
        raise OperandError(
            f"offset {shown(offset)} is not in the {map.value_size} bytes of {map.name}'s value",
            author_line(),
        )


def signed32(bits: int) -> int:
    """32 bits as a signed number."""
    return bits - (1 << 32) if bits >> 31 else bits
