"""Text that cannot move the cursor or break a row."""

from __future__ import annotations


def visible(text: str) -> str:
    """Text with all that is not printable escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    r"""``\x1b``, ``\u202e`` or ``\U000e0001``, as Python would write it."""
    return character.encode("unicode_escape").decode()
