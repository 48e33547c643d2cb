"""Who we are: the PID namespace that the user's numbers are meant in, and our own number there.

os.getpid() will not do: a BPF program sees other numbers than we do inside of a namespace, and
what counts is what the program compares. So the question goes to the kernel in the same way.
"""

from __future__ import annotations

import os

from tuxscope.asm import Assembler, Program, RawTracepoint, helper, r0
from tuxscope.loader.program import load
from tuxscope.output.messages import say
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid

# PROC_PID_INIT_INO (include/uapi/linux/nsfs.h and include/linux/proc_ns.h)
FIRST_NAMESPACE = 0xEFFFFFFC


def pid_namespace() -> PidNamespace | None:
    """The PID namespace that we are in; None for the machine's first, which needs no telling."""
    try:
        status = os.stat("/proc/self/ns/pid")
    except OSError:
        say("/proc is not mounted: PIDs are taken for those of the machine's first PID namespace")
        return None
    if status.st_ino == FIRST_NAMESPACE:
        return None
    return PidNamespace(os.major(status.st_dev) << 20 | os.minor(status.st_dev), status.st_ino)


def whoami(namespace: PidNamespace | None) -> Program:
    """A program that returns the PID of the process that test-runs it."""
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
    """Our PID as a tracing program sees it; None on kernels that cannot test-run it (before 5.10).

    Raises what loading a program raises.
    """
    with load(whoami(namespace)) as program:
        try:
            pid = program.test_run().retval
        except OSError:
            return None
        return pid if pid < 1 << 31 else None
