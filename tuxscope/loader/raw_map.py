"""Commands on an open map, with keys and values as bytes; failures raise MapError."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.asm.maps import PER_CPU
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import Self
from tuxscope.loader import bpf
from tuxscope.loader.bpf import BpfCommand, UpdateFlag
from tuxscope.loader.bpf_attributes import MapInfo
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.fd import Fd

WRITE_BATCH = 1024  # entries in one call


class MapError(TuxscopeError):
    """An error, a TuxscopeError: an operation on a map failed: ``message``, a str, says which one
    and why.

    Attributes:
        errno: an int or None, the errno of bpf(2); None if it was not called.
    """

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class RawMap:
    """Commands on the map of ``fd``, an Fd, of type ``map_type``, an int; a context manager that
    closes it.

    ``shown`` is the key as text, for messages. All methods raise MapError.

    Attributes:
        name: a str, the map's name, for messages.
        type: an int, its ``enum bpf_map_type``.
        key_size: an int, in bytes.
        values_each: values per entry: 1, or in a per-CPU map one for each possible CPU.
        step: the distance from one value of an entry to the next, in bytes.
        max_entries: an int, the largest number of entries.
        entry_size: an int, a property.
    """

    def __init__(
        self, fd: Fd, name: str, map_type: int, key_size: int, value_size: int, max_entries: int
    ) -> None:
        """Own ``fd``, the Fd of an open map ``name`` of type ``map_type`` (``enum bpf_map_type``)
        with at most ``max_entries`` entries; ``key_size`` and ``value_size`` (of one value) in
        bytes."""
        self._fd = fd
        self.name = name
        self.type = map_type
        self.key_size = key_size
        per_cpu = map_type in PER_CPU
        self.values_each = len(possible_cpus()) if per_cpu else 1
        self.step = -(-value_size // 8) * 8 if per_cpu else value_size  # the kernel rounds up
        self.max_entries = max_entries
        self._one_by_one: set[BpfCommand] = set()  # commands without batches here

    def fileno(self) -> int:
        try:
            return self._fd.fileno()
        except ValueError:
            raise MapError(f"map {self.name} is closed") from None

    def close(self) -> None:
        self._fd.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> MapInfo:
        """Return the kernel's ``struct bpf_map_info``, as a MapInfo."""
        try:
            return bpf.object_info(self.fileno(), MapInfo())
        except OSError as error:
            from tuxscope.loader.map_errors import reading_problem

            raise MapError(reading_problem(error, self), error.errno) from error

    @property
    def entry_size(self) -> int:
        """The size of all values of an entry, an int, in bytes."""
        return self.step * self.values_each

    def lookup(self, key: bytes) -> bytes | None:
        """Return the values of the entry of ``key``, packed bytes, concatenated: ``entry_size``
        bytes; None for an unknown key."""
        fd = self.fileno()
        try:
            return bpf.map_lookup(fd, key, self.entry_size)
        except OSError as error:
            from tuxscope.loader.map_errors import reading_problem

            raise MapError(reading_problem(error, self), error.errno) from error

    def update(self, key: bytes, value: bytes, flags: UpdateFlag, shown: str) -> None:
        """Set the values of the entry of ``key``, packed bytes, to ``value``, ``entry_size`` bytes;
        ``flags`` is an UpdateFlag, as for BPF_MAP_UPDATE_ELEM, ``shown`` is the key in messages, a
        str."""
        fd = self.fileno()
        try:
            bpf.map_update(fd, key, value, flags)
        except OSError as error:
            from tuxscope.loader.map_errors import update_problem

            raise MapError(update_problem(error, self, shown, flags), error.errno) from error
        except TuxscopeError as error:
            raise MapError(f"map {self.name}: invalid flags {flags!r}: {error}") from error

    def delete(self, key: bytes, shown: str) -> bool:
        """Delete the entry of ``key``, packed bytes; return a bool, whether it existed. ``shown``
        is the key in messages, a str."""
        fd = self.fileno()
        try:
            bpf.map_delete(fd, key)
        except FileNotFoundError:
            return False
        except OSError as error:
            from tuxscope.loader.map_errors import deletion_problem

            raise MapError(deletion_problem(error, self, shown), error.errno) from error
        return True

    def write_batch(
        self, command: BpfCommand, keys: Sequence[bytes], values: Sequence[bytes], start: int
    ) -> int:
        """Update or delete, by ``command``, a BpfCommand, the entries of ``keys`` from index
        ``start`` on, an int, up to WRITE_BATCH in one call; return their number.

        ``keys`` and ``values`` are sequences of bytes, each packed; no values to delete. 0: the
        kernel rejects the first entry, or has no batches for this type of map (before Linux 5.6; of
        per-CPU arrays before 5.13). The caller then writes the entry with :meth:`update` or
        :meth:`delete`, which report its error.
        """
        if command in self._one_by_one:
            return 0
        fd = self.fileno()
        part = slice(start, start + WRITE_BATCH)
        keys, values = keys[part], values[part]
        try:
            return bpf.map_write_batch(command, fd, b"".join(keys), b"".join(values), len(keys))
        except OSError:
            self._one_by_one.add(command)
            return 0
