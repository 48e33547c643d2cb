"""The options of ``tuxscope net``: those of all tools, and filters for connections."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network

from tuxscope.errors import UsageError
from tuxscope.options import option, switch
from tuxscope.options.parsers import given, integer
from tuxscope.options.tool import EXISTING, SUMMARY, ToolOptions, summary_key
from tuxscope.programs.net.connections import STATES, state_numbers
from tuxscope.programs.net.page import ConnectionFilter, Network
from tuxscope.programs.net.summary import By
from tuxscope.suggest import did_you_mean

LARGEST_PORT = 65535


def port(flag: str, text: str) -> int:
    """Return ``text``, the argument of ``flag``, both str, as a port number, an int of 1 to 65535.
    Raises UsageError."""
    number = integer("a port", 443)(flag, text)
    if number > LARGEST_PORT:
        raise UsageError(f"{flag} takes a port, 1 to {LARGEST_PORT}, not {text}")
    return number


def network(flag: str, text: str) -> Network:
    """Return ``text``, the argument of ``flag``, both str, an IP address or a prefix, such as
    10.0.0.0/8, as a Network.

    That is an IPv4Network or IPv6Network. Raises UsageError.
    """
    if "%" not in text:
        with suppress(ValueError):
            return ip_network(text)
    # For the hint: an address with host bits set, as in 10.0.0.1/8, or with a zone, as in
    # fe80::1%eth0. The zone is not compared.
    try:
        meant = ip_network(text.partition("%")[0], strict=False)
        short = meant.network_address if meant.num_addresses == 1 else meant
        near = f"; did you mean {short}?"
    except ValueError:
        near = ""
    raise UsageError(
        f"{flag} takes an address or a prefix, as in {flag} 10.0.0.0/8, not {given(text)}{near}"
    )


def states(flag: str, text: str) -> frozenset[int]:
    """Return ``text``, the argument of ``flag``, both str, a comma-separated list of states, as a
    frozenset of int.

    It has the numbers of Connection.state. Raises UsageError.
    """
    names = text.split(",")
    for name in names:
        if name not in STATES.values():
            near = did_you_mean(name, STATES.values())
            raise UsageError(
                f"{flag} takes names, as in {flag} refused,timeout, not {given(name)}"
                f"{near or '; --help lists them'}"
            )
    return state_numbers(names)


# For the help text. Several numbers of the kernel may share a name.
STATE_NAMES = ", ".join(dict.fromkeys(STATES.values()))


class NetOptions(ToolOptions, after="exclude"):
    """Options of ``tuxscope net``; a ToolOptions class, with those of ToolOptions.

    tuxscope opens no TCP connection, so there is no --include-self; net cannot be simulated.

    Attributes:
        port: an int or None.
        local, remote: each a Network or None.
        state: a frozenset of int.
        listen, existing, netns, summary: each a bool.
        by: a By.
        filter: a ConnectionFilter, a property.
    """

    include_self: bool = True
    simulate: bool = False
    seed: int | None = None

    pid: int | None = ToolOptions.declared["pid"].with_help(
        "trace only connections of process PID, filtered in the kernel; stop when it exits"
    )
    exclude: tuple[int, ...] = ToolOptions.declared["exclude"].with_help(
        "do not trace connections of these processes, filtered in the kernel; at most 64"
    )
    port: int | None = option("N", port, "only this local or remote port", default=None)
    local: Network | None = option(
        "NETWORK",
        network,
        "only this local address or prefix: 10.0.0.1, 10.0.0.0/8, 2001:db8::/32",
        default=None,
    )
    remote: Network | None = option(
        "NETWORK", network, "only this remote address or prefix", default=None
    )
    state: frozenset[int] = option(
        "NAMES",
        states,
        f"only these states, as in refused,timeout. States:\n{STATE_NAMES}",
        default=frozenset(),
    )
    listen: bool = switch("also trace listening sockets: states listen and close", default=False)
    existing: bool = EXISTING
    netns: bool = switch("add a column NETNS with the name of the network namespace", default=False)
    summary: bool = SUMMARY
    by: By = summary_key(
        By, "the key of the summary: process (default), remote or port", By.PROCESS
    )
    interval: float | None = ToolOptions.declared["interval"].with_help(
        "with --existing: print them again at this interval, with their bytes so far; with "
        "--summary: time between tables (default: 1)"
    )
    rows: int | None = ToolOptions.declared["rows"].with_help(
        "with --summary: print at most N rows per table",
        needs=("summary", True, "--rows needs --summary"),
    )
    sort: str | None = ToolOptions.declared["sort"].with_help(
        "with --summary: sort by this column, largest number first",
        needs=("summary", True, "--sort needs --summary"),
    )
    count: int | None = option(
        "N", integer("a number of lines", 100), "stop after N lines, or N tables", default=None
    )
    buffer_pages: int | None = ToolOptions.declared["buffer_pages"].with_help(
        "size of each CPU's ring in memory pages, a power of two"
    )
    verifier_log: bool = ToolOptions.declared["verifier_log"].with_help(
        "if the kernel refuses a program, print the whole verifier log"
    )
    command: tuple[str, ...] = ToolOptions.declared["command"].with_help(
        "start COMMAND as the user who ran sudo and trace its connections; exit when it exits, "
        "with its status; its stdout goes to stderr"
    )

    def check(self) -> None:
        super().check()
        if self.interval and not (self.existing or self.summary):
            raise UsageError("--interval needs --existing or --summary")

    @property
    def filter(self) -> ConnectionFilter:
        """The ConnectionFilter that the programs apply in the kernel."""
        return ConnectionFilter(self.port, self.local, self.remote, self.state, self.listen)
