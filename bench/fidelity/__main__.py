"""Compare the lines of tuxscope syscall with strace's, in one run of each command:

    sudo python -m fidelity [--only NAME] [--keep DIRECTORY] [--report FILE] [--record]
                            [--limit SECONDS]

It prints a summary and what differs, the commonest first. --keep saves both outputs of each
command; --only takes the commands whose names contain NAME; --record writes what differs into
docs/tools/syscall.md. After --limit seconds (300) no other command begins.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

from fidelity import page
from fidelity.commands import commands
from fidelity.comparing import Comparison, compared
from fidelity.watching import ROOT, RunError, watched

MOST_BROKEN = 3  # commands in whose runs a tool failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="fidelity", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--limit", type=float, default=300.0)
    options = parser.parse_args()
    deadline = time.monotonic() + options.limit
    comparisons: list[Comparison] = []
    failed: dict[str, str] = {}
    broken = 0
    for command in commands():
        if options.only not in command.name:
            continue
        if absent := command.absent():
            failed[command.name] = f"{absent} is not installed"
            continue
        if time.monotonic() > deadline or broken >= MOST_BROKEN:
            failed[command.name] = "not run: no time is left, or too many failed"
            continue
        try:
            seen = watched(command)
        except (RunError, OSError) as error:
            failed[command.name] = str(error)
            broken += 1
            print(f"{command.name}: {error}", file=sys.stderr)
            continue
        found = compared(command.name, seen.theirs, seen.ours)
        found.lost = seen.lost
        comparisons.append(found)
        print(f"{found.percentage:6.1f} % of {found.lines:6,}  {command.name}", flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"\W+", "-", command.name)
            for tool, text in zip(("strace", "tuxscope"), seen.texts, strict=True):
                path = options.keep / f"{name}.{tool}"
                path.write_text(text, errors="surrogateescape")
    print(page.summary(comparisons))
    if options.report:
        options.report.write_text(page.report(comparisons, failed))
    else:
        print("\n".join(page.examples(comparisons)))
    if options.record:
        page.record(comparisons, ROOT / "docs" / "tools" / "syscall.md")
    return 0 if comparisons else 1


if __name__ == "__main__":
    sys.exit(main())
