"""What syscall is asked, beside what all tools are: what to count by, and which calls."""

from __future__ import annotations

from tuxscope.abi.architecture import this_architecture
from tuxscope.errors import UsageError
from tuxscope.options import option, switch
from tuxscope.options.parsers import choice, given, seconds, whole_number
from tuxscope.options.tool import ToolOptions
from tuxscope.programs.syscall.filters import COMM, Chosen
from tuxscope.programs.syscall.names import NameList, name_list
from tuxscope.programs.syscall.records import By
from tuxscope.suggest import did_you_mean

LARGEST_ID = (1 << 32) - 2
MOST_ERRORS = 64


def thread_name(flag: str, text: str) -> bytes:
    """A name as the kernel has it: of a longer one, the first 15 bytes."""
    if text in ("True", ""):
        raise UsageError(f"{flag} takes the name of a process, as in {flag} sshd, not nothing")
    return text.encode("utf-8", "surrogateescape")[: COMM.size - 1]


def user_id(flag: str, text: str) -> int:
    """A user's id, or name."""
    if text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST_ID:
        return int(text)
    import pwd

    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise UsageError(
            f"{flag} takes a user id or name, as in {flag} 1000, not {given(text)}"
        ) from None


def cgroup_path(flag: str, text: str) -> str:
    if text in ("True", ""):
        raise UsageError(f"{flag} takes a cgroup, as in {flag} /system.slice, not nothing")
    return text


def error_names(flag: str, text: str) -> frozenset[int]:
    """Names with commas between them, as numbers."""
    from errno import errorcode

    numbers = {name: number for number, name in errorcode.items()}
    pieces = text.split(",", MOST_ERRORS)
    if len(pieces) > MOST_ERRORS:
        raise UsageError(f"{flag} takes names of errors, {MOST_ERRORS} at most")
    for name in pieces:
        if name not in numbers:
            near = did_you_mean(name.upper(), numbers)
            raise UsageError(
                f"{flag} takes names of errors, as in {flag} ENOENT,EACCES, not {given(name)}{near}"
            )
    return frozenset(numbers[name] for name in pieces)


def call_names(flag: str, text: str) -> NameList:
    return name_list(flag, text, this_architecture())


def one_call(flag: str, text: str) -> NameList:
    if text == "True" or not text or not {"!", "%", ","}.isdisjoint(text):
        raise UsageError(f"{flag} takes one system call, as in {flag} openat, not {given(text)}")
    return name_list(flag, text, this_architecture())


class SyscallOptions(ToolOptions, after="exclude"):
    """Nothing is sent, so there is nothing to lose, and no ring."""

    simulate: bool = False
    seed: int | None = None
    buffer_pages: int | None = None
    unordered: bool = False
    strict: bool = False
    lost_records: bool = False

    pid: int | None = ToolOptions.declared["pid"].reworded(
        "calls of this process alone, and end with it"
    )
    exclude: tuple[int, ...] = ToolOptions.declared["exclude"].reworded(
        "no calls of these processes"
    )
    summary: bool = switch("a table of counts and times, made in the kernel", default=False)
    by: By = option(
        "WHAT",
        choice(By),
        "what it counts by: syscall (default), process, thread, error or cgroup",
        default=By.SYSCALL,
    )
    hist: NameList | None = option(
        "NAME",
        one_call,
        "how long this call takes, as a histogram",
        default=None,
        excludes=dict.fromkeys(
            ("by", "name", "sort", "rows"), "--hist shows one call; it does not go with {other}"
        ),
    )
    name: NameList | None = option(
        "LIST",
        call_names,
        "these calls alone: openat,close; '!futex' for all others; classes are %file, %network, "
        "%process, %memory, %desc, %signal, %ipc, as with strace",
        default=None,
    )
    comm: bytes | None = option("NAME", thread_name, "of processes with this name", default=None)
    uid: int | None = option("USER", user_id, "of this user's processes: id or name", default=None)
    cgroup: str | None = option(
        "PATH", cgroup_path, "of processes in this cgroup, or below it", default=None
    )
    follow: bool = switch(
        "all calls of the children, too, of the processes that are chosen", default=False
    )
    failed: bool = switch("calls that failed", default=False)
    error: frozenset[int] = option(
        "NAMES", error_names, "calls that failed so: ENOENT,EACCES", default=frozenset()
    )
    min: float = option(
        "TIME", seconds(0.01), "calls that took so long, or longer: 10ms", default=0.0
    )
    interval: float | None = ToolOptions.declared["interval"].reworded(
        "a table of each so many seconds alone, as in 2.5 (default: each second, of the whole run)"
    )
    rows: int | None = ToolOptions.declared["rows"].reworded("the first N rows of each table")
    sort: str | None = ToolOptions.declared["sort"].reworded(
        "sorted by this column, the largest number first (default: total)"
    )
    count: int | None = option(
        "N", whole_number("a number of tables", 10), "end after N tables", default=None
    )
    include_self: bool = ToolOptions.declared["include_self"].reworded(
        "count tuxscope's own calls, too"
    )
    verifier_log: bool = ToolOptions.declared["verifier_log"].reworded(
        "if the kernel refuses a program, print all that it says"
    )
    command: tuple[str, ...] = ToolOptions.declared["command"].reworded(
        "start COMMAND as the user who called sudo, count its calls, end with it and with its exit "
        "status; what it prints goes to stderr"
    )

    def chosen(self, cgroup: tuple[int, int] | None) -> Chosen:
        """Which calls are counted; ``cgroup``: the one that is meant, as the kernel knows it."""
        names = self.hist or self.name
        return Chosen(
            by=self.by,
            comm=self.comm,
            uid=self.uid,
            cgroup=cgroup,
            numbers=names.numbers if names else None,
            all_but=names.all_but if names else False,
            failed=self.failed,
            errors=self.error,
            least_ns=round(self.min * 1e9),
            follow=self.follow,
            from_exec=bool(self.command),
        )
