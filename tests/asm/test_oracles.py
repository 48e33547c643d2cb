"""The table against answers from elsewhere: the RFC's opcode table, the kernel, a test suite."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tuxscope.asm import DecodeError, Instruction, OperandError, decode_all
from tuxscope.asm.forms import BY_OPCODE, FORMS, Const, Range, Reg, Rule
from tuxscope.asm.isa import Group

ORACLES = Path(__file__).parents[3] / "shared" / "oracles"
if not ORACLES.is_dir():
    pytest.skip("no ../shared/oracles beside the project", allow_module_level=True)

RFC = json.loads((ORACLES / "rfc9669_opcodes.json").read_text())
SECOND_SLOT, *ROWS = RFC["opcodes"]
CONFORMANCE = [
    each
    for each in json.loads((ORACLES / "conformance.json").read_text())["tests"]
    if each["set"] == "tests"
]

Row = dict[str, Any]

S16 = (-(1 << 15), -1, 0, 1, (1 << 15) - 1)
S32 = (-(1 << 31), -1, 0, 1, (1 << 31) - 1)

REFUSED = {"callx": "unknown opcode 0x8d"}  # in no RFC


# What the RFC gives a meaning: it masks shifts, and a division by 0 gives 0.
RFC_ALONE = {
    "64-bit shift by 64", "32-bit shift by 32", "negative shift", "div by imm 0", "mod by imm 0",
}  # fmt: skip


def encodings(row: Row) -> Iterator[bytes]:
    """Some instructions of a row, little-endian."""
    opcode = row["opcode"]
    no_dst = opcode in (0x05, 0x06, 0x85, 0x95) or row["group"] == "packet"
    for dst, src, offset, imm, next_imm in product(
        (0,) if no_dst else (0, 1, 9),
        (0, 1, 9) if row["src"] == "any" else (row["src"],),
        S16 if row["offset"] == "any" else (row["offset"],),
        S32 if row["imm"] == "any" else (row["imm"],),
        S32 if "next_imm" in row["description"] else (0,),
    ):
        first = struct.pack("<BBhi", opcode, src << 4 | dst, offset, imm)
        second = struct.pack("<ii", 0, next_imm) if opcode == 0x18 else b""
        yield first + second


def limits(rule: Rule) -> tuple[int, ...]:
    """The lowest and the highest number that a rule accepts."""
    match rule:
        case Const(only):
            return (only,)
        case Reg(written=written):
            return (0, 9 if written else 10)
        case Range(low, high):
            return (low, high)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['opcode']:02x} {row['description']}")
def test_each_row_of_the_rfc_decodes_and_encodes(row: Row) -> None:
    for data in encodings(row):
        instruction = Instruction.decode(data, "little")
        assert instruction.encode("little") == data
        assert instruction.form.group is Group(row["group"])


@pytest.mark.parametrize("imm", S32)
def test_the_second_slot_alone_is_no_instruction(imm: int) -> None:
    assert SECOND_SLOT["opcode"] == 0
    with pytest.raises(DecodeError):
        Instruction.decode(struct.pack("<ii", 0, imm), "little")


def test_each_form_is_in_one_row_of_the_rfc() -> None:
    for form in FORMS:
        if form.group is Group.LINUX:
            continue
        for src, offset, imm in product(*map(limits, (form.src, form.offset, form.imm))):
            fields = {"opcode": form.opcode, "src": src, "offset": offset, "imm": imm}
            matching = [
                row for row in ROWS if all(row[name] in ("any", fields[name]) for name in fields)
            ]
            assert [Group(row["group"]) for row in matching] == [form.group], (form, fields)


# What came after the kernel that was asked, 6.18: its opcode.
LATER = {"gotox": 0x0D}


@pytest.mark.parametrize("case", RFC["not_instructions"], ids=lambda case: case["what"])
def test_what_the_kernel_refuses_is_no_instruction_or_only_the_rfcs(case: Row) -> None:
    if case["what"] in LATER:
        later = Instruction.decode(bytes.fromhex(case["hex"]), "little")
        assert later.form.opcode == LATER[case["what"]]
        return
    with pytest.raises(DecodeError if case["what"] not in RFC_ALONE else OperandError):
        Instruction.decode(bytes.fromhex(case["hex"]), "little").check_for_linux()


def test_the_opcodes_are_those_that_the_kernel_knows() -> None:
    unknown = {int(opcode, 16) for opcode in RFC["kernel_unknown_opcodes"].split()}
    assert unknown >= {*LATER.values()}
    assert set(BY_OPCODE) == set(range(256)) - unknown | {*LATER.values()}


@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda case: case["name"])
def test_each_conformance_program_decodes_and_encodes(case: Row) -> None:
    data = bytes.fromhex(case["code"])
    if case["name"] in REFUSED:
        with pytest.raises(DecodeError, match=REFUSED[case["name"]]):
            list(decode_all(data, "little"))
    else:
        assert b"".join(each.encode("little") for each in decode_all(data, "little")) == data


def test_the_refused_conformance_programs_are_in_the_suite() -> None:
    assert REFUSED.keys() <= {case["name"] for case in CONFORMANCE}
