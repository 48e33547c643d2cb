"""The running kernel's structs, as its BTF tells: where a member is, and how long.

Format: Documentation/bpf/btf.rst in the kernel's tree; numbers are in the machine's byte order.
"""

from __future__ import annotations

from functools import lru_cache

from tuxscope.asm.layout import Place
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader.btf import MAGIC, Header
from tuxscope.loader.btf_reader import FOLLOWING, BtfError

VMLINUX = "/sys/kernel/btf/vmlinux"
# Kinds: those with a size of their own, those that stand for another type, and pointers.
INT, PTR, STRUCT, UNION, ENUM, ENUM64 = 1, 2, 4, 5, 6, 19
ALIASES = {8, 9, 10, 11, 18}  # TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG
POINTER_SIZE = 8
BIT_FIELDS = 1 << 31  # kind_flag: a member's offset has a bit field's size above 24 bits
WORDS = 3  # struct btf_type: name, kind and count, size or type


class KernelStructs:
    """All structs of the running kernel; some 30 ms to read."""

    def __init__(self, file: str = VMLINUX) -> None:
        """Raises TuxscopeError where the kernel has no BTF, BtfError where that is none."""
        try:
            with open(file, "rb") as opened:
                data = opened.read()
        except OSError as error:
            raise TuxscopeError(
                f"the kernel tells nothing of its structs: {file}: {strerror(error)}; it takes "
                "one that is built with CONFIG_DEBUG_INFO_BTF, as most are"
            ) from error
        if len(data) < Header.size or Header.unpack(data).magic != MAGIC:
            raise BtfError(f"{file} is no BTF")
        header = Header.unpack(data)
        start = header.hdr_len
        self._strings = data[start + header.str_off :][: header.str_len]
        section = data[start + header.type_off :][: header.type_len]
        self._words = memoryview(section).cast("I")
        self._starts, self._structs = self._walk()

    def _walk(self) -> tuple[list[int], dict[int, int]]:
        """Where each type begins, by its id; and each struct, by where its name is."""
        words = self._words
        fixed = [WORDS + FOLLOWING.get(kind, (0, 0))[0] // 4 for kind in range(32)]
        each = [FOLLOWING.get(kind, (0, 0))[1] // 4 for kind in range(32)]
        starts, structs = [0], {}
        at, end = 0, len(words)
        while at < end:
            starts.append(at)
            info = words[at + 1]
            kind = info >> 24 & 0x1F
            if kind == STRUCT:
                structs[words[at]] = at
            at += fixed[kind] + each[kind] * (info & 0xFFFF)
        return starts, structs

    def member(self, struct: str, name: str) -> Place:
        """Raises BtfError where there is none."""
        text = self._strings.find(b"\0%s\0" % struct.encode()) + 1
        if text and text in self._structs:
            found = self._search(self._structs[text], name.encode())
            if found:
                return found
        raise BtfError(f"this kernel has no {name} in struct {struct}")

    def _search(self, at: int, name: bytes) -> Place | None:
        """A member by its name; those of unnamed structs and unions are the outer one's."""
        words = self._words
        info = words[at + 1]
        first = at + WORDS
        for member in range(first, first + 3 * (info & 0xFFFF), 3):
            text, type_id, bits = words[member : member + 3]
            offset = (bits & 0xFFFFFF if info & BIT_FIELDS else bits) // 8
            if self._string(text) == name:
                return Place(offset, self._size(type_id))
            if not text and (inner := self._search(self._starts[type_id], name)):
                return Place(offset + inner.offset, inner.size)
        return None

    def _string(self, at: int) -> bytes:
        return self._strings[at : self._strings.index(0, at)]

    def _size(self, type_id: int) -> int:
        """Of a type, in bytes; 0 where it has none, as an array's is not asked for."""
        at = self._starts[type_id]
        kind = self._words[at + 1] >> 24 & 0x1F
        if kind == PTR:
            return POINTER_SIZE
        if kind in ALIASES:
            return self._size(self._words[at + 2])
        return self._words[at + 2] if kind in (INT, STRUCT, UNION, ENUM, ENUM64) else 0


@lru_cache(1)
def kernel_structs() -> KernelStructs:
    """The running kernel's, read once. Raises TuxscopeError."""
    return KernelStructs()
