"""Grades one page in this process: in the interpreter first, then on the kernel."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm.checks import check
from tuxscope.asm.errors import AssemblyError
from tuxscope.errors import LocatedError, TuxscopeError, strerror
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.verdict import FAILED, PASSED, Finding, Stage, StageState, Verdict
from tuxscope.loader.bpf import is_unsupported
from tuxscope.loader.privilege import missing_capabilities
from tuxscope.loader.verifier import VerifierError
from tuxscope.page.loading import PageError, check_slips
from tuxscope.vm import Fault

# What is expected in place of each kind of error.
EXPECTED: dict[type[LocatedError], str] = {
    PageError: "a page that Python can run",
    Fault: "a program that runs to its exit",
    AssemblyError: "a program that the verifier accepts",
    VerifierError: "a program that the kernel accepts",
}


def grade(exercise: Exercise, file: str, seed: int, *, kernel: bool = True) -> Verdict:
    """Return the Verdict on the page ``file``, a path, as an answer to ``exercise``, an Exercise,
    with random inputs from ``seed``, an int.

    With ``kernel``, a bool, keyword-only, it is graded on the running kernel, too, if that is
    allowed.
    """
    later = Stage(StageState.NOT_RUN, "the page has to pass in the interpreter first")
    has_kernel = exercise.grade_on_kernel is not None

    graded: list[Submission] = []

    def pure() -> None:
        submission = Submission(file, seed)
        graded.append(submission)
        for program in submission.programs():
            check(program)  # a page may skip it: program(check=False)
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
        skipped = Stage(StageState.NOT_RUN, "not requested")
        return Verdict(exercise.name, seed, PASSED, skipped)
    if missing := missing_capabilities():
        needed = " and ".join(map(str, missing))
        return Verdict(exercise.name, seed, PASSED, Stage(StageState.NOT_RUN, f"needs {needed}"))
    on_kernel = exercise.grade_on_kernel
    try:
        finding = finding_of(lambda: on_kernel(graded[0]))
    except OSError as error:
        if not is_unsupported(error):
            raise
        skipped = Stage(
            StageState.NOT_RUN, "this kernel cannot test-run it (Linux 5.10 and later can)"
        )
        return Verdict(exercise.name, seed, PASSED, skipped)
    return Verdict(exercise.name, seed, PASSED, FAILED if finding else PASSED, finding)


def finding_of(work: Callable[[], None]) -> Finding | None:
    """Return the Finding of an exception that ``work``, called without arguments, raises; None if
    it raises none."""
    try:
        work()
    except Mistake as mistake:
        return Finding(mistake.expected, mistake.came, mistake.source, hint=mistake.fitting_hint)
    except tuple(EXPECTED) as error:
        expected = next(what for kind, what in EXPECTED.items() if isinstance(error, kind))
        return Finding(expected, error.problem, error.source, error.hint)
    except TuxscopeError as error:
        return Finding("a page that can be graded", str(error))
    except OSError as error:
        if is_unsupported(error):
            raise
        return Finding("a page that can be graded", strerror(error))
    except BaseException as error:  # a page can raise anything
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
        return Finding("a page that can be graded", text)
    return None
