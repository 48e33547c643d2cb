"""What all commands have in common that run a page: ``tuxscope hello``, ``tuxscope run FILE``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.options.tool import ToolOptions


class Tool(Subcommand):
    options = ToolOptions

    def page_file(self, options: ToolOptions) -> str:
        """The page to run. Raises UsageError."""
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

    def stray(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
