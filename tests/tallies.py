"""What tests count, for the last lines of a run: also where several processes run it.

pytest-xdist hands a test's properties from the process that runs it to the one that reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

Numbers = dict[str, Any]


def record(node: pytest.Item, name: str, numbers: Numbers) -> None:
    """Keep numbers of a test, once it is done; JSON values."""
    node.user_properties.append((name, numbers))


def recorded(reporter: pytest.TerminalReporter, name: str) -> Iterator[Numbers]:
    """The numbers of all tests."""
    for report in chain.from_iterable(reporter.stats.values()):
        if getattr(report, "when", None) == "teardown":
            yield from (numbers for each, numbers in report.user_properties if each == name)
