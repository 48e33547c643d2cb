"""``tuxscope explain``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class ExplainOptions(Options):
    """Options of ``tuxscope explain``; an Options class.

    Attributes:
        file: a str or None.
        format: a Style.
    """

    file: str | None = argument(default=None)
    format: Style = option(
        "FORMAT",
        choice(Style),
        "text (default), or json: one object with cause, hint, slot, source, registers and telling "
        "(the lines of the log that give the reason)",
        default=Style.TEXT,
    )


class ExplainCommand(Subcommand):
    name = "explain"
    options = ExplainOptions
    help = """\
tuxscope explain: explain why the verifier refused a program.

usage: tuxscope explain [FILE] [--format text|json]
       bpftool -d prog load prog.o /sys/fs/bpf/x 2>&1 | tuxscope explain

FILE contains a verifier log from any loader: libbpf, bpftool, cilium/ebpf, aya,
bcc, or tuxscope hello --verifier-log. Other output may surround the log, and it
may be a field of logfmt or JSON. Without FILE, or with -, explain reads stdin.
Needs no privilege and no kernel.

The exit status is 0 if the cause is known. It is 1 if the cause is unknown, the
log is truncated or missing, or the program was accepted.

{options}"""

    def run(self, options: ExplainOptions) -> Job:
        file = options.file
        if file == "True":
            raise UsageError("missing argument: the file with the log; try: tuxscope explain FILE")

        def job() -> int:
            from tuxscope.commands.explain_job import explain_log

            return explain_log(file, options.format)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "explain takes one file"
