"""Descriptions of maps, which are immutable data; the loader creates the maps in the kernel."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property

from tuxscope.asm.errors import ProgramError
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_dataclasses import KW_ONLY, dataclass
from tuxscope.lean_typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from tuxscope.record import Nested, RecordError, RecordType, u32, u64
from tuxscope.record.types import FieldType
from tuxscope.suggest import did_you_mean

if TYPE_CHECKING:
    from tuxscope.record.kinds import RecordKinds

PARTS = ("key", "value")  # the attributes of maps that may be records
LONGEST_NAME = 15  # BPF_OBJ_NAME_LEN is 16 with the NUL
LOST = ".lost"  # what the name of the map ends with that counts what a ring buffer lost
DEFAULT_RING_SIZE = 8 << 20  # bytes
SMALLEST_PAGE = 4096  # of all that kernels have

ValueType = FieldType[Any] | RecordType


class MapType(IntEnum):
    """An IntEnum: the map types of ``enum bpf_map_type`` that tuxscope uses.

    Members: HASH = 1, ARRAY = 2, PROG_ARRAY = 3, PERF_EVENT_ARRAY = 4, PERCPU_HASH = 5,
    PERCPU_ARRAY = 6, LRU_HASH = 9, LRU_PERCPU_HASH = 10, LPM_TRIE = 11, RINGBUF = 27.
    """

    HASH = 1
    ARRAY = 2
    PROG_ARRAY = 3
    PERF_EVENT_ARRAY = 4
    PERCPU_HASH = 5
    PERCPU_ARRAY = 6
    LRU_HASH = 9
    LRU_PERCPU_HASH = 10
    LPM_TRIE = 11
    RINGBUF = 27


ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
# The hash tables of kernel/bpf/hashtab.c, whose entries are read a bucket at a time.
HASHES = (MapType.HASH, MapType.PERCPU_HASH, MapType.LRU_HASH, MapType.LRU_PERCPU_HASH)
PER_CPU = (MapType.PERCPU_ARRAY, MapType.PERCPU_HASH, MapType.LRU_PERCPU_HASH)


def is_name(text: str) -> bool:
    """Return whether ``text``, a str, is a valid object name: 1 to 15 letters, digits, _ and .

    (bpf_obj_name_cpy).
    """
    plain = text.replace("_", "0").replace(".", "0")
    return plain.isascii() and plain.isalnum() and len(text) <= LONGEST_NAME


def check_name(kind: str, name: object) -> None:
    """Raise ProgramError unless ``name``, any object, of a program or map (``kind``, a str), is
    valid."""
    if not isinstance(name, str) or not is_name(name):
        raise ProgramError(
            f"{kind} name {shown(name)} is not valid: a name has 1 to 15 letters, digits, "
            "underscores and dots",
            author_line(),
        )


def field_type(declared: ValueType) -> FieldType[Any]:
    """Return the field type of ``declared``, a FieldType or RecordType; a record becomes a
    Nested."""
    return Nested(declared) if isinstance(declared, RecordType) else declared


def check_type(name: str, value: object) -> None:
    """Raise ProgramError unless ``value``, any object, a key or value of map ``name``, is a type or
    a record."""
    if not isinstance(value, FieldType | RecordType):
        raise ProgramError(
            f"map {name}: a key or value is a type such as u64, or a record, not {shown(value)}",
            author_line(),
        )


@dataclass(frozen=True)
class Map:
    """Base of all map descriptions, a frozen dataclass: ``Hash("COUNTS", key=u32, value=u64,
    max_entries=1024)``. Raises ProgramError for an invalid name or ``max_entries``.

    Attributes:
        name: a str, 1 to 15 letters, digits, underscores and dots.
        max_entries: an int, keyword-only: the most entries; a ring buffer's size in bytes.
        type, per_cpu, least_entries: a MapType, a bool and an int, of the class.
        key_size, value_size: each an int, properties.
    """

    type: ClassVar[MapType]
    per_cpu: ClassVar[bool] = False
    least_entries: ClassVar[int] = 1
    _used_by: ClassVar[str] = (
        "helper.map_lookup_elem, helper.map_update_elem or helper.map_delete_elem"
    )

    name: str
    _: KW_ONLY
    max_entries: int = 0

    def __post_init__(self) -> None:
        check_name("map", self.name)
        entries = self.max_entries
        if isinstance(entries, bool) or not isinstance(entries, int) or not 0 <= entries < 1 << 32:
            raise ProgramError(
                f"map {self.name}: max_entries must be from 0 to 2**32 - 1, not {shown(entries)}",
                author_line(),
            )
        if entries < self.least_entries:
            raise ProgramError(
                f"map {self.name} needs max_entries, as in max_entries=1024", author_line()
            )

    @property
    def key_size(self) -> int:
        """The size of a key in bytes, an int."""
        return 4

    @property
    def value_size(self) -> int:
        """The size of a value in bytes, an int; of a per-CPU map, the value of one CPU."""
        return 4

    def _no_entries(self, *_: object) -> NoReturn:
        """Raise ProgramError: a description has no entries."""
        raise ProgramError(
            f"map {self.name} is a description and has no entries: in a program call "
            f"{self._used_by}, in user space use load(program).maps[{self.name}]",
            author_line(),
        )

    if not TYPE_CHECKING:  # so that type checkers report these
        __getitem__ = __setitem__ = __delitem__ = __iter__ = __contains__ = _no_entries

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            records = [getattr(self, part, None) for part in PARTS if part in self.__dict__]
            records += self.__dict__.get("records", ())
            for each in records:
                if isinstance(each, RecordType) and name in each.fields:
                    raise AttributeError(
                        f"map {self.name} has no {name}; did you mean {each.__name__}.{name}?",
                        name=name,
                        obj=None,
                    )
            known = [each for each in dir(type(self)) if not each.startswith("_")]
            hint = did_you_mean(name, [*known, *self.__dataclass_fields__])
            raise AttributeError(
                f"map {self.name} has no {name}"
                + (hint or f": it is a description; in a program call {self._used_by}"),
                name=name,
                obj=None,
            )


# A subclass without new fields is not decorated: it inherits the methods of its base, and
# generating them for each class would take a millisecond at startup.


@dataclass(frozen=True)
class StreamMap(Map):
    """Base of the maps, a Map and a frozen dataclass, that send records to user space.

    Attributes:
        records: a tuple of the RecordType that programs send.
        record: a RecordType, a property.
        kinds: a RecordKinds, a property.
    """

    records: tuple[RecordType, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        for record in self.records:
            if not isinstance(record, RecordType):
                name = getattr(record, "__name__", repr(record))
                own = name if isinstance(record, type) else "Event"
                raise ProgramError(
                    f"map {self.name} sends records, and {name} is not a record: declare class "
                    f"{own}(Record)",
                    author_line(),
                )

    @property
    def record(self) -> RecordType:
        """The first of the RecordTypes; of most maps the only one."""
        return self.records[0]

    @cached_property
    def kinds(self) -> RecordKinds:
        """The RecordKinds, which tell records apart. Raises RecordError if they cannot be
        distinguished."""
        from tuxscope.record.kinds import RecordKinds  # few streams have several

        return RecordKinds(self.records)


class PerfEventArray(StreamMap):
    """A StreamMap: a perf event array, with a ring for each CPU: ``PerfEventArray("EVENTS",
    HelloEvent)``.

    ``name`` is a str, ``record`` the RecordType that programs send, ``max_entries`` a keyword-only
    int; it defaults to the number of possible CPUs.
    """

    type: ClassVar[MapType] = MapType.PERF_EVENT_ARRAY
    _used_by: ClassVar[str] = "helper.perf_event_output"
    least_entries: ClassVar[int] = 0

    def __init__(self, name: str, record: RecordType, *, max_entries: int = 0) -> None:
        super().__init__(name, (record,), max_entries=max_entries)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.record._layout.tail:
            raise ProgramError(
                f"map {self.name} sends records of one size, and {self.record.__name__} has a "
                f'tail: RingBuf("{self.name}", {self.record.__name__})',
                author_line(),
            )


class RingBuf(StreamMap):
    """A StreamMap: a ring buffer for all CPUs (Linux 5.8): ``RingBuf("EVENTS", Event)``.

    ``name`` is a str, ``*records`` are the RecordTypes that programs send. ``max_entries`` , a
    keyword-only int, is the size in bytes, a power of two and a multiple of the page size; 8 MiB by
    default.

    Attributes:
        lost: a PerCpuArray, a property.
    """

    type: ClassVar[MapType] = MapType.RINGBUF
    _used_by: ClassVar[str] = "helper.ringbuf_output"

    def __init__(
        self, name: str, *records: RecordType, max_entries: int = DEFAULT_RING_SIZE
    ) -> None:
        super().__init__(name, records, max_entries=max_entries)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.records:
            raise ProgramError(
                f'map {self.name} carries records: RingBuf("{self.name}", Event)', author_line()
            )
        if len(self.records) > 1:
            try:
                self.kinds  # noqa: B018
            except RecordError as error:
                raise ProgramError(f"map {self.name}: {error}", author_line()) from None
        if self.max_entries.bit_count() != 1 or self.max_entries < SMALLEST_PAGE:
            raise ProgramError(
                f"map {self.name}: a ring buffer's max_entries, in bytes, is a power of two and a "
                f"multiple of the page size, not {self.max_entries}",
                author_line(),
            )

    @property
    def key_size(self) -> int:
        return 0

    @property
    def value_size(self) -> int:
        return 0

    @property
    def lost(self) -> PerCpuArray:
        """The PerCpuArray in which programs count what the ring buffer has no room for, on each
        CPU: ``a.ringbuf_output`` and ``a.ringbuf_reserve`` do.

        Raises ProgramError for a name that is too long for it.
        """
        if len(self.name) > LONGEST_NAME - len(LOST):
            raise ProgramError(
                f"map {self.name}: what it loses is counted in a map of its name and {LOST}, so "
                f"its name has at most {LONGEST_NAME - len(LOST)} characters",
                author_line(),
            )
        return PerCpuArray(self.name + LOST, value=u64, max_entries=1)


class ProgArray(Map):
    """A Map: a program array for tail calls: ``ProgArray("NEXT", max_entries=8)``."""

    type: ClassVar[MapType] = MapType.PROG_ARRAY
    _used_by: ClassVar[str] = "helper.tail_call"


@dataclass(frozen=True)
class Array(Map):
    """A Map, a frozen dataclass: an array: ``Array("TOTAL", value=u64, max_entries=1)``; a key is a
    u32, values start as 0.

    Attributes:
        value: a ValueType, the type of the values, a FieldType or RecordType.
        key_type, value_type: each a FieldType, properties.
    """

    type: ClassVar[MapType] = MapType.ARRAY
    key: ClassVar[FieldType[Any]] = u32
    _: KW_ONLY
    value: ValueType

    def __post_init__(self) -> None:
        super().__post_init__()
        check_type(self.name, self.value)

    @property
    def key_type(self) -> FieldType[Any]:
        """The FieldType that packs and unpacks a key."""
        own: FieldType[Any] = self.key
        return own

    @property
    def value_type(self) -> FieldType[Any]:
        """The FieldType that packs and unpacks a value; of a per-CPU map, the value of one CPU."""
        return field_type(self.value)

    @property
    def value_size(self) -> int:
        return self.value.size


class PerCpuArray(Array):
    """An Array: an array with one value for each CPU."""

    type: ClassVar[MapType] = MapType.PERCPU_ARRAY
    per_cpu: ClassVar[bool] = True


@dataclass(frozen=True)
class Hash(Map):
    """A Map, a frozen dataclass: a hash table: ``Hash("COUNTS", key=u32, value=u64,
    max_entries=1024)``.

    Attributes:
        key, value: each a ValueType, the types of the keys and the values, each a FieldType or
            RecordType.
        key_type, value_type: each a FieldType, properties.
    """

    type: ClassVar[MapType] = MapType.HASH
    _: KW_ONLY
    key: ValueType
    value: ValueType

    def __post_init__(self) -> None:
        super().__post_init__()
        check_type(self.name, self.key)
        check_type(self.name, self.value)

    @property
    def key_type(self) -> FieldType[Any]:
        """The FieldType that packs and unpacks a key."""
        return field_type(self.key)

    @property
    def value_type(self) -> FieldType[Any]:
        """The FieldType that packs and unpacks a value; of a per-CPU map, the value of one CPU."""
        return field_type(self.value)

    @property
    def key_size(self) -> int:
        return self.key.size

    @property
    def value_size(self) -> int:
        return self.value.size


class PerCpuHash(Hash):
    """A Hash: a hash table with one value for each CPU."""

    type: ClassVar[MapType] = MapType.PERCPU_HASH
    per_cpu: ClassVar[bool] = True


class LruHash(Hash):
    """A Hash: a hash table that evicts the least recently used entry when it is full."""

    type: ClassVar[MapType] = MapType.LRU_HASH
