"""What the running kernel says to an entry."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, nullcontext

from tuxscope.asm import Program
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from verifier.drop import unprivileged


def release() -> tuple[int, ...]:
    """The running kernel's: ``(6, 18)`` of ``6.18.44-amd64``."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    assert found
    return tuple(map(int, found.groups()))


def privilege(entry: Entry) -> AbstractContextManager[None]:
    """As whom the entry's programs are loaded."""
    return unprivileged() if entry.unprivileged else nullcontext()


def refusal(entry: Entry, program: Program) -> VerifierError | None:
    """Why the kernel does not take it; None where it does."""
    try:
        with privilege(entry):
            load(program).close()
    except VerifierError as error:
        return error
    return None
