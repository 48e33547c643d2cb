"""Parsers of what net is asked: ports, addresses, states."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network

from tuxscope.commands.options import choice, given, whole_number
from tuxscope.lean_fire import FireError
from tuxscope.programs.net.connections import EVENTS
from tuxscope.programs.net.page import Network
from tuxscope.programs.net.summary import By
from tuxscope.programs.net.tcp_states import NAMES
from tuxscope.suggest import did_you_mean

LARGEST_PORT = 65535
NUMBERS = {name: number for number, name in (NAMES | EVENTS).items()}

by = choice("by", By)


def port(text: str) -> int:
    number = whole_number("port", "a port", 443)(text)
    if number > LARGEST_PORT:
        raise FireError(f"--port takes a port, 1 to {LARGEST_PORT}, not {text}")
    return number


def network(flag: str) -> Callable[[str], Network]:
    """A parser for a flag that takes an IP address, or a prefix."""

    def parse(text: str) -> Network:
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
        raise FireError(
            f"--{flag} takes an address or a prefix, as in --{flag} 10.0.0.0/8, not "
            f"{given(text)}{near}"
        )

    return parse


def states(text: str) -> frozenset[int]:
    """Names with commas between them, as numbers."""
    chosen = set()
    for name in text.split(","):
        if name not in NUMBERS:
            near = did_you_mean(name, NUMBERS)
            raise FireError(
                f"--state takes names, as in --state refused,timeout, not {given(name)}"
                f"{near or '; --help lists them'}"
            )
        chosen |= {number for number, each in (NAMES | EVENTS).items() if each == name}
    return frozenset(chosen)


def state_names(width: int, indent: int) -> str:
    """All of them, for the help."""
    # Several of the kernel's numbers may have one name.
    lines = textwrap.wrap(", ".join(dict.fromkeys((EVENTS | NAMES).values())), width)
    return f"\n{' ' * indent}".join(lines)
