"""What the verifier would refuse, found while assembling, on the author's own line.

``graph.py`` looks at where instructions lead, ``walk.py`` follows the paths with what registers
and stack hold there. Both complain of what the verifier is certain to refuse and of nothing else,
with one exception: stack bytes that a helper reads and nothing ever set. Since Linux 6.3 it lets a
privileged program do that, and what is printed then is whatever was there.
"""

from __future__ import annotations

from tuxscope.asm.checks.graph import Graph
from tuxscope.asm.checks.walk import Walk
from tuxscope.asm.program import Program


def check(program: Program) -> None:
    """Raises a kind of :class:`tuxscope.asm.CheckError` for the first thing that is wrong."""
    graph = Graph(program)
    graph.check()
    if not graph.indirect:  # else the paths are known to a loader alone
        Walk(program, graph).check()
