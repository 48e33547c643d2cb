"""Escapes text that could move the cursor or break a row."""

from __future__ import annotations


def visible(text: str) -> str:
    """``text`` with each non-printable character escaped as in Python."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    r"""The Python escape of a character: ``\x1b``, ``\u202e`` or ``\U000e0001``."""
    return character.encode("unicode_escape").decode()
