"""The lines of a help text that tell of options."""

from __future__ import annotations

import textwrap

from tuxscope.options import Options

COLUMN, WIDTH = 22, 80


def option_lines(options: type[Options], shows: str = "") -> str:
    """Two columns, what is typed and what it does; ``shows``: of options for a kind of page, those
    for this kind alone."""
    lines = []
    for each in options.declared.values():
        if not each.flag or (shows and each.applies_to and shows not in each.applies_to):
            continue
        typed = f"  {each.flag} {each.metavar}".rstrip()
        first, *more = wrapped(each.help)
        lines.append(f"{typed:<{COLUMN - 1}} {first}")
        lines += [" " * COLUMN + line for line in more]
    return "".join(f"{line}\n" for line in lines)


def wrapped(text: str) -> list[str]:
    """Lines for the second column; a line break of the text remains one."""
    return [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, WIDTH - COLUMN, break_on_hyphens=False)
    ]
