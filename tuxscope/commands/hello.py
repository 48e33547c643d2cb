"""``tuxscope hello``."""

from __future__ import annotations

from tuxscope.commands.tool import Tool


class HelloCommand(Tool):
    name = "hello"
    page_kind = "stream"
    help = """\
tuxscope hello: trace write() system calls.

usage: sudo tuxscope hello [options]
       sudo tuxscope hello [options] -- COMMAND [ARGUMENT ...]
       tuxscope hello --simulate [options]

Prints one line per write() on the system until Ctrl-C: PID, COMM and
TIMESTAMP_NS (nanoseconds since boot). On exit, the number of events and of lost
events goes to stderr.

{options}
Children of a traced process are not traced.
"""
