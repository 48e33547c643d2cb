from __future__ import annotations

import copy
import os
import pickle
import warnings
from collections.abc import Callable

import pytest

from tuxscope.loader.fd import Fd


def opened() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_it_is_closed_at_the_end_of_with() -> None:
    number = opened()
    with Fd(number) as fd:
        assert fd.fileno() == number
        assert is_open(number)
    assert not is_open(number)


def test_it_is_closed_once() -> None:
    fd = Fd(opened())
    fd.close()
    again = opened()  # the same number, and another owner
    fd.close()
    assert is_open(again)
    os.close(again)


def test_a_closed_one_has_no_number() -> None:
    fd = Fd(opened())
    fd.close()
    with pytest.raises(ValueError, match="closed"):
        fd.fileno()


def test_one_that_is_dropped_is_closed_with_a_warning() -> None:
    number = opened()
    fd = Fd(number)
    with pytest.warns(ResourceWarning, match=f"unclosed file descriptor {number}"):
        del fd
    assert not is_open(number)


def test_it_is_closed_where_warnings_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[type[BaseException]] = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: raised.append(what.exc_type))
    number = opened()
    fd = Fd(number)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del fd
    assert raised == [ResourceWarning]
    assert not is_open(number)


def test_a_closed_one_is_dropped_in_silence() -> None:
    fd = Fd(opened())
    fd.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del fd
    assert caught == []


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_is_not_copied(way: Callable[[Fd], object]) -> None:
    """Two owners would close the same number, which is another file's by then."""
    with Fd(opened()) as fd, pytest.raises(TypeError, match="cannot be copied or pickled"):
        way(fd)
