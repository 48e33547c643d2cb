"""The description of a tool: its programs, its map, its columns."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Array, Hash, Program
from tuxscope.asm.maps import StreamMap
from tuxscope.errors import LocatedError
from tuxscope.lean_dataclasses import dataclass
from tuxscope.output.columns import AnyColumn, Index
from tuxscope.record import Field, RecordError, RecordType
from tuxscope.record.types import Integer

__all__ = ["Page"]

USUAL = "PAGE = Page(hello, EVENTS, COLUMNS)"

# A page's function. It returns a Program, or a tuple of several, which share their maps. It has
# any of these parameters:
#   pid        trace only this process; None for all
#   exclude    PIDs to leave out, a tuple, tuxscope's own among them. If the parameter's default is
#              not a tuple (in older pages), one PID or None
#   namespace  the PID namespace of these numbers; None for the initial one
#   layout     the layout of the running kernel's structs and tracepoints; its default is a recorded
#              one, which is used where no kernel is asked
ProgramFactory = Callable[..., Program | tuple[Program, ...]]
PARAMETERS = ("pid", "exclude", "namespace", "layout")


class PartError(LocatedError, RecordError):
    """An error, a LocatedError and RecordError, ``problem``, a str: an argument of ``Page(...)``
    has a wrong type, or is missing. The hint has a PAGE."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, hint=f"write {USUAL}")


@dataclass(frozen=True)
class Page:
    """A frozen dataclass, a tool: its programs, and what is shown of their map.

    Attributes:
        program: a ProgramFactory: the function that takes a PID or None (and more) and returns the
            kernel Program, or a tuple of several.
        map: a PerfEventArray or a RingBuf, whose records are printed as they arrive; or a Hash or
            an Array, whose entries are printed as a table. None, without one: the program can be
            listed, stepped and tested, but not run as a tool.
        columns: a tuple of AnyColumn: what is printed of each record or entry.
        order_by: a Field or None: of a stream, the field by which the records of all CPUs are
            merged: a u64 of nanoseconds, as ktime_get_ns returns it. Of a hash, the field by which
            its entries are sorted, the largest first.
        is_stream: a bool, a property.
    """

    program: ProgramFactory
    map: StreamMap | Hash | Array | None = None
    columns: tuple[AnyColumn, ...] = ()
    order_by: Field | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the page prints records, and not a table of entries, a bool."""
        return isinstance(self.map, StreamMap)

    def __post_init__(self) -> None:
        if self.map is not None and not isinstance(self.map, StreamMap | Hash | Array):
            raise PartError(
                "a page's second argument is the map that it shows: a PerfEventArray, a RingBuf, a "
                "Hash or an Array"
            )
        if isinstance(self.program, Program) or not callable(self.program):
            raise PartError(
                "a page's first argument is the function that makes its program, not called"
            )
        columns = self.columns
        if not isinstance(columns, tuple) or not all(
            isinstance(each, AnyColumn) for each in columns
        ):
            raise PartError("a page's columns are a tuple, such as (Column(...),)")
        if self.map is None:
            if columns or self.order_by:
                raise PartError("columns and order_by need a map to show")
            return
        if not columns:
            raise PartError(f"a page that shows {self.map.name} needs columns")
        for column in columns:
            self._check_column(column)
        if self.order_by is not None:
            self._check_order(self.order_by)

    def _check_column(self, column: AnyColumn) -> None:
        """Raise RecordError if the map has no such field or index."""
        assert self.map is not None
        if isinstance(column, Index):
            if not isinstance(self.map, Array):
                raise RecordError(
                    f"{type(column).__name__} shows the index of an Array, which {self.map.name} "
                    "is not"
                )
            return
        if column.only_of_tables and isinstance(self.map, StreamMap):
            raise RecordError(
                f"{type(column).__name__} is for a table; {self.map.name} carries a stream"
            )
        records = records_of(self.map)
        if not any(column.field in each.fields.values() for each in records):
            names = " or ".join(each.__name__ for each in records)
            what = "comes through" if isinstance(self.map, StreamMap) else "is in"
            raise RecordError(
                f"column {column.title} shows a field of another record than {names}, which "
                f"{what} {self.map.name}"
            )

    def _check_order(self, field: object) -> None:
        """Raise RecordError if the map's records or entries cannot be sorted by the field."""
        map = self.map
        stream = isinstance(map, StreamMap)
        assert map is not None
        records = records_of(map)
        if isinstance(map, Array):
            raise RecordError("an array's table is sorted by index; leave out order_by")
        if not stream:
            records = records[-1:]
        found = [each for record in records for each in ordering(record, stream) if each is field]
        for record in records:
            if not found or found[0].name not in [each.name for each in ordering(record, stream)]:
                break
        else:
            return
        what = "with the time of ktime_get_ns, a u64" if stream else "that is a number"
        fitting = [each.name for each in ordering(record, stream)]
        add = "; add one, as in timestamp_ns = u64" if stream else "; add one, as in count = u64"
        raise RecordError(
            f"a page's order_by is a field of {record.__name__} {what}"
            + (f", as in order_by={record.__name__}.{fitting[0]}" if fitting else add)
        )


def ordering(record: RecordType, stream: bool) -> list[Field]:
    """Return a list of the Fields of ``record``, a RecordType, by which a table, or a ``stream``, a
    bool, can be sorted; of a stream the likeliest first."""
    integers = [each for each in record.fields.values() if isinstance(each.type, Integer)]
    if not stream:
        return integers
    wide = [each for each in integers if each.size == 8]
    return sorted(wide, key=lambda each: not is_time(each.name))


def is_time(name: str) -> bool:
    """Return whether ``name``, a field's, sounds like a time."""
    return name.endswith("ns") or "time" in name or "stamp" in name


def records_of(map: StreamMap | Hash | Array) -> tuple[RecordType, ...]:
    """Return a tuple of the RecordTypes whose fields a page can show of ``map``, a StreamMap, Hash
    or Array: a hash's key and value, or the only one.

    Raises RecordError if a key or value is not a record: columns show fields of records.
    """
    if isinstance(map, StreamMap):
        return map.records
    parts = {"key": map.key, "value": map.value} if isinstance(map, Hash) else {"value": map.value}
    records: list[RecordType] = []
    for part, declared in parts.items():
        if not isinstance(declared, RecordType):
            own = {"key": "class Key(Record): id", "value": "class Count(Record): count"}[part]
            raise RecordError(
                f"columns show fields, and the {part} of {map.name} is {declared}: make it a "
                f"record, as in {own} = {declared}"
            )
        records.append(declared)
    return tuple(records)
