"""A finished call is counted: ``a.call("count")``, a function of its own in each program."""

from __future__ import annotations

from tuxscope.asm import Assembler, Hash, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.calls.account import LARGEST_ERRNO, add_to_account
from tuxscope.calls.filters import Chosen, leave_out_results
from tuxscope.calls.records import Account, By, Thread
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.emitting import address_of, lookup, range_of
from tuxscope.programs.syscall.tallies import EMPTY, POWERS, RANGES, TABLES, UNIT_BITS, Tally
from tuxscope.record import u32, u64


@dataclass(frozen=True)
class Counting:
    """A frozen dataclass: a CallOutcome: calls are counted.

    Attributes:
        chosen: the Chosen: which calls are counted, and by what.
    """

    chosen: Chosen

    def begin(self, a: Assembler) -> None:
        """Emit nothing."""

    def entry_functions(self, a: Assembler) -> None:
        """Emit nothing."""

    def unseen(self, a: Assembler) -> None:
        """Emit nothing: it counts as one that took no time."""

    def keep(self, a: Assembler) -> None:
        """Emit nothing."""

    def end(self, a: Assembler) -> None:
        """Emit nothing."""

    def finish(self, a: Assembler, slept: Memory) -> None:
        """Emit: count the call of the thread at r9, which took r7 ns and returned r8; ``slept``,
        Memory, holds whether the thread was switched out."""
        load_errno(a)
        self._count(a, slept)

    def vanish(self, a: Assembler, slept: Memory) -> None:
        """Emit: count the call in which the thread ends as one that did not fail; ``slept``,
        Memory, holds whether the thread was switched out."""
        a.mov(r3, 0)
        self._count(a, slept)

    def _count(self, a: Assembler, slept: Memory) -> None:
        load_key(a, self.chosen.by)
        a.mov(r2, r7)
        a.ldx(r4, slept)
        a.call("count")

    def give_up(self, a: Assembler, errno: int) -> None:
        """Emit: count the call that a signal interrupted, and that is not restarted any more, as
        one that failed with ``errno``, an int, or for 0 did not fail."""
        thread: Memory = Thread[r9]
        load_key(a, self.chosen.by, "interrupted")
        a.ldx(r2, thread.interrupted_ns)
        a.mov(r3, errno)
        a.ldx(r4, thread.interrupted_slept)
        a.call("count")

    def leave_functions(self, a: Assembler) -> None:
        """Emit the function ``count``."""
        count_function(a, self.chosen)

    def end_functions(self, a: Assembler) -> None:
        """Emit the function ``count``."""
        count_function(a, self.chosen)


def load_errno(a: Assembler) -> None:
    """Emit: r3 = the errno that the result r8 is, or 0."""
    a.mov(r3, 0)
    a.sub(r3, r8)
    a.jle(r3, LARGEST_ERRNO, "an errno")  # a result of 0 is 0
    a.mov(r3, 0)
    a.label("an errno")


def load_key(a: Assembler, by: By, call: str = "call") -> None:
    """Emit: r1 = the address of the key, by ``by``, a By, of a call of the thread at r9; ``call``
    names the member, "call" or "interrupted", of its Thread."""
    thread: Memory = Thread[r9]
    match by:
        case By.SYSCALL:
            a.lea(r1, thread.call.number if call == "call" else thread.interrupted.number)
        case By.PROCESS | By.THREAD:
            a.lea(r1, thread.who)
        case By.CGROUP:
            a.lea(r1, thread.cgroup)
        case By.ERROR:
            a.mov(r1, 0)  # the errno, which is r3


def count_function(a: Assembler, chosen: Chosen) -> None:
    """Emit the function ``count``, which counts a call into the table of ``chosen``, a Chosen.

    It takes r1 = what to count by, as ``load_key`` has it, r2 = how long the call took in ns, r3 =
    its errno or 0, r4 = whether the thread was switched out meanwhile.
    """
    table = TABLES[chosen.by]
    a.function("count")
    key = a.stack(table.key)
    a.mov(r6, r1)
    a.mov(r7, r2)
    a.mov(r8, r3)
    a.mov(r9, r4)
    leave_out_results(a, chosen, "out")
    if chosen.by is By.ERROR:
        a.stx(key.errno, r8)
        a.lea(r6, key)
    find_at_r6(a, table)
    a.jne(r0, 0, "row")
    a.ld_map(r1, table)
    a.mov(r2, r6)
    a.ld_map_value(r3, EMPTY)
    a.mov(r4, 1)  # BPF_NOEXIST: where another CPU was faster, its row stays
    a.call(helper.map_update_elem)
    find_at_r6(a, table)
    a.jne(r0, 0, "row")
    other_key(a, table, key)  # the table is full
    lookup(a, table, key)
    a.jeq(r0, 0, "missed")
    a.label("row")
    add_call(a, table)
    a.ja("out")
    a.label("missed")
    add_to_account(a, Account.missed.offset)
    a.label("out")
    a.mov(r0, 0)
    a.exit()


def find_at_r6(a: Assembler, table: Hash) -> None:
    """Emit: r0 = the address of the row of ``table``, a Hash, whose key is at r6, or 0."""
    a.ld_map(r1, table)
    a.mov(r2, r6)
    a.call(helper.map_lookup_elem)


def other_key(a: Assembler, table: Hash, key: Memory) -> None:
    """Emit: store in ``key``, Memory, the key of the row of ``table``, a Hash, for all calls that
    have no row of their own."""
    a.zero(key)
    first = address_of(key) + 0
    a.st(u64[first] if table.key_size >= 8 else u32[first], -1)


def add_call(a: Assembler, table: Hash) -> None:
    """Emit: add a call to the row of ``table``, a Hash, at r0; r7 to r9 are those of ``count``."""
    row: Memory = Tally[r0]

    def add(field: Memory) -> None:
        """Emit: ``field += r2``. What a CPU has for itself needs no atomic operation."""
        if not table.per_cpu:
            a.atomic_add(field, r2)
            return
        a.ldx(r1, field)
        a.add(r1, r2)
        a.stx(field, r1)

    a.mov(r2, 1)
    add(row.calls)
    a.jeq(r8, 0, "no error")
    add(row.errors)
    a.label("no error")
    a.jeq(r9, 0, "ran through")
    add(row.slept_calls)
    a.mov(r2, r7)
    add(row.slept_ns)
    a.label("ran through")
    a.mov(r2, r7)
    add(row.total_ns)
    a.ldx(r1, row.max_ns)
    a.jge(r1, r7, "not the longest")
    a.stx(row.max_ns, r7)
    a.label("not the longest")
    a.mov(r6, r0)
    a.mov(r1, r7)
    a.rsh(r1, UNIT_BITS)
    range_of(a, POWERS)
    a.jgt(r1, RANGES - 1, "out")  # it never is, which the verifier does not know
    a.lsh(r1, 3)
    a.add(r6, r1)
    a.mov(r2, 1)
    add(u64[r6 + Tally.took.offset])
