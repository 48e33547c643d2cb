"""Signals: their names, sets of them, and the kinds of the calls that deal with them."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable

from tuxscope.abi.architecture import ARM64, X86_64, this_architecture
from tuxscope.calls.reads import STACK_POINTER, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.basic import Signed
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.siginfo import siginfo_text
from tuxscope.programs.syscall.arguments.signal_names import LAST_SIGNAL, signal_name
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    Pointed,
    address_text,
    pointed,
    written,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

SET_SIZE = 8  # the kernel's sigset_t, in bytes
# In strace's order (include/uapi/asm-generic/signal.h, asm/signal.h).
ACTION_FLAGS = {
    0x04000000: "SA_RESTORER", 0x08000000: "SA_ONSTACK", 0x10000000: "SA_RESTART",
    0x40000000: "SA_NODEFER", 0x80000000: "SA_RESETHAND", 0x4: "SA_SIGINFO", 0x1: "SA_NOCLDSTOP",
    0x2: "SA_NOCLDWAIT", 0x400: "SA_UNSUPPORTED", 0x800: "SA_EXPOSE_TAGBITS",
}  # fmt: skip
RESTORER = 0x04000000
HANDLERS = {0: "SIG_DFL", 1: "SIG_IGN"}
STACK_FLAGS = {1: "SS_ONSTACK", 2: "SS_DISABLE", 1 << 31: "SS_AUTODISARM"}
SIGNALFD_FLAGS = {0o2000000: "SFD_CLOEXEC", 0o4000: "SFD_NONBLOCK"}
HOW = {int(each): each.name for each in (signal.SIG_BLOCK, signal.SIG_UNBLOCK, signal.SIG_SETMASK)}


def set_text(data: bytes, word: int) -> str | None:
    """Return the kernel's sigset_t at the start of ``data``, bytes, as ``[INT CHLD]``, or as the
    signals that are not in it: ``~[KILL STOP]``; None if ``data`` is too short. ``word`` is the
    size of a long in bytes, an int."""
    if len(data) < SET_SIZE:
        return None
    if word == 8:
        (bits,) = struct.unpack_from("=Q", data)
    else:
        low, high = struct.unpack_from("=2I", data)
        bits = low | high << 32
    # strace lists what is not in a set of more than two thirds
    inverted = bits.bit_count() >= LAST_SIGNAL * 2 // 3
    if inverted:
        bits ^= (1 << LAST_SIGNAL) - 1
    names = (
        signal_name(number).removeprefix("SIG")
        for number in range(1, LAST_SIGNAL + 1)
        if bits >> number - 1 & 1
    )
    return f"{'~' * inverted}[{' '.join(names)}]"


class Signal(Signed):
    """A Signed: the number of a signal, by its name."""

    def text(self, call: Call, index: int) -> str:
        return signal_name(call.signed(index))

    def json(self, call: Call, index: int) -> Any:
        number = call.signed(index)
        return signal_name(number) if 0 < number <= LAST_SIGNAL else number


class SignalSet(Kind):
    """A Kind: the address of a sigset_t.

    Attributes:
        size: the index of the argument with its size, an int.
        when: a When: whether before or after the call.
    """

    def __init__(self, size: int, when: When = When.EXIT) -> None:
        self.size = size
        self.when = when

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=SET_SIZE, most=SET_SIZE, when=self.when),)

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        has_size = call.long(self.size) == SET_SIZE
        text = set_text(data, call.word) if data is not None and has_size else None
        return call.address(index) if text is None else text


def action_text(data: bytes, word: int) -> str | None:
    """Return the kernel's struct sigaction in ``data``, bytes, as text; None if ``data`` is too
    short. ``word`` is the size of a long in bytes, an int."""
    form = "=QQQ" if word == 8 else "=III"
    mask = set_text(data[struct.calcsize(form) :], word)
    if mask is None:
        return None
    handler, flags, restorer = struct.unpack_from(form, data)
    name = "SIG_ERR" if handler == (1 << word * 8) - 1 else HANDLERS.get(handler)
    parts = [
        f"sa_handler={name or address_text(handler)}",
        f"sa_mask={mask}",
        f"sa_flags={flag_text(flags, ACTION_FLAGS, 'SA_???')}",
    ]
    if flags & RESTORER:
        parts.append(f"sa_restorer={address_text(restorer)}")
    return "{" + ", ".join(parts) + "}"


def action(when: When) -> Pointed:
    """Return the kind, a Pointed, of the address of a struct sigaction, which is read at ``when``,
    a When."""
    return Pointed(32, lambda data, call: action_text(data, call.word), when)


def information(when: When) -> Pointed:
    """Return the kind, a Pointed, of the address of a siginfo_t, which is read at ``when``, a
    When."""
    return Pointed(48, lambda data, call: siginfo_text(data, call.word), when)


ALTERNATE_STACK = Layout((
    Member("ss_sp", "L", address_text),
    Member("ss_flags", "i", lambda value: flag_text(value & 0xFFFFFFFF, STACK_FLAGS, "SS_???")),
    Member("ss_size", "L"),
))  # fmt: skip


class SignalResult(Number):
    """A Number: a signal that was waited for: ``17 (SIGCHLD)``."""

    def text(self, call: Call, index: int) -> str:
        return f"{call.result} ({signal_name(call.result)})"


# Where the mask is, from the stack pointer at rt_sigreturn(2): behind uc_flags, uc_link and
# uc_stack, and on x86 the sigcontext (struct rt_sigframe, arch/*/kernel/signal.c).
MASKS = {X86_64.machine: 40 + 256, ARM64.machine: 128 + 40}


class Frame(Kind):
    """A Kind: the signal mask that rt_sigreturn(2) restores: ``{mask=[INT]}``."""

    def reads(self, index: int) -> tuple[Read, ...]:
        offset = MASKS.get(this_architecture().machine)
        if offset is None:
            return ()
        size = SET_SIZE
        return (
            Read(
                ReadKind.BYTES, STACK_POINTER, size=size, most=size, when=When.ENTRY, offset=offset
            ),
        )

    def is_shown(self, call: Call, index: int) -> bool:
        return call.word == 8 and call.data(index) is not None

    def text(self, call: Call, index: int) -> str:
        return f"{{mask={self.json(call, index)}}}"

    def json(self, call: Call, index: int) -> Any:
        return set_text(call.data(index) or b"", call.word) or "[]"


KINDS: dict[str, Callable[..., Kind]] = {
    "signal": Signal,
    "sigset": SignalSet,
    "sigset_out": lambda size: SignalSet(size, When.SUCCESS),
    "sigaction": lambda: action(When.EXIT),
    "sigaction_out": lambda: action(When.SUCCESS),
    "siginfo": lambda: information(When.EXIT),
    "siginfo_out": lambda: information(When.SUCCESS),
    "sigprocmask_how": lambda: Choice(HOW, "SIG_???"),
    "sigstack": lambda: pointed(ALTERNATE_STACK),
    "sigstack_out": lambda: written(ALTERNATE_STACK),
    "signalfd_flags": lambda: Flags(SIGNALFD_FLAGS, "SFD_???"),
    "signal_frame": Frame,
    "signal_result": SignalResult,
}
