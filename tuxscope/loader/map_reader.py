"""Reads all entries of a map, each key once.

A hash is read in batches, of whole buckets: the kernel copies a bucket under its lock, and a key
never moves from its bucket to another (__htab_map_lookup_and_delete_batch in
kernel/bpf/hashtab.c). So a key that exists all the time is read exactly once, whatever other
keys are added and deleted, and no key is read twice. It is not a snapshot: buckets are read one
after the other.

An array's keys are known. All other maps have to be followed from key to key, which starts over
if the last key was deleted (BPF_MAP_GET_NEXT_KEY), and so do their batches
(generic_map_lookup_batch in kernel/bpf/syscall.c). So a map that changes can be read incompletely;
reading the keys a second time shows whether it was.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from tuxscope.asm.maps import ARRAYS, HASHES
from tuxscope.loader import bpf
from tuxscope.loader.map_errors import reading_problem
from tuxscope.loader.raw_map import MapError, RawMap
from tuxscope.record.types import u32

# The limits of a batch: entries, and bytes of keys and values.
BATCH, BATCH_BYTES = 4096, 1 << 20
# A walk ends after this many repeated keys for each distinct one: it might not end by itself.
MAX_REPEATS = 3

# Packed keys, concatenated, and as many packed values.
Chunk = tuple[bytes, bytes]


class MapReader:
    """One pass over the map of ``raw``, a RawMap: an iterator of chunks, pairs of packed keys and
    packed values. Raises MapError.

    Attributes:
        changed: whether the map changed during the pass, so that entries may be missing; final at
            the end of the pass.
        warning: a str, a property.
    """

    def __init__(self, raw: RawMap) -> None:
        """Prepare a pass over ``raw``; nothing is read before the first chunk is taken."""
        self.changed = False
        self._map = raw
        self._chunks = self._read()

    @property
    def warning(self) -> str:
        """The warning that entries may be missing, a str; empty if the map did not change."""
        if not self.changed:
            return ""
        return f"map {self._map.name} changed while it was read, key by key: entries may be missing"

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        try:
            return next(self._chunks)
        except OSError as error:
            raise MapError(reading_problem(error, self._map), error.errno) from error

    def _read(self) -> Iterator[Chunk]:
        array = self._map.type in ARRAYS
        if array or self._map.type in HASHES:
            began = False
            try:
                for chunk in self._batches():
                    began = True
                    yield chunk
            except OSError as error:
                if began or not bpf.is_unsupported(error):
                    raise
            else:
                return
        yield from self._by_index() if array else self._by_key()

    def _batches(self) -> Iterator[Chunk]:
        """Yield the kernel's batches; if a bucket is larger than one (ENOSPC), double the size."""
        position: bytes | None = None
        count = min(BATCH, BATCH_BYTES // (self._map.key_size + self._map.entry_size) or 1)
        count = min(count, self._map.max_entries)
        while True:
            try:
                keys, values, position = bpf.map_lookup_batch(
                    self._map.fileno(), position, count, self._map.key_size, self._map.entry_size
                )
            except OSError as error:
                # A hash with per-CPU counters may hold slightly more than max_entries.
                if error.errno != errno.ENOSPC or count > 2 * self._map.max_entries:
                    raise
                count *= 2
                continue
            if keys:
                yield keys, values
            if position is None:
                return

    def _by_index(self) -> Iterator[Chunk]:
        """Yield an array's entries one by one: without batches (per-CPU: before Linux 5.13)."""
        for index in range(self._map.max_entries):
            key = u32.pack(index)
            value = bpf.map_lookup(self._map.fileno(), key, self._map.entry_size)
            if value is not None:
                yield key, value

    def _by_key(self) -> Iterator[Chunk]:
        """Yield the entries one by one, by BPF_MAP_GET_NEXT_KEY."""
        keys = self._walk()
        for key in keys:
            value = bpf.map_lookup(self._map.fileno(), key, self._map.entry_size)
            if value is None:
                self.changed = True
            else:
                yield key, value
        # Entries that move within the map may be skipped; then the second walk has another order.
        self.changed = self.changed or self._walk() != keys

    def _walk(self) -> list[bytes]:
        """Return the packed keys in the map's order, each once."""
        keys: dict[bytes, None] = {}
        key: bytes | None = None
        repeats = 0
        while key := bpf.map_next_key(self._map.fileno(), key, self._map.key_size):
            if key in keys:
                self.changed = True  # the key before it was deleted, and the walk started over
                repeats += 1
            keys[key] = None
            if repeats > MAX_REPEATS * len(keys) or len(keys) > self._map.max_entries:
                self.changed = True
                break
        return list(keys)
