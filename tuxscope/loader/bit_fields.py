"""Masks of C bit fields, which depend on the byte order."""

from __future__ import annotations

import sys


def bit_field(index: int, bits: int) -> int:
    """Return the mask, an int, of the one-bit field number ``index`` (from 0) in an integer of
    ``bits`` bits.

    Bit fields are allocated from the lowest bit on little-endian machines, and from the highest on
    big-endian ones (System V ABI of each, "Bit-Fields").
    """
    return 1 << (index if sys.byteorder == "little" else bits - 1 - index)
