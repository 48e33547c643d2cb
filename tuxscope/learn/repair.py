"""Repair exercises: ``verifier/NAME`` is an entry of the gallery, to be mended."""

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
from tuxscope.learn.exercise import Exercise
from tuxscope.learn.gallery import page
from tuxscope.learn.gallery.entry import Entry
from tuxscope.learn.gallery.table import GALLERY
from tuxscope.learn.kernel import Kernel
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import (
    Submission,
    calls_function,
    context_of,
    entries_of,
    goes_back,
    is_exit,
)
from tuxscope.record.types import Integer
from tuxscope.vm import Fault, Machine, Printed
from tuxscope.vm.state import Output

PREFIX = "verifier/"
ROUNDS = 8
BUDGET = 20_000  # steps of one run
WIDTH = 96
SAID = os.path.join(os.path.dirname(page.__file__), "said.json")


def repairable(entry: Entry) -> bool:
    """Whether there is something to mend in Python, and somebody who tells that it was mended.

    What only those without privilege are refused, nobody tells who grades with it.
    """
    return not entry.patch and not (entry.unprivileged and entry.foreseen is None)


ENTRIES = {f"{PREFIX}{each.key}": each for each in GALLERY if repairable(each)}


@cache
def said() -> dict[str, list[str]]:
    """What Linux 6.18 says of each entry: the lines of its log that tell why."""
    with open(SAID, encoding="utf-8") as file:
        told: dict[str, list[str]] = json.load(file)
    return told


def exercise_of(name: str) -> Exercise:
    entry = ENTRIES[name]
    return Exercise(
        name,
        f"mend: {entry.title.lower()}",
        (entry.means, entry.mend, f"What to type: {entry.hint}."),
        partial(grade, entry),
        grade_on_kernel,
    )


def starter(name: str) -> str:
    """The page with the rejected program."""
    entry = ENTRIES[name]
    words = "\n".join(f"    {line}" for line in said()[entry.key])
    task = "Task: mend it, so that the kernel takes it and it still does what it is there for."
    return page.page_of(
        entry.rejected,
        f"The kernel refuses this program. What it says:\n\n{words}\n\n"
        f"{fill(task, WIDTH)}\n\n    tuxscope learn check {name}\n",
    )


def solution(name: str) -> str:
    """The page with the mended one."""
    entry = ENTRIES[name]
    return page.page_of(entry.mended, fill(f"{entry.title}: {entry.mend}", WIDTH))


def grade(entry: Entry, submission: Submission) -> None:
    rejected, mended, answer = entry.program(), entry.mended_program(), submission.program()
    if code_of(answer) == code_of(rejected):
        raise Mistake("a program that the kernel takes", refusal(entry), blamed(entry, answer))
    check_kept(rejected, mended, answer, submission)
    for case in cases(submission.dice):
        check_same(rejected, mended, answer, case)


def grade_on_kernel(submission: Submission) -> None:
    """Load it. Raises VerifierError."""
    with Kernel(submission):
        pass


def code_of(program: Program) -> tuple[Any, ...]:
    """What the kernel judges, whoever declared the maps: a page has its own."""
    maps = [(each.type, each.key_size, each.value_size) for each in program.maps]
    return program.encode(dict.fromkeys(program.maps, 0)), program.license, program.attach, maps


def refusal(entry: Entry) -> str:
    return f"it is as it was, and the kernel says: {said()[entry.key][0]}"


def blamed(entry: Entry, answer: Program) -> SourceLine | None:
    """The line of an answer that is the one which the kernel refuses the entry for."""
    culprit = entry.culprit
    for ours, theirs in zip(entry.program().instructions, answer.instructions, strict=False):
        if culprit and ours.source and ours.source.line == culprit.line:
            return theirs.source
    return None


# It has not simply been emptied


def check_kept(rejected: Program, mended: Program, answer: Program, given: Submission) -> None:
    """Raises Mistake where something is missing that both of ours have."""
    has = set(ingredients(answer))
    for each in ingredients(rejected):
        if each in set(ingredients(mended)) and each not in has:
            raise Mistake(f"a program that still {each}", "it does not", given.definition, 1)


def ingredients(program: Program) -> Iterator[str]:
    """What a program does, in words."""
    for each in program.instructions:
        if each.map:
            yield f"uses {each.map.name}"
        if each.form.operation is CallSource.HELPER and each.imm <= len(NAMES):
            yield f"calls {NAMES[each.imm - 1]}"
        for told, holds in KINDS.items():
            if holds(each):
                yield told


def of_kind(*kinds: FormKind) -> Callable[[Instruction], bool]:
    return lambda each: each.form.kind in kinds


KINDS: Mapping[str, Callable[[Instruction], bool]] = {
    "calls a function of its own": calls_function,
    "has a loop": goes_back,
    "loads from memory": of_kind(FormKind.LOAD),
    "stores to memory": of_kind(FormKind.STORE, FormKind.ATOMIC),
}


# What was right is still so


@dataclass(frozen=True, slots=True)
class RepairCase:
    """One input: the context's first numbers, and what is in maps with whole numbers as keys."""

    arguments: tuple[int, ...]
    entries: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run leaves."""

    result: int
    output: tuple[str, ...]
    maps: Mapping[str, Any]


def cases(dice: random.Random) -> Iterator[RepairCase]:
    for _ in range(ROUNDS):
        arguments = tuple(dice.getrandbits(dice.choice((6, 64))) for _ in range(12))
        keys = range(dice.randrange(3))
        yield RepairCase(arguments, {key: dice.getrandbits(64) for key in keys})


def check_same(rejected: Program, mended: Program, answer: Program, case: RepairCase) -> None:
    """Where the rejected program came to what the mended one does, the answer has to, too; and
    nowhere may it fault where ours does not. Raises Mistake, or the answer's Fault."""
    try:
        right = outcome(mended, case)
    except Fault:  # what it needs, a packet or a socket, is not there in the interpreter
        return
    came = outcome(answer, case)
    try:
        before = outcome(rejected, case)
    except Fault:
        return
    if before == right != came:
        raise Mistake(
            f"what was right as it was: {told(right)}",
            told(came),
            next(each.source for each in answer.instructions if is_exit(each)),
            1,
        )


def outcome(program: Program, case: RepairCase) -> Outcome:
    """Raises Fault."""
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
    """What was sent or printed, whichever map it is: a page has its own."""
    return output.text if isinstance(output, Printed) else f"{output.map.name}: {output.data.hex()}"


def told(outcome: Outcome) -> str:
    """In a few words."""
    parts = [f"r0 = {outcome.result:#x}"]
    parts += [f"{name} = {entries}" for name, entries in outcome.maps.items()]
    return ", ".join(parts) + (f", {len(outcome.output)} sent" if outcome.output else "")
