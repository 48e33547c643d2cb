"""Jumps and calls: ``a.jne(r0, pid, "out")``, ``a.call(helper.ktime_get_ns)`` (section 4.3).

A jump goes to a label of the same function, 32767 slots away at most. Its operand is a register
or an immediate of 32 bits, signed. Methods without a suffix compare 64 bits (an immediate is
sign-extended, for unsigned comparisons too), those with ``32`` the low 32 bits.
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
    """The methods that branch, call and return."""

    def _branch(
        self, code: int, dst: Register, operand: Register | int, target: str, wide: bool
    ) -> None:
        code |= Class.JMP if wide else Class.JMP32
        if isinstance(operand, Memory | Address | Map | Field):
            from tuxscope.asm.operands import no_number  # who is right need not wait for it

            raise OperandError(no_number(operand), author_line())
        if isinstance(operand, Register):
            self._jump(code | Source.X, target, number(dst), operand.number)
        else:
            self._jump(code | Source.K, target, number(dst), imm=operand)

    def jeq(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst == operand``."""
        self._branch(Jump.JEQ, dst, operand, target, wide=True)

    def jeq32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst == operand`` (32 bits)."""
        self._branch(Jump.JEQ, dst, operand, target, wide=False)

    def jne(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst != operand``."""
        self._branch(Jump.JNE, dst, operand, target, wide=True)

    def jne32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst != operand`` (32 bits)."""
        self._branch(Jump.JNE, dst, operand, target, wide=False)

    def jgt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst > operand``, unsigned."""
        self._branch(Jump.JGT, dst, operand, target, wide=True)

    def jgt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst > operand``, unsigned (32 bits)."""
        self._branch(Jump.JGT, dst, operand, target, wide=False)

    def jge(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst >= operand``, unsigned."""
        self._branch(Jump.JGE, dst, operand, target, wide=True)

    def jge32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst >= operand``, unsigned (32 bits)."""
        self._branch(Jump.JGE, dst, operand, target, wide=False)

    def jlt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst < operand``, unsigned."""
        self._branch(Jump.JLT, dst, operand, target, wide=True)

    def jlt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst < operand``, unsigned (32 bits)."""
        self._branch(Jump.JLT, dst, operand, target, wide=False)

    def jle(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst <= operand``, unsigned."""
        self._branch(Jump.JLE, dst, operand, target, wide=True)

    def jle32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst <= operand``, unsigned (32 bits)."""
        self._branch(Jump.JLE, dst, operand, target, wide=False)

    def jsgt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst > operand``, signed."""
        self._branch(Jump.JSGT, dst, operand, target, wide=True)

    def jsgt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst > operand``, signed (32 bits)."""
        self._branch(Jump.JSGT, dst, operand, target, wide=False)

    def jsge(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst >= operand``, signed."""
        self._branch(Jump.JSGE, dst, operand, target, wide=True)

    def jsge32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst >= operand``, signed (32 bits)."""
        self._branch(Jump.JSGE, dst, operand, target, wide=False)

    def jslt(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst < operand``, signed."""
        self._branch(Jump.JSLT, dst, operand, target, wide=True)

    def jslt32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst < operand``, signed (32 bits)."""
        self._branch(Jump.JSLT, dst, operand, target, wide=False)

    def jsle(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst <= operand``, signed."""
        self._branch(Jump.JSLE, dst, operand, target, wide=True)

    def jsle32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst <= operand``, signed (32 bits)."""
        self._branch(Jump.JSLE, dst, operand, target, wide=False)

    def jset(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst & operand``."""
        self._branch(Jump.JSET, dst, operand, target, wide=True)

    def jset32(self, dst: Register, operand: Register | int, target: str) -> None:
        """Jump if ``dst & operand`` (32 bits)."""
        self._branch(Jump.JSET, dst, operand, target, wide=False)

    def ja(self, target: str) -> None:
        """Jump always."""
        self._jump(Jump.JA | Class.JMP, target)

    def gotol(self, target: str) -> None:
        """Jump always, and farther: the distance has 32 bits (Linux 6.6)."""
        self._jump(Jump.JA | Class.JMP32, target)

    def may_goto(self, target: str) -> None:
        """Jump once the kernel has had enough of this loop, else go on (Linux 6.9)."""
        self._jump(Jump.JCOND | Class.JMP, target)

    def gotox(self, dst: Register) -> None:
        """Jump to where ``dst`` says, which a map of instructions holds (Linux 6.19)."""
        self._emit(Jump.JA | Source.X | Class.JMP, dst=number(dst))

    def exit(self) -> None:
        """Return r0 to the caller, or from the program."""
        self._emit(Jump.EXIT | Class.JMP)

    def call(self, target: Helper | str) -> None:
        """Call a helper of the kernel (``helper.ktime_get_ns``) or a function of this program, by
        its name. Arguments in r1 to r5, result in r0; r1 to r5 hold nothing afterwards."""
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
        """Call a kernel function (kfunc) by its id in the running kernel's BTF."""
        self._emit(Jump.CALL | Class.JMP, src=CallSource.BTF_ID, imm=btf_id)

    def ld_func(self, dst: Register, function: str) -> None:
        """``dst =`` the address of a function of this program, for helpers that call back."""
        source = author_line()
        if not isinstance(function, str):
            raise OperandError(f"ld_func takes a function's name, not {shown(function)}", source)
        waiting = Target(function, None, "imm", source)
        self._emit(Mode.IMM | Size.DW | Class.LD, number(dst), WideSource.FUNC, target=waiting)
