"""The programs on kernels that differ: what they ask of a layout is there, or named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.asm.listing import text
from tuxscope.programs.fileio.disk.layout import LINUX_6_18, NoDiskError, argument, constant
from tuxscope.programs.fileio.disk.page import disk


def renamed(struct: str, before: str, after: str) -> dict[str, Place]:
    """The members of a struct, one of which has another name."""
    members = dict(LINUX_6_18.members[struct])
    members[after] = members.pop(before)
    return members


# As Linux 5.10 has it, where it differs in what is there.
BEFORE = {name: places for name, places in LINUX_6_18.members.items() if name != "btrfs_bio"} | {
    "bio": {
        **{name: at for name, at in LINUX_6_18.members["bio"].items() if name != "bi_bdev"},
        "bi_disk": Place(8, 8),
        "bi_partno": Place(23, 1),
    },
    "folio": {},
    "gendisk": {**LINUX_6_18.members["gendisk"], "major": Place(0, 4), "first_minor": Place(4, 4)},
}
LINUX_5_10 = RecordedLayout(
    fields={},
    members=BEFORE,
    constants=LINUX_6_18.constants,
    raw={
        "block_bio_queue": ("request_queue", "bio"),
        "block_rq_complete": ("request", "", ""),
        "block_rq_issue": ("request_queue", "request"),
        "writeback_dirty_page": ("page", "address_space"),
    },
)
# As Linux 7.3 has it.
LINUX_7_3 = replace(
    LINUX_6_18,
    members={
        **LINUX_6_18.members,
        "bio": renamed("bio", "bi_iter.bi_bvec_done", "bi_iter.bi_offset"),
        "dentry": renamed("dentry", "d_u.d_alias", "d_alias"),
        "page": renamed("page", "compound_head", "compound_info"),
    },
)


@pytest.mark.parametrize("layout", [LINUX_5_10, LINUX_6_18, LINUX_7_3])
def test_they_can_be_listed_without_a_kernel(layout: RecordedLayout) -> None:
    programs = disk(layout=layout)
    assert all(text(each) for each in programs)
    assert [getattr(each.attach, "name", None) for each in programs] == [
        next(name for name in layout.raw if name.startswith("writeback_dirty_")),
        "block_bio_queue",
        "block_rq_issue",
        "block_rq_complete",
    ]


def test_an_argument_is_where_the_kernel_has_it() -> None:
    assert argument(LINUX_6_18, "block_rq_issue", "request") == 0
    assert argument(LINUX_5_10, "block_rq_issue", "request") == 8
    assert argument(LINUX_5_10, "block_rq_complete", "request") == 0


def test_what_a_kernel_lacks_is_named() -> None:
    with pytest.raises(NoDiskError, match="block_bio_queue"):
        argument(replace(LINUX_6_18, raw={}), "block_bio_queue", "bio")
    with pytest.raises(NoDiskError, match="PG_locked"):
        constant(replace(LINUX_6_18, constants={}), "PG_locked")
