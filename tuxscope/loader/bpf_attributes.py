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
    """An error: a value does not fit into its field; ctypes would truncate it."""


class Attributes(ctypes.Structure):
    """A C structure, zero by default. Raises AttributesError if a value does not fit."""

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
    """Class decorator: give ``kind``, a subclass of Attributes, ``_fields_`` from its annotations;
    return it."""
    kind._fields_ = [(name, C_TYPES[type_]) for name, type_ in kind.__annotations__.items()]
    return kind


@structure
class MapCreate(Attributes):
    """The attributes of BPF_MAP_CREATE."""

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
    """The attributes of the commands on an element of a map, BPF_MAP_..._ELEM."""

    map_fd: u32
    key: u64
    value_or_next_key: u64
    flags: u64


@structure
class MapBatch(Attributes):
    """The attributes of the commands on a batch of elements, BPF_MAP_..._BATCH."""

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
    """The attributes of BPF_PROG_LOAD."""

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
    """The attributes of BPF_PROG_TEST_RUN; the kernel writes retval, sizes and duration."""

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
    """The attributes of the commands by ID, BPF_..._GET_NEXT_ID and BPF_..._GET_FD_BY_ID."""

    id: u32
    next_id: u32
    open_flags: u32


@structure
class ObjectInfo(Attributes):
    """The attributes of BPF_OBJ_GET_INFO_BY_FD."""

    bpf_fd: u32
    info_len: u32
    info: u64


@structure
class RawTracepointOpen(Attributes):
    """The attributes of BPF_RAW_TRACEPOINT_OPEN."""

    name: u64
    prog_fd: u32


@structure
class BtfLoad(Attributes):
    """The attributes of BPF_BTF_LOAD."""

    btf: u64
    btf_log_buf: u64
    btf_size: u32
    btf_log_size: u32
    btf_log_level: u32


@structure
class LinkCreate(Attributes):
    """The attributes of BPF_LINK_CREATE."""

    prog_fd: u32
    target_fd: u32
    attach_type: u32
    flags: u32


@structure
class EnableStats(Attributes):
    """The attributes of BPF_ENABLE_STATS."""

    type: u32


@structure
class ProgInfo(Attributes):
    """``struct bpf_prog_info``; fields that an older kernel does not know are zero."""

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
    """``struct bpf_map_info``."""

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
    """``struct bpf_btf_info``."""

    btf: u64
    btf_size: u32
    id: u32
