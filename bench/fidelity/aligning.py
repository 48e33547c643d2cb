"""Pairs of the lines of one thread that show the same call, in order, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fidelity.lines import Kind, Line

FARTHEST = 24  # lines that one side may have and the other not, one after the other
AGREEING = 3  # lines that must agree, to go on there
# How many lines to skip on both sides, the fewest first.
WAYS = sorted(
    ((a, b) for a in range(FARTHEST + 1) for b in range(FARTHEST + 1) if a or b),
    key=lambda way: (max(way), sum(way), way),
)
SAME, SAME_NAME = 1000, 1  # what a pair is worth
Key = tuple[str, str, str]
Pair = tuple[Line | None, Line | None]


def key(line: Line) -> Key:
    """What a line is recognised by."""
    number = line.number if line.kind is Kind.CALL else ""
    return line.kind.value, line.name.partition("@")[0], number


def aligned(theirs: Sequence[Line], ours: Sequence[Line]) -> Iterator[Pair]:
    """Yield the lines of a thread in pairs: those of strace, ``theirs``, and of tuxscope, ``ours``,
    both sequences of Line; None stands for a line that one side does not have.

    At a difference it skips the least number of lines after which AGREEING lines have the same
    names and results; of the skipped ones it pairs as many as possible.
    """
    first, second = [key(each) for each in theirs], [key(each) for each in ours]
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i] == second[j]:
            yield theirs[i], ours[j]
            i, j = i + 1, j + 1
            continue
        a, b = next_agreement(first, second, i, j)
        for left, right in best(first[i : i + a], second[j : j + b]):
            yield (
                None if left is None else theirs[i + left],
                None if right is None else ours[j + right],
            )
        i, j = i + a, j + b
    yield from ((each, None) for each in theirs[i:])
    yield from ((None, each) for each in ours[j:])


def next_agreement(first: Sequence[Key], second: Sequence[Key], i: int, j: int) -> tuple[int, int]:
    """Return how many lines to skip of ``first`` from index ``i`` and of ``second`` from index
    ``j``, a pair of int, both sequences of Key; (1, 1) if no lines agree soon."""
    for a, b in WAYS:
        if i + a > len(first) or j + b > len(second):
            continue
        one, other = first[i + a : i + a + AGREEING], second[j + b : j + b + AGREEING]
        if one == other:
            return a, b
    return 1, 1


def best(first: Sequence[Key], second: Sequence[Key]) -> Iterator[tuple[int | None, int | None]]:
    """Yield as many pairs as possible of ``first`` and ``second``, short sequences of Key, by their
    indexes: equal ones, else those with one name; None for a line without a partner."""
    # worth[i][j]: what the best pairs of first[i:] and second[j:] are worth.
    worth = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in reversed(range(len(first))):
        for j in reversed(range(len(second))):
            pair = pair_worth(first[i], second[j])
            worth[i][j] = max(worth[i + 1][j], worth[i][j + 1], pair and pair + worth[i + 1][j + 1])
    i = j = 0
    while i < len(first) or j < len(second):
        here = worth[i][j]
        if i < len(first) and here == worth[i + 1][j]:
            yield i, None
            i += 1
        elif j < len(second) and here == worth[i][j + 1]:
            yield None, j
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


def pair_worth(one: Key, other: Key) -> int:
    if one == other:
        return SAME
    return SAME_NAME if one[:2] == other[:2] else 0
