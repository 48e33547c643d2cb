"""Errors survive what Python does to exceptions: copies, pickles, and the way out of a pool."""

from __future__ import annotations

import copy
import pickle
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT

import tuxscope
from tuxscope.asm import (
    Array,
    Assembler,
    AssemblyError,
    CheckError,
    OperandError,
    Program,
    RawTracepoint,
    SourceLine,
    r0,
    r1,
    r6,
)
from tuxscope.asm.parser import assemble
from tuxscope.errors import LocatedError, Portable, TuxscopeError, shown
from tuxscope.explain.errors import ExplainedError
from tuxscope.explain.explain import explain
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.loader.attach import AttachError
from tuxscope.loader.verifier import VerifierError
from tuxscope.page.loading import PageError
from tuxscope.page.page import PartError
from tuxscope.record import Record, u32
from tuxscope.vm import Fault, Machine

LINE = SourceLine("hello.py", 34, "a.mov(r0, r9)")
LOG = "0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n"


def kinds(base: type[BaseException]) -> Iterator[type[BaseException]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def own_kinds() -> list[type[BaseException]]:
    """All exceptions that are defined in the package."""
    for module in pkgutil.walk_packages(tuxscope.__path__, "tuxscope."):
        # Pages of exercises are for students to run, and the command's entry runs at once.
        if ".starters." not in module.name and not module.name.endswith("__main__"):
            import_module(module.name)
    found = {each for each in kinds(BaseException) if each.__module__.startswith("tuxscope.")}
    return sorted(found, key=lambda kind: kind.__qualname__)


KINDS = own_kinds()


def made(kind: type[BaseException]) -> BaseException:
    """One of a kind, whatever its ``__init__`` takes."""
    error = kind.__new__(kind, "what", "why")
    error.args = ("what is wrong",)
    vars(error).update(problem="it is", source=LINE, hint="type this", slot=3, log="0: exit")
    vars(error).update(program_name="p")
    vars(error).update(file="a.s", line=1, column=2, instruction=None, registers=(1, None))
    return error


def pickled(error: BaseException) -> BaseException:
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, BaseException)
    return again


WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickled]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__qualname__)
def test_every_kind_survives(kind: type[BaseException], way: Callable[[Any], Any]) -> None:
    error = made(kind)
    error.add_note("while it was tried")
    again = way(error)
    assert type(again) is kind
    assert again is not error
    assert again.args == error.args
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_each_that_has_a_line_is_of_one_type() -> None:
    located = {AssemblyError, PageError, PartError, AttachError, Fault, VerifierError, Mistake}
    assert all(issubclass(each, LocatedError) for each in located)
    for kind in (each for each in KINDS if issubclass(each, LocatedError)):
        assert issubclass(kind, (*located, ExplainedError)) or kind is LocatedError
        assert not {"source", "problem", "hint", "slot", "column"} & set(vars(kind))


def test_a_line_a_problem_and_a_hint_are_one_sentence() -> None:
    assert str(LocatedError("it is wrong")) == "it is wrong"
    assert str(LocatedError("it is wrong", hint="type this")) == "it is wrong; type this"
    error = LocatedError("it is wrong", LINE, column=3, hint="type this", slot=7)
    assert str(error) == f"{LINE}: it is wrong; type this"
    assert error.place == "hello.py:34"
    assert error.remarks == (("hint", "type this"),)


def test_the_kinds_are_all_there() -> None:
    assert len(KINDS) > 60
    names = {kind.__qualname__ for kind in KINDS}
    assert {"CheckError", "TextError", "VerifierError", "Fault", "PageError", "MapError"} <= names
    assert {"AttachError", "LoadRefused", "Mistake", "TuxscopeError"} <= names


def returned() -> Program:
    a = Assembler("returned", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    return a.program()


def refused_by_check() -> None:
    a = Assembler("unset", attach=RawTracepoint())
    a.mov(r0, r6)
    a.exit()
    a.program()


def refused_text() -> None:
    assemble("r0 = \nexit", "text", RawTracepoint())


def refused_operand() -> None:
    Assembler("wide", attach=RawTracepoint()).mov(r0, 1 << 40)


def refused_by_verifier() -> None:
    raise VerifierError(returned(), LOG, explain(LOG))


def refused_local() -> None:
    """The program's record is in no module, so it cannot be pickled."""

    class Local(Record):
        count = u32

    a = Assembler("local", attach=RawTracepoint())
    a.ld_map(r1, Array("COUNTS", value=Local, max_entries=1))
    a.mov(r0, 0)
    a.exit()
    raise VerifierError(a.program(), LOG, explain(LOG))


def refused_by_machine() -> None:
    a = Assembler("faults", attach=RawTracepoint())
    a.mov(r0, r6)
    a.exit()
    Machine(a.program(check=False)).run()


RAISING = [refused_by_check, refused_text, refused_operand, refused_by_verifier, refused_by_machine]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("raising", RAISING)
def test_what_is_raised_survives(raising: Callable[[], None], way: Callable[[Any], Any]) -> None:
    with pytest.raises(TuxscopeError) as caught:
        raising()
    again = way(caught.value)
    assert vars(again) == vars(caught.value)
    assert str(again) == str(caught.value)


def test_what_cannot_be_pickled_is_none_and_the_rest_survives() -> None:
    with pytest.raises(VerifierError) as caught:
        refused_local()
    again = pickled(caught.value)
    assert isinstance(again, VerifierError)
    assert again.program is None
    assert str(again) == str(caught.value)
    assert (again.slot, again.log, again.explanation) == (
        caught.value.slot, LOG, caught.value.explanation,
    )  # fmt: skip
    assert copy.copy(caught.value).program is caught.value.program


def test_what_cannot_be_made_again_is_none() -> None:
    """As in a parent that has no module of the page that its worker ran."""

    class Elsewhere:
        def __reduce__(self) -> tuple[Any, ...]:
            return import_module, ("no_such_module",)

    error = OperandError("wrong", LINE)
    error.found = Elsewhere()  # type: ignore[attr-defined]
    again = pickled(error)
    assert vars(again) == vars(error) | {"found": None}
    assert isinstance(again, OperandError)
    assert (again.problem, again.source, again.args) == ("wrong", LINE, ("wrong",))


def test_what_cannot_be_deep_copied_is_shared() -> None:
    error = OperandError("wrong", LINE)
    error.held = threading.Lock()  # type: ignore[attr-defined]
    assert copy.deepcopy(error).held is error.held  # type: ignore[attr-defined]


POOL = """
import multiprocessing
import test_errors

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for raising in (*test_errors.RAISING, test_errors.refused_local):
            try:
                pool.apply(raising)
            except test_errors.TuxscopeError as error:
                print(type(error).__name__)
"""


def test_a_pool_raises_them() -> None:
    """In a process of its own: a pool whose result cannot be unpickled hangs, and its exit too."""
    done = subprocess.run(
        [sys.executable, "-c", POOL],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stdout.split() == [
        "UninitialisedRegisterError", "TextError", "OperandError", "VerifierError",
        "UninitialisedRegisterFault", "VerifierError",
    ], done.stderr  # fmt: skip


def test_what_is_raised_in_the_package_is_portable() -> None:
    """Those without an ``__init__`` of their own survive in any case."""
    ours = [kind for kind in KINDS if "__init__" in vars(kind)]
    assert all(issubclass(kind, Portable) for kind in ours)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (True, "True"),
        ("out", "'out'"),
        (-(10**5000), "a number of 16610 bits"),
        ([10**5000], "<list>"),
        ("x" * 5000, "'" + "x" * 116 + "..."),
    ],
    ids=["int", "bool", "str", "long-int", "list-of-one", "long-str"],
)
def test_a_value_is_shown_in_a_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_value_that_cannot_be_shown_is_named() -> None:
    class Silent:
        def __repr__(self) -> str:
            raise RuntimeError

    assert shown(Silent()) == "<Silent>"


def test_a_check_error_keeps_its_hint() -> None:
    error = CheckError("wrong", "type this", 3, LINE)
    assert str(pickled(error)) == str(error) == f"{LINE}: wrong; type this"
