"""Paths by fd, beside what /proc/self/fd shows: docs/files.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from files.watching import Watching, real, watching

pytestmark = [pytest.mark.kernel]


@pytest.fixture(scope="module")
def watch(no_kernel: str) -> Iterator[Watching]:
    if no_kernel:
        pytest.skip(no_kernel)
    with watching() as watched:
        yield watched


def test_a_file(watch: Watching, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (path,) = watch.reads("look(sys.argv[1])", arguments=(str(file),))
    assert (path.inside, path.outside) == (real(file), real(file))
    assert (path.ino, path.nlink, path.reachable) == (file.stat().st_ino, 1, True)
