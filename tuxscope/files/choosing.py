"""Files that hold data: regular ones and directories, of file systems that are not the kernel's own
views of itself."""

from __future__ import annotations

import stat

from tuxscope.asm import Assembler
from tuxscope.asm.registers import Memory, r1, r2

# include/uapi/linux/magic.h: file systems whose files are made when they are read. All are below
# 1 << 32, and those from 1 << 31 on are negative as an immediate.
VIEWS = {
    "proc": 0x9FA0,
    "sysfs": 0x62656572,
    "debugfs": 0x64626720,
    "tracefs": 0x74726163,
    "cgroup": 0x27E0EB,
    "cgroup2": 0x63677270,
    "securityfs": 0x73636673,
    "selinuxfs": 0xF97CFF8C,
    "bpf": 0xCAFE4A11,
    "configfs": 0x62656570,
    "binfmt_misc": 0x42494E4D,
    "pstore": 0x6165676C,
    "efivarfs": 0xDE5E81E4,
    "nsfs": 0x6E736673,
    "devpts": 0x1CD1,
}


def leave_out_special(a: Assembler, known: Memory, left_out: str) -> None:
    """Emit: jump to the label ``left_out`` if the file ``known``, the Memory of a KnownFile, is no
    regular file and no directory, or one of VIEWS. Uses r1 and r2."""
    holds_data = f"not {left_out}"
    a.ldx(r1, known.mode)
    a.and_(r1, stat.S_IFMT(0xFFFF))
    a.jeq(r1, stat.S_IFREG, holds_data)
    a.jne(r1, stat.S_IFDIR, left_out)
    a.label(holds_data)
    a.ldx(r1, known.magic)
    for magic in VIEWS.values():
        a.ld_imm64(r2, magic)
        a.jeq(r1, r2, left_out)
