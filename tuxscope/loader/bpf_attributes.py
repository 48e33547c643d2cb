"""The attributes of bpf(2) as records, from ``union bpf_attr`` in include/uapi/linux/bpf.h.

The kernel takes shorter and longer ones than its own, as long as what it does not know is zero.
Pointers are u64.
"""

from __future__ import annotations

from tuxscope.loader.bit_fields import bit_field
from tuxscope.record import Record, char, u8, u32, u64


class MapCreate(Record):
    map_type = u32
    key_size = u32
    value_size = u32
    max_entries = u32
    map_flags = u32
    inner_map_fd = u32
    numa_node = u32
    map_name = char[16]


class MapElement(Record):
    map_fd = u32
    key = u64
    value_or_next_key = u64
    flags = u64


class MapBatch(Record):
    in_batch = u64
    out_batch = u64
    keys = u64
    values = u64
    count = u32
    map_fd = u32
    element_flags = u64
    flags = u64


class ProgLoad(Record):
    prog_type = u32
    insn_cnt = u32
    insns = u64
    license = u64
    log_level = u32
    log_size = u32
    log_buf = u64
    kern_version = u32
    prog_flags = u32
    prog_name = char[16]
    prog_ifindex = u32
    expected_attach_type = u32
    prog_btf_fd = u32
    func_info_rec_size = u32
    func_info = u64
    func_info_cnt = u32
    line_info_rec_size = u32
    line_info = u64
    line_info_cnt = u32


class ProgTestRun(Record):
    prog_fd = u32
    retval = u32
    data_size_in = u32
    data_size_out = u32
    data_in = u64
    data_out = u64
    repeat = u32
    duration = u32
    ctx_size_in = u32
    ctx_size_out = u32
    ctx_in = u64
    ctx_out = u64
    flags = u32
    cpu = u32


class ObjectId(Record):
    id = u32
    next_id = u32
    open_flags = u32


class ObjectInfo(Record):
    bpf_fd = u32
    info_len = u32
    info = u64


class RawTracepointOpen(Record):
    name = u64
    prog_fd = u32


class BtfLoad(Record):
    btf = u64
    btf_log_buf = u64
    btf_size = u32
    btf_log_size = u32
    btf_log_level = u32


class LinkCreate(Record):
    prog_fd = u32
    target_fd = u32
    attach_type = u32
    flags = u32


class EnableStats(Record):
    type = u32


class ProgInfo(Record):
    """``struct bpf_prog_info``; fields that the kernel is too old for stay zero."""

    type = u32
    id = u32
    tag = u8[8]
    jited_prog_len = u32
    xlated_prog_len = u32
    jited_prog_insns = u64
    xlated_prog_insns = u64
    load_time = u64
    created_by_uid = u32
    nr_map_ids = u32
    map_ids = u64
    name = char[16]
    ifindex = u32
    bit_fields = u32  # gpl_compatible is the only one
    netns_dev = u64
    netns_ino = u64
    nr_jited_ksyms = u32
    nr_jited_func_lens = u32
    jited_ksyms = u64
    jited_func_lens = u64
    btf_id = u32
    func_info_rec_size = u32
    func_info = u64
    nr_func_info = u32
    nr_line_info = u32
    line_info = u64
    jited_line_info = u64
    nr_jited_line_info = u32
    line_info_rec_size = u32
    jited_line_info_rec_size = u32
    nr_prog_tags = u32
    prog_tags = u64
    run_time_ns = u64
    run_cnt = u64
    recursion_misses = u64
    verified_insns = u32

    @property
    def gpl_compatible(self) -> bool:
        return bool(self.bit_fields & bit_field(0, 32))


class MapInfo(Record):
    """``struct bpf_map_info``."""

    type = u32
    id = u32
    key_size = u32
    value_size = u32
    max_entries = u32
    map_flags = u32
    name = char[16]


class BtfInfo(Record):
    """``struct bpf_btf_info``."""

    btf = u64
    btf_size = u32
    id = u32
