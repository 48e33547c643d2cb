"""clone(2), whose arguments each architecture has in another order, and clone3(2)."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.abi.architecture import Abi
from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.descriptors import descriptor_text
from tuxscope.programs.syscall.arguments.flags import Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.signal_names import LAST_SIGNAL, signal_name
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    address_text,
    all_bytes,
    number_of,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/uapi/linux/sched.h, in strace's order
FLAGS = {
    0x100: "CLONE_VM", 0x200: "CLONE_FS", 0x400: "CLONE_FILES", 0x800: "CLONE_SIGHAND",
    0x1000: "CLONE_PIDFD", 0x2000: "CLONE_PTRACE", 0x4000: "CLONE_VFORK", 0x8000: "CLONE_PARENT",
    0x10000: "CLONE_THREAD", 0x20000: "CLONE_NEWNS", 0x40000: "CLONE_SYSVSEM",
    0x80000: "CLONE_SETTLS", 0x100000: "CLONE_PARENT_SETTID", 0x200000: "CLONE_CHILD_CLEARTID",
    0x400000: "CLONE_DETACHED", 0x800000: "CLONE_UNTRACED", 0x1000000: "CLONE_CHILD_SETTID",
    0x2000000: "CLONE_NEWCGROUP", 0x4000000: "CLONE_NEWUTS", 0x8000000: "CLONE_NEWIPC",
    0x10000000: "CLONE_NEWUSER", 0x20000000: "CLONE_NEWPID", 0x40000000: "CLONE_NEWNET",
    0x80000000: "CLONE_IO", 0x100000000: "CLONE_CLEAR_SIGHAND", 0x200000000: "CLONE_INTO_CGROUP",
}  # fmt: skip
NAMESPACES = {0x80: "CLONE_NEWTIME", **FLAGS}
PIDFD, SETTLS, PARENT_SETTID = 0x1000, 0x80000, 0x100000
CHILD_TID = 0x200000 | 0x1000000
SIGNAL = 0xFF  # the bits with the signal at the child's end
STACK_FIRST = (Abi.S390X, Abi.S390)
TLS_FOURTH = (Abi.ARM64, Abi.ARM, Abi.IA32)


def flags_of(call: Call) -> int:
    """Return the flags of ``call``, a Call of clone(2), an int."""
    return call.long(1 if call.abi in STACK_FIRST else 0)


class CloneStack(Kind):
    """A Kind: the child's stack: ``child_stack=NULL``. strace shows it first."""

    def text(self, call: Call, index: int) -> str:
        return f"child_stack={self.json(call, index)}"

    def json(self, call: Call, index: int) -> Any:
        return call.address(0 if call.abi in STACK_FIRST else 1)


class CloneFlags(Kind):
    """A Kind: the flags, with the signal that the child sends when it ends."""

    def text(self, call: Call, index: int) -> str:
        return f"flags={self.json(call, index)}"

    def json(self, call: Call, index: int) -> Any:
        value = flags_of(call) & 0xFFFFFFFF
        number = value & SIGNAL
        parts = [flag_text(value & ~SIGNAL, FLAGS, "CLONE_???")] if value & ~SIGNAL else []
        if number:
            parts.append(signal_name(number))
        return "|".join(parts) or "0"


class CloneParent(Kind):
    """A Kind: where the kernel writes the child's ID, or a descriptor for it:
    ``parent_tid=[123]``."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=4, most=4, when=When.SUCCESS),)

    def is_shown(self, call: Call, index: int) -> bool:
        return bool(flags_of(call) & (PARENT_SETTID | PIDFD))

    def text(self, call: Call, index: int) -> str:
        return f"parent_tid={self.json(call, index)}"

    def json(self, call: Call, index: int) -> Any:
        number = number_of(call.data(index))
        return call.address(index) if number is None else f"[{number}]"


class CloneTls(Kind):
    """A Kind: the child's thread-local storage: ``tls=0x7f8f``."""

    def is_shown(self, call: Call, index: int) -> bool:
        return bool(flags_of(call) & SETTLS)

    def text(self, call: Call, index: int) -> str:
        return f"tls={self.json(call, index)}"

    def json(self, call: Call, index: int) -> Any:
        return call.address(3 if call.abi in TLS_FOURTH else 4)


class CloneChild(Kind):
    """A Kind: where the child's ID is written or cleared in the child: ``child_tidptr=0x7f8f``."""

    def is_shown(self, call: Call, index: int) -> bool:
        return bool(flags_of(call) & CHILD_TID)

    def text(self, call: Call, index: int) -> str:
        return f"child_tidptr={self.json(call, index)}"

    def json(self, call: Call, index: int) -> Any:
        return call.address(4 if call.abi in TLS_FOURTH else 3)


# struct clone_args, in the order of the kernel: all members are u64
ARGUMENTS = (
    "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls",
    "set_tid", "set_tid_size", "cgroup",
)  # fmt: skip
LAYOUT = Layout(tuple(Member(name, "Q") for name in ARGUMENTS))
FIRST_SIZE = 64  # CLONE_ARGS_SIZE_VER0


class CloneArguments(Kind):
    """A Kind: struct clone_args, and what the kernel writes where it points to.

    Attributes:
        size: the index of the argument with its size, an int.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def reads(self, index: int) -> tuple[Read, ...]:
        return (
            Read(ReadKind.BYTES, index, count=Count.ARGUMENT + self.size, most=LAYOUT.size(8)),
            # through the second member: the descriptor of the new process
            Read(ReadKind.BYTES, index, size=4, most=4, when=When.SUCCESS, through=2),
            Read(ReadKind.FILES, index, size=4, most=4, when=When.SUCCESS, through=2),
        )

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if data is None or len(data) < FIRST_SIZE:
            return call.address(index)
        values = LAYOUT.values(data.ljust(LAYOUT.size(8), b"\0"), call.word)
        got = dict(zip(ARGUMENTS, values or (), strict=True))
        flags = got["flags"]
        parts = [f"flags={flag_text(flags, FLAGS, 'CLONE_???')}"]
        if flags & PIDFD:
            parts.append(f"pidfd={address_text(got['pidfd'])}")
        if flags & CHILD_TID:
            parts.append(f"child_tid={address_text(got['child_tid'])}")
        if flags & PARENT_SETTID:
            parts.append(f"parent_tid={address_text(got['parent_tid'])}")
        number = got["exit_signal"]
        parts.append(f"exit_signal={signal_name(number) if number <= LAST_SIGNAL else number}")
        parts.append(f"stack={address_text(got['stack'])}")
        parts.append(f"stack_size={got['stack_size']:#x}" if got["stack_size"] else "stack_size=0")
        if flags & SETTLS:
            parts.append(f"tls={address_text(got['tls'])}")
        if got["set_tid"] or got["set_tid_size"]:
            parts.append(f"set_tid={address_text(got['set_tid'])}")
            parts.append(f"set_tid_size={got['set_tid_size']}")
        if got["cgroup"] or flags >> 33 & 1:
            parts.append(f"cgroup={got['cgroup']}")
        text = "{" + ", ".join(parts) + "}"
        written = self._written(call, index, flags)
        return f"{text} => {{{', '.join(written)}}}" if written else text

    def _written(self, call: Call, index: int, flags: int) -> list[str]:
        if not call.finished or call.result <= 0:
            return []
        # the members are u64, so that the second one is the second word only of a 64-bit ABI
        number = number_of(call.data(index, 1)) if call.word == 8 else None
        parts = []
        if flags & PIDFD and number is not None:
            parts.append(f"pidfd=[{descriptor_text(number, call.path_of(index, 2))}]")
        if flags & PARENT_SETTID:
            parts.append(f"parent_tid=[{call.result}]")  # what the kernel writes
        return parts


KINDS: dict[str, Callable[..., Kind]] = {
    "clone_stack": CloneStack,
    "clone_flags": CloneFlags,
    "clone_parent": CloneParent,
    "clone_tls": CloneTls,
    "clone_child": CloneChild,
    "clone_args": CloneArguments,
    "unshare_flags": lambda: Flags(NAMESPACES, "CLONE_???"),
}
