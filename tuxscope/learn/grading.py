"""Grading one page in this process: first without a kernel, then on it."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm.checks import check
from tuxscope.asm.errors import AssemblyError
from tuxscope.errors import LocatedError, TuxscopeError, strerror
from tuxscope.learn.exercise import Exercise
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Submission
from tuxscope.learn.verdict import FAILED, PASSED, Finding, Stage, StageState, Verdict
from tuxscope.loader.bpf import is_unsupported
from tuxscope.loader.privilege import missing_capabilities
from tuxscope.loader.verifier import VerifierError
from tuxscope.page.loading import PageError, check_slips
from tuxscope.vm import Fault

# What was expected instead of an error that blames a line.
EXPECTED: dict[type[LocatedError], str] = {
    PageError: "a page that Python can run",
    Fault: "a program that runs to its end",
    AssemblyError: "a program that the verifier accepts",
    VerifierError: "a program that the kernel accepts",
}


def grade(exercise: Exercise, file: str, seed: int, *, kernel: bool = True) -> Verdict:
    """What there is to say of a page; with ``kernel``, on the kernel too where that is allowed."""
    later = Stage(StageState.NOT_RUN, "it comes after the interpreter")
    has_kernel = exercise.grade_on_kernel is not None

    graded: list[Submission] = []

    def pure() -> None:
        submission = Submission(file, seed)
        graded.append(submission)
        for program in submission.programs():
            check(program)  # the page may have left that out
        try:
            exercise.grade(submission)
        except (Mistake, Fault) as mistake:
            check_slips(submission.page, mistake)
            raise

    if finding := finding_of(pure):
        return Verdict(exercise.name, seed, FAILED, later if has_kernel else None, finding)
    if exercise.grade_on_kernel is None:
        return Verdict(exercise.name, seed, PASSED)
    if not kernel:
        skipped = Stage(StageState.NOT_RUN, "the kernel was not asked")
        return Verdict(exercise.name, seed, PASSED, skipped)
    if missing := missing_capabilities():
        needed = " and ".join(map(str, missing))
        return Verdict(exercise.name, seed, PASSED, Stage(StageState.NOT_RUN, f"it needs {needed}"))
    on_kernel = exercise.grade_on_kernel
    try:
        finding = finding_of(lambda: on_kernel(graded[0]))
    except OSError as error:
        if not is_unsupported(error):
            raise
        skipped = Stage(StageState.NOT_RUN, "this kernel cannot test-run it; Linux 5.10 can")
        return Verdict(exercise.name, seed, PASSED, skipped)
    return Verdict(exercise.name, seed, PASSED, FAILED if finding else PASSED, finding)


def finding_of(work: Callable[[], None]) -> Finding | None:
    """What is wrong by some work of the grader's; None where nothing is."""
    try:
        work()
    except Mistake as mistake:
        return Finding(mistake.expected, mistake.came, mistake.source, hint=mistake.hint)
    except tuple(EXPECTED) as error:
        expected = next(what for kind, what in EXPECTED.items() if isinstance(error, kind))
        return Finding(expected, error.problem, error.source, error.hint)
    except TuxscopeError as error:
        return Finding("a page that can be tried", str(error))
    except OSError as error:
        if is_unsupported(error):
            raise
        return Finding("a page that can be tried", strerror(error))
    except BaseException as error:  # by a page that is like nothing we thought of
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
        return Finding("a page that can be tried", text)
    return None
