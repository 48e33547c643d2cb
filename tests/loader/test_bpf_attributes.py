"""The attributes of bpf(2) are laid out as in C, and take nothing that does not fit."""

from __future__ import annotations

import sys

import pytest

from tuxscope.loader.bpf_attributes import (
    AttributesError,
    MapBatch,
    MapCreate,
    MapElement,
    ObjectId,
    ProgInfo,
    ProgLoad,
)


# offsetofend() of the last field, by gcc on x86-64 with linux/bpf.h.
@pytest.mark.parametrize(
    ("kind", "field", "offset"),
    [
        (MapCreate, "map_name", 28),
        (MapElement, "key", 8),
        (MapElement, "flags", 24),
        (MapBatch, "count", 32),
        (ProgLoad, "prog_name", 48),
        (ProgLoad, "func_info", 80),
        (ProgLoad, "line_info_cnt", 104),
        (ProgInfo, "raw_name", 64),
        (ProgInfo, "recursion_misses", 208),
    ],
)
def test_fields_are_where_the_kernel_looks(kind: type, field: str, offset: int) -> None:
    assert getattr(kind, field).offset == offset


@pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, "1", None])
def test_what_does_not_fit_is_an_error(value: object) -> None:
    with pytest.raises(AttributesError, match="ObjectId"):
        ObjectId(id=value)


def test_a_name_that_is_too_long_is_an_error() -> None:
    assert MapCreate(map_name=b"x" * 16).map_name == b"x" * 16
    with pytest.raises(AttributesError):
        MapCreate(map_name=b"x" * 17)


def test_what_is_not_given_is_zero() -> None:
    made = ObjectId(next_id=7)
    assert bytes(made) == bytes(4) + (7).to_bytes(4, sys.byteorder) + bytes(4)
    assert repr(made) == "ObjectId(id=0, next_id=7, open_flags=0)"
