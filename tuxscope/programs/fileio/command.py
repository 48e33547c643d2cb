"""``tuxscope fileio``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.programs.fileio.options import FileioOptions


class FileioCommand(Subcommand):
    name = "fileio"
    options = FileioOptions
    help = """\
tuxscope fileio: trace what processes do with files.

usage: sudo tuxscope fileio [options]
       sudo tuxscope fileio [options] -- COMMAND [ARGUMENT ...]

Prints a line for each operation that has ended: time of its start, process,
operation, result or error, bytes that were moved, where in the file, how long
it took, and the file's path. Without --all only regular files and directories
are shown. docs/tools/fileio.md says what each column means.

{options}
Without --follow, children of a process are not traced.
"""

    def run(self, options: FileioOptions) -> Job:
        def job() -> int:
            from tuxscope.programs.fileio.live import run

            return run(options)

        return Job(job, verifier_log=options.verifier_log)

    def unexpected_hint(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
