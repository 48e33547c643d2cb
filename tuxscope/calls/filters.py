"""Which calls are left out, decided in the kernel. Each function emits instructions."""

from __future__ import annotations

from collections.abc import Iterable

from tuxscope.asm import Assembler, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r5, r7, r8
from tuxscope.calls.records import By
from tuxscope.lean_dataclasses import dataclass
from tuxscope.record import char, u64

COMM = char[16]
Numbers = frozenset[tuple[bool, int]]


@dataclass(frozen=True)
class Chosen:
    """A frozen dataclass: which calls are counted, and by what. A filter that is None is not
    applied.

    Attributes:
        by: the By: what they are counted by.
        comm: only threads with this name, up to 15 bytes, or None.
        uid: only threads with this user ID, an int or None.
        cgroup: only threads in this cgroup or below it, a pair of its ID and its depth in the
            hierarchy, or None.
        numbers: a Numbers or None, only these calls, a frozenset of pairs: whether of the 32-bit
            ABI, and the number. None for all.
        all_but: whether the calls are those that are not in ``numbers``.
        failed: whether only calls that failed count.
        errors: a frozenset of errno values: only calls that failed so; empty for all.
        least_ns: an int, only calls that took so long, or longer, in nanoseconds.
        follow: whether children of the chosen threads count, too, with all of their calls.
        from_exec: whether counting begins with the execve by which a process becomes the command.
        chooses_threads, by_result, all_calls: each a bool, properties.
    """

    by: By = By.SYSCALL
    comm: bytes | None = None
    uid: int | None = None
    cgroup: tuple[int, int] | None = None
    numbers: Numbers | None = None
    all_but: bool = False
    failed: bool = False
    errors: frozenset[int] = frozenset()
    least_ns: int = 0
    follow: bool = False
    from_exec: bool = False

    @property
    def chooses_threads(self) -> bool:
        """Whether a thread is chosen by what may change while it runs, a bool."""
        return any(each is not None for each in (self.comm, self.uid, self.cgroup))

    @property
    def by_result(self) -> bool:
        """Whether calls are chosen by how they end, a bool."""
        return bool(self.failed or self.errors or self.least_ns)

    @property
    def all_calls(self) -> bool:
        """Whether all calls of the chosen threads are chosen, a bool."""
        return self.numbers is None and not self.by_result


EVERYTHING = Chosen()


def leave_out_threads(a: Assembler, chosen: Chosen, left_out: str) -> None:
    """Emit: jump to the label ``left_out`` if ``chosen``, a Chosen, excludes the current thread.
    Uses r0 to r5."""
    if chosen.comm is not None:
        comm = a.stack(u64[2])
        a.zero(comm)  # Linux 6.1 leaves what is behind the name's end as it was
        a.lea(r1, comm)
        a.mov(r2, COMM.size)
        a.call(helper.get_current_comm)
        name = chosen.comm.ljust(COMM.size, b"\0")
        for half in (0, 1):
            a.ldx(r1, comm[half])
            a.be(r1, 64)
            a.ld_imm64(r2, int.from_bytes(name[8 * half : 8 * half + 8], "big"))
            a.jne(r1, r2, left_out)
    if chosen.uid is not None:
        a.call(helper.get_current_uid_gid)
        a.ld_imm64(r1, chosen.uid)
        a.jne32(r0, r1, left_out)
    if chosen.cgroup is not None:
        identity, depth = chosen.cgroup
        a.mov(r1, depth)
        a.call(helper.get_current_ancestor_cgroup_id)
        a.ld_imm64(r1, identity)
        a.jne(r0, r1, left_out)


def leave_out_numbers(
    a: Assembler, chosen: Chosen, number: Memory, left_out: str, restarts: Numbers = frozenset()
) -> None:
    """Emit: jump to the label ``left_out`` if ``chosen``, a Chosen, excludes the call ``number``,
    the Memory of a Number; calls in ``restarts``, Numbers, are never excluded.

    It is looked up in words of 64 bits, one for each number. Uses r1 to r5.
    """
    if chosen.numbers is None:
        return
    listed, unlisted = (left_out, "chosen") if chosen.all_but else ("chosen", left_out)
    a.ldx(r1, number.nr)
    a.ldx(r2, number.compat)
    a.mov(r3, r1)
    a.rsh(r3, 6)
    a.and_(r1, 63)
    a.mov(r4, 1)
    a.lsh(r4, r1)  # the number's bit, in the word r3
    if restarts:
        test_numbers(a, restarts, "restart", "chosen")
    test_numbers(a, chosen.numbers, "number", listed)
    if unlisted != "chosen":
        a.ja(unlisted)
    a.label("chosen")


def test_numbers(a: Assembler, numbers: Iterable[tuple[bool, int]], what: str, found: str) -> None:
    """Emit: jump to the label ``found`` if the bit r4 of the word r3 is set for ``numbers``, pairs
    of whether of the 32-bit ABI, and a number; r2 says of which ABI.

    ``what`` is a word for the labels.
    """
    for compat in (False, True):
        words: dict[int, int] = {}
        for each, nr in numbers:
            if each is compat:
                words[nr >> 6] = words.get(nr >> 6, 0) | 1 << (nr & 63)
        if not words:
            continue
        done = f"{what}: not one of {'32' if compat else '64'} bits"
        a.jne(r2, int(compat), done)
        for word, bits in sorted(words.items()):
            after = f"{what}: not in word {word}" + " of 32 bits" * compat
            a.jne(r3, word, after)
            a.ld_imm64(r5, bits)
            a.jset(r5, r4, found)
            a.label(after)
        a.label(done)


def leave_out_results(a: Assembler, chosen: Chosen, left_out: str) -> None:
    """Emit: jump to the label ``left_out`` if ``chosen``, a Chosen, excludes a call that took r7
    ns, and failed with the errno r8, or 0. Uses r1."""
    if chosen.least_ns:
        a.ld_imm64(r1, chosen.least_ns)
        a.jlt(r7, r1, left_out)
    if chosen.failed:
        a.jeq(r8, 0, left_out)
    if chosen.errors:
        for each in sorted(chosen.errors):
            a.jeq(r8, each, "error")
        a.ja(left_out)
        a.label("error")
