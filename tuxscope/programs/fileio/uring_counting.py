"""Operations of io_uring that have completed are counted as the calls are: a RequestOutcome."""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.registers import r1, r7, r9
from tuxscope.calls.events import TIMELESS
from tuxscope.lean_dataclasses import dataclass
from tuxscope.programs.fileio.counting import add, find_row
from tuxscope.programs.fileio.operations import URING, Moves
from tuxscope.programs.fileio.tallies import FileProcess, FileTally
from tuxscope.programs.fileio.uring_requests import EndedRequest
from tuxscope.record import u64


@dataclass(frozen=True)
class CountedRequests:
    """A frozen dataclass, a RequestOutcome: what was read and written is counted by file and
    process. One whose result is not known counts as one that moved nothing, in no time."""

    def ended(self, a: Assembler, ended: EndedRequest) -> None:
        """Emit: count ``ended``, an EndedRequest."""
        took, moved, key = a.stack(u64), a.stack(u64), a.stack(FileProcess)
        a.jne(r7, TIMELESS - (1 << 64), "timed")
        a.mov(r7, 0)
        a.label("timed")
        a.stx(took, r7)
        a.ldx(r1, ended.result)
        a.jsge(r1, 0, "moved")
        a.mov(r1, 0)
        a.label("moved")
        a.stx(moved, r1)
        for name, moves, calls, count in (
            ("read", Moves.READ, FileTally.reads, FileTally.read_bytes),
            ("write", Moves.WRITTEN, FileTally.writes, FileTally.written_bytes),
        ):
            a.ldx(r1, ended.request.opcode)
            for opcode, call in URING.items():
                if call.moves is moves:
                    a.jeq(r1, opcode, f"a {name}")
            a.ja(f"no {name}")
            a.label(f"a {name}")
            a.jeq(r9, 0, f"unknown {name}")
            find_row(a, key, name, ended.request.who)
            add(a, moved, took, calls.offset, count.offset, name)
            a.label(f"no {name}")

    def functions(self, a: Assembler) -> None:
        """Emit nothing."""
