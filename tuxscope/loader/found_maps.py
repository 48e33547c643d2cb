"""Maps that any process has created: find by name or ID, read, update."""

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
    """An open map of any loader, with file descriptor ``fd``, an Fd; a context manager that closes
    it. All methods raise MapError.

    The types of keys and values are unknown. Those of 1, 2, 4 and 8 bytes are unsigned integers in
    native byte order, all others bytes.

    Attributes:
        info: its bpf_map_info, a MapInfo.
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
        """Return a MapEntries, an iterator over pairs (key, values), each key once; values is a
        tuple of one element, or one per CPU."""
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
        """Set the value of ``key`` to ``value``, integers. Raises MapError for a per-CPU map, or if
        sizes do not fit."""
        self._check_readable()
        if self.info.type in PER_CPU:
            raise MapError(f"map {self._raw.name} is per-CPU: only a program can update it")
        packed = self._packed("key", key, self.info.key_size)
        self._raw.update(
            packed, self._packed("value", value, self.info.value_size), UpdateFlag.ANY, str(key)
        )

    def _packed(self, what: str, number: int, size: int) -> bytes:
        if size not in INTEGERS:
            raise MapError(
                f"cannot update map {self._raw.name}: its {what} has {size} bytes; tuxscope map "
                "updates only keys and values of 1, 2, 4 or 8 bytes"
            )
        if not 0 <= number < 1 << 8 * size:
            raise MapError(
                f"{what} {number} does not fit into the {size} bytes of map {self._raw.name}"
            )
        return number.to_bytes(size, sys.byteorder)

    def _check_readable(self) -> None:
        if self.info.type not in READABLE:
            raise MapError(
                f"map {self._raw.name} ({type_name(self.info.type)}) cannot be read: tuxscope "
                "reads hashes, arrays and LPM tries"
            )


def datum(data: bytes) -> Datum:
    """Return ``data``, bytes, as a Datum: an unsigned integer in native byte order if it has 1, 2,
    4 or 8 bytes, else the bytes."""
    return int.from_bytes(data, sys.byteorder) if len(data) in INTEGERS else data


def open_map(map_id: int) -> FoundMap:
    """Open the map with ID ``map_id``, an int; return the FoundMap. Raises MapError."""
    try:
        fd = bpf.fd_by_id(BpfCommand.MAP_GET_FD_BY_ID, map_id)
    except FileNotFoundError as error:
        raise MapError(
            f"there is no map with ID {map_id}; bpftool map lists them", error.errno
        ) from None
    except OSError as error:
        raise MapError(
            opening_problem(error, f"map {map_id} cannot be opened"), error.errno
        ) from error
    return FoundMap(fd, bpf.object_info(fd.fileno(), MapInfo()))


def map_ids() -> list[int]:
    """Return a list of the IDs of all maps, int. Raises MapError."""
    try:
        return bpf.object_ids(BpfCommand.MAP_GET_NEXT_ID)
    except OSError as error:
        raise MapError(
            opening_problem(error, "the kernel does not list its maps"), error.errno
        ) from error


def find_map(name: str) -> FoundMap:
    """Open the map called ``name``, a str; return the FoundMap. Raises MapError if there is none,
    or more than one."""
    found: list[FoundMap] = []
    names: set[str] = set()
    try:
        for map_id in map_ids():
            try:
                each = open_map(map_id)
            except MapError as error:
                if error.errno == errno.ENOENT:  # freed meanwhile
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
        raise MapError(f"there are {len(found)} maps {name}; select one with --id: {ids}")
    near = (
        did_you_mean(name, sorted(filter(None, names)))
        or "; is its program loaded? try: bpftool map"
    )
    raise MapError(f"there is no map {name} in the kernel{near}")
