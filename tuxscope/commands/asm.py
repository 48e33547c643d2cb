"""``tuxscope asm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, process_id
from tuxscope.output.listing import Shape


class AsmOptions(Options):
    """Options of ``tuxscope asm``; an Options class.

    Attributes:
        source: a str or None.
        format: a Shape.
        pid: an int or None.
    """

    source: str | None = argument(default=None)
    format: Shape = option(
        "FORMAT",
        choice(Shape),
        "listing  slot, bytes, pseudo-C and Python line (default)\n"
        "text     pseudo-C only; asm FILE reads it back\n"
        "bytes    raw, in native byte order; map fds are 0\n"
        "json     one object per instruction\n"
        "c        an array of struct bpf_insn",
        default=Shape.LISTING,
    )
    pid: int | None = option(
        "PID",
        process_id,
        "assemble the program with the filter of tuxscope hello --pid",
        default=None,
    )


class AsmCommand(Subcommand):
    name = "asm"
    options = AsmOptions
    help = """\
tuxscope asm: list the instructions of a program.

usage: tuxscope asm hello [--pid PID] [--format FORMAT]
       tuxscope asm FILE [--format FORMAT]

FILE.py is a page. Any other FILE is assembly text in the syntax of LLVM's
assembler; - is stdin. Needs no privilege.

{options}"""

    def run(self, options: AsmOptions) -> Job:
        source = options.source
        if source is None or source == "True":
            raise UsageError("missing argument: the program to list; try: tuxscope asm hello")

        def job() -> int:
            from tuxscope.commands.asm_job import list_program

            return list_program(source, options.pid, options.format)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "asm takes one page or file"
