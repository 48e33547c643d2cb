"""Calls that were blocked before the start: /proc says which, but not since when."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import BegunCall, By, CallNumber, Thread, ThreadState, Who
from tuxscope.loader.bpf import UpdateFlag
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.run.cgroups import cgroup_of, cgroup_paths

# Of /proc/PID/task/TID/status: what the kernel's side adds up (read_switches).
SWITCHES = "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"
ELF_32 = b"\x7fELF\x01"


def seed(
    threads: LoadedMap,
    chosen: Chosen,
    pid: int | None,
    exclude: tuple[int, ...],
    timed: bool = True,
) -> None:
    """Write to ``threads``, the loaded map of Threads, which threads are in a call: those of
    ``pid``, or of all processes if None, that ``chosen``, a Chosen, includes and ``exclude``, PIDs,
    does not.

    A record of a thread that has begun another call meanwhile stays as it is. ``timed`` is whether
    the time of these calls counts from now on; else it stays unknown.
    """
    paths = cgroup_paths() if chosen.cgroup or chosen.by is By.CGROUP else {}
    for process, tid, thread in blocked_threads(chosen, pid, exclude, paths, timed):
        with suppress(MapError):  # it has a record by now
            threads.update(tid, thread, UpdateFlag.NOEXIST)
            if blocked_thread(chosen, process, tid, 0) is None:  # it may have ended meanwhile
                forget(threads, tid)


def forget(threads: LoadedMap, tid: int) -> None:
    """Delete the record of thread ``tid``, an int, whose call was not seen, from ``threads``, the
    LoadedMap of Threads. Raises MapError."""
    thread = threads.lookup(tid)
    if thread and thread.state == ThreadState.INSIDE_BEFORE:
        threads.delete(tid)


def blocked_threads(
    chosen: Chosen,
    pid: int | None,
    exclude: tuple[int, ...],
    paths: Mapping[int, str],
    timed: bool,
) -> Iterator[tuple[int, int, Thread]]:
    """Yield the threads in a call as triples: process ID and thread ID, both int, and its Thread
    record as the kernel's side has it.

    They are those of ``pid``, an int, or of all processes if None, that ``chosen``, a Chosen,
    includes and ``exclude``, a tuple of PIDs, does not; ``paths`` is a mapping of ID to cgroup
    path, ``timed`` a bool, as for :func:`seed`.
    """
    processes = [pid] if pid else [int(each) for each in os.listdir("/proc") if each.isdigit()]
    ids = {path: identity for identity, path in paths.items()}
    for process in processes:
        cgroup = cgroup_of(process) if paths else None
        if process in exclude or not is_inside(chosen, cgroup, paths):
            continue
        for tid in threads_of(process):
            if thread := blocked_thread(chosen, process, tid, ids.get(cgroup or "", 0), timed):
                yield process, tid, thread


def is_inside(chosen: Chosen, cgroup: str | None, paths: Mapping[int, str]) -> bool:
    """Return whether ``chosen``, a Chosen, includes processes of the cgroup whose path is
    ``cgroup``, a str or None; ``paths`` is a mapping of ID to cgroup path."""
    if chosen.cgroup is None:
        return True
    wanted = paths.get(chosen.cgroup[0])
    return bool(wanted and cgroup) and f"{cgroup}/".startswith(f"{wanted}/".replace("//", "/"))


def threads_of(process: int) -> list[int]:
    """Return the thread IDs of ``process``, a PID, as a list of int; empty if it has ended."""
    try:
        return [int(each) for each in os.listdir(f"/proc/{process}/task")]
    except OSError:
        return []


def blocked_thread(
    chosen: Chosen, process: int, tid: int, cgroup: int, timed: bool = True
) -> Thread | None:
    """Return the Thread of thread ``tid``, an int, of ``process``, a PID, in the cgroup with ID
    ``cgroup``, an int, as the kernel's side has it; None if it is in no call that ``chosen``, a
    Chosen, includes. ``timed`` is a bool, as for :func:`seed`."""
    task = f"/proc/{process}/task/{tid}"
    try:
        with open(f"{task}/syscall", encoding="ascii") as file:
            words = file.read().split()
        # "running"; -1 where it waits for something else; kernel threads have no stack
        if len(words) < 9 or int(words[0]) < 0 or int(words[-2], 16) == 0:
            return None
        with open(f"{task}/status", encoding="utf-8", errors="surrogateescape") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        with open(f"{task}/comm", "rb") as comm_file:
            comm = comm_file.read().rstrip(b"\n")
        compat, nr = is_32_bit(process), int(words[0])
        uid = int(status["Uid"].split()[0])
        switches = sum(int(status[each]) for each in SWITCHES)
    except (OSError, ValueError, KeyError):
        return None  # it is gone, or not ours to look at
    if chosen.comm not in (None, comm) or chosen.uid not in (None, uid):
        return None
    if chosen.numbers is not None and ((compat, nr) in chosen.numbers) is chosen.all_but:
        return None
    thread = tid if chosen.by is By.THREAD else 0
    return Thread(
        call=BegunCall(
            started_ns=time.monotonic_ns() if timed else 0,
            switches=switches,
            number=CallNumber(nr=nr, compat=int(compat)),
        ),
        state=ThreadState.INSIDE_BEFORE,
        followed=int(chosen.follow),
        cgroup=cgroup,
        who=Who(pid=process, tid=thread, comm=comm),
    )


def is_32_bit(process: int) -> bool:
    """Return whether ``process``, a PID, runs a 32-bit program. Raises OSError."""
    with open(f"/proc/{process}/exe", "rb") as file:
        return file.read(len(ELF_32)) == ELF_32
