"""The path to the instruction at which the verifier stopped: last writers and register states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tuxscope.explain.log import START, Log, LoggedStep

# "(bf) r2 = r1", "(07) w2 += 1", "(db) r1 = atomic64_fetch_add(...)"; no "if r1 == 0 goto"
WRITTEN = re.compile(r"\([0-9a-f]{2}\) [rw](\d{1,2}) [^ ]*= ?")
ADDED = re.compile(r"\([01]f\) r\d+ [+-]= r(\d+)")
MOVED = re.compile(r"\([01]7\) r\d+ [+-]= ")  # by a constant
COPIED = re.compile(r"\(bf\) r\d+ = r(\d+)")
NAMED = re.compile(r"\b[rw](\d{1,2})\b")
HELPER = re.compile(r"\(85\) call (?:bpf_)?(\w+)#\d+")
STATE_OF = re.compile(r"(?:^| )R(\d{1,2})(?:_\w+)?=")
ARGUMENTS = range(1, 6)
CALLEE_SAVED = range(6, 10)


class Writer(NamedTuple):
    """A NamedTuple: the last instruction that wrote a register.

    Attributes:
        step: the instruction, a LoggedStep.
        clobbered: whether it is a call, a bool, which clobbered the register.
    """

    step: LoggedStep
    clobbered: bool


class Path:
    """The path to the instruction at which the verifier stopped, in ``log``, a Log.

    Attributes:
        stop: that instruction, a LoggedStep; None if the log shows none.
        complete, in_function: each a bool, properties.
        helper: a str, a property.
    """

    def __init__(self, log: Log) -> None:
        self._steps = log.steps
        self._stop = log.stop
        self.stop = log.steps[log.stop] if log.stop >= 0 else None

    def back(self) -> Iterator[LoggedStep]:
        """Yield the LoggedSteps before the stop, the last first."""
        at = self._steps[self._stop].parent if self._stop >= 0 else -1
        while at >= 0:
            yield self._steps[at]
            at = self._steps[at].parent

    @property
    def complete(self) -> bool:
        """Whether the log shows the path from its first instruction on, a bool."""
        first = self.stop
        for first in self.back():  # noqa: B007
            pass
        return first is not None and first.parent == START

    @property
    def in_function(self) -> bool:
        """Whether the log shows that the verifier stopped in a function that is called, a bool."""
        first = self.stop
        for step in self.back():
            if self.stop and step.depth < self.stop.depth:
                return True
            first = step
        return first is not None and first.parent == START and first.slot > 0

    @property
    def helper(self) -> str:
        """The name of the helper whose call the verifier stopped at, a str, or ``""``."""
        found = HELPER.match(self.stop.text) if self.stop else None
        return found[1] if found else ""

    def named(self) -> list[int]:
        """Return a list of the numbers of the registers that the instruction reads, int."""
        if self.stop is None:
            return []
        _, _, text = self.stop.text.partition(" ")
        written = re.match(r"[rw]\d+ = (?=.)", text)
        return [int(each) for each in NAMED.findall(text[written.end() if written else 0 :])]

    def spare(self) -> int:
        """Return the number of the first of r6 to r9 that the path has not written, else 6.

        Writes that the log does not show are not known.
        """
        used = {
            int(found[1])
            for step in self.back()
            if (found := WRITTEN.match(step.text)) and self.stop and step.depth == self.stop.depth
        }
        return next((each for each in CALLEE_SAVED if each not in used), CALLEE_SAVED[0])

    def writer(self, register: int) -> Writer | None:
        """Return the Writer, the last one, of register number ``register``; None if the log shows
        none."""
        if self.stop is None:
            return None
        depth = self.stop.depth
        for step in self.back():
            if step.depth > depth:
                if register == 0 and step.text.startswith("(95)"):
                    depth = step.depth  # r0 is returned to the caller
                continue
            if step.depth < depth:  # the caller's registers from here on
                if register not in ARGUMENTS:
                    return None
                depth = step.depth
                continue
            if step.text.startswith(("(85)", "(e5)")) and register <= 5:
                return Writer(step, clobbered=register != 0)
            found = WRITTEN.match(step.text)
            if found and int(found[1]) == register:
                return Writer(step, clobbered=False)
        return None

    def added(self, register: int) -> int | None:
        """Return the number of the register last added to the address in ``register``, a number, or
        None."""
        for step in self.back():
            if self.stop is None or step.depth != self.stop.depth:
                return None
            found = WRITTEN.match(step.text)
            if not found or int(found[1]) != register:
                continue
            if added := ADDED.match(step.text):
                return int(added[1])
            if copied := COPIED.match(step.text):
                register = int(copied[1])
            elif not MOVED.match(step.text):
                return None
        return None

    def had_type(self, register: int, *kinds: str) -> bool:
        """Return whether the value of ``register``, a number, had one of the types ``kinds``
        earlier on the path.

        ``kinds`` are prefixes of states, such as ``pkt(``. Copies between registers are followed.
        """
        for step in self.back():
            if self.stop is None or step.depth != self.stop.depth:
                continue
            if state_in(step.after, register).startswith(kinds):
                return True
            found = WRITTEN.match(step.text)
            if found and int(found[1]) == register:
                copied = COPIED.match(step.text)
                if not copied:
                    return False
                register = int(copied[1])
            elif step.text.startswith(("(85)", "(e5)")) and register <= 5:
                return False
            if state_in(step.before, register).startswith(kinds):
                return True
        return False

    def state(self, register: int) -> str:
        """Return the state of ``register``, a number, when the verifier stopped, as a str in its
        notation.

        It is ``""`` if the log does not show it.
        """
        if self.stop is None:
            return ""
        depth, step = self.stop.depth, self.stop
        if step.before:
            found = state_in(step.before, register)
            if found or step.all_registers:
                return found
        for step in self.back():
            if step.depth != depth:
                return ""
            if found := state_in(step.after, register):
                return found
            written = WRITTEN.match(step.text)
            if written and int(written[1]) == register:
                return ""
            if step.text.startswith(("(85)", "(e5)")) and register <= 5:
                return ""
            if step.before:
                found = state_in(step.before, register)
                if found or step.all_registers:
                    return found
        return ""


def state_in(text: str, register: int) -> str:
    """Return the part of ``text``, a state, that is about register number ``register``.

    It is ``scalar(umin=1,umax=4)`` of ``R0=ctx() R1_w=scalar(umin=1,umax=4)`` for 1; ``""`` if
    there is none.
    """
    for found in STATE_OF.finditer(text):
        if int(found[1]) == register:
            return until_space(text[found.end() :])
    return ""


def until_space(text: str) -> str:
    """Return ``text`` up to the first space outside of parentheses and brackets."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == " " and depth <= 0:
            return text[:index]
    return text
