"""Where a struct's members are, read from BTF that is made here: no kernel is asked."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest

from tuxscope.asm import Assembler, RawTracepoint, helper, r0, r1, r2
from tuxscope.asm.layout import Place
from tuxscope.loader import load
from tuxscope.loader.btf import MAGIC, Header
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.struct_layout import KernelStructs, kernel_structs

INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF, CONST = 1, 2, 3, 4, 5, 6, 8, 10
FUNC_PROTO, ENUM64 = 13, 19
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

    def flagged(self, name: str, size: int, *members: tuple[str, int, int, int]) -> int:
        """A struct with bit fields; members are name, type, and size and offset in bits."""
        words = [
            word
            for each, type_id, bits, offset in members
            for word in (self.string(each), type_id, bits << 24 | offset)
        ]
        return self.add(name, STRUCT | BIT_FIELDS >> 24, size, len(members), *words)

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
    row = made.add("", ARRAY, 0, 0, short, number, 5)
    made.struct("sock", 48, ("first", number, 0), ("next", pointer, 64), ("", union, 128),
                ("typed", alias, 192), ("row", row, 224))  # fmt: skip
    # kind_flag: the upper eight bits of an offset are a bit field's size
    flags = made.flagged("bits", 8, ("flag", number, 3, 32), ("plain", short, 0, 48))
    unnamed = made.flagged("", 8, ("first", number, 1, 0), ("last", number, 4, 28))
    made.add("sock_not", INT, 4, 0, 32)
    # As compilers wrote it before: the type has fewer bits, and may begin above the lowest.
    few = made.add("few", INT, 4, 0, 2 << 16 | 5)
    made.struct("old", 8, ("few", few, 32), ("number", number, 0))
    named = made.add("flags_t", TYPEDEF, flags)
    made.struct("outer", 64, ("pad", pointer, 0), ("in", named, 64), ("", unnamed, 128),
                ("both", union, 192), ("to", made.add("", PTR, flags), 256),
                ("void", made.add("", PTR, 0), 320))  # fmt: skip
    made.flagged("packed", 9, ("wide", number, 32, 5), ("across", number, 3, 6))
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
        ("row", Place(28, 10)),
    ],
)
def test_members_are_found_also_in_what_has_no_name(
    structs: KernelStructs, name: str, place: Place
) -> None:
    assert structs.member("sock", name) == place


LITTLE = sys.byteorder == "little"


@pytest.mark.parametrize(
    ("struct", "name", "place"),
    [
        ("bits", "plain", Place(6, 2)),
        ("bits", "flag", Place(4, 1, 0 if LITTLE else 5, 3)),
        ("old", "few", Place(4, 1, 2 if LITTLE else 1, 5)),
        ("old", "number", Place(0, 4)),
        ("outer", "first", Place(16, 1, 0 if LITTLE else 7, 1)),
        ("outer", "last", Place(19, 1, 4 if LITTLE else 0, 4)),
        ("packed", "wide", Place(0, 8, 5 if LITTLE else 27, 32)),
        ("packed", "across", Place(0, 2, 6 if LITTLE else 7, 3)),
    ],
)
def test_a_bit_field_is_a_part_of_an_integer(
    structs: KernelStructs, struct: str, name: str, place: Place
) -> None:
    """Bits are counted from an integer's lowest, in memory that is one or the other way round."""
    assert structs.member(struct, name) == place


@pytest.mark.parametrize(
    ("struct", "name", "place"),
    [
        # RFC 791 and RFC 9293 draw these halves of bytes, whatever order a machine has.
        ("iphdr", "version", Place(0, 1, 4, 4)),
        ("iphdr", "ihl", Place(0, 1, 0, 4)),
        ("tcphdr", "doff", Place(12, 1, 4, 4)),
        ("tcphdr", "fin", Place(13, 1, 0, 1)),
        ("tcphdr", "syn", Place(13, 1, 1, 1)),
    ],
)
def test_the_running_kernels_bit_fields_are_those_on_the_wire(
    struct: str, name: str, place: Place
) -> None:
    layout = RunningKernelLayout()
    if not layout.has_structs:
        pytest.skip("this kernel has no BTF")
    assert layout.member(struct, name) == place


@pytest.fixture
def traced(tmp_path: Path) -> KernelStructs:
    """With raw tracepoints and constants."""
    made = Made()
    number = made.add("int", INT, 4, 0, 32)
    request = made.add("", PTR, made.add("", CONST, made.struct("request", 8, ("q", number, 0))))
    data = made.add("", PTR, 0)

    def tracepoint(name: str, *arguments: int) -> None:
        words = [word for each in arguments for word in (0, each)]
        function = made.add("", FUNC_PROTO, 0, len(arguments), *words)
        made.add(f"btf_trace_{name}", TYPEDEF, made.add("", PTR, function))

    tracepoint("issue", data, request)
    tracepoint("complete", data, request, number, made.add("", PTR, number))
    tracepoint("tick", data)
    made.add("btf_trace_odd", TYPEDEF, number)
    made.add("btf_trace_odder", TYPEDEF, request)
    made.add("pageflags", ENUM, 4, 2, made.string("PG_locked"), 0, made.string("PG_head"), 6)
    made.add("wide", ENUM64, 8, 1, made.string("WIDE"), 7, 1)
    return KernelStructs(made.write(tmp_path))


@pytest.mark.parametrize(
    ("tracepoint", "structs"),
    [
        ("issue", ("request",)),
        ("complete", ("request", "", "")),
        ("tick", ()),
        ("odd", None),
        ("odder", None),
        ("there is none", None),
    ],
)
def test_the_arguments_of_a_raw_tracepoint(
    traced: KernelStructs, tracepoint: str, structs: tuple[str, ...] | None
) -> None:
    assert traced.arguments(tracepoint) == structs


@pytest.mark.parametrize(
    ("name", "value"),
    [("PG_locked", 0), ("PG_head", 6), ("WIDE", 1 << 32 | 7), ("pageflags", None), ("", None)],
)
def test_constants(traced: KernelStructs, name: str, value: int | None) -> None:
    assert traced.constant(name) == value


@pytest.mark.kernel
def test_types_are_found_by_their_names() -> None:
    if problem := RunningKernelLayout().without_structs:
        pytest.skip(str(problem))
    structs = kernel_structs()
    for name in ("file", "task_struct", "mount"):
        assert structs.type_name(structs.type_id(name)) == name
    function = structs.function_id("ksys_read")
    assert function is not None
    assert structs.type_name(function) == "ksys_read"
    assert structs.function_id("there is no such function") is None
    for nothing in ("there_is_none", ""):
        with pytest.raises(BtfError, match="has no struct"):
            structs.type_id(nothing)


@pytest.mark.kernel
def test_a_cast_leads_to_members() -> None:
    """Where the kernel can: the current task's own number, read by a load."""
    layout = RunningKernelLayout()
    cast = layout.cast("task_struct") if layout.has_structs else None
    if not cast:
        pytest.skip("programs of this kernel may not call bpf_rdonly_cast")
    a = Assembler("casts", attach=RawTracepoint())
    a.call(helper.get_current_task)
    a.mov(r1, r0)
    a.ld_imm64(r2, cast.type)
    a.call_btf_id(cast.function)
    a.ldx(r0, layout.member("task_struct", "tgid").at(r0))
    a.exit()
    with load(a.program()) as loaded:
        assert loaded.test_run().retval == os.getpid()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("in", Place(8, 8)),
        ("in.plain", Place(14, 2)),
        ("in.flag", Place(12, 1, 0 if LITTLE else 5, 3)),
        ("both.one", Place(24, 8)),
        ("both.deep", Place(26, 2)),
    ],
)
def test_a_path_leads_into_structs(structs: KernelStructs, name: str, place: Place) -> None:
    assert structs.member("outer", name) == place


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "to.flag",
            "to of struct outer is a pointer: load it, then use member flag of struct bits",
        ),
        ("void.x", "void of struct outer is a pointer: load it, then use member x of struct ..."),
        ("in.plain.x", "plain of struct outer.in is not a struct and has no member x"),
        ("in.none", "this kernel has no in.none in struct outer"),
        ("none.in", "this kernel has no none.in in struct outer"),
        ("in.", "this kernel has no in. in struct outer"),
        ("", "this kernel has no  in struct outer"),
    ],
)
def test_a_path_that_leads_nowhere(structs: KernelStructs, name: str, words: str) -> None:
    with pytest.raises(BtfError) as caught:
        structs.member("outer", name)
    assert str(caught.value) == words


@pytest.mark.parametrize(("struct", "name"), [("sock", "none"), ("none", "x"), ("int", "x")])
def test_what_is_not_there_is_told(structs: KernelStructs, struct: str, name: str) -> None:
    with pytest.raises(BtfError, match=f"this kernel has no {name} in struct {struct}"):
        structs.member(struct, name)


def test_types_without_an_end_are_found_out(tmp_path: Path) -> None:
    made = Made()
    made.struct("loop", 8, ("typed", 2, 0), ("", 3, 0), ("far", 900, 0))
    made.add("self_t", TYPEDEF, 2)
    made.struct("", 8, ("", 3, 0))
    structs = KernelStructs(made.write(tmp_path))
    for name, words in (
        ("typed", "a cycle of typedefs"),
        ("x", "a struct that contains itself"),
    ):
        with pytest.raises(BtfError, match=words):
            structs.member("loop", name)


def test_a_kernel_without_btf(tmp_path: Path) -> None:
    with pytest.raises(BtfError, match=r"cannot read the kernel's BTF: .*CONFIG_DEBUG_INFO_BTF"):
        KernelStructs(str(tmp_path / "none"))


def test_btf_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    made = Made()
    made.struct("one", 4, ("first", made.add("int", INT, 4, 0, 32), 0))
    file = Path(made.write(tmp_path))
    whole = file.read_bytes()
    assert KernelStructs(str(file)).member("one", "first") == Place(0, 4)
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(BtfError, match=r"empty|truncated"):
            KernelStructs(str(file))


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        (bytes(64), "not BTF: the magic number is 0x0"),
        (b"\x7fELF" + bytes(60), "not BTF: the magic"),
    ],
)
def test_what_is_no_btf(damaged: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(damaged)
    with pytest.raises(BtfError, match=f"^invalid BTF of the kernel: .*{words}.*; check it with"):
        KernelStructs(str(tmp_path / "other"))


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [(0, 0, "unknown kind 0"), (20, 0, "kind 20"), (STRUCT, 9, "ends within a type")],
)
def test_types_that_are_not_whole(kind: int, count: int, words: str, tmp_path: Path) -> None:
    made = Made()
    made.add("int", INT, 4, 0, 32)
    made.add("odd", kind, 4, count)
    with pytest.raises(BtfError, match=words):
        KernelStructs(made.write(tmp_path))
