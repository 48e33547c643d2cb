"""Run a command in a folder that has a system in it, as an ordinary user.

It happens in a mount namespace, and in memory: the folder stays as it is, and neither a mount nor a
process outlives the run, or whoever started it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pythons.debian import USER

# $1 is where to mount; the folders that follow are put together there.
PREPARE = f"""
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
cd "$1"
shift
for folder; do cp -a "$folder/." .; done
mkdir -p dev proc sys run home/user
mkdir -p -m 1777 tmp
# The user's own, so that Python keeps its bytecode.
chown -R {USER}:{USER} home/user project usr/lib/python3* usr/local
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount --rbind /sys sys
"""
ENTER = (
    "chroot", ".", "setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups",
    "env", "--ignore-environment", "--chdir=/project",
    "HOME=/home/user", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/usr/sbin",
)  # fmt: skip
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
ENDS_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
PRIVILEGE = () if os.geteuid() == 0 else ("sudo",)
KILLED = 128 + 9
GRACE = 60.0  # seconds, in which timeout(1) should have ended it


class ChrootError(Exception):
    """This machine does not let us do it."""


def run(folders: Sequence[Path], command: Sequence[str], limit: float) -> int | None:
    """Run a command in ``/project`` of the folders put together; kill it after ``limit`` seconds.

    Returns its exit status, None where it had to be killed. Raises ChrootError.
    """
    with TemporaryDirectory() as mountpoint:
        attempt = [*PRIVILEGE, *NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", mountpoint]
        tried = subprocess.run(
            attempt, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=limit,
        )  # fmt: skip
        if tried.returncode:
            raise ChrootError((tried.stderr.strip() or "no mount namespace").splitlines()[-1])
        script = f"{PREPARE}exec {shlex.join([*ENTER, *command])}"
        status = subprocess.run(
            [*PRIVILEGE, *ENDS_WITH_ITS_PARENT, "timeout", "--signal=KILL", str(limit),
             *ENDS_WITH_ITS_PARENT, *NAMESPACES, "sh", "-c", script, "sh", mountpoint, *folders],
            stdin=subprocess.DEVNULL, check=False, timeout=limit + GRACE,
        ).returncode  # fmt: skip
    return None if status in {KILLED, -9} else status
