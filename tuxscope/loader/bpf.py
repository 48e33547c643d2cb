"""bpf(2): a function for each command that tuxscope uses.

The functions take and return file descriptors and bytes; maps.py and program.py wrap them.
All raise OSError with the errno of bpf(2).
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable
from enum import IntEnum, IntFlag

from tuxscope.errors import ENOTSUPP
from tuxscope.lean_typing import TypeVar
from tuxscope.loader.bpf_attributes import (
    Attributes,
    BtfLoad,
    EnableStats,
    LinkCreate,
    MapBatch,
    MapCreate,
    MapElement,
    ObjectId,
    ObjectInfo,
    ProgLoad,
    ProgTestRun,
    RawTracepointOpen,
)
from tuxscope.loader.fd import Fd
from tuxscope.loader.syscalls import SystemCall, syscall

T = TypeVar("T")
A = TypeVar("A", bound=Attributes)


class BpfCommand(IntEnum):
    """An IntEnum: ``enum bpf_cmd``. 20 members, such as MAP_CREATE = 0 and MAP_LOOKUP_ELEM = 1."""

    MAP_CREATE = 0
    MAP_LOOKUP_ELEM = 1
    MAP_UPDATE_ELEM = 2
    MAP_DELETE_ELEM = 3
    MAP_GET_NEXT_KEY = 4
    PROG_LOAD = 5
    PROG_TEST_RUN = 10
    PROG_GET_NEXT_ID = 11
    MAP_GET_NEXT_ID = 12
    PROG_GET_FD_BY_ID = 13
    MAP_GET_FD_BY_ID = 14
    OBJ_GET_INFO_BY_FD = 15
    RAW_TRACEPOINT_OPEN = 17
    BTF_LOAD = 18
    BTF_GET_FD_BY_ID = 19
    MAP_LOOKUP_BATCH = 24
    MAP_UPDATE_BATCH = 26
    MAP_DELETE_BATCH = 27
    LINK_CREATE = 28
    ENABLE_STATS = 32


class UpdateFlag(IntFlag):
    """An IntFlag: flags of BPF_MAP_UPDATE_ELEM: BPF_ANY, BPF_NOEXIST, BPF_EXIST. Members: ANY = 0,
    NOEXIST = 1, EXIST = 2."""

    ANY = 0
    NOEXIST = 1
    EXIST = 2


ATTACH_PERF_EVENT = 41  # BPF_PERF_EVENT
RUN_ON_CPU = 1  # BPF_F_TEST_RUN_ON_CPU
STATS_RUN_TIME = 0  # BPF_STATS_RUN_TIME


def bpf(command: BpfCommand, attributes: Attributes) -> int:
    """Call bpf(2) with ``command``, a BpfCommand, and ``attributes``, an Attributes, which has the
    output fields then; return its result, an int."""
    return syscall(SystemCall.BPF, command, ctypes.addressof(attributes), ctypes.sizeof(attributes))


def address(buffer: ctypes.Array[ctypes.c_char] | None) -> int:
    """Return the address of ``buffer``, a ctypes array of char, which the caller keeps alive; 0 for
    None."""
    return ctypes.addressof(buffer) if buffer is not None else 0


def with_memlock(call: Callable[[], T]) -> T:
    """Return what ``call``, called without arguments, returns; on EPERM, raise RLIMIT_MEMLOCK and
    call again.

    Before Linux 5.11, maps and programs count against RLIMIT_MEMLOCK, and bpf(2) fails with EPERM
    above the limit. If the limit cannot be raised, the first error is raised.
    """
    try:
        return call()
    except PermissionError as error:
        if error.errno != errno.EPERM or not raise_memlock():
            raise
        return call()


def raise_memlock() -> bool:
    """Raise RLIMIT_MEMLOCK as far as permitted; return a bool, whether it changed."""
    import resource  # needed before Linux 5.11 only

    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    for limit in ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (hard, hard)):
        if soft in (resource.RLIM_INFINITY, limit[0]):
            return False
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, limit)
        except (ValueError, PermissionError):
            continue
        return True
    return False


def map_create(attributes: MapCreate) -> Fd:
    """Create a map (BPF_MAP_CREATE) with ``attributes``, a MapCreate; return its Fd."""
    return Fd(with_memlock(lambda: bpf(BpfCommand.MAP_CREATE, attributes)))


def map_lookup(fd: int, key: bytes, value_size: int) -> bytes | None:
    """Return the value of ``key``, both bytes, in the map ``fd``, an int: ``value_size`` bytes
    (per-CPU map: of all possible CPUs), or None if missing."""
    key_buffer = ctypes.create_string_buffer(key, len(key))
    value = ctypes.create_string_buffer(value_size)
    element = MapElement(map_fd=fd, key=address(key_buffer), value_or_next_key=address(value))
    try:
        bpf(BpfCommand.MAP_LOOKUP_ELEM, element)
    except FileNotFoundError:
        return None
    return value.raw


def map_update(fd: int, key: bytes, value: bytes, flags: UpdateFlag = UpdateFlag.ANY) -> None:
    """Set (BPF_MAP_UPDATE_ELEM) ``key`` to ``value``, both bytes, in the map ``fd``, an int;
    ``flags`` is an UpdateFlag."""
    key_buffer = ctypes.create_string_buffer(key, len(key))
    buffer = ctypes.create_string_buffer(value, len(value))
    bpf(
        BpfCommand.MAP_UPDATE_ELEM,
        MapElement(
            map_fd=fd, key=address(key_buffer), value_or_next_key=address(buffer), flags=flags
        ),
    )


def map_delete(fd: int, key: bytes) -> None:
    """Delete (BPF_MAP_DELETE_ELEM) ``key``, bytes, in the map ``fd``, an int. Raises
    FileNotFoundError if it is missing."""
    buffer = ctypes.create_string_buffer(key, len(key))
    bpf(BpfCommand.MAP_DELETE_ELEM, MapElement(map_fd=fd, key=address(buffer)))


def map_next_key(fd: int, key: bytes | None, key_size: int) -> bytes | None:
    """Return the key after ``key``, both bytes, in the map ``fd``, an int: ``key_size`` bytes; None
    after the last.

    If ``key`` is None or deleted, it is the first key.
    """
    before = None if key is None else ctypes.create_string_buffer(key, len(key))
    after = ctypes.create_string_buffer(key_size)
    element = MapElement(map_fd=fd, key=address(before), value_or_next_key=address(after))
    try:
        bpf(BpfCommand.MAP_GET_NEXT_KEY, element)
    except FileNotFoundError:
        return None
    return after.raw


def map_batch(command: BpfCommand, attributes: MapBatch) -> tuple[int, OSError | None]:
    """Call a batch ``command``, a BpfCommand, with ``attributes``, a MapBatch; return a pair: the
    number of entries processed, an int, and the OSError or None.

    Raises OSError if no entry was processed: then the kernel does not change ``count``.
    """
    wanted = attributes.count
    try:
        bpf(command, attributes)
    except OSError as error:
        if attributes.count == wanted and not isinstance(error, FileNotFoundError):
            raise
        return attributes.count, error
    return attributes.count, None


def map_lookup_batch(
    fd: int, position: bytes | None, count: int, key_size: int, value_size: int
) -> tuple[bytes, bytes, bytes | None]:
    """Read up to ``count`` entries of the map ``fd``, an int (Linux 5.6); return a triple of bytes:
    keys, values, and the next position or None.

    ``key_size`` and ``value_size`` are in bytes. ``position``, bytes, is None to start; a returned
    position of None means the end. Raises OSError: ENOSPC if a hash bucket has more than ``count``
    entries.
    """
    # A hash's position is a u32, an array's a key: neither is longer than this.
    token = max(key_size, 8)
    before = None if position is None else ctypes.create_string_buffer(position, token)
    after = ctypes.create_string_buffer(token)
    keys = ctypes.create_string_buffer(key_size * count)
    values = ctypes.create_string_buffer(value_size * count)
    found, error = map_batch(
        BpfCommand.MAP_LOOKUP_BATCH,
        MapBatch(
            in_batch=address(before),
            out_batch=address(after),
            keys=address(keys),
            values=address(values),
            count=count,
            map_fd=fd,
        ),
    )
    last = isinstance(error, FileNotFoundError)
    if error and not last:
        raise error
    return (
        ctypes.string_at(keys, found * key_size),
        ctypes.string_at(values, found * value_size),
        None if last else after.raw,
    )


def map_write_batch(command: BpfCommand, fd: int, keys: bytes, values: bytes, count: int) -> int:
    """Update or delete, by ``command``, a BpfCommand, up to ``count`` entries of the map ``fd``, an
    int, in one call (Linux 5.6); return how many it did.

    ``keys`` and ``values`` are concatenated bytes; no values to delete. It stops at the first entry
    that fails. Raises OSError if that is the first one: ENOTSUPP for a map type without batches.
    """
    key_buffer = ctypes.create_string_buffer(keys, len(keys))
    value_buffer = ctypes.create_string_buffer(values, len(values)) if values else None
    done, _ = map_batch(
        command,
        MapBatch(keys=address(key_buffer), values=address(value_buffer), count=count, map_fd=fd),
    )
    return done


def prog_load(attributes: ProgLoad) -> Fd:
    """Load a program (BPF_PROG_LOAD) with ``attributes``, a ProgLoad; return its Fd. Retries up to
    5 times on EAGAIN (a pending signal)."""
    for _ in range(5):
        try:
            return Fd(bpf(BpfCommand.PROG_LOAD, attributes))
        except BlockingIOError:
            continue
    return Fd(bpf(BpfCommand.PROG_LOAD, attributes))


def prog_test_run(
    fd: int,
    data: bytes = b"",
    context: bytes = b"",
    repeat: int = 0,
    cpu: int | None = None,
) -> ProgTestRun:
    """Run (BPF_PROG_TEST_RUN) the program ``fd``, an int, ``repeat`` times (0: once) on ``data``
    and ``context``, both bytes; return the ProgTestRun.

    Its retval is the low 32 bits of r0. ``cpu`` is the CPU to run it on, an int (raw tracepoints,
    Linux 5.10), or None. Not supported for tracepoints.
    """
    data_buffer = ctypes.create_string_buffer(data, len(data)) if data else None
    context_buffer = ctypes.create_string_buffer(context, len(context)) if context else None
    run = ProgTestRun(
        prog_fd=fd,
        data_in=address(data_buffer),
        data_size_in=len(data),
        ctx_in=address(context_buffer),
        ctx_size_in=len(context),
        repeat=repeat,
        flags=0 if cpu is None else RUN_ON_CPU,
        cpu=cpu or 0,
    )
    bpf(BpfCommand.PROG_TEST_RUN, run)
    return run


def object_info(fd: int, info: A) -> A:
    """Fill (BPF_OBJ_GET_INFO_BY_FD) and return ``info``, a ProgInfo, MapInfo or BtfInfo, for
    ``fd``, an int.

    On input, ``info`` may have addresses and lengths of buffers to fill.
    """
    bpf(
        BpfCommand.OBJ_GET_INFO_BY_FD,
        ObjectInfo(bpf_fd=fd, info_len=ctypes.sizeof(info), info=ctypes.addressof(info)),
    )
    return info


def object_ids(command: BpfCommand) -> list[int]:
    """Return a list of all IDs, int, by ``command``, the BpfCommand PROG_GET_NEXT_ID or
    MAP_GET_NEXT_ID; needs CAP_SYS_ADMIN."""
    ids: list[int] = []
    while True:
        last = ObjectId(id=ids[-1] if ids else 0)
        try:
            bpf(command, last)
        except FileNotFoundError:
            return ids
        ids.append(last.next_id)


def fd_by_id(command: BpfCommand, object_id: int) -> Fd:
    """Open a program, map or BTF by its ``object_id``, an int; return its Fd.

    ``command``, a BpfCommand, is PROG_GET_FD_BY_ID, MAP_GET_FD_BY_ID or BTF_GET_FD_BY_ID.
    """
    return Fd(bpf(command, ObjectId(id=object_id)))


def btf_load(data: bytes) -> Fd:
    """Load (BPF_BTF_LOAD) the BTF ``data``, bytes; return its Fd."""
    buffer = ctypes.create_string_buffer(data, len(data))
    attributes = BtfLoad(btf=address(buffer), btf_size=len(data))
    return Fd(with_memlock(lambda: bpf(BpfCommand.BTF_LOAD, attributes)))


def raw_tracepoint_open(name: str, prog_fd: int) -> Fd:
    """Attach (BPF_RAW_TRACEPOINT_OPEN) the program ``prog_fd``, an int, to raw tracepoint ``name``,
    a str; return the Fd of the link."""
    buffer = ctypes.create_string_buffer(name.encode())
    attributes = RawTracepointOpen(name=address(buffer), prog_fd=prog_fd)
    return Fd(bpf(BpfCommand.RAW_TRACEPOINT_OPEN, attributes))


def link_create(prog_fd: int, target_fd: int, attach_type: int) -> Fd:
    """Attach (BPF_LINK_CREATE) the program ``prog_fd`` to ``target_fd`` as ``attach_type``, all
    int; return the Fd of the link."""
    attributes = LinkCreate(prog_fd=prog_fd, target_fd=target_fd, attach_type=attach_type)
    return Fd(bpf(BpfCommand.LINK_CREATE, attributes))


def enable_stats() -> Fd:
    """Return an Fd (BPF_ENABLE_STATS, Linux 5.8); while it is open, runs and run time of all
    programs are counted."""
    return Fd(bpf(BpfCommand.ENABLE_STATS, EnableStats(type=STATS_RUN_TIME)))


def is_unsupported(error: OSError) -> bool:
    """Return whether the errno of ``error``, an OSError, says that the kernel does not support the
    command."""
    return error.errno in (errno.EINVAL, errno.EOPNOTSUPP, ENOTSUPP)
