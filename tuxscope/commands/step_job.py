"""``tuxscope step``: one run of a program on a simulated event, step by step."""

from __future__ import annotations

import re

from tuxscope.asm import Program, Tracepoint
from tuxscope.commands.asm_job import assembled
from tuxscope.errors import UsageError
from tuxscope.options.step import StepOptions
from tuxscope.output.colour import presented
from tuxscope.output.compact import COMPACT
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.screen import room
from tuxscope.output.sink import Sink
from tuxscope.output.trace import Trace, state_object
from tuxscope.run.interrupt import Interrupt
from tuxscope.run.workload import (
    PROCESSES,
    machine_for,
    prepare,
    system_calls,
    takes_registers,
)
from tuxscope.suggest import did_you_mean
from tuxscope.vm import Machine, World

BATCH = 256  # steps between two writes
CONTEXT = bytes(64)  # what a program of text finds at r1


def trace(name: str, options: StepOptions) -> int:
    """Print the trace of a run of the program in file ``name``, a str, with ``options``,
    StepOptions; return the exit status. Raises TuxscopeError (Fault, for one)."""
    program, *others = assembled(name, options.pid)
    if others:
        say(f"{name} has {1 + len(others)} programs; this is the first, {program.name}")
    stops = frozenset() if options.stop is None else slots_of(program, options.stop)
    machine = on_an_event(program, options)
    shown = Trace(program, room())
    sink = Sink()
    if options.format is Style.TEXT:
        emit(sink, shown.header)
    pending: list[str] = []
    with Interrupt() as interrupt:
        try:
            while not (machine.ended or interrupt.requested or sink.closed):
                if machine.slot in stops or machine.steps == options.last:
                    break
                if machine.steps + 1 < options.first:
                    machine.advance()
                    continue
                step = machine.step()
                as_json = options.format is Style.JSON
                pending.append(f"{COMPACT(shown.object(step))}\n" if as_json else shown.row(step))
                if len(pending) == BATCH:
                    emit(sink, "".join(pending))
                    pending.clear()
        finally:
            emit(sink, "".join(pending))
    if machine.ended:
        say(f"{machine.steps} steps, r0 = {machine.result}")
    elif options.format is Style.JSON:
        emit(sink, f"{COMPACT(state_object(machine.state))}\n")
    else:
        emit(sink, "".join(f"{each}\n" for each in ("", *shown.registers(machine.state))))
        say(f"stopped before slot {machine.state.slot}, after {machine.steps} steps")
    return 0


def emit(sink: Sink, text: str) -> None:
    """Write the line ``text`` to ``sink``, a Sink."""
    if text:
        sink.write(presented(text))


def on_an_event(program: Program, options: StepOptions) -> Machine:
    """Return a Machine at the start of ``program``, on a simulated event: one of the process
    ``pid`` of ``options``, StepOptions, if the simulation has it."""
    seed = options.seed
    if not (isinstance(program.attach, Tracepoint) or takes_registers(program)):
        return Machine(program, CONTEXT, world=World(seed=seed))
    anyone = options.pid not in {each.pid for each in PROCESSES}
    calls = system_calls([program], seed)
    event = next(each for each in calls if anyone or each.world.pid == options.pid)
    machine, buffer = machine_for([program])
    prepare(machine, event, buffer)
    machine.start(context=event.context, world=event.world)
    return machine


def slots_of(program: Program, place: str) -> frozenset[int]:
    """Return the slots of ``program`` that ``place``, a str, means, as a frozenset of int: a slot,
    a label, or FILE:LINE. Raises UsageError."""
    named = {each.name: each.slot for each in (*program.labels, *program.functions)}
    line = re.fullmatch(r"(.+):([0-9]+)", place)
    if place.isascii() and place.isdigit():
        slots = {int(place)} & set(program.slots)
    elif line:
        slots = {
            slot
            for slot, each in program.by_slot.items()
            if each.source
            and each.source.line == int(line[2])
            and f"/{each.source.file}".endswith(f"/{line[1]}")
        }
    else:
        slots = {named[place]} if place in named else set()
    if not slots:
        what = "it takes a slot, a label or a line such as hello.py:39; tuxscope asm shows them"
        near = "" if line else did_you_mean(place, named)
        near = near or f"; {what}"
        raise UsageError(f"step: no instruction at --break {place}{near}")
    return frozenset(slots)
