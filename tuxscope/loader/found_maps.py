"""Maps that are in the kernel already, whoever made them: found by name, read, and set."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Self

from tuxscope.asm.maps import MapType
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader import bpf
from tuxscope.loader.bpf import Command
from tuxscope.loader.bpf_attributes import MapInfo
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.fd import Fd
from tuxscope.loader.maps import per_cpu_step
from tuxscope.suggest import did_you_mean

ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)
PER_CPU = (MapType.PERCPU_ARRAY, MapType.PERCPU_HASH)
READABLE = (*ARRAYS, MapType.HASH, MapType.PERCPU_HASH, MapType.LRU_HASH)
INTEGERS = (1, 2, 4, 8)  # sizes in bytes
Datum = int | bytes


class FoundMapError(TuxscopeError):
    """No such map, or a key or value that it does not take."""


class FoundMap:
    """An open map; a context manager that closes it.

    What types its keys and values have, only its maker knows: those of 1, 2, 4 and 8 bytes are
    given and taken as unsigned integers, all others given as bytes.

    Attributes:
        info: what the kernel says of it.
    """

    def __init__(self, fd: Fd, info: MapInfo) -> None:
        self.info = info
        self._fd = fd

    def close(self) -> None:
        self._fd.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def items(self) -> Iterator[tuple[Datum, tuple[Datum, ...]]]:
        """All entries: the key, and the value, or of a per-CPU map each CPU's.

        Raises FoundMapError for a map that holds no values.
        """
        self._check_readable()
        key = None
        for _ in range(self.info.max_entries):  # a changing hash can start over, but not for ever
            key = bpf.map_next_key(self._fd.fileno(), key, self.info.key_size)
            if key is None:
                return
            data = bpf.map_lookup(self._fd.fileno(), key, self._step * self._values_each)
            if data is not None:
                starts = range(0, len(data), self._step)
                yield (
                    datum(key),
                    tuple(datum(data[at : at + self.info.value_size]) for at in starts),
                )

    def update(self, key: int, value: int) -> None:
        """Set an entry. Raises FoundMapError."""
        self._check_readable()
        if self.info.type in PER_CPU:
            raise FoundMapError(
                f"{self.info.name} has a value for each CPU; only a program sets it"
            )
        packed = self._packed("key", key, self.info.key_size)
        try:
            bpf.map_update(
                self._fd.fileno(), packed, self._packed("value", value, self.info.value_size)
            )
        except OSError as error:
            more = f"; it has {self.info.max_entries}" if self.info.type in ARRAYS else ""
            raise FoundMapError(
                f"{self.info.name} does not take entry {key}: {strerror(error)}{more}"
            ) from error

    def _packed(self, what: str, number: int, size: int) -> bytes:
        if size not in INTEGERS:
            raise FoundMapError(f"a {what} of {self.info.name} has {size} bytes, and is no number")
        if number >> 8 * size:
            raise FoundMapError(f"{what} {number} does not fit: {self.info.name} has {size} bytes")
        return number.to_bytes(size, sys.byteorder)

    def _check_readable(self) -> None:
        if self.info.type not in READABLE:
            raise FoundMapError(f"map {self.info.name} holds no values that can be read")

    @property
    def _values_each(self) -> int:
        return len(possible_cpus()) if self.info.type in PER_CPU else 1

    @property
    def _step(self) -> int:
        """From one value of an entry to the next, in bytes."""
        size: int = self.info.value_size
        return per_cpu_step(size) if self.info.type in PER_CPU else size


def datum(data: bytes) -> Datum:
    return int.from_bytes(data, sys.byteorder) if len(data) in INTEGERS else data


def open_map(map_id: int) -> FoundMap:
    """The map with an id. Raises FoundMapError, or PermissionError."""
    try:
        fd = bpf.fd_by_id(Command.MAP_GET_FD_BY_ID, map_id)
    except FileNotFoundError:
        raise FoundMapError(f"there is no map with id {map_id}") from None
    return FoundMap(fd, bpf.object_info(fd.fileno(), MapInfo))


def find_map(name: str) -> FoundMap:
    """The one map with a name. Raises FoundMapError where there is none, or several."""
    found: list[FoundMap] = []
    names: set[str] = set()
    try:
        for map_id in bpf.object_ids(Command.MAP_GET_NEXT_ID):
            try:
                each = open_map(map_id)
            except FoundMapError:  # it is gone already
                continue
            names.add(each.info.name)
            if each.info.name == name:
                found.append(each)
            else:
                each.close()
        if len(found) == 1:
            return found.pop()
    finally:  # all but the one that is returned
        for each in found:
            each.close()
    if found:
        ids = ", ".join(str(each.info.id) for each in found)
        raise FoundMapError(f"there are {len(found)} maps {name}: say which by --id, of {ids}")
    near = (
        did_you_mean(name, sorted(filter(None, names))) or "; is the program running that has it?"
    )
    raise FoundMapError(f"there is no map {name} in the kernel{near}")
