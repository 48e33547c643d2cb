"""``tuxscope explain``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice
from tuxscope.output.lines import Style


class ExplainOptions(Options):
    file: str | None = argument(default=None)
    format: Style = option(
        "FORMAT",
        choice(Style),
        "text (default), or json: one object with cause, hint, slot, source, registers and telling "
        "(the lines of the log that say why)",
        default=Style.TEXT,
    )


class ExplainCommand(Subcommand):
    name = "explain"
    options = ExplainOptions
    help = """\
tuxscope explain: why the verifier refused a program, in plain words.

usage: tuxscope explain [FILE] [--format text|json]
       bpftool -d prog load prog.o /sys/fs/bpf/x 2>&1 | tuxscope explain

FILE holds a verifier's log, as any loader prints it: libbpf, bpftool,
cilium/ebpf, aya, bcc, or tuxscope hello --verifier-log; with other output
around it, or in a field of logfmt or JSON, too. Without FILE, or with -, it is
read from stdin. Needs no privilege and no kernel.

The exit status is 0 where the cause is known, 1 where it is not, where the log
was cut off or is that of an accepted program, or where there is none.

{options}"""

    def run(self, options: ExplainOptions) -> Job:
        file = options.file
        if file == "True":
            raise UsageError("which log? try: tuxscope explain FILE")

        def job() -> int:
            from tuxscope.commands.explain_job import explain_log

            return explain_log(file, options.format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "explain takes one file"
