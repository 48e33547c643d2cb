"""The attributes of bpf(2), from ``union bpf_attr`` in include/uapi/linux/bpf.h.

The kernel accepts shorter and longer structures than its own if unknown bytes are zero.
Pointers are u64.
"""

from __future__ import annotations

import ctypes

from tuxscope.errors import TuxscopeError, shown
from tuxscope.lean_typing import Any, TypeAlias, TypeVar
from tuxscope.loader.bit_fields import bit_field

# The C type of a field, by the name of its annotation.
C_TYPES: dict[str, Any] = {
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "char16": ctypes.c_char * 16,
    "octets8": ctypes.c_ubyte * 8,
}
u32: TypeAlias = int
u64: TypeAlias = int
char16: TypeAlias = bytes  # without trailing zeros
octets8: TypeAlias = "ctypes.Array[ctypes.c_ubyte]"


class AttributesError(TuxscopeError):
    """An error, a TuxscopeError: a value does not fit into its field; ctypes would truncate it."""


class Attributes(ctypes.Structure):
    """A ctypes.Structure, zero by default; ``Attributes(**values)`` sets fields, by name, to ints
    or bytes. Raises AttributesError if a value does not fit."""

    def __init__(self, **values: int | bytes) -> None:
        try:
            super().__init__(**values)
        except (TypeError, ValueError) as error:
            raise AttributesError(f"{type(self).__name__}: {error}") from None
        for name, value in values.items():
            if getattr(self, name) != value:
                raise AttributesError(f"{type(self).__name__}.{name} cannot be {shown(value)}")

    def __repr__(self) -> str:
        fields = ", ".join(f"{each[0]}={getattr(self, each[0])!r}" for each in self._fields_)
        return f"{type(self).__name__}({fields})"


S = TypeVar("S", bound=Attributes)


def structure(kind: type[S]) -> type[S]:
    """Give ``kind``, a subclass of Attributes, ``_fields_`` from its annotations, and return it: a
    class decorator."""
    kind._fields_ = [(name, C_TYPES[type_]) for name, type_ in kind.__annotations__.items()]
    return kind


@structure
class MapCreate(Attributes):
    """A ctypes.Structure: the attributes of BPF_MAP_CREATE.

    Attributes:
        map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node: u32 each.
        map_name: a char16, 16 bytes.
    """

    map_type: u32
    key_size: u32
    value_size: u32
    max_entries: u32
    map_flags: u32
    inner_map_fd: u32
    numa_node: u32
    map_name: char16


@structure
class MapElement(Attributes):
    """A ctypes.Structure: the attributes of the commands on an element of a map, BPF_MAP_..._ELEM.

    Attributes:
        map_fd: u32.
        key, value_or_next_key, flags: u64 each.
    """

    map_fd: u32
    key: u64
    value_or_next_key: u64
    flags: u64


@structure
class MapBatch(Attributes):
    """A ctypes.Structure: the attributes of the commands on a batch of elements, BPF_MAP_..._BATCH.

    Attributes:
        in_batch, out_batch, keys, values, element_flags, flags: u64 each.
        count, map_fd: u32 each.
    """

    in_batch: u64
    out_batch: u64
    keys: u64
    values: u64
    count: u32
    map_fd: u32
    element_flags: u64
    flags: u64


@structure
class ProgLoad(Attributes):
    """A ctypes.Structure: the attributes of BPF_PROG_LOAD.

    Attributes:
        prog_type, insn_cnt, log_level, log_size, kern_version, prog_flags, prog_ifindex,
            expected_attach_type, prog_btf_fd, func_info_rec_size, func_info_cnt,
            line_info_rec_size, line_info_cnt: u32 each.
        insns, license, log_buf, func_info, line_info: u64 each.
        prog_name: a char16, 16 bytes.
    """

    prog_type: u32
    insn_cnt: u32
    insns: u64
    license: u64
    log_level: u32
    log_size: u32
    log_buf: u64
    kern_version: u32
    prog_flags: u32
    prog_name: char16
    prog_ifindex: u32
    expected_attach_type: u32
    prog_btf_fd: u32
    func_info_rec_size: u32
    func_info: u64
    func_info_cnt: u32
    line_info_rec_size: u32
    line_info: u64
    line_info_cnt: u32


@structure
class ProgTestRun(Attributes):
    """A ctypes.Structure: the attributes of BPF_PROG_TEST_RUN; the kernel writes retval, sizes and
    duration.

    Attributes:
        prog_fd, retval, data_size_in, data_size_out, repeat, duration, ctx_size_in, ctx_size_out,
            flags, cpu: u32 each.
        data_in, data_out, ctx_in, ctx_out: u64 each.
    """

    prog_fd: u32
    retval: u32
    data_size_in: u32
    data_size_out: u32
    data_in: u64
    data_out: u64
    repeat: u32
    duration: u32
    ctx_size_in: u32
    ctx_size_out: u32
    ctx_in: u64
    ctx_out: u64
    flags: u32
    cpu: u32


@structure
class ObjectId(Attributes):
    """A ctypes.Structure: the attributes of the commands by ID, BPF_..._GET_NEXT_ID and
    BPF_..._GET_FD_BY_ID.

    Attributes:
        id, next_id, open_flags: u32 each.
    """

    id: u32
    next_id: u32
    open_flags: u32


@structure
class ObjectInfo(Attributes):
    """A ctypes.Structure: the attributes of BPF_OBJ_GET_INFO_BY_FD.

    Attributes:
        bpf_fd, info_len: u32 each.
        info: u64.
    """

    bpf_fd: u32
    info_len: u32
    info: u64


@structure
class RawTracepointOpen(Attributes):
    """A ctypes.Structure: the attributes of BPF_RAW_TRACEPOINT_OPEN.

    Attributes:
        name: u64.
        prog_fd: u32.
    """

    name: u64
    prog_fd: u32


@structure
class BtfLoad(Attributes):
    """A ctypes.Structure: the attributes of BPF_BTF_LOAD.

    Attributes:
        btf, btf_log_buf: u64 each.
        btf_size, btf_log_size, btf_log_level: u32 each.
    """

    btf: u64
    btf_log_buf: u64
    btf_size: u32
    btf_log_size: u32
    btf_log_level: u32


@structure
class LinkCreate(Attributes):
    """A ctypes.Structure: the attributes of BPF_LINK_CREATE.

    Attributes:
        prog_fd, target_fd, attach_type, flags: u32 each.
    """

    prog_fd: u32
    target_fd: u32
    attach_type: u32
    flags: u32


@structure
class EnableStats(Attributes):
    """A ctypes.Structure: the attributes of BPF_ENABLE_STATS.

    Attributes:
        type: u32.
    """

    type: u32


@structure
class ProgInfo(Attributes):
    """A ctypes.Structure: ``struct bpf_prog_info``; fields that an older kernel does not know are
    zero.

    Attributes:
        type, id, jited_prog_len, xlated_prog_len, created_by_uid, nr_map_ids, ifindex, bit_fields,
            nr_jited_ksyms, nr_jited_func_lens, btf_id, func_info_rec_size, nr_func_info,
            nr_line_info, nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size,
            nr_prog_tags, verified_insns: u32 each.
        raw_tag: an octets8, 8 bytes.
        jited_prog_insns, xlated_prog_insns, load_time, map_ids, netns_dev, netns_ino, jited_ksyms,
            jited_func_lens, func_info, line_info, jited_line_info, prog_tags, run_time_ns, run_cnt,
            recursion_misses: u64 each.
        raw_name: a char16, 16 bytes.
        name: a str, a property.
        tag: bytes, a property.
        gpl_compatible: a bool, a property.
    """

    type: u32
    id: u32
    raw_tag: octets8
    jited_prog_len: u32
    xlated_prog_len: u32
    jited_prog_insns: u64
    xlated_prog_insns: u64
    load_time: u64
    created_by_uid: u32
    nr_map_ids: u32
    map_ids: u64
    raw_name: char16
    ifindex: u32
    bit_fields: u32  # gpl_compatible is the only one
    netns_dev: u64
    netns_ino: u64
    nr_jited_ksyms: u32
    nr_jited_func_lens: u32
    jited_ksyms: u64
    jited_func_lens: u64
    btf_id: u32
    func_info_rec_size: u32
    func_info: u64
    nr_func_info: u32
    nr_line_info: u32
    line_info: u64
    jited_line_info: u64
    nr_jited_line_info: u32
    line_info_rec_size: u32
    jited_line_info_rec_size: u32
    nr_prog_tags: u32
    prog_tags: u64
    run_time_ns: u64
    run_cnt: u64
    recursion_misses: u64
    verified_insns: u32

    @property
    def name(self) -> str:
        return self.raw_name.decode(errors="replace")

    @property
    def tag(self) -> bytes:
        """The program tag, bytes: 8 bytes of a hash of its instructions."""
        return bytes(self.raw_tag)

    @property
    def gpl_compatible(self) -> bool:
        return bool(self.bit_fields & bit_field(0, 32))


@structure
class MapInfo(Attributes):
    """A ctypes.Structure: ``struct bpf_map_info``.

    Attributes:
        type, id, key_size, value_size, max_entries, map_flags: u32 each.
        raw_name: a char16, 16 bytes.
        name: a str, a property.
    """

    type: u32
    id: u32
    key_size: u32
    value_size: u32
    max_entries: u32
    map_flags: u32
    raw_name: char16

    @property
    def name(self) -> str:
        return self.raw_name.decode(errors="replace")


@structure
class BtfInfo(Attributes):
    """A ctypes.Structure: ``struct bpf_btf_info``.

    Attributes:
        btf: u64.
        btf_size, id: u32 each.
    """

    btf: u64
    btf_size: u32
    id: u32
