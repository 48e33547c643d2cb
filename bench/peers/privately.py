"""A mount namespace of our own: tracefs for the peers, and memory for the output.

Nothing of it is left behind: the namespace ends with its last process.
"""

from __future__ import annotations

import os
import subprocess
import sys

from peers.building import OUTPUT, BenchError, output_of, tool

INSIDE = "TUXSCOPE_BENCH_INSIDE"
TRACEFS = "/sys/kernel/tracing"
DEBUGFS = "/sys/kernel/debug"


def enter() -> None:
    """Be the same program again in a mount namespace of its own; once inside, return."""
    if os.environ.get(INSIDE):
        return
    unshare = tool("unshare")
    os.environ[INSIDE] = "1"
    os.execv(unshare, [unshare, "--mount", *sys.orig_argv])


def mount() -> str:
    """Mount what is needed; returns why there is no tracefs, which the peers cannot do without."""
    # Files in memory: what is measured is the reader, and not this machine's disk.
    output_of("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", OUTPUT)
    try:
        if not os.path.exists(f"{TRACEFS}/events"):
            output_of("mount", "-t", "tracefs", "tracefs", TRACEFS)
        if not os.path.exists(f"{DEBUGFS}/tracing/events"):  # where bpftrace 0.17 looks
            output_of("mount", "-t", "debugfs", "debugfs", DEBUGFS)
    except BenchError as error:
        return str(error)
    return ""


def bpf_within_reach() -> None:
    """Raises BenchError where we may not load programs."""
    if os.geteuid() != 0:
        raise BenchError("loading BPF programs needs root; try: sudo make bench")
    if not os.path.exists("/proc/self/status"):
        raise BenchError("/proc is not mounted")


def machine() -> dict[str, str]:
    """What this is measured on."""
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    done = subprocess.run(["uname", "-rm"], capture_output=True, text=True, check=True)
    cpus = os.cpu_count()
    return {"cpu": f"{cpus} x {names[0] if names else 'unknown'}", "kernel": done.stdout.strip()}
