"""``tuxscope run FILE``."""

from __future__ import annotations

from tuxscope.commands.tool import OPTIONS, Tool
from tuxscope.lean_fire import FireError


class Run(Tool):
    name = "run"
    help = f"""\
tuxscope run: a page of your own as a tool.

usage: sudo tuxscope run FILE [options]
       sudo tuxscope run FILE [options] -- COMMAND [ARGUMENT ...]
       tuxscope run FILE --simulate [options]

FILE is a page such as tuxscope/programs/hello.py. If its map is a
PerfEventArray, its records are printed as they come; if it is a hash or an
array, its entries are, as a table, again and again until Ctrl-C
(docs/pages.md).

  --interval SECONDS  of a table: the time from one to the next (default: 1);
                      --count N ends after N tables
{OPTIONS}"""

    def page_file(self, file: str | None) -> str:
        if file is None or file == "True":
            raise FireError(
                "which page? try: sudo tuxscope run FILE; hello.py is one to begin with"
            )
        return file

    def stray(self, word: str) -> str:
        return "run takes one page; a command to trace comes after --"
