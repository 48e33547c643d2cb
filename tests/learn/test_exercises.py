"""Each exercise: the starter fails, the solution passes, wrong answers are told why.

Those of the gallery are exercises like the others, but for wrong answers of their own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from verifier.logs import recorded

from learn.wrong_answers import WRONG_ANSWERS, WrongAnswer
from tuxscope.explain.explain import explain
from tuxscope.learn.content import repair
from tuxscope.learn.content.catalogue import (
    LADDER,
    exercise_name,
    exercise_named,
    file_name,
    names,
    solution_text,
    starter_text,
)
from tuxscope.learn.content.gallery.table import GALLERY
from tuxscope.learn.engine.grading import grade
from tuxscope.learn.engine.verdict import StageState, Verdict, from_object, to_object
from tuxscope.learn.feedback import report
from tuxscope.learn.workplace import Workplace, workplace
from tuxscope.output.report import shown

SEED = 7
EACH = pytest.mark.parametrize("name", names())


def verdict_on(name: str, text: str, folder: Path, kernel: bool = False) -> Verdict:
    place = Workplace(exercise_named(name), str(folder))
    Path(place.file).write_text(text)
    verdict = grade(place.exercise, place.file, SEED, kernel=kernel)
    assert from_object(to_object(verdict)) == verdict
    return verdict


def feedback(verdict: Verdict, folder: Path) -> str:
    """What a student reads, each remark in one line. Only the first line, which names file and
    exercise, may be wider than 80 columns."""
    place = Workplace(exercise_named(verdict.name), str(folder))
    told = report(verdict, place)
    lines = list(shown(told, fd=-1))
    assert all(len(line) <= 80 for line in lines[1:] if str(folder) not in line)
    return "\n".join([told.sentence, *(f"{label}: {text}" for label, text in told.remarks)])


@EACH
def test_an_exercise_is_whole(name: str) -> None:
    exercise = exercise_named(name)
    assert exercise.name == name
    assert len(exercise.hints) == 3
    task = starter_text(name)
    assert f"tuxscope learn check {name}\n" in task
    assert "\nTask: " in task
    assert "Task: " not in solution_text(name)
    assert exercise_name(file_name(name)) == name
    if name in LADDER:
        assert Counter(each.exercise for each in WRONG_ANSWERS)[name] >= 3


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("return_value", "return-value"),
        ("Return-Value", "return-value"),
        ("RETURN_VALUE.PY", "return-value"),
        ("verifier/missing_result", "verifier/missing-result"),
        ("verifier_missing_result.py", "verifier/missing-result"),
        ("missing-result", "verifier/missing-result"),
        ("return", ""),
        ("", ""),
        (".py", ""),
    ],
)
def test_an_exercise_is_known_by_its_names(written: str, name: str) -> None:
    assert exercise_name(written) == name


@pytest.mark.parametrize(
    ("written", "folder", "file"),
    [
        ("./return_value.py", None, "./return_value.py"),
        ("a/return_value", None, "a/return_value.py"),
        ("a/b/Return-Value", None, "a/b/return_value.py"),
        ("return_value", "a", "a/return_value.py"),
        ("return-value", "a/return_value.py", "a/return_value.py"),
        ("return-value", "return_value.py", "return_value.py"),
        ("verifier/missing_result", "a", "a/verifier_missing_result.py"),
        ("a/verifier_missing_result.py", None, "a/verifier_missing_result.py"),
    ],
)
def test_a_page_is_where_the_student_says(written: str, folder: str | None, file: str) -> None:
    assert workplace(written, folder).file == file


@EACH
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


@EACH
def test_the_solution_passes_without_a_kernel(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(name, solution_text(name), tmp_path)
    assert verdict.passed, verdict.finding
    assert verdict.finding is None


@pytest.mark.kernel
@EACH
def test_the_solution_passes_on_the_kernel(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(name, solution_text(name), tmp_path, kernel=True)
    assert verdict.finding is None
    if verdict.kernel and verdict.kernel.state is StageState.NOT_RUN:
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


@EACH
def test_the_same_seed_tries_the_same(name: str, tmp_path: Path) -> None:
    text = starter_text(name)
    assert verdict_on(name, text, tmp_path) == verdict_on(name, text, tmp_path)


@pytest.mark.parametrize("name", repair.ENTRIES)
def test_a_repair_must_not_be_an_empty_program(name: str, tmp_path: Path) -> None:
    entry = repair.ENTRIES[name]
    kept = set(repair.ingredients(entry.program())) & set(repair.ingredients(entry.fixed_program()))
    starter = starter_text(name)
    first = next(line for line in starter.splitlines() if line.startswith("    a = Assembler("))
    emptied = f"{first}\n    from tuxscope.asm import r0\n    a.mov(r0, 2)\n    a.exit()\n"
    text = f"{starter.partition(first)[0]}{emptied}    return a.program()\n\n\n"
    verdict = verdict_on(name, f"{text}PAGE = Page({entry.rejected.__name__})\n", tmp_path)
    if kept:
        assert verdict.finding
        assert verdict.finding.came == "it does not"


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("missing-null-check", "    a.ldx(r0, u64[r0 + 0])\n", "", "still loads from memory"),
        ("missing-null-check", "u64[r0 + 0]", "u32[r0 + 0]", "as before your change"),
        ("clobbered-register", "    a.call(helper.ktime_get_ns)\n", "", "still calls ktime_get_ns"),
        ("endless-loop", '    a.jlt(r0, 10, "top")\n', "", "still has a loop"),
        ("stack-limit", "r10 - 200], 0)\n    a.mov", "r10 - 600], 0)\n    a.mov", "outside of the"),
    ],
)
def test_a_repair_keeps_what_was_right(
    name: str, old: str, new: str, says: str, tmp_path: Path
) -> None:
    name = f"verifier/{name}"
    text = solution_text(name)
    assert old in text
    verdict = verdict_on(name, text.replace(old, new, 1), tmp_path)
    assert not verdict.passed
    assert says in feedback(verdict, tmp_path)


def test_what_the_kernel_said_is_what_was_recorded() -> None:
    recorded_logs = recorded("6.18")
    for entry in GALLERY:
        telling = explain(recorded_logs[entry.key], entry.program()).telling
        assert repair.recorded_lines()[entry.key] == list(telling)
