"""What a user can ask of a trace: the options of ``tuxscope step``."""

from __future__ import annotations

from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, process_id, seed_number, whole_number
from tuxscope.output.lines import Style


def place(flag: str, text: str) -> str:
    """Where to stop: which places there are, only the program knows."""
    if text == "True":
        raise UsageError(f"{flag} takes a slot, a label or a line, as in {flag} hello.py:39")
    return text


class StepOptions(Options):
    """The steps that are shown are counted from 1."""

    source: str | None = argument(default=None)
    first: int = option(
        "N",
        whole_number("the number of a step", 10),
        "show the steps from the Nth on",
        default=1,
        flag="--from",
    )
    last: int | None = option(
        "N",
        whole_number("the number of a step", 20),
        "end after the Nth step, and show the registers",
        default=None,
        flag="--to",
    )
    stop: str | None = option(
        "PLACE",
        place,
        "end before this place, and show the registers: a slot, a label, a function, or a line "
        "such as hello.py:39",
        default=None,
        flag="--break",
    )
    pid: int | None = option(
        "PID", process_id, "with the filter that tuxscope hello --pid has", default=None
    )
    seed: int = option("N", seed_number, "another made-up event (default: 0)", default=0)
    format: Style = option(
        "FORMAT", choice(Style), "text (default) or json, an object a step", default=Style.TEXT
    )
