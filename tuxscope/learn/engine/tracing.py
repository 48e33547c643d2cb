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
    """Check that ``submission``, a Submission, has one program on each of the tracepoints
    ``names``, each a str, of ``category``; raise Mistake, with the hint of index ``hint``, an int
    or None, if not. Both are keyword-only."""
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
    """Check that the page of ``submission``, a Submission, shows records with the fields ``names``,
    each a str, in a column each; return the RecordType.

    Its map is of ``kind``, a subclass of StreamMap. Raises Mistake, with the hint of index
    ``hint``, an int. Both are keyword-only.
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
    """Check that ``record``, a RecordType of ``submission``, has the fields ``names``. Raises
    Mistake, with the hint of index ``hint``, an int or None."""
    for name in names:
        if name not in record.fields:
            raise Mistake(
                f"a field {name} in {record.__name__}",
                f"the fields {', '.join(record.fields)}",
                submission.line_with(f"class {record.__name__}"),
                hint,
            )


def check_columns(submission: Submission, *names: str, hint: int = 0) -> None:
    """Check that the page of ``submission``, a Submission, has a ``Column`` for each of the fields
    ``names``, each a str. Raises Mistake, with the hint of index ``hint``, an int, keyword-only."""
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
    """Check that a column of ``submission`` shows the field number of ``record``, a RecordType, as
    a name, and that no other one does. Raises Mistake, with the hint of index ``hint``, or None."""
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
    """Check that loads of arguments, at ``offsets`` in the context, a range, load all 8 bytes.
    Raises Mistake, with the hint of index ``hint``, an int or None.

    A shorter load is right on little-endian machines only. ``submission`` is the Submission.
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
    """Check that the program of ``submission``, a Submission, tests the result of each lookup
    during ``call``, a Call. Raises Mistake, with the hint of index ``hint``, an int, for one that
    loads from address 0.

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
    """Return ``call``, a Call of the system call ``name``, in words, a str, for expectations."""
    return (
        f"{name}({call.fd}, ..., {len(call.data)}) by {call.comm}, process {call.pid}, "
        f"thread {call.tid}"
    )


def record_of(
    submission: Submission, interpreter: Interpreter, call: Call, name: str = "write"
) -> Record:
    """Return the one Record that the programs of ``submission`` in ``interpreter``, an Interpreter,
    send for ``call``, a Call. Raises Mistake if there are none or several.

    ``name`` is that of the system call, for the message.
    """
    interpreter.call(call)
    records = interpreter.records()
    if len(records) != 1:
        raise Mistake(
            f"one record of {described(call, name)}",
            f"{len(records)}: send it once" if records else "none: send it on every path to exit()",
            sends_of(submission),
        )
    return records[0]


def check_filter(submission: Submission, call: Call) -> None:
    """Check the filter --pid of ``submission``, a Submission, by ``call``, a Call that it sends a
    record of, and the same call of another process. Raises Mistake."""
    interpreter = submission.interpreter(pid=call.pid)
    interpreter.call(replace(call, pid=call.pid + 100, tid=call.tid + 100), call)
    pids = [getattr(each, "pid", None) for each in interpreter.records()]
    if pids != [call.pid]:
        raise Mistake(
            f"one record, of process {call.pid} alone, with --pid {call.pid}",
            "those of another process: compare the process id with pid, which is not None"
            if pids
            else "none: jump to out only if the process id is not pid",
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
    """Check that field ``name`` of ``record``, a Record that ``submission`` sent, has the value
    ``expected``; raise Mistake if not.

    ``of``, a str, says what of. ``wrong``, or None, is a mapping of the values of typical mistakes
    to pairs: what they are, a str, and the index of the hint, an int.
    """
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
    """Check pid and comm of ``record``, a Record that ``submission`` sent for ``call``, a Call, if
    it has them. Raises Mistake; ``of``, a str, says what of."""
    if "pid" in type(record).fields:
        wrong = {call.tid: ("the thread id: the process id is in the upper half of r0", 0)}
        check_value(submission, record, "pid", call.pid, of, wrong)
    if "comm" in type(record).fields:
        check_value(submission, record, "comm", call.comm, of)


def check_time(submission: Submission, record: Record, call: Call, of: str) -> None:
    """Check timestamp_ns of ``record``, a Record that ``submission`` sent for ``call``, a Call, if
    it has it: when the call started. Raises Mistake; ``of``, a str, says what of."""
    came = getattr(record, "timestamp_ns", call.time_ns)
    if came not in range(call.time_ns, call.time_ns + CLOCK_TOLERANCE):
        check_value(submission, record, "timestamp_ns", call.time_ns, of)


def sends_of(submission: Submission) -> SourceLine:
    """Return the SourceLine in ``submission``, a Submission, that sends the record, or else that of
    the function."""
    return submission.line_of(sends) or submission.definition


def store_of(submission: Submission, record: RecordType, name: str) -> SourceLine | None:
    """Return the last SourceLine in ``submission``, a Submission, that stores field ``name``, a
    str, of ``record``, a RecordType, on the stack; None if there is none."""
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
    """Return ``numbers``, a sequence of int, as a text."""
    return ", ".join(map(str, numbers))
