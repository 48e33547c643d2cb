"""``tuxscope toy``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.options import option
from tuxscope.options.parsers import integer
from tuxscope.options.tool import ToolOptions


class ToyOptions(ToolOptions):
    signal: int | None = option(
        "N",
        integer("a signal", 9),
        "calls with this signal alone",
        default=None,
        excludes={"pid": "--signal is for all processes; it does not go with {other}"},
    )


class ToyCommand(Subcommand):
    name = "toy"
    options = ToyOptions
    help = """\
tuxscope toy: every kill() on the system, as it happens.

usage: sudo tuxscope toy [options]

{options}"""

    def run(self, options: ToyOptions) -> Job:
        def job() -> int:
            from tuxscope.programs.toy import page

            from tuxscope.run.live import run_page, show

            return run_page(page.page(options.signal), page.__file__, options, show)

        return Job(job)
