"""Each page of examples/ is one that runs: interpreted here, loaded and attached in the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuxscope.runner.live import check
from tuxscope.runner.loaded import Loaded
from tuxscope.runner.options import Options
from tuxscope.runner.pages import load_page, programs_of
from tuxscope.runner.simulation import simulate

PAGES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
pages = pytest.mark.parametrize(
    "page", [str(each) for each in PAGES], ids=[each.stem for each in PAGES]
)


def test_there_are_examples() -> None:
    assert [each.stem for each in PAGES] == [
        "count", "file_descriptor", "histogram", "latency", "pid_filter", "reads", "user_buffer",
    ]  # fmt: skip


@pages
def test_an_example_shows_something(page: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert simulate(page, Options(count=3), 7) == 0
    shown, said = capfd.readouterr()
    assert shown.count("\n") > 3
    assert "Traceback" not in said


@pages
@pytest.mark.kernel
def test_the_kernel_takes_an_example(page: str) -> None:
    found = load_page(page)
    check(found, page, Options())
    with Loaded(programs_of(found, page)) as loaded, loaded.attached():
        assert found.map
        assert loaded.map(found.map).description is found.map
