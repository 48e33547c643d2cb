"""What counting reads and writes by file costs the process that makes them, beside bpftrace:

    sudo .venv/bin/python bench/files.py [ROUNDS]

dd copies single bytes from /dev/zero to a file in memory, two calls for each; its CPU time is
divided by them. All tools take turns in each round (21), and the figures are medians, with the 95 %
interval of the ratio to bpftrace by bootstrap.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile

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


def copy_bytes(to: str) -> float:
    """Return the CPU time of dd for a call, in ns; it writes to the file ``to``."""
    command = ["dd", "if=/dev/zero", f"of={to}", "bs=1", f"count={COUNT}", "status=none"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / COUNT / 2 * 1e9


def main(rounds: int) -> None:
    enter()
    found: dict[str, list[float]] = {name: [] for name in (NOTHING, *TOOLS)}
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        for _ in range(rounds):
            found[NOTHING].append(copy_bytes(file.name))
            for name, command in TOOLS.items():
                with watching(command):
                    found[name].append(copy_bytes(file.name))
    none = found[NOTHING]
    print("| what counts | ns per call | added | of what bpftrace adds |")
    print("| --- | --- | --- | --- |")
    theirs = [each - alone for each, alone in zip(found[BPFTRACE], none, strict=True)]
    for name, figures in found.items():
        added = [each - alone for each, alone in zip(figures, none, strict=True)]
        ratios = [own / other for own, other in zip(added, theirs, strict=True)]
        low, high = interval(ratios)
        shown = f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
        print(
            f"| {name} | {statistics.median(figures):,.0f} | {statistics.median(added):,.0f} | "
            f"{shown if name not in (NOTHING, BPFTRACE) else ''} |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
