"""The rows of the table of causes, and the values that fill their templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tuxscope.asm.program import Program
from tuxscope.asm.registers import Address, r10
from tuxscope.explain.path import ADDED, Path

# What the verifier calls the contents of a register, in words.
KINDS = {
    "inv": "a scalar", "scalar": "a scalar", "ctx": "the context", "fp": "the stack",
    "map_ptr": "a map", "map_value": "a map's value", "map_key": "a map's key",
    "map_value_or_null": "the result of a lookup, which may be NULL", "pkt": "the packet",
    "pkt_meta": "the packet's metadata", "pkt_end": "the end of the packet",
    "mem": "a memory region", "mem_or_null": "a memory region, or NULL",
    "ringbuf_mem": "a ring buffer's record", "alloc_mem": "a ring buffer's record",
    "alloc_mem_or_null": "a ring buffer's record, or NULL",
    "ringbuf_mem_or_null": "a ring buffer's record, or NULL",
    "rdonly_mem": "read-only memory", "rdonly_buf": "read-only memory",
    "func": "a function's address", "sock": "a socket", "sock_or_null": "a socket, or NULL",
    "sock_common": "a socket", "sock_common_or_null": "a socket, or NULL",
    "tcp_sock": "a TCP socket", "tcp_sock_or_null": "a TCP socket, or NULL",
    "tp_buffer": "a tracepoint's buffer", "arena": "an arena", "buf": "a buffer",
    "ptr_": "pointer to a kernel object", "ptr_or_null_": "pointer to a kernel object, or NULL",
    "dynptr_ptr": "a dynptr",
}  # fmt: skip

# How far the verifier relies on a pointer. Others that may stand before a type are its own words.
TRUST = {
    "trusted": "a trusted", "untrusted": "an untrusted", "rcu": "an RCU-protected",
    "percpu": "a per-CPU", "user": "a user-space", "": "a",
}  # fmt: skip
CAREFUL = re.compile(r"(trusted|untrusted|rcu|percpu|user)_(?=\w)")
# Where a trusted pointer to an object comes from, by words of the call that takes one.
GIVERS = (
    ("task", "get_current_task_btf"), ("find_vma", "get_current_task_btf"),
    ("cgroup", "cgroup_from_id"), ("cgrp", "cgroup_from_id"), ("cpumask", "cpumask_create"),
)  # fmt: skip
HELPERS = ("get_current_task_btf",)  # the others are functions of the kernel's
ACCESS = re.compile(r"\*\((u\d+) \*\)\(r\d+ ?([+-]\d+)\)")


def kind(word: str) -> str:
    """A register type of the verifier in words, or unchanged if it is unknown."""
    found = CAREFUL.match(word)
    bare = word[found.end() :] if found else word
    said = KINDS.get(bare, bare or "nothing")
    if bare.startswith("ptr_"):
        return f"{TRUST[found[1] if found else '']} {said}"
    return said


def kinds(words: Sequence[str]) -> str:
    """Several register types in words, without duplicates; ``fp`` among them means memory."""
    if len(words) > 1 and "fp" in words:
        return "an address of memory (the stack, a map's value, ...)"
    return " or ".join(dict.fromkeys(map(kind, words)))


def giver(helper: str) -> str:
    """The helper or kfunc that returns the trusted pointer for ``helper``; ``""`` if unknown."""
    return next((gives for word, gives in GIVERS if word in [*helper.split("_"), helper]), "")


def whole(digits: str) -> int:
    """Parse a number of the log; digits after the 20th are ignored, as int() limits the length."""
    return int(digits[:20])


class Scene(NamedTuple):
    """The context of a telling line.

    Attributes:
        found: the match in the telling line.
        path: the verifier's path to the instruction.
    """

    found: re.Match[str]
    path: Path

    @property
    def register(self) -> int:
        """The number of the register in the telling line; -1 if there is none."""
        number = self.found.groupdict().get("reg")
        return whole(number) if number else -1

    def words(self) -> dict[str, object]:
        """The values for the templates of sentences and hints, by name."""
        writer = self.path.writer(self.register) if self.register >= 0 else None
        stop = self.path.stop
        words: dict[str, object] = {
            name: value or "" for name, value in self.found.groupdict().items()
        }
        for name in ("type", "expected"):
            if name in words:
                words[name] = kinds([each.strip() for each in str(words[name]).split(",")])
        if size := str(words.get("size", "")):
            words["bytes"] = "1 byte" if size == "1" else f"{size} bytes"
        if "off" in words:
            words["place"] = str(Address(r10, whole(str(words["off"] or 0))))
        if size and "off" in words:
            words["reach"] = whole(str(words["off"])) + whole(size)
        access = ACCESS.search(stop.text) if stop else None
        moved = whole(str(words.get("off") or 0))
        return words | {
            "index": self.bound(),
            "width": access[1] if access else "u64",
            "total": moved + (whole(access[2]) if access else 0),
            **self.givers(),
            "reg": f"r{self.register}" if self.register >= 0 else "the register",
            "next": f"r{self.register + 1}",
            "spare": f"r{self.path.spare()}",
            "helper": self.path.helper or "the helper",
            "instruction": stop.text.partition(" ")[2] if stop else "the instruction",
            "call": writer.step.text.partition(" ")[2] if writer else "a call",
        }

    def givers(self) -> dict[str, str]:
        """The source of a trusted pointer, in Python and in C."""
        gives = giver(self.path.helper)
        if not gives:
            given = "what the context or an acquiring kernel function gave"
            return {"giver": given, "giver_in_c": given}
        python = f"a.call(helper.{gives})" if gives in HELPERS else f"the kernel's bpf_{gives}()"
        return {"giver": python, "giver_in_c": f"bpf_{gives}()"}

    def bound(self) -> str:
        """The register to bound: the one added to the address, else the address, else ``index``."""
        if self.register >= 0:
            return f"r{self.path.added(self.register) or self.register}"
        added = ADDED.match(self.path.stop.text) if self.path.stop else None
        return f"r{added[1]}" if added else "index"


def always(_: Scene) -> bool:
    return True


# Finds the slot that a case is about, where neither the line names one nor the walk ended there.
Where = Callable[[Scene, Program | None], int | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A message of the verifier, and its explanation.

    ``sentence``, ``python`` and ``c`` are templates for :meth:`str.format_map`, filled in with
    the pattern's groups and :meth:`Scene.words`. The group ``reg`` is a register's number, the
    groups ``type`` and ``expected`` are the verifier's types.

    Attributes:
        pattern: searched in a telling line.
        sentence: the cause in plain words, without a full stop.
        python: what to type in the assembler.
        c: what to type in C.
        when: what else must be so for this to be the case.
        where: the slot, if it is not the one that the verifier stopped at.
        whole: it is about the program as a whole.
    """

    pattern: str
    sentence: str
    python: str
    c: str
    when: Callable[[Scene], bool] = always
    where: Where | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """A row of the table.

    Attributes:
        key: ``missing-null-check``.
        title: the same for a heading.
        cases: the first that fits is it.
    """

    key: str
    title: str
    cases: tuple[Case, ...]
