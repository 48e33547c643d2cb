"""The description of a tool: its programs, its map, and the columns to print."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Array, Hash, PerfEventArray, Program
from tuxscope.columns import AnyColumn, Bar, Index, Rate
from tuxscope.field_types import Integer
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record import Field, RecordError, RecordType

__all__ = ["Page"]

USUAL = "PAGE = Page(hello, EVENTS, COLUMNS)"

# Assembles the programs of a page. It has some or all of these parameters, or none:
#   pid        trace only this process
#   exclude    PIDs not to trace, as a tuple; includes tuxscope. If its default is not (), as in
#              older pages, it is one PID or None
#   namespace  the PID namespace of these PIDs; None for the initial one
#   layout     offsets of fields and members in the running kernel. Its default is a recorded
#              layout, for use without a kernel
# It returns a Program, or a tuple of Programs that share their maps.
ProgramFactory = Callable[..., Program | tuple[Program, ...]]
PARAMETERS = ("pid", "exclude", "namespace", "layout")


class PartError(RecordError):
    """A part of a page has the wrong type or value.

    Attributes:
        problem: what is wrong, without a hint: that depends on the page.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; write {USUAL}")
        self.problem = problem


@dataclass(frozen=True)
class Page:
    """A tool: its programs, its map, and how to print the contents of the map.

    Attributes:
        program: a function that returns the Program, or a tuple of Programs.
        map: a PerfEventArray, whose records are printed as lines, or a Hash or Array, whose
            entries are printed as a table. With None, nothing is printed, but the program can be
            listed, stepped and tested.
        columns: the columns of the lines or of the table.
        order_by: for a stream, the field to sort the records of all CPUs by: a u64 with
            nanoseconds from ktime_get_ns. For a hash, the numeric field to sort its entries by,
            largest first.
    """

    program: ProgramFactory
    map: PerfEventArray | Hash | Array | None = None
    columns: tuple[AnyColumn, ...] = ()
    order_by: Field | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the page prints records (PerfEventArray), not a table."""
        return isinstance(self.map, PerfEventArray)

    def __post_init__(self) -> None:
        if self.map is not None and not isinstance(self.map, PerfEventArray | Hash | Array):
            raise PartError(
                "the second argument of Page is a map: a PerfEventArray, a Hash or an Array"
            )
        if isinstance(self.program, Program) or not callable(self.program):
            raise PartError("a Page needs a function that makes its program, uncalled")
        columns = self.columns
        if not isinstance(columns, tuple) or not all(
            isinstance(each, AnyColumn) for each in columns
        ):
            raise PartError("the columns of a Page are a tuple of Column(...)")
        if self.map is None:
            if columns or self.order_by:
                raise PartError("a Page with columns needs a map")
            return
        if not columns:
            raise PartError(f"a Page with map {self.map.name} needs columns")
        for column in columns:
            self._check_column(column)
        if self.order_by is not None:
            self._check_order(self.order_by)

    def _check_column(self, column: AnyColumn) -> None:
        """Raise RecordError if the map does not contain what the column shows."""
        assert self.map is not None
        if isinstance(column, Index):
            if not isinstance(self.map, Array):
                raise RecordError(
                    f"{type(column).__name__} shows an index; {self.map.name} is not an Array"
                )
            return
        if isinstance(column, Rate | Bar) and isinstance(self.map, PerfEventArray):
            raise RecordError(
                f"{type(column).__name__} is for a table; {self.map.name} is a PerfEventArray"
            )
        records = records_of(self.map)
        if not any(column.field in each.fields.values() for each in records):
            names = " or ".join(each.__name__ for each in records)
            raise RecordError(
                f"column {column.title} does not show a field of {names}, the record of map "
                f"{self.map.name}"
            )

    def _check_order(self, field: object) -> None:
        """Raise RecordError if the contents of the map cannot be sorted by ``field``."""
        map = self.map
        stream = isinstance(map, PerfEventArray)
        assert map is not None
        record = records_of(map)[-1]
        if isinstance(map, Array):
            raise RecordError("the table of an Array is sorted by its index; leave out order_by")
        if isinstance(field, Field) and field in ordering(record, stream):
            return
        what = "with the time of ktime_get_ns, a u64" if stream else "that is a number"
        fitting = [each.name for each in ordering(record, stream)]
        add = "; add one, as in timestamp_ns = u64" if stream else "; add one, as in count = u64"
        raise RecordError(
            f"a page's order_by is a field of {record.__name__} {what}"
            + (f", as in order_by={record.__name__}.{fitting[0]}" if fitting else add)
        )


def ordering(record: RecordType, stream: bool) -> list[Field]:
    """The fields that order_by accepts. For a stream, those with a name like a time come first."""
    integers = [each for each in record.fields.values() if isinstance(each.type, Integer)]
    if not stream:
        return integers
    wide = [each for each in integers if each.size == 8]
    return sorted(wide, key=lambda each: not is_time(each.name))


def is_time(name: str) -> bool:
    """Whether the name of a field suggests a time, as in timestamp_ns."""
    return name.endswith("ns") or "time" in name or "stamp" in name


def records_of(map: PerfEventArray | Hash | Array) -> tuple[RecordType, ...]:
    """The record types of a map: key and value of a hash, else the only one.

    Raises RecordError if a key or value is not a record, because columns show fields of records.
    """
    if isinstance(map, PerfEventArray):
        return (map.record,)
    parts = {"key": map.key, "value": map.value} if isinstance(map, Hash) else {"value": map.value}
    records: list[RecordType] = []
    for part, declared in parts.items():
        if not isinstance(declared, RecordType):
            own = {"key": "class Key(Record): id", "value": "class Count(Record): count"}[part]
            raise RecordError(
                f"columns show fields of a record, and the {part} of {map.name} is {declared}: "
                f"make it a record, as in {own} = {declared}"
            )
        records.append(declared)
    return tuple(records)
