"""Operations on files of strace's lines, and whether tuxscope fileio shows the same."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest
from fidelity.commands import commands
from fidelity.lines import strace_lines
from fidelity.watching import after_gate, outputs
from files_fidelity.__main__ import DIRECTORY, FILEIO, GATE_ASKS, differences
from files_fidelity.operations import Operation, normal, of_fileio, of_strace, unescaped
from hypothesis import given
from hypothesis import strategies as st

STRACE = r"""
7  openat(AT_FDCWD</tmp>, "a\n\303\251", O_RDONLY) = 3</tmp/a\n\303\251>
7  openat(AT_FDCWD</tmp>, "./no//where", O_RDONLY) = -1 ENOENT (No such file or directory)
7  read(3</tmp/a>, "x"..., 100)      = 5
7  read(0<pipe:[5]>, "x", 100)       = 1
7  mmap(NULL, 5, PROT_READ, MAP_PRIVATE, 3</tmp/a>, 0) = 0x7f0000000000
7  mmap(NULL, 5, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, 3</tmp/a>, 0) = 0x7f0000000000
7  newfstatat(3</tmp/a>, "", {st_mode=S_IFREG|0644, st_size=5, ...}, AT_EMPTY_PATH) = 0
7  newfstatat(AT_FDCWD</tmp>, "", 0x7f, 0) = -1 ENOENT (No such file or directory)
7  unlinkat(4</srv>, "d", AT_REMOVEDIR) = 0
7  chdir("sub")                      = 0
7  clone(child_stack=NULL, flags=SIGCHLD) = 8
8  rename("b", "/c")                 = 0
7  read(3</tmp/a>, 0x7f, 10)         = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
7  sendfile(1<socket:[6]>, 3</tmp/a>, NULL, 10) = 4
7  symlink("../text/", "l")          = 0
7  close(3</tmp/a>(deleted))         = 0
7  open("/proc/self/maps", O_RDONLY) = 3</proc/7/maps>
9  exit_group(0)                     = ?
"""
SAME = [
    Operation("open", "/tmp/a\né", "", -1, ""),
    Operation("open", "/tmp/no/where", "", -1, "ENOENT"),
    Operation("read", "/tmp/a", "", 5, ""),
    Operation("mmap", "/tmp/a", "", -1, ""),
    Operation("stat", "/tmp/a", "", -1, ""),
    Operation("rmdir", "/srv/d", "", -1, ""),
    Operation("rename", "/work/sub/b", "/c", -1, ""),
    Operation("sendfile", "/tmp/a", "socket:[6]", 4, ""),
    Operation("symlink", "../text/", "/work/sub/l", -1, ""),
    Operation("close", "/tmp/a", "", -1, ""),
]


def test_operations_of_strace() -> None:
    assert list(of_strace(strace_lines(STRACE), "/work")) == SAME


def test_operations_of_fileio() -> None:
    gate = {"pid": 7, "op": "access", "path": "/x/tools/go", "to": None, "bytes": None}
    objects = [gate | {"error": "ENOENT"}, gate | {"error": None}]
    for each in SAME:
        moved = None if each.moved < 0 else each.moved
        objects.append({
            "pid": 8, "op": each.op, "path": each.path, "to": each.to or None, "bytes": moved,
            "error": each.error or None,
        })  # fmt: skip
    objects.append(objects[-1] | {"path": "/dev/null"})
    text = "".join(f"{json.dumps(each)}\n" for each in objects)
    assert list(of_fileio(text, 7)) == SAME


def test_what_differs_is_told() -> None:
    one, other = Counter(SAME), Counter([*SAME[1:], SAME[1]])
    assert list(differences(one, other)) == [
        f"        only strace, 1: {SAME[0]}\n",
        f"        only tuxscope, 1: {SAME[1]}\n",
    ]


@pytest.mark.parametrize(
    ("path", "made"),
    [("/a/./b//c/.", "/a/b/c"), ("/", "/"), ("//", "/"), ("/a/..", "/a/.."), ("/a/", "/a"),
     ("/a (deleted)", "/a"), ("pipe:[5]", "pipe:[5]"), ("/./.", "/"), ("/.a/b.", "/.a/b.")],
)  # fmt: skip
def test_a_path_is_compared_by_its_names(path: str, made: str) -> None:
    assert normal(path) == made


@given(st.text(max_size=60), st.text(alphabet='"\\<>()[]{},-3D/*= 0x7', max_size=60))
def test_any_text_is_taken(one: str, other: str) -> None:
    unescaped(one), unescaped(other)
    lines = f"1 open({one}) = 3\n1 read({other}) = 5\n1 openat({other}, {other}) = 3<{one}>\n"
    list(of_strace(strace_lines(lines), "/"))


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("name", ["tar x", "cp, mv, rm", "ln, readlink", "names with escapes"])
def test_strace_shows_the_same_files_and_bytes(name: str) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    command = next(each for each in commands() if each.name == name)
    made = outputs(command, FILEIO, GATE_ASKS)
    place = DIRECTORY.search(made.theirs)
    assert place
    lines = after_gate(strace_lines(made.theirs), made.pid, 2)
    theirs = Counter(of_strace(lines, f"{place[1]}work"))
    ours = Counter(of_fileio(made.ours, made.pid))
    assert theirs.total() > 50
    assert not list(differences(theirs, ours))
    assert made.lost == 0
