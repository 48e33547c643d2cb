"""A program's listing as a table, as JSON lines and as C."""

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

WIDEST = 48  # columns for pseudo-C; what is longer pushes its source to the right
SOURCE, CODE = 8, 33  # where a source above its instruction begins, and where pseudo-C does


class Shape(Enum):
    """``--format`` of a program."""

    LISTING = "listing"
    TEXT = "text"
    BYTES = "bytes"
    JSON = "json"
    C = "c"


def render(program: Program, shape: Shape, room: int | None = None) -> str:
    """A program in a shape that is text; ``room`` is that of table()."""
    if shape is Shape.C:
        return "".join(f"{each}\n" for each in c_array(program))
    return render_lines(lines(program), shape, room)


def render_lines(listed: Iterable[Line], shape: Shape, room: int | None = None) -> str:
    """A listing as a table, as assembly text or as JSON."""
    match shape:
        case Shape.TEXT:
            return text_of(listed)
        case Shape.JSON:
            return "".join(f"{COMPACT(each)}\n" for each in objects(listed))
        case _:
            return "".join(f"{each}\n" for each in table(listed, room))


def table(listed: Iterable[Line], room: int | None = None) -> Iterator[str]:
    """Slot, bytes, pseudo-C and source of each instruction, labels on lines of their own.

    Where the sources do not fit beside the instructions, in ``room`` columns, they stand above
    them; with None there is room for all.
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
    """Each instruction with its pseudo-C, and its source where it is not that of the last one."""
    previous: SourceLine | None = None
    for line in listed:
        code = f"{line.text}  # {line.note}" if line.note else line.text
        source = "" if line.source is None or line.source == previous else place(line.source)
        previous = line.source
        yield line, code, source


def place(source: SourceLine) -> str:
    """The author's line, as a table shows it: without its comment."""
    return f"{source.file.rpartition('/')[2]}:{source.line}: {source.code}"


def slots(line: Line) -> Iterator[str]:
    """Number and bytes of each of an instruction's slots."""
    for at in range(0, len(line.data), SLOT):
        yield f"{line.slot + at // SLOT:>6}  {line.data[at : at + SLOT].hex(' ')}"


def objects(listed: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """One object for each instruction."""
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
    """The author's line for JSON."""
    if source is None:
        return None
    return {"file": source.file, "line": source.line, "text": source.text}


def c_array(program: Program) -> Iterator[str]:
    """The program as an array of ``struct bpf_insn`` (linux/bpf.h), in any byte order.

    A map's fd is 0 in it: whoever loads it fills in what the comment names.
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
    """A program's name as an identifier."""
    plain = name.replace(".", "_")
    return f"_{plain}" if plain[0].isdigit() else plain


def comment(name: str) -> str:
    """A text that cannot end a C comment."""
    return name.replace("*/", "* /").replace("/*", "/ *")


def struct_fields(instruction: Instruction) -> Iterator[str]:
    """The initialisers of each of an instruction's slots."""
    yield (
        f".code = {instruction.opcode:#04x}, .dst_reg = {instruction.dst}, .src_reg = "
        f"{instruction.src}, .off = {instruction.offset}, .imm = {c_int(instruction.imm)}"
    )
    if instruction.slots == 2:
        yield f".imm = {c_int(instruction.next_imm)}"


def c_int(value: int) -> str:
    """A number of 32 bits, signed: in C, the lowest one has no literal."""
    return "-2147483647 - 1" if value == -(1 << 31) else str(value)
