"""``tuxscope doctor``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.options import Options, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class DoctorOptions(Options):
    format: Style = option(
        "FORMAT", choice(Style), "text (default) or json, an object a line", default=Style.TEXT
    )


class DoctorCommand(Subcommand):
    name = "doctor"
    options = DoctorOptions
    help = """\
tuxscope doctor: what this machine offers, and what to do about the rest.

usage: tuxscope doctor [--format text|json]

Prints a line for each thing that tracing needs: whether it is there, and what
to type where it is not. Needs no privilege, but tells more with sudo.

The exit status is 0 if tracing works here, and 1 if something is missing that
it needs. BTF alone it does not need: tools that read the kernel's structs show
less without it.

{options}"""

    def run(self, options: DoctorOptions) -> Job:
        def job() -> int:
            from tuxscope.commands.doctor_job import report

            return report(options.format)

        return Job(job)
