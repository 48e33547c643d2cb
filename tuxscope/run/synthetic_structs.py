"""Structs of the kernel with chosen members, as programs find them in a simulated call."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.abi.registers import place, recorded, registers
from tuxscope.asm.layout import Layout, Place

WORD = 8
M64 = (1 << 64) - 1


def struct_bytes(layout: Layout, struct: str, values: Mapping[str, int]) -> bytes:
    """Return the bytes of a ``struct`` of ``layout`` whose members, by name, have ``values``; all
    others are 0. It ends with the word that has the last of them."""
    return filled({layout.member(struct, name): value for name, value in values.items()})


def filled(values: Mapping[Place, int]) -> bytes:
    """Return the bytes of a struct that has ``values``, integers, at their Places."""
    end = max(each.offset + each.size for each in values)
    data = bytearray(-(-end // WORD) * WORD)
    for each, value in values.items():
        size = each.whole_size
        number = value & (1 << 8 * size) - 1
        data[each.offset : each.offset + size] = number.to_bytes(size, sys.byteorder)
    return bytes(data)


def register_bytes(
    number: int,
    arguments: Sequence[int],
    result: int | None,
    architecture: Architecture = X86_64,
) -> bytes:
    """Return the ``struct pt_regs``, bytes, of a 64-bit call of ``architecture``, an Architecture:
    its ``number``, an int, its six ``arguments``, a sequence of int, and its ``result``, an int, an
    errno if it is negative; None at the entry."""
    layout, test = recorded(architecture), architecture.compat_test
    places = registers(layout, architecture)
    values = {places.number: number, **dict(zip(places.arguments, arguments, strict=True))}
    if not (test.in_task or test.when_set):
        values[place(layout, architecture, test.path)] = test.mask
    if result is not None:
        values[places.result] = result
    return filled(values)
