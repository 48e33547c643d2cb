"""``tuxscope net``."""

from __future__ import annotations

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.network_options import by, network, port, state_names, states
from tuxscope.commands.options import page_count, seconds, style, switch, whole_number
from tuxscope.commands.tool import check_words, explained
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style
from tuxscope.programs.net import Chosen, Network
from tuxscope.programs.net_summary import By


class Net(Subcommand):
    name = "net"
    traces_a_command = True
    help = f"""\
tuxscope net: TCP connections, who connects to whom and what became of it.

usage: sudo tuxscope net [options]
       sudo tuxscope net [options] -- COMMAND [ARGUMENT ...]
       sudo tuxscope net --summary [--by process|remote|port] [options]

Prints a line when a connection is made or accepted, and one when it ends: TIME,
PID, COMM, DIR (out: this process connected; in: it accepted), IP (4 or 6),
LADDR, LPORT, RADDR, RPORT, STATE, MS (how long it took to connect, to be
accepted, or lasted), TX and RX (bytes of payload). STATE is what happened:
connect, accept, close, refused, reset, timeout, unreachable or aborted. "-" is
what cannot be known, of connections older than tuxscope (docs/tools/net.md).

  --pid PID           connections of this process alone, filtered in the kernel
  --port N            with this port on either side
  --local NETWORK     with a local address: 10.0.0.1, 10.0.0.0/8, 2001:db8::/32
  --remote NETWORK    with a remote address, likewise
  --state NAMES       these alone, as in refused,timeout; of
                      {state_names(46, 22)}
  --listen            listening sockets, too: listen, and close
  --existing          first those that are there already, like ss
  --interval SECONDS  those that are there, again and again, with bytes so far
  --netns             a column NETNS for connections of other network namespaces
  --summary           a table of counts instead, made in the kernel
  --by WHAT           what it counts by: process (default), remote or port
  --interval SECONDS  with --summary: from one table to the next (default: 1)
  --format FORMAT     text (default) or json, an object a line
  --duration SECONDS  end after so long
  --count N           end after N lines, or tables
  --buffer-pages N    memory pages of each CPU's ring, a power of two
  --unordered         each CPU's events as they come, not all by their time
  --strict            end with status 3 if any event was lost
  --lost-records      with --format json, an object for lost events, too
  --verifier-log      if the kernel refuses a program, print all that it says
  -- COMMAND          start COMMAND as the user who called sudo, follow its
                      connections, end with it and with its exit status; what it
                      prints goes to stderr

UDP is not shown. Children of a traced process are not traced.
"""

    @SetParseFns(
        pid=whole_number("pid", "a process id", 1842),
        port=port,
        local=network("local"),
        remote=network("remote"),
        state=states,
        listen=switch("listen"),
        existing=switch("existing"),
        interval=seconds("interval", 0.5),
        netns=switch("netns"),
        summary=switch("summary"),
        by=by,
        format=style,
        duration=seconds("duration", 2.5),
        count=whole_number("count", "a number of lines", 100),
        buffer_pages=page_count,
        unordered=switch("unordered"),
        strict=switch("strict"),
        lost_records=switch("lost-records"),
        verifier_log=switch("verifier-log"),
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        *,
        pid: int | None = None,
        port: int | None = None,
        local: Network | None = None,
        remote: Network | None = None,
        state: frozenset[int] = frozenset(),
        listen: bool = False,
        existing: bool = False,
        interval: float | None = None,
        netns: bool = False,
        summary: bool = False,
        by: By | None = None,
        format: Style = Style.TEXT,
        duration: float | None = None,
        count: int | None = None,
        buffer_pages: int | None = None,
        unordered: bool = False,
        strict: bool = False,
        lost_records: bool = False,
        verifier_log: bool = False,
    ) -> Job:
        check_words(self.words, pid)
        if by and not summary:
            raise FireError("--by says what a summary counts by; it goes with --summary")
        for flag, there in (
            ("--existing", existing),
            ("--netns", netns),
            ("--buffer-pages", buffer_pages),
            ("--unordered", unordered),
            ("--strict", strict),
            ("--lost-records", lost_records),
        ):
            if summary and there:
                raise FireError(f"{flag} is for single events, --summary counts them")
        if lost_records and format is not Style.JSON:
            raise FireError("--lost-records adds JSON objects; it goes with --format json")

        def job() -> int:
            from tuxscope.runner.net import NetOptions, run
            from tuxscope.runner.options import Options

            options = Options(
                pid=pid, style=format, duration=duration, count=count, buffer_pages=buffer_pages,
                command=tuple(self.words or ()), whole_log=verifier_log, unordered=unordered,
                strict=strict, lost_records=lost_records,
            )  # fmt: skip
            chosen = Chosen(port, local, remote, state, listen)
            counted_by = (by or By.PROCESS) if summary else None
            wanted = NetOptions(chosen, existing, interval, netns, counted_by)
            return explained(lambda: run(options, wanted), verifier_log)

        return Job(job)

    def stray(self, word: str) -> str:
        return f"try --port {word}" if word.isdigit() else "a command to trace comes after --"
