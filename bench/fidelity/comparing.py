"""What differs between strace's lines and tuxscope's, by kind."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from fidelity.aligning import aligned
from fidelity.lines import Kind, Line

PATH = re.compile(r"<[^<>]*(?:->[^<>]*)?>")
ADDRESS = re.compile(r"0x[0-9a-f]{5,}")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?')
WIDEST = 160  # characters of a line in an example


@dataclass(frozen=True, order=True)
class Difference:
    """A frozen dataclass: a kind of difference.

    Attributes:
        name: the call's, or the signal's.
        part: ``argument 2``, ``result``, ``missing``.
        how: what the two have there, in general.
    """

    name: str
    part: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.part}" + (f" ({self.how})" if self.how else "")


@dataclass
class Found:
    """A dataclass: the first example of a kind of difference, and how often it occurs.

    Attributes:
        theirs, ours: each a str, the differing text of strace and of tuxscope.
        command: the name of the command, a str.
        count: an int.
    """

    theirs: str
    ours: str
    command: str
    count: int = 0


@dataclass
class Comparison:
    """A dataclass: the lines of one command, compared.

    Attributes:
        command: its name, a str.
        lines: the number of strace's lines, an int.
        equal: how many of these are equal, an int.
        extra: the number of lines that only tuxscope has, an int.
        lost: the number of calls that tuxscope reports as lost, an int.
        kinds: a dict of Found by Difference; a line counts once, by its first difference.
        of_kind: a Counter of strace's lines by Kind.
    """

    command: str
    lines: int = 0
    equal: int = 0
    extra: int = 0
    lost: int = 0
    kinds: dict[Difference, Found] = field(default_factory=dict)
    of_kind: Counter[Kind] = field(default_factory=Counter)

    @property
    def percentage(self) -> float:
        return 100 * self.equal / self.lines if self.lines else 0.0

    def note(self, difference: Difference, theirs: str, ours: str) -> None:
        found = self.kinds.setdefault(
            difference, Found(theirs[:WIDEST], ours[:WIDEST], self.command)
        )
        found.count += 1


def label(line: Line) -> str:
    """The name that differences of a line go by."""
    match line.kind:
        case Kind.CALL:
            return line.name
        case Kind.SIGNAL:
            return f"--- {line.name} ---"
        case _:
            return "+++"


def how(theirs: str, ours: str) -> str:
    """Return in general terms, a str, how ``theirs`` and ``ours`` differ, both str: an argument or
    result of strace and of tuxscope."""
    if not theirs or not ours:
        return "only strace has it" if theirs else "only tuxscope has it"
    if PATH.sub("", theirs) == PATH.sub("", ours):
        return "the path of an fd"
    if ADDRESS.sub("", theirs) == ADDRESS.sub("", ours):
        return "an address"
    if ADDRESS.fullmatch(ours):
        return "tuxscope has an address"
    if ADDRESS.fullmatch(theirs):
        return "strace has an address"
    if STRING.sub("", theirs) == STRING.sub("", ours):
        return "a string"
    one, other = re.findall(r"\w+=", theirs), re.findall(r"\w+=", ours)
    if theirs[0] == "{" == ours[0]:
        mine, yours = re.split(r", ", theirs), re.split(r", ", ours)
        if one != other:
            return "other fields"
        fields = {a.partition("=")[0].strip("{") for a, b in zip_longest(
            mine, yours, fillvalue="") if a != b}  # fmt: skip
        return "field " + " ".join(sorted(fields)[:3])
    if re.fullmatch(r"[-\dxa-f]+", ours) and re.match(r"[A-Z_]", theirs):
        return "strace has a name, tuxscope a number"
    return "other text"


def differences(theirs: Line, ours: Line) -> Iterator[tuple[Difference, str, str]]:
    """Yield what differs between ``theirs`` and ``ours``, both Line, the result first: triples of
    the Difference and the two texts."""
    name = label(theirs)
    # Of another ABI strace says in a line of its own that it goes on in it.
    if theirs.name.partition("@")[0] != ours.name.partition("@")[0]:
        yield Difference(name, "name"), theirs.name, ours.name
    if theirs.error != ours.error:
        yield Difference(name, "error"), theirs.result or "", ours.result or ""
    elif theirs.result != ours.result:
        one, other = theirs.result or "", ours.result or ""
        yield Difference(name, "result", how(one, other)), one, other
    pairs = enumerate(zip_longest(theirs.arguments, ours.arguments, fillvalue=""), 1)
    for number, (one, other) in pairs:
        if one != other:
            part = f"argument {number}" if theirs.kind is Kind.CALL else one.partition("=")[0]
            yield Difference(name, part, how(one, other)), one, other


def by_thread(lines: Iterable[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.tid].append(line)
    return found


def compared(command: str, theirs: Iterable[Line], ours: Iterable[Line]) -> Comparison:
    """Return the Comparison of all threads of ``command``, a name: the lines of strace, ``theirs``,
    and of tuxscope, ``ours``, both iterables of Line."""
    comparison = Comparison(command)
    one, other = by_thread(theirs), by_thread(ours)
    for tid in sorted(one.keys() | other.keys()):
        for line, line_of_ours in aligned(one.get(tid, []), other.get(tid, [])):
            note_pair(comparison, line, line_of_ours)
    return comparison


def note_pair(comparison: Comparison, theirs: Line | None, ours: Line | None) -> None:
    """Count a pair of lines in ``comparison``, a Comparison: as equal, or by its first Difference.
    ``theirs`` and ``ours`` are each a Line, or None if that side has none."""
    if theirs is None:
        assert ours
        comparison.extra += 1
        comparison.note(Difference(label(ours), "only tuxscope has the line"), "", ours.text)
        return
    comparison.lines += 1
    comparison.of_kind[theirs.kind] += 1
    if ours is None:
        restarts = (theirs.error or "").startswith("ERESTART")
        part = "restarted, one line in tuxscope" if restarts else "only strace has the line"
        comparison.note(Difference(label(theirs), part), theirs.text, "")
        return
    first = next(differences(theirs, ours), None)
    if first:
        comparison.note(first[0], theirs.text, ours.text)
    else:
        comparison.equal += 1
