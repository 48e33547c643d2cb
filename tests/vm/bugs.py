"""What random programs found wrong in kernels: programs go around it, where the kernel has it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Trigger(NamedTuple):
    """How to see a bug.

    Attributes:
        says: what it is, in a few words.
        text: instructions; see :func:`vm.programs.snippet`.
        r0, r1: registers before them.
        then: r0 after them, if there is no bug.
    """

    says: str
    text: str
    r0: int
    r1: int
    then: int


class Bug(Enum):
    """All that are known here.

    In both the verifier comes to an instruction a second time, in another way, finds that it knows
    the same or less of all that matters (before these it has to see two jumps and eight
    instructions, or it does not compare), and looks no further. It has forgotten what matters.
    """

    # The first way tells that r2 is at most 9. To see that the other way is another one, what is
    # fetched has to be followed back to where it was stored, and to r1.
    FETCH = Trigger(
        says="the verifier loses track of what atomics fetch from the stack "
        "(fixed by commit 179ee84a8911)",
        text="""
            r2 = 0
            r3 = 0
            r4 = 0
            if r1 > 9 goto +1
            if r2 != 0 goto +0
            r2 = atomic_fetch_add((u64 *)(r10 - 8), r2)
            r0 = 0
            if r2 <= 100 goto +1
            r0 = 1
        """,
        r0=0,
        r1=1000,
        then=1,
    )
    # That all of r0 is used is seen on the first way, around the exchange. An x86 leaves the upper
    # half where it is unless the verifier has it cleared, and it does so where it sees a use.
    EXCHANGE = Trigger(
        says="the verifier forgets to clear the upper half of r0 after 32-bit cmpxchg",
        text="""
            r2 = 0
            r3 = 0
            r4 = 0
            if r1 != 9 goto +1
            goto +1
            w0 = cmpxchg32_32(r10 - 8, w0, w1)
            r3 = 0
        """,
        r0=0xAAAAAAAA << 32 | 5,
        r1=5 << 32 | 5,  # the same in either half
        then=5,
    )
