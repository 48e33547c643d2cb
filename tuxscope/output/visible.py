"""Values as text that cannot move the cursor or break a row, and as JSON can hold them."""

from __future__ import annotations

from tuxscope.lean_typing import Any
from tuxscope.record import Record

NOTHING = "-"  # the text of None


def visible(text: str) -> str:
    """Return ``text`` with each non-printable character escaped as in Python."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    r"""Return the Python escape of ``character``: ``\x1b``, ``\u202e`` or ``\U000e0001``."""
    return character.encode("unicode_escape").decode()


def plain(value: Any) -> Any:
    """Return ``value``, any value of a record, as JSON can hold it: octets in hexadecimal, records
    as objects."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, Record):
        return dict(zip(type(value).fields, map(plain, value), strict=True))
    return value


def as_text(value: Any) -> str:
    """Return ``value``, any value that :func:`plain` returned, as text in one line of text."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return visible(value)
    from tuxscope.output.compact import COMPACT

    return COMPACT(value)
