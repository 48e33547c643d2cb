"""One instruction as a value: encode it to bytes, decode it from bytes.

Fields are never masked. Making an instruction raises an error for an operand that does not fit its
field. Decoding raises an error for bytes that neither RFC 9669 nor Linux defines.
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
SIZE_BITS = 0x18  # the size's bits in the opcode of loads, stores and atomics


@dataclass(frozen=True, slots=True)
class Instruction:
    """A frozen dataclass: one instruction; the fields are those of RFC 9669, section 3.

    Attributes:
        opcode: an int, the opcode, 8 bits.
        dst, src: each an int, register numbers, 0 to 10; src selects the form of calls and of
            ld_imm64.
        offset: an int, a signed integer of 16 bits.
        imm: an int, a signed integer of 32 bits; in ld_imm64 the low half of the constant.
        next_imm: an int, a signed integer of 32 bits: the high half in ld_imm64, else 0.
        map: the Map whose file descriptor the loader puts into imm; None for all others.
        source: the author's SourceLine, or None; comparison ignores it.
        form: the Form, the row of the table.
        imm64, access_size, distance, slots: each an int, properties.
        reads: a tuple of int, a property.

    Raises:
        OperandError: an unknown opcode, or a field with a value that the form does not allow.
        RegisterError: a register number that is not 0 to 10.
        ReadOnlyRegisterError: r10 as a register that is written.
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
            raise OperandError(f"unknown opcode {opcode}")
        form = forms[0] if len(forms) == 1 else max(forms, key=self._agreement)
        rules = tuple(form.rules())
        # Constants first: if they do not fit, the form itself is the wrong one.
        for constants in (True, False):
            for name, rule in rules:
                if isinstance(rule, Const) is constants:
                    check(form, name, rule, getattr(self, name))
        if self.map is not None:
            check_loaded(form, self.map, self.imm)
        if not isinstance(self.source, SourceLine | None):
            raise OperandError(
                f"{form.name}: source must be a SourceLine or None, not {shown(self.source)}"
            )
        object.__setattr__(self, "form", form)

    def _agreement(self, form: Form) -> int:
        """How many of the form's constants the fields match, as a score; 0 is a full match.

        A wrong src costs most: if src is a constant, it selects between the forms of an opcode.
        """
        constants = ((name, rule) for name, rule in form.rules() if isinstance(rule, Const))
        wrong = [name for name, rule in constants if getattr(self, name) != rule.value]
        return -len(wrong) - 2 * ("src" in wrong)

    @property
    def imm64(self) -> int:
        """The constant of ld_imm64, an int from imm and next_imm: 0 to 2**64 - 1."""
        return (self.next_imm & 0xFFFFFFFF) << 32 | self.imm & 0xFFFFFFFF

    @property
    def reads(self) -> tuple[int, ...]:
        """The numbers of the registers that it reads, a tuple, without the arguments of a call."""
        form = self.form
        fields = ((form.dst, self.dst), (form.src, self.src))
        read = tuple(number for rule, number in fields if isinstance(rule, Reg) and rule.read)
        uses_r0 = form.kind is FormKind.EXIT or form.operation is Atomic.CMPXCHG
        return (*read, 0) if uses_r0 else read

    @property
    def access_size(self) -> int:
        """The number of bytes that a load, store or atomic accesses: 1, 2, 4 or 8."""
        return Size(self.opcode & SIZE_BITS).octets

    @property
    def distance(self) -> int:
        """The distance of a jump, local call or ld_func, an int, in slots from the next
        instruction."""
        return self.imm if isinstance(self.form.offset, Const) else self.offset

    @property
    def slots(self) -> int:
        """The number of 64-bit slots: 1, or 2 for ld_imm64."""
        return self.form.slots

    def check_for_linux(self) -> None:
        """Raise OperandError for an immediate that RFC 9669 allows and Linux does not.

        That is a shift by the width or more, and a division by 0.
        """
        if isinstance(self.form.imm, Range):
            check_number(self.form, "imm", self.form.imm, self.imm)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.opcode, self.dst, self.src, self.offset, self.imm, self.next_imm)
        return Instruction, (*fields, self.map, self.source)

    def encode(self, byteorder: ByteOrder = NATIVE) -> bytes:
        """Return the encoding in ``byteorder``, a str: 8 bytes, or 16 for ld_imm64.

        The file descriptor of ``map`` is encoded as 0. Raises OperandError for a byte order other
        than ``"little"`` and ``"big"``.
        """
        check_byteorder(byteorder)
        low, high = (self.dst, self.src) if byteorder == "little" else (self.src, self.dst)
        basic = BASIC[byteorder]
        first = basic.pack(self.opcode, high << 4 | low, self.offset, self.imm)
        return first if self.slots == 1 else first + basic.pack(0, 0, 0, self.next_imm)

    @classmethod
    def decode(cls, data: Buffer, byteorder: ByteOrder = NATIVE) -> Instruction:
        """Return the first Instruction of ``data``, any buffer of 8 bytes or more.

        Raises DecodeError if the bytes do not encode an instruction, or are too few; OperandError
        for a ``byteorder`` other than ``"little"`` and ``"big"``.
        """
        check_byteorder(byteorder)
        data = octets(data)
        if len(data) < SLOT:
            raise DecodeError(f"an instruction has {SLOT} bytes, the data has only {len(data)}")
        basic = BASIC[byteorder]
        opcode, registers, offset, imm = basic.unpack_from(data)
        dst, src = registers & 15, registers >> 4
        if byteorder == "big":
            dst, src = src, dst
        next_imm = 0
        forms = BY_OPCODE.get(opcode)
        if forms and forms[0].slots == 2:
            if len(data) < 2 * SLOT:
                raise DecodeError(f"ld_imm64 has {2 * SLOT} bytes, the data has only {len(data)}")
            *reserved, next_imm = basic.unpack_from(data, SLOT)
            if any(reserved):
                raise DecodeError(
                    "the second slot of ld_imm64 must be 0 except for next_imm: opcode, registers "
                    "and offset are reserved"
                )
        try:
            return cls(opcode, dst, src, offset, imm, next_imm)
        except OperandError as error:
            raise DecodeError(f"{bytes(data[:SLOT]).hex()}: {error.problem}") from None

    def __str__(self) -> str:
        """The pseudo-C of the kernel and LLVM, with numbers instead of names."""
        return self.fill_template(self.form.text)

    def fill_template(self, template: str, **names: str) -> str:
        """Return ``template``, a str of the table, filled with the fields, and with ``names``, str
        by placeholder as keyword arguments."""
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
    """Check that ``value``, an int, of field ``field_name`` of ``form``, a Form, obeys ``rule``, a
    Reg, Range or Const.

    Raises OperandError, or a subclass.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise OperandError(f"{form.name}: {field_name} must be an integer, not {shown(value)}")
    match rule:
        case Reg(written=written):
            if not 0 <= value < REGISTERS:
                raise RegisterError(
                    f"{form.name}: there is no register r{shown(value)}: registers are r0 to r10"
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
    """Raise OperandError unless Linux accepts ``value``, by ``rule``, a Range.

    ``form``, a Form, and ``field_name`` are for the message; ``value`` is an int.
    """
    if not rule.low <= value <= rule.high:
        raise OperandError(
            f"{form.name}: {field_name} {shown(value)} is out of range ({rule.low} to {rule.high})"
            f"{wider_hint(form, field_name, value)}"
        )
    if value == 0 and not rule.zero:
        raise OperandError(f"{form.name}: the divisor is 0; Linux refuses a division by imm 0")


def wider_hint(form: Form, field_name: str, value: int) -> str:
    """Return a hint, a str, if ``value``, an int, does not fit into imm of ``form``, a Form, or
    ``""``.

    Only a ``field_name`` of ``imm`` has a hint.
    """
    if field_name != "imm" or form.imm is not IMM or not -(1 << 63) <= value < 1 << 64:
        return ""
    stores = form.kind is FormKind.STORE
    computes = form.kind in (FormKind.ARITHMETIC, FormKind.MOVE, FormKind.CONDITION)
    if (stores or (computes and form.bits == 32)) and 1 << 31 <= value < 1 << 32:
        return f"; write the same 32 bits as a signed integer: {value - (1 << 32)}"
    if stores:
        return "; load it into a register with a.ld_imm64, and store that with a.stx"
    return "; load it into a register with a.ld_imm64"


def decode_all(data: Buffer, byteorder: ByteOrder = NATIVE) -> Iterator[Instruction]:
    """Yield the Instructions of ``data``, any buffer, which is copied first.

    Raises DecodeError at the first bytes that do not encode an instruction, OperandError for a
    ``byteorder`` other than ``"little"`` and ``"big"``.
    """
    check_byteorder(byteorder)
    return decoded(bytes(octets(data)), byteorder)


def decoded(data: bytes, byteorder: ByteOrder) -> Iterator[Instruction]:
    """Yield the Instructions of ``data``, bytes, in ``byteorder``, ``"little"`` or ``"big"``.
    Raises DecodeError."""
    start = 0
    while start < len(data):
        instruction = Instruction.decode(data[start : start + 2 * SLOT], byteorder)
        yield instruction
        start += instruction.slots * SLOT


def octets(data: Buffer) -> memoryview:
    """Return ``data``, a buffer, as a memoryview of bytes.

    Raises DecodeError if it is not a contiguous buffer.
    """
    try:
        return byte_view(data)
    except RecordError as error:
        raise DecodeError(str(error), author_line()) from None


def check_byteorder(byteorder: object) -> None:
    """Raise OperandError unless ``byteorder``, any object, is ``"little"`` or ``"big"``."""
    if not isinstance(byteorder, str) or byteorder not in BASIC:
        raise OperandError(
            f"byteorder must be 'little' or 'big', not {shown(byteorder)}", author_line()
        )


def check_loaded(form: Form, map: object, imm: int) -> None:
    """Check that ``map``, any object, is a Map, that ``form``, a Form, loads a map, and that
    ``imm`` is 0. Raises OperandError."""
    if not isinstance(map, Map):
        raise OperandError(
            f'{form.name}: map must be a Map, as in Array("COUNTS", value=u64, max_entries=1), '
            f"not {shown(map)}"
        )
    if not form.loads_map:
        raise OperandError(f"{form.name} does not load a map; use a.ld_map")
    if imm:
        raise OperandError(
            f"{form.name}: the loader sets imm to the map's file descriptor; leave out imm={imm}"
        )
