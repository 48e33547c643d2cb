"""C structs, declared once for both sides of the kernel boundary: :class:`Record`, and the C types
of its fields."""

from tuxscope.record.declared import RecordError
from tuxscope.record.record import Nested, Record, RecordType
from tuxscope.record.types import Field, Hole, char, s8, s16, s32, s64, u8, u16, u32, u64

__all__ = [
    "Field", "Hole", "Nested", "Record", "RecordError", "RecordType",
    "char", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64",
]  # fmt: skip
