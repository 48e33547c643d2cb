"""``tuxscope fields``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import style
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style


class Fields(Subcommand):
    name = "fields"
    help = """\
tuxscope fields: what a tracepoint hands to a program, and where.

usage: sudo tuxscope fields CATEGORY/NAME [--format FORMAT]
       sudo tuxscope fields 'PATTERN'

Prints offset, size, type and name of each field of the context (r1), as this
kernel's tracefs has them, mounted or not. With *, ? or [...] it prints the
names of the tracepoints that match, as in 'syscalls/*write*'.

  --format FORMAT     text (default) or json, an object a line
"""

    @SetParseFns(tracepoint=str, format=style)  # type: ignore[untyped-decorator]
    def run(self, tracepoint: str | None = None, *, format: Style = Style.TEXT) -> Job:
        if tracepoint is None or tracepoint == "True":
            raise FireError(
                "of which tracepoint? try: sudo tuxscope fields syscalls/sys_enter_write"
            )

        def job() -> int:
            from tuxscope.runner.fields import list_fields

            return list_fields(tracepoint, format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "fields takes one tracepoint; a pattern stands in quotes"
