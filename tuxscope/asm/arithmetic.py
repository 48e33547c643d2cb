"""Arithmetic: ``a.add(r1, 8)``, ``a.mov32(r3, -1)`` (RFC 9669, sections 4.1 and 4.2).

The second operand is a register or a signed immediate of 32 bits. Methods without a suffix compute
in 64 bits; the immediate is sign-extended. Methods with ``32`` compute in the low 32 bits and zero
the upper 32. Division by zero is defined: see the methods.

All methods raise RegisterError for an operand that is not a register, and OperandError for an
immediate that does not fit.
"""

from __future__ import annotations

from tuxscope.asm.emitter import Emitter, number
from tuxscope.asm.errors import OperandError
from tuxscope.asm.isa import Alu, Class, Source
from tuxscope.asm.maps import Map
from tuxscope.asm.registers import Address, Memory, Register
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.record import Field


class Arithmetic(Emitter):
    """An Emitter: the assembler's methods for arithmetic, moves and byte swaps."""

    def _alu(
        self, code: int, dst: Register, operand: Register | int, wide: bool, offset: int = 0
    ) -> None:
        code |= Class.ALU64 if wide else Class.ALU
        if isinstance(operand, Memory | Address | Map | Field):
            from tuxscope.asm.operands import expected_number  # needed for errors alone

            raise OperandError(expected_number(operand), author_line())
        if isinstance(operand, Register):
            self._emit(code | Source.X, number(dst), operand.number, offset)
        else:
            self._emit(code | Source.K, number(dst), offset=offset, imm=operand)

    def _swap(self, code: int, dst: Register, bits: int) -> None:
        if bits not in (16, 32, 64):
            raise OperandError(
                f"a byte swap takes 16, 32 or 64 bits, not {shown(bits)}", author_line()
            )
        self._emit(code, number(dst), imm=bits)

    def add(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst += operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.ADD, dst, operand, wide=True)

    def add32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst += operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.ADD, dst, operand, wide=False)

    def sub(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst -= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.SUB, dst, operand, wide=True)

    def sub32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst -= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.SUB, dst, operand, wide=False)

    def mul(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst *= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.MUL, dst, operand, wide=True)

    def mul32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst *= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.MUL, dst, operand, wide=False)

    def div(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst /= operand``, unsigned; a division by 0 gives 0; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._alu(Alu.DIV, dst, operand, wide=True)

    def div32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst /= operand`` in 32 bits, unsigned; a division by 0 gives 0; ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._alu(Alu.DIV, dst, operand, wide=False)

    def mod(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst %= operand``, unsigned; modulo 0 leaves dst as it is; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._alu(Alu.MOD, dst, operand, wide=True)

    def mod32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst %= operand`` in 32 bits, unsigned; modulo 0 leaves the low 32 bits; ``dst``
        is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.MOD, dst, operand, wide=False)

    def or_(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst |= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.OR, dst, operand, wide=True)

    def or32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst |= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.OR, dst, operand, wide=False)

    def and_(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst &= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.AND, dst, operand, wide=True)

    def and32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst &= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.AND, dst, operand, wide=False)

    def xor(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst ^= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.XOR, dst, operand, wide=True)

    def xor32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst ^= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.XOR, dst, operand, wide=False)

    def lsh(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst <<= operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.LSH, dst, operand, wide=True)

    def lsh32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst <<= operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.LSH, dst, operand, wide=False)

    def rsh(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst >>= operand``, a logical shift: zeros come in from the left; ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._alu(Alu.RSH, dst, operand, wide=True)

    def rsh32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst >>= operand`` in 32 bits, a logical shift: zeros come in from the left;
        ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.RSH, dst, operand, wide=False)

    def arsh(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s>>= operand``, an arithmetic shift: the sign bit is copied; ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._alu(Alu.ARSH, dst, operand, wide=True)

    def arsh32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s>>= operand`` in 32 bits, an arithmetic shift: the sign bit is copied;
        ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.ARSH, dst, operand, wide=False)

    def mov(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst = operand``; ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.MOV, dst, operand, wide=True)

    def mov32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst = operand`` in 32 bits; ``dst`` is a Register, ``operand`` a Register or an
        int."""
        self._alu(Alu.MOV, dst, operand, wide=False)

    def sdiv(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s/= operand``, signed, rounded toward zero; a division by 0 gives 0 (Linux
        6.6); ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.DIV, dst, operand, wide=True, offset=1)

    def sdiv32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s/= operand`` in 32 bits, signed, rounded toward zero (Linux 6.6); ``dst`` is
        a Register, ``operand`` a Register or an int.

        A division by 0 gives 0.
        """
        self._alu(Alu.DIV, dst, operand, wide=False, offset=1)

    def smod(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s%= operand``, signed; modulo 0 leaves dst as it is (Linux 6.6); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._alu(Alu.MOD, dst, operand, wide=True, offset=1)

    def smod32(self, dst: Register, operand: Register | int) -> None:
        """Emit: ``dst s%= operand`` in 32 bits, signed; modulo 0 leaves the low 32 bits (Linux
        6.6); ``dst`` is a Register, ``operand`` a Register or an int."""
        self._alu(Alu.MOD, dst, operand, wide=False, offset=1)

    def movsx8(self, dst: Register, src: Register) -> None:
        """Emit: ``dst = (s8)src``, sign-extended to 64 bits (Linux 6.6); ``dst`` and ``src`` are
        Registers."""
        self._emit(Alu.MOV | Source.X | Class.ALU64, number(dst), number(src), 8)

    def movsx16(self, dst: Register, src: Register) -> None:
        """Emit: ``dst = (s16)src``, sign-extended to 64 bits (Linux 6.6); ``dst`` and ``src`` are
        Registers."""
        self._emit(Alu.MOV | Source.X | Class.ALU64, number(dst), number(src), 16)

    def movsx32(self, dst: Register, src: Register) -> None:
        """Emit: ``dst = (s32)src``, sign-extended to 64 bits (Linux 6.6); ``dst`` and ``src`` are
        Registers."""
        self._emit(Alu.MOV | Source.X | Class.ALU64, number(dst), number(src), 32)

    def movsx8_32(self, dst: Register, src: Register) -> None:
        """Emit: ``dst = (s8)src``, sign-extended to 32 bits (Linux 6.6); ``dst`` and ``src`` are
        Registers."""
        self._emit(Alu.MOV | Source.X | Class.ALU, number(dst), number(src), 8)

    def movsx16_32(self, dst: Register, src: Register) -> None:
        """Emit: ``dst = (s16)src``, sign-extended to 32 bits (Linux 6.6); ``dst`` and ``src`` are
        Registers."""
        self._emit(Alu.MOV | Source.X | Class.ALU, number(dst), number(src), 16)

    def neg(self, dst: Register) -> None:
        """Emit: ``dst = -dst``; ``dst`` is a Register."""
        self._emit(Alu.NEG | Class.ALU64, number(dst))

    def neg32(self, dst: Register) -> None:
        """Emit: ``dst = -dst`` in 32 bits; ``dst`` is a Register."""
        self._emit(Alu.NEG | Class.ALU, number(dst))

    def le(self, dst: Register, bits: int) -> None:
        """Emit: convert the low ``bits`` bits of dst (16, 32 or 64) to little-endian; zero the bits
        above; ``dst`` is a Register."""
        self._swap(Alu.END | Source.K | Class.ALU, dst, bits)

    def be(self, dst: Register, bits: int) -> None:
        """Emit: convert the low ``bits`` bits of dst (16, 32 or 64) to big-endian; zero the bits
        above; ``dst`` is a Register."""
        self._swap(Alu.END | Source.X | Class.ALU, dst, bits)

    def bswap(self, dst: Register, bits: int) -> None:
        """Emit: reverse the bytes of dst's low ``bits`` bits (16, 32 or 64); zero the bits above
        (Linux 6.6); ``dst`` is a Register."""
        self._swap(Alu.END | Source.K | Class.ALU64, dst, bits)
