"""Annotations without typing, in the command alone; and what of it is used when it runs."""

from __future__ import annotations

import subprocess
import sys
import typing

from pace import LIMIT

from tuxscope import lean_typing

# A module that imports it first, as the command's do; what it does is the same with typing's own.
SCRIPT = """
from __future__ import annotations
import sys
{first}
from tuxscope.lean_typing import Generic, Literal, NamedTuple, Protocol, TypeVar, cast, overload

class Number(NamedTuple):
    "A number."
    low: int
    high: int = 7
    @property
    def width(self): return self.high - self.low

class Null(Number):
    "Another."

T = TypeVar("T", covariant=True)
class Place(Protocol[T]):
    def at(self) -> T: ...
class Type(Generic[T]): ...
class Integer(Type[int]): ...
Order = Literal["little", "big"]

@overload
def twice(value: int) -> int: ...
def twice(value): return value * 2

number = Number(1)
assert number == (1, 7) and number.width == 6 and number._replace(high=2) == Number(1, high=2)
assert Number.__doc__ == "A number." and repr(number) == "Number(low=1, high=7)"
assert Null(1, 7) == number and isinstance(Null(0), Number) and hash(Null(1)) == hash(number)
assert not hasattr(number, "__dict__") and Number._fields == ("low", "high")
assert issubclass(Integer, Type) and twice(cast(int, 2)) == 4
import copy, pickle
assert pickle.loads(pickle.dumps(number)) == copy.copy(number) == number
"""


def ran(first: str, more: str = "") -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(first=first) + more
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT, check=False
    )


def test_it_works_alike_in_the_command_and_for_a_library() -> None:
    for first in ("import tuxscope.entry", ""):
        done = ran(first)
        assert (done.returncode, done.stderr) == (0, ""), first


def test_only_the_command_does_without_typing() -> None:
    more = "assert ('typing' in sys.modules) == {}"
    if sys.version_info < (3, 14):  # whose own modules may import it
        assert ran("import tuxscope.entry", more.format(False)).returncode == 0
    assert ran("", more.format(True)).returncode == 0


def test_the_names_are_typing_s() -> None:
    names = [each for each in lean_typing.__all__ if each != "TYPE_CHECKING"]
    assert "tuxscope.entry" in sys.modules or all(
        getattr(lean_typing, each) is getattr(typing, each) for each in names
    )
