"""QEMU: one guest booted, its console read until it ends or its time is up."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Architecture:
    """How QEMU is told to be a machine that Debian's kernels boot on."""

    qemu: str
    package: str  # Debian's, that has it
    machine: str
    cpu: str
    console: str  # the kernel's name of QEMU's serial line
    slowdown: int  # how many times slower than the host it runs Python, at the least


# One thread for all processors of a guest. The kernel turns tracepoints on by patching code, and
# QEMU may go on with what it has translated before. With a thread for each processor a tracepoint
# stayed silent now and then (3 runs of 70 on s390x), or both processors of an amd64 guest looped in
# the breakpoint that is there while code is patched (3 runs of about 8).
ACCELERATOR = "tcg,thread=single"
ARCHITECTURES = {
    # No PCI, and few devices to look for.
    "amd64": Architecture(
        "qemu-system-x86_64", "qemu-system-x86", "microvm,pcie=off", "max", "ttyS0", 10
    ),
    # Long vectors and the architecture's way of signing pointers are slow to emulate.
    "arm64": Architecture(
        "qemu-system-aarch64",
        "qemu-system-arm",
        "virt",
        "max,pauth-impdef=on,sve=off,sme=off",
        "ttyAMA0",
        20,
    ),
    "s390x": Architecture(
        "qemu-system-s390x", "qemu-system-misc", "s390-ccw-virtio", "max", "ttysclp0", 30
    ),
}
MEMORY = 2048  # MiB


def host_khz() -> int:
    """The frequency of this machine's time stamp counter, about."""
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("cpu MHz"):
                return int(float(line.split(":")[1]) * 1000)
    return 2_000_000


def command(
    architecture: str, kernel: Path, initramfs: Path, cpus: int, parameters: Sequence[str] = ()
) -> list[str]:
    """What boots a kernel with an initramfs, whose init gets the parameters."""
    machine = ARCHITECTURES[architecture]
    line = [
        f"console={machine.console}", "quiet", "panic=-1", "mitigations=off", "audit=0",
        *parameters,
    ]  # fmt: skip
    if architecture == "amd64":
        # Measuring the counter against an emulated timer never ends now and then; and of the
        # ways to restart, a triple fault is the one that QEMU knows for sure. Debian's kernels
        # serve x32 if they are told to.
        line += [f"tsc_early_khz={host_khz()}", "reboot=t", "syscall.x32=y"]
    return [
        machine.qemu, "-M", machine.machine, "-accel", ACCELERATOR,
        "-cpu", machine.cpu,
        "-smp", str(cpus), "-m", str(MEMORY),
        "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
        "-monitor", "none", "-no-reboot",
        "-kernel", str(kernel), "-initrd", str(initramfs), "-append", " ".join(line),
    ]  # fmt: skip


# No guest outlives who started it, whatever becomes of that process.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True)
class Ended:
    """What a guest left."""

    console: str
    seconds: float
    in_time: bool


def run(arguments: Sequence[str], log: Path, limit: float) -> Ended:
    """Run a guest until it powers off; kill it after ``limit`` seconds."""
    begin = time.monotonic()
    in_time = True
    with open(log, "wb") as console:
        guest = subprocess.Popen(
            [*ENDS_WITH_US, *arguments],
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            guest.wait(limit)
        except subprocess.TimeoutExpired:
            in_time = False
        finally:
            if guest.poll() is None:
                guest.kill()
                guest.wait()
    text = log.read_text(errors="replace").replace("\r", "")
    return Ended(text, time.monotonic() - begin, in_time)
