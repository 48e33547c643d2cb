"""The interpreter against the conformance suite: programs, memory and the r0 they must give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tuxscope.asm import DecodeError, Label, Program, RawTracepoint, decode_all
from tuxscope.vm import Fault, Machine

ORACLES = Path(__file__).parents[3] / "shared" / "oracles"
if not ORACLES.is_dir():
    pytest.skip("no ../shared/oracles beside the project", allow_module_level=True)

CASES = json.loads((ORACLES / "conformance.json").read_text())["tests"]
REFUSED = {"callx"}  # in no RFC

Case = dict[str, Any]


def result(case: Case) -> int:
    """Run the program on its memory, with the memory's address and length as arguments."""
    instructions = tuple(decode_all(bytes.fromhex(case["code"]), "little"))
    program = Program("case", RawTracepoint(), instructions, (Label("case", 0),))
    memory = bytes.fromhex(case["mem"])
    machine = Machine(program, memory, writable_context=True, byteorder="little")
    return machine.run(*((machine.context, len(memory)) if memory else (0, 0)))


def named(case: Case) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", [each for each in CASES if each["set"] == "tests"], ids=named)
def test_a_program_gives_the_suites_result(case: Case) -> None:
    if case["name"] in REFUSED:
        with pytest.raises(DecodeError, match="unknown opcode"):
            result(case)
        return
    assert result(case) == int(case["r0"], 16)


@pytest.mark.parametrize("case", [each for each in CASES if each["set"] != "tests"], ids=named)
def test_what_is_no_program_is_refused(case: Case) -> None:
    with pytest.raises((DecodeError, Fault)):
        result(case)


def test_all_of_the_suite_is_here() -> None:
    names = [case["name"] for case in CASES if case["set"] == "tests"]
    assert len(names) == 313
    assert set(names) >= REFUSED
    assert len(CASES) - len(names) == 46
