"""``tuxscope disasm``: lists bytes, or a program in the kernel, as instructions."""

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

# Hexadecimal digits with the usual prefixes and separators: 0x95, \x95, commas, braces.
HEX = re.compile(rb"(?:0x|\\x|[0-9a-f]|[\s,;{}\[\]\"])*", re.IGNORECASE)
DIGITS = re.compile(rb"(?:0x|\\x)?([0-9a-f]+)", re.IGNORECASE)
BYTE_MARK = re.compile(rb"0x|\\x|,", re.IGNORECASE)  # with one, each group of digits is a byte
REPORTED = 3  # the largest number of invalid slots that are reported one by one


def list_bytes(name: str, byteorder: str | None, shape: Shape) -> int:
    """List the bytes in file ``name`` (``-``: stdin) in the format ``shape``, a Shape; return the
    exit status.

    ``byteorder`` is "big", "little" or None: that of this machine. Raises InputError.
    """
    order: ByteOrder = "big" if (byteorder or sys.byteorder) == "big" else "little"
    return list_disassembly(disassembled(name, order), order, shape)


def list_loaded(program_id: int, shape: Shape) -> int:
    """List the loaded program with ID ``program_id``, an int, in the format ``shape``, a Shape;
    return the exit status. Raises InspectError."""
    return list_disassembly(in_kernel(program_id), sys.byteorder, shape)


def list_disassembly(found: Disassembly, order: ByteOrder, shape: Shape) -> int:
    """Print ``found``, a Disassembly in byte order ``order``, ``"little"`` or ``"big"``, in the
    format ``shape``, a Shape; return the exit status: 1 if a slot is not an instruction, else 0."""
    show(render_lines(found.lines(order), shape, room()))
    for slot, problem in islice(found.unknown.items(), REPORTED):
        say(f"slot {slot} is not an instruction: {problem}")
    if len(found.unknown) > REPORTED:
        say(f"{len(found.unknown) - REPORTED} more slots are not instructions")
    return 1 if found.unknown else 0


@dataclass(frozen=True)
class Disassembly:
    """A frozen dataclass: bytes as a program.

    Attributes:
        program: the Program, with ``r0 = 0`` for each slot that is not an instruction.
        code: its encoding, as bytes.
        unknown: a mapping of slot to reason, for those slots.
        names: a mapping of slot to the helper's name, for calls whose number the kernel has
            replaced.
    """

    program: Program
    code: bytes
    unknown: Mapping[int, str]
    names: Mapping[int, str]

    def lines(self, byteorder: ByteOrder) -> Iterator[Line]:
        """Yield each Line of the listing; ``byteorder``, ``"little"`` or ``"big"``, is that of the
        bytes."""
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
    """Return the Disassembly of file ``name`` (``-``: stdin), which has raw bytes in ``byteorder``,
    ``"little"`` or ``"big"``, or hexadecimal digits. Raises InputError."""
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
        raise InputError(
            f"{shown(name)}: {len(data)} bytes are not a multiple of {SLOT}, the slot size{hint}"
        )
    instructions, unknown = decoded(data, byteorder)
    return Disassembly(named(instructions), data, unknown, {})


def from_digits(text: bytes, name: str) -> bytes:
    """Return the bytes that the hexadecimal digits in ``text``, bytes, stand for; ``name``, the
    file's, is for the message.

    Raises InputError.
    """
    groups = [each.decode() for each in DIGITS.findall(text)]
    if BYTE_MARK.search(text):
        groups = [each.zfill(2) for each in groups]
    odd = next((each for each in groups if len(each) % 2), None)
    if odd:
        raise InputError(f"{name}: odd number of hexadecimal digits: {len(odd)} ({odd[:16]})")
    return bytes.fromhex("".join(groups))


def decoded(data: bytes, byteorder: ByteOrder) -> tuple[list[Instruction], dict[int, str]]:
    """Decode ``data``, bytes in ``byteorder``; return a pair: a list of Instruction, and a dict of
    the reason by slot for invalid ones.

    Each of those is replaced by ``r0 = 0``.
    """
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
    """Return the Disassembly of the loaded program with ID ``program_id``, an int. Raises
    InspectError."""
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
    """Return the Map that ``instruction`` loads: a ld_imm64 of translated code has the map's ID as
    imm, and ``found``, a Translated, has the maps. None if it loads none."""
    loads_map = instruction.slots == 2 and instruction.src in (
        WideSource.MAP_FD,
        WideSource.MAP_VALUE,
    )
    if not loads_map or instruction.imm not in found.maps:
        return None
    return Map(found.maps[instruction.imm], max_entries=1)
