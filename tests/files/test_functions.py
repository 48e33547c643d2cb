"""What programs call, and what user space keeps: docs/files.md."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from files.watching import WithoutCasts, real
from tuxscope.asm import Array, Assembler, Program, RawTracepoint, helper
from tuxscope.asm.layout import RecordedLayout
from tuxscope.asm.listing import text
from tuxscope.asm.registers import r0, r1, r2, r3, r6
from tuxscope.files.emitting import (
    FILE_OF,
    FILE_OF_FD,
    WORKING_DIRECTORY,
    NoFilesError,
    file_functions,
)
from tuxscope.files.known import (
    KNOWN,
    LONG_PATHS,
    SHORT_PATHS,
    WALKS,
    FileKey,
    KnownFile,
    LongPath,
    PathHead,
    PathWalk,
    ShortPath,
)
from tuxscope.files.layout import FILES_6_18
from tuxscope.files.paths import FilePaths
from tuxscope.loader import load
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.record import u64

ANSWER = Array("ANSWER", value=u64, max_entries=1)


@pytest.fixture(params=[RunningKernelLayout, WithoutCasts])
def layout(request: pytest.FixtureRequest) -> RunningKernelLayout:
    found: RunningKernelLayout = request.param()
    if problem := found.without_structs:
        pytest.skip(str(problem))
    return found


def asking(layout: RunningKernelLayout, function: str, fd: int = 0) -> Program:
    """Keeps the id of a file: of an fd, of the process's executable, of its working directory."""
    a = Assembler("asking", attach=RawTracepoint())
    pointer = a.stack(u64)
    a.mov(r1, fd)
    if function == FILE_OF:
        a.call(helper.get_current_task)
        a.mov(r6, r0)
        for struct, member in (("task_struct", "mm"), ("mm_struct", "exe_file")):
            a.mov(r3, r6)
            a.add(r3, layout.member(struct, member).offset)
            a.lea(r1, pointer)
            a.mov(r2, 8)
            a.call(helper.probe_read_kernel)
            a.ldx(r6, pointer)
        a.mov(r1, r6)
    a.call(function)
    a.mov(r6, 0)
    a.jeq(r0, 0, "none")
    a.ldx(r6, KnownFile[r0].id)
    a.label("none")
    a.ld_map_value(r1, ANSWER)
    a.stx(u64[r1 + 0], r6)
    a.mov(r0, 0)
    a.exit()
    file_functions(a, layout, function)
    return a.program()


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("function", "link"), [(FILE_OF, "/proc/self/exe"), (WORKING_DIRECTORY, "/proc/self/cwd")]
)
def test_files_that_have_no_descriptor(
    layout: RunningKernelLayout, function: str, link: str
) -> None:
    with load(asking(layout, function)) as loaded:
        loaded.test_run()
        path = FilePaths(loaded.maps)[loaded.maps[ANSWER].lookup(0)]
    assert path
    assert path.inside == os.fsencode(os.readlink(link))


@pytest.mark.kernel
def test_a_file_that_has_no_room_is_counted_and_read_again(
    layout: RunningKernelLayout, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("w") as file:
        program = asking(layout, FILE_OF_FD, file.fileno())
        with load(program) as loaded:
            paths, answer = FilePaths(loaded.maps), loaded.maps[ANSWER]
            short = loaded.maps[SHORT_PATHS]
            filler = ShortPath(head=PathHead(key=FileKey()), names=bytes(ShortPath.names.size))
            numbers = range(1, SHORT_PATHS.max_entries + 1)
            short.update_batch((number, filler) for number in numbers)
            loaded.test_run()
            assert (answer.lookup(0), paths.missed) == (0, 1)
            short.delete_batch(numbers)
            loaded.test_run()
            path = paths[answer.lookup(0)]
            assert paths.missed == 1
    assert path
    assert path.inside == real(tmp_path / "file")


@pytest.mark.kernel
@pytest.mark.parametrize("changed", ["/other/same", "/other/name"])
def test_a_rename_is_noticed_that_nobody_counted(
    layout: RunningKernelLayout, tmp_path: Path, changed: str
) -> None:
    (tmp_path / "other").mkdir()
    with (tmp_path / "same").open("w") as file:
        program = asking(layout, FILE_OF_FD, file.fileno())
        with load(program) as loaded:
            paths, answer = FilePaths(loaded.maps), loaded.maps[ANSWER]
            loaded.test_run()
            before = paths[answer.lookup(0)]
            (tmp_path / "same").rename(f"{tmp_path}{changed}")
            loaded.test_run()
            after = paths[answer.lookup(0)]
    assert before
    assert after
    assert before.inside == real(tmp_path) + b"/same"
    assert after.inside == real(tmp_path) + changed.encode()


@pytest.mark.kernel
@pytest.mark.parametrize(
    "name", ["ino", "generation", "parent", "name_hash", "name_length", "deleted", "moves"]
)
def test_what_differs_from_what_is_known_is_noticed(
    layout: RunningKernelLayout, tmp_path: Path, name: str
) -> None:
    """As if another file had been there before."""
    with (tmp_path / "file").open("w") as file:
        program = asking(layout, FILE_OF_FD, file.fileno())
        with load(program) as loaded:
            known = loaded.maps[KNOWN]
            loaded.test_run()
            ((key, found),) = known.items()
            fields = {each: getattr(found, each) for each in KnownFile.fields}
            known.update(key, KnownFile(**{**fields, name: fields[name] ^ 1, "chain": 0}))
            loaded.test_run()
            ((_, again),) = known.items()
    assert getattr(again, name) == fields[name]
    assert again.chain == found.chain
    assert again.id != found.id


@pytest.mark.kernel
def test_two_programs_do_not_read_into_one_place(
    layout: RunningKernelLayout, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("w") as file:
        program = asking(layout, FILE_OF_FD, file.fileno())
        with load(program) as loaded:
            answer, walks = loaded.maps[ANSWER], loaded.maps[WALKS]
            busy = PathWalk(users=1, path=LongPath(names=bytes(LongPath.names.size)))
            walks.update(0, tuple(busy for _ in walks.lookup(0)))
            loaded.test_run()
            assert answer.lookup(0) == 0
            assert [each.users for each in walks.lookup(0)] == [1 for _ in walks.lookup(0)]
            assert FilePaths(loaded.maps).missed == 1


@pytest.mark.kernel
def test_a_path_that_is_let_go_is_read_again(layout: RunningKernelLayout, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        program = asking(layout, FILE_OF_FD, file.fileno())
        with load(program) as loaded:
            answer = loaded.maps[ANSWER]
            forgetful = FilePaths(loaded.maps, most=0)
            loaded.test_run()
            first = answer.lookup(0)
            assert forgetful[first] is None
            loaded.test_run()
            second = answer.lookup(0)
            assert first != second
            assert FilePaths(loaded.maps)[second]


@dataclass
class Entries:
    """A map that is a dict."""

    held: dict[Any, Any] = field(default_factory=dict)

    def lookup(self, key: Any) -> Any:
        return self.held.get(key)

    def items(self) -> Iterable[tuple[Any, Any]]:
        return self.held.items()

    def delete(self, key: Any) -> bool:
        return self.held.pop(bytes(key), None) is not None

    def delete_batch(self, keys: Iterable[Any]) -> int:
        return sum(self.held.pop(key, None) is not None for key in tuple(keys))


def test_the_paths_that_are_kept_were_asked_for_last() -> None:
    keys = {number: FileKey(dentry=number) for number in range(1, 5)}
    known = Entries({bytes(key): number for number, key in keys.items()})
    short = Entries()
    paths = FilePaths(
        {KNOWN: known, WALKS: Entries(), SHORT_PATHS: short, LONG_PATHS: Entries()}, 2
    )

    def waits(number: int) -> None:
        head = PathHead(id=number, key=keys[number], length=2, inside=2, flags=2)
        short.held[number] = ShortPath(
            head=head, names=b"%d" % number + bytes(ShortPath.names.size - 1)
        )

    waits(1), waits(2)
    assert str(paths[1]) == "/1"
    waits(3)
    assert str(paths[3]) == "/3"  # and no room for 2
    assert (str(paths[1]), paths[2]) == ("/1", None)
    assert sorted(known.held.values()) == [1, 3, 4]
    assert not short.held


@pytest.mark.parametrize(("flags", "path"), [(4, b"/a/b"), (5, b"/a/b (deleted)")])
def test_a_path_without_a_mount_begins_at_the_root_of_its_file_system(
    flags: int, path: bytes
) -> None:
    """No program has to know files by descriptors, too: there is no map FILES."""
    head = PathHead(id=1, key=FileKey(dentry=1), length=4, flags=flags)
    names = b"b\0a\0" + bytes(ShortPath.names.size - 4)
    short = Entries({1: ShortPath(head=head, names=names)})
    paths = FilePaths({WALKS: Entries(), SHORT_PATHS: short, LONG_PATHS: Entries()})
    found = paths[1]
    assert found
    assert (found.outside, found.inside, found.mount_namespace) == (path, path, 0)


def test_the_functions_can_be_listed_without_a_kernel() -> None:
    a = Assembler("listed", attach=RawTracepoint())
    for name in (FILE_OF_FD, FILE_OF, WORKING_DIRECTORY):
        a.mov(r1, 0)
        a.call(name)
    a.mov(r0, 0)
    a.exit()
    recorded = RecordedLayout(fields={}, members=FILES_6_18)
    file_functions(a, recorded, FILE_OF_FD, FILE_OF, WORKING_DIRECTORY)
    listed = text(a.program())
    assert f"{FILE_OF_FD}:" in listed
    assert "bpf_probe_read_kernel_str" in listed


def test_a_kernel_that_says_nothing_of_its_structs_has_no_files() -> None:
    a = Assembler("nothing", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    with pytest.raises(NoFilesError, match="no BTF"):
        file_functions(a, RecordedLayout(fields={}, members={}), FILE_OF_FD)
