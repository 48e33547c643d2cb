"""``tuxscope fileio``: which operations it is asked for, how it shows them, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from circumstances import unprivileged
from terminal import Run
from waiting import wait_until

from e2e.files_traced import FilesTraced
from e2e.harness import TUXSCOPE
from e2e.test_net_options import without_types
from e2e.test_syscall import removed
from tuxscope.files.known import SHORT_PATHS
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.output.screen import columns as columns_of

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

needs_files = pytest.mark.skipif(
    not RunningKernelLayout().has_structs, reason="this kernel does not say where files are"
)
KEYS = [
    "timestamp_ns", "time", "pid", "tid", "ppid", "uid", "comm", "op", "flags", "mode", "ret",
    "error", "bytes", "offset", "length", "duration_ns", "path", "to", "dev", "ino",
]  # fmt: skip
WORK = """
name = sys.argv[2].encode() + b"/some/name.log"
os.mkdir(os.path.dirname(name), 0o700)
fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o640)
os.write(fd, b"twelve bytes")
os.pwrite(fd, b"x", 1)
os.lseek(fd, 2, 0)
os.read(fd, 5)
os.fdatasync(fd)
os.fstat(fd)
os.access(name, 4)
try:
    os.open(name + b"/none", os.O_RDONLY)
except OSError:
    pass
os.rename(name, name + b".1")
os.close(fd)
os.unlink(name + b".1")
os.rmdir(os.path.dirname(name))
"""
DONE = [
    "mkdir", "open", "write", "pwrite", "read", "fdatasync", "open", "rename", "close", "unlink",
    "rmdir",
]  # fmt: skip

OF_LOG = DONE[1:7]  # of some/name.log and what is below it
OF_NAME = [*DONE[1:6], "rename"]


@needs_files
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), DONE),
        (("--op", "write"), ["write", "pwrite"]),
        (("--op", "pwrite"), ["pwrite"]),
        (("--op", "read,fsync"), ["read", "fdatasync"]),
        (("--op", "stat,access"), ["stat", "access"]),
        (("--op", "rmdir"), ["rmdir"]),
        (("--op", "unlink"), ["unlink"]),
        (("--failed",), ["open"]),
        (("--error", "ENOTDIR,EPERM"), ["open"]),
        (("--error", "EPERM"), []),
        (("--min", "30s"), []),
        (("--uid", "4294967294"), []),
        (("--comm", "nobody"), []),
        (("--op", "write", "--all"), ["write", "pwrite"]),
    ],
    ids=lambda each: " ".join(each),
)
def test_what_is_chosen(files: FilesTraced, options: tuple[str, ...], expected: list[str]) -> None:
    found = [each["op"] for each in files.objects(WORK, *options)]
    assert [each for each in found if each != "mmap"] == expected


@needs_files
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{root}", DONE),
        ("{root}/", DONE),
        ("{root}/some", DONE),
        ("{root}/some/name.log", [*OF_LOG, "rename"]),
        ("{root}/so", []),
        ("*.log", OF_NAME),
        ("name*", [*OF_NAME, "close", "unlink"]),
        ("{root}/*.log", OF_NAME),
        ("{root}/[!a-r]*/n?me.log", OF_NAME),
        ("*/some/*.log", OF_NAME),
        ("{link}/some/name.log", [*OF_LOG, "rename"]),
        ("{link}/*.log", OF_NAME),
        ("{root}/../{name}/some/name.log", [*OF_LOG, "rename"]),
    ],
)
def test_paths(files: FilesTraced, tmp_path: Path, pattern: str, expected: list[str]) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    given = pattern.format(root=tmp_path, link=link, name=tmp_path.name)
    found = [each["op"] for each in files.objects(WORK, "--path", given)]
    assert found == expected
    left = re.search(r"; --path left out (\d+) more, not in the kernel\n$", files.result.stderr)
    assert left, files.result.stderr


@needs_files
def test_a_relative_pattern_begins_in_the_working_directory(
    files: FilesTraced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some").mkdir()
    (tmp_path / "some").rmdir()
    for given in ("some", "some/*", "./some/name.lo?", "../*/some/*"):
        assert [each["op"] for each in files.objects(WORK, "--path", given, "--op", "read")] == [
            "read"
        ]


@needs_files
def test_all_files(files: FilesTraced) -> None:
    script = """
for name in ("/dev/null", "/proc/version", "/sys/kernel/mm"):
    os.close(os.open(name, os.O_RDONLY))
try:
    os.open("/proc/none", os.O_RDONLY)
except OSError:
    pass
ours, theirs = os.pipe()
os.write(theirs, b"abc")
os.read(ours, 3)
call("read", -1, 0, 0)
"""
    shown = files.run(script, "--format", "json", "--op", "open,read,write").objects
    special = re.compile(r"/(dev|proc|sys)/|pipe:")
    assert not [each for each in shown if special.match(each["path"] or "")]
    everything = files.run(script, "--format", "json", "--op", "open,read,write", "--all").objects
    found = [
        (each["op"], re.sub(r"\d+", "N", each["path"] or ""), each["bytes"], each["error"])
        for each in everything
    ]
    for each in (
        ("open", "/dev/null", None, None),
        ("open", "/proc/version", None, None),
        ("open", "/sys/kernel/mm", None, None),
        ("open", "/proc/none", None, "ENOENT"),
        ("write", "pipe:[N]", 3, None),
        ("read", "pipe:[N]", 3, None),
        ("read", "", None, "EBADF"),
    ):
        assert each in found


@needs_files
@pytest.mark.parametrize("follow", [True, False])
def test_children(files: FilesTraced, follow: bool) -> None:
    script = """
if not os.fork():
    os.execv(sys.executable, [sys.executable, "-S", "-c", f"open({ROOT + '/child'!r}, 'w')"])
os.wait()
open(ROOT + "/own", "w").close()
"""
    found = files.objects(script, "--op", "open", *["--follow"] * follow)
    assert [Path(each["path"]).name for each in found] == ["child"] * follow + ["own"]


@pytest.fixture
def stream(tuxscope: Any) -> Any:
    """Starts ``tuxscope fileio``, and waits until it is attached."""

    def start(*arguments: object) -> Any:
        run = tuxscope("fileio", "--format", "json", *arguments)
        run.wait_until_attached(4 + ("--follow" in arguments))
        return run

    return start


def ended(run: Any) -> list[dict[str, Any]]:
    """The objects, after Ctrl-C."""
    run.signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 0, result.stderr
    found: list[dict[str, Any]] = result.objects
    return found


@needs_files
def test_one_process(stream: Any, caller: Any, tmp_path: Path) -> None:
    calling, theirs = (caller("file", str(tmp_path / name)) for name in "ab")
    run = stream("--pid", calling.pid)
    theirs.make()
    calling.make()
    calling.wait()
    result = run.finish()  # it ends with the process
    found = [each for each in result.objects if str(tmp_path) in (each["path"] or "")]
    assert [(each["op"], each["path"], each["pid"]) for each in found] == [
        (op, str(tmp_path / "a"), calling.pid) for op in ("open", "write", "close")
    ]
    assert [list(each) for each in found] == [KEYS] * 3


@needs_files
def test_by_name_and_user_without_excluded_ones(stream: Any, caller: Any, tmp_path: Path) -> None:
    ours, theirs = (caller("file", str(tmp_path / name)) for name in "ab")
    comm = Path(f"/proc/{ours.pid}/comm").read_text().strip()
    run = stream(
        "--comm", comm, "--uid", os.getuid(), "--exclude", theirs.pid, "--path", tmp_path
    )  # fmt: skip
    theirs.make()
    ours.make()
    run.wait_for_text(b'"op":"close"')
    found = ended(run)
    assert [(each["pid"], each["op"]) for each in found] == [
        (ours.pid, op) for op in ("open", "write", "close")
    ]


@needs_files
def test_a_cgroup(stream: Any, caller: Any, tmp_path: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    top = next((Path(each.split()[1]) for each in mounts if each.split()[2] == "cgroup2"), None)
    if top is None:
        pytest.skip("the hierarchy of cgroup v2 is not mounted")
    group = top / f"tuxscope-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    try:
        calling, theirs = (caller("file", str(tmp_path / name)) for name in "ab")
        (group / "cgroup.procs").write_text(str(calling.pid))
        run = stream("--cgroup", f"/{group.name}", "--path", tmp_path)
        theirs.make()
        calling.make()
        run.wait_for_text(b'"op":"close"')
        assert {each["pid"] for each in ended(run)} == {calling.pid}
        calling.wait()
    finally:
        wait_until(partial(removed, group), "the cgroup to be empty")


@needs_files
def test_names_of_any_bytes_are_one_line(files: FilesTraced) -> None:
    script = r"""
name = os.fsencode(ROOT) + b"/a\n\x1b[31m\xff\"\\ -> \xe2\x80\xae"
os.close(os.open(name, os.O_WRONLY | os.O_CREAT))
os.unlink(name)
"""
    shown = 'a\\n\\x1b[31m\ufffd"\\ -> \\u202e'
    found = files.objects(script)
    assert [each["op"] for each in found] == ["open", "close", "unlink"]
    assert {Path(each["path"]).name for each in found} == {'a\n\x1b[31m\ufffd"\\ -> \u202e'}
    text = files.run(script).stdout
    assert [line.partition("/a")[2] for line in text.splitlines() if "31m" in line] == [
        f"{shown[1:]}{rest}" for rest in (" O_WRONLY|O_CREAT|O_CLOEXEC 0777", "", "")
    ]
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


@needs_files
def test_text(files: FilesTraced, tmp_path: Path) -> None:
    lines = files.run(WORK).stdout.splitlines()
    assert lines[0].split() == [
        "TIME", "PID", "COMM", "OP", "RET", "BYTES", "OFFSET", "LATENCY", "PATH",
    ]  # fmt: skip
    name = f"{tmp_path}/some/name.log"
    row = re.compile(
        r"\d\d:\d\d:\d\d\.\d{6} \d+ +\S+ +(?P<rest>\w+ +\S+ +\S+ +\S+ +)[\d.]+[num]?s +(?P<path>.*)"
    )
    found = [match for line in lines if f"{tmp_path}/some" in line and (match := row.match(line))]
    assert [" ".join(each["rest"].split()) + f" {each['path']}" for each in found] == [
        f"mkdir 0 - - {tmp_path}/some 0700",
        f"open 3 - - {name} O_RDWR|O_CREAT|O_CLOEXEC 0640",
        f"write 12 12 0 {name}",
        f"pwrite 1 1 1 {name}",
        f"read 5 5 2 {name}",
        f"fdatasync 0 - - {name}",
        f"open ENOTDIR - - {name}/none O_RDONLY|O_CLOEXEC",
        f"rename 0 - - {name} -> {name}.1",
        f"close 0 - - {name}.1",
        f"unlink 0 - - {name}.1",
        f"rmdir 0 - - {tmp_path}/some",
    ]


@needs_files
def test_mapped_addresses_are_not_shown(files: FilesTraced) -> None:
    lines = files.run("", "--op", "mmap", "--follow").stdout.splitlines()[1:]
    assert lines
    assert {line.split()[4] for line in lines} == {"-"}


@needs_files
@pytest.mark.parametrize("width", [80, 40, 20])
def test_a_terminal(tmp_path: Path, width: int) -> None:
    place = tmp_path / ("directory" * 9)
    script = f"cd {tmp_path}; mkdir {place.name}; cd {place.name}; echo x >the-name; cp the-name 2"
    command = [TUXSCOPE, "fileio", "--follow", "--path", tmp_path, "--", "sh", "-c", script]
    with Run(command, columns=width, rows=100, stderr=subprocess.DEVNULL) as run:
        assert run.finish() == 0
        header, *lines = run.lines
    assert lines
    assert all(columns_of(each) <= width for each in lines)
    assert header.split()[-1] == "PATH"
    assert any(each.endswith("/the-name") for each in lines)
    if width == 80:
        assert header.split() == ["PID", "COMM", "OP", "RET", "BYTES", "LATENCY", "PATH"]


@needs_files
def test_count_and_duration(stream: Any, caller: Any, tmp_path: Path) -> None:
    calling = caller("file", str(tmp_path / "a"))
    run = stream("--path", tmp_path, "--count", "2")
    calling.make()
    result = run.finish()
    assert result.status == 0
    assert [each["op"] for each in result.objects] == ["open", "write"]
    result = stream("--path", tmp_path, "--duration", "10ms").finish()
    assert (result.status, result.stdout) == (0, "")


def test_the_status_of_the_command(tuxscope: Any) -> None:
    result = tuxscope("fileio", "--", "sh", "-c", "echo from the command; exit 7").finish()
    assert result.status == 7
    assert "from the command\n" in result.stderr
    assert "from the command" not in result.stdout
    assert re.search(r"\ntuxscope: \d+ events, 0 lost, \d+\.\d s\n$", result.stderr)


@needs_files
def test_each_operation_has_a_line_or_is_counted_as_lost(files: FilesTraced) -> None:
    count = 5000
    script = f"""
fd = os.open(ROOT + "/a", os.O_RDWR | os.O_CREAT)
room = ctypes.create_string_buffer(1)
for each in range({count}):
    call("pwrite64", fd, room, 1, each)
"""
    found = files.objects(script, "--buffer-pages", "1", "--op", "pwrite", "--path", "*/a")
    offsets = [each["offset"] for each in found]
    assert offsets == sorted(set(offsets))
    lost = re.search(r"(\d+) events, (\d+) lost", files.result.stderr)
    assert lost
    assert int(lost[2]) > 0
    assert [len(offsets), count - len(offsets)] == [int(lost[1]), int(lost[2])]


@needs_files
def test_what_has_no_room_for_its_path_is_counted_as_lost(
    stream: Any, caller: Any, tmp_path: Path
) -> None:
    count = SHORT_PATHS.max_entries + 500
    place = tmp_path / "many"
    place.mkdir()
    calling = caller("files", [str(place), count])
    run = stream("--pid", calling.pid, "--op", "open,close")
    run.signal(signal.SIGSTOP)
    calling.make()
    run.signal(signal.SIGCONT)
    calling.wait()
    shutil.rmtree(place)
    result = run.finish()
    events, lost = result.totals
    assert [events, events + lost] == [len(result.objects), 2 * count]
    assert lost >= 2 * 500
    assert re.search(r", no room for \d+ paths\n", result.stderr)


@pytest.mark.matrix
def test_without_the_kernels_types(files: FilesTraced, tmp_path: Path) -> None:
    """Paths are those that calls were given."""
    if RunningKernelLayout().has_structs:
        files.prefix = without_types("missing", tmp_path)
    text = files.run(f"os.chdir(ROOT)\n{WORK}", "--format", "json").stdout
    assert "/sys/kernel/btf/vmlinux" in files.result.stderr.splitlines()[0]
    assert "a descriptor has no path and no offset, and --all is on" in files.result.stderr
    name = f"{tmp_path}/some/name.log"
    found = [json.loads(line) for line in text.splitlines()]
    begin = next(at for at, each in enumerate(found) if each["op"] == "mkdir")
    shown = [
        (each["op"], each["path"], each["to"], each["bytes"], each["offset"], each["error"])
        for each in found[begin:]
        if each["op"] != "mmap"
    ]
    assert shown[: len(DONE)] == [
        ("mkdir", f"{tmp_path}/some", None, None, None, None),
        ("open", name, None, None, None, None),
        ("write", None, None, 12, None, None),
        ("pwrite", None, None, 1, 1, None),
        ("read", None, None, 5, None, None),
        ("fdatasync", None, None, None, None, None),
        ("open", f"{name}/none", None, None, None, "ENOTDIR"),
        ("rename", name, f"{name}.1", None, None, None),
        ("close", None, None, None, None, None),
        ("unlink", f"{name}.1", None, None, None, None),
        ("rmdir", f"{tmp_path}/some", None, None, None, None),
    ]
    assert {each["dev"] for each in found} == {each["ino"] for each in found} == {None}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--op",), "--op takes names of operations, as in --op open,write, not nothing"),
        (("--op", ""), "--op: there is no operation ''; there are open, close, read"),
        (("--op", "opne"), "--op: there is no operation 'opne'; did you mean open?"),
        (("--op", "open,,read"), "there is no operation ''"),
        (("--op", "x" * 5000), "--op: there is no operation"),
        (("--op", "a\nb"), r"there is no operation 'a\nb'"),
        (("--path",), "--path takes a path or a pattern, as in --path '*.log', not nothing"),
        (("--path", ""), "--path takes a path or a pattern"),
        (("--path", "x" * 5000), "--path takes at most 4096 characters, not 5000"),
        (("--error", "ENOEND"), "did you mean ENOENT?"),
        (("--min", "-1"), "--min takes seconds"),
        (("--uid", "no-such-user"), "--uid takes a user id or name"),
        (("--count", "0"), "--count takes a number of lines, as in --count 100, not '0'"),
        (("1842",), "unexpected argument '1842'; try --pid 1842"),
        (("ls",), "unexpected argument 'ls'; a command to trace comes after --"),
        (("--",), "-- needs a command"),
        (("--pid", "1", "--", "true"), "--pid"),
        (("--interval", "1"), "--interval"),
        (("--rows", "5"), "--rows"),
        (("--format", "yaml"), "--format"),
        (("--string-size", "5"), "unknown option --string-size"),
    ],
    ids=lambda each: " ".join(each)[:30] if isinstance(each, tuple) else "",
)
def test_bad_input_is_one_line(tuxscope: Any, arguments: tuple[str, ...], problem: str) -> None:
    result = tuxscope("fileio", *arguments).finish()
    assert result.status == 2, result.stderr
    assert result.stderr.startswith("tuxscope: ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_without_privileges(tuxscope: Any) -> None:
    result = tuxscope("fileio", prefix=unprivileged()).finish()
    assert result.status == 1
    assert "sudo" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
