"""Output through a ring buffer, and the count of what it has no room for.

The kernel does not count what a ring buffer refuses, so the program does, on each CPU, in the map
``RING.lost``: 9 slots, which run when the ring buffer is full.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuxscope.asm.arithmetic import Arithmetic
from tuxscope.asm.errors import OperandError
from tuxscope.asm.helpers import helper
from tuxscope.asm.jumps import Jumps
from tuxscope.asm.maps import RingBuf
from tuxscope.asm.memory import MemoryAccess
from tuxscope.asm.registers import Address, Memory, Register, r0, r1, r2, r3, r4, r10
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import replace
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.record import RecordType, u32, u64
from tuxscope.record.types import FieldType

KEY = "lost_key"  # the place on the stack with the 0 that the count is looked up by


class RingOutput(Arithmetic, Jumps, MemoryAccess):
    """An Arithmetic, a Jumps, a MemoryAccess: the assembler's methods that send through a ring
    buffer; each emits several instructions."""

    if TYPE_CHECKING:  # the assembler has them

        def stack(self, field_type: FieldType[Any] | RecordType) -> Memory: ...
        def lea(self, dst: Register, place: Memory | Address) -> None: ...

    def ringbuf_output(
        self, ring: RingBuf, place: Memory | Address, size: int | Register | None = None
    ) -> None:
        """Emit: copy a record from ``place``, Memory or an Address, into the RingBuf ``ring``; if
        it is full, count a lost record.

        ``size`` is in bytes: an int, Register r3, or one of r6 to r9; None for all of the place. r0
        to r5 are clobbered, and 4 bytes of the stack are used.
        """
        check_ring("ringbuf_output", ring)
        if size is None:
            if not isinstance(place, Memory):
                raise OperandError("ringbuf_output takes a size for an address", author_line())
            size = place._type.size
        with self._all_or_nothing():
            if size is not r3:
                self.mov(r3, size)
            self.lea(r2, place)
            self.ld_map(r1, ring)
            self.mov(r4, 0)
            self.call(helper.ringbuf_output)
            sent = self._label(ring, "sent")
            self.jeq(r0, 0, sent)
            self._count_lost(ring, sent)
            self.label(sent)

    def ringbuf_reserve(self, ring: RingBuf, size: int | RecordType, full: str) -> None:
        """Emit: ``r0 =`` the address of a new record in the RingBuf ``ring``; if it is full, count
        a lost record and jump to the label ``full``, a str.

        Each path from here on calls ``helper.ringbuf_submit`` or ``helper.ringbuf_discard``.
        ``size`` is an int, in bytes, or a RecordType that has it. r1 to r5 are clobbered, and 4
        bytes of the stack are used.
        """
        check_ring("ringbuf_reserve", ring)
        with self._all_or_nothing():
            self.ld_map(r1, ring)
            self.mov(r2, size.size if isinstance(size, RecordType) else size)
            self.mov(r3, 0)
            self.call(helper.ringbuf_reserve)
            reserved = self._label(ring, "reserved")
            self.jne(r0, 0, reserved)
            self._count_lost(ring, full)
            self.ja(full)
            self.label(reserved)

    def _count_lost(self, ring: RingBuf, absent: str) -> None:
        """Add one to this CPU's count. The verifier wants a jump for a count that is absent."""
        own = [each for each in self._stack if each.function == self._draft.function]
        found = [Memory(r10, each.offset, each.type) for each in own if each.name == KEY]
        if not found:
            found = [self.stack(u32)]
            self._stack[-1] = replace(self._stack[-1], name=KEY)
        self.st(found[0], 0)
        self.ld_map(r1, ring.lost)
        self.lea(r2, found[0])
        self.call(helper.map_lookup_elem)
        self.jeq(r0, 0, absent)
        self.mov(r1, 1)
        self.atomic_add(u64[r0], r1)

    def _label(self, ring: RingBuf, what: str) -> str:
        """A name for the next place of this kind."""
        return f"{ring.name}_{what}_{len(self._draft.instructions)}"

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Remove what was emitted if an instruction cannot be made."""
        draft = self._draft
        count, labels, variables = len(draft.instructions), dict(draft.labels), len(self._stack)
        try:
            yield
        except BaseException:
            del draft.instructions[count:], self._stack[variables:]
            draft.labels = labels
            draft.targets = {at: each for at, each in draft.targets.items() if at < count}
            raise


def check_ring(method: str, ring: object) -> None:
    """Raise OperandError, at the author's line, if ``ring``, any object, an argument of ``method``,
    a name, is not a RingBuf."""
    if not isinstance(ring, RingBuf):
        raise OperandError(
            f'{method} takes a ring buffer, as in RingBuf("EVENTS", Event), not {shown(ring)}',
            author_line(),
        )
