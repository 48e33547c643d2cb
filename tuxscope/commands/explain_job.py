"""``tuxscope explain``: the verifier's log of any loader, in plain words."""

from __future__ import annotations

import json
import sys
from typing import Any

from tuxscope.commands import inputs
from tuxscope.errors import ENOTSUPP, UsageError, strerror
from tuxscope.explain.explain import explain
from tuxscope.explain.explanation import Explanation
from tuxscope.explain.failure import failure
from tuxscope.output.lines import Style
from tuxscope.output.listing import source_object
from tuxscope.output.messages import say
from tuxscope.output.report import of_explanation, shown
from tuxscope.output.sink import Sink

LARGEST = 64 << 20  # bytes
NOTHING = Explanation(None, "", "", None, None, (), ())
TOO_LONG = "the cause is at a log's end; try: tail -c 64M FILE | tuxscope explain"


def explain_log(name: str | None, format: Style) -> int:
    """Explain the verifier's log in file ``name``, or on stdin (None), as ``format``, a Style;
    return the exit status: 1 if the cause is unknown, else 0.

    Raises UsageError, InputError.
    """
    if name is None and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError(
            "explain: whose log? name a file, or pipe one in: "
            "bpftool -d prog load … 2>&1 | tuxscope explain"
        )
    name = inputs.STDIN if name is None else name
    log = inputs.contents(name, LARGEST, TOO_LONG).decode("utf-8", "replace")
    found = explain(log)
    known, file = found.cause is not None, inputs.shown(name)
    if not known and found.slot is None and "processed " not in log:
        found = NOTHING
    if format is Style.JSON:
        Sink().write(f"{json.dumps(as_object(found))}\n")
    elif found.telling:
        Sink().write("".join(f"{line}\n" for line in shown(of_explanation(found), 1)))
    if known:
        return 0
    if found is NOTHING:
        say(f"{file}: there is no verifier's log in it")
    elif found.telling:
        say(f"{file}: this cause is not known to tuxscope; what the kernel says is all there is")
    elif "processed " in log:
        say(f"{file}: the verifier objects to nothing in it; {without_objection(failure(log))}")
    else:
        say(f"{file}: the log stops before the verifier says what it objects to")
    return 1


def without_objection(number: int | None) -> str:
    """Return what happened to a program that the verifier did not reject, a str.

    ``number`` is the errno that the loader reports, an int, or None.
    """
    if number is None:
        return "the program may have been accepted"
    said = strerror(OSError(number, ""))
    if number == ENOTSUPP:
        return (
            f"the load failed afterwards: {said}: the JIT compiler fails, or the program needs a "
            "feature that this kernel lacks on this CPU; check the line JIT of: tuxscope doctor"
        )
    return f"the load failed afterwards: {said}"


def as_object(found: Explanation) -> dict[str, Any]:
    """Return ``found``, an Explanation, as a dict for JSON."""
    own = tuple(each for each in (found.reason, found.suggestion) if each)
    return {
        "cause": found.cause,
        "hint": found.hint,
        "slot": found.slot,
        "source": source_object(found.source),
        "registers": [
            {
                "name": each.name,
                "state": each.state,
                "slot": each.slot,
                "source": source_object(each.source),
            }
            for each in found.registers
        ],
        "telling": [*found.telling, *(each for each in own if each not in found.telling)],
    }
