"""Grades a page in a child process, and has a verdict even if that crashes or hangs."""

from __future__ import annotations

import json
import linecache
import os
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
from typing import IO

import tuxscope
from tuxscope.asm import SourceLine
from tuxscope.learn.engine.verdict import FAILED, Finding, Stage, StageState, Verdict, from_object
from tuxscope.learn.examiner import GradingJob
from tuxscope.loader.fd import Fd
from tuxscope.run.interrupt import Interrupt

LIMIT = 60.0  # seconds that grading may take
GRACE = 5.0  # seconds more until an examiner that misses its own limit is killed
SEEDS = 1 << 32


class Interrupted(Exception):  # noqa: N818  # not an error
    """An exception, an Exception, for a user who pressed Ctrl-C before there was a verdict."""


def fresh_seed() -> int:
    """Return a new random seed, an int."""
    return random.SystemRandom().randrange(SEEDS)


def examined(
    name: str, file: str, seed: int, interrupt: Interrupt, limit: float = LIMIT
) -> Verdict:
    """Return the Verdict on the page ``file``, a path, as an answer to the exercise ``name``, with
    random inputs from ``seed``, an int. Raises Interrupted.

    ``interrupt`` is the run's Interrupt, ``limit`` the seconds that grading may take, a float.
    """
    with tempfile.TemporaryFile() as verdict, tempfile.TemporaryFile() as trace:
        job = GradingJob(name, os.path.abspath(file), seed, limit, verdict.fileno(), trace.fileno())
        status = run(job, interrupt)
        linecache.checkcache(job.file)  # with --watch an older version is cached
        if written := contents(verdict):
            return from_object(json.loads(written))
        dump = contents(trace)
        came = ending(status, dump)
        source = place_in(dump, job.file)
    finding = Finding("a page that can be graded", came, source)
    return Verdict(name, seed, FAILED, Stage(StageState.NOT_RUN, "grading did not finish"), finding)


def run(job: GradingJob, interrupt: Interrupt) -> int | None:
    """Run the examiner for ``job``, a GradingJob; return its return code, or None if it took too
    long. Raises Interrupted if ``interrupt``, an Interrupt, is requested."""
    root = os.path.dirname(os.path.dirname(tuxscope.__file__))
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # -P: a student's random.py beside the page must not replace the module.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tuxscope.learn.examiner", *job.arguments()],
        stdin=subprocess.DEVNULL, pass_fds=(job.verdict, job.trace),
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    try:
        with Fd(os.pidfd_open(process.pid)) as ended:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            poll.register(interrupt, select.POLLIN)
            ready = {fd for fd, _ in poll.poll((job.limit + GRACE) * 1000)}
            if interrupt.fileno() in ready:
                raise Interrupted
            return process.wait() if ready else None
    finally:
        process.kill()
        process.wait()


def contents(file: IO[bytes]) -> str:
    """Return the text of ``file``, an open binary file, an IO of bytes, from its start."""
    file.seek(0)
    return file.read().decode(errors="replace")


def ending(status: int | None, trace: str) -> str:
    """Return how an examiner ended that wrote no verdict, a str. ``status`` is its return code, an
    int, or None for a timeout; ``trace``, a str, is faulthandler's dump."""
    if status is None or trace.startswith("Timeout"):
        return "it did not end"
    if status < 0:
        return f"Python was killed by {signal.Signals(-status).name}"
    return f"Python ended with status {status}"


def place_in(trace: str, file: str) -> SourceLine | None:
    """Return the SourceLine of the page ``file``, a path, in ``trace``, faulthandler's dump, a str;
    None if there is none."""
    found = re.search(rf'File "{re.escape(file)}", line (\d+)', trace)
    if not found:
        return None
    line = int(found[1])
    return SourceLine(file, line, linecache.getline(file, line).strip())
