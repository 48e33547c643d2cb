"""Reads a loaded program of any loader: instructions, source lines, names."""

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
from tuxscope.loader.bpf import BpfCommand
from tuxscope.loader.bpf_attributes import BtfInfo, MapInfo, ProgInfo
from tuxscope.loader.btf import FuncInfo, LineInfo
from tuxscope.loader.btf_reader import Btf, BtfError
from tuxscope.loader.fd import Fd
from tuxscope.source import SourceLine

CALL = Jump.CALL | Class.JMP
LD_IMM64 = Mode.IMM | Size.DW | Class.LD
# Calls of helpers in translated code are relative to this symbol (kernel/bpf/core.c).
CALL_BASE = "__bpf_call_base"


class InspectError(TuxscopeError):
    """An error, a TuxscopeError: a loaded program cannot be read."""


@dataclass(frozen=True)
class Translated:
    """A frozen dataclass: a program after the verifier: some calls are inlined, some instructions
    added.

    Attributes:
        name: a str, as in ``bpftool prog``.
        code: the bytes, 8 per slot, in native byte order.
        lines: a mapping of slot to SourceLine; empty without BTF.
        functions: entry points, a tuple of Label; empty without BTF.
        maps: a mapping of map ID to name; the imm of a ld_imm64 is the map ID.
        helpers: a mapping of the imm of a call to the helper's name; empty if /proc/kallsyms hides
            addresses.
    """

    name: str
    code: bytes
    lines: Mapping[int, SourceLine]
    functions: tuple[Label, ...]
    maps: Mapping[int, str]
    helpers: Mapping[int, str]


def translated(program_id: int) -> Translated:
    """Return the Translated of the program with ID ``program_id``, an int. Raises InspectError or
    PermissionError."""
    try:
        fd = bpf.fd_by_id(BpfCommand.PROG_GET_FD_BY_ID, program_id)
    except FileNotFoundError:
        raise InspectError(
            f"there is no program with ID {program_id}; bpftool prog lists them"
        ) from None
    with fd:
        return describe(fd)


def describe(fd: Fd) -> Translated:
    """Return the open program ``fd``, an Fd, as a Translated. Raises InspectError."""
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
        raise InspectError(f"cannot read program {known.id}: {strerror(error)}") from error
    if not info.xlated_prog_insns:
        raise InspectError(
            f"the kernel hides the instructions of program {known.id}; run it with sudo, and see "
            "/proc/sys/kernel/kptr_restrict"
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
    """Return the number of the src register from ``registers``, an int, the byte with both register
    numbers."""
    return registers >> 4 if sys.byteorder == "little" else registers & 15


def as_loaded(code: bytes, entries: Sequence[int]) -> bytes:
    """Return ``code``, bytes, with the calls and addresses of BPF functions that the kernel has
    rewritten restored.

    The kernel moves the distance into the 16-bit offset and, with a JIT, puts the number of the
    function into imm (jit_subprogs in kernel/bpf/verifier.c, bpf_patch_call_args in
    kernel/bpf/core.c).

    ``entries`` is a sequence of the first slot of each function, by function number.
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
    """Return the set of the imm of each call of a kernel function in ``code``, bytes."""
    imms = set()
    for opcode, registers, _, imm in struct.iter_unpack("=BBhi", code):
        src = source_register(registers)
        if opcode == CALL and src != CallSource.LOCAL:
            imms.add(imm)
    return imms


def load_btf(btf_id: int) -> Btf | None:
    """Return the Btf with ID ``btf_id``, an int; None if it is invalid. Raises OSError."""
    with bpf.fd_by_id(BpfCommand.BTF_GET_FD_BY_ID, btf_id) as fd:
        size = bpf.object_info(fd.fileno(), BtfInfo()).btf_size
        data = ctypes.create_string_buffer(size)
        bpf.object_info(fd.fileno(), BtfInfo(btf=bpf.address(data), btf_size=size))
        try:
            return Btf(data.raw)
        except BtfError:
            return None


def source_lines(data: bytes, count: int, btf: Btf) -> dict[int, SourceLine]:
    """Return a dict of the SourceLine by slot from ``data``, the bytes of ``count`` LineInfo
    records, with strings in ``btf``, a Btf; only where the line changes."""
    records = (LineInfo.unpack(data, at * LineInfo.size) for at in range(count))
    return {
        each.insn_off: SourceLine(
            btf.string(each.file_name_off), each.line_col >> 10, btf.string(each.line_off).strip()
        )
        for each in records
    }


def entry_points(data: bytes, count: int, btf: Btf) -> tuple[Label, ...]:
    """Return the entry points, by slot, from ``data``, the bytes of ``count`` FuncInfo records,
    with types in ``btf``, a Btf, as a tuple of Label."""
    records = (FuncInfo.unpack(data, at * FuncInfo.size) for at in range(count))
    return tuple(Label(btf.type_name(each.type_id), each.insn_off) for each in records)


def map_name(map_id: int) -> str:
    """Return the name of the map with ID ``map_id``, an int, or ``map_ID`` if it has none."""
    try:
        with bpf.fd_by_id(BpfCommand.MAP_GET_FD_BY_ID, map_id) as fd:
            name: str = bpf.object_info(fd.fileno(), MapInfo()).name
    except OSError:
        name = ""
    return name or f"map_{map_id}"


def function_names(distances: Set[int]) -> dict[int, str]:
    """Return a dict of the names of kernel functions from kallsyms by distance: those at
    ``distances``, a set of int, from ``__bpf_call_base``."""
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
