"""The running kernel's structs, as its BTF tells: where a member is, and how long.

Format: Documentation/bpf/btf.rst in the kernel's tree; numbers are in the machine's byte order.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from tuxscope.asm.layout import Place
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader.btf_reader import TYPE_WORDS, Btf, BtfError

VMLINUX = "/sys/kernel/btf/vmlinux"
# Kinds: those with a size of their own, those that stand for another type, and pointers.
INT, PTR, STRUCT, UNION, ENUM, ENUM64 = 1, 2, 4, 5, 6, 19
ALIASES = {8, 9, 10, 11, 18}  # TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG
POINTER_SIZE = 8
BIT_FIELDS = 1 << 31  # kind_flag: a member's offset has a bit field's size above 24 bits


class KernelStructs(Btf):
    """All structs of the running kernel; some 30 ms to read."""

    def __init__(self, file: str = VMLINUX) -> None:
        """Raises TuxscopeError where the kernel has no BTF, BtfError where that is none."""
        try:
            with open(file, "rb") as opened:
                super().__init__(opened.read())
        except OSError as error:
            raise TuxscopeError(
                f"the kernel tells nothing of its structs: {file}: {strerror(error)}; it takes "
                "one that is built with CONFIG_DEBUG_INFO_BTF, as most are"
            ) from error

    @cached_property
    def _structs(self) -> dict[int, int]:
        """Where each struct begins, by where its name is."""
        words = self._words
        return {words[at]: at for at in self._starts[1:] if words[at + 1] >> 24 & 0x1F == STRUCT}

    def member(self, struct: str, name: str) -> Place:
        """Raises BtfError where there is none."""
        text = self._strings.find(b"\0%s\0" % struct.encode()) + 1
        if text and text in self._structs:
            found = self._search(self._structs[text], name)
            if found:
                return found
        raise BtfError(f"this kernel has no {name} in struct {struct}")

    def _search(self, at: int, name: str) -> Place | None:
        """A member by its name; those of unnamed structs and unions are the outer one's."""
        words = self._words
        info = words[at + 1]
        first = at + TYPE_WORDS
        for member in range(first, first + 3 * (info & 0xFFFF), 3):
            text, type_id, bits = words[member : member + 3]
            offset = (bits & 0xFFFFFF if info & BIT_FIELDS else bits) // 8
            if self.string(text) == name:
                return Place(offset, self._size(type_id))
            if not text and (inner := self._search(self._starts[type_id], name)):
                return Place(offset + inner.offset, inner.size)
        return None

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
