"""Each exercise: the starter fails, the solution passes, wrong answers are told why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from learn.wrong_answers import WRONG_ANSWERS, WrongAnswer
from tuxscope.learn.catalogue import LADDER, exercise_named, solution_text, starter_text
from tuxscope.learn.feedback import report
from tuxscope.learn.grading import grade
from tuxscope.learn.verdict import State, Verdict, from_object, to_object
from tuxscope.learn.workplace import Workplace
from tuxscope.output.report import shown

SEED = 7


def verdict_on(name: str, text: str, folder: Path, kernel: bool = False) -> Verdict:
    place = Workplace(exercise_named(name), str(folder))
    Path(place.file).write_text(text)
    verdict = grade(place.exercise, place.file, SEED, kernel=kernel)
    assert from_object(to_object(verdict)) == verdict
    return verdict


def feedback(verdict: Verdict, folder: Path) -> str:
    """What a student reads, each remark in one line; nothing in it is wider than 80 columns."""
    place = Workplace(exercise_named(verdict.name), str(folder))
    told = report(verdict, place)
    lines = list(shown(told, fd=-1))
    assert all(len(line) <= 80 for line in lines if str(folder) not in line)
    return "\n".join([told.sentence, *(f"{label}: {text}" for label, text in told.remarks)])


@pytest.mark.parametrize("name", LADDER)
def test_an_exercise_is_whole(name: str) -> None:
    exercise = exercise_named(name)
    assert exercise.name == name
    assert len(exercise.hints) == 3
    task = starter_text(name)
    assert f"tuxscope learn check {name}\n" in task
    assert "\nTask: " in task
    assert "Task: " not in solution_text(name)
    assert Counter(each.exercise for each in WRONG_ANSWERS)[name] >= 3


@pytest.mark.parametrize("name", LADDER)
def test_the_starter_fails_and_is_told_the_task(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(name, starter_text(name), tmp_path)
    assert not verdict.passed
    assert verdict.score == 0
    assert verdict.finding
    assert verdict.finding.source
    told = feedback(verdict, tmp_path)
    assert f"{name} has not passed" in told
    assert f"task: {exercise_named(name).title}" in told
    assert f"hint: tuxscope learn hint {name} {tmp_path}" in told


@pytest.mark.parametrize("name", LADDER)
def test_the_solution_passes_without_a_kernel(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(name, solution_text(name), tmp_path)
    assert verdict.passed, verdict.finding
    assert verdict.finding is None


@pytest.mark.kernel
@pytest.mark.parametrize("name", LADDER)
def test_the_solution_passes_on_the_kernel(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(name, solution_text(name), tmp_path, kernel=True)
    assert verdict.finding is None
    if verdict.kernel and verdict.kernel.state is State.NOT_RUN:
        pytest.skip(verdict.kernel.why)
    assert verdict.score == 1


@pytest.mark.parametrize("wrong", WRONG_ANSWERS, ids=lambda each: f"{each.exercise}: {each.says}")
def test_a_wrong_answer_is_told_what_it_is(wrong: WrongAnswer, tmp_path: Path) -> None:
    solution = solution_text(wrong.exercise)
    assert wrong.old in solution
    text = solution.replace(wrong.old, wrong.new, 1)
    verdict = verdict_on(wrong.exercise, text, tmp_path)
    assert not verdict.passed
    assert wrong.says in feedback(verdict, tmp_path)


@pytest.mark.parametrize("name", LADDER)
def test_the_same_seed_tries_the_same(name: str, tmp_path: Path) -> None:
    text = starter_text(name)
    assert verdict_on(name, text, tmp_path) == verdict_on(name, text, tmp_path)
