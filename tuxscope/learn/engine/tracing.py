"""Checks of pages that trace system calls: attach points, records, columns and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuxscope.asm import Instruction, PerfEventArray, SourceLine, Tracepoint, helper
from tuxscope.asm.instruction import FRAME_POINTER
from tuxscope.asm.isa import FormKind
from tuxscope.asm.maps import StreamMap
from tuxscope.learn.engine.calls import Call
from tuxscope.learn.engine.instructions import calls_helper, sends
from tuxscope.learn.engine.interpreter import Interpreter, context_for
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.output.columns import Column, SyscallName
from tuxscope.record import Nested, Record, RecordType
from tuxscope.vm.faults import NullPointerFault

Words = tuple[str, int]  # a wrong value in words, and the index of its hint
ARGUMENTS = range(16, 64)  # offsets of a system call's arguments in the context, 8 bytes each
CLOCK_TOLERANCE = 10_000  # ns; the interpreter's clock advances with each read


def check_attached(
    submission: Submission, *names: str, category: str = "syscalls", hint: int | None = None
) -> None:
    """Check that there is one program on each of these tracepoints. Raises Mistake."""
    wanted = [str(Tracepoint(category, name)) for name in names]
    programs = submission.programs()
    found = [str(each.attach) for each in programs]
    if sorted(found) == sorted(wanted):
        return
    wrong = next((each for each in programs if str(each.attach) not in wanted), programs[-1])
    late = "sys_exit" in str(wrong.attach) and not any("sys_exit" in each for each in wanted)
    early = "sys_enter" in str(wrong.attach) and not any("sys_enter" in each for each in wanted)
    when = ", which is passed when the call has ended" if late else ""
    raise Mistake(
        f"one program on {' and one on '.join(wanted)}",
        f"{' and '.join(found)}{', where no call has a result yet' if early else when}",
        submission.line_with(f'Assembler("{wrong.name}"') or submission.definition,
        hint,
    )


def check_shown(
    submission: Submission, *names: str, hint: int = 0, kind: type[StreamMap] = PerfEventArray
) -> RecordType:
    """Check that the page shows records with these fields, each in a column; return the record.

    Raises Mistake.
    """
    stream = submission.page.map
    if not isinstance(stream, kind):
        raise Mistake(
            f"a PAGE that shows a {kind.__name__}",
            f"a PAGE with a {type(stream).__name__}" if stream else "a PAGE without a map",
            submission.line_with("PAGE ="),
            hint,
        )
    check_fields(submission, stream.record, *names, hint=hint)
    check_columns(submission, *names, hint=hint)
    return stream.record


def check_fields(
    submission: Submission, record: RecordType, *names: str, hint: int | None = 0
) -> None:
    """Check that a record has these fields. Raises Mistake."""
    for name in names:
        if name not in record.fields:
            raise Mistake(
                f"a field {name} in {record.__name__}",
                f"the fields {', '.join(record.fields)}",
                submission.line_with(f"class {record.__name__}"),
                hint,
            )


def check_columns(submission: Submission, *names: str, hint: int = 0) -> None:
    """Check that the page has a ``Column`` for each of these fields. Raises Mistake."""
    columns = [each for each in submission.page.columns if type(each) is Column]
    shown = [each.name for each in columns]
    for name in names:
        if name not in shown:
            raise Mistake(
                f"a column that shows {name}",
                f"columns for {', '.join(shown)}" if shown else "no column",
                submission.line_with("COLUMNS ="),
                hint,
            )


def check_call_name(submission: Submission, record: RecordType, hint: int | None = 2) -> None:
    """Check that a column shows the field number as a name, and no other one. Raises Mistake."""
    named = [each for each in submission.page.columns if isinstance(each, SyscallName)]
    if [each.field for each in named] != [record.fields["number"]]:
        raise Mistake(
            f"a column with the name: SyscallName({record.__name__}.number, 20)",
            "no such column",
            submission.line_with("COLUMNS ="),
            hint,
        )


def check_whole_arguments(
    submission: Submission, hint: int | None, offsets: range = ARGUMENTS
) -> None:
    """Check that loads of arguments load all 8 bytes. Raises Mistake.

    A shorter load is right on little-endian machines only.
    """

    def narrow(each: Instruction) -> bool:
        reads_context = each.form.kind is FormKind.LOAD and each.src != FRAME_POINTER
        return reads_context and each.offset in offsets and each.access_size < 8

    for each in submission.instructions(narrow):
        raise Mistake(
            "a load of all 8 bytes of the argument, as its field has size 8",
            f"a load of {each.access_size}: these are the lowest on little-endian machines only",
            each.source,
            hint,
        )


def check_null_checks(submission: Submission, call: Call, hint: int) -> None:
    """Check that the program tests the result of each lookup. Raises Mistake for one that loads
    from address 0.

    For this each lookup during the call returns 0 once, even in an array, whose entries always
    exist: only new verifiers know that.
    """
    machine = submission.interpreter().machine
    context = context_for(machine.program, call, leaving=False)
    machine.start(context=context, world=call.world(leaving=False))
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
                "a jump on r0 = 0 after the lookup: older verifiers refuse a program without one, "
                "even for an array",
                "r0 is used as an address without a check",
                fault.source,
                hint,
            ) from None
        machine.restore(after)


def described(call: Call, name: str = "write") -> str:
    """A call in words, for expectations."""
    return (
        f"{name}({call.fd}, ..., {len(call.data)}) by {call.comm}, process {call.pid}, "
        f"thread {call.tid}"
    )


def record_of(
    submission: Submission, interpreter: Interpreter, call: Call, name: str = "write"
) -> Record:
    """The one record that is sent for a call. Raises Mistake if there are none or several."""
    interpreter.call(call)
    records = interpreter.records()
    if len(records) != 1:
        raise Mistake(
            f"one record of {described(call, name)}",
            f"{len(records)} records" if records else "none",
            sends_of(submission),
        )
    return records[0]


def check_filter(submission: Submission, call: Call) -> None:
    """Check --pid, by a call of which a record is sent, and the same of another process. Raises
    Mistake."""
    interpreter = submission.interpreter(pid=call.pid)
    interpreter.call(replace(call, pid=call.pid + 100, tid=call.tid + 100), call)
    pids = [getattr(each, "pid", None) for each in interpreter.records()]
    if pids != [call.pid]:
        raise Mistake(
            f"one record, of process {call.pid} alone, with --pid {call.pid}",
            "those of another process" if pids else "none",
            sends_of(submission),
            None,
        )


def check_value(
    submission: Submission,
    record: Record,
    name: str,
    expected: Any,
    of: str,
    wrong: Mapping[Any, Words] | None = None,
) -> None:
    """Check a field's value; ``wrong`` has the values of typical mistakes. Raises Mistake."""
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
    """Check pid and comm, if the record has them. Raises Mistake."""
    if "pid" in type(record).fields:
        wrong = {call.tid: ("the thread id: the process id is in the upper half of r0", 0)}
        check_value(submission, record, "pid", call.pid, of, wrong)
    if "comm" in type(record).fields:
        check_value(submission, record, "comm", call.comm, of)


def check_time(submission: Submission, record: Record, call: Call, of: str) -> None:
    """Check timestamp_ns, if the record has it: when the call started. Raises Mistake."""
    came = getattr(record, "timestamp_ns", call.time_ns)
    if came not in range(call.time_ns, call.time_ns + CLOCK_TOLERANCE):
        check_value(submission, record, "timestamp_ns", call.time_ns, of)


def sends_of(submission: Submission) -> SourceLine:
    """The line that sends the record, or else the line of the function."""
    return submission.line_of(sends) or submission.definition


def store_of(submission: Submission, record: RecordType, name: str) -> SourceLine | None:
    """The last line that stores a field of a record on the stack; None if there is none."""
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
            if stores and each.offset in places and each.access_size == field.size:
                found = each.source
    return found


def listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
