"""Writes docs/verifier.md, the gallery of what the verifier refuses: ``make docs``.

It is made of the entries in tuxscope/learn/content/gallery, which the tests load on real kernels,
and of what those kernels said to them.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from verifier.logs import all_series, recorded

from tuxscope.asm import Assembler
from tuxscope.asm.errors import CheckError
from tuxscope.explain.causes import CAUSES
from tuxscope.explain.explain import explain
from tuxscope.explain.explanation import Explanation
from tuxscope.learn.content.gallery import calls, memory
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.table import GALLERY

SHOWN = "6.18"  # the kernel whose log is shown; of the others what differs
LONGEST = 8  # lines
MAP = re.compile(r"[A-Z_]+ = (Array|Hash|RingBuf|PerfEventArray)\(")

HEAD = """\
# What the verifier refuses

Written by `make docs` from `tuxscope/learn/content/gallery`. Each program here is refused by real
kernels, and its fixed form is loaded by them, whenever the tests run; what they say was recorded
on Linux {series}. To fix one yourself: `tuxscope learn start verifier/NAME`.

## How to read a log

When a program is loaded, the verifier simulates it: instruction by instruction, along each path,
with the state of each register. The log is the trace of that simulation.

```
{example}
```

- `; ...` is your line, with its file and number (the latter since Linux 6.9 or so).
- `5: (85) call ...` is the instruction at slot 5; a slot is 8 bytes. 85 is its opcode.
- After the semicolon is the state that it changed: `R0=map_value_or_null(...)`. Linux before 5.17
  prints it on a line of its own, at log level 2. A number is a `scalar`, or `inv` before 5.18.
- `from 3 to 9:` continues at the jump at slot 3, along its other path.
- Then comes **the error line**, the reason why the verifier refuses the program. It is the last
  line before the statistics, or close to it, and often names the register. Linux 7.3 repeats it
  after `Verification failed:`, with a reason and a suggestion.
- `processed ...` are statistics.

`VerifierError` and `tuxscope explain` explain the error line and show your source line. They list
the registers involved, with their states and the instructions that wrote them last.

Many of these mistakes are found while you assemble, by `a.program()`. `a.program(check=False)`
leaves them to the kernel.

The programs share these descriptions:

```python
{shared}
```

## The causes
"""


def body(function: Callable[[], Assembler]) -> str:
    """The lines of a program, without the function around them."""
    lines = inspect.getsource(function).splitlines()
    return dedent("\n".join(lines[1:-1]))


def shared() -> str:
    """The records and the maps that the programs use."""
    records = [inspect.getsource(each) for each in (memory.Event, calls.Sample)]
    maps = (
        line
        for module in (memory, calls)
        for line in inspect.getsource(module).splitlines()
        if MAP.match(line)
    )
    return "\n\n".join([*records, "\n".join(maps)])


def foreseen(entry: Entry) -> str:
    """What our own checks say; empty where they find nothing."""
    try:
        entry.rejected().program()
    except CheckError as error:
        return str(error)
    return ""


def excerpt(log: str, explanation: Explanation) -> str:
    """The log's end up to the error lines."""
    lines = log.partition("\nVerification failed: ")[0].rstrip().splitlines()
    end = max(lines.index(each) for each in explanation.telling) + 1
    return "\n".join(lines[max(end - LONGEST, 0) : end])


def others(entry: Entry, telling: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for each kernel whose error lines differ from ``telling``."""
    for series in all_series():
        log = recorded(series)[entry.key]
        theirs = explain(log).telling
        if series != SHOWN and theirs != telling:
            said = "; ".join(f"`{each}`" for each in theirs)
            yield f"Linux {series} says {said}."


def section(entry: Entry) -> Iterator[str]:
    """One entry."""
    log = recorded(SHOWN)[entry.key]
    explanation = explain(log, entry.program())
    yield f"### {entry.title}\n\n`{entry.key}`\n\n```python\n{body(entry.rejected)}\n```\n"
    if entry.patch:
        yield f"(The assembler does not write this: {entry.patch}.)\n"
    if entry.unprivileged:
        yield "(The verifier refuses it only to processes without CAP_PERFMON.)\n"
    if problem := foreseen(entry):
        yield f"`a.program()` raises:\n\n```\n{problem}\n```\n"
    yield f"The kernel's log:\n\n```\n{excerpt(log, explanation)}\n```\n"
    if different := " ".join(others(entry, explanation.telling)):
        yield f"{different}\n"
    yield f"**Cause**: {explanation.sentence}.\n"
    yield f"**Hint**: {explanation.hint}\n"
    yield f"{entry.means}\n"
    yield f"**The fix**: {entry.fix}\n\n```python\n{body(entry.fixed)}\n```\n"


def page() -> Iterator[str]:
    """The page's parts."""
    example = next(each for each in GALLERY if each.key == "missing-null-check")
    log = recorded(SHOWN)[example.key].strip()
    *others, last = all_series()
    yield HEAD.format(series=f"{', '.join(others)} and {last}", example=log, shared=shared())
    shown = {each.key for each in GALLERY}
    for cause in CAUSES:
        anchor = cause.title.lower().replace(" ", "-").replace("'", "")
        yield f"- [{cause.title}](#{anchor})" if cause.key in shown else f"- {cause.title}"
    yield ""
    for entry in GALLERY:
        yield from section(entry)


if __name__ == "__main__":
    print("\n".join(page()).rstrip())
