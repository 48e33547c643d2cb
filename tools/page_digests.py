"""Write tuxscope/page/digests.py: a digest of each file of pages, see page/shipped.py.

python tools/page_digests.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tuxscope.page.shipped import digest  # noqa: E402

PACKAGE = ROOT / "tuxscope"
FILE = PACKAGE / "page" / "digests.py"


def text() -> str:
    """Return the text of digests.py."""
    pages = sorted((PACKAGE / "programs").rglob("*.py"))
    paths = [PACKAGE / "page" / name for name in ("emitting.py", "pid_namespace.py")] + pages
    lines = [
        f'    "{each.relative_to(PACKAGE)}": 0x{digest(each.read_bytes()):016X},' for each in paths
    ]
    head = '"""Digests of pages, as the tests have checked them. Written by make digests."""'
    return "\n".join([head, "", "DIGESTS = {", *lines, "}", ""])


if __name__ == "__main__":
    FILE.write_text(text())
