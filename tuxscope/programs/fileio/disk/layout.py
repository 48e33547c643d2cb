"""What the programs of fileio --disk ask of a kernel's layout, and the answers of Linux 6.18."""

from __future__ import annotations

from tuxscope.asm.layout import Layout, Place, RecordedLayout
from tuxscope.errors import TuxscopeError
from tuxscope.programs.fileio.layout import LINUX_6_18 as OF_CALLS


class NoDiskError(TuxscopeError):
    """An error, a TuxscopeError, for a kernel that does not say where its requests have files."""


def constant(layout: Layout, name: str) -> int:
    """Return the constant ``name``, an int, of the kernel with ``layout``, a Layout. Raises
    NoDiskError if it has none."""
    value = layout.constant(name)
    if value is None:
        raise NoDiskError(f"this kernel's BTF has no constant {name}, so --disk cannot read pages")
    return value


def argument(layout: Layout, tracepoint: str, struct: str) -> int:
    """Return where a raw ``tracepoint``, a name, has its first argument that is a pointer to
    ``struct``, a name, as an offset in bytes; ``layout`` is the kernel's Layout.

    Before Linux 5.11 a queue comes first. Raises NoDiskError if there is none.
    """
    arguments = layout.arguments(tracepoint) or ()
    if struct not in arguments:
        raise NoDiskError(f"this kernel has no raw tracepoint {tracepoint} with a struct {struct}")
    return 8 * arguments.index(struct)


def has_member(layout: Layout, struct: str, name: str) -> bool:
    """Return whether ``layout``, a Layout, has the member ``name`` of ``struct``, both str."""
    try:
        layout.member(struct, name)
    except TuxscopeError:
        return False
    return True


def called(layout: Layout, struct: str, *names: str) -> str:
    """Return the first of ``names``, each a str, that ``struct``, a name, has in ``layout``, a
    Layout: kernels call the member differently. It is the last one if there is none of them."""
    return next((each for each in names if has_member(layout, struct, each)), names[-1])


LINUX_6_18 = RecordedLayout(
    fields=OF_CALLS.fields,
    raw={
        "block_bio_queue": ("bio",),
        "block_rq_complete": ("request", "", ""),
        "block_rq_issue": ("request",),
        "writeback_dirty_folio": ("folio", "address_space"),
    },
    constants={
        "PG_head": 6,
        "PG_locked": 0,
        "PG_swapbacked": 17,
        "PG_swapcache": 10,
        "PG_writeback": 1,
        "REQ_OP_ZONE_APPEND": 7,
        "__REQ_IDLE": 15,
        "__REQ_META": 12,
    },
    members={
        **OF_CALLS.members,
        "address_space": {"host": Place(0, 8)},
        "bio": {
            "bi_next": Place(0, 8),
            "bi_bdev": Place(8, 8),
            "bi_iter.bi_size": Place(40, 4),
            "bi_iter.bi_idx": Place(44, 4),
            "bi_iter.bi_bvec_done": Place(48, 4),
            "bi_private": Place(64, 8),
            "bi_io_vec": Place(104, 8),
        },
        "bio_vec": {"bv_page": Place(0, 8), "bv_len": Place(8, 4)},
        "block_device": {"bd_disk": Place(16, 8), "bd_dev": Place(52, 4)},
        "btrfs_bio": {"inode": Place(0, 8), "bio": Place(192, 120)},
        "btrfs_inode": {"vfs_inode": Place(392, 616)},
        "dentry": {**OF_CALLS.members["dentry"], "d_u.d_alias": Place(176, 16)},
        "file": {**OF_CALLS.members["file"], "f_mapping": Place(16, 8)},
        "folio": {"_nr_pages": Place(120, 4)},
        "gendisk": {"queue": Place(80, 8)},
        "inode": {
            **OF_CALLS.members["inode"],
            "i_mapping": Place(48, 8),
            "i_rdev": Place(76, 4),
            "i_dentry.first": Place(312, 8),
        },
        "iomap_dio": {"iocb": Place(0, 8)},
        "kiocb": {"ki_filp": Place(0, 8), "ki_flags": Place(32, 4)},
        "page": {"flags": Place(0, 8), "compound_head": Place(8, 8), "mapping": Place(24, 8)},
        "request": {
            "q": Place(0, 8),
            "cmd_flags": Place(24, 4),
            "__data_len": Place(44, 4),
            "bio": Place(56, 8),
        },
        "request_queue": {"mq_ops": Place(16, 8)},
        "super_block": {**OF_CALLS.members["super_block"], "s_bdev": Place(208, 8)},
        "task_struct": {**OF_CALLS.members["task_struct"], "flags": Place(44, 4)},
    },
)
