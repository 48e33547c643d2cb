"""Requests of io_uring: what is remembered of one, what a tool does with one that has completed (a
RequestOutcome), and which tracepoints tell of them."""

from __future__ import annotations

from tuxscope.asm import Assembler, Hash
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory
from tuxscope.calls.records import Who
from tuxscope.errors import TuxscopeError
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Protocol
from tuxscope.record import Record, u32, u64

COMPLETE = "io_uring_complete"
SUBMIT = ("io_uring_submit_req", "io_uring_submit_sqe")  # the second one before Linux 6.3
FAIL = "io_uring_req_failed"
# What the programs read, by struct.
MEMBERS = {
    "io_kiocb": ("file", "opcode", "flags", "cqe.res", "cqe.fd"),
    "io_rw": ("kiocb.ki_pos",),
    "io_sync": ("len", "off", "flags"),
    "io_uring_sqe": ("fd", "off"),
}


class UringRequest(Record):
    """A Record: an operation that was submitted.

    Attributes:
        started_ns: a u64, when.
        owner: a u64, as of ReadKind.OWNER, of who submitted it.
        offset: a u64, where in the file it was to begin; all ones for the file's position.
        length, flags: u64 and u32, of an operation whose data are a ``struct io_sync``.
        opcode: a u32.
        who: a Who, the thread that submitted it.
        fd: a u32, its descriptor, for one whose file the kernel has never looked up; all ones for
            a fixed file.
        unused: a u32.
    """

    started_ns = u64
    owner = u64
    offset = u64
    length = u64
    flags = u32
    opcode = u32
    who = Who
    fd = u32
    unused = u32


# By the address of its struct io_kiocb.
REQUESTS = Hash("REQUESTS", key=u64, value=UringRequest, max_entries=32768)


@dataclass(frozen=True)
class EndedRequest:
    """A frozen dataclass: an operation that has completed, as programs find it: r7 is how long it
    took in ns, r8 the errno, or 0, r9 the address of the KnownFile, or 0.

    Nothing tells of the completion of one that was submitted with IOSQE_CQE_SKIP_SUCCESS. It is
    passed on when it is submitted: its ``result`` is NO_RESULT, r7 is TIMELESS.

    Attributes:
        request: the Memory of its UringRequest, on the stack.
        result: the Memory of its result, a u64: bytes that were moved, or a negative errno.
        position: the Memory of a u64, where in the file it has ended, if it reads or writes.
    """

    request: Memory
    result: Memory
    position: Memory


class RequestOutcome(Protocol):
    """A Protocol: what becomes of operations that have completed. The methods emit instructions
    with ``a``, an Assembler."""

    def ended(self, a: Assembler, ended: EndedRequest) -> None:
        """Emit: an operation that is chosen, ``ended``, an EndedRequest, has completed. Uses r0 to
        r9."""

    def functions(self, a: Assembler) -> None:
        """Emit what ``ended`` calls or jumps to, behind the program's own code."""


@dataclass(frozen=True)
class RequestArgument:
    """A frozen dataclass: a raw tracepoint that is given a request.

    Attributes:
        tracepoint: its name, a str.
        request: the index of the argument that is a ``struct io_kiocb``, an int.
        sqe: the index of the one that is a ``struct io_uring_sqe``, an int, or None.
    """

    tracepoint: str
    request: int
    sqe: int | None = None


def submissions(layout: Layout) -> tuple[RequestArgument, ...]:
    """Return the tracepoints that requests pass before they complete, a tuple of RequestArgument:
    those of ``layout``, the kernel's Layout. It is empty where operations cannot be followed.

    io_uring_complete has to name the request: until Linux 5.18 it had the program's own
    ``user_data`` alone, which may be the same for all.
    """
    if not layout.has_structs or not has_members(layout):
        return ()
    completed = layout.arguments(COMPLETE) or ()
    # (ctx, req, user_data, res, cflags, ...), since Linux 6.16 (ctx, req, cqe)
    if len(completed) < 5 and "io_uring_cqe" not in completed:
        return ()
    for name in SUBMIT:
        arguments = layout.arguments(name) or ()
        if "io_kiocb" in arguments:
            submitted = RequestArgument(name, arguments.index("io_kiocb"))
            break
    else:
        return ()
    rejected = layout.arguments(FAIL) or ()
    if not {"io_kiocb", "io_uring_sqe"} <= set(rejected):
        return (submitted,)
    sqe = rejected.index("io_uring_sqe")
    return submitted, RequestArgument(FAIL, rejected.index("io_kiocb"), sqe)


def has_members(layout: Layout) -> bool:
    """Return whether ``layout``, the kernel's Layout, has all MEMBERS, a bool."""
    try:
        for struct, names in MEMBERS.items():
            for name in names:
                layout.member(struct, name)
    except TuxscopeError:
        return False
    return True


def require_uring(layout: Layout) -> None:
    """Raise TuxscopeError if operations of io_uring cannot be followed on the kernel with
    ``layout``, a Layout."""
    if not submissions(layout):
        raise TuxscopeError(
            "this kernel does not tell of io_uring's operations: that takes Linux 5.19 or later, "
            "with io_uring and BTF; try --op read,write"
        )
