"""What ``tuxscope disasm`` does: from bytes, or a program in the kernel, to a listing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from tuxscope.asm import DecodeError, Instruction, Program
from tuxscope.asm.instruction import SLOT, ByteOrder
from tuxscope.asm.isa import Alu, CallSource, Class, WideSource
from tuxscope.asm.listing import Line, lines, named
from tuxscope.asm.maps import Map
from tuxscope.commands.asm_job import program_file, show
from tuxscope.commands.inputs import InputError, shown
from tuxscope.output.listing import Shape, render_lines
from tuxscope.output.messages import say
from tuxscope.output.screen import room

if TYPE_CHECKING:
    from tuxscope.loader.inspect import Translated

# Hexadecimal digits with whatever people put between and before them: 0x95, \x95, commas, braces.
HEX = re.compile(rb"(?:0x|\\x|[0-9a-f]|[\s,;{}\[\]\"])*", re.IGNORECASE)
DIGITS = re.compile(rb"(?:0x|\\x)?([0-9a-f]+)", re.IGNORECASE)
EACH_A_BYTE = re.compile(rb"0x|\\x|,", re.IGNORECASE)  # where there is one of these
TOLD = 3  # of what is no instruction


def list_bytes(name: str, byteorder: str | None, shape: Shape) -> int:
    """What ``tuxscope disasm FILE`` does; returns the exit status."""
    order: ByteOrder = "big" if (byteorder or sys.byteorder) == "big" else "little"
    return list_disassembly(disassembled(name, order), order, shape)


def list_loaded(program_id: int, shape: Shape) -> int:
    """What ``tuxscope disasm --id`` does; returns the exit status."""
    return list_disassembly(in_kernel(program_id), sys.byteorder, shape)


def list_disassembly(found: Disassembly, order: ByteOrder, shape: Shape) -> int:
    """Print it; returns 1 where something in it is no instruction."""
    show(render_lines(found.lines(order), shape, room()))
    for slot, problem in islice(found.unknown.items(), TOLD):
        say(f"slot {slot} is no instruction: {problem}")
    if len(found.unknown) > TOLD:
        say(f"and so are {len(found.unknown) - TOLD} more slots")
    return 1 if found.unknown else 0


@dataclass(frozen=True)
class Disassembly:
    """Bytes as a program.

    Attributes:
        program: with ``r0 = 0`` in the place of each slot that is no instruction.
        code: the bytes.
        unknown: why those slots are none, by slot.
        names: of what calls call, by slot, where the program itself does not tell.
    """

    program: Program
    code: bytes
    unknown: Mapping[int, str]
    names: Mapping[int, str]

    def lines(self, byteorder: ByteOrder) -> Iterator[Line]:
        """The listing."""
        for each in lines(self.program, byteorder):
            at = each.slot * SLOT
            line = replace(each, data=self.code[at : at + len(each.data)])
            if line.slot in self.unknown:
                yield replace(line, text="<unknown>", note=self.unknown[line.slot])
            elif line.slot in self.names:
                yield replace(line, text=f"call {self.names[line.slot]}")
            else:
                yield line


def disassembled(name: str, byteorder: ByteOrder) -> Disassembly:
    """A file of raw bytes or hexadecimal digits. Raises InputError."""
    data = program_file(name)
    if data.startswith(b"\x7fELF"):
        raise InputError(
            f"{shown(name)} is an ELF file; try: llvm-objcopy -O binary --only-section=SECTION "
            f"{shown(name)} /dev/stdout | tuxscope disasm -"
        )
    if HEX.fullmatch(data):
        data = from_digits(data, shown(name))
    if len(data) % SLOT:
        is_text = data.isascii() and b"\0" not in data
        hint = f"; is it assembly text? try: tuxscope asm {name}" if is_text else ""
        raise InputError(f"{shown(name)}: {len(data)} bytes are no whole slots of {SLOT}{hint}")
    instructions, unknown = decoded(data, byteorder)
    return Disassembly(named(instructions), data, unknown, {})


def from_digits(text: bytes, name: str) -> bytes:
    """The bytes that hexadecimal digits stand for. Raises InputError."""
    pieces = [each.decode() for each in DIGITS.findall(text)]
    if EACH_A_BYTE.search(text):
        pieces = [each.zfill(2) for each in pieces]
    odd = next((each for each in pieces if len(each) % 2), None)
    if odd:
        raise InputError(f"{name}: {len(odd)} hexadecimal digits are no whole bytes ({odd[:16]})")
    return bytes.fromhex("".join(pieces))


def decoded(data: bytes, byteorder: ByteOrder) -> tuple[list[Instruction], dict[int, str]]:
    """All instructions, with a ``r0 = 0`` where there is none; why there is none, by slot."""
    found: list[Instruction] = []
    unknown: dict[int, str] = {}
    at = 0
    while at < len(data):
        try:
            instruction = Instruction.decode(data[at : at + 2 * SLOT], byteorder)
        except DecodeError as error:
            instruction = Instruction(Alu.MOV | Class.ALU64)
            slot = data[at : at + SLOT]
            unknown[at // SLOT] = error.problem.removeprefix(f"{slot.hex()}: ")
        found.append(instruction)
        at += instruction.slots * SLOT
    return found, unknown


def in_kernel(program_id: int) -> Disassembly:
    """A program that somebody has loaded. Raises InspectError."""
    from tuxscope.loader.inspect import translated

    found = translated(program_id)
    instructions, unknown = decoded(found.code, sys.byteorder)
    bare = named(instructions)
    source = None
    code = []
    for slot, each in zip(bare.slots, instructions, strict=True):
        source = found.lines.get(slot, source)
        loaded = map_of(each, found)
        # The id in the imm is of the kernel's own code: a description's fd is not there yet.
        code.append(replace(each, source=source, map=loaded, imm=0 if loaded else each.imm))
    program = replace(
        bare,
        name=found.name or bare.name,
        instructions=tuple(code),
        functions=found.functions or bare.functions,
    )
    names = {
        slot: found.helpers[each.imm]
        for slot, each in program.by_slot.items()
        if each.form.operation is CallSource.HELPER and each.imm in found.helpers
    }
    return Disassembly(program, found.code, unknown, names)


def map_of(instruction: Instruction, found: Translated) -> Map | None:
    """The map that a ld_imm64 of translated code loads: its imm is the map's id."""
    loads_map = instruction.slots == 2 and instruction.src in (
        WideSource.MAP_FD,
        WideSource.MAP_VALUE,
    )
    if not loads_map or instruction.imm not in found.maps:
        return None
    return Map(found.maps[instruction.imm], max_entries=1)
