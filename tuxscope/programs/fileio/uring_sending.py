"""Operations of io_uring that have completed are sent, in the order of the calls: a RequestOutcome.

The record is a CallEvent without parts. What a call has as its arguments has its place in
``CallHead.values`` here, as UringValue says.
"""

from __future__ import annotations

from enum import IntEnum

from tuxscope.asm import Assembler
from tuxscope.asm.registers import Memory, r1, r7, r9
from tuxscope.calls.events import CallHead, EventKind, Outgoing
from tuxscope.calls.outgoing import busy, claim_outgoing, output, release_outgoing
from tuxscope.calls.parts import VALUES
from tuxscope.calls.reads import RESULT
from tuxscope.calls.records import Who
from tuxscope.files.known import KnownFile
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.emitting import address_of, copy
from tuxscope.programs.fileio.uring_requests import EndedRequest
from tuxscope.record import u64


class UringValue(IntEnum):
    """An IntEnum: the indexes of ``CallHead.values`` in the record of an operation of io_uring;
    those that are not here are as in UringRequest and EndedRequest. Members: OWNER = 0, FILE = 1,
    OFFSET = 2, POSITION = 3, LENGTH = 4, FLAGS = 5.

    Attributes:
        FILE: the id of its path; 0 if that is not known.
    """

    OWNER = 0
    FILE = 1
    OFFSET = 2
    POSITION = 3
    LENGTH = 4
    FLAGS = 5


@dataclass(frozen=True)
class SentRequests:
    """A frozen dataclass, a RequestOutcome: each operation is sent to user space."""

    def ended(self, a: Assembler, ended: EndedRequest) -> None:
        """Emit: send ``ended``, an EndedRequest."""
        out: Memory = Outgoing[r9]
        file = a.stack(u64)
        request = ended.request
        a.st(file, 0)
        a.jeq(r9, 0, "no file")
        a.ldx(r1, KnownFile[r9].id)
        a.stx(file, r1)
        a.label("no file")
        claim_outgoing(a, "busy")
        a.ldx(r1, request.started_ns)
        a.stx(out.started_ns, r1)
        a.stx(out.duration_ns, r7)
        for index, value in (
            (UringValue.OWNER, request.owner),
            (UringValue.FILE, file),
            (UringValue.OFFSET, request.offset),
            (UringValue.POSITION, ended.position),
            (UringValue.LENGTH, request.length),
            (UringValue.FLAGS, request.flags),
            (RESULT, ended.result),
        ):
            a.ldx(r1, value)
            a.stx(u64[r9 + VALUES + 8 * index], r1)
        a.ldx(r1, request.opcode)
        a.stx(out.head.number.nr, r1)
        a.st(out.head.number.compat, 0)
        copy(a, address_of(out.head.who), address_of(request.who), Who.size)
        a.st(out.head.what, EventKind.URING)
        a.st(out.head.slept, 0)
        a.st(out.head.unused, 0)
        a.st(out.length, CallHead.size)
        output(a, "sent")
        a.label("sent")
        release_outgoing(a)

    def functions(self, a: Assembler) -> None:
        """Emit the label ``busy``."""
        busy(a)
