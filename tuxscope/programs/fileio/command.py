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
       sudo tuxscope fileio --summary [--by KEY] [options]
       sudo tuxscope fileio --disk [options]

Prints a line for each operation that has ended: time of its start, process,
operation, result or error, bytes that were moved, where in the file, how long
it took, and the file's path. With --summary it prints a table: how often and
how many bytes were read and written (READ_BYTES, WRITTEN_BYTES), and how long
a call took (AVG, MAX). Without --all only regular files and directories are
shown. With --disk it prints a table of what devices have read and written
(DEV_READ, DEV_WRITTEN): of which file, of what KIND (data, metadata, journal,
direct, swap or unknown), and for which process, even if a kernel thread
submits it later. docs/tools/fileio.md says what each column means.

{options}
Without --follow, children of a process are not traced.
"""

    def run(self, options: FileioOptions) -> Job:
        def job() -> int:
            if options.disk:
                from tuxscope.programs.fileio.disk.live import run
            elif options.summary:
                from tuxscope.programs.fileio.tables import run
            else:
                from tuxscope.programs.fileio.live import run

            return run(options)

        return Job(job, verifier_log=options.verifier_log)

    def unexpected_hint(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
