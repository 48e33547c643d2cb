"""What the errors of these tests have in common."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest


def one_line(info: pytest.ExceptionInfo[BaseException]) -> str:
    """The text of an error that a user can meet, which is one line."""
    text = str(info.value)
    assert text
    assert text.isprintable()
    return text


def raises_errno(number: int) -> AbstractContextManager[pytest.ExceptionInfo[OSError]]:
    """Like pytest.raises, for an OSError with this errno."""
    return pytest.raises(OSError, match=rf"^\[Errno {number}\] ")
