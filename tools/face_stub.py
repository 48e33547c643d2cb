"""Write tuxscope/__init__.pyi again: the library's names, for type checkers.

python tools/face_stub.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import tuxscope  # noqa: E402

FILE = ROOT / "tuxscope" / "__init__.pyi"
HEAD = '''"""The library's names, for type checkers; __init__.py imports each when it is first used.

Written by make face.
"""
'''


def order(name: str) -> tuple[bool, str, int]:
    """Return the key to sort ``name``, a str, by, a tuple: classes first; r10 comes after r9."""
    letters = name.rstrip("0123456789")
    return name[0].islower(), letters, int(name[len(letters) :] or 0)


def imported_order(name: str) -> tuple[bool, str]:
    """Return the key to sort ``name``, a str, by in an import, a tuple: the order of ruff's isort,
    which ignores case."""
    first, letters, number = order(name)
    return first, f"{letters.lower()}{number:02}"


def text() -> str:
    """What the file is to hold."""
    blocks = []
    for module, names in sorted(tuxscope.NAMES.items()):
        imported = "".join(f"    {each},\n" for each in sorted(names.split(), key=imported_order))
        blocks.append(f"from {module} import (\n{imported})\n")
    listed = "".join(f'    "{each}",\n' for each in sorted(tuxscope.MODULES, key=order))
    own = "NAMES: dict[str, str]\nMODULES: dict[str, str]\n__version__: str\n"
    return f"{HEAD}\n{''.join(blocks)}\n{own}__all__ = [\n{listed}]\n"


if __name__ == "__main__":
    FILE.write_text(text())
