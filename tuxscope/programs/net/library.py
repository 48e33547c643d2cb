"""net as a library: its programs for the running kernel."""

from __future__ import annotations

from tuxscope.asm import Program
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.page import Chosen, Network, page


def net(
    pid: int | None = None,
    namespace: PidNamespace | None = None,
    *,
    port: int | None = None,
    local: Network | None = None,
    remote: Network | None = None,
    listen: bool = False,
) -> tuple[Program, ...]:
    """The programs of ``tuxscope net``, assembled for the running kernel: for ``tuxscope.open``.

    They share their maps, and send a Connection for each event. ``pid`` is the process whose
    connections are sent (None: of all), counted as in the PID namespace ``namespace`` (None: the
    initial one). ``port`` is that of either side; ``local`` and ``remote`` are networks that the
    addresses are in. The kernel leaves out all others. ``listen``: listening sockets, too.

    A connection that exists already is reported at its end, without duration; its process is
    known only if that process ends it. Looking such connections up is what the command adds.

    Raises TuxscopeError where tracefs, or a tracepoint or struct member, cannot be found.
    """
    chosen = Chosen(port=port, local=local, remote=remote, listen=listen)
    made = page(chosen).program(pid=pid, namespace=namespace, layout=RunningKernelLayout())
    return made if isinstance(made, tuple) else (made,)
