"""``tuxscope disasm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, whole_number
from tuxscope.output.listing import Shape


class DisasmOptions(Options):
    file: str | None = argument(default=None)
    id: int | None = option(
        "ID",
        whole_number("a program's id", 42),
        "a program that is loaded, whoever loaded it: the code that the verifier left, with its "
        "lines where its BTF has them (bpftool prog lists the ids)",
        default=None,
        excludes={"byteorder": "a program in the kernel is in the machine's order; leave {other}"},
    )
    format: Shape = option(
        "FORMAT",
        choice(Shape, Shape.LISTING, Shape.TEXT, Shape.JSON),
        "listing (default), text or json",
        default=Shape.LISTING,
    )
    byteorder: str | None = option(
        "ORDER",
        choice(("little", "big")),
        "little or big (default: this machine's)",
        default=None,
    )


class DisasmCommand(Subcommand):
    name = "disasm"
    options = DisasmOptions
    help = """\
tuxscope disasm: bytes, or a program in the kernel, as pseudo-C.

usage: tuxscope disasm FILE [--byteorder little|big] [--format FORMAT]
       sudo tuxscope disasm --id ID [--format FORMAT]

FILE holds raw bytes or hexadecimal digits; - is stdin. Bytes that are no
instruction are shown as <unknown>, with the reason; the exit status is 1 then.

{options}"""

    def run(self, options: DisasmOptions) -> Job:
        file = options.file
        if (file is None) == (options.id is None) or file == "True":
            raise UsageError("say what to list: a file, - for stdin, or --id ID")

        def job() -> int:
            from tuxscope.commands.disasm_job import list_bytes, list_loaded

            if options.id is not None:
                return list_loaded(options.id, options.format)
            assert file is not None
            return list_bytes(file, options.byteorder, options.format)

        return Job(job)

    def stray(self, word: str) -> str:
        return "disasm takes one file"
