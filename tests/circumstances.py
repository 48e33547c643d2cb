"""Other circumstances for a command: prefixes that a test skips without, where they are refused."""

from __future__ import annotations

import functools
import os
import subprocess

import pytest
from pace import LIMIT

USER_NAMESPACE = ("unshare", "--user", "--map-root-user")


def under(*prefix: str) -> tuple[str, ...]:
    """A prefix; skips the test where the machine refuses it, as a chroot or a container may."""
    if why := refusal(prefix):
        pytest.skip(f"{' '.join(prefix)}: {why}")
    return prefix


@functools.cache
def refusal(prefix: tuple[str, ...]) -> str:
    """Why nothing can be run with a prefix; empty where it can."""
    try:
        done = subprocess.run(
            [*prefix, "true"], capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except FileNotFoundError:
        return "not installed"
    return (done.stderr.strip() or "it fails") if done.returncode else ""


def without(*capabilities: str) -> tuple[str, ...]:
    """A prefix that takes capabilities away for good."""
    dropped = ",".join(f"-{each}" for each in capabilities)
    return under("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}")


def without_bpf() -> tuple[str, ...]:
    """A prefix that takes what bpf() asks for from root, and nothing else."""
    return without("sys_admin", "bpf", "perfmon") if os.geteuid() == 0 else ()


def unprivileged() -> tuple[str, ...]:
    """A prefix that leaves nothing of root but its files, which another user may not reach."""
    return without("all") if os.geteuid() == 0 else ()


def with_mounts(script: str, argument: str = "sh") -> tuple[str, ...]:
    """A prefix that runs a command in a mount namespace of its own, after a shell script, whose
    ``$0`` is the argument."""
    return (*under("unshare", "--mount"), "sh", "-c", f'{script} && exec "$@"', argument)
