"""Loaded maps, with keys and values converted to and from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from tuxscope.asm.maps import Array, Hash, Map, PerfEventArray
from tuxscope.errors import ArgumentTypeError
from tuxscope.lean_typing import TYPE_CHECKING, Any, Self
from tuxscope.loader import bpf
from tuxscope.loader.bpf import BpfCommand, UpdateFlag
from tuxscope.loader.bpf_attributes import MapCreate, MapInfo
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.raw_map import MapError, RawMap

if TYPE_CHECKING:
    from tuxscope.loader.map_reader import Chunk, MapReader
    from tuxscope.loader.map_types import MapTypes

__all__ = ["LoadedMap", "MapEntries", "MapError"]


class MapEntries:
    """An iterator over the (key, value) pairs of a map, each key once: ``decode``, called with each
    chunk of ``reader``, a MapReader, returns an iterable of them.

    Programs may change a map while it is read. Of a hash, an LRU hash or an array, an entry that
    exists all the time is yielded in any case.

    Attributes:
        changed: a bool, a property.
        warning: a str, a property.
    """

    def __init__(
        self, reader: MapReader, decode: Callable[[Chunk], Iterable[tuple[Any, Any]]]
    ) -> None:
        """``reader``, a MapReader, yields chunks of packed entries; ``decode(chunk)`` returns their
        (key, value) pairs."""
        self._reader = reader
        self._entries = (entry for chunk in reader for entry in decode(chunk))

    @property
    def changed(self) -> bool:
        """Whether entries may be missing, a bool, as the map changed and could not be read in
        batches.

        Final at the end of the iteration.
        """
        return self._reader.changed

    @property
    def warning(self) -> str:
        """A warning that entries may be missing, a str; empty if none are."""
        return self._reader.warning

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self

    def __next__(self) -> tuple[Any, Any]:
        return next(self._entries)


class LoadedMap:
    """A map that exists; a context manager that closes it.

    The kernel frees it when nothing refers to it any more, neither an fd nor a program. All methods
    raise MapError, also for keys and values of the wrong type, and after :meth:`close`.

    Attributes:
        description: the map's description, a Map.
        max_entries: the largest number of entries; for a PerfEventArray, of CPUs.

    ``LoadedMap(description, map_flags, max_entries)`` creates it: ``map_flags`` is an int,
    ``max_entries`` an int, or None for the description's.
    """

    def __init__(
        self, description: Map, map_flags: int = 0, max_entries: int | None = None
    ) -> None:
        """Create the map of ``description``; ``map_flags`` are BPF_F_... flags of BPF_MAP_CREATE.

        ``max_entries`` is its size, if not the description's. Raises MapError, or
        ArgumentTypeError if ``description`` is not a Map.
        """
        if not isinstance(description, Map):
            hint = 'as in LoadedMap(Array("COUNTS", value=u64, max_entries=1))'
            raise ArgumentTypeError("LoadedMap", "a map's description", description, hint)
        self.description = description
        self.max_entries = description.max_entries if max_entries is None else max_entries
        if isinstance(description, PerfEventArray) and not self.max_entries:
            self.max_entries = max(possible_cpus()) + 1
        sizes = description.key_size, description.value_size
        try:
            fd = bpf.map_create(
                MapCreate(
                    map_type=description.type,
                    key_size=sizes[0],
                    value_size=sizes[1],
                    max_entries=self.max_entries,
                    map_flags=map_flags,
                    map_name=description.name.encode(),
                )
            )
        except OSError as error:
            from tuxscope.loader.map_errors import creation_problem

            problem = creation_problem(error, description.name, description.type, self.max_entries)
            raise MapError(problem, error.errno) from error
        self._raw = RawMap(fd, description.name, description.type, *sizes, self.max_entries)

    def fileno(self) -> int:
        """Return the map's fd, as an int."""
        return self._raw.fileno()

    def close(self) -> None:
        """Close the map's fd; closing again does nothing."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> MapInfo:
        """Return the bpf_map_info of the map, as a MapInfo."""
        return self._raw.info()

    @cached_property
    def _types(self) -> MapTypes:
        description = self.description
        if not isinstance(description, Array | Hash):
            raise MapError(
                f"map {description.name} ({description.type.name}) cannot be read: no entries"
            )
        from tuxscope.loader.map_types import MapTypes

        return MapTypes(description, self._raw.values_each, self._raw.step)

    def lookup(self, key: Any) -> Any | None:
        """Return the value of ``key``, a value of the key type, or None if the key does not exist.

        Of a per-CPU map, the value is a tuple with a value for each possible CPU.
        """
        types = self._types
        data = self._raw.lookup(types.pack_key(key))
        return None if data is None else next(types.values(data))

    def update(self, key: Any, value: Any, flags: UpdateFlag = UpdateFlag.ANY) -> None:
        """Set the value of ``key`` to ``value``; in a per-CPU map, a sequence with a value per
        possible CPU.

        The MapError's errno is EEXIST or ENOENT by ``flags`` (an UpdateFlag), or E2BIG if the map
        is full.
        """
        types = self._types
        self._raw.update(types.pack_key(key), types.pack_value(value), flags, repr(key))

    def delete(self, key: Any) -> bool:
        """Delete the entry of ``key``; return a bool, whether it existed. Entries of an array
        cannot be deleted."""
        return self._raw.delete(self._types.pack_key(key), repr(key))

    def keys(self) -> Iterator[Any]:
        """Return an iterator over all keys, each once, as with :meth:`items`."""
        types = self._types
        return (key for keys, _ in self._reader() for key in types.keys(keys))

    def items(self) -> MapEntries:
        """Return a MapEntries, an iterator over pairs (key, value), each key once: in batches where
        the kernel has them, else one by one."""
        return MapEntries(self._reader(), self._types.entries)

    def _reader(self) -> MapReader:
        """A pass over all entries."""
        from tuxscope.loader.map_reader import MapReader

        return MapReader(self._raw)

    def update_batch(self, items: Iterable[tuple[Any, Any]]) -> None:
        """Set the values of ``items``, an iterable of (key, value) pairs, in batches if the kernel
        has them (Linux 5.6).

        If one fails, the pairs before it are set.
        """
        types = self._types
        keys: list[Any] = []
        packed: list[bytes] = []
        values: list[bytes] = []
        for item in items:
            try:
                key, value = item
            except (TypeError, ValueError):
                raise MapError(
                    f"map {self.description.name} takes pairs of a key and a value, not {item!r}"
                ) from None
            keys.append(key)
            packed.append(types.pack_key(key))
            values.append(types.pack_value(value))
        at = 0
        while at < len(keys):
            done = self._raw.write_batch(BpfCommand.MAP_UPDATE_BATCH, packed, values, at)
            at += done
            if not done:
                self._raw.update(packed[at], values[at], UpdateFlag.ANY, repr(keys[at]))
                at += 1

    def delete_batch(self, keys: Iterable[Any]) -> int:
        """Delete the entries of ``keys``, an iterable, in batches if the kernel has them (Linux
        5.6); return the number of keys that existed."""
        keys = list(keys)
        types = self._types
        packed = [types.pack_key(key) for key in keys]
        at = deleted = 0
        while at < len(packed):
            done = self._raw.write_batch(BpfCommand.MAP_DELETE_BATCH, packed, (), at)
            at += done
            deleted += done
            if not done:
                deleted += self._raw.delete(packed[at], repr(keys[at]))
                at += 1
        return deleted
