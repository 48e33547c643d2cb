"""Checks of pages that count in a map: their maps and columns, and that no count is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tuxscope.asm import Array, Hash, PerCpuArray, SourceLine
from tuxscope.learn.engine.calls import Call
from tuxscope.learn.engine.interpreter import context_for
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import check_columns, check_fields
from tuxscope.output.columns import Log2, Rate
from tuxscope.record import Record, RecordType, u64
from tuxscope.vm import Machine
from tuxscope.vm.maps import Values

BITS = 64


def counted_hash(submission: Submission, name: str) -> tuple[Hash, RecordType, RecordType]:
    """Return a triple: the Hash that the page of ``submission``, a Submission, shows, and the
    RecordTypes of its key and value.

    They are records with the fields ``name``, a str, and ``count``, each in a column; and there is
    a column with the rate. Raises Mistake if not.
    """
    counts = submission.page.map
    if type(counts) is not Hash:
        raise Mistake(
            "a PAGE that shows a Hash",
            f"a PAGE with a {type(counts).__name__}" if counts else "a PAGE without a map",
            submission.line_with("PAGE ="),
        )
    submission.map(Hash, counts.name)
    key, value = counts.key, counts.value
    assert isinstance(key, RecordType)  # or there would be no page
    assert isinstance(value, RecordType)
    for record, field in ((key, name), (value, "count")):
        check_fields(submission, record, field)
        if len(record.fields) > 1:
            raise Mistake(
                f"{field} and no other field in {record.__name__}",
                f"the fields {', '.join(record.fields)}",
                submission.line_with(f"class {record.__name__}"),
            )
    if value.fields["count"].type != u64:
        raise Mistake(
            "count = u64, which cannot overflow",
            f"count = {value.fields['count'].type}",
            submission.line_with("    count ="),
        )
    check_columns(submission, name, "count")
    if not any(isinstance(each, Rate) for each in submission.page.columns):
        raise Mistake(
            "a column with the rate: Rate(...)", "no such column", submission.line_with("COLUMNS =")
        )
    return counts, key, value


def check_races(
    submission: Submission, counts: Hash, call: Call, key: Record, before: int, what: str
) -> None:
    """Check that the Hash ``counts`` loses no count when another CPU counts for the same key, just
    before any instruction. Raises Mistake.

    ``submission`` is the page, ``call`` a Call that the program counts for ``key``, a Record,
    ``before`` the count until then, an int (0: no entry), and ``what``, a str, says what is counted
    for a key.
    """
    interpreter = submission.interpreter()
    machine, values = interpreter.machine, interpreter.map(counts)
    value = counts.value
    assert isinstance(value, RecordType)  # see counted_hash
    if before:
        values.put(bytes(key), bytes(value(count=before)), 0, 0)
    program = machine.program
    context = context_for(program, call, leaving=False)
    machine.start(context=context, world=call.world(leaving=False))
    while not machine.ended:
        state, slot = machine.state, machine.slot
        count_elsewhere(machine, values, bytes(key), value)
        machine.resume()
        found = values.lookup(key)
        came = found.count if found else 0
        if came != before + 2:
            raise lost(before, came, program.by_slot[slot or 0].source, what)
        machine.restore(state)
        machine.advance()


def count_elsewhere(machine: Machine, values: Values, key: bytes, value: Any) -> None:
    """Do what another CPU does meanwhile: increment the count of ``key``, bytes, in ``values``, the
    map's Values in ``machine``, or insert one. ``value`` is its RecordType."""
    address = values.peek(key, 0)
    if address:
        there = value.unpack(machine.memory.read(address, value.size))
        machine.memory.write(address, bytes(value(count=there.count + 1)))
    else:
        values.put(key, bytes(value(count=1)), 0, 0)


def lost(before: int, came: int, source: SourceLine | None, what: str) -> Mistake:
    """Return the Mistake of a lost count: ``came`` came instead of two more than ``before``, both
    int. ``source`` is the SourceLine, or None, and ``what``, a str, says what is counted."""
    was = f"{before} before" if before else "no entry before"
    return Mistake(
        f"a count of {before + 2} ({was}), if another CPU counts {what} just before this line",
        f"{came}: {what.partition(' of ')[0]} is lost",
        source,
        2 if before else 1,
    )


def counted_array(submission: Submission, what: str, hint: int = 1) -> PerCpuArray:
    """Return the array that the page of ``submission``, a Submission, shows: a PerCpuArray with an
    entry for each bit of ``what``, a text, a field count, and columns for this and for the ranges.

    Raises Mistake if it is not; ``hint``, an int, is the index of that for another kind of map.
    """
    sizes = submission.page.map
    if not isinstance(sizes, PerCpuArray):
        came = "a PAGE with another map, or without one"
        if isinstance(sizes, Array):
            came = "an Array, in which CPUs overwrite each other's counts"
        wanted = f'a PAGE that shows PerCpuArray("NAME", value=RECORD, max_entries={BITS})'
        raise Mistake(wanted, came, submission.line_with("Array("), hint)
    submission.map(PerCpuArray, sizes.name)
    value = sizes.value
    assert isinstance(value, RecordType)  # or there would be no page
    if [*value.fields] != ["count"] or sizes.max_entries < BITS:
        raise Mistake(
            f"{BITS} entries, one for each bit of {what}, with a field count and no other",
            f"{sizes.max_entries} entries with {', '.join(value.fields)}",
            submission.line_with("PerCpuArray("),
        )
    check_columns(submission, "count")
    if not any(isinstance(each, Log2) for each in submission.page.columns):
        raise Mistake(
            "a column with the ranges: Log2(...)", "no such column", submission.line_with("COLUMNS")
        )
    return sizes


def power(number: int) -> int:
    """Return the index of the entry of ``number``, an int: n from 2**n on, 0 for 0."""
    return max(number.bit_length() - 1, 0)


def totals(items: Iterable[tuple[int, Any]]) -> Counter[int]:
    """Return the counts of a per-CPU array by index, a Counter, added up over all CPUs. ``items``
    is an iterable of pairs of index and the values of all CPUs."""
    return Counter({index: sum(each.count for each in values) for index, values in items})
