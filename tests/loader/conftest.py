"""What tests of rings begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from loader.sending import sender
from tuxscope.loader import cpus, perf_event
from tuxscope.loader.program import LoadedProgram, load


@pytest.fixture
def program() -> Iterator[LoadedProgram]:
    with load(sender()) as loaded:
        yield loaded


@pytest.fixture(params=["lost is read", "lost is reported"])
def before_linux_6(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways to count: PERF_FORMAT_LOST, and LOST records on kernels that do not know it."""
    old = request.param == "lost is reported"
    if old:
        monkeypatch.setattr(perf_event, "FORMAT_LOST", 1 << 30)  # EINVAL, as there
    return old


@pytest.fixture
def say_online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[int]], None]:
    """Makes the readers of this test believe that these CPUs are online."""
    monkeypatch.setattr(cpus, "DIRECTORY", str(tmp_path))

    def say(numbers: Iterable[int]) -> None:
        (tmp_path / "online").write_text(",".join(map(str, numbers)) + "\n")

    return say
