"""A pure-Python eBPF assembler, loader and tracer.

The names of the library are here: ``from tuxscope import Assembler, load``. Each is imported from
its module when it is first used, so ``import tuxscope`` costs nothing, and the assembler works
where there is no kernel.
"""

__version__ = "0.1.0"

# By module. Type checkers read __init__.pyi, which says the same.
NAMES = {
    "tuxscope.asm": """
        Address AlignmentError ArgumentError Array Assembler AssemblyError AttachPoint ByteOrder
        CallDepthError CheckError ClobberedRegisterError ContextAccessError DecodeError
        DuplicateLabelError EndlessLoopError FallThroughError Hash Helper HelperUnavailableError
        Instruction JumpTargetError Label LabelError LabelOutOfReachError LicenseError LruHash
        Map MapType MapValueAccessError Memory MissingResultError NotAPointerError
        NullCheckError OperandError PerCpuArray PerCpuHash PerfEventArray PointerArithmeticError
        ProgArray Program ProgramError ProgramType RawTracepoint ReadOnlyRegisterError Register
        RegisterError ReleasedRecordError RingBuf SchedClassifier SocketFilter SourceLine
        StackAccessError StackError TextError Tracepoint UndefinedLabelError
        UninitialisedRegisterError UninitialisedStackError UnreachableCodeError
        UnreleasedReferenceError Xdp decode_all helper r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10
    """,
    "tuxscope.asm.layout": "Place RecordedLayout",
    "tuxscope.output.columns": """
        Bar Clock Column Index Log2 Milliseconds Percentile Rate SyscallName
    """,
    "tuxscope.errors": "TuxscopeError",
    "tuxscope.loader": """
        Collection Link LoadError LoadedMap LoadedProgram LogLevel PerfReader VerifierError load
    """,
    "tuxscope.loader.attach": "AttachError attach",
    "tuxscope.loader.events": "Events open",
    "tuxscope.loader.layout": "RunningKernelLayout",
    "tuxscope.loader.maps": "MapError",
    "tuxscope.loader.privilege": "PrivilegeError",
    "tuxscope.loader.ringbuf_reader": "RingBufReader",
    "tuxscope.programs.hello": "HelloEvent hello",
    "tuxscope.programs.fileio.library": "fileio",
    "tuxscope.programs.fileio.operation": "FileOperation",
    "tuxscope.programs.net.connections": "Connection",
    "tuxscope.programs.net.library": "net",
    "tuxscope.page.page": "Page",
    "tuxscope.page.pid_namespace": "PidNamespace namespaced_pid",
    "tuxscope.record": "Field Record RecordError char s8 s16 s32 s64 u8 u16 u32 u64",
    "tuxscope.record.variable": "const tail",
    "tuxscope.run.identity": "own_pid pid_namespace",
    "tuxscope.vm": "Fault Machine World",
}
MODULES = {name: module for module, names in NAMES.items() for name in names.split()}
__all__ = sorted(MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})


def __getattr__(name: str) -> object:
    """Import a name of the library where it is first used. Raises AttributeError."""
    if name not in MODULES:
        raise AttributeError(f"module 'tuxscope' has no attribute {name!r}", name=name)
    from importlib import import_module

    value = globals()[name] = getattr(import_module(MODULES[name]), name)
    return value
