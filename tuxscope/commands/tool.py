"""What all commands have in common that run a page: ``tuxscope hello``, ``tuxscope run FILE``."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.commands.base import Command, Job
from tuxscope.options.tool import ToolOptions


class Tool(Command):
    options = ToolOptions

    def page_file(self, options: ToolOptions) -> str:
        """The page to run. Raises UsageError."""
        from tuxscope.runner.pages import page_file

        return page_file(self.name)

    def run(self, options: ToolOptions) -> Job:
        page = self.page_file(options)

        def job() -> int:
            if options.simulate:
                from tuxscope.runner.simulation import simulate

                return simulate(page, options)
            from tuxscope.runner.live import run

            return explained(lambda: run(page, options), options.verifier_log)

        return Job(job)

    def stray(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"


def explained(run: Callable[[], int], verifier_log: bool) -> int:
    """Run it; where the kernel refuses the program, say why, with the verifier's log if wanted."""
    from tuxscope.loader.verifier import VerifierError

    try:
        return run()
    except VerifierError as error:
        from tuxscope.output.report import tell, tell_log

        if verifier_log:
            tell_log(error.log)
            tell(error)
        else:
            tell(error, f"{error.log.count(chr(10))} lines; --verifier-log prints them")
        return error.exit_status
