"""``tuxscope run FILE``."""

from __future__ import annotations

from tuxscope.commands.tool import Tool
from tuxscope.errors import UsageError
from tuxscope.options import argument
from tuxscope.options.tool import ToolOptions


class RunOptions(ToolOptions):
    """Options of ``tuxscope run``; a ToolOptions class: those of ToolOptions, and ``file``, the
    path of the page, a str or None."""

    file: str | None = argument(default=None)


class RunCommand(Tool):
    name = "run"
    options = RunOptions
    help = """\
tuxscope run: run a page of your own as a tool.

usage: sudo tuxscope run FILE [options]
       sudo tuxscope run FILE [options] -- COMMAND [ARGUMENT ...]
       tuxscope run FILE --simulate [options]

FILE is a page such as tuxscope/programs/hello.py (docs/pages.md). If its map is
a PerfEventArray or a RingBuf, prints each record as a line. If it is a hash or
an array, prints the entries as a table at each interval. Stops at Ctrl-C.

{options}
Children of a traced process are not traced.
"""

    def page_file(self, options: ToolOptions) -> str:
        assert isinstance(options, RunOptions)
        if options.file is None or options.file == "True":
            raise UsageError(
                "missing argument: the page; try: sudo tuxscope run FILE, with a copy of hello.py"
            )
        return options.file

    def unexpected_hint(self, word: str) -> str:
        return "run takes one page; a command to trace comes after --"
