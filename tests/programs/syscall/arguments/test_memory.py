"""Calls on memory are shown as strace(1) shows them."""

from __future__ import annotations

import struct

import pytest

from tuxscope.abi.architecture import S390X, X86_64, Abi
from tuxscope.calls.reads import Status
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.text import arguments_json, arguments_text, result_text


def shown(name: str, *values: int, result: int = 0) -> str:
    """Return a call as text, with nothing read of its memory."""
    whole = tuple(each & 0xFFFFFFFFFFFFFFFF for each in (*values, *[0] * (6 - len(values))))
    call = Call(name, Abi.X86_64, X86_64, whole, result)
    return f"{name}({arguments_text(call)}) = {result_text(call)}"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (shown("mmap", 0, 8192, 3, 0x22, -1, 0, result=0x7F48C8493000),
         "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) "
         "= 0x7f48c8493000"),
        (shown("mmap", 0x7F48C8493000, 8192, 0, 0x12, 3, 0x1000, result=0x7F48C8493000),
         "mmap(0x7f48c8493000, 8192, PROT_NONE, MAP_PRIVATE|MAP_FIXED, 3, 0x1000) "
         "= 0x7f48c8493000"),
        (shown("mmap", 0, 2 << 20, 3, 0x54040022, -1, 0, result=-12),
         "mmap(NULL, 2097152, PROT_READ|PROT_WRITE, "
         "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) "
         "= -1 ENOMEM (Cannot allocate memory)"),
        (shown("mmap", 0, 8192, 1, 0x20, -1, 0, result=-22),
         "mmap(NULL, 8192, PROT_READ, MAP_FILE|MAP_ANONYMOUS, -1, 0) "
         "= -1 EINVAL (Invalid argument)"),
        (shown("mmap", 0, 8192, 0x100, 0, 5, 0x7000, result=-22),
         "mmap(NULL, 8192, 0x100 /* PROT_??? */, MAP_FILE, 5, 0x7000) "
         "= -1 EINVAL (Invalid argument)"),
        (shown("munmap", 0x7F48C8493000, 8192), "munmap(0x7f48c8493000, 8192) = 0"),
        (shown("mprotect", 0x7F48C8493000, 4096, 1 | 1 << 24),
         "mprotect(0x7f48c8493000, 4096, PROT_READ|PROT_GROWSDOWN) = 0"),
        (shown("mremap", 0x1000, 8192, 16384, 1, 5, result=0x2000),
         "mremap(0x1000, 8192, 16384, MREMAP_MAYMOVE) = 0x2000"),
        (shown("mremap", 0x1000, 8192, 16384, 3, 0x5000, result=0x5000),
         "mremap(0x1000, 8192, 16384, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5000) = 0x5000"),
        (shown("madvise", 0x1000, 4096, 4), "madvise(0x1000, 4096, MADV_DONTNEED) = 0"),
        (shown("madvise", 0x1000, 4096, 77, result=-22),
         "madvise(0x1000, 4096, 0x4d /* MADV_??? */) = -1 EINVAL (Invalid argument)"),
        (shown("msync", 0x1000, 4096, 7),
         "msync(0x1000, 4096, MS_SYNC|MS_ASYNC|MS_INVALIDATE) = 0"),
        (shown("mlock2", 0x1000, 4096, 1), "mlock2(0x1000, 4096, MLOCK_ONFAULT) = 0"),
        (shown("mlockall", 3), "mlockall(MCL_CURRENT|MCL_FUTURE) = 0"),
        (shown("brk", 0, result=0x5651DE668000), "brk(NULL) = 0x5651de668000"),
    ],
)  # fmt: skip
def test_memory(call: str, expected: str) -> None:
    assert call == expected


def test_calls_with_halves_of_offsets() -> None:
    values = (0, 8192, 1, 2, 0xFFFFFFFF, 3)
    call = Call("mmap2", Abi.IA32, X86_64, values, 0x5000)
    assert arguments_text(call) == "NULL, 8192, PROT_READ, MAP_PRIVATE, -1, 0x3000"
    assert result_text(call) == "0x5000"
    seek = Call("_llseek", Abi.IA32, X86_64, (3, 1, 5, 0, 2, 0), 0)
    assert arguments_text(seek) == "3, 4294967301, NULL, SEEK_END"


@pytest.mark.parametrize(
    ("abi", "form"), [(Abi.S390X, "=6Q"), (Abi.S390, "=6I"), (Abi.IA32, "=6I")]
)
def test_mmap_by_the_address_of_its_arguments(abi: Abi, form: str) -> None:
    none = (1 << struct.calcsize(form) * 8 // 6) - 1  # -1 as a word
    data = struct.pack(form, 0, 8192, 3, 0x22, none, 0)
    machine = X86_64 if abi is Abi.IA32 else S390X
    values = (0x7FF0, 1, 2, 3, 4, 5)
    read = {(0, 0): [Part(Status.WHOLE, 0, data)]}
    call = Call("mmap", abi, machine, values, 0x7000, parts=read)
    assert (
        arguments_text(call) == "NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"
    )
    assert arguments_json(call)["arguments"]["length"] == "8192"
    missing = Call("mmap", abi, machine, values, -14)
    assert arguments_text(missing) == "0x7ff0"
