"""``tuxscope doctor``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.options import Options, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class DoctorOptions(Options):
    """Options of ``tuxscope doctor``; an Options class.

    Attributes:
        format: a Style.
    """

    format: Style = option(
        "FORMAT", choice(Style), "text (default), or json: one object per line", default=Style.TEXT
    )


class DoctorCommand(Subcommand):
    name = "doctor"
    options = DoctorOptions
    help = """\
tuxscope doctor: check whether this machine can trace.

usage: tuxscope doctor [--format text|json]

Prints one line per requirement: whether it is met and, if not, what to type.
Needs no privilege, but checks more with sudo.

The exit status is 0 if tracing works, and 1 if a requirement is missing. BTF is
optional: without it, tools that read kernel structs show less.

{options}"""

    def run(self, options: DoctorOptions) -> Job:
        def job() -> int:
            from tuxscope.commands.doctor_job import report

            return report(options.format)

        return Job(job)
