"""Maps in the kernel, with keys and values as their description types them."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Any, Self

from tuxscope.asm.maps import Array, Hash, Map, PerfEventArray
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.field_types import FieldType
from tuxscope.loader import bpf
from tuxscope.loader.bpf import Command, UpdateFlag
from tuxscope.loader.bpf_attributes import MapCreate, MapInfo
from tuxscope.loader.cpus import possible_cpus

# Entries in one call; a hash's fullest bucket must fit, and doubles this where it does not.
BATCH = 256


class MapError(TuxscopeError):
    """The kernel would not make a map."""


def per_cpu_step(value_size: int) -> int:
    """From one CPU's value to the next: the kernel rounds up to 8 bytes."""
    return -(-value_size // 8) * 8


class LoadedMap:
    """A map that exists; a context manager that closes it.

    The kernel frees it when nothing refers to it any more, neither an fd nor a program.

    Attributes:
        description: what it was made from.
        max_entries: what the kernel was asked for.
    """

    def __init__(self, description: Map) -> None:
        """Create it. Raises MapError, or PermissionError."""
        self.description = description
        self.max_entries = description.max_entries
        if isinstance(description, PerfEventArray) and not self.max_entries:
            self.max_entries = max(possible_cpus()) + 1
        try:
            self._fd = bpf.map_create(
                MapCreate(
                    map_type=description.type,
                    key_size=description.key_size,
                    value_size=description.value_size,
                    max_entries=self.max_entries,
                    map_name=description.name,
                )
            )
        except PermissionError:
            raise
        except OSError as error:
            raise MapError(
                f"the kernel made no map {description.name} ({description.type.name}, "
                f"{self.max_entries} entries): {strerror(error)}"
            ) from error

    def fileno(self) -> int:
        return self._fd.fileno()

    def close(self) -> None:
        self._fd.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> MapInfo:
        return bpf.object_info(self.fileno(), MapInfo)

    @property
    def _step(self) -> int:
        return per_cpu_step(self.description.value_size)

    @property
    def _value_size(self) -> int:
        """What a lookup gives, in bytes: of a per-CPU map the values of all possible CPUs."""
        if self.description.per_cpu:
            return self._step * len(possible_cpus())
        return self.description.value_size

    @property
    def _key(self) -> FieldType[Any]:
        own: FieldType[Any] = self._typed.key_type
        return own

    @property
    def _value(self) -> FieldType[Any]:
        own: FieldType[Any] = self._typed.value_type
        return own

    @property
    def _typed(self) -> Array | Hash:
        if not isinstance(self.description, Array | Hash):
            raise TypeError(f"map {self.description.name} holds no values that can be read")
        return self.description

    def _pack(self, value: Any) -> bytes:
        field_type: FieldType[Any] = self._value
        if not self.description.per_cpu:
            return field_type.pack(value)
        values = list(value)
        if len(values) != len(possible_cpus()):
            raise ValueError(f"a value for each of {len(possible_cpus())} CPUs, not {len(values)}")
        return b"".join(field_type.pack(each).ljust(self._step, b"\0") for each in values)

    def _unpack(self, data: bytes) -> Any:
        field_type = self._value
        if not self.description.per_cpu:
            return field_type.unpack(data)
        starts = range(0, len(data), self._step)
        return tuple(field_type.unpack(data[at : at + field_type.size]) for at in starts)

    def lookup(self, key: Any) -> Any | None:
        """The value, or None. Of a per-CPU map, a tuple with a value for each possible CPU."""
        data = bpf.map_lookup(self.fileno(), self._key.pack(key), self._value_size)
        return None if data is None else self._unpack(data)

    def update(self, key: Any, value: Any, flags: UpdateFlag = UpdateFlag.ANY) -> None:
        """Set a value. Raises OSError: EEXIST or ENOENT by ``flags``, E2BIG when it is full."""
        bpf.map_update(self.fileno(), self._key.pack(key), self._pack(value), flags)

    def delete(self, key: Any) -> bool:
        """Delete an entry; tells whether there was one. Raises OSError (EINVAL) for an array."""
        try:
            bpf.map_delete(self.fileno(), self._key.pack(key))
        except FileNotFoundError:
            return False
        return True

    def keys(self) -> Iterator[Any]:
        """All keys; some may come twice or not at all while programs add and delete."""
        key, key_type = None, self._key
        for _ in range(self.max_entries):  # a changing hash can start over, but not for ever
            key = bpf.map_next_key(self.fileno(), key, self.description.key_size)
            if key is None:
                return
            yield key_type.unpack(key)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """All entries: in batches where the kernel has them (5.6), else one by one."""
        try:
            yield from self._batches()
        except OSError as error:
            if not bpf.is_unsupported(error):
                raise
            for key in self.keys():
                value = self.lookup(key)
                if value is not None:
                    yield key, value

    def _batches(self) -> Iterator[tuple[Any, Any]]:
        key_type, value_size = self._key, self._value_size
        key_size = key_type.size
        position: bytes | None = None
        count = min(BATCH, self.max_entries)
        while True:
            try:
                keys, values, position = bpf.map_lookup_batch(
                    self.fileno(), position, count, key_size, value_size
                )
            except OSError as error:
                if error.errno != errno.ENOSPC or count >= self.max_entries:
                    raise
                count = min(count * 2, self.max_entries)
                continue
            for at in range(len(keys) // key_size):
                key = key_type.unpack(keys[at * key_size : (at + 1) * key_size])
                yield key, self._unpack(values[at * value_size : (at + 1) * value_size])
            if position is None:
                return

    def update_batch(self, items: Iterable[tuple[Any, Any]]) -> None:
        """Set many values in one call (Linux 5.6)."""
        pairs = [(self._key.pack(key), self._pack(value)) for key, value in items]
        keys, values = b"".join(key for key, _ in pairs), b"".join(value for _, value in pairs)
        bpf.map_write_batch(Command.MAP_UPDATE_BATCH, self.fileno(), keys, values, len(pairs))

    def delete_batch(self, keys: Iterable[Any]) -> None:
        """Delete many entries in one call (Linux 5.6)."""
        packed = [self._key.pack(key) for key in keys]
        bpf.map_write_batch(
            Command.MAP_DELETE_BATCH, self.fileno(), b"".join(packed), b"", len(packed)
        )
