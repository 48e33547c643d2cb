"""The part of a help text that lists the options."""

from __future__ import annotations

import textwrap

from tuxscope.options import Options

COLUMN, WIDTH = 22, 80


def option_lines(options: type[Options], page_kind: str = "") -> str:
    """Return the list of ``options``, a subclass of Options, as a str in two columns: flag and
    metavar, then the help text; 80 columns wide.

    With ``page_kind``, a str, options that do not apply to that kind of page are left out.
    """
    lines = []
    for each in options.declared.values():
        if not each.flag or (page_kind and each.applies_to and page_kind not in each.applies_to):
            continue
        typed = f"  {each.flag} {each.metavar}".rstrip()
        first, *more = wrapped(each.help)
        lines.append(f"{typed:<{COLUMN - 1}} {first}")
        lines += [" " * COLUMN + line for line in more]
    return "".join(f"{line}\n" for line in lines)


def wrapped(text: str) -> list[str]:
    """Return ``text`` wrapped for the second column, a list of str; its line breaks are kept."""
    return [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, WIDTH - COLUMN, break_on_hyphens=False)
    ]
