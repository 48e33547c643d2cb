"""Checks for what the verifier would refuse, with the author's line as the place.

``graph.py`` checks the control flow graph. ``walk.py`` follows the paths with the values of
registers and stack. Both report only what the verifier is certain to refuse, with one exception: a
helper reads uninitialised bytes of the stack. Since Linux 6.3 the verifier allows that to
privileged programs, and the bytes have arbitrary values.
"""

from __future__ import annotations

from tuxscope.asm.checks.graph import Graph
from tuxscope.asm.checks.walk import Walk
from tuxscope.asm.program import Program


def check(program: Program) -> None:
    """Check ``program``. Raises a subclass of CheckError for the first fault found."""
    graph = Graph(program)
    graph.check()
    if not graph.indirect:  # else the loader alone knows the paths
        Walk(program, graph).check()
