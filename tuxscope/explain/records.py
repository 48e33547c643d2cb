"""Takes the lines of text out of the records of structured logs: logfmt, and JSON a line each.

Which field holds the verifier's text differs from program to program (``msg``, ``error``,
``fields.err``), so it is found by what is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

FIELD = re.compile(r'(?<![\w.@-])([\w.@-]{1,64})="((?:[^"\\\n]|\\.)*)"')
LOGFMT = re.compile(r"(?:time|ts|t|level|lvl)=\S")
QUOTED = re.compile(r"\\(u[0-9a-f]{4}|.)")
LETTERS = {"n": "\n", "t": "\t", "r": "", "u003e": ">", "u003c": "<", "u0026": "&"}
# An instruction, the statistics, or what cilium/ebpf makes of a log.
VERIFIER = re.compile(
    r"(?:^|\s)\d{1,9}: \([0-9a-f]{2}\) |\bprocessed \d+ insn|\d+ line\(s\) omitted\)"
    r"|\bload program: \w"
)
DEEPEST = 8  # objects within each other


def unescaped(text: str) -> str:
    r"""A text that JSON or Go's ``%q`` has put on one line (``0: (b7) r0 = 0\n``), on its own
    lines."""
    return QUOTED.sub(lambda each: LETTERS.get(each[1], each[1]), text)


def without_fields(text: str) -> str:
    """The verifier's text, where it is in a field of records; else the text as it is.

    A line that is no record stays. Takes time linear in the text's length.
    """
    if '="' not in text and "{" not in text:
        return text
    lines = [text] if fields_of_json(text) else text.splitlines()
    names = {name for line in lines for name, value in fields(line) if VERIFIER.search(value)}
    return "\n".join(taken(lines, names)) + "\n" if names else text


def taken(lines: Sequence[str], names: set[str]) -> Iterator[str]:
    """What the records say in these fields, and the lines that are no records."""
    for line in lines:
        record, said, matched = False, None, None
        for name, value in fields(line):
            record = True
            if name in names:
                said = value
                matched = value if VERIFIER.search(value) else matched
        if said is not None:
            yield said if matched is None else matched
        elif not record and not LOGFMT.match(line.lstrip()):
            yield line


def fields(line: str) -> Iterator[tuple[str, str]]:
    """Yield the (name, value) pairs of a record; none for a line that is not a record."""
    if line.lstrip().startswith("{"):
        yield from fields_of_json(line)
    elif '="' in line:
        for each in FIELD.finditer(line):
            yield each[1], unescaped(each[2])


def fields_of_json(text: str) -> Sequence[tuple[str, str]]:
    """The strings of a JSON object, with their names; empty where the text is no object."""
    if not text.lstrip().startswith("{"):
        return ()
    try:
        return list(strings(json.loads(text), "", DEEPEST))
    except (ValueError, RecursionError):
        return ()


def strings(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """The strings in a JSON value, each with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif depth and isinstance(value, dict):
        for key, each in value.items():
            yield from strings(each, f"{name}.{key}", depth - 1)
    elif depth and isinstance(value, list):
        for each in value:
            yield from strings(each, name, depth - 1)
