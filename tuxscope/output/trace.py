"""Renders the steps of the interpreter as a table or as JSON objects."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tuxscope.asm.instruction import FRAME_POINTER
from tuxscope.asm.listing import lines
from tuxscope.asm.maps import Map, StreamMap
from tuxscope.asm.program import Program
from tuxscope.asm.stack_notes import StackNotes
from tuxscope.output.listing import place, source_object
from tuxscope.output.screen import columns, padded, wrapped
from tuxscope.output.visible import plain, visible
from tuxscope.record import Record, RecordError
from tuxscope.record.types import decode_text
from tuxscope.vm.memory import OFFSET, WINDOW
from tuxscope.vm.state import Output, Sent, State, Step, Stored

SAVED = range(6, 10)  # callee-saved registers
SMALL = 1 << 20  # numbers below this magnitude are printed in decimal
WIDEST, CHANGES = 44, 40  # maximum width of pseudo-C, and width of CHANGED
INSTRUCTION = 16  # the column where INSTRUCTION starts
NARROWEST = 20  # minimum width to wrap CHANGED to


class Trace:
    """Renders the steps of ``program``, a Program.

    If the widest row does not fit into ``room`` terminal columns, an int, source lines are printed
    above the steps. None means no limit.

    Attributes:
        header: a str, a property.
    """

    def __init__(self, program: Program, room: int | None = None) -> None:
        self._program = program
        self._lines = {each.slot: each for each in lines(program)}
        self._notes = StackNotes(program.stack)
        texts = [columns(each.text) for each in self._lines.values()]
        self._width = max(len("INSTRUCTION"), *(each for each in texts if each <= WIDEST), 0)
        self._changed = INSTRUCTION + self._width + 2
        sources = (columns(place(each.source)) for each in self._lines.values() if each.source)
        beside = self._changed + CHANGES + 2 + max(sources, default=0)
        self._room = room if room is not None and beside > room else None

    @property
    def header(self) -> str:
        """The line of titles, a str with its newline."""
        return self.joined("STEP", "SLOT", "INSTRUCTION", "CHANGED", "SOURCE")

    def row(self, step: Step) -> str:
        """Return ``step``, a Step, as a row, a str: step, slot, instruction, changes, source."""
        changed = "; ".join(self.changes(step))
        source = step.instruction.source
        shown = place(source) if source else ""
        steps, slot = str(step.after.steps), str(step.before.slot)
        return self.joined(steps, slot, self.text(step.before), changed, shown)

    def joined(self, step: str, slot: str, text: str, changed: str, source: str) -> str:
        """Return a row, a str, of the cells ``step``, ``slot``, ``text``, ``changed`` and
        ``source``, all str, wrapped to the width of the terminal."""
        row = f"{step:>6}  {slot:>6}  {padded(text, self._width)}  "
        if self._room is None:
            return f"{row}{padded(changed, CHANGES)}  {source}".rstrip() + "\n"
        width = max(self._room - self._changed, NARROWEST)
        first = max(width - (columns(row) - self._changed), NARROWEST)
        if columns(changed) > first:
            changed = f"\n{'':{self._changed}}".join(wrapped(changed, first, width))
        above = f"{'':{INSTRUCTION}}{source}\n" if source else ""
        return f"{above}{row}{changed}".rstrip() + "\n"

    def text(self, state: State) -> str:
        """Return the next instruction of ``state``, a State, as text; with symbolic names if it is
        in this program."""
        if state.program is self._program and state.slot in self._lines:
            return self._lines[state.slot].text
        return str(state.instruction)

    def changes(self, step: Step) -> Iterator[str]:
        """Yield the text of each change of ``step``, a Step: registers, memory, output, calls."""
        calls = len(step.after.frames) > len(step.before.frames)
        returns = len(step.after.frames) < len(step.before.frames)
        for number, _, after in step.registers:
            own = number == FRAME_POINTER and (calls or returns)
            if after is not None and not own and not (returns and number in SAVED):
                yield f"r{number} = {self.value(after, step.after)}"
        for stored in step.stored:
            yield f"{self.name(stored, step)} = {self.content(stored.after)}"
        yield from (self.sent(each) for each in step.output)
        if calls or returns:
            yield f"{'in' if calls else 'back in'} {step.after.frames[-1].function}"
        else:
            gone = [number for number, _, after in step.registers if after is None]
            if gone:
                yield f"{ranges(gone)} clobbered"

    def value(self, value: int, state: State) -> str:
        """Return the text of ``value``, a register's int in ``state``, a State: a number, or what
        it points to."""
        region = state.memory.get(value >> WINDOW)
        if region:
            place = region.place(value & OFFSET) if region.data else f"&{region.name}"
            return place + self.frame_suffix(value, state)
        signed = value - (1 << 64) if value >> 63 else value
        return str(signed) if -SMALL < signed < SMALL else hex(value)

    def frame_suffix(self, address: int, state: State) -> str:
        """Return `` of NAME`` a str, if ``address``, an int, is in the stack of calling function
        NAME in ``state``, a State, else empty."""
        outer = (each for each in state.frames[:-1] if each.stack >> WINDOW == address >> WINDOW)
        return next((f" of {each.function}" for each in outer), "")

    def name(self, stored: Stored, step: Step) -> str:
        """Return the name of the memory ``stored``, a Stored, that ``step``, a Step, changed: from
        the source code, else its address as text."""
        frame = step.before.frames[-1]
        if stored.address >> WINDOW != frame.stack >> WINDOW:
            return stored.place + self.frame_suffix(stored.address, step.before)
        offset = stored.address - frame.stack - len(step.before.memory[frame.stack >> WINDOW].data)
        return self._notes.place(frame.function, offset, len(stored.after)) or stored.place

    def content(self, data: bytes) -> str:
        """Return ``data``, bytes, as text: as an integer (1, 2, 4, 8 bytes), as printable text, or
        in hexadecimal."""
        if len(data) in (1, 2, 4, 8):
            value = int.from_bytes(data, sys.byteorder)
            return str(value) if value < SMALL else hex(value)
        text = decode_text(data)
        if text.isprintable() and "\ufffd" not in text:
            return json.dumps(text)
        return data.hex(" ")

    def sent(self, output: Output) -> str:
        """Return the text of ``output``, a Sent or Printed: sent to a map, or printed."""
        if not isinstance(output, Sent):
            return f"printed {json.dumps(output.text)}"
        return f"sent to {output.map.name}: {decoded(output.map, output.data)}"

    def object(self, step: Step) -> dict[str, Any]:
        """Return ``step``, a Step, as a JSON object, a dict; 64-bit values are hexadecimal text
        (JSON numbers: 53 bits)."""
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
        """Yield a line for each initialised register of ``state``, a State."""
        for number, value in enumerate(state.registers):
            if value is not None:
                shown = self.value(value, state)
                yield f"r{number:<3} {value:#018x}  {shown if shown != hex(value) else ''}".rstrip()


def ranges(numbers: Sequence[int]) -> str:
    """Return the text of ``numbers``, a sequence of sorted register numbers: ``r0, r2-r5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"r{run[0]}-r{run[-1]}" if len(run) > 1 else f"r{run[0]}" for run in runs)


def decoded(map: Map, data: bytes) -> str:
    """Return the text of ``data``, bytes sent to ``map``, a Map, decoded as its record."""
    if not isinstance(map, StreamMap):
        return data.hex(" ")
    try:
        record: Record = map.kinds.unpack(data)
    except RecordError:
        return data.hex(" ")
    pairs = zip(type(record).fields, (plain(each) for each in record), strict=True)
    return " ".join(f"{name}={visible(str(value))}" for name, value in pairs)


def output_object(output: Output) -> dict[str, Any]:
    """Return ``output``, a Sent or Printed, as a JSON object, a dict."""
    if isinstance(output, Sent):
        return {"map": output.map.name, "cpu": output.cpu, "data": output.data.hex()}
    return {"text": output.text}


def hexadecimal(value: int | None) -> str | None:
    """Return ``value``, a register's int or None, as hexadecimal text; None if uninitialised."""
    return None if value is None else hex(value)


def state_object(state: State) -> dict[str, Any]:
    """Return ``state``, a State, where a trace stopped, as a JSON object, a dict."""
    registers = {f"r{number}": hexadecimal(each) for number, each in enumerate(state.registers)}
    return {"stopped": state.slot, "steps": state.steps, "registers": registers}
