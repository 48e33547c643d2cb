"""``tuxscope hello``."""

from __future__ import annotations

from tuxscope.commands.tool import Tool


class Hello(Tool):
    name = "hello"
    shows = "stream"
    help = """\
tuxscope hello: every write() on the system, as it happens.

usage: sudo tuxscope hello [options]
       sudo tuxscope hello [options] -- COMMAND [ARGUMENT ...]
       tuxscope hello --simulate [options]

Prints PID, COMM and TIMESTAMP_NS (since the machine started) of each write()
until Ctrl-C; then, on stderr, how many events there were, and were lost.

{options}
Children of a traced process are not traced.
"""
