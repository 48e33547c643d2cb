"""Bytes in double quotes, as strace(1) prints them."""

from __future__ import annotations

ESCAPES = {
    ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r",
    ord("\v"): "\\v", ord("\f"): "\\f",
}  # fmt: skip
PLAIN = [chr(byte) if 32 <= byte < 127 else "" for byte in range(256)]
PLAIN_BYTES = bytes(byte for byte in range(32, 127) if byte not in ESCAPES)


def escaped(data: bytes, more: str = "") -> str:
    """Return ``data``, bytes, as text: what is not printable ASCII as octal, which has three digits
    only before another octal digit; the characters in ``more``, a str, too."""
    if not more and not data.translate(None, PLAIN_BYTES):
        return data.decode()
    parts = []
    following = data[1:] + b"\0"
    for byte, after in zip(data, following, strict=False):
        if byte in ESCAPES:
            parts.append(ESCAPES[byte])
        elif PLAIN[byte] and PLAIN[byte] not in more:
            parts.append(PLAIN[byte])
        else:
            parts.append(f"\\{byte:03o}" if 48 <= after < 56 else f"\\{byte:o}")
    return "".join(parts)


def quoted(data: bytes, cut: bool = False) -> str:
    """Return ``data``, bytes, as text in double quotes; ``...`` behind them says that it was
    ``cut``, a bool."""
    return f'"{escaped(data)}"' + "..." * cut


def hexadecimal(data: bytes, cut: bool = False) -> str:
    """Return ``data``, bytes, as text in double quotes, each byte as ``\\x41``, with ``...`` behind
    them if it was ``cut``, a bool."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"' + "..." * cut
