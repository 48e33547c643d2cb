"""The kernel says the same of a program at log level 1, which loaders ask for, and at level 2."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from random import Random

import pytest
from checks.programs import MAPS, disordered, random_program
from pace import fewer
from verifier.kernel import privilege, release
from vm.function import MEMORY, RESULTS
from vm.kernel import Kernel
from vm.programs import case

from tuxscope.asm import Map, Program
from tuxscope.explain.explain import explain
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.table import GALLERY
from tuxscope.loader import btf
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load_btf
from tuxscope.loader.verification import LoadRefused, LogLevel, attributes, load_with_log

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        release() < (5, 18),
        reason="level 1 has few states before Linux 5.18: the loader asks for level 2 then",
    ),
]

# So many have to be rejected of each kind; make fuzz asks for 2,000, and for others.
FUZZ = os.environ.get("TUXSCOPE_FUZZ_LEVELS")
PROGRAMS = int(FUZZ or 300)
FIRST_SEED = int(os.environ.get("TUXSCOPE_FUZZ_SEED") or 0) * 1_000_000
TOO_LONG = "BPF program is too large"  # of these level 2 tells for a minute


@contextmanager
def held(maps: tuple[Map, ...]) -> Iterator[dict[Map, int]]:
    """The maps, and their file descriptors."""
    with ExitStack() as stack:
        yield {each: stack.enter_context(LoadedMap(each)).fileno() for each in maps}


def logs(program: Program, maps: dict[Map, int], long: bool = False) -> list[str]:
    """What the kernel says at both levels; of an accepted program less, and of one that takes it
    long, unless that is wanted."""
    said: list[str] = []
    code = program.encode(maps)
    info = btf.build(program)
    with ExitStack() as stack:
        types = stack.enter_context(load_btf(program, info)) if info else None
        plain = stack.enter_context(attributes(program, code, info, types))
        for level in (LogLevel.LEVEL1, LogLevel.LEVEL2):
            try:
                load_with_log(plain, level, grow=False)[0].close()
            except LoadRefused as refused:
                if not long and (refused.truncated or TOO_LONG in refused.log):
                    break
                said.append(refused.log)
            else:
                break
    return said


def compare(first: str, second: str, program: Program) -> None:
    assert explain(first, program) == explain(second, program), f"{first}\n{second}"
    assert explain(first) == explain(second), f"{first}\n{second}"


@pytest.mark.parametrize("entry", GALLERY, ids=lambda entry: entry.key)
def test_the_gallery(entry: Entry) -> None:
    if entry.key == "too-many-instructions" and not FUZZ:
        pytest.skip("level 2 tells of it for a minute; make fuzz waits for that")
    program = entry.program()
    with held(tuple(program.maps)) as maps, privilege(entry):
        first, second = logs(program, maps, long=True)
    if TOO_LONG not in first:
        compare(first, second, program)
        return
    # What is left of each log is its end, and of the longer one that is less.
    one, other = explain(first, program), explain(second, program)
    assert (one.cause, one.sentence, one.hint) == (other.cause, other.sentence, other.hint)
    assert one.cause == entry.key


def until_rejected(programs: int, make: Callable[[int], Program], maps: dict[Map, int]) -> None:
    rejected = 0
    for seed in count(FIRST_SEED):
        program = make(seed)
        said = logs(program, maps)
        if len(said) == 2:
            compare(*said, program)
            rejected += 1
        if rejected == programs:
            break


def test_programs_of_an_author_s() -> None:
    with held(MAPS) as maps:
        until_rejected(fewer(PROGRAMS), random_program, maps)


def test_programs_of_random_instructions() -> None:
    with Kernel() as kernel, held((MEMORY, RESULTS)) as maps:
        features = kernel.features()

        def make(seed: int) -> Program:
            random = Random(seed)
            return disordered(case(random.randbytes, features).program, random)

        until_rejected(max(1, fewer(PROGRAMS) // 10), make, maps)
