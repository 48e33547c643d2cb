"""``tuxscope disasm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import choice, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.listing import Shape


class Disasm(Subcommand):
    name = "disasm"
    help = """\
tuxscope disasm: bytes, or a program in the kernel, as pseudo-C.

usage: tuxscope disasm FILE [--byteorder little|big] [--format FORMAT]
       sudo tuxscope disasm --id ID [--format FORMAT]

FILE holds raw bytes or hexadecimal digits; - is stdin. Bytes that are no
instruction are shown as <unknown>, with the reason; the exit status is 1 then.

  --id ID             a program that is loaded, whoever loaded it: the code that
                      the verifier left, with its lines where its BTF has them
                      (bpftool prog lists the ids)
  --format FORMAT     listing (default), text or json
  --byteorder ORDER   little or big (default: this machine's)
"""

    @SetParseFns(
        file=str,
        id=whole_number("id", "a program's id", 42),
        format=choice("format", Shape, Shape.LISTING, Shape.TEXT, Shape.JSON),
        byteorder=choice("byteorder", ("little", "big")),
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        file: str | None = None,
        *,
        id: int | None = None,
        format: Shape = Shape.LISTING,
        byteorder: str | None = None,
    ) -> Job:
        if (file is None) == (id is None) or file == "True":
            raise FireError("say what to list: a file, - for stdin, or --id ID")
        if id is not None and byteorder is not None:
            raise FireError("a program in the kernel is in the machine's order; leave --byteorder")

        def job() -> int:
            from tuxscope.runner.listings import list_bytes, list_loaded

            if id is not None:
                return list_loaded(id, format)
            assert file is not None
            return list_bytes(file, byteorder, format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "disasm takes one file"
