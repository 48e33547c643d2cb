"""``tuxscope fileio``: each operation, with what it did, as the program that did it says."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT

from e2e.callers import HEAD_32, PROGRAM_32, elf_32
from e2e.files_traced import FilesTraced, expected
from tuxscope.abi.architecture import Abi
from tuxscope.abi.names import numbers
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

needs_files = pytest.mark.skipif(
    not RunningKernelLayout().has_structs, reason="this kernel does not say where files are"
)


def same(files: FilesTraced, script: str, *options: str, order: Any = None) -> None:
    """What is shown is what was done; ``order``: a key to sort both by."""
    found = [expected(each) for each in files.objects(script, *options)]
    made = files.made
    if order:
        found, made = sorted(found, key=order), sorted(made, key=order)
    assert found == made
    assert len(made) > 1
    assert ", 0 lost" in files.result.stderr


@needs_files
@pytest.mark.matrix
def test_opening_and_closing(files: FilesTraced) -> None:
    same(
        files,
        """
fd = do("openat", -100, at("a"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640, op="open",
        path=named("a"), flags="O_RDWR|O_CREAT|O_EXCL", mode="0640", file="result")
do("openat", -100, at("a"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, op="open",
   path=named("a"), flags="O_RDWR|O_CREAT|O_EXCL", mode="0600")
do("openat", -100, at("b"), 0, 0, op="open", path=named("b"), flags="O_RDONLY")
do("close", fd, op="close", path=named("a"), file=fd)
do("close", fd, op="close", seen=False)
fd = do("open", at("a"), os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0, op="open",
        path=named("a"), flags="O_WRONLY|O_TRUNC|O_APPEND", file="result")
if fd: os.close(fd); made.append(dict(made[-1], op="close", flags=None, ret=0))
fd = do("creat", at("c"), 0o4711, op="open", path=named("c"), mode="4711",
        flags="O_WRONLY|O_CREAT|O_TRUNC", file="result")
do("creat", at("none/c"), 0o644, op="open", path=named("none/c"), mode="0644",
   flags="O_WRONLY|O_CREAT|O_TRUNC")
directory = do("openat", -100, at(""), os.O_DIRECTORY | os.O_CLOEXEC, 0, op="open", path=ROOT,
               flags="O_RDONLY|O_DIRECTORY|O_CLOEXEC", file="result")
do("openat", directory, b"a", os.O_PATH, 0, op="open", path=named("a"), flags="O_RDONLY|O_PATH",
   file="result")
do("openat", directory, b"none", os.O_RDWR, 0, op="open", path=named("none"), flags="O_RDWR")
do("openat", directory, b"./c//none", os.O_RDWR, 0, op="open", path=named("c/none"),
   flags="O_RDWR")
do("openat", directory, at("elsewhere"), 0, 0, op="open", path=named("elsewhere"),
   flags="O_RDONLY")
do("openat", directory, b".", os.O_TMPFILE | os.O_RDWR, 0o600, op="open", mode="0600",
   flags="O_RDWR|O_TMPFILE", file="result", path="?")
os.chdir(ROOT)
os.symlink("a", "link")
made.append(dict.fromkeys(made[0]) | {each: made[0][each] for each in ("pid", "ppid", "tid", "uid")}
            | dict(op="symlink", path="a", to=named("link"), ret=0))
fd = do("openat", -100, b"link", os.O_PATH | os.O_NOFOLLOW, 0, op="open", path=named("link"),
        flags="O_RDONLY|O_NOFOLLOW|O_PATH", file="result")
do("close", fd, op="close", path=named("link"), file=fd)
do("openat", -100, b"a", os.O_DIRECT | os.O_SYNC, 0, op="open", path=named("a"),
   flags="O_RDONLY|O_SYNC|O_DIRECT", file="result")
do("openat", -100, b"none/", 0, 0, op="open", path=named("none/"), flags="O_RDONLY")
do("openat", -100, b"../none", 0, 0, op="open", path=named("../none"), flags="O_RDONLY")
how = (ctypes.c_ulong * 3)(os.O_RDWR | os.O_CREAT, 0o604, 0)
do("openat2", directory, b"d", how, 24, op="open", path=named("d"), flags="O_RDWR|O_CREAT",
   mode="0604", file="result")
how = (ctypes.c_ulong * 3)(os.O_WRONLY, 0, 0)
do("openat2", directory, b"none", how, 24, op="open", path=named("none"), flags="O_WRONLY")
do("openat2", directory, b"none", 0, 24, op="open", path=named("none"))
for row in made:
    if row["path"] == "?":
        row["path"] = ROOT if row["error"] else os.readlink(f"/proc/self/fd/{row['ret']}")
""",
    )


@needs_files
@pytest.mark.matrix
def test_bytes_and_offsets(files: FilesTraced) -> None:
    same(
        files,
        """
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
other = os.open(named("b"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
made.clear()
buffer = ctypes.create_string_buffer(100)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
vectors = (Vector * 2)(Vector(ctypes.addressof(buffer), 7), Vector(ctypes.addressof(buffer), 5))
a = dict(path=named("a"), file=fd, moves=True)
b = dict(path=named("b"), file=other, moves=True)
do("write", fd, buffer, 10, op="write", offset=0, **a)
do("write", fd, buffer, 5, op="write", offset=10, **a)
do("writev", fd, vectors, 2, op="writev", offset=15, **a)
do("read", fd, buffer, 5, op="read", offset=27, **a)
os.lseek(fd, 20, 0)
do("read", fd, buffer, 100, op="read", offset=20, **a)
os.lseek(fd, 1 << 33, 0)
do("read", fd, buffer, 100, op="read", offset=1 << 33, **a)
do("pread64", fd, buffer, 9, 3, op="pread", offset=3, **a)
do("pread64", fd, buffer, 9, -3, op="pread", **a)
do("pread64", fd, buffer, 9, -1, op="pread", **a)
do("pwrite64", fd, buffer, 4, 50, op="pwrite", offset=50, **a)
os.lseek(fd, 2, 0)
do("readv", fd, vectors, 2, op="readv", offset=2, **a)
do("preadv", fd, vectors, 2, 45, op="preadv", offset=45, **a)
do("pwritev", fd, vectors, 1, 1, op="pwritev", offset=1, **a)
do("preadv2", fd, vectors, 2, 46, 0, 0, op="preadv", offset=46, **a)
do("preadv2", fd, vectors, 2, -1, -1, 0, op="preadv", offset=14, **a)
do("pwritev2", fd, vectors, 1, 46, 0, 0, op="pwritev", offset=46, **a)
do("pwritev2", fd, vectors, 2, -1, -1, 0, op="pwritev", offset=26, **a)
do("write", other, buffer, 6, op="write", offset=0, **b)
os.lseek(other, 0, 0)
do("write", other, buffer, 6, op="write", offset=6, **b)
do("read", fd, 8, 10, op="read", offset=38, **a)
do("write", fd, 8, 10, op="write", offset=38, **a)
do("readv", fd, 8, 10, op="readv", offset=38, **a)
do("writev", fd, vectors, -1, op="writev", offset=38, **a)
do("write", fd, buffer, 0, op="write", offset=38, **a)
only = os.open(named("a"), os.O_RDONLY)
made.append({})
do("write", only, buffer, 5, op="write", offset=0, path=named("a"), file=only)
do("read", 999, buffer, 5, op="read", seen=False)
here = os.open(ROOT, os.O_RDONLY)
do("read", here, buffer, 5, op="read", offset=0, path=ROOT, file=here)
made = [each for each in made if each]
""",
        "--op",
        "read,write",
    )


@needs_files
@pytest.mark.matrix
def test_from_one_file_to_another(files: FilesTraced) -> None:
    same(
        files,
        """
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
os.write(fd, b"x" * 100)
to = os.open(named("b"), os.O_RDWR | os.O_CREAT, 0o600)
pipe = os.pipe()
pipes = [f"pipe:[{os.fstat(each).st_ino}]" for each in pipe]
both = dict(path=named("a"), to=named("b"), file=fd, moves=True)
os.lseek(fd, 10, 0)
pointed = ctypes.c_long(30)
do("sendfile", to, fd, 0, 20, op="sendfile", offset=10, **both)
do("sendfile", to, fd, ctypes.byref(pointed), 20, op="sendfile", offset=30, **both)
do("sendfile", to, fd, 0, 1000, op="sendfile", offset=30, **both)
do("sendfile", to, fd, 8, 10, op="sendfile", **both)
do("sendfile", 999, fd, ctypes.byref(pointed), 10, op="sendfile", offset=50, path=named("a"),
   file=fd)
os.lseek(fd, 4, 0)
do("copy_file_range", fd, 0, to, 0, 8, 0, op="copy_file_range", offset=4, **both)
do("copy_file_range", fd, ctypes.byref(pointed), to, 0, 9, 0, op="copy_file_range", offset=50,
   **both)
do("copy_file_range", fd, 0, to, ctypes.byref(pointed), 3, 0, op="copy_file_range", offset=12,
   **both)
do("copy_file_range", fd, 0, to, 0, 8, 77, op="copy_file_range", offset=15, **both)
do("splice", fd, 0, pipe[1], 0, 6, 0, op="splice", offset=15, path=named("a"), to=pipes[1],
   file=fd, moves=True)
do("splice", fd, ctypes.byref(pointed), pipe[1], 0, 5, 0, op="splice", offset=62,
   path=named("a"), to=pipes[1], file=fd, moves=True)
do("splice", pipe[0], 0, to, 0, 7, 0, op="splice", path=pipes[0], to=named("b"), file=pipe[0],
   moves=True)
do("splice", pipe[0], 0, to, ctypes.byref(pointed), 4, 0, op="splice", path=pipes[0],
   to=named("b"), file=pipe[0], moves=True)
do("sendfile", pipe[1], fd, 0, 3, op="sendfile", offset=21, path=named("a"), to=pipes[1], file=fd,
   moves=True)
""",
        "--op",
        "sendfile,splice,copy_file_range",
    )


@needs_files
def test_what_is_written_and_how_long_a_file_is(files: FilesTraced) -> None:
    same(
        files,
        """
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
a = dict(path=named("a"), file=fd)
do("fsync", fd, op="fsync", **a)
do("fdatasync", fd, op="fdatasync", **a)
do("sync_file_range", fd, 5, 10, 2, op="sync_file_range", offset=5, **a)
do("truncate", at("a"), 300, op="truncate", path=named("a"), length=300)
do("truncate", at("none"), 300, op="truncate", path=named("none"), length=300)
do("ftruncate", fd, 5000, op="truncate", length=5000, **a)
do("ftruncate", fd, -1, op="truncate", **a)
do("fallocate", fd, 3, 4096, 8192, op="fallocate", offset=4096, length=8192,
   flags="FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE", **a)
do("fallocate", fd, 0, 0, -1, op="fallocate", offset=0, **a)
""",
        "--op",
        "fsync,truncate,fallocate",
    )


@needs_files
@pytest.mark.matrix
def test_names(files: FilesTraced) -> None:
    same(
        files,
        """
os.chdir(ROOT)
here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
for name in "abcdefgh":
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
do("rename", b"a", b"a2", op="rename", path=named("a"), to=named("a2"))
do("renameat", here, b"b", -100, b"b2", op="rename", path=named("b"), to=named("b2"))
do("renameat2", here, b"c", here, at("d"), 1, op="rename", path=named("c"), to=named("d"),
   flags="RENAME_NOREPLACE")
do("renameat2", here, b"c", here, at("d"), 2, op="rename", path=named("c"), to=named("d"),
   flags="RENAME_EXCHANGE")
do("unlink", b"a2", op="unlink", path=named("a2"))
do("unlink", b"a2", op="unlink", path=named("a2"))
do("unlinkat", here, b"b2", 0, op="unlink", path=named("b2"))
do("mkdir", b"m", 0o750, op="mkdir", path=named("m"), mode="0750")
do("mkdir", b"m", 0o750, op="mkdir", path=named("m"), mode="0750")
do("mkdirat", here, b"m/n", 0o1777, op="mkdir", path=named("m/n"), mode="1777")
do("rmdir", b"m", op="rmdir", path=named("m"))
do("unlinkat", here, b"m/n", 0x200, op="rmdir", path=named("m/n"))
do("rmdir", b"m", op="rmdir", path=named("m"))
do("link", b"e", b"e2", op="link", path=named("e"), to=named("e2"))
do("linkat", here, b"e", here, b"e3", 0, op="link", path=named("e"), to=named("e3"))
do("linkat", here, b"none", -100, b"e3", 0, op="link", path=named("none"), to=named("e3"))
do("symlink", b"../text", b"s", op="symlink", path="../text", to=named("s"))
do("symlinkat", b"text/", here, b"s2", op="symlink", path="text/", to=named("s2"))
do("symlinkat", b"text", here, b"s2", op="symlink", path="text", to=named("s2"))
fd = os.open("f", os.O_RDWR)
do("chmod", b"f", 0o100604, op="chmod", path=named("f"), mode="0604")
do("fchmod", fd, 0o600, op="chmod", path=named("f"), mode="0600", file=fd)
do("fchmodat", here, b"f", 0o444, op="chmod", path=named("f"), mode="0444")
do("fchmodat", -100, b"none", 0o444, op="chmod", path=named("none"), mode="0444")
do("fchmodat2", -100, b"f", 0o400, 0, op="chmod", path=named("f"), mode="0400")
os.unlink("f")
made.append(dict(made[0], op="unlink", path=named("f"), to=None))
do("fchmod", fd, 0o600, op="chmod", path=named("f") + " (deleted)", mode="0600", file=fd)
do("unlink", 0, op="unlink", seen=False)
do("unlinkat", here, 8, 0, op="unlink", seen=False)
do("unlinkat", here, b"", 0, op="unlink", seen=False)
""",
        "--op",
        "rename,unlink,mkdir,rmdir,link,symlink,chmod",
    )


@needs_files
def test_status_is_shown_if_it_is_asked_for(files: FilesTraced) -> None:
    script = """
os.chdir(ROOT)
here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
fd = os.open("a", os.O_RDWR | os.O_CREAT)
pipe = os.pipe()
room = ctypes.create_string_buffer(512)
status = os.fstat(fd)
a = dict(dev=device(status), ino=status.st_ino)
for name in ("stat", "lstat"):
    do(name, b"a", room, op="stat", path=named("a"))
do("newfstatat", here, b"a", room, 0, op="stat", path=named("a"))
do("newfstatat", -100, b"none", room, 0, op="stat", path=named("none"))
do("newfstatat", fd, b"", room, 0x1000, op="stat", path=named("a"), **a)
do("newfstatat", fd, b"", room, 0, op="stat", seen=False)
do("newfstatat", fd, 8, room, 0, op="stat", seen=False)
do("newfstatat", pipe[0], b"", room, 0x1000, op="stat", seen=False)
do("statx", here, b"a", 0, 0x7ff, room, op="stat", path=named("a"))
do("statx", fd, b"", 0x1000, 0x7ff, room, op="stat", path=named("a"), **a)
do("fstat", fd, room, op="stat", path=named("a"), **a)
do("fstat", pipe[0], room, op="stat", seen=False)
do("access", b"a", 4, op="access", path=named("a"))
do("faccessat", here, b"none", 4, op="access", path=named("none"))
do("faccessat2", -100, b"a", 4, 0, op="access", path=named("a"))
"""
    found = [expected(each) for each in files.objects(script, "--op", "stat,access")]
    assert found.pop(0)["path"] == files.made[4]["path"]  # of os.fstat()
    assert found == files.made
    assert not any("pipe" in (each["path"] or "") for each in files.result.objects)
    assert {each["op"] for each in found} == {"stat", "access"}
    assert {each["op"] for each in files.objects(script)} == {"open"}


@needs_files
def test_mapped_files(files: FilesTraced) -> None:
    same(
        files,
        """
LIBC.mmap.restype = ctypes.c_long
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(fd, 9000)
a = dict(path=named("a"), file=fd, op="mmap")
do("mmap", 0, 9000, 3, 1, fd, 0, offset=0, length=9000,
   flags="PROT_READ|PROT_WRITE|MAP_SHARED", **a)
do("mmap", 0, 100, 1, 2, fd, 8192, offset=8192, length=100, flags="PROT_READ", **a)
do("mmap", 0, 100, 0, 2, fd, 4096, offset=4096, length=100, flags="PROT_NONE", **a)
do("mmap", 0, 100, 5, 2, fd, 5, offset=5, length=100, flags="PROT_READ|PROT_EXEC", **a)
do("mmap", 0, 100, 3, 0x22, -1, 0, op="mmap", seen=False)
do("mmap", 0, 100, 3, 0x22, fd, 0, op="mmap", seen=False)
""",
        "--op",
        "mmap",
    )
    assert all(each["path"] for each in files.result.objects)


@needs_files
@pytest.mark.matrix
def test_threads_children_and_descriptors_of_others(files: FilesTraced) -> None:
    same(
        files,
        """
import socket, threading
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
buffer = ctypes.create_string_buffer(100)
def writes(fd, name, offset, size):
    do("pwrite64", fd, buffer, size, offset, op="pwrite", path=named(name), file=fd, moves=True,
       offset=offset)
turn = threading.Lock()
def work(number):
    for each in range(20):
        with turn:
            writes(fd, "a", number, each)
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for each in threads: each.start()
for each in threads: each.join()
copy = call("dup", fd)
writes(copy, "a", 7, 9)
call("dup3", fd, 70, 0)
os.close(fd)
writes(70, "a", 8, 9)
ours, theirs = socket.socketpair()
child = os.fork()
if not child:
    made.clear()
    writes(copy, "a", 9, 9)
    own = os.open(named("child's"), os.O_RDWR | os.O_CREAT, 0o600)
    os.rename(named("child's"), named("b"))
    socket.send_fds(theirs, [b"x"], [own])
    tell()
    os._exit(0)
os.waitpid(child, 0)
(got,) = socket.recv_fds(ours, 1, 1)[1]
writes(got, "b", 10, 11)
""",
        "--op",
        "write",
        "--follow",
        order=lambda each: (each["tid"], each["offset"], each["bytes"]),
    )
    assert len({each["tid"] for each in files.made}) == 6
    assert sum(each["bytes"] for each in files.made) == 4 * 190 + 4 * 9 + 2


@needs_files
def test_direct_and_short(files: FilesTraced) -> None:
    same(
        files,
        """
import mmap, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
fd = os.open(named("a"), os.O_RDWR | os.O_CREAT, 0o600)
buffer = ctypes.create_string_buffer(10000)
a = dict(path=named("a"), file=fd, moves=True)
do("write", fd, buffer, 4096, op="write", offset=0, **a)
do("write", fd, buffer, 4096, op="write", offset=4096, **a)
do("write", fd, buffer, 4096, op="write", offset=5000, **a)
do("pread64", fd, buffer, 4096, 4900, op="pread", offset=4900, **a)
try:
    direct = os.open(named("a"), os.O_RDWR | os.O_DIRECT)
except OSError:
    direct = fd
page = mmap.mmap(-1, 4096)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
os.lseek(direct, 0, 0)
do("read", direct, address, 4096, op="read", offset=0, path=named("a"), file=direct, moves=True)
do("read", direct, address, 4096, op="read", offset=4096, path=named("a"), file=direct, moves=True)
do("pwrite64", direct, address, 4096, 0, op="pwrite", offset=0, path=named("a"), file=direct,
   moves=True)
""",
        "--op",
        "read,write",
    )
    assert [each["bytes"] for each in files.made][:4] == [4096, 904, None, 100]


CODE_32 = 1024  # bytes of code, in front of the strings


def code_of_32_bits(path: bytes) -> bytes:
    """Calls of x86's int 0x80 on a new file: it gets the descriptor 3."""
    text = PROGRAM_32 + HEAD_32 + CODE_32
    directory = text + len(path) + 1
    number = numbers(Abi.IA32)
    code = b""
    for name, *arguments in (
        ("open", text, os.O_RDWR | os.O_CREAT | 0o100000, 0o640),
        ("write", 3, text, 5),
        ("pwrite64", 3, text, 4, 1, 1),
        ("ftruncate", 3, 300),
        ("fallocate", 3, 1, 4096, 0, 8192, 0),
        ("mmap2", 0, 300, 1, 2, 3, 0),
        ("mkdir", directory, 0o700),
        ("close", 3),
        ("exit", 0),
    ):
        for register, value in zip(REGISTERS, (number[name], *arguments), strict=False):
            code += register + struct.pack("<I", value)
        code += b"\xcd\x80"
    assert len(code) <= CODE_32
    return code.ljust(CODE_32, b"\x90") + path + b"\0" + path + b".d\0"


REGISTERS = (b"\xb8", b"\xbb", b"\xb9", b"\xba", b"\xbe", b"\xbf", b"\xbd")  # mov to eax, ebx ...


@needs_files
@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 is of x86")
def test_a_program_of_32_bits(tuxscope: Any, tmp_path: Path) -> None:
    program, file = tmp_path / "calls", tmp_path / "file"
    program.write_bytes(elf_32(code_of_32_bits(os.fsencode(file))))
    program.chmod(0o755)
    try:
        subprocess.run([program], timeout=LIMIT, check=True)
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    (tmp_path / "file.d").rmdir()
    found = tuxscope("fileio", "--format", "json", "--", program).finish().objects
    keys = ("op", "path", "flags", "mode", "bytes", "offset", "length", "error")
    made = [tuple(each[key] for key in keys) for each in found]
    name, none = str(file), [None]
    assert made == [
        ("open", name, "O_RDWR|O_CREAT", "0640", *none * 4),
        ("write", name, *none * 2, 5, 0, *none * 2),
        ("pwrite", name, *none * 2, 4, *none * 3),  # the offset is in two arguments
        ("truncate", name, *none * 4, 300, None),
        ("fallocate", name, "FALLOC_FL_KEEP_SIZE", *none * 5),
        ("mmap", name, "PROT_READ", *none * 3, 300, None),
        ("mkdir", f"{name}.d", None, "0700", *none * 4),
        ("close", name, *none * 6),
    ]
    assert found[5]["ret"] > 0
    assert {each["dev"] for each in found if each["op"] != "mkdir"} == {found[0]["dev"]}
    assert {each["ino"] for each in found if each["op"] != "mkdir"} == {file.stat().st_ino}
