"""Where Linux 6.18 on x86-64 keeps what leads to files: for listings where no kernel can be asked.

A page has its own structs as well: ``RecordedLayout(fields={...}, members={**FILES_6_18, ...})``.
"""

from tuxscope.asm.layout import Place

FILES_6_18 = {
    "dentry": {
        "d_hash.pprev": Place(16, 8),
        "d_parent": Place(24, 8),
        "d_name.hash": Place(32, 4),
        "d_name.len": Place(36, 4),
        "d_name.name": Place(40, 8),
        "d_inode": Place(48, 8),
    },
    "fdtable": {
        "max_fds": Place(0, 4),
        "fd": Place(8, 8),
    },
    "file": {
        "f_path": Place(64, 16),
        "f_pos": Place(112, 8),
    },
    "files_struct": {
        "fdt": Place(32, 8),
    },
    "fs_struct": {
        "root.mnt": Place(24, 8),
        "root.dentry": Place(32, 8),
        "pwd": Place(40, 16),
    },
    "inode": {
        "i_mode": Place(0, 2),
        "i_sb": Place(40, 8),
        "i_ino": Place(64, 8),
        "i_nlink": Place(72, 4),
        "i_generation": Place(124, 4),
        "i_private": Place(608, 8),
    },
    "list_head": {
        "next": Place(0, 8),
    },
    "mnt_namespace": {
        "ns.inum": Place(24, 4),
    },
    "mount": {
        "mnt_parent": Place(16, 8),
        "mnt_mountpoint": Place(24, 8),
        "mnt": Place(32, 32),
        "mnt.mnt_root": Place(32, 8),
        "mnt_ns": Place(232, 8),
    },
    "ns_common": {
        "ops": Place(16, 8),
    },
    "path": {
        "mnt": Place(0, 8),
        "dentry": Place(8, 8),
    },
    "proc_ns_operations": {
        "name": Place(0, 8),
    },
    "super_block": {
        "s_dev": Place(16, 4),
        "s_magic": Place(96, 8),
    },
    "task_struct": {
        "fs": Place(1816, 8),
        "files": Place(1824, 8),
    },
}
