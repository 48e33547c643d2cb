"""Limits of resources, and what was used of them."""

from __future__ import annotations

import resource
from collections.abc import Callable

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.flags import Choice
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import Layout, Member, Pointed, pointed, written
from tuxscope.programs.syscall.arguments.times import TIMEVAL

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# Python has all but RLIMIT_LOCKS (include/uapi/asm-generic/resource.h); of RLIMIT_OFILE it has the
# other name, too.
RESOURCES = {
    getattr(resource, name): name
    for name in dir(resource)
    if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"
} | {10: "RLIMIT_LOCKS"}
WHO = {
    resource.RUSAGE_SELF: "RUSAGE_SELF",
    resource.RUSAGE_THREAD: "RUSAGE_THREAD",
    resource.RUSAGE_CHILDREN & 0xFFFFFFFF: "RUSAGE_CHILDREN",
}


def limit_text(value: int, infinity: int, name: str) -> str:
    """Return the limit ``value``, an int, as text: ``8192*1024`` where it is a multiple of 1024,
    and ``name``, a str, where it is ``infinity``, an int."""
    if value == infinity:
        return name
    return f"{value // 1024}*1024" if value > 1024 and value % 1024 == 0 else str(value)


def limit64(value: int) -> str:
    """Return the limit ``value`` of 64 bits, an int, as text."""
    return limit_text(value, 0xFFFFFFFFFFFFFFFF, "RLIM64_INFINITY")


def limit32(value: int) -> str:
    """Return the limit ``value`` of 32 bits, an int, as text."""
    return limit_text(value, 0xFFFFFFFF, "RLIM_INFINITY")


LIMITS64 = Layout((Member("rlim_cur", "Q", limit64), Member("rlim_max", "Q", limit64)))
LIMITS32 = Layout((Member("rlim_cur", "I", limit32), Member("rlim_max", "I", limit32)))
USAGE = Layout((("ru_utime", TIMEVAL), ("ru_stime", TIMEVAL)), rest=True)


def limits_text(data: bytes, call: Call) -> str | None:
    """Return the struct rlimit in ``data``, bytes, whose members are as wide as a long of ``call``,
    a Call, as text; None if ``data`` is too short."""
    return (LIMITS64 if call.word == 8 else LIMITS32).text(data, call.word)


class ChildUsage(Pointed):
    """A Pointed: what a child that was waited for used: a struct rusage."""

    def __init__(self) -> None:
        usage = written(USAGE)
        super().__init__(usage.size, usage.show, usage.when)

    def text(self, call: Call, index: int) -> str:
        # without a child, the call succeeds and writes nothing
        return super().text(call, index) if call.result > 0 else call.address(index)


KINDS: dict[str, Callable[..., Kind]] = {
    "resource": lambda: Choice(RESOURCES, "RLIMIT_???"),
    "rlimit": lambda: Pointed(16, limits_text),
    "rlimit_out": lambda: Pointed(16, limits_text, written(LIMITS64).when),
    "rlimit64": lambda: pointed(LIMITS64),
    "rlimit64_out": lambda: written(LIMITS64),
    "rusage_who": lambda: Choice(
        {who & 0xFFFFFFFF: name for who, name in WHO.items()}, "RUSAGE_???"
    ),
    "rusage_out": lambda: written(USAGE),
    "child_usage": ChildUsage,
}
