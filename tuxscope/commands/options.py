"""Parsers of options: from what the user typed to a value, or a FireError in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum

from tuxscope.lean_fire import FireError
from tuxscope.lean_typing import Any
from tuxscope.output.lines import Style


def whole_number(flag: str, what: str, example: int, least: int = 1) -> Callable[[str], int]:
    """A parser for a flag that takes ``what``, a whole number from ``least`` on."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) >= least):
            raise FireError(f"--{flag} takes {what}, as in --{flag} {example}, not {given(text)}")
        return int(text)

    return parse


def given(text: str) -> str:
    """What the user gave, for an error; 'True' is Fire's word for a flag without a value."""
    return "nothing" if text == "True" else repr(text)


def page_count(text: str) -> int:
    pages = whole_number("buffer-pages", "a power of two", 64)(text)
    from tuxscope.loader.perf_reader import LARGEST_PAGES

    if pages & pages - 1 or pages > LARGEST_PAGES:
        raise FireError(f"--buffer-pages takes a power of two up to {LARGEST_PAGES}, not {text}")
    return pages


def seconds(flag: str, example: float) -> Callable[[str], float]:
    """A parser for a flag that takes a time."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise FireError(f"--{flag} takes seconds, as in --{flag} {example}, not {given(text)}")
        return value

    return parse


def choice(flag: str, kind: type[Enum] | Sequence[str], *some: Enum) -> Callable[[str], Any]:
    """A parser for a flag that takes one of an enum's values (``some`` of them), or of words."""
    members = some or (tuple(kind) if isinstance(kind, type) else kind)
    values = {each.value if isinstance(each, Enum) else each: each for each in members}
    *most, last = values
    known = f"{', '.join(most)} or {last}"

    def parse(text: str) -> Any:
        if text not in values:
            raise FireError(f"--{flag} is {known}, not {given(text)}")
        return values[text]

    return parse


style = choice("format", Style)
seed_number = whole_number("seed", "a whole number", 7, least=0)


def switch(flag: str) -> Callable[[str], bool]:
    """A parser for a flag that takes nothing: Fire passes 'True', or 'False' for ``--no...``."""

    def parse(text: str) -> bool:
        if text not in ("True", "False"):
            raise FireError(f"--{flag} takes no value, not {text!r}")
        return text == "True"

    return parse
