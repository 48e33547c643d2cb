"""What the library says of an argument that is something else, before it asks the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tuxscope
from tuxscope.asm import Assembler, Program, RawTracepoint, r0
from tuxscope.errors import TuxscopeError
from tuxscope.loader import Link, LoadedMap, PerfReader, load
from tuxscope.programs.hello import EVENTS, PAGE, hello
from tuxscope.record import Record, u32
from tuxscope.vm import Machine


class Other(Record):
    pid = u32


def assembler() -> Assembler:
    a = Assembler("nothing", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    return a


PROGRAM = assembler().program()
TAKERS: dict[str, Callable[[Any], object]] = {
    "load": load, "tuxscope.open": tuxscope.open, "Machine": Machine,
}  # fmt: skip


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (assembler(), "not an Assembler; pass the result of its program(): {}(a.program())"),
        (hello, "not a function; call it: {}(hello())"),
        (PAGE, "not a Page; call its function: {}(PAGE.program())"),
        ("hello.py", "not a str; pass the result of an Assembler's program()"),
        (None, "not None; pass the result of an Assembler's program()"),
        (Program, "not the class Program; pass the result of an Assembler's program()"),
    ],
    ids=["assembler", "function", "page", "str", "none", "class"],
)
def test_what_takes_a_program_takes_nothing_else(taker: str, given: Any, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        TAKERS[taker](given)
    assert isinstance(caught.value, TuxscopeError)
    assert str(caught.value) == f"{taker} takes a Program, {says.format(taker)}"


@pytest.mark.parametrize("taker", ["load", "tuxscope.open"])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((PROGRAM, hello), "takes a Program, not a function; call it: {}(hello())"),
        ([PROGRAM, None], "takes a Program, not None; pass the result of an Assembler's program()"),
        (
            (PROGRAM, (PROGRAM, PROGRAM)),
            "takes a Program in each place, not a tuple; unpack it, as in (program, *programs)",
        ),
        ((), "takes at least one program; this tuple is empty"),
        ([], "takes at least one program; this list is empty"),
    ],
    ids=["function", "none", "nested", "empty tuple", "empty list"],
)
def test_what_takes_programs_names_the_one_that_is_none(taker: str, given: Any, says: str) -> None:
    with pytest.raises(TuxscopeError) as caught:
        TAKERS[taker](given)
    assert str(caught.value) == f"{taker} {says.format(taker)}"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Machine((PROGRAM, PROGRAM)), "not a tuple; call Machine(program) for each"),
        (lambda: Link(PROGRAM), "not a Program; load it first, as in Link(load(program))"),
        (lambda: Link(assembler()), "not an Assembler; load it first, as in Link(load(program));"),
        (
            lambda: load(hello(), [EVENTS]),
            "load takes loaded maps by their descriptions, not a list",
        ),
        (lambda: load(hello(), {"EVENTS": 3}), "by their descriptions, not a str; as in maps={"),
        (lambda: load(hello(), {EVENTS: EVENTS}), "not a PerfEventArray; as in maps={COUNTS: "),
        (lambda: LoadedMap("COUNTS"), "LoadedMap takes a map's description, not a str; as in "),
        (lambda: LoadedMap(Other), "description, not the class Other; as in LoadedMap("),
        (lambda: PerfReader(EVENTS), "a loaded map, not a PerfEventArray; as in load(program)."),
        (lambda: Machine(PROGRAM, "abc"), "its context as bytes, not a str"),
        (lambda: Machine(PROGRAM, 64), "its context as bytes, not an int; as in Machine(program, "),
        (lambda: Machine(PROGRAM, world={"pid": 1}), "Machine takes a World, not a dict"),
        (
            lambda: tuxscope.open(hello(), "EVENTS"),
            "has EVENTS of HelloEvent, but not 'EVENTS'; pass",
        ),
        (
            lambda: tuxscope.open(hello(), Other),
            "has EVENTS of HelloEvent, but not Other; pass the",
        ),
    ],
)
def test_another_argument_is_told(call: Callable[[], object], says: str) -> None:
    with pytest.raises(TuxscopeError) as caught:
        call()
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"order_by": "timestamp_ns"}, "for order_by a field of HelloEvent, not a str"),
        ({"order_by": Other.pid}, "for order_by a field of HelloEvent, not a Field"),
        ({"buffer_pages": "8"}, "invalid ring size: '8' pages"),
        ({"buffer_pages": 1.5}, "invalid ring size: 1.5 pages"),
    ],
    ids=str,
)
def test_a_reader_s_argument_is_told(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(TuxscopeError) as caught:
        tuxscope.open(hello(), **arguments)
    assert says in str(caught.value)


@pytest.mark.kernel
def test_a_run_takes_bytes() -> None:
    with load(PROGRAM) as loaded:
        assert loaded.test_run().retval == 0
        for arguments in ({"data": "abc"}, {"context": "abc"}, {"context": 64}):
            with pytest.raises(TuxscopeError, match="test_run takes bytes for"):
                loaded.test_run(**arguments)
        with pytest.raises(TuxscopeError, match=r"not a LoadedProgram; pass its \.program"):
            load(loaded)
