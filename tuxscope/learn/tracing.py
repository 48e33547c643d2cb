"""What graders ask of pages that trace system calls: where they look, what they send and show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuxscope.asm import Instruction, PerfEventArray, SourceLine, Tracepoint, helper
from tuxscope.asm.instruction import FRAME_POINTER
from tuxscope.asm.isa import FormKind
from tuxscope.learn.calls import Call
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Interpreter, Submission, calls_helper
from tuxscope.output.columns import Column
from tuxscope.record import Nested, Record, RecordType
from tuxscope.vm.faults import NullPointerFault

Words = tuple[str, int]  # what a wrong value is, and the index of the hint that fits
ARGUMENTS = range(16, 64)  # where a tracepoint has those of a system call, 8 bytes each
LOOKS = 10_000  # nanoseconds: the interpreter's clock goes on with each look


def check_attached(submission: Submission, *names: str, hint: int | None = None) -> None:
    """Hold the programs to tracepoints of system calls, one each. Raises Mistake."""
    wanted = [str(Tracepoint("syscalls", name)) for name in names]
    programs = submission.programs()
    found = [str(each.attach) for each in programs]
    if sorted(found) == sorted(wanted):
        return
    wrong = next((each for each in programs if str(each.attach) not in wanted), programs[-1])
    late = "sys_exit_" in str(wrong.attach) and not any("sys_exit_" in each for each in wanted)
    raise Mistake(
        f"one program on {' and one on '.join(wanted)}",
        f"{' and '.join(found)}{', where the call is over' if late else ''}",
        submission.line_with(f'Assembler("{wrong.name}"') or submission.definition,
        hint,
    )


def check_shown(submission: Submission, *names: str, hint: int = 0) -> RecordType:
    """Hold the page to a stream of records that have these fields, all of them shown; the record.

    Raises Mistake.
    """
    stream = submission.page.map
    if not isinstance(stream, PerfEventArray):
        raise Mistake(
            "a page that shows a PerfEventArray",
            "its PAGE has another map, or none",
            submission.line_with("PAGE ="),
            hint,
        )
    check_fields(submission, stream.record, *names, hint=hint)
    check_columns(submission, *names, hint=hint)
    return stream.record


def check_fields(submission: Submission, record: RecordType, *names: str, hint: int = 0) -> None:
    """Hold a record to these fields. Raises Mistake."""
    for name in names:
        if name not in record.fields:
            raise Mistake(
                f"a field {name} in {record.__name__}",
                f"it has {', '.join(record.fields)}",
                submission.line_with(f"class {record.__name__}"),
                hint,
            )


def check_columns(submission: Submission, *names: str, hint: int = 0) -> None:
    """Hold the page to a plain column for each of these fields. Raises Mistake."""
    columns = [each for each in submission.page.columns if type(each) is Column]
    shown = [each.name for each in columns]
    for name in names:
        if name not in shown:
            raise Mistake(
                f"a column that shows {name}",
                f"there are columns for {', '.join(shown)}" if shown else "there is none",
                submission.line_with("COLUMNS ="),
                hint,
            )


def check_whole_arguments(submission: Submission, hint: int) -> None:
    """Hold loads of arguments to all their 8 bytes. Raises Mistake.

    Half of them is enough on a little-endian machine, and wrong on any other.
    """

    def narrow(each: Instruction) -> bool:
        reads_context = each.form.kind is FormKind.LOAD and each.src != FRAME_POINTER
        return reads_context and each.offset in ARGUMENTS and each.moves < 8

    for each in submission.instructions(narrow):
        raise Mistake(
            "all 8 bytes of the argument, as its field has size 8",
            f"{each.moves} of them: the lowest are the first on some machines only",
            each.source,
            hint,
        )


def check_null_checks(submission: Submission, call: Call, hint: int) -> None:
    """Have each lookup that comes of a call find nothing, once. Raises Mistake for a program that
    would follow the 0.

    Of arrays only the verifiers of new kernels know that there is an entry for each index.
    """
    machine = submission.interpreter().machine
    machine.start(context=call.context(leaving=False), world=call.world(leaving=False))
    looks_up = calls_helper(helper.map_lookup_elem)
    while not machine.ended:
        instruction = machine.state.instruction
        machine.advance()
        if not instruction or not looks_up(instruction):
            continue
        after = machine.state
        machine.restore(replace(after, registers=(0, *after.registers[1:])))
        try:
            machine.resume()
        except NullPointerFault as fault:
            raise Mistake(
                "a jump on r0 = 0 after the lookup: a verifier that does not know of an array's "
                "entry refuses the program without",
                "r0 is followed, whatever it is",
                fault.source,
                hint,
            ) from None
        machine.restore(after)


def told(call: Call, name: str = "write") -> str:
    """A call in words."""
    return (
        f"{name}({call.fd}, ..., {len(call.data)}) by {call.comm}, process {call.pid}, "
        f"thread {call.tid}"
    )


def record_of(
    submission: Submission, interpreter: Interpreter, call: Call, name: str = "write"
) -> Record:
    """The one record that comes of a call. Raises Mistake where there is none, or are many."""
    interpreter.call(call)
    records = interpreter.records()
    if len(records) != 1:
        raise Mistake(
            f"one record of {told(call, name)}",
            f"{len(records)} of them" if records else "none",
            sends_of(submission),
        )
    return records[0]


def check_value(
    submission: Submission,
    record: Record,
    name: str,
    expected: Any,
    of: str,
    wrong: Mapping[Any, Words] | None = None,
) -> None:
    """Hold a field to its value; ``wrong`` has what typical mistakes come to. Raises Mistake."""
    came = getattr(record, name)
    if came == expected:
        return
    words, hint = (wrong or {}).get(came, ("", 0))
    raise Mistake(
        f"{name} = {expected!r} of {of}",
        f"{name} = {came!r}{f', {words}' if words else ''}",
        store_of(submission, type(record), name) or sends_of(submission),
        hint,
    )


def check_caller(submission: Submission, record: Record, call: Call, of: str) -> None:
    """Hold pid and comm to those of the caller, where the record has them. Raises Mistake."""
    if "pid" in type(record).fields:
        wrong = {call.tid: ("the thread's id: the process's is in the upper half of r0", 0)}
        check_value(submission, record, "pid", call.pid, of, wrong)
    if "comm" in type(record).fields:
        check_value(submission, record, "comm", call.comm, of)


def check_time(submission: Submission, record: Record, call: Call, of: str) -> None:
    """Hold timestamp_ns, where it is there, to when the call began. Raises Mistake."""
    came = getattr(record, "timestamp_ns", call.time_ns)
    if came not in range(call.time_ns, call.time_ns + LOOKS):
        check_value(submission, record, "timestamp_ns", call.time_ns, of)


def sends_of(submission: Submission) -> SourceLine:
    """The line that sends the record, or that of the function."""
    line = submission.line_of(calls_helper(helper.perf_event_output))
    return line or submission.definition


def store_of(submission: Submission, record: RecordType, name: str) -> SourceLine | None:
    """The line that stores a field of a record on the stack; the last, where there are several."""
    field = record.fields[name]
    found = None
    for program in submission.programs():
        places = {
            each.offset + field.offset
            for each in program.stack
            if isinstance(each.type, Nested) and each.type.record is record
        }
        for each in program.instructions:
            stores = each.form.kind is FormKind.STORE and each.dst == FRAME_POINTER
            if stores and each.offset in places and each.moves == field.size:
                found = each.source
    return found


def listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
