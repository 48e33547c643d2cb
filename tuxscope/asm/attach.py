"""Attach points and program types, as descriptions; the loader attaches to the running kernel."""

from __future__ import annotations

from enum import IntEnum

from tuxscope.asm.errors import ProgramError
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import dataclass, field
from tuxscope.lean_typing import ClassVar
from tuxscope.source import SourceLine


class ProgramType(IntEnum):
    """An IntEnum: the kernel's ``enum bpf_prog_type``. 32 members, such as SOCKET_FILTER = 1 and
    KPROBE = 2."""

    SOCKET_FILTER = 1
    KPROBE = 2
    SCHED_CLS = 3
    SCHED_ACT = 4
    TRACEPOINT = 5
    XDP = 6
    PERF_EVENT = 7
    CGROUP_SKB = 8
    CGROUP_SOCK = 9
    LWT_IN = 10
    LWT_OUT = 11
    LWT_XMIT = 12
    SOCK_OPS = 13
    SK_SKB = 14
    CGROUP_DEVICE = 15
    SK_MSG = 16
    RAW_TRACEPOINT = 17
    CGROUP_SOCK_ADDR = 18
    LWT_SEG6LOCAL = 19
    LIRC_MODE2 = 20
    SK_REUSEPORT = 21
    FLOW_DISSECTOR = 22
    CGROUP_SYSCTL = 23
    RAW_TRACEPOINT_WRITABLE = 24
    CGROUP_SOCKOPT = 25
    TRACING = 26
    STRUCT_OPS = 27
    EXT = 28
    LSM = 29
    SK_LOOKUP = 30
    SYSCALL = 31
    NETFILTER = 32


RETURN_0 = "put a.mov(r0, 0) before a.exit()"
LONGEST_FILE = 255  # bytes: NAME_MAX
LONGEST_RAW_NAME = 127  # bytes: bpf_raw_tracepoint_open copies no more (kernel/bpf/syscall.c)


def check_text(what: str, text: object, longest: int, example: str) -> None:
    """Check that ``text``, an argument, is printable text of at most ``longest`` bytes, an int, in
    UTF-8.

    ``what``, a str, names the argument in errors, ``example``, a str, shows how to write it. Raises
    ProgramError.
    """
    if not isinstance(text, str):
        raise ProgramError(f"{what} is a str, {example}, not {shown(text)}", author_line())
    if not text.isprintable():
        raise ProgramError(f"{what} is printable text, {example}, not {shown(text)}", author_line())
    if len(text.encode()) > longest:
        raise ProgramError(
            f"{what} has at most {longest} bytes, {shown(text)} has {len(text.encode())}",
            author_line(),
        )


class AttachPoint:
    """Base of all places where a program can run.

    Attributes:
        type: the program's, a ProgramType.
        context_bytes: a pair of offsets, from and to, that the program may load from its context;
            None if that is left to the verifier.
        result_hint: a str, a property.
    """

    __slots__ = ()
    type: ClassVar[ProgramType]
    context_bytes: ClassVar[tuple[int, int] | None] = None

    @property
    def result_hint(self) -> str:
        """The hint, a str, for a program that exits with r0 uninitialised.

        It proposes 0 only if the kernel ignores the result, or 0 has no effect.
        """
        return RETURN_0


@dataclass(frozen=True, slots=True)
class Tracepoint(AttachPoint):
    """A frozen dataclass: a tracepoint, an AttachPoint, by category and name:
    ``Tracepoint("syscalls", "sys_enter_write")``.

    Both are names of directories in tracefs. The context (r1) points to the tracepoint's fields.
    Once r6 holds the context, ``a.ldx(r1, u64[r6 + 16])`` loads the first argument of a system
    call. ``format_file`` lists the offsets. Raises ProgramError for a category or a name that
    cannot be a directory.

    Attributes:
        category, name: those given, each a str.
        source: the author's SourceLine, or None.
    """

    category: str
    name: str
    # The author's line, for the error if the kernel has no such tracepoint.
    source: SourceLine | None = field(default=None, init=False, repr=False, compare=False)
    type: ClassVar[ProgramType] = ProgramType.TRACEPOINT
    # Up to PERF_MAX_TRACE_SIZE; the first ones are the kernel's own.
    context_bytes: ClassVar[tuple[int, int] | None] = (8, 8192)

    def __post_init__(self) -> None:
        example = 'as in Tracepoint("syscalls", "sys_enter_write")'
        for kind, text in (("category", self.category), ("name", self.name)):
            check_text(f"a tracepoint's {kind}", text, LONGEST_FILE, example)
            if text in ("", ".", "..") or "/" in text:
                raise ProgramError(
                    f"a tracepoint's {kind} is the name of a directory, {example}, "
                    f"not {shown(text)}",
                    author_line(),
                )
        object.__setattr__(self, "source", author_line())

    def __str__(self) -> str:
        return f"{self.category}:{self.name}"

    @property
    def format_file(self) -> str:
        """The path of the file that lists the fields, a str, if tracefs is mounted at the usual
        place."""
        return f"/sys/kernel/tracing/events/{self.category}/{self.name}/format"


@dataclass(frozen=True, slots=True)
class RawTracepoint(AttachPoint):
    """A frozen dataclass: a raw tracepoint, an AttachPoint, by its name:
    ``RawTracepoint("sched_switch")``.

    The context points to the tracepoint's arguments, a u64 each. Without a name the program cannot
    be attached; :meth:`LoadedProgram.test_run` runs it. Raises ProgramError for an invalid name.

    Attributes:
        name: that given, a str; empty for none.
        source: the author's SourceLine, or None.
    """

    name: str = ""
    source: SourceLine | None = field(default=None, init=False, repr=False, compare=False)
    type: ClassVar[ProgramType] = ProgramType.RAW_TRACEPOINT
    # MAX_BPF_FUNC_ARGS of 8 bytes each.
    context_bytes: ClassVar[tuple[int, int] | None] = (0, 96)

    def __post_init__(self) -> None:
        example = 'as in RawTracepoint("sched_switch")'
        check_text("a raw tracepoint's name", self.name, LONGEST_RAW_NAME, example)
        object.__setattr__(self, "source", author_line())

    @property
    def result_hint(self) -> str:
        if self.name:
            return RETURN_0
        # It is run for its result, which only its author knows.
        return "put the result into r0 before a.exit(), as in a.mov(r0, r6)"


@dataclass(frozen=True)
class OnlyTestRun(AttachPoint):
    """An AttachPoint, a frozen dataclass: base of program types that are not attached;
    :meth:`LoadedProgram.test_run` runs them."""


class SchedClassifier(OnlyTestRun):
    """An OnlyTestRun: a traffic classifier (``BPF_PROG_TYPE_SCHED_CLS``); the context is a
    ``__sk_buff``."""

    type: ClassVar[ProgramType] = ProgramType.SCHED_CLS


class SocketFilter(OnlyTestRun):
    """An OnlyTestRun: a socket filter (``BPF_PROG_TYPE_SOCKET_FILTER``); the context is a
    ``__sk_buff``."""

    type: ClassVar[ProgramType] = ProgramType.SOCKET_FILTER

    @property
    def result_hint(self) -> str:
        return "put the bytes to keep into r0 before a.exit(): a.mov32(r0, -1) keeps the packet"


class Xdp(OnlyTestRun):
    """An OnlyTestRun: a packet filter in the driver (``BPF_PROG_TYPE_XDP``); the context is a
    ``struct xdp_md``."""

    type: ClassVar[ProgramType] = ProgramType.XDP

    @property
    def result_hint(self) -> str:
        return "put a verdict into r0 before a.exit(): a.mov(r0, 2) is XDP_PASS"
