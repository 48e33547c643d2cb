"""What is counted of files, by file and process."""

from __future__ import annotations

from tuxscope.asm import Array, Hash
from tuxscope.calls.events import NO_PLAN
from tuxscope.record import Record, char, u32, u64

# The key of what had no room for a row of its own, and of what is not known to be a file.
OTHER = (1 << 64) - 1


class FileProcess(Record):
    """A Record, the key: a file, and a process.

    Attributes:
        ino: a u64, the inode's number.
        dev: a u32, the device, as the kernel has it.
        generation: a u32, the inode's.
        pid: a u32, as the user's PID namespace counts.
        unused: a u32.
    """

    ino = u64
    dev = u32
    generation = u32
    pid = u32
    unused = u32


class FileTally(Record):
    """A Record: what a process has read and written of a file.

    Attributes:
        path: a u64, the id of the file's path when it was used last.
        reads, writes: u64 each, calls, those that failed among them.
        read_bytes, written_bytes: u64 each, bytes that were moved.
        total_ns, max_ns: u64 each, the time of all calls, and of the longest.
        comm: a char[16], the name of a thread of the process.
    """

    path = u64
    reads = u64
    writes = u64
    read_bytes = u64
    written_bytes = u64
    total_ns = u64
    max_ns = u64
    comm = char[16]


class Movement(Record):
    """A Record: which arguments of a call are the descriptors that it moves bytes between.

    Attributes:
        read, written: u32 each, the index of the argument, plus 1; 0 for none.
    """

    read = u32
    written = u32


FILE_TALLIES = Hash("FILE_TALLIES", key=FileProcess, value=FileTally, max_entries=65536)
BLANK_TALLY = Array("BLANK_TALLY", value=FileTally, max_entries=1)
MOVEMENTS = Array("MOVEMENTS", value=Movement, max_entries=NO_PLAN + 1)
