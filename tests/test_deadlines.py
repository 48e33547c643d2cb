"""No test waits for ever, and each wait says what it was for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# What builds the guests of the matrix takes as long as a download does.
FILES = sorted(file for file in TESTS.rglob("*.py") if file.parent.name != "kernels")
# Calls that wait, by the argument that says how long: a keyword, or the first positional one.
WAITS = {
    "subprocess.run": "timeout",
    "subprocess.check_output": "timeout",
    ".communicate": "timeout",
    ".wait": "timeout",
    ".join": "timeout",
    # These take none: tests/waiting.py has read_line() and read_all().
    ".readline": "timeout",
    ".stdout.read": "timeout",
    ".stderr.read": "timeout",
}
# What tests call the processes of e2e/harness.py, whose wait() has a deadline of its own.
HARNESS = {"each", "calling", "target", "writer"}


def endless(code: str) -> Iterator[tuple[int, str]]:
    """Calls without a deadline: their line, and what is called."""
    for node in ast.walk(ast.parse(code)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called = ast.unparse(node.func)
        argument = next((WAITS[each] for each in WAITS if called.endswith(each)), None)
        keywords = {each.arg for each in node.keywords}
        is_method = called not in WAITS
        if argument and argument not in keywords and not (is_method and node.args):
            yield node.lineno, called


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_each_wait_has_a_deadline(file: Path) -> None:
    waiting = [
        (line, called)
        for line, called in endless(file.read_text())
        if called not in {f"{name}.wait" for name in HARNESS}
    ]
    assert waiting == []


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run(['x'])",
        "child.wait()",
        "child.communicate()",
        "child.stdout.readline()",
        "child.stderr.read()",
    ],
)
def test_what_waits_for_ever_is_found(call: str) -> None:
    assert [line for line, _ in endless(call)] == [1]


@pytest.mark.parametrize(
    "call",
    ["subprocess.run(['x'], timeout=1)", "child.wait(1)", "', '.join(x)", "child.wait(timeout=1)"],
)
def test_what_has_a_deadline_is_not(call: str) -> None:
    assert list(endless(call)) == []
