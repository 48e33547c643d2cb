"""futex(2), whose operation decides which arguments there are."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.calls.reads import Read
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    choice_text,
    hexadecimal_text,
    pointed,
)
from tuxscope.programs.syscall.arguments.times import TIMESPEC, TIMESPEC64

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/uapi/linux/futex.h, in order
OPERATIONS = (
    "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
    "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET",
    "FUTEX_WAKE_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2",
)  # fmt: skip
PRIVATE, REALTIME = 128, 256
WITH_CLOCK = ("FUTEX_WAIT", "FUTEX_WAIT_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_LOCK_PI2")
ADDRESS, OPERATION, VALUE, TIMEOUT, ADDRESS2, VALUE3 = range(6)
ALL = (VALUE, TIMEOUT, ADDRESS2, VALUE3)
SHOWN: dict[str, tuple[int, ...]] = {
    "FUTEX_WAIT": (VALUE, TIMEOUT),
    "FUTEX_WAKE": (VALUE,),
    "FUTEX_FD": (VALUE,),
    "FUTEX_REQUEUE": (VALUE, TIMEOUT, ADDRESS2),
    "FUTEX_LOCK_PI": (TIMEOUT,),
    "FUTEX_LOCK_PI2": (TIMEOUT,),
    "FUTEX_UNLOCK_PI": (),
    "FUTEX_TRYLOCK_PI": (),
    "FUTEX_WAIT_BITSET": (VALUE, TIMEOUT, VALUE3),
    "FUTEX_WAKE_BITSET": (VALUE, VALUE3),
    "FUTEX_WAIT_REQUEUE_PI": (VALUE, TIMEOUT, ADDRESS2),
}
TIMED = {name for name, shown in SHOWN.items() if TIMEOUT in shown} - {"FUTEX_REQUEUE"}
COUNTED = ("FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI", "FUTEX_WAKE_OP")
WAKE_OPERATIONS = {
    0: "FUTEX_OP_SET", 1: "FUTEX_OP_ADD", 2: "FUTEX_OP_OR", 3: "FUTEX_OP_ANDN", 4: "FUTEX_OP_XOR",
}  # fmt: skip
COMPARISONS = {
    0: "FUTEX_OP_CMP_EQ", 1: "FUTEX_OP_CMP_NE", 2: "FUTEX_OP_CMP_LT", 3: "FUTEX_OP_CMP_LE",
    4: "FUTEX_OP_CMP_GT", 5: "FUTEX_OP_CMP_GE",
}  # fmt: skip


def command(call: Call) -> str:
    """Return the name of the operation of ``call``, a Call, without its flags; "" for one that is
    not known."""
    number = call.unsigned(OPERATION) & ~PRIVATE & ~REALTIME
    return OPERATIONS[number] if number < len(OPERATIONS) else ""


class Operation(Kind):
    """A Kind: the operation: ``FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME``."""

    def text(self, call: Call, index: int) -> str:
        name, value = command(call), call.unsigned(index)
        if not name or (value & REALTIME and name not in WITH_CLOCK):
            return choice_text(value, {}, "FUTEX_???")
        clock = "|FUTEX_CLOCK_REALTIME" if value & REALTIME else ""
        return f"{name}{'_PRIVATE' if value & PRIVATE else ''}{clock}"


class Shown(Kind):
    """A Kind: an argument that some operations have."""

    def is_shown(self, call: Call, index: int) -> bool:
        return index in SHOWN.get(command(call), ALL)


class Value(Shown):
    """A Shown: an unsigned number."""

    def text(self, call: Call, index: int) -> str:
        return str(call.unsigned(index))

    def json(self, call: Call, index: int) -> Any:
        return call.unsigned(index)


class Timeout(Shown):
    """A Shown: a struct timespec of ``layout``, a Layout, or a number of waiters."""

    def __init__(self, layout: Layout) -> None:
        self.timespec = pointed(layout)

    def reads(self, index: int) -> tuple[Read, ...]:
        return self.timespec.reads(index)

    def text(self, call: Call, index: int) -> str:
        name = command(call)
        if name in TIMED:
            return self.timespec.text(call, index)
        return str(call.long(index)) if name in COUNTED else hexadecimal_text(call.values[index])

    def json(self, call: Call, index: int) -> Any:
        return call.long(index) if command(call) in COUNTED else self.text(call, index)


class Value3(Shown):
    """A Shown: a bit set, a value to compare with, or an operation on the second futex."""

    def text(self, call: Call, index: int) -> str:
        name, value = command(call), call.unsigned(index)
        if name in ("FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI"):
            return str(value)
        if name == "FUTEX_WAKE_OP":
            return wake_operation(value)
        if name and value == 0xFFFFFFFF:
            return "FUTEX_BITSET_MATCH_ANY"
        return hexadecimal_text(value)


def wake_operation(value: int) -> str:
    """Return the text of what FUTEX_WAKE_OP does by its ``value``, an int, as FUTEX_OP(3) combines
    it."""
    shift = "FUTEX_OP_OPARG_SHIFT<<28|" if value >> 31 else ""
    operation = choice_text(value >> 28 & 7, WAKE_OPERATIONS, "FUTEX_OP_???")
    comparison = choice_text(value >> 24 & 15, COMPARISONS, "FUTEX_OP_CMP_???")
    first, second = hexadecimal_text(value >> 12 & 0xFFF), hexadecimal_text(value & 0xFFF)
    return f"{shift}{operation}<<28|{first}<<12|{comparison}<<24|{second}"


# futex_wait(2) and the like: sizes in bits 0 and 1
FLAGS2 = {3: "FUTEX2_SIZE_U64", 2: "FUTEX2_SIZE_U32", 1: "FUTEX2_SIZE_U16", 4: "FUTEX2_NUMA"}
FLAGS2 |= {128: "FUTEX2_PRIVATE"}


class Flags2(Kind):
    """A Kind: the flags of futex_wait(2) and the like."""

    def text(self, call: Call, index: int) -> str:
        return flag_text(call.unsigned(index), FLAGS2, "FUTEX2_???")


KINDS: dict[str, Callable[..., Kind]] = {
    "futex_op": Operation,
    "futex_val": Value,
    "futex_timeout": lambda: Timeout(TIMESPEC),
    "futex_timeout64": lambda: Timeout(TIMESPEC64),
    "futex_address2": Shown,
    "futex_val3": Value3,
    "futex2_flags": Flags2,
}
