"""``tuxscope syscall``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.programs.syscall.options import SyscallOptions


class SyscallCommand(Subcommand):
    name = "syscall"
    options = SyscallOptions
    help = """\
tuxscope syscall: system calls, counted and timed in the kernel.

usage: sudo tuxscope syscall --summary [options]
       sudo tuxscope syscall --summary [options] -- COMMAND [ARGUMENT ...]
       sudo tuxscope syscall --summary --hist NAME [options]

Prints a table: CALLS, ERRORS, TOTAL (time in these calls), AVG, P50 and P99 (of
100 calls, 50 and 99 took no longer), MAX, SLEPT (calls in which the thread was
switched out, and their time), %TIME, IN FLIGHT (threads that are in such a call
now, and for how long the oldest has been). What is chosen is decided in the
kernel. docs/tools/syscall.md says what each column means.

{options}
Without --follow, children of a process are not counted.
"""

    def run(self, options: SyscallOptions) -> Job:
        if not options.summary:
            raise UsageError(
                "single calls are not shown yet; for counts add --summary, as in "
                "sudo tuxscope syscall --summary"
            )

        def job() -> int:
            from tuxscope.programs.syscall.live import run

            return run(options)

        return Job(job, verifier_log=options.verifier_log)

    def stray(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
