"""What the kernel's side does with a plan, on memory that is a mapping."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from tuxscope.abi.architecture import X86_64, Abi, Architecture
from tuxscope.calls.reads import RESULT, STACK_POINTER, Count, Read, ReadKind, Status, When
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.declarations import declaration
from tuxscope.programs.syscall.arguments.text import arguments_text, result_text


@dataclass
class Memory:
    """User memory: bytes by their address.

    Attributes:
        parts: bytes by the address of the first one.
        word: the size of an address.
        stack: the stack pointer of the thread.
    """

    parts: Mapping[int, bytes] = field(default_factory=dict)
    word: int = 8
    stack: int = 0

    def at(self, address: int, size: int) -> bytes | None:
        """The ``size`` bytes at ``address``; fewer where a part ends, None where there is none."""
        for start, data in self.parts.items():
            if start <= address < start + len(data):
                return data[address - start :][:size].ljust(size, b"\0")
        return None

    def number(self, address: int, size: int) -> int | None:
        data = self.at(address, size)
        return None if data is None else int.from_bytes(data, sys.byteorder)


def parts(read: Read, call: Call, memory: Memory, files: Mapping[int, bytes]) -> list[Part]:
    """What ``read`` returns."""
    value = {RESULT: call.result, STACK_POINTER: memory.stack}.get(read.argument)
    if value is None:
        value = call.values[read.argument]
    if read.what is ReadKind.FILE:
        number = value & 0xFFFFFFFF
        return [whole(number.to_bytes(8, sys.byteorder))] if number in files else []
    address: int | None = value + read.offset
    following = None
    if read.through:
        place = value + (read.through - 1) * memory.word
        address = memory.number(place, memory.word)
        following = memory.number(place + memory.word, memory.word)
    if not address:
        return [Part(Status.FAULT, 0, b"")] if read.what is ReadKind.BYTES else []
    most = min(read.most, call.string_size) if read.buffer else read.most
    if read.what is ReadKind.BYTES:
        size = read.size * count(read, call, memory, following)
        return [of(memory, address, min(size, most), size > most)]
    if read.what is ReadKind.FILES:
        descriptor = memory.number(address, read.size)
        known = descriptor is not None and descriptor in files
        return [whole((descriptor or 0).to_bytes(8, sys.byteorder))] if known else []
    if read.what is ReadKind.STRING:
        return [string(memory, address, most)]
    if read.what is ReadKind.VECTOR:
        vectors = count(read, call, memory, following)
        return [vector(memory, address + 2 * at * memory.word, at, most) for at in range(vectors)]
    found: list[Part] = []
    while pointer := memory.number(address + len(found) * memory.word, memory.word):
        found.append(string(memory, pointer, most, len(found)))
    if read.what is ReadKind.COUNT:
        return [whole(len(found).to_bytes(8, sys.byteorder))]
    return found[:33]


def count(read: Read, call: Call, memory: Memory, following: int | None) -> int:
    kind, argument = read.count & 0xF0, read.count & 0xF
    if kind == Count.CONSTANT:
        return 1
    if kind == Count.FOLLOWING:
        return min(following or 0, 4096)
    if kind == Count.RETURNED:
        return max(call.result, 0)
    value = call.values[argument]
    return (memory.number(value, 4) or 0) if kind == Count.POINTED else min(value, 4096)


def whole(data: bytes) -> Part:
    return Part(Status.WHOLE, 0, data)


def of(memory: Memory, address: int, size: int, cut: bool, element: int = 0) -> Part:
    data = memory.at(address, size) if size else b""
    if data is None:
        return Part(Status.FAULT, element, b"")
    return Part(Status.CUT if cut else Status.WHOLE, element, data)


def string(memory: Memory, address: int, most: int, element: int = 0) -> Part:
    data = memory.at(address, 4096)
    if data is None:
        return Part(Status.FAULT, element, b"")
    text = data.split(b"\0", 1)[0]
    return Part(Status.CUT if len(text) > most else Status.WHOLE, element, text[:most])


def vector(memory: Memory, address: int, element: int, most: int) -> Part:
    base = memory.number(address, memory.word) or 0
    size = memory.number(address + memory.word, memory.word) or 0
    return of(memory, base, min(size, most), size > most, element)


def called(
    name: str,
    *values: int,
    result: int = 0,
    memory: Mapping[int, bytes] | None = None,
    before: Mapping[int, bytes] | None = None,
    files: Mapping[int, bytes] | None = None,
    stack: int = 0,
    abi: Abi = Abi.X86_64,
    architecture: Architecture = X86_64,
) -> Call:
    """A call that has returned, with what its plan reads; ``before`` is the memory at its entry
    where it is another."""
    bare = Call(
        name=name,
        abi=abi,
        architecture=architecture,
        values=tuple(value & 0xFFFFFFFFFFFFFFFF for value in (*values, *[0] * 6)[:6]),
        result=result,
    )
    found: dict[tuple[int, int], list[Part]] = {}
    for planned in declaration(name).plan:
        when = planned.read.when
        if when & When.SUCCESS and bare.failed:
            continue
        is_entry = when & When.ENTRY and before is not None
        held = (before if is_entry else memory) or {}
        read = parts(planned.read, bare, Memory(held, bare.word, stack), files or {})
        if read:
            found[planned.key] = read
    return Call(
        name=name,
        abi=abi,
        architecture=architecture,
        values=bare.values,
        result=result,
        parts=found,
        path=lambda number: (files or {}).get(number, b""),
    )


def line(call: Call) -> str:
    """The call as strace prints it, without the words for an errno."""
    result = result_text(call)
    if call.failed:
        result = result.partition(" (")[0]
    return f"{call.name}({arguments_text(call)}) = {result}"


def packed(form: str, *values: int) -> bytes:
    """``values`` in C's layout."""
    return struct.pack(f"@{form}", *values)
