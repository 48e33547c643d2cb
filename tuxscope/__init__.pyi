"""The library's names, for type checkers; __init__.py imports each when it is first used."""

from tuxscope.asm import (
    Address,
    AlignmentError,
    ArgumentError,
    Array,
    Assembler,
    AssemblyError,
    AttachPoint,
    ByteOrder,
    CallDepthError,
    CheckError,
    ClobberedRegisterError,
    ContextAccessError,
    DecodeError,
    DuplicateLabelError,
    EndlessLoopError,
    FallThroughError,
    Hash,
    Helper,
    HelperUnavailableError,
    Instruction,
    JumpTargetError,
    Label,
    LabelError,
    LabelOutOfReachError,
    LicenseError,
    LruHash,
    Map,
    MapType,
    MapValueAccessError,
    Memory,
    MissingResultError,
    NotAPointerError,
    NullCheckError,
    OperandError,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
    PointerArithmeticError,
    ProgArray,
    Program,
    ProgramError,
    ProgramType,
    RawTracepoint,
    ReadOnlyRegisterError,
    Register,
    RegisterError,
    ReleasedRecordError,
    RingBuffer,
    SchedClassifier,
    SocketFilter,
    SourceLine,
    StackAccessError,
    StackError,
    TextError,
    Tracepoint,
    UndefinedLabelError,
    UninitialisedRegisterError,
    UninitialisedStackError,
    UnreachableCodeError,
    UnreleasedReferenceError,
    Xdp,
    decode_all,
    helper,
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
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.columns import Bar, Clock, Column, Index, Log2, Milliseconds, Percentile, Rate
from tuxscope.errors import TuxscopeError
from tuxscope.loader import (
    Collection,
    Link,
    LoadedMap,
    LoadedProgram,
    LoadError,
    LogLevel,
    PerfReader,
    VerifierError,
    load,
)
from tuxscope.loader.attach import AttachError, attach
from tuxscope.loader.events import Events, open
from tuxscope.loader.layout import KernelLayout
from tuxscope.loader.maps import MapError
from tuxscope.loader.privilege import PrivilegeError
from tuxscope.programs.hello import HelloEvent, hello
from tuxscope.programs.net.connections import Connection
from tuxscope.programs.net.library import net
from tuxscope.programs.page import Page
from tuxscope.programs.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.record import Field, Record, RecordError, char, s8, s16, s32, s64, u8, u16, u32, u64
from tuxscope.runner.identity import own_pid, pid_namespace
from tuxscope.vm import Fault, Machine, World

__version__: str
__all__ = [
    "Address", "AlignmentError", "ArgumentError", "Array", "Assembler", "AssemblyError",
    "AttachError", "AttachPoint", "Bar", "ByteOrder", "CallDepthError", "CheckError",
    "ClobberedRegisterError", "Clock", "Collection", "Column", "Connection", "ContextAccessError",
    "DecodeError", "DuplicateLabelError", "EndlessLoopError", "Events", "FallThroughError",
    "Fault", "Field", "Hash", "HelloEvent", "Helper", "HelperUnavailableError", "Index",
    "Instruction", "JumpTargetError", "KernelLayout", "Label", "LabelError",
    "LabelOutOfReachError", "LicenseError", "Link", "LoadError", "LoadedMap", "LoadedProgram",
    "Log2", "LogLevel", "LruHash", "Machine", "Map", "MapError", "MapType", "MapValueAccessError",
    "Memory", "Milliseconds", "MissingResultError", "NotAPointerError", "NullCheckError",
    "OperandError", "Page", "PerCpuArray", "PerCpuHash", "Percentile", "PerfEventArray",
    "PerfReader", "PidNamespace", "Place", "PointerArithmeticError", "PrivilegeError", "ProgArray",
    "Program", "ProgramError", "ProgramType", "Rate", "RawTracepoint", "ReadOnlyRegisterError",
    "Record", "RecordError", "RecordedLayout", "Register", "RegisterError", "ReleasedRecordError",
    "RingBuffer", "SchedClassifier", "SocketFilter", "SourceLine", "StackAccessError",
    "StackError", "TextError", "Tracepoint", "TuxscopeError", "UndefinedLabelError",
    "UninitialisedRegisterError", "UninitialisedStackError", "UnreachableCodeError",
    "UnreleasedReferenceError", "VerifierError", "World", "Xdp", "attach", "char", "decode_all",
    "hello", "helper", "load", "namespaced_pid", "net", "open", "own_pid", "pid_namespace", "r0",
    "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "s8", "s16", "s32", "s64", "u8",
    "u16", "u32", "u64",
]  # fmt: skip
