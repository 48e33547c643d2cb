"""``python -m verifier.logs SERIES [CONSOLE]``: keeps what a kernel says to the gallery.

Without a console, that of the running kernel; else what a guest of the matrix printed on its,
after ``make kernels KERNEL="5.10 amd64" TESTS="tests/verifier -s"``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tuxscope.learn.content.gallery.table import GALLERY
from verifier.kernel import refusal

FOLDER = Path(__file__).with_name("logs")
SAID = "verifier-log: "
LONGEST = 3000  # characters: what is longer is kept from a line's start on, as Linux 6.4 does


def recorded(series: str) -> dict[str, str]:
    """The logs of a kernel by the entries' keys."""
    logs: dict[str, str] = json.loads((FOLDER / f"{series}.json").read_text())
    return logs


def all_series() -> list[str]:
    """The kernels that there are logs of."""
    return sorted(each.stem for each in FOLDER.glob("*.json"))


def shortened(log: str) -> str:
    """The log's end, if it is long."""
    return log if len(log) <= LONGEST else log[-LONGEST:].partition("\n")[2]


def main(series: str, console: str = "") -> None:
    if console:
        logs = {}
        for line in Path(console).read_text(errors="replace").splitlines():
            _, said, rest = line.rstrip().partition(SAID)
            if said:
                key, log = json.loads(rest)
                logs[key] = log
    else:
        refusals = {each.key: refusal(each, each.program()) for each in GALLERY}
        logs = {key: shortened(error.log) for key, error in refusals.items() if error}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{series}.json").write_text(json.dumps(logs, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
