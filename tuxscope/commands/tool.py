"""Base class of the commands that run a page: ``tuxscope hello``, ``tuxscope run FILE``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.options.tool import ToolOptions


class Tool(Subcommand):
    """A Subcommand: a command that runs a page, on the kernel or in the interpreter
    (``--simulate``)."""

    options = ToolOptions

    def page_file(self, options: ToolOptions) -> str:
        """Return the path of the page to run, a str; ``options`` are ToolOptions. Raises UsageError
        if the user gave none."""
        from tuxscope.page.loading import page_file

        return page_file(self.name)

    def run(self, options: ToolOptions) -> Job:
        page = self.page_file(options)

        def job() -> int:
            if options.simulate:
                from tuxscope.run.simulation import simulate

                return simulate(page, options)
            from tuxscope.run.live import run

            return run(page, options)

        return Job(job, verifier_log=None if options.simulate else options.verifier_log)

    def unexpected_hint(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
