"""``tuxscope toy``."""

from __future__ import annotations

from tuxscope.commands.base import Command, Job
from tuxscope.commands.options import whole_number
from tuxscope.lean_fire import SetParseFns


class Toy(Command):
    name = "toy"
    help = """\
tuxscope toy: every kill() on the system, as it happens.

usage: sudo tuxscope toy [--signal N]

  --signal N          calls with this signal alone
"""

    @SetParseFns(signal=whole_number("signal", "a signal", 9))  # type: ignore[untyped-decorator]
    def run(self, *, signal: int | None = None) -> Job:
        def job() -> int:
            from tuxscope.programs.toy import page

            from tuxscope.runner.live import run_page, show
            from tuxscope.runner.options import Options

            return run_page(page.page(signal), page.__file__, Options(), show)

        return Job(job)
