"""Where a struct's members are, read from BTF that is made here: no kernel is asked."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tuxscope.asm.layout import Place
from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf import MAGIC, Header
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.struct_layout import KernelStructs

INT, PTR, STRUCT, UNION, TYPEDEF, CONST = 1, 2, 4, 5, 8, 10
BIT_FIELDS = 1 << 31


class Made:
    """BTF in the making; what adds a type returns its id."""

    def __init__(self) -> None:
        self._strings = bytearray(1)
        self._types: list[bytes] = []

    def add(self, name: str, kind: int, size_or_type: int, count: int = 0, *words: int) -> int:
        header = (self.string(name), kind << 24 | count, size_or_type)
        self._types.append(struct.pack(f"={3 + len(words)}I", *header, *words))
        return len(self._types)

    def struct(
        self, name: str, size: int, *members: tuple[str, int, int], kind: int = STRUCT
    ) -> int:
        """Members are name, type and offset in bits."""
        words = [
            word for each, type_id, bits in members for word in (self.string(each), type_id, bits)
        ]
        return self.add(name, kind, size, len(members), *words)

    def string(self, text: str) -> int:
        if not text:
            return 0
        self._strings += text.encode() + b"\0"
        return len(self._strings) - len(text) - 1

    def write(self, folder: Path) -> str:
        types = b"".join(self._types)
        header = Header(magic=MAGIC, version=1, hdr_len=Header.size, type_len=len(types),
                        str_off=len(types), str_len=len(self._strings))  # fmt: skip
        file = folder / "vmlinux"
        file.write_bytes(bytes(header) + types + bytes(self._strings))
        return str(file)


@pytest.fixture
def structs(tmp_path: Path) -> KernelStructs:
    made = Made()
    number = made.add("int", INT, 4, 0, 32)
    short = made.add("short", INT, 2, 0, 16)
    pointer = made.add("", PTR, number)
    alias = made.add("alias_t", TYPEDEF, made.add("", CONST, number))
    inner = made.struct("", 8, ("deep", short, 16), ("other", number, 32))
    union = made.struct("", 8, ("one", pointer, 0), ("", inner, 0), kind=UNION)
    made.struct("sock", 32, ("first", number, 0), ("next", pointer, 64), ("", union, 128),
                ("typed", alias, 192))  # fmt: skip
    # kind_flag: the upper eight bits of an offset are a bit field's size
    made.add("bits", STRUCT | BIT_FIELDS >> 24, 8, 2, made.string("flag"), number, 3 << 24 | 32,
             made.string("plain"), short, 48)  # fmt: skip
    made.add("sock_not", INT, 4, 0, 32)
    return KernelStructs(made.write(tmp_path))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("first", Place(0, 4)),
        ("next", Place(8, 8)),
        ("one", Place(16, 8)),
        ("deep", Place(18, 2)),
        ("other", Place(20, 4)),
        ("typed", Place(24, 4)),
    ],
)
def test_members_are_found_also_in_what_has_no_name(
    structs: KernelStructs, name: str, place: Place
) -> None:
    assert structs.member("sock", name) == place


def test_bit_fields_move_no_other_member(structs: KernelStructs) -> None:
    assert structs.member("bits", "flag").offset == 4
    assert structs.member("bits", "plain") == Place(6, 2)


@pytest.mark.parametrize(("struct", "name"), [("sock", "none"), ("none", "x"), ("int", "x")])
def test_what_is_not_there_is_told(structs: KernelStructs, struct: str, name: str) -> None:
    with pytest.raises(BtfError, match=f"this kernel has no {name} in struct {struct}"):
        structs.member(struct, name)


def test_a_kernel_without_btf(tmp_path: Path) -> None:
    with pytest.raises(TuxscopeError, match=r"nothing of its structs: .*CONFIG_DEBUG_INFO_BTF"):
        KernelStructs(str(tmp_path / "none"))
    (tmp_path / "short").write_bytes(b"\x9f\xeb")
    with pytest.raises(BtfError):
        KernelStructs(str(tmp_path / "short"))
    (tmp_path / "other").write_bytes(bytes(64))
    with pytest.raises(BtfError):
        KernelStructs(str(tmp_path / "other"))
