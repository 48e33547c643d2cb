"""The options of strace(1), by letter, and what ``tuxscope syscall`` has in their place."""

from __future__ import annotations

import shlex

LONGEST_SHOWN = 64  # characters of a value

# {} is the value, as it was typed, or the word for it behind the option.
HINTS = {
    "c": ("use --summary", ""),
    "C": ("use --summary for the counts, or leave it out for the lines", ""),
    "e": ("use --name {}", "LIST"),
    "f": ("use --follow", ""),
    "o": ("use --output {}", "FILE"),
    "p": ("use --pid {}", "PID"),
    "P": ("no option chooses calls by path", ""),
    "s": ("use --string-size {}", "N"),
    "S": ("use --summary --sort COLUMN", ""),
    "t": ("use --timestamps time", ""),
    "T": ("durations are always printed", ""),
    "y": ("paths are always printed", ""),
    "z": ("no option chooses calls that succeeded", ""),
    "Z": ("use --failed", ""),
}


def hint(letter: str, value: str) -> str:
    """Return the hint for strace's option ``letter`` with ``value``, both str; empty if it is not
    known. The value may be empty."""
    if letter == "e":
        kind, equals, listed = value.partition("=")
        if equals and kind not in ("trace", "t"):
            if (kind, listed) == ("status", "failed"):
                return HINTS["Z"][0]
            return "of the kinds of -e there is trace=LIST alone: use --name LIST"
        value = listed if equals else value
    text, word = HINTS.get(letter, ("", ""))
    shown = value and value.isprintable() and len(value) <= LONGEST_SHOWN
    return text.format(shlex.quote(value) if shown else word)
