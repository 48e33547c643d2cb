"""System calls of this process, with what the kernel's side would have read of their memory."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import names
from tuxscope.calls.reads import RESULT, Count, Read, ReadKind, Status, When
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.declarations import declaration
from tuxscope.programs.syscall.arguments.text import arguments_text, result_text

ARCHITECTURE = this_architecture()
NUMBERS = {name: number for number, name in names(ARCHITECTURE.native).items()}
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
MOST_VECTORS = 8

Argument = int | bytes | ctypes.Array[ctypes.c_char] | None


def text(name: str, *arguments: Argument) -> str:
    """Make a call, and return its line: ``close(3) = 0``."""
    return line(made(name, *arguments))


def line(call: Call) -> str:
    """Return a call as strace(1) prints it, without the blanks before the result."""
    return f"{call.name}({arguments_text(call)}) = {result_text(call)}"


def made(name: str, *arguments: Argument) -> Call:
    """Make a call of this process, and return it as the kernel's side would have seen it."""
    kept = [each if isinstance(each, int | None) else buffer(each) for each in arguments]
    values = [
        (each or 0) if isinstance(each, int | None) else ctypes.addressof(each) for each in kept
    ]
    values = [each & 0xFFFFFFFFFFFFFFFF for each in values + [0] * (6 - len(values))]
    plan = declaration(name).plan
    paths: list[bytes] = []
    parts: dict[tuple[int, int], list[Part]] = {}
    for each in plan:
        if each.read.when & When.ENTRY:
            parts[each.key] = list(read(each.read, values, 0, paths))
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *map(ctypes.c_ulong, values))
    result = -ctypes.get_errno() if result == -1 and ctypes.get_errno() else result
    failed = -4095 <= result < 0
    for each in plan:
        if not each.read.when & When.ENTRY and not (failed and each.read.when & When.SUCCESS):
            parts[each.key] = list(read(each.read, values, result, paths))
    return Call(
        name, ARCHITECTURE.native, ARCHITECTURE, tuple(values), result,
        parts=parts, path=lambda number: paths[number],
    )  # fmt: skip


def buffer(data: bytes | ctypes.Array[ctypes.c_char]) -> ctypes.Array[ctypes.c_char]:
    """Return ``data`` as memory, with a NUL behind it."""
    return ctypes.create_string_buffer(data) if isinstance(data, bytes) else data


def read(each: Read, values: list[int], result: int, paths: list[bytes]) -> Iterator[Part]:
    """Yield what ``each`` reads; the path of a file is added to ``paths``."""
    value = result if each.argument == RESULT else values[each.argument]
    if each.what is ReadKind.FILE:
        yield file(value, paths)
        return
    address = value + each.offset
    count = count_of(each.count, values, result)
    if each.what is ReadKind.BYTES:
        yield from memory(address, each.size * count, each.most)
    elif each.what is ReadKind.STRING:
        yield string(address, each.most)
    elif each.what is ReadKind.FILES:
        for element in range(min(count, each.most // each.size)):
            for part in memory(address + element * each.size, 4, 4):
                if part.data:
                    found = file(struct.unpack("=i", part.data)[0], paths)
                    yield Part(found.status, element, found.data)
    elif each.what is ReadKind.VECTOR:
        for element in range(min(count, MOST_VECTORS)):
            for head in memory(address + 16 * element, 16, 16):
                if head.data:
                    base, length = struct.unpack("=QQ", head.data)
                    for part in memory(base, length, each.most):
                        yield Part(part.status, element, part.data)
    else:
        raise NotImplementedError(each)


def count_of(count: int, values: list[int], result: int) -> int:
    """Return how many elements ``count``, a Count, says."""
    if count & 0xF0 == Count.ARGUMENT:
        return values[count & 0xF]
    if count & 0xF0 == Count.RETURNED:
        return result
    return 1


def memory(address: int, length: int, most: int) -> Iterator[Part]:
    """Yield ``length`` bytes at ``address``, but ``most`` at most."""
    wanted = min(length, most)
    try:
        data = at(address, wanted) if wanted else b""
    except OSError:
        data = b""
    if len(data) < wanted:
        yield Part(Status.FAULT, 0, b"")
    else:
        yield Part(Status.CUT if wanted < length else Status.WHOLE, 0, data)


def string(address: int, most: int) -> Part:
    """Return the string at ``address``."""
    data = b""
    try:
        while b"\0" not in data and len(data) < most:
            data += at(address + len(data), 1)
    except OSError:
        return Part(Status.FAULT, 0, b"")
    text, nul, _ = data.partition(b"\0")
    return Part(Status.WHOLE if nul else Status.CUT, 0, text)


def at(address: int, length: int) -> bytes:
    """Return bytes of this process's memory; raises OSError where there is none."""
    descriptor = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if address >> 63:
            raise OSError
        return os.pread(descriptor, length, address)
    finally:
        os.close(descriptor)


def file(descriptor: int, paths: list[bytes]) -> Part:
    """Return the path of a descriptor's file, by its index in ``paths``."""
    number = (descriptor & 0xFFFFFFFF) - (descriptor >> 31 & 1) * (1 << 32)
    name = "cwd" if number == -100 else f"fd/{number}"
    try:
        paths.append(os.readlink(f"/proc/self/{name}".encode()))
    except OSError:
        return Part(Status.FAULT, 0, b"")
    return Part(Status.WHOLE, 0, struct.pack("=Q", len(paths) - 1))
