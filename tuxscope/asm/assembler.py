"""The assembler: each call emits one instruction, and remembers the line that made it."""

from __future__ import annotations

from tuxscope.asm.emitter import made, number
from tuxscope.asm.errors import OperandError, StackError
from tuxscope.asm.isa import Alu, Class, Source
from tuxscope.asm.program import STACK_SIZE, StackVariable
from tuxscope.asm.registers import Address, Memory, Register, r10
from tuxscope.asm.ringbuf import RingOutput
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_typing import Any
from tuxscope.record import Nested, Record, RecordType
from tuxscope.record.types import FieldType


class Assembler(RingOutput):
    """Writes a program.

    >>> a = Assembler("nothing", attach=Tracepoint("syscalls", "sys_enter_write"))
    >>> a.mov(r0, 0)
    >>> a.exit()
    >>> program = a.program()

    Methods raise a kind of :class:`~tuxscope.asm.errors.AssemblyError` that names the line which
    called them. Python's ``if`` and ``for`` decide while assembling what is emitted; what the
    kernel is to decide on every run is a jump.
    """

    def stack(self, field_type: FieldType[Any] | RecordType) -> Memory:
        """Room on this function's stack for a record or a number; emits nothing.

        The bytes there are whatever they were: set all that leave the program. Raises StackError
        past 512 bytes.
        """
        if not isinstance(field_type, FieldType | RecordType):
            raise OperandError(
                f"the stack holds records and types such as u64, not {shown(field_type)}"
                + f"; did you mean a.stack({type(field_type).__name__})?"
                * isinstance(field_type, Record),
                author_line(),
            )
        own_type = field_type if isinstance(field_type, FieldType) else Nested(field_type)
        source, function = author_line(), self._draft.function
        used = -min((each.offset for each in self._stack if each.function == function), default=0)
        used += own_type.size
        used += -used % own_type.alignment
        if used > STACK_SIZE:
            raise StackError(
                f"{used} bytes of stack: a function has {STACK_SIZE}; use a per-CPU array map",
                source,
            )
        name = (assigned(source.text) if source else "") or own_type.name.lower()
        self._stack.append(StackVariable(name, -used, own_type, function))
        return Memory(r10, -used, own_type)

    def lea(self, dst: Register, place: Memory | Address) -> None:
        """``dst =`` an address: a mov and, where the offset is not 0, an add."""
        if isinstance(place, Memory):
            base, offset = place._base, place._offset
        elif isinstance(place, Address):
            base, offset = place.base, place.offset
        else:
            from tuxscope.asm.operands import no_place  # who is right need not wait for it

            raise OperandError(no_place(dst, place), author_line())
        address = [made(Alu.MOV | Source.X | Class.ALU64, number(dst), number(base))]
        if offset:
            address.append(made(Alu.ADD | Source.K | Class.ALU64, number(dst), imm=offset))
        self._emit_all(address)

    def addr_space_cast(self, dst: Register, src: Register, to: int, origin: int) -> None:
        """``dst = src`` as a pointer of another address space: 0 the kernel's, 1 the arena's
        (Linux 6.9)."""
        if (to, origin) not in ((0, 1), (1, 0)):
            raise OperandError(
                "address spaces are cast from 0 to 1 or 1 to 0, "
                f"not {shown(origin)} to {shown(to)}",
                author_line(),
            )
        code = Alu.MOV | Source.X | Class.ALU64
        self._emit(code, number(dst), number(src), 1, to << 16 | origin)


def assigned(text: str) -> str:
    """The name that a line such as ``event = a.stack(HelloEvent)`` gives to what it makes; empty
    where it gives none."""
    target, _, value = text.partition("=")
    name = target.partition(":")[0].strip()
    return name if name.isidentifier() and ".stack(" in value and value[0] != "=" else ""
