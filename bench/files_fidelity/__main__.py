"""Compare the files and bytes of tuxscope fileio with strace's, in one run of each command:

    sudo python -m files_fidelity [--only NAME]

For each of the commands of fidelity it compares two multisets: operation, path, other path, bytes
that were moved, and error. It prints what only one of the tools has.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator

from fidelity.commands import commands
from fidelity.lines import strace_lines
from fidelity.watching import RunError, after_gate, outputs

from files_fidelity.operations import CALLS, Operation, of_fileio, of_strace

OPS = ",".join(sorted({call.op for call in CALLS.values()}))
FILEIO = [
    sys.executable, "-B", "-m", "tuxscope", "fileio", "--follow", "--format", "json", "--op", OPS,
]  # fmt: skip
GATE_ASKS = re.compile(rb'"op":"access"[^\n]*/tools/go"')
DIRECTORY = re.compile(r"(/\S*/)tools/go\b")
EXAMPLES = 12


def main() -> int:
    parser = argparse.ArgumentParser(prog="files_fidelity", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    total, equal, bytes_moved, extra, lost, same, ran = 0, 0, 0, 0, 0, 0, 0
    for command in commands():
        if options.only not in command.name or command.absent():
            continue
        try:
            made = outputs(command, FILEIO, GATE_ASKS)
        except (RunError, OSError) as error:
            print(f"{command.name}: {error}", file=sys.stderr)
            continue
        place = DIRECTORY.search(made.theirs)
        assert place
        lines = after_gate(strace_lines(made.theirs), made.pid, 2)
        theirs = Counter(of_strace(lines, f"{place[1]}work"))
        ours = Counter(of_fileio(made.ours, made.pid))
        print(f"{(theirs & ours).total():6,} of {theirs.total():6,}  {command.name}", flush=True)
        print("".join(differences(theirs, ours)), end="")
        ran += 1
        same += theirs == ours
        total += theirs.total()
        equal += (theirs & ours).total()
        bytes_moved += sum(max(each.moved, 0) * count for each, count in (theirs & ours).items())
        extra += (ours - theirs).total()
        lost += made.lost
    print(
        f"{equal:,} of {total:,} operations that strace shows, with {bytes_moved:,} bytes, are the "
        f"same; {extra:,} only tuxscope has; {lost:,} lost; {same} of {ran} commands have no "
        "difference"
    )
    return 0 if ran else 1


def differences(theirs: Counter[Operation], ours: Counter[Operation]) -> Iterator[str]:
    """Yield lines of what only one of ``theirs`` and ``ours``, Counters, has."""
    for name, rest in (("strace", theirs - ours), ("tuxscope", ours - theirs)):
        for each, count in sorted(rest.items())[:EXAMPLES]:
            yield f"        only {name}, {count}: {each}\n"


if __name__ == "__main__":
    sys.exit(main())
