"""``tuxscope asm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import choice, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.listing import Shape


class Asm(Subcommand):
    name = "asm"
    help = """\
tuxscope asm: the program of a page, or of a text, instruction by instruction.

usage: tuxscope asm hello [--pid PID] [--format FORMAT]
       tuxscope asm FILE [--format FORMAT]

FILE.py is a page; any other FILE is assembly text as LLVM's assembler takes it;
- is stdin. Needs no privilege.

  --format FORMAT     listing  slot, bytes, pseudo-C and Python line (default)
                      text     pseudo-C alone, which asm FILE reads back
                      bytes    raw, in this machine's order; maps' fds are 0
                      json     an object for each instruction
                      c        an array of struct bpf_insn
  --pid PID           with the filter that tuxscope hello --pid has
"""

    @SetParseFns(
        source=str,
        format=choice("format", Shape),
        pid=whole_number("pid", "a process id", 1842),
    )  # type: ignore[untyped-decorator]
    def run(
        self, source: str | None = None, *, format: Shape = Shape.LISTING, pid: int | None = None
    ) -> Job:
        if source is None or source == "True":
            raise FireError("which program? try: tuxscope asm hello")

        def job() -> int:
            from tuxscope.runner.listings import list_program

            return list_program(source, pid, format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "asm takes one page or file"
