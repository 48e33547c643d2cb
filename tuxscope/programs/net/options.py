"""What net is asked, beside what all tools are: ports, addresses, states."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network

from tuxscope.errors import UsageError
from tuxscope.options import option, switch
from tuxscope.options.parsers import choice, given, integer
from tuxscope.options.tool import ToolOptions
from tuxscope.programs.net.connections import EVENTS
from tuxscope.programs.net.page import Chosen, Network
from tuxscope.programs.net.summary import By
from tuxscope.programs.net.tcp_states import NAMES
from tuxscope.suggest import did_you_mean

LARGEST_PORT = 65535
NUMBERS = {name: number for number, name in (NAMES | EVENTS).items()}


def port(flag: str, text: str) -> int:
    number = integer("a port", 443)(flag, text)
    if number > LARGEST_PORT:
        raise UsageError(f"{flag} takes a port, 1 to {LARGEST_PORT}, not {text}")
    return number


def network(flag: str, text: str) -> Network:
    """An IP address, or a prefix."""
    if "%" not in text:
        with suppress(ValueError):
            return ip_network(text)
    # Some address of a network, and how long the network's own part is; or one with a zone,
    # as in fe80::1%eth0, which is no part of what is compared.
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
    """Names with commas between them, as numbers."""
    chosen = set()
    for name in text.split(","):
        if name not in NUMBERS:
            near = did_you_mean(name, NUMBERS)
            raise UsageError(
                f"{flag} takes names, as in {flag} refused,timeout, not {given(name)}"
                f"{near or '; --help lists them'}"
            )
        chosen |= {number for number, each in (NAMES | EVENTS).items() if each == name}
    return frozenset(chosen)


# For the help. Several of the kernel's numbers may have one name.
STATE_NAMES = ", ".join(dict.fromkeys((EVENTS | NAMES).values()))


class NetOptions(ToolOptions, after="exclude"):
    """A connection of tuxscope's own there is none, and none is made up."""

    include_self: bool = True
    simulate: bool = False
    seed: int | None = None

    pid: int | None = ToolOptions.declared["pid"].with_help(
        "connections of this process alone, filtered in the kernel"
    )
    exclude: tuple[int, ...] = ToolOptions.declared["exclude"].with_help(
        "no connections of these processes, filtered in the kernel"
    )
    port: int | None = option("N", port, "with this port on either side", default=None)
    local: Network | None = option(
        "NETWORK",
        network,
        "with a local address: 10.0.0.1, 10.0.0.0/8, 2001:db8::/32",
        default=None,
    )
    remote: Network | None = option(
        "NETWORK", network, "with a remote address, likewise", default=None
    )
    state: frozenset[int] = option(
        "NAMES",
        states,
        f"these alone, as in refused,timeout; of\n{STATE_NAMES}",
        default=frozenset(),
    )
    listen: bool = switch("listening sockets, too: listen, and close", default=False)
    existing: bool = switch("first those that are there already, like ss", default=False)
    netns: bool = switch(
        "a column NETNS for connections of other network namespaces", default=False
    )
    summary: bool = switch(
        "a table of counts instead, made in the kernel",
        default=False,
        excludes=dict.fromkeys(
            ("existing", "netns", "buffer_pages", "unordered", "strict", "lost_records"),
            "{other} is for single events, --summary counts them",
        ),
    )
    by: By = option(
        "WHAT",
        choice(By),
        "what it counts by: process (default), remote or port",
        default=By.PROCESS,
        needs=(
            "summary", True, "--by says what a summary counts by; it goes with --summary"
        ),
    )  # fmt: skip
    interval: float | None = ToolOptions.declared["interval"].with_help(
        "those that are there, again and again, with bytes so far; with --summary: from one table "
        "to the next (default: 1)"
    )
    rows: int | None = ToolOptions.declared["rows"].with_help(
        "with --summary: the first N rows of each table",
        needs=("summary", True, "--rows is for tables; it goes with --summary"),
    )
    sort: str | None = ToolOptions.declared["sort"].with_help(
        "with --summary: sorted by this column, the largest number first",
        needs=("summary", True, "--sort is for tables; it goes with --summary"),
    )
    count: int | None = option(
        "N", integer("a number of lines", 100), "end after N lines, or tables", default=None
    )
    buffer_pages: int | None = ToolOptions.declared["buffer_pages"].with_help(
        "memory pages of each CPU's ring, a power of two"
    )
    verifier_log: bool = ToolOptions.declared["verifier_log"].with_help(
        "if the kernel refuses a program, print all that it says"
    )
    command: tuple[str, ...] = ToolOptions.declared["command"].with_help(
        "start COMMAND as the user who called sudo, follow its connections, end with it and with "
        "its exit status; what it prints goes to stderr"
    )

    @property
    def chosen(self) -> Chosen:
        """Which connections are shown."""
        return Chosen(self.port, self.local, self.remote, self.state, self.listen)
