"""Writes tuxscope/abi/syscalls.tsv, the numbers of system calls by ABI: ``make syscalls``.

They come from the PyPI package ``system-calls``, whose tables are made from the kernel's own
(https://github.com/hrw/syscalls-table). Only this script needs it: tuxscope ships the table.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tuxscope" / "abi" / "syscalls.tsv"

# Our columns, in the words of the kernel's headers, and the package's tables.
TABLES = {
    "x86_64": "x86_64", "ia32": "i386", "x32": "x32", "arm64": "arm64", "arm": "arm",
    "s390x": "s390x", "s390": "s390",
}  # fmt: skip


def numbers(table: str) -> dict[str, int]:
    """The numbers of one of the package's tables, by name."""
    module = import_module(f"system_calls.tables.{table}")
    found: dict[str, int] = getattr(module, f"syscalls_{table}")
    return found


def text() -> str:
    """What the file is to hold."""
    tables = {ours: numbers(theirs) for ours, theirs in TABLES.items()}
    rows = (
        "\t".join((name, *(str(each.get(name, "-")) for each in tables.values())))
        for name in sorted(set().union(*tables.values()))
    )
    return "\n".join(("\t".join(("name", *TABLES)), *rows, ""))


if __name__ == "__main__":
    try:
        TABLE.write_text(text())
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: pip install system-calls, into the Python that runs this")
