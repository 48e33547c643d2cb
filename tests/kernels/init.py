#!/usr/bin/python3.11
"""The guest's first process: prepares the machine, runs the tests, and turns it off."""

import json
import mmap
import os
import subprocess
import sys

PREPARE = """
/bin/busybox mkdir -p /usr/local/busybox
/bin/busybox --install -s /usr/local/busybox
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
ip link set lo up
hostname guest
dmesg -n 1
"""
CHOSEN = "kernel and not one_kernel or matrix or guest"
OPTIONS = ("--color=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", CHOSEN)
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/busybox",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TUXSCOPE_REQUIRE_KERNEL": "1",
    "TUXSCOPE_GUEST": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def say(what: object) -> None:
    """A line for the host, which reads it off the console."""
    print(f"\ntuxscope-guest: {json.dumps(what)}", flush=True)


def parameter(name: str) -> str:
    """A value of the kernel's command line."""
    with open("/proc/cmdline") as file:
        words = dict(word.partition("=")[::2] for word in file.read().split())
    return words.get(name, "")


def main() -> int:
    os.environ.update(ENVIRONMENT)
    subprocess.run(["/bin/busybox", "sh", "-c", PREPARE], check=False)
    os.environ["TUXSCOPE_SLOWDOWN"] = parameter("tuxscope_slowdown")
    for cpu in filter(None, parameter("tuxscope_offline").split(",")):
        with open(f"/sys/devices/system/cpu/cpu{cpu}/online", "w") as online:
            online.write("0")
    with open("/sys/devices/system/cpu/online") as file:
        online_cpus = file.read().strip()
    say(
        {
            "release": os.uname().release,
            "machine": os.uname().machine,
            "page_size": mmap.PAGESIZE,
            "byte_order": sys.byteorder,
            "cpus": online_cpus,
        }
    )
    with open("/project/arguments") as file:
        arguments = file.read().splitlines()
    slowdown = int(parameter("tuxscope_slowdown"))
    deadline = f"--timeout={300 + 30 * slowdown}"
    tests = subprocess.Popen(
        [sys.executable, "-m", "pytest", *OPTIONS, deadline, *arguments], cwd="/project"
    )
    while True:  # the first process is the parent of whoever has lost theirs
        pid, status = os.wait()
        if pid == tests.pid:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    try:
        say({"status": main()})
    finally:
        # QEMU ends instead of rebooting, on each machine in the same way.
        subprocess.run(["/bin/busybox", "reboot", "-f"], check=False)
