"""Jumps and calls: ``a.jne(r0, pid, "out")``, ``a.call(helper.ktime_get_ns)`` (section 4.3).

A jump goes to a label of the same function, at most 32767 slots away. The operand is a register or
a signed immediate of 32 bits. Methods without a suffix compare 64 bits; the immediate is
sign-extended, for unsigned comparisons too. Methods with ``32`` compare the low 32 bits.

All jumps raise LabelError for a target that is not a str, RegisterError and OperandError for
operands. ``a.program()`` raises UndefinedLabelError for a target without a label.
"""

from __future__ import annotations

from tuxscope.asm.draft import Target
from tuxscope.asm.emitter import Emitter, number
from tuxscope.asm.errors import OperandError
from tuxscope.asm.helpers import Helper
from tuxscope.asm.isa import CallSource, Class, Jump, Mode, Size, Source, WideSource
from tuxscope.asm.maps import Map
from tuxscope.asm.registers import Address, Memory, Register
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.record import Field


class Jumps(Emitter):
    """An Emitter: the assembler's methods that jump, call and return."""

    def _branch(
        self, code: int, dst: Register, operand: Register | int, target: str, wide: bool
    ) -> None:
        code |= Class.JMP if wide else Class.JMP32
        if isinstance(operand, Memory | Address | Map | Field):
            from tuxscope.asm.operands import expected_number  # needed for errors alone

            raise OperandError(expected_number(operand), author_line())
        if isinstance(operand, Register):
            self._jump(code | Source.X, target, number(dst), operand.number)
        else:
            self._jump(code | Source.K, target, number(dst), imm=operand)

    def jeq(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target``, a str, if ``dst == operand``; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JEQ, dst, operand, target, wide=True)

    def jeq32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst == operand`` (32 bits); ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JEQ, dst, operand, target, wide=False)

    def jne(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst != operand``; ``dst`` is a Register, ``operand``
        a Register or an int."""
        self._branch(Jump.JNE, dst, operand, target, wide=True)

    def jne32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst != operand`` (32 bits); ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JNE, dst, operand, target, wide=False)

    def jgt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst > operand``, unsigned; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JGT, dst, operand, target, wide=True)

    def jgt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst > operand``, unsigned (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JGT, dst, operand, target, wide=False)

    def jge(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst >= operand``, unsigned; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JGE, dst, operand, target, wide=True)

    def jge32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst >= operand``, unsigned (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JGE, dst, operand, target, wide=False)

    def jlt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst < operand``, unsigned; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JLT, dst, operand, target, wide=True)

    def jlt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst < operand``, unsigned (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JLT, dst, operand, target, wide=False)

    def jle(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst <= operand``, unsigned; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JLE, dst, operand, target, wide=True)

    def jle32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst <= operand``, unsigned (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JLE, dst, operand, target, wide=False)

    def jsgt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst > operand``, signed; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JSGT, dst, operand, target, wide=True)

    def jsgt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst > operand``, signed (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JSGT, dst, operand, target, wide=False)

    def jsge(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst >= operand``, signed; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JSGE, dst, operand, target, wide=True)

    def jsge32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst >= operand``, signed (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JSGE, dst, operand, target, wide=False)

    def jslt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst < operand``, signed; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JSLT, dst, operand, target, wide=True)

    def jslt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst < operand``, signed (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JSLT, dst, operand, target, wide=False)

    def jsle(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst <= operand``, signed; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JSLE, dst, operand, target, wide=True)

    def jsle32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst <= operand``, signed (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JSLE, dst, operand, target, wide=False)

    def jset(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst & operand`` is not 0; ``dst`` is a Register,
        ``operand`` a Register or an int."""
        self._branch(Jump.JSET, dst, operand, target, wide=True)

    def jset32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Emit: jump to label ``target`` if ``dst & operand`` is not 0 (32 bits); ``dst`` is a
        Register, ``operand`` a Register or an int."""
        self._branch(Jump.JSET, dst, operand, target, wide=False)

    def ja(self, target: str) -> None:
        """Emit: jump to label ``target``, a str, always."""
        self._jump(Jump.JA | Class.JMP, target)

    def gotol(self, target: str) -> None:
        """Emit: jump to label ``target``, a str, always, with a distance of 32 bits (Linux 6.6)."""
        self._jump(Jump.JA | Class.JMP32, target)

    def may_goto(self, target: str) -> None:
        """Emit: jump to label ``target``, a str, after about 8 million passes without a jump (Linux
        6.9)."""
        self._jump(Jump.JCOND | Class.JMP, target)

    def gotox(self, dst: Register) -> None:
        """Emit: jump to the address in ``dst``, a Register, loaded from an instruction array map
        (Linux 6.19)."""
        self._emit(Jump.JA | Source.X | Class.JMP, dst=number(dst))

    def exit(self) -> None:
        """Emit: return from the function or the program, with the result in r0."""
        self._emit(Jump.EXIT | Class.JMP)

    def call(self, target: Helper | str) -> None:
        """Emit: call ``target``: a Helper (``helper.ktime_get_ns``), or a str, the name of a
        function.

        The arguments are in r1 to r5, the result in r0. The call clobbers r1 to r5. Raises
        OperandError for any other target.
        """
        opcode = Jump.CALL | Class.JMP
        if isinstance(target, Helper):
            self._emit(opcode, src=CallSource.HELPER, imm=target.number)
        elif isinstance(target, str):
            waiting = Target(target, None, "imm", author_line())
            self._emit(opcode, src=CallSource.LOCAL, target=waiting)
        else:
            raise OperandError(
                "call takes a helper, as in helper.ktime_get_ns, or the name of a function, "
                f"not {shown(target)}",
                author_line(),
            )

    def call_btf_id(self, btf_id: int) -> None:
        """Emit: call the kernel function (kfunc) with BTF ID ``btf_id``, an int (Linux 5.13)."""
        self._emit(Jump.CALL | Class.JMP, src=CallSource.BTF_ID, imm=btf_id)

    def ld_func(self, dst: Register, function: str) -> None:
        """Emit: ``dst``, a Register, = the address of ``function``, the name of one of this
        program, a callback for helpers (Linux 5.13).

        Raises OperandError if ``function`` is not a str.
        """
        source = author_line()
        if not isinstance(function, str):
            raise OperandError(
                f'ld_func takes the name of a function, as in "each", not {shown(function)}', source
            )
        waiting = Target(function, None, "imm", source)
        self._emit(Mode.IMM | Size.DW | Class.LD, number(dst), WideSource.FUNC, target=waiting)
