"""Write tuxscope/programs/digests.py: a digest of each file there (see runner/shipped.py).

python tools/page_digests.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tuxscope.runner.shipped import digest  # noqa: E402

PAGES = ROOT / "tuxscope" / "programs"
FILE = PAGES / "digests.py"


def text() -> str:
    """The text of digests.py."""
    paths = sorted(each for each in PAGES.rglob("*.py") if each != FILE)
    lines = [
        f'    "{each.relative_to(PAGES)}": 0x{digest(each.read_bytes()):016X},' for each in paths
    ]
    head = '"""Digests of the files here that the tests have checked. Written by make digests."""'
    return "\n".join([head, "", "DIGESTS = {", *lines, "}", ""])


if __name__ == "__main__":
    FILE.write_text(text())
