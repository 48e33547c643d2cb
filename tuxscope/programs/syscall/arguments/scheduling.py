"""Scheduling: CPUs, policies, and priorities."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    Pointed,
    all_bytes,
    choice_text,
    number_at,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# Python names SCHED_OTHER and the like; SCHED_DEADLINE and SCHED_EXT come later
POLICIES = {
    getattr(os, name): name
    for name in dir(os)
    if name.startswith("SCHED_") and name != "SCHED_RESET_ON_FORK"
} | {6: "SCHED_DEADLINE", 7: "SCHED_EXT"}
WHICH = {os.PRIO_PROCESS: "PRIO_PROCESS", os.PRIO_PGRP: "PRIO_PGRP", os.PRIO_USER: "PRIO_USER"}
# include/uapi/linux/sched.h
ATTRIBUTE_FLAGS = {
    1: "SCHED_FLAG_RESET_ON_FORK", 2: "SCHED_FLAG_RECLAIM", 4: "SCHED_FLAG_DL_OVERRUN",
    8: "SCHED_FLAG_KEEP_POLICY", 16: "SCHED_FLAG_KEEP_PARAMS", 32: "SCHED_FLAG_UTIL_CLAMP_MIN",
    64: "SCHED_FLAG_UTIL_CLAMP_MAX",
}  # fmt: skip
# include/uapi/linux/membarrier.h
BARRIERS = {0: "MEMBARRIER_CMD_QUERY"} | {
    1 << bit: f"MEMBARRIER_CMD_{name}"
    for bit, name in enumerate((
        "GLOBAL", "GLOBAL_EXPEDITED", "REGISTER_GLOBAL_EXPEDITED", "PRIVATE_EXPEDITED",
        "REGISTER_PRIVATE_EXPEDITED", "PRIVATE_EXPEDITED_SYNC_CORE",
        "REGISTER_PRIVATE_EXPEDITED_SYNC_CORE", "PRIVATE_EXPEDITED_RSEQ",
        "REGISTER_PRIVATE_EXPEDITED_RSEQ", "GET_REGISTRATIONS",
    ))
}  # fmt: skip
BARRIER_FLAGS = {1: "MEMBARRIER_CMD_FLAG_CPU"}
PRIORITY_CLASSES = dict(enumerate((
    "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE",
)))  # fmt: skip
PRIORITY_WHO = dict(enumerate((
    "IOPRIO_WHO_PROCESS", "IOPRIO_WHO_PGRP", "IOPRIO_WHO_USER",
), 1))  # fmt: skip
SET_SIZE = 128  # bytes that are read of a set of CPUs, for 1024 of them


class CpuSet(Kind):
    """A Kind: a set of CPUs: ``[0 1]``.

    Attributes:
        count: how many bytes it has, an int: a Count, or a Count plus the index of an argument.
        when: a When: whether before or after the call.
    """

    def __init__(self, count: int, when: When = When.EXIT) -> None:
        self.count = count
        self.when = when

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, count=self.count, most=SET_SIZE, when=self.when),)

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if data is None:
            return call.address(index)
        # it is an array of longs, of which the first has the lowest CPUs
        word = call.word
        cpus = [
            8 * at + bit
            for at in range(0, len(data), word)
            for number in [int.from_bytes(data[at : at + word], sys.byteorder)]
            for bit in range(number.bit_length())
            if number >> bit & 1
        ]
        return f"[{' '.join(map(str, cpus))}]"


ATTRIBUTES = Layout((
    Member("size", "I"),
    Member("sched_policy", "I", lambda value: choice_text(value, POLICIES, "SCHED_???")),
    Member("sched_flags", "Q", lambda value: flag_text(value, ATTRIBUTE_FLAGS, "SCHED_FLAG_???")),
    Member("sched_nice", "i"),
    Member("sched_priority", "I"),
    Member("sched_runtime", "Q"),
    Member("sched_deadline", "Q"),
    Member("sched_period", "Q"),
))  # fmt: skip
CLAMPED = Layout(
    (*ATTRIBUTES.members, Member("sched_util_min", "I"), Member("sched_util_max", "I"))
)


def attributes_text(data: bytes, call: Call) -> str | None:
    """Return the struct sched_attr of ``call``, a Call, in ``data``, bytes, as text, which has the
    members that its size says; None if ``data`` is too short."""
    size = int.from_bytes(data[:4], sys.byteorder)
    layout = CLAMPED if size >= CLAMPED.size(call.word) else ATTRIBUTES
    return layout.text(data, call.word)


class PolicyResult(Number):
    """A Number: a scheduling policy: ``1 (SCHED_FIFO)``."""

    def text(self, call: Call, index: int) -> str:
        name = POLICIES.get(call.result)
        return f"{call.result} ({name})" if name else str(call.result)


class BarrierResult(Number):
    """A Number: what membarrier's query returns: ``0x1ff (MEMBARRIER_CMD_GLOBAL|...)``."""

    def text(self, call: Call, index: int) -> str:
        if call.unsigned(0) or not call.result:
            return str(call.result)
        return f"{call.result:#x} ({flag_text(call.result, BARRIERS, 'MEMBARRIER_CMD_???')})"


class BarrierCpu(Kind):
    """A Kind: the CPU of a memory barrier, which takes MEMBARRIER_CMD_FLAG_CPU."""

    def is_shown(self, call: Call, index: int) -> bool:
        return call.unsigned(index - 1) == 1

    def text(self, call: Call, index: int) -> str:
        return str(call.signed(index))


def io_priority_text(value: int) -> str:
    """Return the priority of I/O ``value``, an int, as
    ``IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)``."""
    name = choice_text(value >> 13 & 7, PRIORITY_CLASSES, "IOPRIO_CLASS_???")
    return f"IOPRIO_PRIO_VALUE({name}, {value & 0x1FFF})"


class IoPriority(Kind):
    """A Kind: a class of I/O priorities, with a priority in it."""

    def text(self, call: Call, index: int) -> str:
        return io_priority_text(call.unsigned(index))


class IoPriorityResult(Number):
    """A Number: the priority that ioprio_get(2) returns."""

    def text(self, call: Call, index: int) -> str:
        return f"{call.result} ({io_priority_text(call.result)})"


KINDS: dict[str, Callable[..., Kind]] = {
    "cpus": lambda size: CpuSet(Count.ARGUMENT + size),
    "cpus_out": lambda: CpuSet(Count.RETURNED, When.SUCCESS),
    "policy": lambda: Choice(POLICIES, "SCHED_???"),
    "sched_param": lambda: number_at("i", when=When.EXIT),
    "sched_param_out": lambda: number_at("i"),
    "sched_attr": lambda: Pointed(56, attributes_text),
    "sched_attr_out": lambda: Pointed(56, attributes_text, When.SUCCESS),
    "priority_which": lambda: Choice(WHICH, "PRIO_???"),
    "membarrier_cmd": lambda: Choice(BARRIERS, "MEMBARRIER_CMD_???"),
    "membarrier_flags": lambda: Flags(BARRIER_FLAGS, "MEMBARRIER_CMD_FLAG_???"),
    "membarrier_cpu": BarrierCpu,
    "membarrier_result": BarrierResult,
    "policy_result": PolicyResult,
    "ioprio_who": lambda: Choice(PRIORITY_WHO, "IOPRIO_WHO_???"),
    "ioprio": IoPriority,
    "ioprio_result": IoPriorityResult,
}
