"""``tuxscope step``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options.step import StepOptions


class StepCommand(Subcommand):
    name = "step"
    options = StepOptions
    help = """\
tuxscope step: interpret a program on one synthetic event, step by step.

usage: tuxscope step hello [options]
       tuxscope step FILE [options]

Prints the instruction of each step, what it changed, and its Python line.
FILE.py is a page. Any other FILE is assembly text; - is stdin. Needs no
privilege and no kernel.

{options}"""

    def run(self, options: StepOptions) -> Job:
        source = options.source
        if source is None or source == "True":
            raise UsageError("missing argument: the program; try: tuxscope step hello")

        def job() -> int:
            from tuxscope.commands.step_job import trace

            return trace(source, options)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "step takes one page or file"
