"""What all tests share: nothing may outlive a test, and kernel tests need a kernel."""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from leaks import adopt_orphans, nothing_left
from pace import SLOWDOWN

from tuxscope.asm import Array
from tuxscope.errors import TuxscopeError
from tuxscope.loader.bpf import BpfCommand, object_ids
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import u32
from tuxscope.tools import COMMANDS

# In the guests of the kernel matrix; their own machine is all that they can break.
GUEST = os.environ.get("TUXSCOPE_GUEST") == "1"
REQUIRE_KERNEL = "TUXSCOPE_REQUIRE_KERNEL"


settings.register_profile("tuxscope", deadline=None, max_examples=100 if SLOWDOWN == 1 else 5)
# For who only asks whether a test fails, and not for the smallest example.
settings.register_profile("unshrunk", settings.get_profile("tuxscope"), phases=[Phase.generate])
settings.load_profile("tuxscope")


def pytest_configure(config: pytest.Config) -> None:
    adopt_orphans()
    handle_signals_by_default()


def handle_signals_by_default() -> None:
    """For what the tests start: what nohup or a shell's & ignores would stay ignored there.

    This process goes on ignoring them, by handlers that do nothing: those end with exec.
    """
    for number in signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With pytest-xdist, the kernel tests of a directory run one after the other, beside others;
    in e2e/, whose tests take the longest, those of a tool."""
    for item in items:
        if item.get_closest_marker("kernel"):
            directory, name = item.path.parent, item.path.stem.removeprefix("test_")
            tool = next((each for each in COMMANDS if name.startswith(each)), "")
            of_tool = f"/{tool}" * (directory.name == "e2e")
            item.add_marker(pytest.mark.xdist_group(f"{directory}{of_tool}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Each reason to skip once, with how many tests it holds for."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(each.longrepr[2].removeprefix("Skipped: ") for each in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"SKIPPED [{count}] {reason}")


def why_no_kernel() -> str:
    """Why bpf() is out of reach; empty where it is not."""
    try:
        LoadedMap(Array("probe", value=u32, max_entries=1)).close()
        object_ids(BpfCommand.PROG_GET_NEXT_ID)
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


@pytest.fixture(scope="session")
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where temporary files of tests, and of what they start, are made."""
    folder = tmp_path_factory.mktemp("temporary")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


@pytest.fixture(autouse=True)
def leaves_nothing_behind(
    request: pytest.FixtureRequest, kernel_within_reach: None, temporary_folder: Path
) -> Iterator[None]:
    """Fail a test that leaves an fd, a process, a temporary file, a mount, or something in the
    kernel."""
    in_kernel = request.node.get_closest_marker("kernel") is not None
    with nothing_left(temporary_folder, in_kernel):
        yield
