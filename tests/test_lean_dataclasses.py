"""tuxscope's dataclasses are those of the standard library, as far as anybody can tell."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import KW_ONLY  # the standard library looks for it here
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from pace import LIMIT

from tuxscope import lean_dataclasses
from tuxscope.asm import Instruction, PerfEventArray, ProgramError, SourceLine
from tuxscope.asm.forms import Const, Range
from tuxscope.record import Record, u32


def declared(maker: Any) -> SimpleNamespace:
    """The same classes, by one module's ``dataclass`` and ``field``."""
    dataclass, field = maker.dataclass, maker.field

    @dataclass(frozen=True)
    class Base:
        kind: ClassVar[int] = 7
        name: str
        _: KW_ONLY
        size: int = 0

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError(self.name)

    @dataclass(frozen=True)
    class Derived(Base):
        record: int
        second: int = 2

    class Plain(Derived):
        pass

    @dataclass(frozen=True, slots=True)
    class Slots:
        number: int
        unseen: int | None = field(default=None, compare=False, repr=False)
        made: int = field(init=False, compare=False, repr=False)
        fixed: int = field(default=3, init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "made", self.number * 2)

    @dataclass(frozen=True, slots=True, eq=False)
    class Identity:
        number: int

        def __repr__(self) -> str:
            return "mine"

    @dataclass(frozen=True)
    class Empty:
        pass

    @dataclass()
    class Changing:
        number: int = 0

    return SimpleNamespace(**{each.__name__: each for each in (
        Base, Derived, Plain, Slots, Identity, Empty, Changing
    )})  # fmt: skip


OURS, THEIRS = declared(lean_dataclasses), declared(dataclasses)


def outcome(call: Callable[[Any], object], classes: SimpleNamespace) -> object:
    """What a call returns, or what it raises and says."""
    try:
        return call(classes)
    except Exception as error:
        return type(error), str(error)


SAME: dict[str, Callable[[Any], object]] = {
    "repr": lambda c: [repr(c.Base("a", size=1)), repr(c.Plain("a", 1)), repr(c.Slots(1, 2))],
    "repr of one's own": lambda c: repr(c.Identity(1)),
    "fields": lambda c: vars(c.Plain("a", 1, size=4)),
    "no dict": lambda c: hasattr(c.Slots(1), "__dict__"),
    "slots": lambda c: c.Slots.__slots__,
    "made": lambda c: (c.Slots(4).made, c.Slots(4).fixed),
    "equal": lambda c: (c.Slots(1, 2) == c.Slots(1, 3), c.Slots(1) == c.Slots(2)),
    "of another class": lambda c: (c.Plain("a", 1) == c.Derived("a", 1), c.Empty() == 3),
    "empty": lambda c: (c.Empty() == c.Empty(), repr(c.Empty())),
    "identity": lambda c: (c.Identity(1) == c.Identity(1), len({c.Identity(1), c.Identity(1)})),
    "hash": lambda c: len({c.Derived("a", 1), c.Derived("a", 1), c.Derived("b", 1)}),
    "no hash": lambda c: hash(c.Changing()),
    "changing": lambda c: setattr(c.Changing(), "number", 3),
    "signatures": lambda c: [str(inspect.signature(each)) for each in vars(c).values()],
    "signature of __init__": lambda c: str(inspect.signature(c.Derived.__init__)),
    "post_init": lambda c: c.Plain("a", 1, size=-1),
    "too few": lambda c: c.Plain("a"),
    "too many": lambda c: c.Derived("a", 1, 2, 3),
    "unknown": lambda c: c.Derived("a", 1, colour=3),
    "not init": lambda c: c.Slots(1, made=3),
    "match": lambda c: [each.__match_args__ for each in vars(c).values()],
    "replace": lambda c: dataclasses.replace(c.Plain("a", 1, size=4), record=3),
    "asdict": lambda c: dataclasses.asdict(c.Slots(1)),
    "field names": lambda c: [
        (each.name, each.type, each.init, each.repr, each.compare, each.kw_only)
        for each in dataclasses.fields(c.Plain)
    ],
    "is_dataclass": lambda c: dataclasses.is_dataclass(c.Plain),
    "frozen base": lambda c: dataclasses.dataclass(type("Thawed", (c.Base,), {})),
    "class variable": lambda c: c.Plain.kind,
    "copies": lambda c: repr(copy.deepcopy(copy.copy(c.Slots(1, 2)))),
    "copies without slots": lambda c: repr(copy.copy(c.Plain("a", 1))),
}


@pytest.mark.parametrize("call", SAME.values(), ids=SAME.keys())
def test_they_do_the_same(call: Callable[[Any], object]) -> None:
    ours, theirs = outcome(call, OURS), outcome(call, THEIRS)
    assert repr(ours) == repr(theirs)


def test_replace_is_that_of_the_standard_library() -> None:
    line = SourceLine("hello.py", 3, "a.exit()")
    changed = SourceLine("hello.py", 4, "a.exit()")
    assert lean_dataclasses.replace(line, line=4) == dataclasses.replace(line, line=4) == changed
    moved = Instruction(0x07, 1, imm=3)
    assert lean_dataclasses.replace(moved, imm=4) == dataclasses.replace(moved, imm=4)
    with pytest.raises(TypeError, match="unexpected keyword argument 'row'"):
        lean_dataclasses.replace(line, row=4)  # type: ignore[call-arg]


@pytest.mark.parametrize("change", [
    lambda line: setattr(line, "line", 4), lambda line: setattr(line, "other", 4),
    lambda line: delattr(line, "line"),
])  # fmt: skip
def test_what_is_frozen_stays(change: Callable[[SourceLine], None]) -> None:
    line = SourceLine("hello.py", 3, "a.exit()")
    with pytest.raises(dataclasses.FrozenInstanceError):
        change(line)
    assert line == pickle.loads(pickle.dumps(line))


def test_a_dataclass_of_anybody_may_be_derived() -> None:
    @dataclasses.dataclass(frozen=True)
    class Column(Range):
        title: str = ""

    assert repr(Column(1, 2, title="a")).endswith("high=2, zero=True, wider=False, title='a')")
    match Const(4):
        case Const(value):
            assert value == 4


def test_the_author_of_a_mistake_is_the_one_who_made_the_object() -> None:
    class Event(Record):
        number = u32

    with pytest.raises(ProgramError, match=r"^test_lean_dataclasses\.py:\d+: PerfEventArray\("):
        PerfEventArray("a b", Event)


@pytest.mark.parametrize("module", ["tuxscope.asm", "tuxscope.loader.perf_reader"])
def test_what_they_are_there_to_avoid(module: str) -> None:
    script = f"import sys, {module}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    ).stdout.split()
    assert module in loaded
    assert not {"dataclasses", "inspect"} & set(loaded)
