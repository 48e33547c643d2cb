"""Starts commands and writers, and ends what a test leaves running."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.harness import Tuxscope, Writer, end


@pytest.fixture
def tuxscope() -> Iterator[Any]:
    """Starts the command: ``tuxscope("hello", "--pid", "1")``; ends what is left."""
    started: list[Tuxscope] = []

    def start(*arguments: object, **options: Any) -> Tuxscope:
        started.append(Tuxscope([str(each) for each in arguments], **options))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def writer() -> Iterator[Any]:
    """Starts writers: ``writer(count, rate)``; ends what is left."""
    started: list[Writer] = []

    def start(*arguments: Any, **options: Any) -> Writer:
        started.append(Writer(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        end(each.process)
