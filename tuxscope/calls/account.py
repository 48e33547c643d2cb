"""What is in no row and no record is counted. Each function emits instructions."""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.registers import r1, r2
from tuxscope.calls.records import ACCOUNT
from tuxscope.record import u64

LARGEST_ERRNO = 4095


def add_to_account(a: Assembler, offset: int) -> None:
    """Emit: add 1 to the counter at ``offset``, in bytes, of the Account. Uses r1 and r2."""
    a.ld_map_value(r1, ACCOUNT)
    a.mov(r2, 1)
    a.atomic_add(u64[r1 + offset], r2)
