"""What fileio costs the process that it watches, and itself, beside bpftrace and opensnoop:

    sudo .venv/bin/python bench/files.py [ROUNDS]

--summary: dd copies single bytes from /dev/zero to a file in memory, two calls for each; its CPU
time is divided by them. The stream: opener.c opens and closes a file; its CPU time, and that of the
tool, are divided by the opens. All tools take turns in each round (21), and the figures are
medians, with the 95 % interval of the ratio to the peer by bootstrap.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calls import NOTHING, TUXSCOPE, enter, watching
from peers.figures import interval

COUNT = 100_000
# The columns of fileio --summary: by process and file, with its name, as it knows no path.
SCRIPT = """
tracepoint:syscalls:sys_enter_read,tracepoint:syscalls:sys_enter_write {
  @begin[tid] = nsecs; @fd[tid] = args->fd;
}
tracepoint:syscalls:sys_exit_read /@begin[tid]/ {
  $file = (struct file *)*(((struct task_struct *)curtask)->files->fdt->fd + @fd[tid]);
  $inode = $file->f_inode;
  $name = str($file->f_path.dentry->d_name.name);
  $took = nsecs - @begin[tid];
  @reads[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = count();
  @read_bytes[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = sum(args->ret);
  @avg[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = avg($took);
  @max[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = max($took);
  delete(@begin[tid]); delete(@fd[tid]);
}
tracepoint:syscalls:sys_exit_write /@begin[tid]/ {
  $file = (struct file *)*(((struct task_struct *)curtask)->files->fdt->fd + @fd[tid]);
  $inode = $file->f_inode;
  $name = str($file->f_path.dentry->d_name.name);
  $took = nsecs - @begin[tid];
  @writes[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = count();
  @written_bytes[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = sum(args->ret);
  @avg[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = avg($took);
  @max[pid, comm, $inode->i_sb->s_dev, $inode->i_ino, $name] = max($took);
  delete(@begin[tid]); delete(@fd[tid]);
}
BEGIN { printf("attached\\n"); }
"""
SUMMARY, BPFTRACE = "tuxscope fileio --summary", "bpftrace, the same columns"
TOOLS = {
    SUMMARY: [TUXSCOPE, "fileio", "--summary", "--interval", "0.2"],
    "the same, --all": [TUXSCOPE, "fileio", "--summary", "--interval", "0.2", "--all"],
    "the same, --pid of another process": [
        TUXSCOPE, "fileio", "--summary", "--interval", "0.2", "--pid", "1",
    ],
    BPFTRACE: ["bpftrace", "-e", SCRIPT],
}  # fmt: skip


OPENS = 50_000
STREAM, OPENSNOOP = "tuxscope fileio --op open", "opensnoop"
OPEN_TOOLS = {
    STREAM: [TUXSCOPE, "fileio", "--op", "open"],
    OPENSNOOP: ["opensnoop"],
}


def cpu_time(command: list[str], calls: int) -> float:
    """Return the CPU time of ``command`` for one of its ``calls``, in ns."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / calls * 1e9


def summaries(rounds: int) -> dict[str, list[float]]:
    """Return what a call of dd takes, in ns, alone and beside each of TOOLS: a dict of ``rounds``
    figures by name."""
    found: dict[str, list[float]] = {name: [] for name in (NOTHING, *TOOLS)}
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        dd = ["dd", "if=/dev/zero", f"of={file.name}", "bs=1", f"count={COUNT}", "status=none"]
        for _ in range(rounds):
            found[NOTHING].append(cpu_time(dd, 2 * COUNT))
            for name, command in TOOLS.items():
                with watching(command):
                    found[name].append(cpu_time(dd, 2 * COUNT))
    return found


def streams(rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return what an open and close take, in ns, alone and beside each of OPEN_TOOLS, a dict of
    ``rounds`` figures by name; and so the CPU time of each tool for an open, with that of its
    start."""
    found: dict[str, list[float]] = {name: [] for name in (NOTHING, *OPEN_TOOLS)}
    own: dict[str, list[float]] = {name: [] for name in OPEN_TOOLS}
    with tempfile.TemporaryDirectory() as directory:
        program, file = f"{directory}/opener", f"{directory}/file"
        source = str(Path(__file__).with_name("opener.c"))
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        Path(file).touch()
        opener = [program, file, str(OPENS)]
        for _ in range(rounds):
            found[NOTHING].append(cpu_time(opener, OPENS))
            for name, command in OPEN_TOOLS.items():
                taken: list[float] = []
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                with reading(command):
                    taken.append(cpu_time(opener, OPENS))
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                found[name] += taken
                own[name].append(used / OPENS * 1e9 - taken[0])
    return found, own


@contextmanager
def reading(command: list[str]) -> Iterator[None]:
    """Run a tool, the words ``command``, that writes its lines to a file, and end it afterwards."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as lines:
        running = subprocess.Popen(command, stdout=lines, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while not os.path.getsize(lines.name) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.0)
            yield
            time.sleep(0.5)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()


def report(found: dict[str, list[float]], peer: str, what: str) -> None:
    """Print a table of ``found``, figures by tool, with what each adds, and the ratio to ``peer``;
    ``what`` is its title."""
    none = found.get(NOTHING, [0.0] * len(found[peer]))
    print(f"| {what} | ns | added | of what {peer} adds |")
    print("| --- | --- | --- | --- |")
    theirs = [each - alone for each, alone in zip(found[peer], none, strict=True)]
    for name, figures in found.items():
        added = [each - alone for each, alone in zip(figures, none, strict=True)]
        ratios = [own / other for own, other in zip(added, theirs, strict=True)]
        low, high = interval(ratios)
        shown = f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
        print(
            f"| {name} | {statistics.median(figures):,.0f} | {statistics.median(added):,.0f} | "
            f"{shown if name not in (NOTHING, peer) else ''} |"
        )
    print()


def main(rounds: int) -> None:
    enter()
    report(summaries(rounds), BPFTRACE, "--summary, a read or write")
    if shutil.which("opensnoop"):
        opens, own = streams(rounds)
        report(opens, OPENSNOOP, "stream, an open and close")
        report(own, OPENSNOOP, "the tool's own CPU time, an open")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
