"""The lab's fourth exercise: a count for each process, in a hash."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from tuxscope.asm import Hash, SourceLine, helper
from tuxscope.learn.calls import some_call, some_comm
from tuxscope.learn.exercise import Exercise
from tuxscope.learn.kernel import Kernel, Worker
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Submission, calls_helper
from tuxscope.learn.tracing import check_attached, check_columns, check_fields
from tuxscope.output.columns import Rate
from tuxscope.record import RecordType, u64
from tuxscope.vm import Machine
from tuxscope.vm.maps import Values

PROCESSES, WRITES = 200, 600
WORKERS, ROUNDS = 4, 5


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    counts, process, writes = counts_of(submission)
    dice = submission.dice
    processes = [some_call(dice) for _ in range(PROCESSES)]
    calls = dice.choices(processes, k=WRITES)
    interpreter = submission.interpreter()
    for call in calls:
        interpreter.call(replace(call, tid=call.pid + dice.randrange(1, 50)))
    came = entries(interpreter.map(counts).items())
    judge(submission, Counter(each.pid for each in calls), came)
    for before in (0, dice.randrange(1, 1000)):
        check_races(submission, counts, process(pid=processes[0].pid), writes(count=before))


def counts_of(submission: Submission) -> tuple[Hash, RecordType, RecordType]:
    """The page's hash, its key and its value, as the task has them. Raises Mistake."""
    counts = submission.page.map
    if type(counts) is not Hash:
        raise Mistake(
            "a page that shows a Hash",
            f"its PAGE has a {type(counts).__name__}" if counts else "its PAGE has no map",
            submission.line_with("PAGE ="),
        )
    submission.map(Hash, counts.name)
    key, value = counts.key, counts.value
    assert isinstance(key, RecordType)  # or there would be no page
    assert isinstance(value, RecordType)
    for record, name in ((key, "pid"), (value, "count")):
        check_fields(submission, record, name)
        if len(record.fields) > 1:
            raise Mistake(
                f"{name} and no other field in {record.__name__}",
                f"it has {', '.join(record.fields)}",
                submission.line_with(f"class {record.__name__}"),
            )
    if value.fields["count"].type != u64:
        raise Mistake(
            "count = u64, which no process can fill",
            f"count = {value.fields['count'].type}",
            submission.line_with("    count ="),
        )
    check_columns(submission, "pid", "count")
    if not any(isinstance(each, Rate) for each in submission.page.columns):
        raise Mistake(
            "a column with the rate: Rate(...)", "there is none", submission.line_with("COLUMNS =")
        )
    return counts, key, value


def entries(items: Any) -> Counter[int]:
    return Counter({key.pid: value.count for key, value in items})


def judge(submission: Submission, expected: Counter[int], came: Counter[int]) -> None:
    """Raises Mistake for the first process whose count is another."""
    update = submission.line_of(calls_helper(helper.map_update_elem)) or submission.definition
    all_one = set(came.values()) == {1}
    for pid, times in expected.items():
        if came[pid] == times:
            continue
        words = str(came[pid])
        if pid not in came:
            words = f"no entry, and {len(came)} of other keys: is the key the process id, r0 >> 32?"
        elif all_one:
            words += ": is the count set each time, and not incremented?"
        elif came[pid] == times - 1:
            words += ": one is missing; where is the first of a process counted?"
        raise Mistake(f"{times} writes of process {pid} in the hash", words, update, 1)


def check_races(submission: Submission, counts: Hash, process: Any, writes: Any) -> None:
    """Have another CPU count for the same process before each instruction: no write may be lost.

    Raises Mistake.
    """
    call = replace(some_call(submission.dice), pid=process.pid)
    interpreter = submission.interpreter()
    machine, values = interpreter.machine, interpreter.map(counts)
    if writes.count:
        values.put(bytes(process), bytes(writes), 0, 0)
    program = machine.program
    machine.start(context=call.context(leaving=False), world=call.world(leaving=False))
    while not machine.ended:
        state, slot = machine.state, machine.slot
        count_elsewhere(machine, values, bytes(process), type(writes))
        machine.resume()
        came = entries(values.items())[process.pid]
        if came != writes.count + 2:
            raise lost(writes.count, came, program.by_slot[slot or 0].source)
        machine.restore(state)
        machine.advance()


def count_elsewhere(machine: Machine, values: Values, key: bytes, value: Any) -> None:
    """What another CPU does meanwhile: where the count is, or with a new one."""
    address = values.peek(key, 0)
    if address:
        there = value.unpack(machine.memory.read(address, value.size))
        machine.memory.write(address, bytes(value(count=there.count + 1)))
    else:
        values.put(key, bytes(value(count=1)), 0, 0)


def lost(before: int, came: int, source: SourceLine | None) -> Mistake:
    was = f"{before} before" if before else "no entry before"
    return Mistake(
        f"a count of {before + 2} ({was}), where another thread of the process, on another CPU, "
        "has its write counted just before this line",
        f"{came}: a write is lost",
        source,
        2 if before else 1,
    )


def grade_on_kernel(submission: Submission) -> None:
    counts, _, _ = counts_of(submission)
    dice = submission.dice
    expected: Counter[int] = Counter()
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(some_comm(dice))) for _ in range(WORKERS)]
        several = stack.enter_context(ThreadPoolExecutor(WORKERS))
        with kernel.attached():
            for _ in range(ROUNDS):
                times = [dice.randrange(1, 500) for _ in workers]
                expected.update(dict(zip((each.pid for each in workers), times, strict=True)))
                list(several.map(lambda worker, n: worker.write(7, n), workers, times))
        came = excused(entries(kernel.map(counts).items()), expected, kernel.missed)
    judge(submission, expected, came)


def excused(came: Counter[int], expected: Counter[int], missed: int) -> Counter[int]:
    """The counts, as they should be where the kernel itself says that it left so many runs out."""
    return came | Counter(
        {pid: times for pid, times in expected.items() if 0 < times - came[pid] <= missed}
    )


EXERCISE = Exercise(
    "count",
    "count the writes of each process in a hash, and show them as a table",
    (
        "Leave out all that sends: what is shown is the hash. The key is on the stack, like the "
        "event before; so is the 0 that a new entry begins with.",
        "Look up, and jump to the increment where r0 is not 0. Else put in 0 with the flag 1, "
        "BPF_NOEXIST, in r4, look up again, and jump to out where r0 is 0 even now. Each lookup "
        "needs r1 and r2 anew.",
        "a.mov(r1, 1), a.atomic_add(Writes[r0].count, r1): the count is changed where it lies, in "
        "one step. A load, an add and a store are three, and others come in between.",
    ),
    grade,
    grade_on_kernel,
)
