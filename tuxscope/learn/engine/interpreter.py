"""Runs a page's programs in the interpreter, on synthetic system calls."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain

from tuxscope.asm import Program, RawTracepoint
from tuxscope.asm.layout import Layout
from tuxscope.asm.maps import Array, Hash, RingBuf, StreamMap
from tuxscope.learn.engine.calls import LINUX_6_18, Call
from tuxscope.learn.engine.instructions import sends
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.page.page import Page
from tuxscope.record import Record
from tuxscope.run.synthetic_files import KERNEL, SyntheticFiles
from tuxscope.run.workload import is_on_exit, machine_for, traces_all_calls
from tuxscope.vm import Machine, Sent, World
from tuxscope.vm.maps import Values, VirtualRingBuf
from tuxscope.vm.state import Output

ARGUMENTS = 12  # of a raw tracepoint at most, u64 each: MAX_BPF_FUNC_ARGS


class Interpreter:
    """Interprets ``programs``, a sequence of the Programs of ``page``, a Page, on synthetic system
    calls; ``layout`` is the kernel's Layout. Maps keep their entries between calls.

    Attributes:
        machine: the Machine that runs them; ``machine.steps`` counts those of the last run.
        files: the SyntheticFiles in its memory, a property.
    """

    def __init__(
        self, page: Page, programs: Sequence[Program], layout: Layout = LINUX_6_18
    ) -> None:
        """``layout``: where tasks have their members."""
        self.machine, self._buffer = machine_for(programs)
        self._page = page
        self._programs = programs
        self._layout = layout
        self._files: SyntheticFiles | None = None

    @property
    def files(self) -> SyntheticFiles:
        if not self._files:
            self._files = SyntheticFiles(self._layout)
            self.machine.memory.add(self._files.region, KERNEL)
        return self._files

    def call(self, *calls: Call) -> None:
        """Make ``calls``, each a Call, one after the other, each from entry to exit. Raises
        Fault."""
        for each in calls:
            self.enter(each)
            self.leave(each)

    def enter(self, call: Call) -> None:
        """Run the programs attached to the entry of ``call``, a Call. Raises Fault."""
        self._run(call, leaving=False)

    def leave(self, call: Call) -> None:
        """Run the programs attached to the exit of ``call``, a Call. Raises Fault."""
        self._run(call, leaving=True)

    def _run(self, call: Call, leaving: bool) -> None:
        self._buffer.data[:] = call.memory(leaving)
        self._buffer.frozen = None
        table = 0
        if call.descriptors:
            table = self.files.table(call.descriptors)
        if call.fd in call.descriptors:
            self.files.seek(call.descriptors[call.fd], call.positions[leaving])
        for program in self._programs:
            if is_on_exit(program) == leaving:
                self.machine.select(program)
                context = context_for(program, call, leaving)
                self.machine.run(context=context, world=call.world(leaving, self._layout, table))

    def reach(self, name: str, *arguments: int, world: World) -> None:
        """Run the programs on the raw tracepoint ``name``, a str, which gets ``arguments``, each an
        int; ``world``, keyword-only, is the World for helpers. Raises Fault."""
        for program in self._programs:
            if program.attach == RawTracepoint(name):
                self.machine.select(program)
                self.machine.run(context=context_of(arguments), world=world)

    def records(self) -> list[Record]:
        """Return the list of Record sent through the page's map since the last call of this
        method.

        Raises Mistake if a sample is not as long as the record.
        """
        assert self._page.map
        found = sent_records(self._page, self._programs, self.machine.output)
        self.machine.output.clear()
        if isinstance(ring := self.machine.maps.get(self._page.map), VirtualRingBuf):
            ring.read()
        return found

    def map(self, description: Array | Hash) -> Values:
        """Return the Values of the map ``description``, an Array or Hash: items(), lookup() and
        update(), as user space has them."""
        return entries_of(self.machine, description)


def context_for(program: Program, call: Call, leaving: bool) -> bytes:
    """Return the context, as bytes, that ``program`` gets in r1 on the entry of ``call``, a Call,
    or with ``leaving``, a bool, on its exit."""
    return call.raw_context(leaving) if traces_all_calls(program) else call.context(leaving)


def entries_of(machine: Machine, description: Array | Hash) -> Values:
    """Return the Values of the map ``description``, an Array or Hash, in ``machine``, a Machine."""
    found = machine.maps[description]
    assert isinstance(found, Values)
    return found


def sent_records(page: Page, programs: Sequence[Program], output: Sequence[Output]) -> list[Record]:
    """Return the list of Record in ``output``, a sequence of Outputs, that ``programs``, a
    sequence of Program, sent through the map of ``page``, a Page.

    Raises Mistake if a sample is not as long as the record.
    """
    stream = page.map
    assert isinstance(stream, StreamMap)
    found: list[Record] = []
    for each in output:
        if isinstance(each, Sent) and each.map == stream:
            if len(each.data) != stream.record.size:
                raise wrong_size(stream, len(each.data), programs)
            found.append(stream.record.unpack(each.data))
    return found


def wrong_size(stream: StreamMap, size: int, programs: Sequence[Program]) -> Mistake:
    """Return the Mistake of a sample of ``size`` bytes, an int, which is not that of the record of
    ``stream``, a StreamMap. Its line is that in ``programs``, a sequence of Program, which
    sends."""
    name = stream.record.__name__
    given = f"the size is {name}.size" if isinstance(stream, RingBuf) else f"r5 = {name}.size"
    instructions = chain.from_iterable(each.instructions for each in programs)
    return Mistake(
        f"all {stream.record.size} bytes of {name} ({given})",
        f"{size} bytes",
        next((each.source for each in instructions if sends(each)), None),
    )


def context_of(arguments: Sequence[int]) -> bytes:
    """Return the context of a raw tracepoint with ``arguments``, a sequence of int, as bytes: 12
    u64 in native byte order; missing arguments are 0."""
    padded = [*arguments, *[0] * (ARGUMENTS - len(arguments))]
    return struct.pack(f"={len(padded)}Q", *(each & (1 << 64) - 1 for each in padded))
