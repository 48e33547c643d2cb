"""Repair exercises: ``verifier/NAME`` asks to fix the program of a gallery entry."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from textwrap import fill
from typing import Any

from tuxscope.asm import Program, SourceLine
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import CallSource, FormKind
from tuxscope.asm.maps import Array, Hash
from tuxscope.learn.content.gallery import page
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.table import GALLERY
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_function, goes_back, is_exit
from tuxscope.learn.engine.interpreter import context_of, entries_of
from tuxscope.learn.engine.kernel import Kernel
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.record.types import Integer
from tuxscope.vm import Fault, Machine, Printed
from tuxscope.vm.state import Output

PREFIX = "verifier/"
ROUNDS = 8
BUDGET = 20_000  # steps of one run
WIDTH = 96
SAID = os.path.join(os.path.dirname(page.__file__), "said.json")


def repairable(entry: Entry) -> bool:
    """Return whether ``entry``, an Entry of the gallery, can be an exercise: fixed in Python, and
    the fix graded.

    A program that is rejected only without CAP_PERFMON cannot be graded with it, unless a check of
    the assembler finds the mistake.
    """
    return not entry.patch and not (entry.unprivileged and entry.foreseen is None)


ENTRIES = {f"{PREFIX}{each.key}": each for each in GALLERY if repairable(each)}


@cache
def recorded_lines() -> dict[str, list[str]]:
    """Return the lines of the log of Linux 6.18 that say why: a dict of lists of str by the entry's
    key. Cached."""
    with open(SAID, encoding="utf-8") as file:
        lines: dict[str, list[str]] = json.load(file)
    return lines


def exercise_of(name: str) -> Exercise:
    """Return the Exercise ``name``, one of ``ENTRIES``."""
    entry = ENTRIES[name]
    return Exercise(
        name,
        f"fix: {entry.title.lower()}",
        (entry.means, entry.fix, f"What to type: {entry.hint}."),
        partial(grade, entry),
        grade_on_kernel,
    )


def starter(name: str) -> str:
    """Return the text of the page of exercise ``name`` with the rejected program."""
    entry = ENTRIES[name]
    words = "\n".join(f"    {line}" for line in recorded_lines()[entry.key])
    task = "Task: fix it, so that the kernel accepts it, and it still does the same."
    return page.page_of(
        entry.rejected,
        f"The kernel refuses this program. Its log says:\n\n{words}\n\n"
        f"{fill(task, WIDTH)}\n\n    tuxscope learn check {name}\n",
    )


def solution(name: str) -> str:
    """Return the text of the page of exercise ``name`` with the fixed program."""
    entry = ENTRIES[name]
    return page.page_of(entry.fixed, fill(f"{entry.title}: {entry.fix}", WIDTH))


def grade(entry: Entry, submission: Submission) -> None:
    """Grade ``submission``, a Submission, as a fix of ``entry``, an Entry. Raises Mistake or
    Fault."""
    rejected, fixed, answer = entry.program(), entry.fixed_program(), submission.program()
    if code_of(answer) == code_of(rejected):
        raise Mistake("a program that the kernel accepts", refusal(entry), blamed(entry, answer))
    check_kept(rejected, fixed, answer, submission)
    for case in cases(submission.rng):
        check_same(rejected, fixed, answer, case)


def grade_on_kernel(submission: Submission) -> None:
    """Load ``submission``, a Submission, into the kernel. Raises VerifierError."""
    with Kernel(submission):
        pass


def code_of(program: Program) -> tuple[Any, ...]:
    """Return all of ``program`` that the kernel sees, as a tuple. A page declares maps of its own,
    so they are compared by type and sizes."""
    maps = [(each.type, each.key_size, each.value_size) for each in program.maps]
    return program.encode(dict.fromkeys(program.maps, 0)), program.license, program.attach, maps


def refusal(entry: Entry) -> str:
    """Return what an unchanged program of ``entry``, an Entry, does, a str with the kernel's
    words."""
    return f"the unchanged program; the kernel says: {recorded_lines()[entry.key][0]}"


def blamed(entry: Entry, answer: Program) -> SourceLine | None:
    """Return the SourceLine in ``answer``, a Program, for the line at fault in ``entry``, an Entry;
    None if it is not known."""
    culprit = entry.culprit
    for ours, theirs in zip(entry.program().instructions, answer.instructions, strict=False):
        if culprit and ours.source and ours.source.line == culprit.line:
            return theirs.source
    return None


# The answer must not simply be an empty program


def check_kept(rejected: Program, fixed: Program, answer: Program, given: Submission) -> None:
    """Raise Mistake if ``answer`` lacks an ingredient that both ``rejected`` and ``fixed`` have;
    all are Programs. ``given`` is the Submission."""
    has = set(ingredients(answer))
    for each in ingredients(rejected):
        if each in set(ingredients(fixed)) and each not in has:
            raise Mistake(f"a program that still {each}", "it does not", given.definition, 1)


def ingredients(program: Program) -> Iterator[str]:
    """Yield what ``program`` does, each a str that follows "a program that"."""
    for each in program.instructions:
        if each.map:
            yield f"uses {each.map.name}"
        if each.form.operation is CallSource.HELPER and each.imm <= len(NAMES):
            yield f"calls {NAMES[each.imm - 1]}"
        for words, holds in KINDS.items():
            if holds(each):
                yield words


def of_kind(*kinds: FormKind) -> Callable[[Instruction], bool]:
    """Return a function that takes an Instruction and returns whether it is of one of ``kinds``,
    each a FormKind."""
    return lambda each: each.form.kind in kinds


KINDS: Mapping[str, Callable[[Instruction], bool]] = {
    "calls a function of its own": calls_function,
    "has a loop": goes_back,
    "loads from memory": of_kind(FormKind.LOAD),
    "stores to memory": of_kind(FormKind.STORE, FormKind.ATOMIC),
}


# What was right must stay so


@dataclass(frozen=True, slots=True)
class RepairCase:
    """A frozen dataclass: one input of a program.

    Attributes:
        arguments: the u64 of the context, a tuple of int.
        entries: the entries of maps with integer keys, a mapping of int to int.
    """

    arguments: tuple[int, ...]
    entries: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A frozen dataclass: the results of one run.

    Attributes:
        result: r0, an int.
        output: what was sent or printed, a tuple of str.
        maps: the entries of each map, a mapping by name.
    """

    result: int
    output: tuple[str, ...]
    maps: Mapping[str, Any]


def cases(rng: random.Random) -> Iterator[RepairCase]:
    """Yield random RepairCases, made by ``rng``, a random.Random."""
    for _ in range(ROUNDS):
        arguments = tuple(rng.getrandbits(rng.choice((6, 64))) for _ in range(12))
        keys = range(rng.randrange(3))
        yield RepairCase(arguments, {key: rng.getrandbits(64) for key in keys})


def check_same(rejected: Program, fixed: Program, answer: Program, case: RepairCase) -> None:
    """Raise Mistake if ``answer`` does not do in ``case``, a RepairCase, what ``rejected`` and
    ``fixed`` agree on, or faults where ``fixed`` does not. All are Programs. Raises the answer's
    Fault."""
    try:
        right = outcome(fixed, case)
    except Fault:  # the interpreter lacks what it needs, such as a packet or a socket
        return
    came = outcome(answer, case)
    try:
        before = outcome(rejected, case)
    except Fault:
        return
    if before == right != came:
        raise Mistake(
            f"{described(right)}, as before your change",
            described(came),
            next(each.source for each in answer.instructions if is_exit(each)),
            1,
        )


def outcome(program: Program, case: RepairCase) -> Outcome:
    """Return the Outcome of a run of ``program`` on ``case``, a RepairCase. Raises Fault."""
    machine = Machine(program, context_of(case.arguments), budget=BUDGET)
    held = [each for each in program.maps if isinstance(each, Array | Hash)]
    for description in held:
        if isinstance(description.value, Integer) and isinstance(description.key, Integer):
            values = entries_of(machine, description)
            for key, value in case.entries.items():
                if not isinstance(description, Array) or key < description.max_entries:
                    values.update(key, value % (1 << 8 * description.value.size))
    result = machine.run()
    maps = {each.name: dict(entries_of(machine, each).items()) for each in held}
    return Outcome(result, tuple(map(shown, machine.output)), maps)


def shown(output: Output) -> str:
    """Return ``output``, a Sent or Printed, as a str with the name of the map: a page has maps of
    its own."""
    return output.text if isinstance(output, Printed) else f"{output.map.name}: {output.data.hex()}"


def described(outcome: Outcome) -> str:
    """Return ``outcome``, an Outcome, in a few words."""
    parts = [f"r0 = {outcome.result:#x}"]
    parts += [f"{name} = {entries}" for name, entries in outcome.maps.items()]
    return ", ".join(parts) + (f", {len(outcome.output)} sent" if outcome.output else "")
