"""A student's page, and what graders ask of it without a kernel."""

from __future__ import annotations

import ast
import linecache
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from tuxscope.asm import Helper, Instruction, Map, Program, SourceLine, Tracepoint, helper
from tuxscope.asm.isa import Atomic, CallSource, FormKind
from tuxscope.asm.maps import Array, Hash, PerfEventArray
from tuxscope.learn.calls import Call
from tuxscope.learn.mistake import Mistake
from tuxscope.page.loading import definition, load_page, programs_of
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.record import Record
from tuxscope.run.workload import EXIT, machine_for
from tuxscope.suggest import did_you_mean
from tuxscope.vm import Machine, Sent, World
from tuxscope.vm.maps import Values
from tuxscope.vm.state import Output

ARGUMENTS = 12  # MAX_BPF_FUNC_ARGS: u64 each, as many as a raw tracepoint can have


class Submission:
    """A page that is graded.

    Attributes:
        file: where it is.
        page: its PAGE.
        seed, dice: what the grader's choices come from: the same for the same seed.
    """

    def __init__(self, file: str, seed: int) -> None:
        """Load it. Raises PageError."""
        self.file = file
        self.seed = seed
        self.dice = random.Random(seed)
        self.page: Page = load_page(file)

    def programs(
        self, pid: int | None = None, namespace: PidNamespace | None = None
    ) -> tuple[Program, ...]:
        """Its programs, made anew. Raises PageError or AssemblyError."""
        return programs_of(self.page, self.file, pid, namespace=namespace)

    def program(self) -> Program:
        """Its first program, made anew."""
        return self.programs()[0]

    @property
    def definition(self) -> SourceLine:
        """The line of its function: to blame where no other is."""
        return definition(self.page, self.file)

    # What is in it

    def map(self, kind: type[Map], name: str | None = None, hint: int = 0) -> Any:
        """The map of a kind that its programs use, by its name where there may be several.

        Raises Mistake.
        """
        used = [each for program in self.programs() for each in program.maps]
        found = [each for each in used if isinstance(each, kind) and name in (None, each.name)]
        if found:
            return found[0]
        what = f"a program that uses {kind.__name__} {name}" if name else (
            f"a program that uses a map of type {kind.__name__}"
        )  # fmt: skip
        names = ", ".join(f"{type(each).__name__} {each.name}" for each in dict.fromkeys(used))
        near = did_you_mean(name or "", [each.name for each in used])
        came = f"it uses {names}{near}" if names else "it uses no map"
        raise Mistake(what, came, self.definition, hint)

    def instructions(self, kind: Callable[[Instruction], bool]) -> Iterator[Instruction]:
        """Those of a kind, of all its programs, in order; each knows its line (``source``)."""
        for program in self.programs():
            yield from filter(kind, program.instructions)

    def line_of(self, kind: Callable[[Instruction], bool]) -> SourceLine | None:
        """The line of the first instruction of a kind."""
        return next((each.source for each in self.instructions(kind)), None)

    def line_with(self, text: str) -> SourceLine | None:
        """The page's first line that has a text in it, after the task at its beginning."""
        lines = linecache.getlines(self.file)
        first = ast.parse("".join(lines)).body[0]
        task = first.end_lineno or 0 if isinstance(first, ast.Expr) else 0
        for number, line in enumerate(lines, 1):
            if number > task and text in line:
                return SourceLine(self.file, number, line.strip())
        return None

    # What it does

    def interpreter(self, pid: int | None = None) -> Interpreter:
        """Its programs in the interpreter, with empty maps."""
        return Interpreter(self.page, self.programs(pid))

    def result(self, *arguments: int, world: World | None = None) -> int:
        """What its first program returns, 64 bits, for a raw tracepoint's arguments, u64 each.

        Raises Fault.
        """
        return Machine(self.program(), context_of(arguments), world=world).run()


class Interpreter:
    """A page's programs on made-up system calls; their maps stay from one to the next.

    Attributes:
        machine: what interprets them; ``machine.steps`` are those of the last run.
    """

    def __init__(self, page: Page, programs: Sequence[Program]) -> None:
        self.machine, self._buffer = machine_for(programs)
        self._page = page
        self._programs = programs

    def call(self, *calls: Call) -> None:
        """Calls, one after the other, each from entry to exit. Raises Fault."""
        for each in calls:
            self.enter(each)
            self.leave(each)

    def enter(self, call: Call) -> None:
        """Run the programs that are on the entry of a call. Raises Fault."""
        self._run(call, leaving=False)

    def leave(self, call: Call) -> None:
        """Run the programs that are on the exit of a call. Raises Fault."""
        self._run(call, leaving=True)

    def _run(self, call: Call, leaving: bool) -> None:
        self._buffer.data[:] = call.data
        self._buffer.frozen = None
        for program in self._programs:
            on_exit = isinstance(program.attach, Tracepoint) and EXIT in program.attach.name
            if on_exit == leaving:
                self.machine.select(program)
                self.machine.run(context=call.context(leaving), world=call.world(leaving))

    def records(self) -> list[Record]:
        """What was sent through the page's map since the last time, parsed.

        Raises Mistake where it is not as long as the record.
        """
        found = sent_records(self._page, self._programs, self.machine.output)
        self.machine.output.clear()
        return found

    def map(self, description: Array | Hash) -> Values:
        """A map's entries: items(), lookup(), update() as user space has them."""
        return entries_of(self.machine, description)


def entries_of(machine: Machine, description: Array | Hash) -> Values:
    """A map's entries in a machine."""
    found = machine.maps[description]
    assert isinstance(found, Values)
    return found


def sent_records(page: Page, programs: Sequence[Program], output: Sequence[Output]) -> list[Record]:
    """What programs sent through the page's map, parsed.

    Raises Mistake where it is not as long as the record.
    """
    stream = page.map
    assert isinstance(stream, PerfEventArray)
    found: list[Record] = []
    for each in output:
        if isinstance(each, Sent) and each.map == stream:
            if len(each.data) != stream.record.size:
                raise of_another_size(stream, len(each.data), programs)
            found.append(stream.record.unpack(each.data))
    return found


def of_another_size(stream: PerfEventArray, size: int, programs: Sequence[Program]) -> Mistake:
    name = stream.record.__name__
    instructions = chain.from_iterable(each.instructions for each in programs)
    sends = filter(calls_helper(helper.perf_event_output), instructions)
    return Mistake(
        f"all {stream.record.size} bytes of {name} (r5 = {name}.size)",
        f"{size} bytes are sent",
        next((each.source for each in sends), None),
    )


def context_of(arguments: Sequence[int]) -> bytes:
    """The context of a raw tracepoint's program: u64 each, those that are missing 0."""
    padded = [*arguments, *[0] * (ARGUMENTS - len(arguments))]
    return struct.pack(f"={len(padded)}Q", *(each & (1 << 64) - 1 for each in padded))


# Kinds of instructions


def calls_helper(helper: Helper) -> Callable[[Instruction], bool]:
    """Calls of a helper."""
    return lambda each: each.form.operation is CallSource.HELPER and each.imm == helper.number


def calls_function(each: Instruction) -> bool:
    """Calls of a function of the program itself."""
    return each.form.operation is CallSource.LOCAL


def goes_back(each: Instruction) -> bool:
    """Jumps backwards: loops have one."""
    return each.form.jumps and each.distance < 0


def is_exit(each: Instruction) -> bool:
    """Returns, from the program or a function."""
    return each.form.kind is FormKind.EXIT


def is_atomic_add(each: Instruction) -> bool:
    """Atomic additions, with or without a fetch."""
    return each.form.kind is FormKind.ATOMIC and each.form.operation is Atomic.ADD
