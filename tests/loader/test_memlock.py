from __future__ import annotations

import errno
import resource
from collections.abc import Callable

import pytest

from loader.texts import raises_errno
from tuxscope.loader.bpf import with_memlock

INFINITE = resource.RLIM_INFINITY
Limit = tuple[int, int]

NOT_ALLOWED = PermissionError(errno.EPERM, "Operation not permitted")


def limited(monkeypatch: pytest.MonkeyPatch, now: Limit, may_raise_hard: bool) -> list[Limit]:
    """A process with these limits; returns what they are set to, in order."""
    limits = [now]

    def setrlimit(which: int, wanted: Limit) -> None:
        assert which == resource.RLIMIT_MEMLOCK
        if wanted[1] != now[1] and not may_raise_hard:
            raise ValueError("not allowed to raise maximum limit")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return limits


def attempts(*outcomes: int | OSError) -> Callable[[], int]:
    """A call that ends in one way after the other, and may not be made more often."""
    left = list(outcomes)

    def call() -> int:
        outcome = left.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    return call


def test_the_limit_stays_where_it_is_not_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = limited(monkeypatch, (64, 64), may_raise_hard=True)
    assert with_memlock(attempts(7)) == 7
    assert limits == [(64, 64)]


@pytest.mark.parametrize(
    ("now", "may_raise_hard", "after"),
    [
        ((64, 64), True, (INFINITE, INFINITE)),
        ((64, 128), True, (INFINITE, INFINITE)),
        ((64, 128), False, (128, 128)),
        ((64, INFINITE), False, (INFINITE, INFINITE)),
    ],
)
def test_the_limit_is_raised_and_the_call_made_again(
    now: Limit, may_raise_hard: bool, after: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = limited(monkeypatch, now, may_raise_hard)
    assert with_memlock(attempts(NOT_ALLOWED, 7)) == 7
    assert limits == [now, after]


@pytest.mark.parametrize("now", [(64, 64), (INFINITE, INFINITE)])
def test_the_first_error_stands_where_the_limit_cannot_be_raised(
    now: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = limited(monkeypatch, now, may_raise_hard=False)
    with pytest.raises(PermissionError) as caught:
        with_memlock(attempts(NOT_ALLOWED))
    assert caught.value is NOT_ALLOWED
    assert limits == [now]


def test_the_second_error_stands_where_raising_was_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited(monkeypatch, (64, 128), may_raise_hard=False)
    second = PermissionError(errno.EPERM, "still not permitted")
    with pytest.raises(PermissionError) as caught:
        with_memlock(attempts(NOT_ALLOWED, second))
    assert caught.value is second


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOMEM, errno.EINVAL])
def test_other_errors_have_nothing_to_do_with_the_limit(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = limited(monkeypatch, (64, 64), may_raise_hard=True)
    with raises_errno(number):
        with_memlock(attempts(OSError(number, "no")))
    assert limits == [(64, 64)]
