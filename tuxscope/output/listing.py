"""Renders a program as a table, as assembly text, as JSON lines, or as C."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from tuxscope.asm.instruction import SLOT, Instruction
from tuxscope.asm.listing import Line, lines, text_of
from tuxscope.asm.program import Program
from tuxscope.output.compact import COMPACT
from tuxscope.output.screen import columns, padded
from tuxscope.source import SourceLine

WIDEST = 48  # maximum width of the pseudo-C column; longer pseudo-C shifts its source to the right
SOURCE, CODE = (
    8,
    33,
)  # columns where a source line above its instruction starts, and where pseudo-C starts


class Shape(Enum):
    """An enum: the values of ``--format`` for programs. Members: LISTING = "listing",
    TEXT = "text", BYTES = "bytes", JSON = "json", C = "c"."""

    LISTING = "listing"
    TEXT = "text"
    BYTES = "bytes"
    JSON = "json"
    C = "c"


def render(program: Program, shape: Shape, room: int | None = None) -> str:
    """Return ``program`` as text in any ``shape``, a Shape, but BYTES; for ``room``, an int or
    None, see table()."""
    if shape is Shape.C:
        return "".join(f"{each}\n" for each in c_array(program))
    return render_lines(lines(program), shape, room)


def render_lines(listed: Iterable[Line], shape: Shape, room: int | None = None) -> str:
    """Return ``listed``, an iterable of Line, as text: for ``shape``, a Shape, TEXT or JSON as
    that, for all others as a table; for ``room``, an int or None, see table()."""
    match shape:
        case Shape.TEXT:
            return text_of(listed)
        case Shape.JSON:
            return "".join(f"{COMPACT(each)}\n" for each in objects(listed))
        case _:
            return "".join(f"{each}\n" for each in table(listed, room))


def table(listed: Iterable[Line], room: int | None = None) -> Iterator[str]:
    """Yield the rows, str, of ``listed``, an iterable of Line: slot, bytes, pseudo-C, source;
    labels on their own lines.

    If the widest row does not fit into ``room`` terminal columns, an int, source lines are printed
    above their instructions. None means no limit.
    """
    shown = list(cells(listed))
    widths = (columns(code) for _, code, _ in shown)
    width = max((each for each in widths if each <= WIDEST), default=0)
    beside = room is None or all(
        CODE + max(columns(code), width) + 2 + columns(source) <= room for _, code, source in shown
    )
    for line, code, source in shown:
        if line.function:
            yield f"{line.function}:"
        yield from (f"  {label}:" for label in line.labels)
        if source and not beside:
            yield f"{'':{SOURCE}}{source}"
        first, *second = slots(line)
        yield f"{first}  {padded(code, width)}  {source if beside else ''}".rstrip()
        yield from second


def cells(listed: Iterable[Line]) -> Iterator[tuple[Line, str, str]]:
    """Yield triples: each Line of ``listed``, an iterable of Line, its pseudo-C, a str, and its
    source, a str, or "" if the source is the previous one."""
    previous: SourceLine | None = None
    for line in listed:
        code = f"{line.text}  # {line.note}" if line.note else line.text
        source = "" if line.source is None or line.source == previous else place(line.source)
        previous = line.source
        yield line, code, source


def place(source: SourceLine) -> str:
    """Return ``source``, a SourceLine, as text for a table: ``hello.py:34: code``, without
    comment."""
    return f"{source.file.rpartition('/')[2]}:{source.line}: {source.code}"


def slots(line: Line) -> Iterator[str]:
    """Yield the text with number and bytes of each slot of the instruction of ``line``, a Line (one
    or two)."""
    for at in range(0, len(line.data), SLOT):
        yield f"{line.slot + at // SLOT:>6}  {line.data[at : at + SLOT].hex(' ')}"


def objects(listed: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """Yield a JSON object, a dict, for each instruction in ``listed``, an iterable of Line."""
    for each in listed:
        yield {
            "slot": each.slot,
            "bytes": each.data.hex(),
            "text": each.text,
            "function": each.function or None,
            "labels": list(each.labels),
            "note": each.note or None,
            "source": source_object(each.source),
        }


def source_object(source: SourceLine | None) -> dict[str, Any] | None:
    """Return ``source``, a SourceLine or None, as a dict for JSON; None if it is None."""
    if source is None:
        return None
    return {"file": source.file, "line": source.line, "text": source.text}


def c_array(program: Program) -> Iterator[str]:
    """Yield the lines of a C array of ``struct bpf_insn`` (linux/bpf.h) with ``program``.

    Map fds are 0; the loader must insert the fd of the map that the comment names.
    """
    yield "#include <linux/bpf.h>"
    yield ""
    yield f"static const struct bpf_insn {c_name(program.name)}_insns[] = {{"
    for line, instruction in zip(lines(program), program.instructions, strict=True):
        named = (*([line.function] if line.function else ()), *line.labels)
        yield from (f"\t/* {comment(name)}: */" for name in named)
        first, *second = struct_fields(instruction)
        yield f"\t{{ {first} }}, /* {comment(line.text)} */"
        yield from (f"\t{{ {each} }}," for each in second)
    yield "};"


def c_name(name: str) -> str:
    """Return ``name``, of a program, as a C identifier."""
    plain = name.replace(".", "_")
    return f"_{plain}" if plain[0].isdigit() else plain


def comment(name: str) -> str:
    """Return ``name`` as text that is safe inside a C comment."""
    return name.replace("*/", "* /").replace("/*", "/ *")


def struct_fields(instruction: Instruction) -> Iterator[str]:
    """Yield the C initialiser of each slot of ``instruction``."""
    yield (
        f".code = {instruction.opcode:#04x}, .dst_reg = {instruction.dst}, .src_reg = "
        f"{instruction.src}, .off = {instruction.offset}, .imm = {c_int(instruction.imm)}"
    )
    if instruction.slots == 2:
        yield f".imm = {c_int(instruction.next_imm)}"


def c_int(value: int) -> str:
    """Return ``value``, a signed 32-bit integer, as C; the lowest has no literal."""
    return "-2147483647 - 1" if value == -(1 << 31) else str(value)
