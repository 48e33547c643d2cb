"""The fields of a tracepoint's context, from its format file in tracefs."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tuxscope.asm.attach import Tracepoint
from tuxscope.loader.tracefs import Tracefs, TracepointError

# "	field:unsigned int fd;	offset:16;	size:8;	signed:0;"
FIELD = re.compile(
    r"\tfield:(?P<declared>[^;]+);\s*offset:(?P<offset>\d+);\s*size:(?P<size>\d+);"
    r"\s*signed:(?P<signed>[01]);"
)
# A C declaration: type, name, and the length of an array.
DECLARED = re.compile(r"(?P<type>.*?)(?P<name>\w+)(?P<array>\[.*\])?")


@dataclass(frozen=True, slots=True)
class ContextField:
    """A frozen dataclass: a field of a tracepoint's context.

    Attributes:
        name: a str, its name in the format file.
        type: a str, its C type, with an array's length, such as ``char[16]``.
        offset: an int, in bytes, from the start of the context.
        size: an int, in bytes.
        signed: whether the format file says that it is signed.
    """

    name: str
    type: str
    offset: int
    size: int
    signed: bool


def fields_of(tracepoint: Tracepoint, tracefs: Tracefs) -> tuple[ContextField, ...]:
    """Return a tuple of the ContextFields of the context of ``tracepoint``, in the order of its
    format file in ``tracefs``, a Tracefs.

    Raises TracepointError if the kernel has no such tracepoint, or its format cannot be read.
    """
    tracefs.tracepoint_id(tracepoint)  # raises with the nearest name
    try:
        return parse_format(tracefs.read(tracepoint.format_file.partition("tracing/")[2]))
    except OSError as error:
        raise TracepointError(
            f"cannot read the format of {tracepoint}: {os.strerror(error.errno or 0)}; "
            "run it with sudo"
        ) from error


def parse_format(text: str) -> tuple[ContextField, ...]:
    """Return the ContextFields in ``text``, a str, that of a format file, as a tuple."""
    return tuple(
        ContextField(
            declared["name"],
            declared["type"].strip() + (declared["array"] or ""),
            int(each["offset"]),
            int(each["size"]),
            each["signed"] == "1",
        )
        for each in FIELD.finditer(text)
        if (declared := DECLARED.fullmatch(each["declared"]))
    )


def tracepoints(pattern: str, tracefs: Tracefs) -> Iterator[Tracepoint]:
    """Yield the Tracepoints in ``tracefs``, a Tracefs, whose ``category/name`` matches ``pattern``,
    a str, one of the shell (fnmatch), sorted."""
    for category in tracefs.names("events"):
        for name in tracefs.names(f"events/{category}"):
            if fnmatch.fnmatchcase(f"{category}/{name}", pattern):
                yield Tracepoint(category, name)
