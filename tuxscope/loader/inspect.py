"""A program that is in the kernel already, whoever loaded it: its code, lines and names."""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from tuxscope.asm.isa import CallSource, Class, Jump, Mode, Size, WideSource
from tuxscope.asm.program import Label
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader import bpf
from tuxscope.loader.bpf import Command
from tuxscope.loader.bpf_attributes import BtfInfo, MapInfo, ProgInfo
from tuxscope.loader.btf import FuncInfo, LineInfo
from tuxscope.loader.btf_reader import Btf, BtfError
from tuxscope.loader.fd import Fd
from tuxscope.source import SourceLine

CALL = Jump.CALL | Class.JMP
LD_IMM64 = Mode.IMM | Size.DW | Class.LD
# What helpers' addresses are told from in translated code (kernel/bpf/core.c).
CALL_BASE = "__bpf_call_base"


class InspectError(TuxscopeError):
    """A program that the kernel does not show."""


@dataclass(frozen=True)
class Translated:
    """A program as the verifier left it: some calls inlined, some checks added.

    Attributes:
        name: as ``bpftool prog`` shows it.
        code: 8 bytes for each slot, in the machine's byte order.
        lines: the source by slot, where its BTF has it.
        functions: the entry points by slot; none without BTF.
        maps: names by id; a map's id stands in the imm of the ld_imm64 that loads it.
        helpers: names by the imm of a call; none where /proc/kallsyms hides addresses.
    """

    name: str
    code: bytes
    lines: Mapping[int, SourceLine]
    functions: tuple[Label, ...]
    maps: Mapping[int, str]
    helpers: Mapping[int, str]


def translated(program_id: int) -> Translated:
    """What the kernel has of a program. Raises InspectError, or PermissionError."""
    try:
        fd = bpf.fd_by_id(Command.PROG_GET_FD_BY_ID, program_id)
    except FileNotFoundError:
        raise InspectError(
            f"there is no program with id {program_id}; bpftool prog lists them"
        ) from None
    with fd:
        return describe(fd)


def describe(fd: Fd) -> Translated:
    """All that the kernel tells of an open program."""
    known = bpf.object_info(fd.fileno(), ProgInfo())
    code = ctypes.create_string_buffer(max(known.xlated_prog_len, 1))
    functions = ctypes.create_string_buffer(max(known.nr_func_info * FuncInfo.size, 1))
    lines = ctypes.create_string_buffer(max(known.nr_line_info * LineInfo.size, 1))
    maps = (ctypes.c_uint32 * max(known.nr_map_ids, 1))()
    try:
        info = bpf.object_info(
            fd.fileno(),
            ProgInfo(
                xlated_prog_len=known.xlated_prog_len,
                xlated_prog_insns=bpf.address(code),
                nr_func_info=known.nr_func_info,
                func_info_rec_size=FuncInfo.size,
                func_info=bpf.address(functions),
                nr_line_info=known.nr_line_info,
                line_info_rec_size=LineInfo.size,
                line_info=bpf.address(lines),
                nr_map_ids=known.nr_map_ids,
                map_ids=ctypes.addressof(maps),
            ),
        )
    except OSError as error:
        raise InspectError(
            f"the kernel does not show program {known.id}: {strerror(error)}"
        ) from error
    if not info.xlated_prog_insns:
        raise InspectError(
            f"the kernel hides the code of program {known.id}; see /proc/sys/kernel/kptr_restrict "
            "and run it with sudo"
        )
    btf = load_btf(info.btf_id) if info.btf_id else None
    entries = entry_points(functions.raw, info.nr_func_info, btf) if btf else ()
    slots = as_loaded(code.raw[: info.xlated_prog_len], [each.slot for each in entries])
    return Translated(
        info.name,
        slots,
        source_lines(lines.raw, info.nr_line_info, btf) if btf else {},
        entries,
        {each: map_name(each) for each in maps[: info.nr_map_ids]},
        function_names(called(slots)),
    )


def source_register(registers: int) -> int:
    """The src field of the byte that holds both registers."""
    return registers >> 4 if sys.byteorder == "little" else registers & 15


def as_loaded(code: bytes, entries: Sequence[int]) -> bytes:
    """Undo what the kernel made of calls and addresses of the program's own functions: the distance
    went into the offset, 16 bits of it, and with a JIT compiler the function's number into the imm
    (jit_subprogs in kernel/bpf/verifier.c, bpf_patch_call_args in kernel/bpf/core.c).

    ``entries`` are the slots of the functions, in the order of their numbers.
    """
    slots = [list(each) for each in struct.iter_unpack("=BBhi", code)]
    for at, slot in enumerate(slots):
        opcode, registers, offset, imm = slot
        src = source_register(registers)
        if opcode == CALL and src == CallSource.LOCAL:
            distance = entries[imm] - at - 1 if 0 <= imm < len(entries) else offset
            same = (distance - offset) % (1 << 16) == 0
            slot[2:] = 0, distance if same else offset
        elif opcode == LD_IMM64 and src == WideSource.FUNC and at + 1 < len(slots):
            slots[at + 1][3] = 0
    return b"".join(struct.pack("=BBhi", *slot) for slot in slots)


def called(code: bytes) -> set[int]:
    """The imms of all calls that are not of the program's own functions."""
    imms = set()
    for opcode, registers, _, imm in struct.iter_unpack("=BBhi", code):
        src = source_register(registers)
        if opcode == CALL and src != CallSource.LOCAL:
            imms.add(imm)
    return imms


def load_btf(btf_id: int) -> Btf | None:
    """The type information with an id; None where it cannot be read: there is a listing without."""
    with bpf.fd_by_id(Command.BTF_GET_FD_BY_ID, btf_id) as fd:
        size = bpf.object_info(fd.fileno(), BtfInfo()).btf_size
        data = ctypes.create_string_buffer(size)
        bpf.object_info(fd.fileno(), BtfInfo(btf=bpf.address(data), btf_size=size))
        try:
            return Btf(data.raw)
        except BtfError:
            return None


def source_lines(data: bytes, count: int, btf: Btf) -> dict[int, SourceLine]:
    """The line of each slot that has one; the kernel gives only where it changes."""
    records = (LineInfo.unpack(data, at * LineInfo.size) for at in range(count))
    return {
        each.insn_off: SourceLine(
            btf.string(each.file_name_off), each.line_col >> 10, btf.string(each.line_off).strip()
        )
        for each in records
    }


def entry_points(data: bytes, count: int, btf: Btf) -> tuple[Label, ...]:
    """The functions, in the order of their slots."""
    records = (FuncInfo.unpack(data, at * FuncInfo.size) for at in range(count))
    return tuple(Label(btf.type_name(each.type_id), each.insn_off) for each in records)


def map_name(map_id: int) -> str:
    """A map's name, or its number where it has none."""
    try:
        with bpf.fd_by_id(Command.MAP_GET_FD_BY_ID, map_id) as fd:
            name: str = bpf.object_info(fd.fileno(), MapInfo()).name
    except OSError:
        name = ""
    return name or f"map_{map_id}"


def function_names(distances: Set[int]) -> dict[int, str]:
    """The names of kernel functions by their distance from ``__bpf_call_base``."""
    addresses: dict[int, str] = {}
    base = 0
    try:
        with open("/proc/kallsyms", encoding="ascii", errors="replace") as symbols:
            for line in symbols:
                address, _, name = line.split()[:3]
                addresses.setdefault(int(address, 16), name)
                if name == CALL_BASE:
                    base = int(address, 16)
    except OSError:
        return {}
    if not base:
        return {}
    return {each: addresses[base + each] for each in distances if base + each in addresses}
