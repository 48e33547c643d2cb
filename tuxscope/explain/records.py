"""Extract the verifier's text from structured logs: logfmt, and JSON lines.

Which field holds the verifier's text differs from program to program (``msg``, ``error``,
``fields.err``), so the field is found by its contents.
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
# An instruction, the statistics, or the error of cilium/ebpf.
VERIFIER = re.compile(
    r"(?:^|\s)\d{1,9}: \([0-9a-f]{2}\) |\bprocessed \d+ insn|\d+ line\(s\) omitted\)"
    r"|\bload program: \w"
)
DEEPEST = 8  # levels of nesting


def unescaped(text: str) -> str:
    r"""Return ``text`` unescaped, a string of JSON or Go's ``%q``, such as ``0: (b7) r0 = 0\n``."""
    return QUOTED.sub(lambda each: LETTERS.get(each[1], each[1]), text)


def without_fields(text: str) -> str:
    """Return the verifier's text from the fields of records in ``text``; without records, ``text``.

    A line that is not a record is kept. Takes time linear in the text's length.
    """
    if '="' not in text and "{" not in text:
        return text
    lines = [text] if fields_of_json(text) else text.splitlines()
    names = {name for line in lines for name, value in fields(line) if VERIFIER.search(value)}
    return "\n".join(field_texts(lines, names)) + "\n" if names else text


def field_texts(lines: Sequence[str], names: set[str]) -> Iterator[str]:
    """Yield the value of a field in ``names``, a set of str, for each record of ``lines``, a
    sequence of str, and all other lines."""
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
    """Yield the (name, value) pairs of ``line``, a record; none for a line that is not a record."""
    if line.lstrip().startswith("{"):
        yield from fields_of_json(line)
    elif '="' in line:
        for each in FIELD.finditer(line):
            yield each[1], unescaped(each[2])


def fields_of_json(text: str) -> Sequence[tuple[str, str]]:
    """Return a sequence of the (name, value) pairs of the strings in ``text``, a JSON object; else
    none."""
    if not text.lstrip().startswith("{"):
        return ()
    try:
        return list(strings(json.loads(text), "", DEEPEST))
    except (ValueError, RecursionError):
        return ()


def strings(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield a pair of str, name and value, for each string in ``value``, parsed JSON with at most
    ``depth`` levels, an int.

    A name is a path, as ``.fields.err``, and starts with ``name``, a str. Deeper levels are
    ignored.
    """
    if isinstance(value, str):
        yield name, value
    elif depth and isinstance(value, dict):
        for key, each in value.items():
            yield from strings(each, f"{name}.{key}", depth - 1)
    elif depth and isinstance(value, list):
        for each in value:
            yield from strings(each, name, depth - 1)
