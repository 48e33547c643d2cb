"""What a command does before its execve is not counted, whatever other processes become."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from pace import LIMIT

from tuxscope.abi.architecture import this_architecture
from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import ACCOUNT
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.syscall.summary import page

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]


@pytest.mark.parametrize("follow", [False, True])
def test_it_begins_with_the_execve_of_the_command(follow: bool) -> None:
    summary = page(Chosen(follow=follow, from_exec=True), this_architecture())
    true = shutil.which("true") or ""
    command = subprocess.Popen(["sh", "-c", f"read line; exec {true}"], stdin=subprocess.PIPE)
    try:
        programs = summary.program(pid=command.pid, layout=RunningKernelLayout())
        assert isinstance(programs, tuple)
        with Collection(programs) as loaded, Link(loaded):
            subprocess.run([true], check=True, timeout=LIMIT)  # another process
            before = loaded.maps[ACCOUNT].lookup(0)
            command.communicate(b"\n", LIMIT)
            after = loaded.maps[ACCOUNT].lookup(0)
    finally:
        command.kill()
        command.wait(LIMIT)
    assert before
    assert after
    assert (before.began, after.began) == (0, 1)
