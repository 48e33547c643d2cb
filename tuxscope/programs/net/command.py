"""``tuxscope net``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.programs.net.options import NetOptions


class NetCommand(Subcommand):
    name = "net"
    options = NetOptions
    help = """\
tuxscope net: trace TCP connections.

usage: sudo tuxscope net [options]
       sudo tuxscope net [options] -- COMMAND [ARGUMENT ...]
       sudo tuxscope net --summary [--by process|remote|port] [options]

Prints a line when a connection is established or accepted, and one when it
ends: TIME, PID, COMM, DIR (out: this process connected, in: it accepted), IP
(4 or 6), LADDR, LPORT, RADDR, RPORT, STATE, MS (milliseconds to connect, until
accepted, or the lifetime), TX and RX (bytes of payload). STATE is the event:
connect, accept, close, refused, reset, timeout, unreachable or aborted. "-" is
an unknown value of a connection older than tuxscope (docs/tools/net.md).

{options}
UDP is not traced. Children of a traced process are not traced.
"""

    def run(self, options: NetOptions) -> Job:
        def job() -> int:
            from tuxscope.programs.net.live import run

            return run(options)

        return Job(job, verifier_log=options.verifier_log)

    def unexpected_hint(self, word: str) -> str:
        return f"try --port {word}" if word.isdigit() else "a command to trace comes after --"
