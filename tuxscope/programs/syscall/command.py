"""``tuxscope syscall``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.programs.syscall.options import SyscallOptions


class SyscallCommand(Subcommand):
    name = "syscall"
    options = SyscallOptions
    help = """\
tuxscope syscall: trace system calls, or count and time them in the kernel.

usage: sudo tuxscope syscall [options]
       sudo tuxscope syscall [options] -- COMMAND [ARGUMENT ...]
       tuxscope syscall --simulate [options]
       sudo tuxscope syscall --summary [--by KEY] [options]
       sudo tuxscope syscall --summary --hist NAME [options]

Prints a line when a call has returned, as strace does: time of its start, name
and ID of the thread, call, result, and how long it took. Signals and ends of
threads have lines, too. With --summary it prints a table: CALLS, ERRORS, TOTAL
(time in these calls), AVG, P50 and P99 (of 100 calls, 50 and 99 took no
longer), MAX, SLEPT (calls in which the thread was switched out, and their
time), %TIME, IN FLIGHT (threads that are in such a call now, and for how long
the oldest has been). What is chosen is decided in the kernel.
docs/tools/syscall.md says what each column means.

{options}
Without --follow, children of a process are not traced.
"""

    def run(self, options: SyscallOptions) -> Job:
        def job() -> int:
            if options.summary:
                from tuxscope.programs.syscall.live import run
            elif options.simulate:
                from tuxscope.programs.syscall.simulated import run
            else:
                from tuxscope.programs.syscall.calls import run

            return run(options)

        return Job(job, verifier_log=None if options.simulate else options.verifier_log)

    def unexpected_hint(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"

    def short_option_hint(self, letter: str, value: str) -> str:
        from tuxscope.programs.syscall.strace_options import hint

        return hint(letter, value)
