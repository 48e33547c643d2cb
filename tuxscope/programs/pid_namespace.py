"""PIDs in the user's PID namespace, where a process has another number than initially."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper, r0, r1, r2, r3, r4
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record import Record, u32


@dataclass(frozen=True, slots=True)
class PidNamespace:
    """A PID namespace, identified by its file in nsfs.

    Attributes:
        device: number of the nsfs as the kernel encodes it (dev_t): major << 20 | minor.
        inode: number of the namespace's file.
    """

    device: int
    inode: int


class PidTgid(Record):
    """``struct bpf_pidns_info`` (include/uapi/linux/bpf.h)."""

    pid = u32
    tgid = u32


def namespaced_pid(a: Assembler, namespace: PidNamespace, elsewhere: str) -> None:
    """Emit: r0 = the PID of the current process in ``namespace``. Clobbers r1 to r5.

    Jumps to ``elsewhere`` if the process is not in that namespace.

    get_ns_current_pid_tgid (Linux 5.7) finds only tasks of that namespace itself. Tasks of child
    namespaces have a PID in it, too, but are not found.
    """
    found = a.stack(PidTgid)
    a.ld_imm64(r1, namespace.device)
    a.ld_imm64(r2, namespace.inode)
    a.lea(r3, found)
    a.mov(r4, PidTgid.size)
    a.call(helper.get_ns_current_pid_tgid)
    a.jne(r0, 0, elsewhere)
    a.ldx(r0, found.tgid)
