"""``tuxscope asm``: assembles a page, or a text, and lists its programs."""

from __future__ import annotations

import os
import re

from tuxscope.asm import Program, RawTracepoint
from tuxscope.asm.maps import Array, Map, is_name
from tuxscope.commands.inputs import STDIN, InputError, contents, shown
from tuxscope.errors import UsageError
from tuxscope.output.colour import presented
from tuxscope.output.listing import Shape, render
from tuxscope.output.screen import room
from tuxscope.output.sink import Sink
from tuxscope.page.loading import load_page, near_file, page_file, programs_of
from tuxscope.record import u8
from tuxscope.suggest import did_you_mean
from tuxscope.tools import PAGES

LARGEST = 8 << 20  # bytes of a file; the kernel takes a million instructions


def list_program(name: str, pid: int | None, shape: Shape) -> int:
    """Print the programs of the page or assembly text ``name`` in the format ``shape``, a Shape;
    return the exit status.

    ``pid`` is that of a page's filter, or None. Raises TuxscopeError.
    """
    programs = assembled(name, pid)
    if shape is not Shape.BYTES:
        between = "" if shape is Shape.JSON else "\n"
        show(between.join(render(each, shape, room()) for each in programs))
    elif os.isatty(1):
        raise UsageError("cannot write bytes to a terminal; try: | xxd, or --format c")
    elif len(programs) > 1:
        raise UsageError(
            f"{name} has {len(programs)} programs, and bytes are of one; try: --format c"
        )
    else:
        Sink().write_bytes(programs[0].encode(dict.fromkeys(programs[0].maps, 0)))
    return 0


def assembled(name: str, pid: int | None) -> tuple[Program, ...]:
    """Return a tuple of Program: those of the page ``name``, or the one of the assembly text in
    that file.

    ``pid`` is that of a page's filter, or None. Raises TuxscopeError.
    """
    if name in PAGES or name.endswith(".py"):
        file = page_file(name) if name in PAGES else name
        return programs_of(load_page(file), file, pid)
    if name != STDIN and not os.path.exists(name) and not re.search(r"[./]", name):
        near = (
            did_you_mean(name, PAGES)
            or near_file(name)
            or f"; there are {', '.join(PAGES)}, and files: FILE.py is a page, all else text"
        )
        raise UsageError(f"there is no page {name}{near}")
    if pid is not None:
        raise UsageError("--pid needs a page: an assembly text has no filter; leave out --pid")
    from tuxscope.asm.parser import assemble

    try:
        source = program_file(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text; for bytes, try: tuxscope disasm {name}"
        ) from error
    stem = os.path.splitext(os.path.basename(name))[0] if name != STDIN else "main"
    stem = re.sub(r"[^A-Za-z0-9_.]", "_", stem)[:15]
    maps = nameless_maps(source)
    return (assemble(source, stem or "main", RawTracepoint(), maps, file=shown(name)),)


def nameless_maps(source: str) -> list[Map]:
    """Return a list with a Map for each name that ``source``, an assembly text, a str, loads and
    does not define; a text has no map types."""
    defined = set(re.findall(r"^\s*([\w.$]+):", source, re.MULTILINE))
    loaded = dict(re.findall(r"=[ \t]*([A-Za-z_.$][\w.$]*)[ \t]*(\+?)[^\n#;]*\bll\b", source))
    return [
        Array(name, value=u8[LARGEST], max_entries=1) if offset else Map(name, max_entries=1)
        for name, offset in loaded.items()
        if name not in defined and is_name(name)
    ]


def program_file(name: str) -> bytes:
    """Return the bytes of file ``name``, or of stdin (``-``). Raises InputError if there are
    none."""
    data = contents(name, LARGEST, "a program has a million instructions at most")
    if not data.strip():
        raise InputError(f"{shown(name)} is empty")
    return data


def show(text: str) -> None:
    """Print ``text``, a listing, in colour on a terminal."""
    Sink().write(presented(text))
