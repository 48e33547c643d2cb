"""``tuxscope disasm``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option
from tuxscope.options.parsers import choice, integer
from tuxscope.output.listing import Shape


class DisasmOptions(Options):
    """Options of ``tuxscope disasm``; an Options class.

    Attributes:
        file, byteorder: each a str or None.
        id: an int or None.
        format: a Shape.
    """

    file: str | None = argument(default=None)
    id: int | None = option(
        "ID",
        integer("a program ID", 42),
        "disassemble the loaded program with this ID (bpftool prog lists them): the translated "
        "instructions, with source lines if the program has BTF",
        default=None,
        excludes={"byteorder": "--id and {other} conflict: a loaded program has native byte order"},
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
        "little or big (default: native)",
        default=None,
    )


class DisasmCommand(Subcommand):
    name = "disasm"
    options = DisasmOptions
    help = """\
tuxscope disasm: disassemble raw bytes or a loaded program.

usage: tuxscope disasm FILE [--byteorder little|big] [--format FORMAT]
       sudo tuxscope disasm --id ID [--format FORMAT]

FILE contains raw bytes or hexadecimal digits; - is stdin. An invalid
instruction is printed as <unknown>, with the reason, and the exit status is 1.

{options}"""

    def run(self, options: DisasmOptions) -> Job:
        file = options.file
        if (file is None) == (options.id is None) or file == "True":
            raise UsageError(
                "give a file, - for stdin, or --id ID, for example: tuxscope disasm --id 42"
            )

        def job() -> int:
            from tuxscope.commands.disasm_job import list_bytes, list_loaded

            if options.id is not None:
                return list_loaded(options.id, options.format)
            assert file is not None
            return list_bytes(file, options.byteorder, options.format)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "disasm takes one file"
