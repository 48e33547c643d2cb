"""Fire's parsing without what Fire imports; and nobody else's imports are changed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pace import LIMIT

from tuxscope.lean_fire import Fire, FireError, FireExit, find, fire_component

# What others import afterwards is the real one, and what they had imported before stays.
SCRIPT = """
import sys
import {before}
modules = dict(sys.modules)
import tuxscope.lean_fire
assert all(sys.modules[name] is module for name, module in modules.items())
assert not [name for name in sys.modules.keys() - modules.keys() if name.startswith("fire")]
import fire, inspect, json, shlex, asyncio
assert fire.core.json is json and json.loads("[1]") == [1]
assert fire.core.inspect is inspect and inspect.getdoc(json)
assert fire.Fire(lambda word: word * 2, ["ab"]) == "abab"
"""


@pytest.mark.parametrize("before", ["os", "inspect, json", "fire"])
def test_others_import_what_they_name(before: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before)],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def command(*, count: int = 1, name: str = "") -> tuple[int, str]:
    return count, name


COMMAND = fire_component(command, {}, {"count": int, "name": str})


def test_options_reach_their_parameters() -> None:
    assert Fire(COMMAND, ["--count", "5", "--name=x"]) == (5, "x")


def test_words_come_in_their_order_and_a_missing_one_is_none() -> None:
    taken = fire_component(lambda *words: words, {"first": str, "second": int, "third": str}, {})
    assert Fire(taken, ["a", "5"]) == ("a", 5, None)


def test_a_word_too_many_is_an_error() -> None:
    with pytest.raises(FireExit):
        Fire(COMMAND, ["--count", "5", "stray"])


def test_what_a_parser_raises_is_an_error() -> None:
    def refuse(text: str) -> int:
        raise FireError("no")

    with pytest.raises(FireExit):
        Fire(fire_component(command, {}, {"count": refuse}), ["--count", "1"])


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        find("no_such_package", None)
