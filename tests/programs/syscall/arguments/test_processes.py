"""The arguments of calls about processes, as strace -y 6.1 printed them."""

from __future__ import annotations

import pytest

from programs.syscall.arguments.reading import called, line, packed
from tuxscope.abi.architecture import ARM64, S390X, X86_64, Abi, Architecture
from tuxscope.programs.syscall.arguments.processes import status_text
from tuxscope.programs.syscall.arguments.text import arguments_json

A, B, C = 0x7FF100, 0x7FF200, 0x7FF800


def program(*arguments: bytes, variables: int = 2) -> dict[int, bytes]:
    """Memory with the path at A, the vector of arguments at B, and the environment at C."""
    memory, at, vector = {A: b"/bin/true\0"}, 0x10000, []
    for each in arguments:
        memory[at] = each + b"\0"
        vector.append(at)
        at += 0x1000
    memory[B] = packed(f"{len(vector) + 1}Q", *vector, 0)
    memory[C] = packed(f"{variables + 1}Q", *[0x10000] * variables, 0)
    return memory


def test_execve() -> None:
    call = called("execve", A, B, C, before=program(b"sh", b"-c", b"a\nb"), memory={})
    assert line(call) == (f'execve("/bin/true", ["sh", "-c", "a\\nb"], {C:#x} /* 2 vars */) = 0')
    assert arguments_json(call) == {
        "pathname": "/bin/true",
        "argv": ["sh", "-c", "a\nb"],
        "envp": f"{C:#x} /* 2 vars */",
    }


def test_execve_of_one_variable_and_a_long_argument() -> None:
    before = program(b"0123456789" * 4, variables=1)
    assert line(called("execve", A, B, C, before=before, result=-2)) == (
        'execve("/bin/true", ["01234567890123456789012345678901"...], '
        f"{C:#x} /* 1 var */) = -1 ENOENT"
    )


@pytest.mark.parametrize(("count", "rest"), [(32, ""), (33, ", ..."), (40, ", ...")])
def test_execve_shows_32_arguments(count: int, rest: str) -> None:
    before = program(*[b"abc"] * count, variables=0)
    shown = ", ".join(['"abc"'] * 32) + rest
    assert line(called("execve", A, B, C, before=before)) == (
        f'execve("/bin/true", [{shown}], {C:#x} /* 0 vars */) = 0'
    )


def test_execve_without_vectors() -> None:
    before = program(variables=0)
    assert line(called("execve", A, 0, 0, before=before)) == 'execve("/bin/true", NULL, NULL) = 0'
    assert line(called("execve", A, B, 0, before=before)) == 'execve("/bin/true", [], NULL) = 0'


def test_execveat() -> None:
    call = called("execveat", -100, A, B, 0, 0x1100, before=program(b"x"), result=-2)
    assert line(call) == (
        'execveat(AT_FDCWD, "/bin/true", ["x"], NULL, AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) '
        "= -1 ENOENT"
    )


def test_exit() -> None:
    assert line(called("exit_group", 3)).startswith("exit_group(3) = ")


FORK = 0x200000 | 0x1000000 | 17


@pytest.mark.parametrize(
    ("values", "abi", "architecture"),
    [
        ((FORK, 0, 0, 0x7FAE, 0), Abi.X86_64, X86_64),
        ((FORK, 0, 0, 0, 0x7FAE), Abi.IA32, X86_64),
        ((FORK, 0, 0, 0, 0x7FAE), Abi.ARM64, ARM64),
        ((0, FORK, 0, 0x7FAE, 0), Abi.S390X, S390X),
    ],
)
def test_clone(values: tuple[int, ...], abi: Abi, architecture: Architecture) -> None:
    assert line(called("clone", *values, result=15003, abi=abi, architecture=architecture)) == (
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
        "child_tidptr=0x7fae) = 15003"
    )


def test_clone_writes_the_child_s_id() -> None:
    call = called("clone", 0x100000 | 17, 0, A, 0, 0, result=15011, memory={A: packed("i", 15011)})
    assert line(call) == (
        "clone(child_stack=NULL, flags=CLONE_PARENT_SETTID|SIGCHLD, parent_tid=[15011]) = 15011"
    )
    assert line(called("clone", 0x800 | 0x80000 | 99, 4096, A, A, 5, result=-22)) == (
        "clone(child_stack=0x1000, flags=CLONE_SIGHAND|CLONE_SETTLS|99, tls=0x5) = -1 EINVAL"
    )
    assert line(called("clone", 0, 0, 0, 0, 0, result=5)) == "clone(child_stack=NULL, flags=0) = 5"


def test_clone3() -> None:
    thread = 0x3D0F00
    arguments = packed(
        "11Q", thread, 0, 0x7F8F8ADCD990, 0x7F8F8ADCD990, 0, 0x7F8F8A5CD000, 0x7FFF80,
        0x7F8F8ADCD6C0, 0, 0, 0,
    )  # fmt: skip
    assert line(called("clone3", A, 88, result=17905, memory={A: arguments})) == (
        "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM"
        "|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x7f8f8adcd990, "
        "parent_tid=0x7f8f8adcd990, exit_signal=0, stack=0x7f8f8a5cd000, stack_size=0x7fff80, "
        "tls=0x7f8f8adcd6c0} => {parent_tid=[17905]}, 88) = 17905"
    )
    arguments = packed("11Q", 0x4000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
    assert line(called("clone3", A, 88, result=15008, memory={A: arguments})) == (
        "clone3({flags=CLONE_VFORK, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 15008"
    )
    arguments = packed("11Q", 0x101000, B, 0, C, 17, 0, 0, 0, 0, 0, 0)
    memory, files = {A: arguments, B: packed("i", 4)}, {4: b"anon_inode:[pidfd]"}
    assert line(called("clone3", A, 88, result=15009, memory=memory, files=files)) == (
        f"clone3({{flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd={B:#x}, parent_tid={C:#x}, "
        "exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {pidfd=[4<anon_inode:[pidfd]>], "
        "parent_tid=[15009]}, 88) = 15009"
    )
    arguments = packed("11Q", 0x20100, 0, 0, 0, 17, 4096, 0, 0, B, 99, 5)
    assert line(called("clone3", A, 88, result=-22, memory={A: arguments})) == (
        "clone3({flags=CLONE_VM|CLONE_NEWNS, exit_signal=SIGCHLD, stack=0x1000, stack_size=0, "
        f"set_tid={B:#x}, set_tid_size=99, cgroup=5}}, 88) = -1 EINVAL"
    )
    assert line(called("clone3", A, 8, result=-22, memory={A: arguments})) == (
        f"clone3({A:#x}, 8) = -1 EINVAL"
    )


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0x300, "{WIFEXITED(s) && WEXITSTATUS(s) == 3}"),
        (9, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}"),
        (0x86, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT && WCOREDUMP(s)}"),
        (0x137F, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}"),
        (0x857F, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}"),
        (0xFFFF, "{WIFCONTINUED(s)}"),
    ],
)
def test_status(status: int, text: str) -> None:
    assert status_text(status) == text


def test_wait4() -> None:
    memory = {A: packed("i", 0x300), B: packed("18l", 0, 86, 0, 0, *[0] * 14)}
    assert line(called("wait4", -1, A, 0, B, result=15003, memory=memory)) == (
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, "
        "{ru_utime={tv_sec=0, tv_usec=86}, ru_stime={tv_sec=0, tv_usec=0}, ...}) = 15003"
    )
    # nothing is written where there was no child to wait for
    assert line(called("wait4", 15006, A, 1, B, memory=memory)) == (
        f"wait4(15006, {A:#x}, WNOHANG, {B:#x}) = 0"
    )
    assert line(called("wait4", -1, 0, 0xC0000001, 0, result=-10)) == (
        "wait4(-1, NULL, WNOHANG|__WCLONE|__WALL, NULL) = -1 ECHILD"
    )


def test_waitid() -> None:
    info = packed("3i4xiIi4xqq", 17, 0, 2, 15005, 0, 6, 0, 0).ljust(128, b"\0")
    assert line(called("waitid", 0, 0, A, 0x1000004, 0, memory={A: info})) == (
        "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=15005, si_uid=0, "
        "si_status=SIGABRT, si_utime=0, si_stime=0}, WEXITED|WNOWAIT, NULL) = 0"
    )
    files = {3: b"anon_inode:[pidfd]"}
    assert line(called("waitid", 3, 3, A, 5, 0, memory={A: bytes(128)}, files=files)) == (
        "waitid(P_PIDFD, 3<anon_inode:[pidfd]>, {}, WNOHANG|WEXITED, NULL) = 0"
    )


def test_prctl() -> None:
    name = {A: b"hello\n\0"}
    assert line(called("prctl", 15, A, memory=name)) == 'prctl(PR_SET_NAME, "hello\\n") = 0'
    assert line(called("prctl", 1, 15)) == "prctl(PR_SET_PDEATHSIG, SIGTERM) = 0"
    assert line(called("prctl", 38, 1)) == "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0"
    assert line(called("prctl", 3, result=1)) == "prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)"
    assert line(called("prctl", 4, 1)) == "prctl(PR_SET_DUMPABLE, SUID_DUMP_USER) = 0"
    assert line(called("prctl", 23, 21, result=1)) == "prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) = 1"
    assert line(called("prctl", 47, 4)) == (
        "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) = 0"
    )
    assert line(called("prctl", 9999, 1, 2, 3, 4, result=-22)) == (
        "prctl(0x270f /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL"
    )
    assert line(called("prctl", 27, result=16)) == (
        "prctl(PR_GET_SECUREBITS) = 0x10 (SECBIT_KEEP_CAPS)"
    )


def test_prctl_of_a_filter() -> None:
    memory = {A: packed("HxxxxxxQ", 2, 0x7FFE)}
    assert line(called("prctl", 22, 2, A, 5, 6, memory=memory)) == (
        "prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len=2, filter=0x7ffe}) = 0"
    )
    assert line(called("seccomp", 1, 1, A, memory=memory)) == (
        "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {len=2, filter=0x7ffe}) = 0"
    )
    memory = {A: packed("I", 0x80000000)}
    assert line(called("seccomp", 2, 0, A, memory=memory)) == (
        "seccomp(SECCOMP_GET_ACTION_AVAIL, 0, [SECCOMP_RET_KILL_PROCESS]) = 0"
    )
    assert line(called("seccomp", 0, 5, 0, result=-22)) == (
        "seccomp(SECCOMP_SET_MODE_STRICT, 0x5, NULL) = -1 EINVAL"
    )


def test_prctl_that_names_memory() -> None:
    call = called("prctl", 0x53564D41, 0, 4096, 100, A, memory={A: b"x\0"}, result=-22)
    assert line(call) == ('prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 100, "x") = -1 EINVAL')


def test_arch_prctl() -> None:
    assert line(called("arch_prctl", 0x1002, 0x7F1740)) == "arch_prctl(ARCH_SET_FS, 0x7f1740) = 0"
    call = called("arch_prctl", 0x1003, A, memory={A: packed("Q", 0x7F1740)})
    assert line(call) == "arch_prctl(ARCH_GET_FS, [0x7f1740]) = 0"
    assert line(called("arch_prctl", 0x3001, 0, result=-22)) == (
        "arch_prctl(0x3001 /* ARCH_??? */, 0) = -1 EINVAL"
    )


def test_capabilities_and_groups() -> None:
    header = packed("Ii", 0x20080522, 0)
    sets = packed("6I", 0x21, 0, 0, 0x100, 0, 0)
    assert line(called("capset", A, B, memory={A: header, B: sets}, result=-1)) == (
        "capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, "
        "{effective=1<<CAP_CHOWN|1<<CAP_KILL|1<<CAP_CHECKPOINT_RESTORE, permitted=0, "
        "inheritable=0}) = -1 EPERM"
    )
    groups = {A: packed("3I", 1, 2, 3)}
    assert line(called("getgroups", 65536, A, result=3, memory=groups)) == (
        "getgroups(65536, [1, 2, 3]) = 3"
    )
    assert line(called("getgroups", 0, 0, result=3)) == "getgroups(0, NULL) = 3"
    assert line(called("setgroups", 3, A, memory=groups)) == "setgroups(3, [1, 2, 3]) = 0"
    assert line(called("setgroups", 0, 0)) == "setgroups(0, NULL) = 0"


def test_user_ids() -> None:
    assert line(called("setresuid", -1, 0, -1)) == "setresuid(-1, 0, -1) = 0"
    memory = {A: packed("3I", 0, 1, 2)}
    assert line(called("getresuid", A, A + 4, A + 8, memory=memory)) == (
        "getresuid([0], [1], [2]) = 0"
    )


def test_namespaces() -> None:
    assert line(called("unshare", 0x600)) == "unshare(CLONE_FS|CLONE_FILES) = 0"
    assert line(called("setns", -1, 0x40000000, result=-9)) == "setns(-1, CLONE_NEWNET) = -1 EBADF"
