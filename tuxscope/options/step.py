"""The options of ``tuxscope step``."""

from __future__ import annotations

from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, integer, process_id, seed_number
from tuxscope.output.lines import Style


def place(flag: str, text: str) -> str:
    """Return ``text``, the place to stop at, a str, unchecked: only the program knows its slots and
    labels.

    Raises UsageError if ``flag`` has no value.
    """
    if text == "True":
        raise UsageError(f"{flag} takes a slot, a label or a line, as in {flag} hello.py:39")
    return text


class StepOptions(Options):
    """Options of ``tuxscope step``; an Options class. Steps are numbered from 1.

    Attributes:
        source, stop: each a str or None.
        first, seed: each an int.
        last, pid: each an int or None.
        format: a Style.
    """

    source: str | None = argument(default=None)
    first: int = option(
        "N",
        integer("the number of a step", 10),
        "start at step N",
        default=1,
        flag="--from",
    )
    last: int | None = option(
        "N",
        integer("the number of a step", 20),
        "stop after step N and print the registers",
        default=None,
        flag="--to",
    )
    stop: str | None = option(
        "PLACE",
        place,
        "stop before PLACE and print the registers; PLACE is a slot, a label, a function, or a "
        "line such as hello.py:39",
        default=None,
        flag="--break",
    )
    pid: int | None = option(
        "PID",
        process_id,
        "assemble the program with the filter of tuxscope hello --pid",
        default=None,
    )
    seed: int = option("N", seed_number, "seed of the synthetic event (default: 0)", default=0)
    format: Style = option(
        "FORMAT", choice(Style), "text (default), or json: one object per step", default=Style.TEXT
    )
