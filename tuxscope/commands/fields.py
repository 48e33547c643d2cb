"""``tuxscope fields``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class FieldsOptions(Options):
    tracepoint: str | None = argument(default=None)
    format: Style = option(
        "FORMAT", choice(Style), "text (default) or json, an object a line", default=Style.TEXT
    )


class FieldsCommand(Subcommand):
    name = "fields"
    options = FieldsOptions
    help = """\
tuxscope fields: what a tracepoint hands to a program, and where.

usage: sudo tuxscope fields CATEGORY/NAME [--format FORMAT]
       sudo tuxscope fields 'PATTERN'

Prints offset, size, type and name of each field of the context (r1), as this
kernel's tracefs has them, mounted or not. With *, ? or [...] it prints the
names of the tracepoints that match, as in 'syscalls/*write*'.

{options}"""

    def run(self, options: FieldsOptions) -> Job:
        tracepoint = options.tracepoint
        if tracepoint is None or tracepoint == "True":
            raise UsageError(
                "of which tracepoint? try: sudo tuxscope fields syscalls/sys_enter_write"
            )

        def job() -> int:
            from tuxscope.commands.fields_job import list_fields

            return list_fields(tracepoint, options.format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "fields takes one tracepoint; a pattern stands in quotes"
