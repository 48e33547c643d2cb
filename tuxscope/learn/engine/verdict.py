"""The verdict on one page, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tuxscope.asm import SourceLine


class StageState(Enum):
    """An enum: how a stage of grading ended. Members: PASSED = "passed", FAILED = "failed",
    NOT_RUN = "not run"."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Stage:
    """A frozen dataclass: one stage of grading: in the interpreter (pure), or on the kernel.

    Attributes:
        state: how it ended, a StageState.
        why: why it was not run, a str; empty if it was.
    """

    state: StageState
    why: str = ""


PASSED, FAILED = Stage(StageState.PASSED), Stage(StageState.FAILED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A frozen dataclass: what is wrong with a page.

    Attributes:
        expected: what a right answer does, a str.
        came: what this one did, a str.
        source: the SourceLine of the page that is wrong; None if it is not known.
        advice: a str, what to type; empty if that is not known.
        hint: an int or None, index of the exercise's hint that fits; None if none does.
    """

    expected: str
    came: str
    source: SourceLine | None = None
    advice: str = ""
    hint: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A frozen dataclass: the verdict on one page.

    Attributes:
        name: a str, of the exercise.
        seed: of the grader's random inputs, an int.
        pure: the Stage of the checks of the assembler, and the interpreter.
        kernel: the Stage of the running kernel; None if the exercise does not use it.
        finding: what is wrong, a Finding; None if nothing is.
        stages: a dict of str to Stage, a property.
        passed: a bool, a property.
        score: a float, a property.
    """

    name: str
    seed: int
    pure: Stage
    kernel: Stage | None = None
    finding: Finding | None = None

    @property
    def stages(self) -> dict[str, Stage]:
        """The stages of the exercise, a dict of Stage by name."""
        return {"pure": self.pure} | ({"kernel": self.kernel} if self.kernel else {})

    @property
    def passed(self) -> bool:
        """Whether the page passed in the interpreter, and did not fail on the kernel, a bool."""
        states = [each.state for each in self.stages.values()]
        return self.pure.state is StageState.PASSED and StageState.FAILED not in states

    @property
    def score(self) -> float:
        """The share of the stages that the page passed, a float from 0 to 1."""
        states = [each.state for each in self.stages.values()]
        return states.count(StageState.PASSED) / len(states)


def to_object(verdict: Verdict) -> dict[str, Any]:
    """Return ``verdict``, a Verdict, as a dict for JSON; its ``file`` is an absolute path."""
    finding = verdict.finding
    source = finding.source if finding else None
    return {
        "name": verdict.name,
        "passed": verdict.passed,
        "score": verdict.score,
        "seed": verdict.seed,
        "stages": {
            name: {"state": stage.state.value, "why": stage.why or None}
            for name, stage in verdict.stages.items()
        },
        "expected": finding.expected if finding else None,
        "came": finding.came if finding else None,
        "file": source.file if source else None,
        "line": source.line or None if source else None,
        "source": source.text or None if source else None,
        "advice": finding.advice or None if finding else None,
        "hint": finding.hint if finding else None,
    }


def from_object(found: Mapping[str, Any]) -> Verdict:
    """Return the Verdict of ``found``, a mapping; the inverse of :func:`to_object`."""
    stages = {
        name: Stage(StageState(stage["state"]), stage["why"] or "")
        for name, stage in found["stages"].items()
    }
    finding = None
    if found["expected"] is not None:
        source = None
        if found["file"] is not None:
            source = SourceLine(found["file"], found["line"] or 0, found["source"] or "")
        finding = Finding(
            found["expected"], found["came"], source, found["advice"] or "", found["hint"]
        )
    return Verdict(found["name"], found["seed"], stages["pure"], stages.get("kernel"), finding)
