"""JSON in one line. Text output does without the module, which takes a millisecond to import."""

from __future__ import annotations

import json

from tuxscope.record.types import decode_text

SPACED = json.dumps
COMPACT = json.JSONEncoder(separators=(",", ":")).encode


def json_text(raw: bytes) -> str:
    """A C string as a JSON string, in ASCII alone: safe on every terminal."""
    return json.dumps(decode_text(raw))
