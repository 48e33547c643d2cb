"""The checks against the kernel: of random programs that it accepts, none is complained of."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from random import Random

import pytest
from pace import fewer
from vm.function import MEMORY, RESULTS
from vm.kernel import Kernel as Machine
from vm.programs import case

from checks.conftest import Alarms
from checks.programs import COUNTS, MAPS, disordered, random_program
from tuxscope.asm import (
    Assembler,
    CheckError,
    Program,
    RawTracepoint,
    UninitialisedStackError,
    helper,
    r0,
    r1,
    r2,
    r10,
)
from tuxscope.asm.checks import check
from tuxscope.asm.instruction import SLOT
from tuxscope.loader import bpf
from tuxscope.loader.bpf_attributes import ProgLoad
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import u32, u64

# So many of an author's have to be accepted, and half as many of random instructions; make fuzz
# asks for more, and for others.
PROGRAMS = int(os.environ.get("TUXSCOPE_FUZZ_ALARMS") or 300)
FIRST_SEED = int(os.environ.get("TUXSCOPE_FUZZ_SEED") or 0) * 1_000_000
MOST_TRIES = 10  # for each that is to be accepted; about half of them are
# How many of those that the kernel refuses have to be foreseen, so that silence is no success: of
# an old kernel fewer, which lacks some instructions.
FORESEEN = 0.5


def junk() -> Program:
    """Looks up an uninitialised key: Linux 6.3 and later let a privileged program do that,
    above the lowest byte that it has used."""
    a = Assembler("junk", attach=RawTracepoint())
    a.st(u64[r10 - 512], 0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, a.stack(u32))
    a.call(helper.map_lookup_elem)
    a.mov(r0, 0)
    a.exit()
    return a.program(check=False)


class Kernel:
    """Asks the kernel; a context manager that holds the maps of all programs.

    Attributes:
        takes_junk: whether it lets stack bytes out that were never set.
    """

    def __init__(self) -> None:
        with ExitStack() as stack:
            self._maps = {
                each: stack.enter_context(LoadedMap(each)) for each in (*MAPS, MEMORY, RESULTS)
            }
            self._stack = stack.pop_all()
        self.takes_junk = self.accepts(junk())

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def accepts(self, program: Program) -> bool:
        """Load without asking why not: of an endless loop the verifier could tell for seconds."""
        code = program.encode({each: self._maps[each].fileno() for each in program.maps})
        code_buffer = ctypes.create_string_buffer(code, len(code))
        license_buffer = ctypes.create_string_buffer(program.license.encode())
        attributes = ProgLoad(
            prog_type=program.attach.type,
            insn_cnt=len(code) // SLOT,
            insns=bpf.address(code_buffer),
            license=bpf.address(license_buffer),
        )
        try:
            bpf.prog_load(attributes).close()
        except OSError:
            return False
        return True


def complaint(program: Program) -> CheckError | None:
    try:
        check(program)
    except CheckError as error:
        return error
    return None


def compare(kernel: Kernel, program: Program, name: str, alarms: Alarms) -> None:
    """Ask both.

    Without CAP_PERFMON most of what leaves junk is refused, but not all: since Linux 6.8 a
    constant that is stored in the first byte of 8 counts for all of them (is_spilled_reg).
    """
    error = complaint(program)
    if not kernel.accepts(program):
        alarms.refused += 1
        alarms.foreseen += error is not None
        return
    alarms.accepted += 1
    if isinstance(error, UninitialisedStackError) and kernel.takes_junk:
        alarms.junk += 1
    elif error:
        alarms.false.append(f"{name}: {error} (slot {error.slot})")


def compare_until(
    accepted: int, kernel: Kernel, alarms: Alarms, make: Callable[[int], Program]
) -> None:
    """Ask about the program of each seed, until so many were accepted."""
    for seed in count(FIRST_SEED):
        if alarms.accepted >= accepted or seed >= FIRST_SEED + MOST_TRIES * accepted:
            break
        compare(kernel, make(seed), f"seed {seed}", alarms)
    assert alarms.false == []
    assert alarms.accepted >= accepted


@pytest.mark.kernel
def test_no_program_of_an_author_s_is_complained_of(alarms: Alarms) -> None:
    with Kernel() as kernel:
        compare_until(fewer(PROGRAMS), kernel, alarms, random_program)
    assert alarms.foreseen >= FORESEEN * alarms.refused


# A record whose size has bits above the 32 that count, and a helper that takes nothing here.
@pytest.mark.kernel
@pytest.mark.parametrize("seed", [106895, 114196, 117198])
def test_what_was_complained_of_once(seed: int, alarms: Alarms) -> None:
    with Kernel() as kernel:
        compare(kernel, random_program(seed), f"seed {seed}", alarms)
    assert alarms.false == []


@pytest.mark.kernel
def test_no_program_of_random_instructions_is_complained_of(alarms: Alarms) -> None:
    """Those that the interpreter is compared by, with one or two of their instructions changed."""
    with Kernel() as kernel, Machine() as machine:
        features = machine.features()

        def make(seed: int) -> Program:
            random = Random(seed)
            return disordered(case(random.randbytes, features).program, random)

        compare_until(max(1, fewer(PROGRAMS) // 2), kernel, alarms, make)
