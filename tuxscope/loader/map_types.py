"""Converts keys and values of a map between Python objects and the kernel's bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

from tuxscope.asm.maps import Array, Hash
from tuxscope.loader.map_reader import Chunk
from tuxscope.loader.raw_map import MapError
from tuxscope.record.types import FieldType, RecordError


class MapTypes:
    """Packs and unpacks the entries of the map ``description``, an Array or Hash, in the machine's
    byte order.

    The value of a per-CPU map is a tuple with a value for each possible CPU.

    ``values_each`` is the number of values of an entry, ``step`` the distance from one to the next
    in bytes, both int.
    """

    def __init__(self, description: Array | Hash, values_each: int, step: int) -> None:
        """An entry has ``values_each`` values; each begins ``step`` bytes after the one before."""
        self._name = description.name
        self._per_cpu = description.per_cpu
        self._key: FieldType[Any] = description.key_type
        self._value: FieldType[Any] = description.value_type
        self._values_each = values_each
        self._step = step
        self._keys = struct.Struct(f"={self._key.format}")
        padded = f"{self._value.format}{step - self._value.size}x"
        self._values = struct.Struct(f"={padded * values_each}")

    def pack_key(self, key: Any) -> bytes:
        """Return the bytes of ``key``, a value of the key type. Raises MapError if the key type
        does not accept it."""
        try:
            return self._key.pack(key)
        except RecordError as error:
            raise MapError(f"map {self._name}: invalid key {key!r}: {error}") from error

    def pack_value(self, value: Any) -> bytes:
        """Return the bytes of ``value``, an entry's value, or a sequence of one per CPU, each
        padded to ``step`` bytes.

        Raises MapError if the value type does not accept one, or their number is wrong.
        """
        values = self._of_each_cpu(value) if self._per_cpu else (value,)
        try:
            packed = [self._value.pack(each) for each in values]
        except RecordError as error:
            raise MapError(f"map {self._name}: invalid value {value!r}: {error}") from error
        return b"".join(each.ljust(self._step, b"\0") for each in packed)

    def _of_each_cpu(self, value: Any) -> tuple[Any, ...]:
        """Return a per-CPU value as a tuple. Raises MapError if it is not one per possible CPU."""
        cpus = self._values_each
        if not isinstance(value, Iterable) or isinstance(value, str | bytes):
            raise MapError(
                f"map {self._name} takes a value for each of {cpus} CPUs, not {value!r}; try: "
                f"[{value!r}] * {cpus}"
            )
        values = tuple(value)
        if len(values) != cpus:
            raise MapError(
                f"map {self._name} takes a value for each of {cpus} CPUs, not {len(values)} values"
            )
        return values

    def keys(self, packed: bytes) -> Iterator[Any]:
        """Return an iterator over the keys in ``packed``, concatenated bytes."""
        return map(self._key.decode, self._keys.iter_unpack(packed))

    def values(self, packed: bytes) -> Iterator[Any]:
        """Return an iterator over the values in ``packed``, concatenated bytes: one object per
        entry."""
        decode = self._value.decode
        rows = self._values.iter_unpack(packed)
        if not self._per_cpu:
            return map(decode, rows)
        width = self._value.width
        starts = range(0, width * self._values_each, width)
        return (tuple([decode(row[at : at + width]) for at in starts]) for row in rows)

    def entries(self, chunk: Chunk) -> Iterator[tuple[Any, Any]]:
        """Return an iterator over the (key, value) pairs in ``chunk``, a pair of packed keys and
        packed values."""
        keys, values = chunk
        return zip(self.keys(keys), self.values(values), strict=True)
