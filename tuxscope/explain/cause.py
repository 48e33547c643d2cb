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

# The trust flags of pointer types, in words. Other prefixes are kept as the verifier prints them.
TRUST = {
    "trusted": "a trusted", "untrusted": "an untrusted", "rcu": "an RCU-protected",
    "percpu": "a per-CPU", "user": "a user-space", "": "a",
}  # fmt: skip
TRUST_PREFIX = re.compile(r"(trusted|untrusted|rcu|percpu|user)_(?=\w)")
# The function that returns a trusted pointer, by a word in the name of the call that takes one.
TRUSTED_SOURCES = (
    ("task", "get_current_task_btf"), ("find_vma", "get_current_task_btf"),
    ("cgroup", "cgroup_from_id"), ("cgrp", "cgroup_from_id"), ("cpumask", "cpumask_create"),
)  # fmt: skip
HELPERS = ("get_current_task_btf",)  # the others are kfuncs
ACCESS = re.compile(r"\*\((u\d+) \*\)\(r\d+ ?([+-]\d+)\)")


def kind(word: str) -> str:
    """Return the type of a register in words; ``word`` is what the verifier calls it.

    An unknown word is returned unchanged.
    """
    found = TRUST_PREFIX.match(word)
    bare = word[found.end() :] if found else word
    said = KINDS.get(bare, bare or "nothing")
    if bare.startswith("ptr_"):
        return f"{TRUST[found[1] if found else '']} {said}"
    return said


def kinds(words: Sequence[str]) -> str:
    """Return as a str several register types, the verifier's ``words``, a sequence of str, in words
    and without duplicates.

    If ``fp`` is among them, the result says that an address of memory is expected.
    """
    if len(words) > 1 and "fp" in words:
        return "an address of memory (the stack, a map's value, ...)"
    return " or ".join(dict.fromkeys(map(kind, words)))


def trusted_source(helper: str) -> str:
    """Return the name of the function whose trusted pointer ``helper``, a name, takes; ``""`` if
    unknown.

    Both are helpers or kfuncs, without ``bpf_``.
    """
    return next(
        (gives for word, gives in TRUSTED_SOURCES if word in [*helper.split("_"), helper]), ""
    )


def parse_number(digits: str) -> int:
    """Return ``digits``, an integer of the log, as an int; int() limits the length, so 20 digits
    count."""
    return int(digits[:20])


class ErrorContext(NamedTuple):
    """A NamedTuple: the error line that a case matched, and the path that leads to it.

    Attributes:
        found: the re.Match in the error line.
        path: the Path of the verifier to the instruction that it stopped at.
        register: an int, a property.
    """

    found: re.Match[str]
    path: Path

    @property
    def register(self) -> int:
        """The number of the register in the error line, an integer; -1 if there is none."""
        number = self.found.groupdict().get("reg")
        return parse_number(number) if number else -1

    def words(self) -> dict[str, object]:
        """Return the values for the templates of sentences and hints, a dict of values by name."""
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
            words["place"] = str(Address(r10, parse_number(str(words["off"] or 0))))
        if size and "off" in words:
            words["reach"] = parse_number(str(words["off"])) + parse_number(size)
        access = ACCESS.search(stop.text) if stop else None
        moved = parse_number(str(words.get("off") or 0))
        return words | {
            "index": self.bound(),
            "width": access[1] if access else "u64",
            "total": moved + (parse_number(access[2]) if access else 0),
            **self.trusted_source_words(),
            "reg": f"r{self.register}" if self.register >= 0 else "the register",
            "next": f"r{self.register + 1}",
            "spare": f"r{self.path.spare()}",
            "helper": self.path.helper or "the helper",
            "instruction": stop.text.partition(" ")[2] if stop else "the instruction",
            "call": writer.step.text.partition(" ")[2] if writer else "a call",
        }

    def trusted_source_words(self) -> dict[str, str]:
        """Return template values, a dict of str by name: the call for a trusted pointer, in Python
        and in C."""
        gives = trusted_source(self.path.helper)
        if not gives:
            given = "a pointer from the context, or from a kernel function that acquires one"
            return {"trusted_source": given, "trusted_source_in_c": given}
        python = f"a.call(helper.{gives})" if gives in HELPERS else f"the kernel's bpf_{gives}()"
        return {"trusted_source": python, "trusted_source_in_c": f"bpf_{gives}()"}

    def bound(self) -> str:
        """Return the name, a str, of the register to bound: the one added to the address, else the
        address.

        If the log shows neither, it is ``index``.
        """
        if self.register >= 0:
            return f"r{self.path.added(self.register) or self.register}"
        added = ADDED.match(self.path.stop.text) if self.path.stop else None
        return f"r{added[1]}" if added else "index"


def always(_: ErrorContext) -> bool:
    """Return True for any ErrorContext, the one parameter."""
    return True


# Finds the slot of an error that names no slot and is not at the end of the path; None if unknown.
Where = Callable[[ErrorContext, Program | None], int | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A frozen dataclass: a message of the verifier, and its explanation.

    ``sentence``, ``python`` and ``c`` are templates for :meth:`str.format_map`, filled in with the
    pattern's groups and :meth:`ErrorContext.words`. The group ``reg`` is a register's number, the
    groups ``type`` and ``expected`` are the verifier's types.

    Attributes:
        pattern: a str, a regular expression, searched in an error line.
        sentence: a str, the cause in plain words, without a full stop.
        python: a str, what to type in the assembler.
        c: a str, what to type in C.
        when: a function that takes the ErrorContext and returns a bool, a further condition on the
            match.
        where: a Where or None, a function that takes the ErrorContext and a Program or None, and
            returns the slot at fault, an int or None; None if the verifier stopped there.
        whole_program: whether it is about the whole program, not one instruction.
    """

    pattern: str
    sentence: str
    python: str
    c: str
    when: Callable[[ErrorContext], bool] = always
    where: Where | None = None
    whole_program: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """A frozen dataclass: a row of the table.

    Attributes:
        key: a str, the name in output and JSON, such as ``missing-null-check``.
        title: a str, the heading in docs/verifier.md.
        cases: a tuple of Case, tried in order; the first that matches explains the error.
    """

    key: str
    title: str
    cases: tuple[Case, ...]
