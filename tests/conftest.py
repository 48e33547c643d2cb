"""What all tests share: nothing may outlive a test, and kernel tests need a kernel."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, settings
from pace import LIMIT, SLOWDOWN

from tuxscope.asm import Array
from tuxscope.errors import TuxscopeError
from tuxscope.loader.bpf import Command, object_ids
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import u32

# In the guests of the kernel matrix; their own machine is all that they can break.
GUEST = os.environ.get("TUXSCOPE_GUEST") == "1"
REQUIRE_KERNEL = "TUXSCOPE_REQUIRE_KERNEL"
# The kernel frees programs and maps some time after their last fd is closed.
PATIENCE = LIMIT / 6


settings.register_profile("tuxscope", deadline=None, max_examples=100 if SLOWDOWN == 1 else 5)
# For who only asks whether a test fails, and not for the smallest example.
settings.register_profile("unshrunk", settings.get_profile("tuxscope"), phases=[Phase.generate])
settings.load_profile("tuxscope")


def why_no_kernel() -> str:
    """Why bpf() is out of reach; empty where it is not."""
    try:
        LoadedMap(Array("probe", value=u32, max_entries=1)).close()
        object_ids(Command.PROG_GET_NEXT_ID)
    except (OSError, TuxscopeError) as error:
        return f"bpf() is out of reach: {error}"
    return ""


@pytest.fixture(scope="session")
def no_kernel() -> str:
    return why_no_kernel()


@pytest.fixture(autouse=True)
def kernel_within_reach(request: pytest.FixtureRequest, no_kernel: str) -> None:
    """Tests marked ``kernel`` skip without bpf(), or fail where it is promised."""
    if request.node.get_closest_marker("guest") and not GUEST:
        pytest.skip("it changes the machine; it runs in the guests of make kernels")
    if request.node.get_closest_marker("kernel") and no_kernel:
        if os.environ.get(REQUIRE_KERNEL) == "1":
            pytest.fail(f"{no_kernel} ({REQUIRE_KERNEL}=1)")
        pytest.skip(f"{no_kernel}; as root it runs")


def open_fds() -> dict[int, str]:
    """This process's file descriptors and what they are."""
    fds = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            fds[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the one that listed them
            continue
    return fds


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for something that the kernel does in its own time; tells whether it happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def bpf_objects() -> set[tuple[str, int]]:
    """All programs and maps in the kernel."""
    programs = object_ids(Command.PROG_GET_NEXT_ID)
    maps = object_ids(Command.MAP_GET_NEXT_ID)
    return {("program", each) for each in programs} | {("map", each) for each in maps}


@pytest.fixture(autouse=True)
def leaves_nothing_behind(
    request: pytest.FixtureRequest, kernel_within_reach: None
) -> Iterator[None]:
    """Fail a test that leaves an fd, a child process, a program or a map.

    Perf events, links and mounts live as long as their fds do.
    """
    in_kernel = request.node.get_closest_marker("kernel") is not None
    fds = open_fds()
    objects = bpf_objects() if in_kernel else set()
    yield

    def left() -> dict[int, str]:
        return {number: what for number, what in open_fds().items() if number not in fds}

    if left():
        gc.collect()  # what is garbage already is no leak
    assert not left(), f"file descriptors left open: {left()}"
    with pytest.raises(ChildProcessError):  # no children, dead or alive
        os.waitpid(-1, os.WNOHANG)
    if in_kernel:
        gone = wait_until(lambda: bpf_objects() <= objects)
        assert gone, f"left in the kernel: {bpf_objects() - objects}"
