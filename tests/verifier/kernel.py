"""What the running kernel says to an entry."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from tuxscope.asm import Program
from tuxscope.learn.gallery.entry import Entry
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from verifier.drop import unprivileged


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
