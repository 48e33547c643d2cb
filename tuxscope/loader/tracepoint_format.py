"""What a tracepoint hands to a program: the fields that tracefs lists, where and how long."""

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
# A name, and the length of an array behind it.
DECLARED = re.compile(r"(?P<type>.*?)(?P<name>\w+)(?P<array>\[.*\])?")


@dataclass(frozen=True, slots=True)
class ContextField:
    """A field of a tracepoint's context.

    Attributes:
        name: as the kernel calls it.
        type: in C, with an array's length.
        offset, size: in bytes, from the context's start.
        signed: whether the kernel says that it is.
    """

    name: str
    type: str
    offset: int
    size: int
    signed: bool


def fields_of(tracepoint: Tracepoint, tracefs: Tracefs) -> tuple[ContextField, ...]:
    """In their order. Raises TracepointError."""
    tracefs.tracepoint_id(tracepoint)  # says what is wrong with the name
    try:
        return parse_format(tracefs.read(tracepoint.format_file.partition("tracing/")[2]))
    except OSError as error:
        raise TracepointError(
            f"cannot read the format of {tracepoint}: {os.strerror(error.errno or 0)}; run as root"
        ) from error


def parse_format(text: str) -> tuple[ContextField, ...]:
    """The fields of a format file."""
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
    """Those whose ``category/name`` matches a shell's pattern, or holds it as a word."""
    for category in tracefs.names("events"):
        for name in tracefs.names(f"events/{category}"):
            if fnmatch.fnmatchcase(f"{category}/{name}", pattern):
                yield Tracepoint(category, name)
