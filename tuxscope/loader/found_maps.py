"""Maps that are in the kernel already, whoever made them: found by name, read, and set."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from typing import Self

from tuxscope.asm.maps import ARRAYS, HASHES, PER_CPU, MapType
from tuxscope.loader import bpf
from tuxscope.loader.bpf import BpfCommand, UpdateFlag
from tuxscope.loader.bpf_attributes import MapInfo
from tuxscope.loader.fd import Fd
from tuxscope.loader.map_errors import opening_problem, type_name
from tuxscope.loader.map_reader import Chunk, MapReader
from tuxscope.loader.maps import MapEntries
from tuxscope.loader.raw_map import MapError, RawMap
from tuxscope.suggest import did_you_mean

READABLE = (*ARRAYS, *HASHES, MapType.LPM_TRIE)
INTEGERS = (1, 2, 4, 8)  # sizes in bytes
Datum = int | bytes


class FoundMap:
    """An open map; a context manager that closes it. All methods raise MapError.

    What types its keys and values have, only its maker knows: those of 1, 2, 4 and 8 bytes are
    given and taken as unsigned integers, all others given as bytes.

    Attributes:
        info: what the kernel says of it.
    """

    def __init__(self, fd: Fd, info: MapInfo) -> None:
        self.info = info
        name = info.name or f"with id {info.id}"
        sizes = info.key_size, info.value_size, info.max_entries
        self._raw = RawMap(fd, name, info.type, *sizes)

    def close(self) -> None:
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def items(self) -> MapEntries:
        """All entries, each key once: the key, and a tuple of the value, or of a per-CPU map of
        each CPU's."""
        self._check_readable()
        return MapEntries(MapReader(self._raw), self._entries)

    def _entries(self, chunk: Chunk) -> Iterator[tuple[Datum, tuple[Datum, ...]]]:
        keys, values = chunk
        each, size, step = self._raw.key_size, self.info.value_size, self._raw.step
        whole = self._raw.entry_size
        for at in range(len(keys) // each):
            starts = range(at * whole, (at + 1) * whole, step)
            yield (
                datum(keys[at * each : (at + 1) * each]),
                tuple([datum(values[start : start + size]) for start in starts]),
            )

    def update(self, key: int, value: int) -> None:
        """Set an entry."""
        self._check_readable()
        if self.info.type in PER_CPU:
            raise MapError(f"{self._raw.name} has a value for each CPU; only a program sets it")
        packed = self._packed("key", key, self.info.key_size)
        self._raw.update(
            packed, self._packed("value", value, self.info.value_size), UpdateFlag.ANY, str(key)
        )

    def _packed(self, what: str, number: int, size: int) -> bytes:
        if size not in INTEGERS:
            raise MapError(f"a {what} of {self._raw.name} has {size} bytes, and is no number")
        if not 0 <= number < 1 << 8 * size:
            raise MapError(f"{what} {number} does not fit: {self._raw.name} has {size} bytes")
        return number.to_bytes(size, sys.byteorder)

    def _check_readable(self) -> None:
        if self.info.type not in READABLE:
            raise MapError(
                f"map {self._raw.name} ({type_name(self.info.type)}) holds no values that tuxscope "
                "reads"
            )


def datum(data: bytes) -> Datum:
    return int.from_bytes(data, sys.byteorder) if len(data) in INTEGERS else data


def open_map(map_id: int) -> FoundMap:
    """The map with an id. Raises MapError."""
    try:
        fd = bpf.fd_by_id(BpfCommand.MAP_GET_FD_BY_ID, map_id)
    except FileNotFoundError as error:
        raise MapError(f"there is no map with id {map_id}", error.errno) from None
    except OSError as error:
        raise MapError(
            opening_problem(error, f"map {map_id} cannot be opened"), error.errno
        ) from error
    return FoundMap(fd, bpf.object_info(fd.fileno(), MapInfo()))


def map_ids() -> list[int]:
    """Those of all maps. Raises MapError."""
    try:
        return bpf.object_ids(BpfCommand.MAP_GET_NEXT_ID)
    except OSError as error:
        raise MapError(
            opening_problem(error, "the kernel does not list its maps"), error.errno
        ) from error


def find_map(name: str) -> FoundMap:
    """The one map with a name. Raises MapError where there is none, or several."""
    found: list[FoundMap] = []
    names: set[str] = set()
    try:
        for map_id in map_ids():
            try:
                each = open_map(map_id)
            except MapError as error:
                if error.errno == errno.ENOENT:  # it is gone already
                    continue
                raise
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
        raise MapError(f"there are {len(found)} maps {name}: say which by --id, of {ids}")
    near = (
        did_you_mean(name, sorted(filter(None, names))) or "; is the program running that has it?"
    )
    raise MapError(f"there is no map {name} in the kernel{near}")
