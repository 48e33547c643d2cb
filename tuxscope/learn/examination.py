"""Has a page graded in a process of its own, and says what became of it, whatever that is."""

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
from tuxscope.learn.examiner import Order
from tuxscope.learn.verdict import FAILED, Finding, Stage, StageState, Verdict, from_object
from tuxscope.loader.fd import Fd
from tuxscope.run.interrupt import Interrupt

LIMIT = 60.0  # seconds that it all may take
PATIENCE = 5.0  # seconds beyond its own limit that an examiner may take
SEEDS = 1 << 32


class Interrupted(Exception):  # noqa: N818  # the user's wish, and no error
    """The user asked us to stop before there was a verdict."""


def fresh_seed() -> int:
    return random.SystemRandom().randrange(SEEDS)


def examined(
    name: str, file: str, seed: int, interrupt: Interrupt, limit: float = LIMIT
) -> Verdict:
    """The verdict on a page. Raises Interrupted."""
    with tempfile.TemporaryFile() as verdict, tempfile.TemporaryFile() as trace:
        order = Order(name, os.path.abspath(file), seed, limit, verdict.fileno(), trace.fileno())
        status = run(order, interrupt)
        linecache.checkcache(order.file)  # where it is watched it was read before
        if told := contents(verdict):
            return from_object(json.loads(told))
        seen = contents(trace)
        came = ending(status, seen)
        source = place_in(seen, order.file)
    finding = Finding("a page that lets itself be graded", came, source)
    return Verdict(name, seed, FAILED, Stage(StageState.NOT_RUN, "there was no end to it"), finding)


def run(order: Order, interrupt: Interrupt) -> int | None:
    """Run the examiner; its return code, or None where it took too long. Raises Interrupted."""
    root = os.path.dirname(os.path.dirname(tuxscope.__file__))
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # -P: what a student's files beside the page are called is no matter of ours.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tuxscope.learn.examiner", *order.arguments()],
        stdin=subprocess.DEVNULL, pass_fds=(order.verdict, order.trace),
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    try:
        with Fd(os.pidfd_open(process.pid)) as ended:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            poll.register(interrupt, select.POLLIN)
            ready = {fd for fd, _ in poll.poll((order.limit + PATIENCE) * 1000)}
            if interrupt.fileno() in ready:
                raise Interrupted
            return process.wait() if ready else None
    finally:
        process.kill()
        process.wait()


def contents(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def ending(status: int | None, trace: str) -> str:
    """How an examiner ended that left no verdict."""
    if status is None or trace.startswith("Timeout"):
        return "it did not come to an end"
    if status < 0:
        return f"Python was killed by {signal.Signals(-status).name}"
    return f"Python ended with status {status}"


def place_in(trace: str, file: str) -> SourceLine | None:
    """The page's line that faulthandler saw Python in last."""
    found = re.search(rf'File "{re.escape(file)}", line (\d+)', trace)
    if not found:
        return None
    line = int(found[1])
    return SourceLine(file, line, linecache.getline(file, line).strip())
