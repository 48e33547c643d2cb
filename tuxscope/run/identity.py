"""Our PID namespace, and our PID as a BPF program sees it.

os.getpid() is not enough: in a PID namespace, a BPF program sees other numbers than the process
itself. So a program is loaded and test-run, and returns the number that tracing programs compare.
"""

from __future__ import annotations

import os

from tuxscope.asm import Assembler, Program, RawTracepoint, helper, r0
from tuxscope.loader.program import load
from tuxscope.output.messages import say
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid

# PROC_PID_INIT_INO (include/uapi/linux/nsfs.h and include/linux/proc_ns.h)
INITIAL_NAMESPACE = 0xEFFFFFFC


def pid_namespace() -> PidNamespace | None:
    """Return the PidNamespace of this process; None for the initial one, or without /proc."""
    try:
        status = os.stat("/proc/self/ns/pid")
    except OSError:
        say("/proc is not mounted; PIDs are taken as those of the initial PID namespace")
        return None
    if status.st_ino == INITIAL_NAMESPACE:
        return None
    return PidNamespace(os.major(status.st_dev) << 20 | os.minor(status.st_dev), status.st_ino)


def whoami(namespace: PidNamespace | None) -> Program:
    """Return a Program that returns the PID of the process that test-runs it.

    The PID is that in ``namespace``, a PidNamespace; None is the initial PID namespace.
    """
    a = Assembler("whoami", attach=RawTracepoint())
    if namespace is None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")
        a.label("out")  # there r0 is an errno, and negative
    a.exit()
    return a.program(check=False)  # the tests check it


def own_pid(namespace: PidNamespace | None = None) -> int | None:
    """Return the PID, an int, of this process in ``namespace``, a PidNamespace or None, as a
    tracing program sees it.

    None is the initial PID namespace. Returns None on kernels that cannot test-run the program
    (before Linux 5.10). Raises what load() raises.
    """
    with load(whoami(namespace)) as program:
        try:
            pid = program.test_run().retval
        except OSError:
            return None
        return pid if pid < 1 << 31 else None
