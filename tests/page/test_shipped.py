"""Pages that come with tuxscope are not checked at start: here they are, and known by a digest."""

from __future__ import annotations

import importlib
import shutil
import sys
from itertools import product
from pathlib import Path

import pytest

from tuxscope.asm import Program, UninitialisedRegisterError
from tuxscope.asm.checks import check
from tuxscope.page import shipped
from tuxscope.page.digests import DIGESTS
from tuxscope.page.loading import PAGES, load_page, page_file, programs_of
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.run.identity import whoami

ROOT = Path(__file__).parents[2]
NAMESPACE = PidNamespace(4, 0xEFFFFFFD)


def test_digests_are_those_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool = importlib.import_module("page_digests")
    assert tool.FILE.read_text() == tool.text(), "type make digests"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("pid", "exclude", "namespace"),
    [
        (pid, exclude, namespace)
        for pid, exclude, namespace in product((None, 7), ((), (9, 10)), (None, NAMESPACE))
        if pid is None or not exclude
    ],
)
def test_shipped_pages_pass_the_checks(
    page: str, pid: int | None, exclude: tuple[int, ...], namespace: PidNamespace | None
) -> None:
    file = page_file(page)
    for program in programs_of(load_page(file), file, pid, exclude, namespace):
        check(program)


@pytest.mark.parametrize("namespace", [None, NAMESPACE])
def test_whoami_passes_the_checks(namespace: PidNamespace | None) -> None:
    check(whoami(namespace))


@pytest.mark.parametrize("page", PAGES)
def test_a_shipped_page_is_known(page: str) -> None:
    file = page_file(page)
    load_page(file)
    assert shipped.is_shipped(file)


def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of hello in a copy of its directory, with a line that the verifier refuses."""
    package = tmp_path / "tuxscope"
    shutil.copytree(shipped.PACKAGE, package)
    monkeypatch.setattr(shipped, "PACKAGE", str(package))
    monkeypatch.setattr(shipped, "PROGRAMS", str(package / "programs"))
    for name in [each for each in sys.modules if each.startswith(shipped.EMITTING)]:
        copy = package / (Path(sys.modules[name].__file__ or "").relative_to(ORIGINAL))
        monkeypatch.setattr(sys.modules[name], "__file__", str(copy))
    page = package / "programs" / "hello.py"
    whole = page.read_text()
    assert shipped.is_shipped(str(page))
    text = whole.replace("    a.mov(r0, 0)", "    a.mov(r0, r7)").replace("r5, r6", "r5, r6, r7")
    assert text != whole
    page.write_text(text)
    return str(page)


ORIGINAL = shipped.PACKAGE


def test_an_edited_page_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = edited(tmp_path, monkeypatch)
    assert not shipped.is_shipped(file)
    with pytest.raises(UninitialisedRegisterError, match=r"hello\.py:\d+: .*r7 is read"):
        programs_of(load_page(file), file, live=True)


def test_a_page_whose_import_was_edited_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(edited(tmp_path, monkeypatch))
    shutil.copy(Path(ORIGINAL) / "programs" / "hello.py", page)
    assert shipped.is_shipped(str(page))
    with (page.parents[1] / "page" / "pid_namespace.py").open("a") as file:
        file.write("\n")
    assert not shipped.is_shipped(str(page))


def test_a_copy_elsewhere_is_checked(tmp_path: Path) -> None:
    shutil.copy(page_file("hello"), tmp_path / "hello.py")
    assert not shipped.is_shipped(str(tmp_path / "hello.py"))


def test_only_a_run_on_the_kernel_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Program] = []
    monkeypatch.setattr("tuxscope.asm.checks.check", seen.append)
    file = page_file("hello")
    page = load_page(file)
    programs_of(page, file, live=True)
    assert seen == []
    assert list(programs_of(page, file)) == seen


@pytest.mark.parametrize("change", [b"", b"\0", b"\xff"])
def test_a_digest_tells_edits(change: bytes) -> None:
    data = (Path(ORIGINAL) / "programs" / "hello.py").read_bytes()
    changed = {shipped.digest(data[:at] + change + data[at + 1 :]) for at in range(len(data))}
    assert shipped.digest(data) not in changed
    assert shipped.digest(b"\0" + data) != shipped.digest(data) != shipped.digest(data + b"\0")
    assert DIGESTS["programs/hello.py"] == shipped.digest(data)
