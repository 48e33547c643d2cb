"""What the programs are made for: what the user asked for, and the kernel they meet."""

from __future__ import annotations

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import numbers
from tuxscope.abi.reading import Readable, readable
from tuxscope.asm.layout import Layout
from tuxscope.calls.filters import Chosen, Numbers
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.pid_namespace import PidNamespace


@dataclass(frozen=True)
class Wanted:
    """A frozen dataclass: what the programs are made for.

    Attributes:
        chosen: the Chosen: which calls are counted.
        pid: only this process, an int; None for all.
        exclude: a tuple of PIDs that are left out.
        namespace: the PidNamespace in which these are numbers; None for the initial one.
        layout: the Layout of the kernel.
        readable: the Readable: what can be read of a call.
        restarts: a Numbers, the numbers of restart_syscall, as ``Chosen.numbers`` has them.
        sigreturns: a Numbers, those of the calls that end a signal's handler.
        forks: a Numbers, those of the calls that a child comes out of, too.
    """

    chosen: Chosen
    pid: int | None
    exclude: tuple[int, ...]
    namespace: PidNamespace | None
    layout: Layout
    readable: Readable
    restarts: Numbers
    sigreturns: Numbers
    forks: Numbers


def wanted(
    chosen: Chosen,
    pid: int | None,
    exclude: tuple[int, ...],
    namespace: PidNamespace | None,
    layout: Layout,
    architecture: Architecture,
) -> Wanted:
    """Return the Wanted with ``chosen``, ``pid``, ``exclude``, ``namespace`` (a PidNamespace) and
    ``layout``, which are its attributes; pid and namespace may be None.

    It looks up the others for ``architecture``. Raises TuxscopeError if the kernel has no such
    registers.
    """

    def called(*names: str) -> Numbers:
        return numbers_of(architecture, names)

    return Wanted(
        chosen,
        pid,
        exclude,
        namespace,
        layout,
        readable(layout, architecture),
        called("restart_syscall"),
        called("sigreturn", "rt_sigreturn"),
        called("fork", "vfork", "clone", "clone3"),
    )


def numbers_of(architecture: Architecture, names: tuple[str, ...]) -> Numbers:
    """Return the numbers that calls with ``names``, a tuple, have in all ABIs of ``architecture``:
    a frozenset of pairs, as in ``Chosen.numbers``."""
    return frozenset(
        (abi is architecture.compat, numbers(abi)[name])
        for abi in architecture.abis
        for name in names
        if name in numbers(abi)
    )
