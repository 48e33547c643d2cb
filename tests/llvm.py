"""LLVM's tools, which the tests compare ours with: all of one version, the newest that is here."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from pace import LIMIT

TOOLS = ("clang", "llvm-mc", "llvm-objcopy", "llvm-objdump")
OLDEST = 22  # the first with gotox
VERSION = next(
    (n for n in range(40, OLDEST - 1, -1) if all(shutil.which(f"{tool}-{n}") for tool in TOOLS)), 0
)
needs_llvm = pytest.mark.skipif(
    not VERSION, reason=f"there is no clang-{OLDEST} and llvm-{OLDEST} or later, by that name"
)


def run(tool: str, *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """How one of the tools ended, and what it said."""
    return subprocess.run(
        [f"{tool}-{VERSION}", *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
