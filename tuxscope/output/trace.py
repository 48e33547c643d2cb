"""A trace of interpreted steps: a table for people, JSON lines for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from tuxscope.asm.listing import lines
from tuxscope.asm.maps import Map, StreamMap
from tuxscope.asm.program import Program
from tuxscope.asm.stack_notes import StackNotes
from tuxscope.field_types import decode_text
from tuxscope.output.lines import plain
from tuxscope.output.listing import place, source_object
from tuxscope.record import Record
from tuxscope.vm.memory import OFFSET, WINDOW
from tuxscope.vm.state import Output, Sent, State, Step, Stored

SMALL = 1 << 20  # below it, and above its negative, numbers are shown in decimal
WIDEST, CHANGES = 44, 40  # columns of pseudo-C at most, and of what changed


class Trace:
    """Renders the steps of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lines = {each.slot: each for each in lines(program)}
        self._notes = StackNotes(program.stack)
        texts = [len(each.text) for each in self._lines.values()]
        self._width = max((each for each in texts if each <= WIDEST), default=0)

    @property
    def header(self) -> str:
        """What stands above the table."""
        return (
            f"{'STEP':>6}  {'SLOT':>6}  {'INSTRUCTION':<{self._width}}  {'CHANGED':<{CHANGES}}  "
            "SOURCE\n"
        )

    def row(self, step: Step) -> str:
        """A step as a row: what was executed, and what it changed."""
        changed = "; ".join(self.changes(step))
        source = step.instruction.source
        shown = place(source) if source else ""
        return (
            f"{step.after.steps:>6}  {step.before.slot:>6}  {self.text(step.before):<{self._width}}"
            f"  {changed:<{CHANGES}}  {shown}".rstrip()
            + "\n"
        )

    def text(self, state: State) -> str:
        """The instruction that comes next, with names where it is the program's own."""
        if state.program is self._program and state.slot in self._lines:
            return self._lines[state.slot].text
        return str(state.instruction)

    def changes(self, step: Step) -> Iterator[str]:
        """What a step changed, in words."""
        used_up = [number for number, _, after in step.registers if after is None]
        for number, _, after in step.registers:
            if after is not None:
                yield f"r{number} = {self.value(after, step.after)}"
        for stored in step.stored:
            yield f"{self.name(stored, step)} = {self.content(stored.after)}"
        yield from (self.told(each) for each in step.output)
        if used_up:
            last = f"-r{used_up[-1]}" if len(used_up) > 1 else ""
            yield f"r{used_up[0]}{last} used up"

    def value(self, value: int, state: State) -> str:
        """A register's value: a number, or what it points to."""
        region = state.memory.get(value >> WINDOW)
        if region:
            return region.place(value & OFFSET) if region.data else f"&{region.name}"
        signed = value - (1 << 64) if value >> 63 else value
        return str(signed) if -SMALL < signed < SMALL else hex(value)

    def name(self, stored: Stored, step: Step) -> str:
        """What was stored into, as the author calls it; else the place in words."""
        frame = step.before.frames[-1]
        if stored.address >> WINDOW != frame.stack >> WINDOW:
            return stored.place
        offset = stored.address - frame.stack - len(step.before.memory[frame.stack >> WINDOW].data)
        return self._notes.place(frame.function, offset, len(stored.after)) or stored.place

    def content(self, data: bytes) -> str:
        """Bytes as a number, a text, or in hexadecimal."""
        if len(data) in (1, 2, 4, 8):
            value = int.from_bytes(data, sys.byteorder)
            return str(value) if value < SMALL else hex(value)
        text = decode_text(data)
        if text.isprintable() and "\ufffd" not in text:
            return json.dumps(text)
        return data.hex(" ")

    def told(self, output: Output) -> str:
        """What a program sent or printed."""
        if not isinstance(output, Sent):
            return f"printed {json.dumps(output.text)}"
        return f"sent to {output.map.name}: {decoded(output.map, output.data)}"

    def object(self, step: Step) -> dict[str, Any]:
        """A step for JSON; values of 64 bits are hexadecimal texts, as JSON's numbers have 53."""
        return {
            "step": step.after.steps,
            "slot": step.before.slot,
            "text": self.text(step.before),
            "source": source_object(step.instruction.source),
            "registers": {
                f"r{number}": {"before": hexadecimal(before), "after": hexadecimal(after)}
                for number, before, after in step.registers
            },
            "memory": [
                {
                    "place": each.place,
                    "name": self.name(each, step),
                    "before": each.before.hex(),
                    "after": each.after.hex(),
                }
                for each in step.stored
            ],
            "output": [output_object(each) for each in step.output],
        }

    def registers(self, state: State) -> Iterator[str]:
        """All registers that hold something."""
        for number, value in enumerate(state.registers):
            if value is not None:
                shown = self.value(value, state)
                yield f"r{number:<3} {value:#018x}  {shown if shown != hex(value) else ''}".rstrip()


def decoded(map: Map, data: bytes) -> str:
    """What was sent, as the map's record."""
    if not isinstance(map, StreamMap) or len(data) < map.record.size:
        return data.hex(" ")
    record: Record = map.record.unpack(data)
    pairs = zip(map.record.fields, (plain(each) for each in record), strict=True)
    return " ".join(f"{name}={value}" for name, value in pairs)


def output_object(output: Output) -> dict[str, Any]:
    """What a program sent or printed, for JSON."""
    if isinstance(output, Sent):
        return {"map": output.map.name, "cpu": output.cpu, "data": output.data.hex()}
    return {"text": output.text}


def hexadecimal(value: int | None) -> str | None:
    """A register for JSON."""
    return None if value is None else hex(value)


def state_object(state: State) -> dict[str, Any]:
    """Where a trace stopped, for JSON."""
    registers = {f"r{number}": hexadecimal(each) for number, each in enumerate(state.registers)}
    return {"stopped": state.slot, "steps": state.steps, "registers": registers}
