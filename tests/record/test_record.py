from __future__ import annotations

import array
import builtins
import copy
import ctypes
import keyword
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest
from construct import Container
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pace import LIMIT

import tuxscope
from tuxscope.asm import Assembler, Memory, RawTracepoint, r1, r2
from tuxscope.record import (
    Hole,
    Nested,
    Record,
    RecordError,
    RecordType,
    char,
    s8,
    s16,
    s32,
    s64,
    u8,
    u16,
    u32,
    u64,
)
from tuxscope.record.declared import C_KEYWORDS
from tuxscope.record.types import ArrayType, FieldType

pytestmark = pytest.mark.matrix

PACKAGE = FilePath(tuxscope.__file__).parent


class HelloEvent(Record):
    pid = u32
    timestamp_ns = u64
    comm = char[16]


class Point(Record):
    x = s16
    y = s16


class Path(Record):
    length = u8
    points = Point[2]
    codes = u32[3]
    address = u8[6]


HELLO = HelloEvent(pid=7, timestamp_ns=1 << 40, comm="cat")
PATH = Path(
    length=2, points=(Point(x=1, y=-1), Point(x=2)), codes=(1, 2, 3), address=b"\1\2\3\4\5\6"
)


def declare(**fields: Any) -> RecordType:
    return RecordType("Event", (Record,), fields)


def test_the_layout_is_that_of_c() -> None:
    assert HelloEvent.size == 32
    assert HelloEvent.alignment == 8
    assert [field.offset for field in HelloEvent.fields.values()] == [0, 8, 16]
    assert HelloEvent.padding == (Hole(offset=4, size=4),)
    assert HelloEvent.timestamp_ns is HelloEvent.fields["timestamp_ns"]


def test_padding_may_be_last() -> None:
    assert declare(a=u64, b=u8).padding == (Hole(9, 7),)


def test_nested_records_and_arrays_keep_their_alignment() -> None:
    assert [(field.name, field.offset, field.size) for field in Path.fields.values()] == [
        ("length", 0, 1),
        ("points", 2, 8),
        ("codes", 12, 12),
        ("address", 24, 6),
    ]
    assert (Path.size, Path.alignment, Path.padding) == (
        32,
        4,
        (Hole(1, 1), Hole(10, 2), Hole(30, 2)),
    )


@pytest.mark.parametrize("record", [HELLO, PATH])
def test_a_record_survives_its_bytes(record: Record) -> None:
    data = bytes(record)
    assert len(data) == type(record).size
    assert type(record).unpack(data) == record
    assert hash(type(record).unpack(data)) == hash(record)


def test_each_type_has_its_python_value() -> None:
    assert (HELLO.pid, HELLO.timestamp_ns, HELLO.comm) == (7, 1 << 40, "cat")
    assert PATH.points == (Point(x=1, y=-1), Point(x=2, y=0))
    assert PATH.points[0].y == -1
    assert (PATH.codes, PATH.address) == ((1, 2, 3), b"\1\2\3\4\5\6")
    assert list(HELLO) == [7, 1 << 40, "cat"]
    assert repr(HELLO) == "HelloEvent(pid=7, timestamp_ns=1099511627776, comm='cat')"


def test_what_is_not_named_is_zero() -> None:
    assert bytes(HelloEvent()) == bytes(32)
    assert HelloEvent() == HelloEvent(pid=0, timestamp_ns=0, comm="")


def test_padding_is_zeroed_and_what_it_held_is_forgotten() -> None:
    assert bytes(HelloEvent.unpack(b"\xaa" * 16 + bytes(16)))[4:8] == bytes(4)


def test_unpack_takes_an_offset_and_leaves_the_rest() -> None:
    assert HelloEvent.unpack(b"head" + bytes(HELLO) + b"tail", 4) == HELLO


@pytest.mark.parametrize(("size", "offset"), [(0, 0), (31, 0), (32, 1), (32, -1)])
def test_unpack_refuses_what_is_too_short(size: int, offset: int) -> None:
    with pytest.raises(RecordError, match="HelloEvent has 32 bytes, the buffer has"):
        HelloEvent.unpack(bytes(size), offset)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"cat\0\0\0\0\0", "cat"),
        (b"cat\0dog\0", "cat"),
        (b"longname", "longname"),
        (b"caf\xc3\xa9\0\0\0", "café"),
        (b"caf\xc3\0\0\0\0", "caf\ufffd"),
        (b"\xff\xfe ok\0\0\0", "\ufffd\ufffd ok"),
        (bytes(8), ""),
    ],
)
def test_text_ends_at_nul_and_is_utf8(raw: bytes, text: str) -> None:
    record = declare(name=char[8])
    assert record.unpack(raw).name == text
    assert record.construct.parse(raw).name == text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "has no fields"),
        ({"name": char}, r"Event.name: char needs a length, as in name = char\[16\]"),
        ({"pid": int}, "Event.pid: int is not a C type"),
        ({"pid": 7}, "Event.pid: 7 is not a C type"),
        ({"pid": "u32"}, "write the type without quotes: pid = u32"),
        ({"pid": "x32"}, "Event.pid: 'x32' is not a C type"),
        ({"long": u32}, "Event.long: not a field name in C"),
        ({"_pid": u32}, "Event._pid: not a field name in C"),
        ({"größe": u32}, "not a field name in C"),
        ({"a": u8[1 << 30], "b": u8}, "a record has at most 1073741824"),
    ],
)
def test_what_c_could_not_lay_out_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(RecordError, match=problem):
        declare(**fields)


def test_an_annotation_is_no_declaration() -> None:
    with pytest.raises(RecordError, match=r"Event\.pid: write pid = u32, not pid: u32"):

        class Event(Record):
            pid: u32


def test_what_is_wrong_with_a_field_is_said_at_its_line() -> None:
    reached = []
    with pytest.raises(RecordError, match=r"Event\.comm: char needs a length"):

        class Event(Record):
            pid = u32
            reached.append("pid")
            comm = char
            reached.append("comm")

    assert reached == ["pid"]


def test_a_field_is_declared_once() -> None:
    with pytest.raises(RecordError, match=r"Event\.pid is already defined"):

        class Event(Record):
            pid = u32
            pid = u64  # noqa: PIE794  # that is the point


def test_what_a_record_answers_to_has_a_nearest_name_too() -> None:
    with pytest.raises(AttributeError, match=r"no field sizee; did you mean size\?"):
        _ = HelloEvent.sizee


def test_a_record_inherits_nothing() -> None:
    with pytest.raises(RecordError, match="a C struct has no base class"):

        class Event(HelloEvent):
            more = u32


@pytest.mark.parametrize("element", [u8, u32, char, Point])
@pytest.mark.parametrize("length", [0, -1, True, 2.0, "2", None, (1 << 30) + 1])
def test_an_array_has_a_sensible_length(element: Any, length: Any) -> None:
    with pytest.raises(RecordError, match="an array"):
        element[length]


@pytest.mark.parametrize("element", [u8, u32, char, Point])
def test_an_array_has_one_dimension(element: Any) -> None:
    with pytest.raises(RecordError, match="arrays have one dimension"):
        element[2][2]


@pytest.mark.parametrize(
    ("record", "values", "problem"),
    [
        (HelloEvent, {"pid": -1}, r"HelloEvent.pid: -1 does not fit u32 \(0 to 4294967295\)"),
        (HelloEvent, {"pid": 1 << 32}, "does not fit u32"),
        (HelloEvent, {"pid": True}, "u32 takes an integer"),
        (HelloEvent, {"pid": 1.0}, "u32 takes an integer"),
        (HelloEvent, {"pid": None}, "u32 takes an integer"),
        (HelloEvent, {"comm": "seventeen letters"}, r"17 bytes long, char\[16\] holds 16"),
        (HelloEvent, {"comm": "é" * 9}, "18 bytes long"),
        (HelloEvent, {"comm": "\udcff"}, "is not UTF-8"),
        (HelloEvent, {"comm": 7}, "takes text"),
        (HelloEvent, {"comma": "cat"}, "has no field comma; did you mean comm?"),
        (Point, {"x": -(1 << 15) - 1}, r"does not fit s16 \(-32768 to 32767\)"),
        (Point, {"x": 1 << 15}, "does not fit s16"),
        (Path, {"codes": (1, 2)}, r"u32\[3\] takes 3 values, not 2"),
        (Path, {"codes": 7}, r"u32\[3\] takes 3 values, not 7"),
        (Path, {"codes": (1, 2, -3)}, "Path.codes: -3 does not fit u32"),
        (Path, {"address": b"short"}, r"u8\[6\] takes 6 bytes"),
        (Path, {"address": (1, 2, 3, 4, 5, 6)}, r"u8\[6\] takes 6 bytes"),
        (Path, {"points": (Point(), HELLO)}, "Point takes a Point, not HelloEvent"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    record: Any, values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(RecordError, match=problem):
        record(**values)


def test_a_field_may_have_any_name() -> None:
    names = ("size", "fields", "type", "offset", "padding", "alignment", "construct", "raw", "name")
    record = declare(**dict.fromkeys(names, u16))
    values = {name: number for number, name in enumerate(names)}
    made = record(**values)
    assert {name: getattr(made, name) for name in names} == values
    assert record.unpack(bytes(made)) == made
    assert record.size == 2 * len(names)
    assert tuple(record.fields) == names


def test_a_record_is_immutable() -> None:
    with pytest.raises(AttributeError, match="make another one with pid=8"):
        HELLO.pid = 8
    with pytest.raises(AttributeError):
        HELLO.pids = 8
    with pytest.raises(AttributeError):
        del HELLO.pid


def test_records_of_different_types_differ() -> None:
    assert declare(x=s16, y=s16)(x=1) != Point(x=1)


# A drawn type is what tuxscope declares, and the same in C before and after the field's name.
Drawn = tuple[Any, str, str]

INTEGERS: list[tuple[Any, str]] = [
    (u8, "uint8_t"),
    (u16, "uint16_t"),
    (u32, "uint32_t"),
    (u64, "uint64_t"),
    (s8, "int8_t"),
    (s16, "int16_t"),
    (s32, "int32_t"),
    (s64, "int64_t"),
]
LENGTHS = st.integers(1, 5)


def arrays(elements: st.SearchStrategy[tuple[Any, str]]) -> st.SearchStrategy[Drawn]:
    """One of the elements, or an array of them."""
    single = elements.map(lambda drawn: (*drawn, ""))
    return single | st.builds(lambda drawn, n: (drawn[0][n], drawn[1], f"[{n}]"), elements, LENGTHS)


@st.composite
def records(draw: st.DrawFn, depth: int = 2, text: bool = True) -> tuple[RecordType, str]:
    """A record, and the same struct in C."""
    fields = arrays(st.sampled_from(INTEGERS))
    if text:
        fields |= LENGTHS.map(lambda length: (char[length], "char", f"[{length}]"))
    if depth:
        fields |= arrays(records(depth - 1, text))
    drawn = draw(st.lists(fields, min_size=1, max_size=5))
    members = "".join(f"{c_type} f{i}{length};" for i, (_, c_type, length) in enumerate(drawn))
    return (
        declare(**{f"f{i}": own_type for i, (own_type, _, _) in enumerate(drawn)}),
        f"struct {{{members}}}",
    )


def filled(record: RecordType, pattern: bytes) -> bytes:
    """A pattern, repeated to the record's size."""
    return (pattern * record.size)[: record.size]


def plain(value: Any) -> Any:
    """A parsed value as dict, list and scalars."""
    if isinstance(value, Record):
        return {name: plain(getattr(value, name)) for name in type(value).fields}
    if isinstance(value, Container):
        return {name: plain(each) for name, each in value.items() if name != "_io"}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def holes(field_type: FieldType[Any], start: int = 0) -> Iterator[int]:
    """The offset of each byte of padding, nested records' included."""
    if isinstance(field_type, ArrayType):
        for index in range(field_type.length):
            yield from holes(field_type.element, start + index * field_type.element.size)
    elif isinstance(field_type, Nested):
        for hole in field_type.record.padding:
            yield from range(start + hole.offset, start + hole.offset + hole.size)
        for field in field_type.record.fields.values():
            yield from holes(field.type, start + field.offset)


compiler = shutil.which("cc") or shutil.which("gcc")


@pytest.mark.skipif(compiler is None, reason="no C compiler")
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(records(), min_size=40, max_size=40))
def test_a_c_compiler_lays_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[RecordType, str]]
) -> None:
    prints = [
        f"sizeof (t{n}), _Alignof (t{n})"
        + "".join(f", offsetof(t{n}, {name})" for name in record.fields)
        for n, (record, _) in enumerate(drawn)
    ]
    typedefs = "\n".join(f"typedef {struct} t{n};" for n, (_, struct) in enumerate(drawn))
    folder = tmp_path_factory.mktemp("layout")
    (folder / "layout.c").write_text(
        "#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n"
        f"{typedefs}\n"
        f"static size_t numbers[] = {{{', '.join(prints)}}};\n"
        "int main(void) {\n"
        "  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)\n"
        '    printf("%zu ", numbers[i]);\n'
        "}\n"
    )
    subprocess.run([compiler, "-o", "layout", "layout.c"], cwd=folder, check=True, timeout=LIMIT)
    printed = subprocess.run(
        [folder / "layout"], capture_output=True, check=True, timeout=LIMIT
    ).stdout
    ours = [
        number
        for record, _ in drawn
        for number in (record.size, record.alignment, *(f.offset for f in record.fields.values()))
    ]
    assert [int(number) for number in printed.split()] == ours


@given(records(), st.binary(min_size=1))
def test_construct_parses_the_same(drawn: tuple[RecordType, str], pattern: bytes) -> None:
    record, _ = drawn
    data = filled(record, pattern)
    assert plain(record.construct.parse(data)) == plain(record.unpack(data))
    assert record.construct.sizeof() == record.size


@given(records(text=False), st.binary(min_size=1))
def test_bytes_come_back_with_zeroed_padding(drawn: tuple[RecordType, str], pattern: bytes) -> None:
    record, _ = drawn
    data = bytearray(filled(record, pattern))
    unpacked = record.unpack(data)
    for offset in holes(Nested(record)):
        data[offset] = 0
    assert bytes(unpacked) == data
    assert record.construct.build(plain(unpacked)) == data


def test_types_are_the_same_if_they_are_declared_the_same() -> None:
    assert u32[4] == u32[4] != u32[5]
    assert u32 != s32
    assert char[4] == char[4] != u8[4]
    assert HelloEvent[2] == HelloEvent[2] != u32[2]
    assert hash(u32[4]) == hash(u32[4])


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: u64(5), r"u64 is a type: a\.stack\(u64\) is a place"),
        (lambda: u32 * 4, r"square brackets: u32\[4\]"),
        (lambda: char[8](), r"char\[8\] is a type: a\.stack\(char\[8\]\) is a place"),
        (lambda: 4 * char[8], r"char\[8\] \* 4: arrays have one dimension"),
        (lambda: Point * 2, r"square brackets: Point\[2\]"),
        (lambda: u64.__setitem__(r1 + 8, r2), r"a\.stx\(u64\[r1 \+ 8\], r2\)"),
        (lambda: u64.__setitem__(r1, 5), r"a\.st\(u64\[r1\], 5\)"),
        (
            lambda: type(Point).__setitem__(Point, r1, r2),
            r"a\.stx\(Point\[r1\]\.x, r2\)",
        ),
    ],
)
def test_what_python_would_do_with_a_type_is_told(mistake: Callable[[], Any], says: str) -> None:
    with pytest.raises(RecordError, match=says):
        mistake()


@pytest.mark.parametrize("option", ["packed", "aligned", "slots"])
def test_a_record_takes_no_options(option: str) -> None:
    text = f"class Odd(Record, {option}=True):\n    pid = u32"
    with pytest.raises(RecordError, match=rf"class Odd\(Record\) takes no {option}: its layout"):
        exec(text, {"Record": Record, "u32": u32})


@pytest.mark.parametrize(
    "method",
    [property(lambda self: 7), classmethod(int), staticmethod(int), lambda self: 7],
    ids=["property", "classmethod", "staticmethod", "function"],
)
def test_a_method_does_not_hide_a_field(method: Any) -> None:
    with pytest.raises(RecordError, match=r"Event\.pid is already defined; a method needs"):

        class Event(Record):
            pid = u32
            ts = u64
            pid = method  # noqa: PIE794  # that is the point

    with pytest.raises(RecordError, match=r"Other\.pid is already defined; a field needs"):

        class Other(Record):
            pid = method
            pid = u32  # noqa: PIE794


def test_a_property_may_have_a_setter() -> None:
    class Event(Record):
        pid = u32

        @property
        def half(self) -> int:
            return self.pid // 2

        @half.setter
        def half(self, value: int) -> None:
            raise AssertionError(value)

    assert Event(pid=8).half == 4
    assert tuple(Event.fields) == ("pid",)


def test_a_field_that_is_deleted_is_none() -> None:
    class Event(Record):
        pid = u32
        ts = u64
        del pid

    assert tuple(Event.fields) == ("ts",)
    assert Event.size == 8


def test_a_field_is_not_replaced_afterwards() -> None:
    with pytest.raises(RecordError, match=r"HelloEvent\.pid is a field; declare another record"):
        HelloEvent.pid = property(int)


def names() -> list[str]:
    """Those that mean something in Python, to types, or in the code of records and places."""
    code = [path.read_text() for path in PACKAGE.glob("*.py")]
    code.append((PACKAGE / "asm" / "registers.py").read_text())
    words = {word for text in code for word in re.findall(r"[A-Za-z_]\w*", text)}
    words |= {*dir(builtins), *dir(type), *dir(Record), *dir(RecordType), *dir(Memory), *dir(dict)}
    words |= {*keyword.softkwlist, "cls", "value", "key", "keys", "items", "index", "count"}
    return sorted(word for word in words - {"__annotations__"} if not keyword.iskeyword(word))


def test_a_field_of_each_name_works_or_is_refused_in_words() -> None:
    refused = {}
    for name in names():
        try:
            record = declare(before=u8, **{name: u32}) if name != "before" else declare(before=u32)
        except RecordError as error:
            refused[name] = str(error)
            continue
        made = record(**{name: 7})
        assert getattr(made, name) == 7
        assert record.unpack(bytes(made)) == made
        assert eval(repr(made), {"Event": record}) == made
        assert record.fields[name].name == name
        assert record.construct.parse(bytes(made))[name] == 7
        assert record.construct.build({"before": 0, name: 7}) == bytes(made)
        place = Assembler("named", attach=RawTracepoint()).stack(record)
        assert getattr(place, name)._type == u32
        assert hash(made) == hash(copy.deepcopy(made))
    assert all(re.search("name is reserved|not a field name", said) for said in refused.values())
    taken = {name for name in refused if name[0] != "_"}
    assert {"decode", "unpack", "mro", "typed"} <= taken
    assert taken <= {"decode", "unpack", "mro", "typed"} | C_KEYWORDS


@pytest.mark.parametrize(
    "name", ["decode", "unpack", "mro", "typed", "_flat", "_values", "_layout"]
)
def test_a_method_does_not_replace_the_records_own(name: str) -> None:
    with pytest.raises(RecordError, match="this name is reserved"):
        declare(**{"pid": u32, name: lambda self: 7})


ROW = struct.pack("=IxxxxQ16s", 7, 9, b"cat")


@pytest.mark.parametrize(
    "data",
    [
        bytearray(ROW),
        memoryview(ROW),
        array.array("Q", ROW),
        memoryview(ROW).cast("H"),
        memoryview(ROW).cast("B", (4, 8)),
        (ctypes.c_uint16 * 16).from_buffer_copy(ROW),
    ],
    ids=["bytearray", "memoryview", "array", "H", "two-dimensional", "ctypes"],
)
def test_any_buffer_is_unpacked(data: Any) -> None:
    assert HelloEvent.unpack(data) == HelloEvent(pid=7, timestamp_ns=9, comm="cat")
    assert char[32].unpack(data) == char[32].unpack(ROW)
    with pytest.raises(RecordError, match="HelloEvent has 32 bytes, the buffer has 31"):
        HelloEvent.unpack(data, 1)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (memoryview(bytes(64))[::2], "buffer is not contiguous; copy it with bytes"),
        (5, "bytes, or another buffer, are expected, not 5"),
        ("text", "bytes, or another buffer, are expected, not 'text'"),
    ],
)
def test_what_is_no_row_of_bytes_is_refused(data: Any, problem: str) -> None:
    with pytest.raises(RecordError, match=problem):
        HelloEvent.unpack(data)
    with pytest.raises(RecordError, match=problem):
        u64.unpack(data)


def test_a_value_has_its_types_size() -> None:
    with pytest.raises(RecordError, match="u32 has 4 bytes, not 3"):
        u32.unpack(b"abc")


def test_a_long_number_is_refused_in_a_line() -> None:
    for wrong in (lambda: HelloEvent(pid=10**5000), lambda: u32[10**5000]):
        with pytest.raises(RecordError, match="a number of 16610 bits"):
            wrong()
