"""``tuxscope run FILE``."""

from __future__ import annotations

from tuxscope.commands.tool import Tool
from tuxscope.errors import UsageError
from tuxscope.options import argument
from tuxscope.options.tool import ToolOptions


class RunOptions(ToolOptions):
    file: str | None = argument(default=None)


class RunCommand(Tool):
    name = "run"
    options = RunOptions
    help = """\
tuxscope run: a page of your own as a tool.

usage: sudo tuxscope run FILE [options]
       sudo tuxscope run FILE [options] -- COMMAND [ARGUMENT ...]
       tuxscope run FILE --simulate [options]

FILE is a page such as tuxscope/programs/hello.py. If its map is a
PerfEventArray or a RingBuf, its records are printed as they come; if it is a
hash or an array, its entries are, as a table, again and again until Ctrl-C
(docs/pages.md).

{options}
Children of a traced process are not traced.
"""

    def page_file(self, options: ToolOptions) -> str:
        assert isinstance(options, RunOptions)
        if options.file is None or options.file == "True":
            raise UsageError(
                "which page? try: sudo tuxscope run FILE; hello.py is one to begin with"
            )
        return options.file

    def stray(self, word: str) -> str:
        return "run takes one page; a command to trace comes after --"
