"""Where C puts the one-bit fields of an integer, which is not the same on all machines."""

from __future__ import annotations

import sys


def bit_field(index: int, bits: int) -> int:
    """The mask of the one-bit field that is declared as number ``index`` in an integer of ``bits``.

    Bit fields are counted from the lowest bit on little-endian machines, and from the highest on
    big-endian ones (System V ABI of each, "Bit-Fields").
    """
    return 1 << (index if sys.byteorder == "little" else bits - 1 - index)
