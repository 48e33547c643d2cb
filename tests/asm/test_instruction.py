from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asm.strategies import Fields, invalid_fields, valid_fields, valid_instructions
from tuxscope.asm import (
    Assembler,
    DecodeError,
    Instruction,
    OperandError,
    RawTracepoint,
    ReadOnlyRegisterError,
    RegisterError,
    SourceLine,
    TextError,
    decode_all,
    r1,
)
from tuxscope.asm.forms import BY_OPCODE, FORMS, Const, Form, Range
from tuxscope.asm.isa import Class
from tuxscope.asm.parser import assemble

pytestmark = pytest.mark.matrix

thorough = settings(max_examples=3 * settings.default.max_examples)
byte_orders = pytest.mark.parametrize("byteorder", ["little", "big"])


def by_hand(fields: Fields, byteorder: str) -> bytes:
    """The encoding as section 3 draws it, of fields right or wrong."""
    low, high = ("dst", "src") if byteorder == "little" else ("src", "dst")
    basic = (
        bytes([fields["opcode"], fields[high] << 4 | fields[low]])
        + fields["offset"].to_bytes(2, byteorder, signed=True)
        + fields["imm"].to_bytes(4, byteorder, signed=True)
    )
    if BY_OPCODE[fields["opcode"]][0].slots == 1:
        return basic
    return basic + bytes(4) + fields["next_imm"].to_bytes(4, byteorder, signed=True)


@st.composite
def words(draw: st.DrawFn) -> bytes:
    """Eight or sixteen bytes: any at all, or an instruction with one byte changed."""
    if draw(st.booleans()):
        return draw(st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16))
    word = bytearray(draw(valid_instructions()).encode("little"))
    word[draw(st.integers(0, len(word) - 1))] = draw(st.integers(0, 255))
    return bytes(word)


@thorough
@given(valid_fields())
def test_the_fields_choose_their_row(drawn: tuple[Form, Fields]) -> None:
    form, fields = drawn
    instruction = Instruction(**fields)
    assert instruction.form is form
    assert {name: getattr(instruction, name) for name in fields} == fields


@byte_orders
@thorough
@given(valid_fields())
def test_an_instruction_survives_its_encoding(byteorder: str, drawn: tuple[Form, Fields]) -> None:
    instruction = Instruction(**drawn[1])
    data = instruction.encode(byteorder)
    assert data == by_hand(drawn[1], byteorder)
    assert len(data) == 8 * instruction.slots
    assert Instruction.decode(data, byteorder) == instruction


@byte_orders
@thorough
@given(words())
def test_bytes_decode_to_what_encodes_to_them_or_not_at_all(byteorder: str, word: bytes) -> None:
    try:
        instruction = Instruction.decode(word, byteorder)
    except DecodeError:
        return
    assert instruction.encode(byteorder) == word[: 8 * instruction.slots]


@thorough
@given(invalid_fields())
def test_an_operand_that_breaks_its_rule_is_refused(fields: Fields) -> None:
    with pytest.raises(OperandError):
        Instruction(**fields)


@byte_orders
@thorough
@given(invalid_fields(encodable=True))
def test_bytes_that_break_a_rule_are_refused(byteorder: str, fields: Fields) -> None:
    with pytest.raises(DecodeError):
        Instruction.decode(by_hand(fields, byteorder), byteorder)


def test_every_opcode_without_a_row_is_refused() -> None:
    for opcode in set(range(256)) - BY_OPCODE.keys():
        with pytest.raises(OperandError, match="unknown opcode"):
            Instruction(opcode)
        with pytest.raises(DecodeError, match="unknown opcode"):
            Instruction.decode(bytes([opcode]) + bytes(15))


@pytest.mark.parametrize(
    ("error", "fields", "problem"),
    [
        (
            RegisterError,
            {"opcode": 0xB7, "dst": 11},
            "mov: there is no register r11: registers are r0 to r10",
        ),
        (RegisterError, {"opcode": 0xBF, "src": -1}, "mov: there is no register r-1"),
        (ReadOnlyRegisterError, {"opcode": 0xB7, "dst": 10}, "r10 is the frame pointer"),
        (ReadOnlyRegisterError, {"opcode": 0xDB, "src": 10, "imm": 1}, "atomic_fetch_add: r10"),
        (OperandError, {"opcode": 0x79, "offset": 0x12345}, "offset 74565 is out of range"),
        (OperandError, {"opcode": 0x67, "imm": 1 << 31}, r"imm 2147483648 is out .* \(0 to 63\)"),
        (OperandError, {"opcode": 0x64, "imm": 1 << 40}, r"lsh32: imm .* \(0 to 31\)"),
        (OperandError, {"opcode": 0xDC, "imm": 24}, "must be"),
        (OperandError, {"opcode": 0x07, "src": 1}, "add: src must be 0, not 1"),
        (OperandError, {"opcode": 0x07, "imm": 1 << 31}, "load it into a register with a.ld_imm64"),
        (
            OperandError,
            {"opcode": 0xB4, "imm": 0xFFFFFFFF},
            "the same 32 bits as a signed integer: -1",
        ),
        (OperandError, {"opcode": 0x07, "imm": True}, "imm must be an integer, not True"),
        (OperandError, {"opcode": 0x07, "next_imm": 1}, "add: next_imm must be 0, not 1"),
        (OperandError, {"opcode": 0x18, "src": 1, "next_imm": 1}, "must be 0, not 1"),
    ],
)
def test_an_error_says_what_is_wrong(error: type, fields: Fields, problem: str) -> None:
    with pytest.raises(OperandError, match=problem) as caught:
        Instruction(**fields)
    assert type(caught.value) is error


def test_big_endian_swaps_the_register_nibbles() -> None:
    add = Instruction(0x07, dst=1, imm=0x11223344)
    assert add.encode("little").hex(" ") == "07 01 00 00 44 33 22 11"
    assert add.encode("big").hex(" ") == "07 10 00 00 11 22 33 44"


def test_a_wide_instruction_has_two_slots() -> None:
    wide = Instruction(0x18, dst=1, imm=0x55667788, next_imm=0x11223344)
    assert wide.slots == 2
    assert wide.imm64 == 0x1122334455667788
    assert wide.encode("little").hex(" ", 4) == "18010000 88776655 00000000 44332211"
    assert wide.encode("big").hex(" ", 4) == "18100000 55667788 00000000 11223344"
    assert Instruction(0x18, imm=-1, next_imm=-2).imm64 == 0xFFFFFFFE_FFFFFFFF


@byte_orders
@given(st.lists(valid_instructions()))
def test_decode_all_reads_one_after_the_other(byteorder: str, program: list[Instruction]) -> None:
    data = b"".join(each.encode(byteorder) for each in program)
    assert list(decode_all(data, byteorder)) == program


@pytest.mark.parametrize("size", [0, 1, 7])
def test_bytes_of_no_whole_slot_are_refused(size: int) -> None:
    with pytest.raises(DecodeError, match=f"has 8 bytes, the data has only {size}"):
        Instruction.decode(Instruction(0x95).encode()[:size])


@pytest.mark.parametrize("size", [8, 15])
def test_half_a_wide_instruction_is_refused(size: int) -> None:
    wide = Instruction(0x18, dst=1, imm=7)
    with pytest.raises(DecodeError, match=f"has 16 bytes, the data has only {size}"):
        Instruction.decode(wide.encode()[:size])
    with pytest.raises(DecodeError):
        list(decode_all(wide.encode() + wide.encode()[:size]))


@pytest.mark.parametrize("position", range(8, 12))
def test_a_second_slot_holds_next_imm_alone(position: int) -> None:
    data = bytearray(Instruction(0x18, imm=1, next_imm=2).encode())
    data[position] = 1
    with pytest.raises(DecodeError, match="must be 0 except for next_imm"):
        Instruction.decode(bytes(data))


def test_an_instruction_is_a_value() -> None:
    there = SourceLine("page.py", 7, "a.exit()")
    assert Instruction(0x95, source=there) == Instruction(0x95)
    assert hash(Instruction(0x95, source=there)) == hash(Instruction(0x95))
    assert Instruction(0xB7, imm=1) != Instruction(0xB7, imm=2)
    with pytest.raises(FrozenInstanceError):
        Instruction(0x95).imm = 1


LISTING = {
    "r1 += -8": "0701 0000 f8ffffff",
    "w1 += w2": "0c21 0000 00000000",
    "r0 >>= 32": "7700 0000 20000000",
    "w3 s>>= w4": "cc43 0000 00000000",
    "r3 = -1": "b703 0000 ffffffff",
    "r6 = r1": "bf16 0000 00000000",
    "w3 = -1": "b403 0000 ffffffff",
    "r1 /= 10": "3701 0000 0a000000",
    "r1 s/= r2": "3f21 0100 00000000",
    "w1 s%= 3": "9401 0100 03000000",
    "r1 = (s8)r2": "bf21 0800 00000000",
    "w1 = (s16)w2": "bc21 1000 00000000",
    "r1 = (s32)r2": "bf21 2000 00000000",
    "r4 = -r4": "8704 0000 00000000",
    "w4 = -w4": "8404 0000 00000000",
    "r1 = le16 r1": "d401 0000 10000000",
    "r1 = be32 r1": "dc01 0000 20000000",
    "r1 = bswap64 r1": "d701 0000 40000000",
    "goto +5": "0500 0500 00000000",
    "goto -1": "0500 ffff 00000000",
    "gotol +65536": "0600 0000 00000100",
    "if r0 != 7 goto +3": "5500 0300 07000000",
    "if r1 s> r2 goto -3": "6d21 fdff 00000000",
    "if w1 & 4 goto +0": "4601 0000 04000000",
    "if w1 s<= w2 goto +1": "de21 0100 00000000",
    "may_goto +2": "e500 0200 00000000",
    "gotox r7": "0d07 0000 00000000",
    "call 14": "8500 0000 0e000000",
    "call pc+5": "8510 0000 05000000",
    "call kernel-function#77": "8520 0000 4d000000",
    "exit": "9500 0000 00000000",
    "r1 = *(u64 *)(r1 + 16)": "7911 1000 00000000",
    "r2 = *(s8 *)(r1 - 1)": "9112 ffff 00000000",
    "*(u32 *)(r10 - 32) = r0": "630a e0ff 00000000",
    "*(u8 *)(r10 - 1) = 255": "720a ffff ff000000",
    "lock *(u64 *)(r1 + 0) += r2": "db21 0000 00000000",
    "w2 = atomic_fetch_or((u32 *)(r1 + 4), w2)": "c321 0400 41000000",
    "r2 = xchg_64(r1 + 0, r2)": "db21 0000 e1000000",
    "w2 = xchg32_32(r1 + 0, w2)": "c321 0000 e1000000",
    "r0 = cmpxchg_64(r1 + 8, r0, r2)": "db21 0800 f1000000",
    "w0 = cmpxchg32_32(r1 + 8, w0, w2)": "c321 0800 f1000000",
    "w1 = load_acquire((u8 *)(r2 + 0))": "d321 0000 00010000",
    "store_release((u64 *)(r1 - 8), r2)": "db21 f8ff 10010000",
    "r1 = 0x1122334455667788 ll": "1801 0000 88776655 00000000 44332211",
    "r1 = 0xffffffffffffffff ll": "1801 0000 ffffffff 00000000 ffffffff",
    "ld_pseudo r2, 1, 3": "1812 0000 03000000 00000000 00000000",
    "ld_pseudo r2, 2, 0x800000003": "1822 0000 03000000 00000000 08000000",
    "ld_pseudo r2, 4, 4": "1842 0000 04000000 00000000 00000000",
    "r1 = addr_space_cast(r2, 0, 1)": "bf21 0100 01000000",
    "ld_pseudo r2, 4, -4": "1842 0000 fcffffff 00000000 00000000",
    "r0 = *(u16 *)skb[r1]": "4810 0000 00000000",
    "r0 = *(u16 *)skb[r1 - 4]": "4810 0000 fcffffff",
    "r0 = *(u16 *)skb[12]": "2800 0000 0c000000",
}


@pytest.mark.parametrize(("text", "data"), LISTING.items())
def test_the_text_is_llvms_pseudo_c(text: str, data: str) -> None:
    assert str(Instruction.decode(bytes.fromhex(data), "little")) == text


def example(form: Form) -> Instruction:
    """An instruction of the row, with 1 to 5 in the fields that are free."""
    free = {name: number for number, (name, _) in enumerate(form.rules(), 1)}
    fixed = {name: rule.value for name, rule in form.rules() if isinstance(rule, Const)}
    return Instruction(form.opcode, **free | fixed)


def test_no_two_rows_read_the_same() -> None:
    assert len({str(example(form)) for form in FORMS}) == len(FORMS)


WIDER = [form for form in FORMS if isinstance(form.imm, Range) and form.imm.wider]
PAST = {64: (64, 65, -1, 1 << 30), 32: (32, 63, 64, -1)}


def past(form: Form) -> tuple[int, ...]:
    """Immediates that RFC 9669 gives a meaning and Linux refuses."""
    if isinstance(form.imm, Range) and not form.imm.zero:
        return (0,)
    return PAST[64 if form.opcode & 7 == Class.ALU64 else 32]


def test_the_wider_rows_are_shifts_and_divisions() -> None:
    names = {form.name.removesuffix("32") for form in WIDER}
    assert names == {"lsh", "rsh", "arsh", "div", "mod", "sdiv", "smod"}
    assert len(WIDER) == 14


@byte_orders
@pytest.mark.parametrize("form", WIDER, ids=lambda form: form.name)
def test_what_the_rfc_defines_and_linux_refuses_is_decoded(byteorder: str, form: Form) -> None:
    """RFC 9669, section 4.1: shifts are masked; division by 0 gives 0, modulo what was there."""
    offset = form.offset.value if isinstance(form.offset, Const) else 0
    for imm in past(form):
        instruction = Instruction(form.opcode, dst=1, offset=offset, imm=imm)
        assert instruction.form is form
        assert Instruction.decode(instruction.encode(byteorder), byteorder) == instruction
        assert str(instruction).endswith(f"= {imm}")
        with pytest.raises(OperandError, match=r"is out of range|the divisor is 0"):
            instruction.check_for_linux()


@pytest.mark.parametrize("form", WIDER, ids=lambda form: form.name)
def test_what_linux_refuses_is_not_written(form: Form) -> None:
    a = Assembler("wider", attach=RawTracepoint())
    offset = form.offset.value if isinstance(form.offset, Const) else 0
    for imm in past(form):
        by_hand = Instruction(form.opcode, dst=1, offset=offset, imm=imm)
        for write in (
            lambda imm=imm: getattr(a, form.name)(r1, imm),
            lambda by_hand=by_hand: a.emit(by_hand),
        ):
            with pytest.raises(OperandError, match=r"is out of range|the divisor is 0") as caught:
                write()
            assert caught.value.source
        with pytest.raises(TextError, match=r"expected a (number from 0 to|divisor other than)"):
            assemble(f"{by_hand}\nexit", "wider", RawTracepoint())
    assert not a._draft.instructions
