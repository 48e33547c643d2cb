"""Find the errno with which a load failed in a loader's output."""

from __future__ import annotations

import errno
import os
import re
from functools import cache

from tuxscope.errors import ENOTSUPP

# libbpf, cilium/ebpf, bcc, iproute2, and Rust's error of a system call.
FAILED = re.compile(
    r"\b(?:load failed|load bpf program failed|failed to load|load program|rejected)\b"
    r"(?P<words>.{1,200})|\(os error (?P<number>\d{1,4})\)",
    re.IGNORECASE,
)
NAME = re.compile(r"\b(E[A-Z0-9]{2,14})\b")
NUMBER = re.compile(
    r": -(\d{1,4})$|\b(?:error|errno):? (\d{1,4})\b|strerror_r\(-?(\d{1,4})\)|\((\d{1,4})\)!?$"
)


@cache
def errors() -> dict[str, int]:
    """Return the errnos, a dict by name (``EACCES``) and by message of strerror(3), lower case.
    Cached."""
    named = {name: number for number, name in errno.errorcode.items()} | {"ENOTSUPP": ENOTSUPP}
    return named | {os.strerror(number).lower(): number for number in errno.errorcode}


def failure(text: str) -> int | None:
    """Return the errno, an int, of the failed load in ``text``, a loader's output; None if there is
    none."""
    found = [number_of(each) for each in FAILED.finditer(text)]
    return next((each for each in reversed(found) if each), None)


def number_of(found: re.Match[str]) -> int | None:
    """Return the errno in ``found``, a re.Match of FAILED, an int; None if there is none."""
    if found["number"]:
        return int(found["number"])
    words = found["words"].rstrip()
    if number := NUMBER.search(words):
        return next(int(each) for each in number.groups() if each)
    if (name := NAME.search(words)) and name[1] in errors():
        return errors()[name[1]]
    said = (each.strip().lower() for each in words.split(":"))
    return next((errors()[each] for each in said if each in errors()), None)
