"""The instruction set and the assembler: pure Python, on any system, without a kernel."""

from tuxscope.asm.assembler import Assembler
from tuxscope.asm.attach import (
    AttachPoint,
    ProgramType,
    RawTracepoint,
    SchedClassifier,
    SocketFilter,
    Tracepoint,
    Xdp,
)
from tuxscope.asm.errors import (
    AssemblyError,
    DecodeError,
    DuplicateLabelError,
    LabelError,
    LabelOutOfReachError,
    OperandError,
    ProgramError,
    ReadOnlyRegisterError,
    RegisterError,
    StackError,
    TextError,
    UndefinedLabelError,
)
from tuxscope.asm.helpers import Helper, helper
from tuxscope.asm.instruction import ByteOrder, Instruction, decode_all
from tuxscope.asm.maps import (
    Array,
    Hash,
    LruHash,
    Map,
    MapType,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
    ProgArray,
    RingBuffer,
)
from tuxscope.asm.program import Label, Program
from tuxscope.asm.registers import (
    Address,
    Memory,
    Register,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
    r9,
    r10,
)
from tuxscope.asm.source import SourceLine

__all__ = [
    "Address", "Array", "Assembler", "AssemblyError", "AttachPoint", "ByteOrder", "DecodeError",
    "DuplicateLabelError", "Hash", "Helper", "Instruction", "Label", "LabelError",
    "LabelOutOfReachError", "LruHash", "Map", "MapType", "Memory", "OperandError", "PerCpuArray",
    "PerCpuHash", "PerfEventArray", "ProgArray", "Program", "ProgramError", "ProgramType",
    "RawTracepoint", "ReadOnlyRegisterError", "Register", "RegisterError", "RingBuffer",
    "SchedClassifier", "SocketFilter", "SourceLine", "StackError", "TextError", "Tracepoint",
    "UndefinedLabelError", "Xdp", "decode_all", "helper",
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
]  # fmt: skip
