"""Write tuxscope/programs/digests.py anew: a CRC-32 of each file there, see runner/shipped.py.

python tools/page_digests.py
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

PAGES = Path(__file__).resolve().parents[1] / "tuxscope" / "programs"
FILE = PAGES / "digests.py"


def text() -> str:
    """What the file is to hold."""
    paths = sorted(each for each in PAGES.rglob("*.py") if each != FILE)
    lines = [
        f'    "{each.relative_to(PAGES)}": 0x{crc32(each.read_bytes()):08X},' for each in paths
    ]
    head = (
        '"""CRC-32 of the files here, as the tests have checked them. Written by make digests."""'
    )
    return "\n".join([head, "", "DIGESTS = {", *lines, "}", ""])


if __name__ == "__main__":
    FILE.write_text(text())
