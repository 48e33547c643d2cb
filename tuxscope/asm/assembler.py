"""The assembler: each method call emits one instruction and records the line of the call."""

from __future__ import annotations

from tuxscope.asm.emitter import new_instruction, number
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
    """A RingOutput that builds a program, one method call for each instruction.

    ``Assembler(name, attach, license="GPL")``: ``name`` has 1 to 15 characters, ``attach`` is an
    AttachPoint such as a Tracepoint, ``license`` a str. Raises ProgramError for arguments that the
    kernel rejects.

    >>> a = Assembler("nothing", attach=Tracepoint("syscalls", "sys_enter_write"))
    >>> a.mov(r0, 0)
    >>> a.exit()
    >>> program = a.program()

    Methods raise subclasses of :class:`~tuxscope.asm.errors.AssemblyError`, which name the line of
    the call. Python's ``if`` and ``for`` run once, while the program is assembled. What the kernel
    decides on every run is a jump.
    """

    def stack(self, field_type: FieldType[Any] | RecordType) -> Memory:
        """Reserve space on the function's stack for ``field_type``, a FieldType or RecordType, and
        return it, a Memory; emit nothing.

        The place is aligned for its type. The bytes are uninitialised: store to all that the
        program sends. Raises StackError if the function needs more than 512 bytes, OperandError if
        ``field_type`` is neither a type nor a RecordType.
        """
        if not isinstance(field_type, FieldType | RecordType):
            raise OperandError(
                f"a.stack takes a record or a type such as u64, not {shown(field_type)}"
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
                f"the function needs {used} bytes of stack, the limit is {STACK_SIZE}; store large "
                "data in a PerCpuArray",
                source,
            )
        name = (assigned(source.text) if source else "") or own_type.name.lower()
        self._stack.append(StackVariable(name, -used, own_type, function))
        return Memory(r10, -used, own_type)

    def lea(self, dst: Register, place: Memory | Address) -> None:
        """Emit: ``dst``, a Register, = the address of ``place``, a Memory or an Address: a mov and,
        if the offset is not 0, an add.

        Raises OperandError if ``place`` is not a place in memory.
        """
        if isinstance(place, Memory):
            base, offset = place._base, place._offset
        elif isinstance(place, Address):
            base, offset = place.base, place.offset
        else:
            from tuxscope.asm.operands import expected_address  # needed for errors alone

            raise OperandError(expected_address(dst, place), author_line())
        address = [new_instruction(Alu.MOV | Source.X | Class.ALU64, number(dst), number(base))]
        if offset:
            address.append(
                new_instruction(Alu.ADD | Source.K | Class.ALU64, number(dst), imm=offset)
            )
        self._emit_all(address)

    def addr_space_cast(self, dst: Register, src: Register, to: int, origin: int) -> None:
        """Emit: ``dst = src``, each a Register, cast from address space ``origin`` to address space
        ``to`` (Linux 6.9).

        Address space 0 is the kernel's, 1 an arena's, both int. Raises OperandError for any other
        pair.
        """
        if (to, origin) not in ((0, 1), (1, 0)):
            raise OperandError(
                "addr_space_cast casts from address space 0 to 1 or from 1 to 0, "
                f"not from {shown(origin)} to {shown(to)}",
                author_line(),
            )
        code = Alu.MOV | Source.X | Class.ALU64
        self._emit(code, number(dst), number(src), 1, to << 16 | origin)


def assigned(text: str) -> str:
    """Return the variable that ``text``, a line of Python, assigns, a str (``event =
    a.stack(Event)``), or ``""``."""
    target, _, value = text.partition("=")
    name = target.partition(":")[0].strip()
    return name if name.isidentifier() and ".stack(" in value and value[0] != "=" else ""
