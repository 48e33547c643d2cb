"""``tuxscope fields``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class FieldsOptions(Options):
    """Options of ``tuxscope fields``; an Options class.

    Attributes:
        tracepoint: a str or None.
        format: a Style.
    """

    tracepoint: str | None = argument(default=None)
    format: Style = option(
        "FORMAT", choice(Style), "text (default), or json: one object per line", default=Style.TEXT
    )


class FieldsCommand(Subcommand):
    name = "fields"
    options = FieldsOptions
    help = """\
tuxscope fields: list the fields of a tracepoint.

usage: sudo tuxscope fields CATEGORY/NAME [--format FORMAT]
       sudo tuxscope fields 'PATTERN'

Prints offset, size, type and name of each field in the context (r1), from this
kernel's tracefs, which need not be mounted. A PATTERN contains *, ? or [...],
for example 'syscalls/*write*': prints the names of the matching tracepoints.

{options}"""

    def run(self, options: FieldsOptions) -> Job:
        tracepoint = options.tracepoint
        if tracepoint is None or tracepoint == "True":
            raise UsageError(
                "missing argument: a tracepoint; try: sudo tuxscope fields syscalls/sys_enter_write"
            )

        def job() -> int:
            from tuxscope.commands.fields_job import list_fields

            return list_fields(tracepoint, options.format)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "fields takes one tracepoint; quote a pattern: 'syscalls/*'"
