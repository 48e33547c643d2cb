"""The child process that grades a page: ``python -m tuxscope.learn.examiner``.

Its arguments are those of :class:`GradingJob`. It writes the verdict as JSON; if Python crashes or
hangs, faulthandler writes where. The parent is examination.py.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GradingJob:
    """A frozen dataclass: one page to grade.

    Attributes:
        name: a str, of the exercise.
        file: a str, the page's path.
        seed: of the grader's random inputs, an int.
        limit: seconds that grading may take, a float.
        verdict, trace: each an int, file descriptors to write the verdict to, and faulthandler's
            dump.
    """

    name: str
    file: str
    seed: int
    limit: float
    verdict: int
    trace: int

    def arguments(self) -> list[str]:
        """Return the job as the arguments of a command line, a list of str."""
        return [
            self.name,
            self.file,
            str(self.seed),
            str(self.limit),
            str(self.verdict),
            str(self.trace),
        ]


def job_of(arguments: list[str]) -> GradingJob:
    """Return the GradingJob of ``arguments``, a list of str, those of a command line; the inverse
    of ``GradingJob.arguments``."""
    name, file, seed, limit, verdict, trace = arguments
    return GradingJob(name, file, int(seed), float(limit), int(verdict), int(trace))


def examine(job: GradingJob) -> None:
    """Grade the page of ``job``, a GradingJob, and write the verdict to its file descriptor."""
    from tuxscope.learn.content.catalogue import exercise_named
    from tuxscope.learn.engine.grading import grade
    from tuxscope.learn.engine.verdict import to_object

    ourselves = os.getpid()
    verdict = grade(exercise_named(job.name), job.file, job.seed)
    if os.getpid() == ourselves:  # the page may have forked
        os.write(job.verdict, json.dumps(to_object(verdict)).encode())


def main() -> None:
    job = job_of(sys.argv[1:])
    for fd in (job.verdict, job.trace):
        os.set_inheritable(fd, False)
    os.dup2(2, 1)  # what a page prints must not be mixed with verdicts on stdout
    faulthandler.enable(job.trace)
    faulthandler.dump_traceback_later(job.limit, exit=True, file=job.trace)
    examine(job)


if __name__ == "__main__":
    main()
