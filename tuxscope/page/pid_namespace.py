"""PID namespaces: a process has a number of its own in each, and the user sees one of them."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper, r0, r1, r2, r3, r4
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record import Record, u32


@dataclass(frozen=True, slots=True)
class PidNamespace:
    """A frozen dataclass: a PID namespace, as the kernel identifies it.

    Attributes:
        device: an int, of nsfs, as the kernel's dev_t: major << 20 | minor.
        inode: an int, of the namespace in nsfs.
    """

    device: int
    inode: int


class PidTgid(Record):
    """A Record: the kernel's ``struct bpf_pidns_info``.

    Attributes:
        pid, tgid: u32 each.
    """

    pid = u32
    tgid = u32


def namespaced_pid(
    a: Assembler, namespace: PidNamespace, elsewhere: str, thread: bool = False
) -> None:
    """Emit: r0 = the current process's PID in ``namespace``, a PidNamespace; jump to the label
    ``elsewhere`` if it has none there. With ``thread``, a bool, the thread's ID instead. Clobbers
    r1 to r5.

    The helper get_ns_current_pid_tgid (Linux 5.7) fails for tasks of child namespaces, although
    they have a PID in this one, too.
    """
    found = a.stack(PidTgid)
    a.ld_imm64(r1, namespace.device)
    a.ld_imm64(r2, namespace.inode)
    a.lea(r3, found)
    a.mov(r4, PidTgid.size)
    a.call(helper.get_ns_current_pid_tgid)
    a.jne(r0, 0, elsewhere)
    a.ldx(r0, found.pid if thread else found.tgid)
