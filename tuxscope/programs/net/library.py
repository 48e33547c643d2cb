"""net as a library: its programs, assembled for the running kernel."""

from __future__ import annotations

from collections.abc import Collection

from tuxscope.asm import Program
from tuxscope.errors import TuxscopeError, shown
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.connections import STATES, state_numbers
from tuxscope.programs.net.page import ConnectionFilter, Network, page
from tuxscope.suggest import did_you_mean


def net(
    pid: int | None = None,
    namespace: PidNamespace | None = None,
    *,
    port: int | None = None,
    local: Network | None = None,
    remote: Network | None = None,
    state: str | Collection[str] = (),
    listen: bool = False,
) -> tuple[Program, ...]:
    """Return a tuple of the Programs of ``tuxscope net`` for the running kernel; pass them to
    tuxscope.open.

    They share their maps and send a :class:`Connection` for each event. The filters apply in the
    kernel; None means no filter. All but ``pid`` and ``namespace`` are keyword-only:

        pid: only connections of this process, in PID namespace ``namespace`` (None: the initial
            one).
        port: the local or the remote port.
        local, remote: the network of the address, an IPv4Network or IPv6Network.
        state: one or several names of ``Connection.state``, as in ("refused", "timeout").
        listen: whether to report listening sockets, too.

    A connection that existed before is reported when it ends, without duration. Its process is
    known only if that process ends it; only the command looks up such connections.

    Raises TuxscopeError for an unknown state, or if tracefs, a tracepoint or a struct member is
    missing.
    """
    names = (state,) if isinstance(state, str) else tuple(state)
    for name in names:
        if name not in STATES.values():
            near = did_you_mean(name, STATES.values())
            known = ", ".join(dict.fromkeys(STATES.values()))
            raise TuxscopeError(f"net has no state {shown(name)}{near or f'; it has {known}'}")
    filter = ConnectionFilter(port, local, remote, state_numbers(names), listen)
    made = page(filter).program(pid=pid, namespace=namespace, layout=RunningKernelLayout())
    return made if isinstance(made, tuple) else (made,)
