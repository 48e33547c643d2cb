"""Random programs that the verifier accepts.

A program begins by filling its registers and an area of its stack with constants and with what
MEMORY holds: that is set from user space, so the verifier does not know it and folds no branch
away. Then it takes its steps, and ends by writing all registers and the area to RESULTS.
Everything is a function of random bytes, which Hypothesis draws and shrinks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from tuxscope.asm import Instruction, Label, Program, RawTracepoint
from tuxscope.asm.parser import parse
from vm.choices import Choices
from vm.function import (
    CALL,
    EXIT,
    FP,
    LOAD,
    MEMORY,
    MEMORY_WORDS,
    RESULTS,
    STORE,
    WORD,
    Code,
    Function,
    map_value,
    slots,
)
from vm.rows import Features

STEPS = (24, 8, 8)  # of each function
STEP, WORDS, HEAD = 16, 80, 160  # bytes: more than the choices for one of them take

# Gives as many random bytes as it is asked for.
Source = Callable[[int], bytes]


class Case:
    """A program, and what MEMORY holds before it runs; its repr is what a failure shows."""

    def __init__(self, program: Program, memory: bytes) -> None:
        self.program = program
        self.memory = memory

    def __repr__(self) -> str:
        listing = (f"{slot:4}: {each}" for slot, each in self.program.by_slot.items())
        return "\n".join(["", *listing, f"MEMORY = {self.memory.hex(' ', WORD)}"])


def case(source: Source, features: Features) -> Case:
    """The case that these bytes make."""
    words = Choices(source(WORDS))
    memory = [words.number(-(1 << 63), (1 << 63) - 1) for _ in range(MEMORY_WORDS)]
    codes: dict[int, Code] = {}
    called = {0}
    for index, count in enumerate(STEPS):
        if index in called:  # the verifier refuses functions that nobody calls
            function = Function(index, Choices(source(HEAD)), features)
            codes[index] = function.write(Choices(source(STEP)) for _ in range(count))
            called |= function.called
    return Case(link(codes), struct.pack(f"={MEMORY_WORDS}q", *memory))


def link(codes: dict[int, Code]) -> Program:
    """One program of all functions, calls resolved."""
    starts: dict[int, int] = {}
    end = 0
    for index, code in codes.items():
        starts[index] = end
        end += slots(code)
    whole: Code = []
    slot = 0
    for each in (each for code in codes.values() for each in code):
        slot += each.slots
        whole.append(replace(each, imm=starts[each.imm] - slot) if each.opcode == CALL else each)
    labels = tuple(Label(f"f{index}", start) for index, start in starts.items())
    return Program("random", RawTracepoint(), tuple(whole), labels)


def snippet(text: str, r0: int, r1: int) -> Case:
    """A case that leaves what some instructions make of r0; *(r10 - 8) holds what r1 does."""
    code = [
        map_value(6, MEMORY),
        Instruction(LOAD, 0, 6),
        Instruction(LOAD, 1, 6, WORD),
        Instruction(STORE, FP, 1, -WORD),
        *parse(text).instructions,
        map_value(6, RESULTS),
        Instruction(STORE, 6, 0),
        Instruction(EXIT),
    ]
    words = [each & (1 << 64) - 1 for each in (r0, r1)]
    return Case(link({0: code}), struct.pack(f"=2Q{(MEMORY_WORDS - 2) * WORD}x", *words))


@st.composite
def cases(draw: st.DrawFn, features: Features) -> Case:
    """Random cases."""
    return case(lambda size: draw(st.binary(min_size=size, max_size=size)), features)
