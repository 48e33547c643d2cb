"""One instruction as a value, to bytes and back.

Nothing is masked: an operand that its field cannot hold is an error when the instruction is
made, and bytes that neither RFC 9669 nor Linux defines are an error when they are decoded.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator

from tuxscope.asm.errors import (
    DecodeError,
    OperandError,
    ReadOnlyRegisterError,
    RegisterError,
)
from tuxscope.asm.forms import BY_OPCODE, IMM, Const, Form, Range, Reg, Rule
from tuxscope.asm.isa import Atomic, FormKind, Size
from tuxscope.asm.maps import Map
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import dataclass, field
from tuxscope.lean_typing import Any, Literal
from tuxscope.record.types import Buffer, RecordError, byte_view
from tuxscope.source import SourceLine

ByteOrder = Literal["little", "big"]
NATIVE: ByteOrder = sys.byteorder

SLOT = 8  # bytes
BASIC = {"little": struct.Struct("<BBhi"), "big": struct.Struct(">BBhi")}
REGISTERS = 11
FRAME_POINTER = 10
ACCESS_SIZE = 0x18  # where loads, stores and atomics have theirs in the opcode


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; the fields are those of RFC 9669, section 3.

    Attributes:
        opcode: 8 bits.
        dst, src: register numbers 0 to 10; src tells forms apart in calls and ld_imm64.
        offset: 16 bits, signed.
        imm: 32 bits, signed; in ld_imm64 the low half of the constant.
        next_imm: 32 bits, signed: the high half, 0 in all other instructions.
        map: the map whose fd becomes the imm, once there is one.
        source: the author's line; two instructions are equal without it.
        form: its row of the table.

    Raises:
        OperandError: an unknown opcode, or a field that its form does not allow
            (RegisterError, ReadOnlyRegisterError for registers).
    """

    opcode: int
    dst: int = 0
    src: int = 0
    offset: int = 0
    imm: int = 0
    next_imm: int = 0
    map: Map | None = None
    source: SourceLine | None = field(default=None, compare=False, repr=False)
    form: Form = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        forms = BY_OPCODE.get(self.opcode) if isinstance(self.opcode, int) else None
        if forms is None:
            known = isinstance(self.opcode, int) and 0 <= self.opcode < 256
            opcode = hex(self.opcode) if known else shown(self.opcode)
            raise OperandError(f"there is no instruction with opcode {opcode}")
        form = forms[0] if len(forms) == 1 else max(forms, key=self._agreement)
        rules = tuple(form.rules())
        # Constants first: where they do not fit, what the other fields hold means nothing.
        for constants in (True, False):
            for name, rule in rules:
                if isinstance(rule, Const) is constants:
                    check(form, name, rule, getattr(self, name))
        if self.map is not None:
            check_loaded(form, self.map, self.imm)
        if not isinstance(self.source, SourceLine | None):
            raise OperandError(f"{form.name}: source is a SourceLine, not {shown(self.source)}")
        object.__setattr__(self, "form", form)

    def _agreement(self, form: Form) -> int:
        """How well the fields fit the form's constants: the best fit is the one that is meant.

        Where src is one of them it tells the forms of an opcode apart, and counts most.
        """
        constants = ((name, rule) for name, rule in form.rules() if isinstance(rule, Const))
        wrong = [name for name, rule in constants if getattr(self, name) != rule.value]
        return -len(wrong) - 2 * ("src" in wrong)

    @property
    def imm64(self) -> int:
        """The constant of a ld_imm64, 0 to 2**64 - 1."""
        return (self.next_imm & 0xFFFFFFFF) << 32 | self.imm & 0xFFFFFFFF

    @property
    def reads(self) -> tuple[int, ...]:
        """The registers that it reads; not those that a call takes as arguments."""
        form = self.form
        fields = ((form.dst, self.dst), (form.src, self.src))
        read = tuple(number for rule, number in fields if isinstance(rule, Reg) and rule.read)
        uses_r0 = form.kind is FormKind.EXIT or form.operation is Atomic.CMPXCHG
        return (*read, 0) if uses_r0 else read

    @property
    def moves(self) -> int:
        """How many bytes a load, store or atomic moves."""
        return Size(self.opcode & ACCESS_SIZE).octets

    @property
    def distance(self) -> int:
        """How many slots from the next one a jump, a local call or an ld_func leads."""
        return self.imm if isinstance(self.form.offset, Const) else self.offset

    @property
    def slots(self) -> int:
        """1, or 2 for ld_imm64."""
        return self.form.slots

    def check_for_linux(self) -> None:
        """Raise OperandError for what RFC 9669 gives a meaning and Linux refuses: a shift by an
        immediate past the width, a division by an immediate 0."""
        if isinstance(self.form.imm, Range):
            check_number(self.form, "imm", self.form.imm, self.imm)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.opcode, self.dst, self.src, self.offset, self.imm, self.next_imm)
        return Instruction, (*fields, self.map, self.source)

    def encode(self, byteorder: ByteOrder = NATIVE) -> bytes:
        """8 bytes, or 16 for ld_imm64. A map that has no fd yet encodes as fd 0."""
        check_byteorder(byteorder)
        low, high = (self.dst, self.src) if byteorder == "little" else (self.src, self.dst)
        basic = BASIC[byteorder]
        first = basic.pack(self.opcode, high << 4 | low, self.offset, self.imm)
        return first if self.slots == 1 else first + basic.pack(0, 0, 0, self.next_imm)

    @classmethod
    def decode(cls, data: Buffer, byteorder: ByteOrder = NATIVE) -> Instruction:
        """The instruction that ``data``, any buffer, begins with.

        Raises DecodeError where the bytes are none, or are cut off.
        """
        check_byteorder(byteorder)
        data = octets(data)
        if len(data) < SLOT:
            raise DecodeError(f"an instruction has {SLOT} bytes, here are {len(data)}")
        basic = BASIC[byteorder]
        opcode, registers, offset, imm = basic.unpack_from(data)
        dst, src = registers & 15, registers >> 4
        if byteorder == "big":
            dst, src = src, dst
        next_imm = 0
        forms = BY_OPCODE.get(opcode)
        if forms and forms[0].slots == 2:
            if len(data) < 2 * SLOT:
                raise DecodeError(f"ld_imm64 has {2 * SLOT} bytes, here are {len(data)}")
            *reserved, next_imm = basic.unpack_from(data, SLOT)
            if any(reserved):
                raise DecodeError("the second half of ld_imm64 holds more than next_imm")
        try:
            return cls(opcode, dst, src, offset, imm, next_imm)
        except OperandError as error:
            raise DecodeError(f"{bytes(data[:SLOT]).hex()}: {error.problem}") from None

    def __str__(self) -> str:
        """Pseudo-C, as the kernel and LLVM write it; all numbers, no names."""
        return self.spelled(self.form.text)

    def spelled(self, template: str, **names: str) -> str:
        """A template of the table with the fields filled in, and names where it takes any."""
        return template.format(
            dst=f"r{self.dst}",
            src=f"r{self.src}",
            wdst=f"w{self.dst}",
            wsrc=f"w{self.src}",
            off=f"{'-' if self.offset < 0 else '+'} {abs(self.offset)}",
            imm_off=f" {'-' if self.imm < 0 else '+'} {abs(self.imm)}" if self.imm else "",
            jump=f"{self.offset:+}",
            long_jump=f"{self.imm:+}",
            imm=self.imm,
            next_imm=self.next_imm & 0xFFFFFFFF,
            imm64=f"{self.imm64:#x}",
            **names,
        )


def check(form: Form, field_name: str, rule: Rule, value: int) -> None:
    """Hold one field to its rule. Raises OperandError or one of its kinds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise OperandError(f"{form.name}: {field_name} is a whole number, not {shown(value)}")
    match rule:
        case Reg(written=written):
            if not 0 <= value < REGISTERS:
                raise RegisterError(
                    f"{form.name}: there is no register r{shown(value)}, only r0 to r10"
                )
            if written and value == FRAME_POINTER:
                raise ReadOnlyRegisterError(
                    f"{form.name}: r10 is the frame pointer and cannot be written; "
                    "copy it first, as in a.mov(r1, r10)"
                )
        case Range(wider=wider):
            if not (wider and IMM.low <= value <= IMM.high):
                check_number(form, field_name, rule, value)
        case Const(expected):
            if value != expected:
                raise OperandError(
                    f"{form.name}: {field_name} must be {expected}, not {shown(value)}"
                )


def check_number(form: Form, field_name: str, rule: Range, value: int) -> None:
    """Hold a number to what Linux takes. Raises OperandError."""
    if not rule.low <= value <= rule.high:
        raise OperandError(
            f"{form.name}: {field_name} {shown(value)} is out of range ({rule.low} to {rule.high})"
            f"{wider_hint(form, field_name, value)}"
        )
    if value == 0 and not rule.zero:
        raise OperandError(f"{form.name}: the divisor is 0")


def wider_hint(form: Form, field_name: str, value: int) -> str:
    """What to type instead of an immediate that is too large for a whole field."""
    if field_name != "imm" or form.imm is not IMM or not -(1 << 63) <= value < 1 << 64:
        return ""
    stores = form.kind is FormKind.STORE
    computes = form.kind in (FormKind.ARITHMETIC, FormKind.MOVE, FormKind.CONDITION)
    if (stores or (computes and form.bits == 32)) and 1 << 31 <= value < 1 << 32:
        return f"; the same 32 bits, signed, are {value - (1 << 32)}"
    if stores:
        return "; load it into a register with a.ld_imm64, and store that with a.stx"
    return "; load it into a register with a.ld_imm64"


def decode_all(data: Buffer, byteorder: ByteOrder = NATIVE) -> Iterator[Instruction]:
    """All instructions of ``data``, one after the other.

    ``data`` is any buffer, whatever its items are; it is copied first. Raises DecodeError.
    """
    check_byteorder(byteorder)
    return decoded(bytes(octets(data)), byteorder)


def decoded(data: bytes, byteorder: ByteOrder) -> Iterator[Instruction]:
    start = 0
    while start < len(data):
        instruction = Instruction.decode(data[start : start + 2 * SLOT], byteorder)
        yield instruction
        start += instruction.slots * SLOT


def octets(data: Buffer) -> memoryview:
    """A buffer's bytes. Raises DecodeError."""
    try:
        return byte_view(data)
    except RecordError as error:
        raise DecodeError(str(error), author_line()) from None


def check_byteorder(byteorder: object) -> None:
    """Raises OperandError, at the author's line."""
    if not isinstance(byteorder, str) or byteorder not in BASIC:
        raise OperandError(
            f"a byte order is 'little' or 'big', not {shown(byteorder)}", author_line()
        )


def check_loaded(form: Form, map: object, imm: int) -> None:
    """Hold ``map`` to the forms that load one, whose imm is its fd. Raises OperandError."""
    if not isinstance(map, Map):
        raise OperandError(
            f'{form.name}: map is a description, as in Array("COUNTS", ...), not {shown(map)}'
        )
    if not form.loads_map:
        raise OperandError(f"{form.name} loads no map; a.ld_map does")
    if imm:
        raise OperandError(f"{form.name}: with a map the imm is its fd, so leave out {imm}")
