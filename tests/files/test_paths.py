"""Paths by fd, beside what /proc/self/fd shows: docs/files.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from circumstances import under, with_mounts

from files.watching import Watching, WithoutCasts, real, watching
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = [pytest.mark.kernel]
DELETED = b" (deleted)"


@pytest.fixture(scope="module", params=[RunningKernelLayout, WithoutCasts])
def watch(request: pytest.FixtureRequest, no_kernel: str) -> Iterator[Watching]:
    """All tests with both ways to read the kernel's structs."""
    if no_kernel:
        pytest.skip(no_kernel)
    layout = request.param()
    if problem := layout.without_structs:
        pytest.skip(str(problem))
    if request.param is RunningKernelLayout and not layout.cast("file"):
        pytest.skip("this kernel's programs may not call bpf_rdonly_cast")
    with watching(layout) as watched:
        yield watched


def mounted(script: str, folder: Path) -> tuple[str, ...]:
    """A prefix that mounts something, with the folder as ``$0``; skips the test where it cannot."""
    return under(*with_mounts(script, str(folder)))


def test_a_file(watch: Watching, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (path,) = watch.reads("look(sys.argv[1])", arguments=(str(file),))
    stat = file.stat()
    assert (path.inside, path.outside) == (real(file), real(file))
    assert (path.ino, path.mode, path.nlink) == (stat.st_ino, stat.st_mode, 1)
    assert (path.reachable, path.truncated) == (True, False)
    assert path.mount_namespace == os.stat("/proc/self/ns/mnt").st_ino


def test_an_open_and_its_reads_are_of_one_path(watch: Watching, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seen = watch.of("fd = look(sys.argv[1]); see(fd)", arguments=(str(tmp_path / "file"),))
    found = [
        each.event for each in seen if each.path and each.path.inside == real(tmp_path / "file")
    ]
    assert [each.opens for each in found] == [1, 0, 0]
    assert len({(each.id, each.ino, each.dev) for each in found}) == 1


def test_a_device_is_told_as_stat_does(watch: Watching) -> None:
    seen = watch.of("look('/proc/self/status'); look('/dev/null')")
    for each, name in zip(
        (each for each in seen if each.link), ("/proc/self", "/dev"), strict=True
    ):
        assert each.path
        dev = os.stat(name).st_dev
        assert each.event.dev == each.path.dev == os.major(dev) << 20 | os.minor(dev)


@pytest.mark.parametrize(
    "name",
    [
        "/",
        "/proc",
        "/proc/self/status",
        "/proc/1/net",
        "/sys/kernel",
        "/dev/null",
        "/dev/shm",
        "/etc",
    ],
)
def test_what_every_machine_has(watch: Watching, name: str) -> None:
    watch.reads("look(sys.argv[1])", arguments=(name,))


@pytest.mark.parametrize("levels", [20, 60, 200])
def test_many_levels(watch: Watching, tmp_path: Path, levels: int) -> None:
    deep = tmp_path.joinpath(*(f"level{each}" for each in range(levels)))
    deep.mkdir(parents=True)
    (path,) = watch.reads("look(sys.argv[1])", arguments=(str(deep),))
    assert path.inside == real(deep)


DEEP = """
os.chdir(sys.argv[1])
for _ in range({levels}):
    os.mkdir({name!r})
    os.chdir({name!r})
fd = os.open(".", os.O_RDONLY)
try: os.read(fd, 0)
except OSError: pass
print(os.getpid(), fd, "", flush=True)
for _ in range({levels}):
    os.chdir("..")
    os.rmdir({name!r})
"""


@pytest.mark.parametrize(("levels", "name"), [(300, "d"), (20, "n" * 255)])
def test_what_there_is_no_room_for_is_left_out_above(
    watch: Watching, tmp_path: Path, levels: int, name: str
) -> None:
    script = DEEP.format(levels=levels, name=name)
    (seen,) = [
        each for each in watch.of(script, arguments=(str(tmp_path),)) if not each.event.opens
    ]
    assert seen.path
    assert seen.path.truncated
    assert seen.path.inside == seen.path.outside
    dots, *parts = seen.path.inside.split(b"/")
    assert dots == b"..."
    assert set(parts) == {name.encode()}
    assert len(parts) == (256 if name == "d" else 16)


@pytest.mark.parametrize("length", [38, 39, 40, 100, 255])
def test_long_names(watch: Watching, tmp_path: Path, length: int) -> None:
    (path,) = watch.reads(
        "look(sys.argv[1], os.O_CREAT)", arguments=(str(tmp_path / ("x" * length)),)
    )
    assert path.inside.endswith(b"/" + b"x" * length)


def test_a_path_above_255_bytes(watch: Watching, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(letter * 200 for letter in "abcdefghij"))
    deep.mkdir(parents=True)
    (path,) = watch.reads("look(sys.argv[1])", arguments=(str(deep),))
    assert len(path.inside) > 2000


@pytest.mark.parametrize(
    "name", [b"line\nbreak", b"\x1b[31m", b"\xff\xfe", "\u00e4".encode(), b" (deleted)"]
)
def test_bytes_that_are_no_letters(watch: Watching, tmp_path: Path, name: bytes) -> None:
    script = "look(bytes.fromhex(sys.argv[1]), os.O_CREAT)"
    (path,) = watch.reads(script, arguments=((real(tmp_path) + b"/" + name).hex(),))
    assert path.inside == real(tmp_path) + b"/" + name
    assert str(path) == path.inside.decode("utf-8", "replace")


def test_deleted(watch: Watching, tmp_path: Path) -> None:
    script = """
fd = look(sys.argv[1], os.O_CREAT)
os.unlink(sys.argv[1]); see(fd)
new = look(sys.argv[1], os.O_CREAT); see(fd)
"""
    paths = watch.reads(script, arguments=(str(tmp_path / "file"),))
    name = real(tmp_path / "file")
    assert [each.inside for each in paths] == [name, name + DELETED, name, name + DELETED]
    assert (paths[1].nlink, paths[2].nlink) == (0, 1)


def test_the_same_name_for_another_file(watch: Watching, tmp_path: Path) -> None:
    """ext4 gives its inode's number again at once."""
    script = """
for _ in range(8):
    os.close(look(sys.argv[1], os.O_CREAT)); os.unlink(sys.argv[1])
"""
    paths = watch.reads(script, arguments=(str(tmp_path / "file"),))
    assert {each.inside for each in paths} == {real(tmp_path / "file")}
    assert len({(each.ino, each.generation) for each in paths}) == 8


def test_another_name_for_the_same_number(watch: Watching, tmp_path: Path) -> None:
    script = """
for name in "abcdefgh":
    name = os.path.join(sys.argv[1], name)
    os.close(look(name, os.O_CREAT)); os.unlink(name)
"""
    paths = watch.reads(script, arguments=(str(tmp_path),))
    assert [each.inside[-2:].decode() for each in paths] == [f"/{each}" for each in "abcdefgh"]


def test_renamed(watch: Watching, tmp_path: Path) -> None:
    script = """
os.chdir(sys.argv[1])
fd = look("old", os.O_CREAT)
os.rename("old", "new"); see(fd)
os.mkdir("sub"); os.rename("new", "sub/new"); see(fd)
os.rename("sub", "sup"); see(fd)
os.rename("sup/new", "old"); see(fd)
"""
    paths = watch.reads(script, arguments=(str(tmp_path),))
    names = [
        os.path.relpath(os.fsdecode(each.inside), os.path.realpath(tmp_path)) for each in paths
    ]
    assert names == ["old", "new", "sub/new", "sup/new", "old"]
    assert len({(each.dev, each.ino, each.generation) for each in paths}) == 1


def test_what_is_moved_elsewhere_leaves_a_path_its_id(watch: Watching, tmp_path: Path) -> None:
    script = """
os.chdir(sys.argv[1])
fd = look("file", os.O_CREAT)
os.mkdir("other"); os.rename("other", "another"); see(fd)
"""
    seen = watch.of(script, arguments=(str(tmp_path),))
    assert len({each.event.id for each in seen if each.link}) == 1


def test_hard_links(watch: Watching, tmp_path: Path) -> None:
    script = """
os.chdir(sys.argv[1])
look("one", os.O_CREAT); os.link("one", "two"); look("two")
"""
    one, two = watch.reads(script, arguments=(str(tmp_path),))
    assert (one.ino, one.generation) == (two.ino, two.generation)
    assert (one.nlink, two.nlink) == (1, 2)
    assert (one.inside[-4:], two.inside[-4:]) == (b"/one", b"/two")


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("see(os.pipe()[0])", b"pipe:["),
        ("import socket; s = socket.socket(); see(s.fileno())", b"socket:["),
        ("import socket; s = socket.socketpair(); see(s[1].fileno())", b"socket:["),
        ("import select; e = select.epoll(); see(e.fileno())", b"anon_inode:[eventpoll]"),
        ("see(os.eventfd(0, os.EFD_NONBLOCK))", b"anon_inode:[eventfd"),
        ("see(os.memfd_create('some name'))", b"/memfd:some name (deleted)"),
        ("see(os.pidfd_open(os.getpid()))", b"anon_inode:[pidfd]"),
        ("look('/proc/self/ns/mnt')", b"mnt:["),
        ("look('/proc/self/ns/pid')", b"pid:["),
        ("look('/proc/self/ns/net')", b"net:["),
        ("look('/etc/passwd', os.O_PATH)", b"/etc/passwd"),
        ("look('/etc', os.O_PATH | os.O_DIRECTORY)", b"/etc"),
        ("look('/proc/self/exe', os.O_PATH | os.O_NOFOLLOW)", b"/proc/"),
        ("look('/dev/shm', os.O_TMPFILE | os.O_RDWR)", b"/"),
        ("see(os.openpty()[1])", b"/dev/pts/"),
        ("see(LINKS)", b"/proc/"),
    ],
)
def test_files_of_all_kinds(watch: Watching, script: str, shown: bytes) -> None:
    (path,) = watch.reads(script)
    assert path.inside.startswith(shown)


def test_fork_dup_and_exec(watch: Watching, tmp_path: Path) -> None:
    script = """
fd = look(sys.argv[1], os.O_CREAT)
see(os.dup(fd)); see(os.dup2(fd, 200))
if os.fork() == 0:
    os.close(LINKS); LINKS = os.open("/proc/self/fd", os.O_RDONLY)
    see(fd); see(200)
    os._exit(0)
os.wait()
"""
    paths = watch.reads(script, arguments=(str(tmp_path / "file"),))
    assert [each.inside for each in paths] == [real(tmp_path / "file")] * 5


def test_a_descriptor_that_another_process_sent(watch: Watching, tmp_path: Path) -> None:
    script = """
import socket
here, there = socket.socketpair()
if os.fork() == 0:
    fd = os.open(sys.argv[1], os.O_CREAT)
    socket.send_fds(here, [b"x"], [fd])
    os._exit(0)
os.wait()
see(socket.recv_fds(there, 1, 1)[1][0])
"""
    (path,) = watch.reads(script, arguments=(str(tmp_path / "file"),))
    assert path.inside == real(tmp_path / "file")


def test_threads(watch: Watching, tmp_path: Path) -> None:
    script = """
import threading
def work():
    see(fd)
fd = os.open(sys.argv[1], os.O_CREAT)
thread = threading.Thread(target=work)
thread.start(); thread.join()
"""
    (path,) = watch.reads(script, arguments=(str(tmp_path / "file"),))
    assert path.inside == real(tmp_path / "file")


def test_no_descriptor(watch: Watching) -> None:
    script = """
for fd in (1000, 70000, 2147483647, -1):
    try: os.read(fd, 0)
    except OSError: pass
    print(os.getpid(), fd % (1 << 32), "", flush=True)
"""
    assert [each.path for each in watch.of(script) if not each.event.opens] == [None] * 4


def test_bind_mounts(watch: Watching, tmp_path: Path) -> None:
    prefix = mounted(
        'cd "$0" && mkdir -p a/b c/d && touch a/b/file && mount --bind a c && mount --bind c/b c/b '
        "&& touch c/single a/b/other && mount --bind a/b/other c/single",
        tmp_path,
    )
    script = "os.chdir(sys.argv[1]); look('c/b/file'); look('a/b/file'); look('c/single')"
    paths = watch.reads(script, *prefix, arguments=(str(tmp_path),))
    where = real(tmp_path)
    assert [each.outside for each in paths] == [
        where + b"/c/b/file",
        where + b"/a/b/file",
        where + b"/c/single",
    ]
    assert paths[0].ino == paths[1].ino
    assert paths[0].mount_namespace != os.stat("/proc/self/ns/mnt").st_ino


def test_the_root_seen_in_another_place(watch: Watching, tmp_path: Path) -> None:
    prefix = mounted('mount --bind / "$0"', tmp_path)
    script = "look(sys.argv[1] + '/etc/passwd'); look(sys.argv[1])"
    file, folder = watch.reads(script, *prefix, arguments=(str(tmp_path),))
    assert (file.inside, folder.inside) == (real(tmp_path) + b"/etc/passwd", real(tmp_path))


def test_mounts_on_mounts(watch: Watching, tmp_path: Path) -> None:
    prefix = mounted(
        'cd "$0" && for each in 1 2 3; do mount -t tmpfs tmpfs "$0"; done && cd "$0" && mkdir dir '
        "&& mount -t tmpfs tmpfs dir && mkdir dir/dir && mount -t tmpfs tmpfs dir/dir "
        "&& touch dir/dir/file",
        tmp_path,
    )
    script = "look(sys.argv[1] + '/dir/dir/file'); look(sys.argv[1])"
    watch.reads(script, *prefix, arguments=(str(tmp_path),))


def test_a_mount_that_is_moved(watch: Watching, tmp_path: Path) -> None:
    prefix = mounted(
        'mount --make-rprivate / && cd "$0" && mkdir -p one two && mount -t tmpfs tmpfs one '
        "&& touch one/file",
        tmp_path,
    )
    script = """
import subprocess
os.chdir(sys.argv[1])
fd = look("one/file")
subprocess.run(["mount", "--move", "one", "two"], check=True, timeout=30)
see(fd)
subprocess.run(["umount", "-l", "two"], check=True, timeout=30)
see(fd)
"""
    paths = watch.reads(script, *prefix, arguments=(str(tmp_path),))
    where = real(tmp_path)
    assert [each.inside for each in paths] == [where + b"/one/file", where + b"/two/file", b"/file"]
    assert [each.reachable for each in paths] == [True, True, False]
    assert paths[2].mount_namespace == 0


def test_overlayfs(watch: Watching, tmp_path: Path) -> None:
    prefix = mounted(
        'mount -t tmpfs tmpfs "$0" && cd "$0" && mkdir lower upper work all && echo x > lower/file '
        "&& mkdir lower/dir && echo x > lower/dir/copied "
        "&& mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work all",
        tmp_path,
    )
    script = """
os.chdir(sys.argv[1])
look("all/file"); fd = look("all/dir/copied")
look("all/dir/copied", os.O_RDWR); see(fd); look("all/dir/new", os.O_CREAT); look("upper/dir/new")
"""
    paths = watch.reads(script, *prefix, arguments=(str(tmp_path),))
    names = [each.outside.removeprefix(real(tmp_path)).decode() for each in paths]
    assert names == [
        "/all/file",
        "/all/dir/copied",
        "/all/dir/copied",
        "/all/dir/copied",
        "/all/dir/new",
        "/upper/dir/new",
    ]


def test_chroot(watch: Watching, tmp_path: Path) -> None:
    script = """
os.chdir(sys.argv[1])
os.makedirs("jail/dir")
before = os.open("outside", os.O_CREAT)
known = look("jail/dir/file", os.O_CREAT)
os.chroot("jail")
see(known); look("/dir/file"); look("/"); see(before)
"""
    paths = watch.reads(script, arguments=(str(tmp_path),))
    where = real(tmp_path)
    file = where + b"/jail/dir/file"
    assert [each.inside for each in paths] == [
        file,
        b"/dir/file",
        b"/dir/file",
        b"/",
        where + b"/outside",
    ]
    assert [each.outside for each in paths] == [
        file,
        file,
        file,
        where + b"/jail",
        where + b"/outside",
    ]
    assert [each.reachable for each in paths] == [True, True, True, True, False]


def test_another_root(watch: Watching, tmp_path: Path) -> None:
    """As containers have it."""
    prefix = mounted(
        'mount --make-rprivate / && mount --rbind / "$0" && cd "$0" && pivot_root . . '
        "&& umount -l . && cd /",
        tmp_path,
    )
    (path,) = watch.reads("look('/etc/passwd')", *prefix)
    assert (path.inside, path.outside) == (b"/etc/passwd", b"/etc/passwd")
    assert path.mount_namespace not in (0, os.stat("/proc/self/ns/mnt").st_ino)
