"""What a test may leave behind: nothing.

Other programs run on the same machine, another run of these tests among them. So what is in the
kernel counts only where no process of theirs holds it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from waiting import PATIENCE, PAUSE, wait_until

from tuxscope.loader.bpf import BpfCommand, fd_by_id, object_ids, object_info
from tuxscope.loader.bpf_attributes import ProgInfo
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.record import Record, u32, u64

PR_SET_CHILD_SUBREAPER = 36  # include/uapi/linux/prctl.h
LINK_GET_NEXT_ID = 31  # enum bpf_cmd, include/uapi/linux/bpf.h
TASK_FD_QUERY = 20
INITIAL_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/linux/proc_ns.h
# Which objects an fd holds, as its fdinfo says.
HELD = re.compile(r"^(prog|map|link)_id:\s*(\d+)$", re.MULTILINE)
# What tuxscope and its tests may mount, by type.
MOUNTED = re.compile(r" - (tracefs|debugfs|bpf|nsfs) ")
OWNER = re.compile(r"/tuxscope-(\d+) ")
Object = tuple[str, int]  # prog, map or link, and its id

_libc = ctypes.CDLL(None, use_errno=True)


class TaskFdQuery(Record):
    """The attributes of BPF_TASK_FD_QUERY."""

    pid = u32
    fd = u32
    flags = u32
    buf_len = u32
    buf = u64
    prog_id = u32
    fd_type = u32
    probe_offset = u64
    probe_addr = u64


def adopt_orphans() -> None:
    """Become the parent of what children leave running, to notice it."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def nothing_left(folder: Path, in_kernel: bool) -> Iterator[None]:
    """Raises AssertionError for what is new at the end.

    Args:
        folder: where temporary files are made.
        in_kernel: whether programs, maps and links are looked at. Perf events live as long as
            their fds do.
    """
    fds = open_fds()
    mounts = mounted()
    objects = bpf_objects() if in_kernel else set()
    yield

    def new_fds() -> dict[int, str]:
        return {number: what for number, what in open_fds().items() if number not in fds}

    if new_fds():
        gc.collect()  # what is garbage already is no leak
    assert not new_fds(), f"file descriptors left open: {new_fds()}"
    wait_until(lambda: not children(), "the end of the processes that a test started")
    assert not os.listdir(folder), f"temporary files left: {os.listdir(folder)}"
    wait_until(lambda: mounted() <= mounts, f"the unmounting of {mounted() - mounts}")
    if in_kernel:
        left = left_in_kernel(objects)
        assert not left, f"left in the kernel: {left}"


def open_fds() -> dict[int, str]:
    """This process's file descriptors and what they are."""
    fds = {}
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that listed them
            fds[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return fds


def children() -> bool:
    """Whether there are any, alive; those that ended are reaped."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def mounted() -> set[str]:
    """The mounts of those types that tests make, without those of another running test process."""
    with open("/proc/self/mountinfo") as file:
        return {line for line in file if MOUNTED.search(line) and not of_another(line)}


def of_another(mount: str) -> bool:
    """Whether a mount has the PID of another running process in its name."""
    owner = OWNER.search(mount)
    return owner is not None and owner[1] != str(os.getpid()) and Path("/proc", owner[1]).exists()


def bpf_objects() -> set[Object]:
    """All programs, maps and links in the kernel."""
    kinds = {
        "prog": BpfCommand.PROG_GET_NEXT_ID,
        "map": BpfCommand.MAP_GET_NEXT_ID,
        "link": LINK_GET_NEXT_ID,
    }
    return {(kind, each) for kind, command in kinds.items() for each in object_ids(command)}


def left_in_kernel(before: set[Object]) -> set[Object]:
    """The objects that are new, do not go away, and are no other process's."""
    left = bpf_objects() - before
    deadline = time.monotonic() + PATIENCE
    while left and time.monotonic() < deadline:
        time.sleep(PAUSE)
        left &= bpf_objects()
        if left:
            left -= held_by_others()
    if os.readlink("/proc/self/ns/pid") != INITIAL_PID_NAMESPACE:
        return set()  # the processes outside cannot be seen: nobody knows whose it is
    return left


def held_by_others() -> set[Object]:
    """What other processes' fds hold, and the maps of the programs among it."""
    held: set[Object] = set()
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        if pid != os.getpid():
            with suppress(OSError):  # it ended, or is not ours to look at
                held |= held_by(pid)
    for kind, number in tuple(held):
        if kind == "prog":
            held |= {("map", each) for each in maps_of(number)}
    return held


def held_by(pid: int) -> set[Object]:
    held: set[Object] = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):  # closed meanwhile
            what = os.readlink(f"/proc/{pid}/fd/{fd}")
            if "bpf" in what:
                with open(f"/proc/{pid}/fdinfo/{fd}") as info:
                    held |= {(kind, int(number)) for kind, number in HELD.findall(info.read())}
            elif "perf_event" in what and (program := program_of(pid, int(fd))):
                held.add(("prog", program))
    return held


def program_of(pid: int, fd: int) -> int:
    """The id of the program of a process's perf event; 0 where it has none (man 2 bpf)."""
    query = bytearray(bytes(TaskFdQuery(pid=pid, fd=fd)))
    attributes = (ctypes.c_char * len(query)).from_buffer(query)
    try:
        syscall(SystemCall.BPF, TASK_FD_QUERY, ctypes.addressof(attributes), len(query))
    except OSError:
        return 0
    found: int = TaskFdQuery.unpack(bytes(query)).prog_id
    return found


def maps_of(program: int) -> list[int]:
    """The ids of a program's maps; none where it has ended."""
    try:
        with fd_by_id(BpfCommand.PROG_GET_FD_BY_ID, program) as fd:
            count = object_info(fd.fileno(), ProgInfo()).nr_map_ids
            ids = (ctypes.c_uint32 * count)()
            wanted = ProgInfo(nr_map_ids=count, map_ids=ctypes.addressof(ids))
            object_info(fd.fileno(), wanted)
            return list(ids)
    except OSError:
        return []
