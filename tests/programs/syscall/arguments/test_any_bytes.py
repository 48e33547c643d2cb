"""No declared call raises an error, whatever its arguments and its memory are."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tuxscope.abi.architecture import ARCHITECTURES, Abi
from tuxscope.calls.reads import RESULT, ReadKind, Status
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.declarations import declaration, lines
from tuxscope.programs.syscall.arguments.text import arguments_json, arguments_text, result_text

ABIS = [(machine, abi) for machine in ARCHITECTURES.values() for abi in machine.abis]
NUMBERS = st.integers(0, 10) | st.integers(0, 2**64 - 1) | st.integers(0, 31).map(lambda x: 1 << x)
RESULTS = st.integers(-4095, 10) | st.integers(-(2**63), 2**63 - 1)
BYTES = st.binary(max_size=300)
STATUSES = st.sampled_from(Status)


@st.composite
def calls(draw: st.DrawFn, name: str) -> Call:
    """Return a call with any arguments, and any memory behind them."""
    architecture, abi = draw(st.sampled_from(ABIS))
    parts: dict[tuple[int, int], list[Part]] = {}
    for planned in declaration(name, abi).plan:
        elements = draw(st.integers(0, 2))
        data = st.binary(min_size=8, max_size=8) if planned.read.what is ReadKind.FILE else BYTES
        parts[planned.key] = [
            part(draw(STATUSES), element, draw(data)) for element in range(elements)
        ]
    return Call(
        name, abi, architecture,
        values=tuple(draw(NUMBERS) for _ in range(RESULT)),
        result=draw(RESULTS), finished=draw(st.booleans()), parts=parts,
        path=lambda number: b"/tmp" if number % 2 else b"",
        string_size=draw(st.integers(0, 40)),
    )  # fmt: skip


def part(status: Status, element: int, data: bytes) -> Part:
    """Return a part, which is empty after a fault."""
    return Part(status, element, data if status is not Status.FAULT else b"")


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(sorted(lines())).flatmap(calls))
def test_any_bytes(call: Call) -> None:
    assert arguments_text(call).isprintable()
    assert result_text(call).isprintable()
    json.dumps(arguments_json(call))


def test_every_abi_is_drawn() -> None:
    assert {abi for _, abi in ABIS} == set(Abi)
