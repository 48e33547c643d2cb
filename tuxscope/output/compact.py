"""JSON on one line. A module of its own: importing json takes 1 ms, which text output saves."""

from __future__ import annotations

import json

from tuxscope.record.types import decode_text

SPACED = json.dumps
COMPACT = json.JSONEncoder(separators=(",", ":")).encode


def json_text(raw: bytes) -> str:
    """Return ``raw``, a C string (bytes up to NUL), as a JSON string of ASCII characters."""
    return json.dumps(decode_text(raw))
