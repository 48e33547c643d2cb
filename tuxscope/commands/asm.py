"""``tuxscope asm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, process_id
from tuxscope.output.listing import Shape


class AsmOptions(Options):
    source: str | None = argument(default=None)
    format: Shape = option(
        "FORMAT",
        choice(Shape),
        "listing  slot, bytes, pseudo-C and Python line (default)\n"
        "text     pseudo-C alone, which asm FILE reads back\n"
        "bytes    raw, in this machine's order; maps' fds are 0\n"
        "json     an object for each instruction\n"
        "c        an array of struct bpf_insn",
        default=Shape.LISTING,
    )
    pid: int | None = option(
        "PID", process_id, "with the filter that tuxscope hello --pid has", default=None
    )


class AsmCommand(Subcommand):
    name = "asm"
    options = AsmOptions
    help = """\
tuxscope asm: the program of a page, or of a text, instruction by instruction.

usage: tuxscope asm hello [--pid PID] [--format FORMAT]
       tuxscope asm FILE [--format FORMAT]

FILE.py is a page; any other FILE is assembly text as LLVM's assembler takes it;
- is stdin. Needs no privilege.

{options}"""

    def run(self, options: AsmOptions) -> Job:
        source = options.source
        if source is None or source == "True":
            raise UsageError("which program? try: tuxscope asm hello")

        def job() -> int:
            from tuxscope.commands.asm_job import list_program

            return list_program(source, options.pid, options.format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "asm takes one page or file"
