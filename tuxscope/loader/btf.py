"""Generates BTF for a program: names of functions, and source lines of instructions.

The verifier log, ``bpftool prog dump xlated linum`` and stack traces of the kernel then show the
Python lines. Format: Documentation/bpf/btf.rst in the kernel's tree;
numbers are in native byte order.
"""

from __future__ import annotations

from tuxscope.asm.program import Program
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record import Record, u8, u16, u32

MAGIC = 0xEB9F
KIND_INT, KIND_FUNC, KIND_FUNC_PROTO = 1, 12, 13
INT_SIGNED = 1
GLOBAL = 1  # BTF_FUNC_GLOBAL, in place of the number of members
LARGEST_LINE = (1 << 22) - 1  # BPF_LINE_INFO_LINE_NUM: 22 bits of line, 10 of column


class Header(Record):
    """A Record: ``struct btf_header``.

    Attributes:
        magic: u16.
        version, flags: u8 each.
        hdr_len, type_off, type_len, str_off, str_len: u32 each.
    """

    magic = u16
    version = u8
    flags = u8
    hdr_len = u32
    type_off = u32
    type_len = u32
    str_off = u32
    str_len = u32


class Type(Record):
    """A Record: ``struct btf_type``.

    Attributes:
        name_off, info, size_or_type: u32 each.
    """

    name_off = u32
    info = u32
    size_or_type = u32


class FuncInfo(Record):
    """A Record: ``struct bpf_func_info``.

    Attributes:
        insn_off, type_id: u32 each.
    """

    insn_off = u32
    type_id = u32


class LineInfo(Record):
    """A Record: ``struct bpf_line_info``.

    Attributes:
        insn_off, file_name_off, line_off, line_col: u32 each.
    """

    insn_off = u32
    file_name_off = u32
    line_off = u32
    line_col = u32


@dataclass(frozen=True)
class ProgramBtf:
    """A frozen dataclass: the BTF of a program, for BPF_BTF_LOAD and BPF_PROG_LOAD.

    Attributes:
        data: the bytes of the BTF, for BPF_BTF_LOAD.
        func_info, line_info: arrays of FuncInfo and LineInfo, as bytes, for BPF_PROG_LOAD.
    """

    data: bytes
    func_info: bytes
    line_info: bytes


class Strings:
    """The string section of BTF: each string once, NUL-terminated.

    Attributes:
        data: the section so far, a bytearray.
    """

    def __init__(self) -> None:
        self.data = bytearray(1)  # offset 0 is the empty string
        self._offsets = {"": 0}

    def offset(self, text: str) -> int:
        """Return the offset of ``text``, a str, in the section, in bytes, an int; add it if
        missing."""
        if text not in self._offsets:
            self._offsets[text] = len(self.data)
            # surrogatepass: file names hold any bytes but NUL
            encoded = text.replace("\0", " ").encode("utf-8", "surrogatepass")
            self.data += encoded + b"\0"
        return self._offsets[text]


def c_identifier(name: str) -> str:
    """Return the program name ``name`` as a C identifier, which the kernel requires for functions
    in BTF."""
    name = name.replace(".", "_")
    return f"_{name}" if name[0].isdigit() else name


def build(program: Program) -> ProgramBtf | None:
    """Return the BTF of ``program``, as a ProgramBtf; None if its instructions have no source
    lines."""
    strings = Strings()
    entry_slots = {function.slot for function in program.functions}
    lines: list[bytes] = []
    previous = None
    for slot, instruction in program.by_slot.items():
        source = instruction.source
        if source is None and slot in entry_slots:
            return None  # the kernel wants a line for the first instruction of each function
        if source is None or (source == previous and slot not in entry_slots):
            continue
        previous = source
        lines.append(
            LineInfo.raw.pack(
                slot,
                strings.offset(source.file),
                strings.offset(source.text),
                min(source.line, LARGEST_LINE) << 10,
            )
        )
    integer = Type(name_off=strings.offset("int"), info=KIND_INT << 24, size_or_type=4)
    types = [bytes(integer) + u32.pack(INT_SIGNED << 24 | 32)]
    types.append(bytes(Type(info=KIND_FUNC_PROTO << 24, size_or_type=1)))  # int (*)(void)
    functions: list[bytes] = []
    for function in program.functions:
        name = strings.offset(c_identifier(function.name))
        info = KIND_FUNC << 24 | (GLOBAL if function.is_global else 0)
        types.append(bytes(Type(name_off=name, info=info, size_or_type=2)))
        functions.append(bytes(FuncInfo(insn_off=function.slot, type_id=len(types))))
    section = b"".join(types)
    header = Header(
        magic=MAGIC,
        version=1,
        hdr_len=Header.size,
        type_len=len(section),
        str_off=len(section),
        str_len=len(strings.data),
    )
    return ProgramBtf(
        bytes(header) + section + bytes(strings.data), b"".join(functions), b"".join(lines)
    )
