"""What the programs of fileio --disk remember, and what they count.

A file is known by its identity, a process by its PID. ``ROWS`` has what is shown: the bytes of the
finished requests of a file (or of a device, for what belongs to no file), by kind and process.
"""

from __future__ import annotations

from enum import IntEnum

from tuxscope.asm import Array, Hash, LruHash, PerCpuArray
from tuxscope.files.known import KnownFile
from tuxscope.record import Record, char, u32, u64
from tuxscope.record.values import Named

MOST_ROWS = 16384
MOST_FILES = 65536  # and writers: those that were used last stay
MOST_REQUESTS = 16384  # and bios
COMM = 16


class Kind(IntEnum):
    """An IntEnum: what the bytes of a request are.

    Attributes:
        DATA: a file's, through the page cache.
        METADATA: of a file system, or of a device that is written as a file.
        JOURNAL: a file system's journal or log.
        DIRECT: a process's own memory, by direct I/O.
        SWAP: memory that was swapped.
        UNKNOWN: nothing says what they are.
    """

    DATA = 1
    METADATA = 2
    JOURNAL = 3
    DIRECT = 4
    SWAP = 5
    UNKNOWN = 6


KIND_NAMES = {each.value: each.name.lower() for each in Kind}


class Identity(Record):
    """A Record: what tells files apart. All blocks of a device have ``ino`` 0.

    Attributes:
        ino: a u64, the inode's number.
        dev: a u32, the file system's device (s_dev), or a device of its own: major << 20 | minor.
        generation: a u32, of the inode: another file with the same number has another one.
    """

    ino = u64
    dev = u32
    generation = u32


class DiskFile(Record):
    """A Record: a file that was made dirty.

    Attributes:
        known: its KnownFile, whose ``id`` is that of its path, or 0.
        pid: a u32, of the process that dirtied it last.
        dirtied: a u32, 1 if it is known who did.
    """

    known = KnownFile
    pid = u32
    dirtied = u32


class WriterKey(Record):
    """A Record: a file and a process that dirtied it.

    Attributes:
        file: an Identity.
        pid, unused: u32 each.
    """

    file = Identity
    pid = u32
    unused = u32


class Writer(Record):
    """A Record: a process that dirtied a file.

    Attributes:
        pages: a u64, the pages that it made dirty, once for each time that they were clean before.
        comm: a str.
    """

    pages = u64
    comm = char[COMM]


class Submitter(Record):
    """A Record: the process that submitted a bio.

    Attributes:
        pid: a u32.
        flags: a u32, of the task: PF_KTHREAD and the like.
        comm: a str.
    """

    pid = u32
    flags = u32
    comm = char[COMM]


class RowKey(Record):
    """A Record, the key of a row.

    Attributes:
        file: an Identity; of what belongs to no file, the device.
        kind: a str, a Kind's name in lower case.
        pid: a u32, the process's that the bytes are attributed to; 0 if that is not known.
    """

    file = Identity
    kind = Named(u32, KIND_NAMES)
    pid = u32


class Moved(Record):
    """A Record: what a row counts.

    Attributes:
        path: a u64, the ID of the file's path; 0 for none.
        comm: a str, the process's.
        read_bytes, written_bytes: u64 each, of finished requests.
        requests: a u64, of those with a known time.
        total_ns, max_ns: u64 each, from issue to completion.
    """

    path = u64
    comm = char[COMM]
    read_bytes = u64
    written_bytes = u64
    requests = u64
    total_ns = u64
    max_ns = u64


class Account(Record):
    """A Record: what is counted of the whole run.

    Attributes:
        read_bytes, written_bytes: u64 each, of all finished requests.
        others: a u64, how often there was no room for a row, so that it went to the row of others.
        missed: a u64, requests that no row has: two programs met on a CPU.
        nameless: a u64, files whose path could not be read.
    """

    read_bytes = u64
    written_bytes = u64
    others = u64
    missed = u64
    nameless = u64


class RequestWalk(Record):
    """A Record: where a CPU is in the request that it walks.

    Attributes:
        users: a u64, the number of programs that use it now: only one may.
        queue: a u64, address of the request's queue.
        next: a u64, address of the next bio.
        bio, private, segments: u64 each, addresses: of the bio, what it is for, and its bio_vecs.
        device: a u32, the bio's.
        flags: a u32, the request's cmd_flags.
        index, skip: u64 each, the bio_vec, and how many of its bytes are done before.
        left_in_bio, left: u64 each, bytes.
        owner: a u64, whose the last page is: see :mod:`tuxscope.programs.fileio.disk.walking`.
        pending: a u64, bytes of that owner that are not counted yet.
        elapsed: a u64, ns since the request was issued; all ones if that is not known.
        inode: a u64, the address of the inode of that owner; 0 for none.
        path: a u64, the ID of its path, or 0.
        known: a KnownFile, to read the path with.
        who: a Submitter.
        key: a RowKey; ``counted`` is that which was counted last.
        room: ``u64[16]``, for copies from the kernel.
    """

    users = u64
    queue = u64
    next = u64
    bio = u64
    private = u64
    segments = u64
    device = u32
    flags = u32
    index = u64
    skip = u64
    left_in_bio = u64
    left = u64
    owner = u64
    pending = u64
    elapsed = u64
    inode = u64
    path = u64
    known = KnownFile
    who = Submitter
    key = RowKey
    counted = RowKey
    room = u64[16]


DISK_FILES = LruHash("DISK_FILES", key=Identity, value=DiskFile, max_entries=MOST_FILES)
WRITERS = LruHash("WRITERS", key=WriterKey, value=Writer, max_entries=MOST_FILES)
SUBMITTERS = LruHash("SUBMITTERS", key=u64, value=Submitter, max_entries=MOST_REQUESTS)
ISSUED = LruHash("ISSUED", key=u64, value=u64, max_entries=MOST_REQUESTS)
ROWS = Hash("ROWS", key=RowKey, value=Moved, max_entries=MOST_ROWS)
REQUEST_WALKS = PerCpuArray("REQUEST_WALKS", value=RequestWalk, max_entries=1)
DISK_ACCOUNT = Array("DISK_ACCOUNT", value=Account, max_entries=1)
# New entries begin as these.
NEW_FILE = Array("NEW_FILE", value=DiskFile, max_entries=1)
NEW_WRITER = Array("NEW_WRITER", value=Writer, max_entries=1)
NEW_ROW = Array("NEW_ROW", value=Moved, max_entries=1)
