"""The table says what its rows mean, in agreement with their bits and their spelling."""

from __future__ import annotations

import pytest

from tuxscope.asm.forms import EBPF, FORMS, V2, V3, V4, Const, Form
from tuxscope.asm.isa import (
    Alu,
    Atomic,
    CallSource,
    Class,
    FormKind,
    Group,
    Jump,
    Size,
    Swap,
    WideSource,
)

OPERATIONS = {
    FormKind.ARITHMETIC: Alu, FormKind.MOVE: Alu, FormKind.NEGATE: Alu, FormKind.BYTE_SWAP: Swap,
    FormKind.ATOMIC: Atomic, FormKind.WIDE_IMMEDIATE: WideSource, FormKind.CONDITION: Jump,
    FormKind.CALL: CallSource,
}  # fmt: skip
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.name}-{form.opcode:#x}")


def forms(name: str) -> list[Form]:
    return [each for each in FORMS if each.name == name]


@each_form
def test_the_operation_is_one_of_its_kind(form: Form) -> None:
    assert isinstance(form.operation, OPERATIONS.get(form.kind, type(None)))


@each_form
def test_the_width_is_that_of_the_bits(form: Form) -> None:
    match form.opcode & 7:
        case _ if form.kind is FormKind.BYTE_SWAP:
            assert form.imm == Const(form.bits)
        case Class.ALU | Class.ALU64:
            assert form.bits == (64 if form.opcode & 7 == Class.ALU64 else 32)
        case Class.JMP32 if form.kind is FormKind.CONDITION:
            assert form.bits == 32
        case Class.JMP | Class.JMP32:
            assert form.bits == 64
        case _:
            assert form.bits == Size(form.opcode & 0x18).octets * 8


@each_form
def test_what_jumps_or_names_a_function_is_spelled_so(form: Form) -> None:
    assert form.jumps == ("{label}" in form.named)
    assert form.names_function == ("{function}" in form.named)
    assert form.loads_map == ("{map}" in form.named)


def test_what_ends_a_path() -> None:
    ends = {each.name for each in FORMS if not each.falls_through}
    assert ends == {"ja", "gotol", "gotox", "exit"}


def test_what_is_signed() -> None:
    signed = {each.name for each in FORMS if each.signed}
    assert signed == {
        "sdiv", "smod", "sdiv32", "smod32", "ldsx",
        "movsx8", "movsx16", "movsx32", "movsx8_32", "movsx16_32",
    }  # fmt: skip


def test_linuxs_own_came_with_the_release_that_their_section_names() -> None:
    own = [each for each in FORMS if each.group is Group.LINUX]
    assert own
    for form in own:
        major, minor = form.since
        assert form.section.startswith(f"Linux {major}.{minor},")


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("add", EBPF), ("atomic_add", EBPF), ("atomic_fetch_add", (5, 12)), ("jlt", V2),
        ("jsle", V2), ("jlt32", V3), ("jeq", EBPF), ("sdiv", V4), ("gotol", V4), ("bswap", V4),
        ("call_local", (4, 16)),
    ],
)  # fmt: skip
def test_the_first_kernel_that_takes_a_row(name: str, since: tuple[int, int]) -> None:
    assert {each.since for each in forms(name)} == {since}
