"""``tuxscope doctor``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import style
from tuxscope.lean_fire import SetParseFns
from tuxscope.output.lines import Style


class Doctor(Subcommand):
    name = "doctor"
    help = """\
tuxscope doctor: what this machine offers, and what to do about the rest.

usage: tuxscope doctor [--format text|json]

Prints a line for each thing that tracing needs: whether it is there, and what
to type where it is not. Needs no privilege, but tells more with sudo.

The exit status is 0 if tracing works here, and 1 if something is missing that
it needs. BTF alone it does not need: net shows less without.

  --format FORMAT     text (default) or json, an object a line
"""

    @SetParseFns(format=style)  # type: ignore[untyped-decorator]
    def run(self, *, format: Style = Style.TEXT) -> Job:
        def job() -> int:
            from tuxscope.doctor import report

            return report(format)

        return Job(job)
