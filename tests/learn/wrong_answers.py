"""Answers that are plausible and wrong: each an edit of the solution, and what is said of it.

To add some for another exercise, add lines: the exercise, what the solution has, what stands
there instead, and a piece of what came of it.
"""

from __future__ import annotations

from typing import NamedTuple


class WrongAnswer(NamedTuple):
    """An edit of a solution.

    Attributes:
        exercise: its name.
        old: what is in the solution, once at least; the first one is replaced.
        new: what is there instead.
        says: what the feedback has in it.
    """

    exercise: str
    old: str
    new: str
    says: str


# Of the solution of pid-filter.
NULL_CHECK = '    a.jeq(r0, 0, "out")  # never happens in an array, but older verifiers need it\n'
LOOKUP = f"""\
    a.st(key, 0)
    a.ld_map(r1, TARGET)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)  # r0 = address of the entry
{NULL_CHECK}\
    a.ldx(r0, u32[r0])  # read on every write(), so it can change at any time
    a.jeq(r0, 0, "send")  # 0: show all processes
    a.jne(r0, r7, "out")
"""

# Ways to send what the solution of ringbuf sends.
RAW_OUTPUT = """\
a.ld_map(r1, EVENTS)
    a.lea(r2, event)
    from tuxscope.asm import r3, r4

    a.mov(r3, HelloEvent.size)
    a.mov(r4, 0)
    a.call(helper.ringbuf_output)"""
DISCARDED = """\
a.ringbuf_reserve(EVENTS, HelloEvent, "out")
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_discard)"""
OVERWRITTEN = """\
a.ringbuf_reserve(EVENTS, HelloEvent, "out")
    a.call(helper.ktime_get_ns)
    a.mov(r1, r0)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)"""

WRONG_ANSWERS = [
    WrongAnswer(*each)
    for each in (
        ("return-value", "u64[r1 + 8]", "u64[r1 + 0]", "the first argument"),
        ("return-value", "u64[r1 + 8]", "u64[r1 + 16]", "the third argument"),
        ("return-value", "    a.exit()", "    a.mov32(r0, r0)\n    a.exit()", "lower half only"),
        ("return-value", "a.ldx(r0, u64[r1 + 8])", "a.mov(r0, r1)", "an address"),
        ("return-value", "a.ldx(r0, u64[r1 + 8])", "a.mov(r0, 0)", "whatever the arguments are"),
        ("return-value", "ldx(r0", "ldx(r1", "put the result into r0 before a.exit()"),
        ("return-value", "u64[r1 + 8]", "u64[r1 + 2]", "2 is not a multiple of 8"),
        ("return-value", "a.ldx(r0, u64[r1 + 8])", "r0 = u64[r1 + 8]", "in memory a.ldx(r0, …)"),
        ("return-value", "u64[r1 + 8]", "u64[r1] + 8", "for another offset, write u64[r1 + 8]"),
        ("arithmetic-and-jump", "    a.div(r0, 1000)\n", "", "the nanoseconds"),
        ("arithmetic-and-jump", "a.div(r0, 1000)", "a.div", "div is not called: a.div(…)"),
        ("arithmetic-and-jump", "a.div(r0, 1000)", "a.rsh(r0, 10)", "by 1024"),
        ("arithmetic-and-jump", 'a.jlt(r3, r2, "out")', 'a.jlt(r3, 0, "out")', "is below zero"),
        ("arithmetic-and-jump", "a.jlt(", "a.jgt(", "as if the second time came before"),
        ("arithmetic-and-jump", "a.jlt(", "a.jslt(", "as if the second time came before"),
        ("arithmetic-and-jump", 'a.jlt(r3, r2, "out")', "if r3 < r2: pass", "use a jump"),
        (
            "record-layout",
            "kind = u32\n    count = u32",
            "kind = u64\n    count = u64",
            "kind = u64",
        ),
        ("record-layout", "    count = u32\n", "    rest = u32\n", "no field count"),
        (
            "record-layout",
            "    value = u64  # the largest first, so there is no padding\n    kind = u32\n",
            "    kind = u32\n    value = u64\n",
            "24 bytes, with holes: 4 at byte 4 and 4 at byte 20",
        ),
        ("record-layout", "    count = u32\n", "    count = u32\n    more = u64\n", "sample.more"),
        ("record-layout", "a.mov(r5, Sample.size)", "a.mov(r5, 12)", "got: 12 bytes"),
        ("zero-the-stack", "a.zero(sample)", "a.zero(sample.padding)", "reads uninitialised stack"),
        ("zero-the-stack", "a.zero(sample)", "a.st(sample.extra, 0)", "the padding of sample"),
        (
            "zero-the-stack",
            '    a.label("send")\n',
            '    a.label("send")\n    a.zero(sample)\n',
            "is it zeroed after the store, or not sent?",
        ),
        ("zero-the-stack", "a.mov(r5, Sample.size)", "a.mov(r5, 16)", "got: 16 bytes"),
        (
            "null-check",
            '    a.jeq(r0, 0, "out")  # no such key; r0 is 0\n',
            "",
            "NULL if the lookup found no entry",
        ),
        ("null-check", "a.jeq(", "a.jne(", "address"),
        ("null-check", "    a.stx(key, r3)", "    pass", "a.stx(key, register), or a.zero(key)"),
        ("null-check", "    a.ldx(r0, u64[r0 + 0])\n", "", "an address"),
        ("null-check", "u64[r0 + 0]", "u32[r0 + 0]", "lower half only"),
        ("null-check", "    a.stx(key, r3)", "    a.st(key, 7)", "as if the key were not there"),
        ("null-check", 'a.jeq(r0, 0, "out")', 'a.jeq(r0, 0, "o")\n    a.label("o")', "address"),
        ("bounded-loop", "a.mov(r2, 100)", "a.mov(r2, 101)", "one iteration too many"),
        ("bounded-loop", "a.jgt(r3", "a.jge(r3", "one iteration too few"),
        ("bounded-loop", 'a.jle(r2, 100, "few")', 'a.jsle(r2, 100, "few")', "20000 steps"),
        ("bounded-loop", 'a.jle(r2, 100, "few")', "pass", "r0 = 5050"),
        (
            "bounded-loop",
            '    a.jle(r2, 100, "few")\n'
            "    a.mov(r2, 100)  # now the verifier knows that r2 is 100 at most\n",
            "",
            "an end after 100 iterations, whatever the argument is",
        ),
        ("bounded-loop", 'a.ja("again")', 'a.ja("out")', "r0 = 1"),
        (
            "bounded-loop",
            '    a.label("again")\n    a.jgt(r3, r2, "out")\n    a.add(r0, r3)\n    a.add(r3, 1)\n'
            '    a.ja("again")\n',
            "    a.mov(r3, r2)\n    a.add(r3, 1)\n    a.mul(r3, r2)\n    a.rsh(r3, 1)\n"
            "    a.mov(r0, r3)\n",
            "no jump backwards",
        ),
        ("local-call", "    a.mov(r7, r0)", "    a.mov(r1, r0)", "r7 is read"),
        ("local-call", "a.add(r0, r7)", "a.add(r0, r0)", "the first result is overwritten"),
        ("local-call", "u64[r6 + 8]", "u64[r6 + 0]", "the square of the first, twice"),
        ("local-call", "    a.add(r0, r7)\n", "", "the square of the second only"),
        ("local-call", "u64[r6 + 8]", "u64[r1 + 8]", "was clobbered by the call"),
        (
            "local-call",
            '    a.ldx(r1, u64[r6 + 8])\n    a.call("square")\n',
            "    a.ldx(r0, u64[r6 + 8])\n    a.mul(r0, r0)\n",
            "got: one call",
        ),
        ("file-descriptor", "u64[r6 + 16]", "u64[r6 + 24]", "half of another argument"),
        ("file-descriptor", "u64[r6 + 16]", "u64[r6 + 32]", "the third argument, count"),
        ("file-descriptor", "u64[r6 + 16]", "u64[r6 + 8]", "the number of the system call"),
        (
            "file-descriptor",
            "u64[r6 + 16]",
            "u32[r6 + 16]",
            "the lowest on little-endian machines only",
        ),
        (
            "file-descriptor",
            "u32, u64\n\n\nclass HelloEvent(Record):  # the kernel program "
            "writes it, the reader parses it\n    pid = u32\n    fd = u32",
            "u8, u32, u64\n\n\nclass HelloEvent(Record):\n    pid = u32\n    fd = u8",
            "its lowest byte only",
        ),
        ("file-descriptor", " Column(HelloEvent.fd, 4),", "", "a column that shows fd"),
        ("file-descriptor", "    a.ldx(r0, u64[r6 + 16])\n", "", "the process id"),
        ("file-descriptor", "a.ldx(r0, u64[r6 + 16])", "a.mov(r0, 3)", "got: fd = 3"),
        ("reads", "sys_enter_read", "sys_exit_read", "which is passed when the call has ended"),
        ("reads", "sys_enter_read", "sys_enter_write", "got: syscalls:sys_enter_write"),
        ("reads", "sys_enter_read", "sys_enter_pread64", "got: syscalls:sys_enter_pread64"),
        ("reads", 'Assembler("reads"', 'Assembler("hello"', "a program that is named reads"),
        ("reads", "a.rsh(r0, 32)", "pass", "the thread id"),
        (
            "pid-filter",
            LOOKUP,
            '    a.jne(r0, 1842, "out")\n',
            "Python's if is decided once",
        ),
        (
            "pid-filter",
            NULL_CHECK,
            "",
            "a jump on r0 = 0 after the lookup",
        ),
        (
            "pid-filter",
            '    a.jeq(r0, 0, "send")  # 0: show all processes\n',
            "",
            "0 shows all processes",
        ),
        ("pid-filter", '    a.jne(r0, r7, "out")\n', "", "got: 1 record"),
        ("pid-filter", "a.jne(r0, r7", "a.jeq(r0, r7", "got: none"),
        ("pid-filter", "a.st(key, 0)", "a.st(key, 1)", "0 shows all processes"),
        (
            "pid-filter",
            "    a.ldx(r0, u32[r0])  # read on every write(), so it can change at any time\n",
            "",
            "got: none",
        ),
        ("pid-filter", "a.rsh(r0, 32)", "pass", "the thread id"),
        (
            "count",
            "    a.mov(r1, 1)\n    a.atomic_add(Writes[r0].count, r1)",
            "    a.ldx(r1, Writes[r0].count)\n    a.add(r1, 1)\n    a.stx(Writes[r0].count, r1)",
            "a write is lost",
        ),
        (
            "count",
            '    a.jeq(r0, 0, "out")  # the hash is full\n',
            "",
            "NULL if the lookup found no entry",
        ),
        (
            "count",
            '    a.jeq(r0, 0, "out")  # the hash is full\n',
            '    a.ja("out")\n',
            "one is missing",
        ),
        ("count", "a.mov(r4, 1)", "a.mov(r4, 0)", "a write is lost"),
        ("count", "a.rsh(r0, 32)", "pass", "is the key the process id"),
        ("count", "a.atomic_add(", "a.stx(", "instead of incremented"),
        ("count", "count = u64", "count = u32", "which cannot overflow"),
        ("count", ", Rate(Writes.count)", "", "a column with the rate"),
        ("user-buffer", "probe_read_user", "probe_read_kernel", "in the process's memory"),
        ("user-buffer", "probe_read_user", "probe_read_user_str", "not a C string"),
        (
            "user-buffer",
            '    a.jle(r2, WriteEvent.data.size, "fits")\n',
            "",
            "nothing is copied if r2 is more than there are bytes",
        ),
        (
            "user-buffer",
            "    a.mov(r2, WriteEvent.data.size)",
            "    pass",
            "more bytes are copied than",
        ),
        ("user-buffer", "a.jle(", "a.jge(", "nothing is copied if r2 is more"),
        ("user-buffer", "a.mov(r2, WriteEvent.data.size)", "a.mov(r2, 15)", "15 of 16 bytes"),
        ("user-buffer", "a.zero(event)", "a.zero(event.padding)", "zero the event at the start"),
        (
            "user-buffer",
            "u64[r6 + 24]",
            "u64[r6 + 16]",
            "does the helper get the right arguments in r1 to r3?",
        ),
        ("user-buffer", "u64[r6 + 32]", "u64[r6 + 16]", "the descriptor"),
        ("latency", "    b.sub(r0, r7)\n", "", "the time at its end"),
        (
            "latency",
            "    tid = b.stack(u32)",
            "    #",
            "tid is on the stack of a's program; that of b has one of its own: tid = b.stack(…)",
        ),
        (
            "latency",
            "    b.lea(r2, tid)\n    b.call(helper.map_del",
            "    b.call(helper.map_del",
            "pass the address of a key on the stack: b.lea(r2, key)",
        ),
        ("latency", "return a.program(), b.program()", "return a, b", "return a.program(), b.prog"),
        ("latency", "key=u32", "key=u64", "the key of STARTS is u64, 8 bytes, and at r10 - 4 the"),
        ("latency", "value=u64, max", "value=u32, max", "access it as u32["),
        (
            "latency",
            "    b.ld_map(r1, STARTS)\n    b.lea(r2, tid)\n    b.call(helper.map_delete_elem)",
            "    del STARTS[tid]",
            "or helper.map_delete_elem",
        ),
        ("latency", "b.sub(r0, r7)", "b.sub(r7, r0)\n    b.mov(r0, r7)", "below zero"),
        (
            "latency",
            "    b.stx(tid, r0)\n    b.rsh(r0, 32)\n",
            "    b.rsh(r0, 32)\n    b.stx(tid, r0)\n",
            ", the thread id, and the lookup finds nothing: do both programs use the same key?",
        ),
        (
            "latency",
            "    b.stx(tid, r0)\n    b.rsh(r0, 32)\n",
            "    b.mov(r7, 5)\n    b.stx(tid, r7)\n    b.rsh(r0, 32)\n",
            "the thread id, and the lookup finds nothing",
        ),
        (
            "latency",
            "    a.rsh(r0, 32)\n    for each in exclude",
            "    a.rsh(r0, 32)\n    a.stx(tid, r0)\n    for each in exclude",
            ", the process id, and the lookup finds nothing",
        ),
        (
            "latency",
            "a.call(helper.map_update_elem)",
            "a.call(helper.map_lookup_elem)",
            "no entry in STARTS during the call",
        ),
        (
            "latency",
            "b.mov(r1, r6)\n    b.ld_map(r2, EVENTS)",
            "a.mov(r1, r6)\n    b.ld_map(r2, EVENTS)",
            "did you mean b.mov(r1, r6)?",
        ),
        (
            "latency",
            "    b.call(helper.map_lookup_elem)\n    b.jeq(",
            "    b.call(helper.map_lookup_elem)\n    a.jeq(",
            'did you mean b.jeq(r0, 0, "out")?',
        ),
        (
            "latency",
            "    b.ld_map(r1, STARTS)\n    b.lea(r2, tid)\n    b.call(helper.map_delete_elem)",
            "    pass",
            "as its start was not traced",
        ),
        (
            "latency",
            '    b.jeq(r0, 0, "out")  # the call started before the trace, or was excluded\n',
            "",
            "NULL if the lookup found no entry",
        ),
        ("latency", "    b.zero(event.padding)\n", "", "the padding of event"),
        ("latency", "    ns = u64", "    ns = u32", "its lower half only"),
        (
            "latency",
            "sys_exit_write",
            "sys_exit_read",
            "got: syscalls:sys_enter_write and syscalls:",
        ),
        (
            "latency",
            "b.stx(event.pid, r0)",
            "b.ldx(r1, tid)\n    b.stx(event.pid, r1)",
            "the thread id",
        ),
        ("histogram", "a.mov(r7, 0)", "a.mov(r7, 1)", "one too high"),
        ("histogram", "(32, 16, 8", "(16, 8", "entry 31 grows"),
        ("histogram", "u64[r1 + 32]", "u64[r1 + 16]", "the first argument, fd"),
        ("histogram", "u64[r1 + 32]", "u64[r1 + 24]", "the second argument, buf"),
        ("histogram", "u64[r1 + 32]", "u32[r1 + 32]", "the lowest on little-endian machines only"),
        (
            "histogram",
            "SIZES = PerCpuArray(",
            "from tuxscope.asm import Array\n\nSIZES = Array(",
            "overwrite each other's counts",
        ),
        ("histogram", '    a.jeq(r0, 0, "out")\n', "", "a jump on r0 = 0 after the lookup"),
        ("histogram", "a.add(r1, 1)", "a.mov(r1, 1)", "instead of incremented"),
        ("histogram", "a.mov(r6, r1)", "pass", "is the shifted size kept"),
        (
            "ringbuf",
            "EVENTS = RingBuf(",
            "from tuxscope.asm import PerfEventArray\n\nEVENTS = PerfEventArray(",
            "takes a ring buffer",
        ),
        (
            "ringbuf",
            "ringbuf_output(EVENTS, event)",
            "ringbuf_output(EVENTS, event, 28)",
            "got: 28 bytes",
        ),
        ("ringbuf", "a.ringbuf_output(EVENTS, event)", "pass", "got: none"),
        (
            "ringbuf",
            "a.ringbuf_output(EVENTS, event)",
            RAW_OUTPUT,
            "does not count what it cannot send",
        ),
        ("ringbuf", "    a.zero(event.padding)", "    pass", "the padding of event"),
        (
            "ringbuf",
            "a.ringbuf_output(EVENTS, event)",
            'a.ringbuf_reserve(EVENTS, HelloEvent, "out")',
            "submit",
        ),
        ("ringbuf", "a.ringbuf_output(EVENTS, event)", DISCARDED, "got: none"),
        ("ringbuf", "a.ringbuf_output(EVENTS, event)", OVERWRITTEN, "is a scalar, not a pointer"),
        ("ringbuf", "a.rsh(r0, 32)", "pass", "the thread id"),
        ("ringbuf", "sys_enter_write", "sys_exit_write", "which is passed when the call has ended"),
        (
            "syscall-count",
            '"raw_syscalls", "sys_enter"',
            '"raw_syscalls", "sys_exit"',
            "which is passed when the call has ended",
        ),
        (
            "syscall-count",
            '"raw_syscalls", "sys_enter"',
            '"syscalls", "sys_enter_write"',
            "got: syscalls:sys_enter_write",
        ),
        ("syscall-count", "u64[r1 + 8]", "u64[r1 + 16]", "the first argument is the key"),
        (
            "syscall-count",
            "u64[r1 + 8]",
            "u32[r1 + 8]",
            "the lowest on little-endian machines only",
        ),
        (
            "syscall-count",
            "a.stx(call.number, r6)",
            "a.stx(call.number, r0)",
            "the process id is the key",
        ),
        (
            "syscall-count",
            "    a.ldx(r6, u64[r1 + 8])  # id: the number of the system call\n",
            "",
            "r6",
        ),
        (
            "syscall-count",
            "class Call(Record):  # the key\n    number = u32",
            "from tuxscope.record import u16\n\n\nclass Call(Record):\n    number = u16",
            "no entry, but",
        ),
        ("syscall-count", "    SyscallName(Call.number, 20),\n", "", "a column with the name"),
        (
            "syscall-count",
            "SyscallName(Call.number, 20)",
            "SyscallName(Calls.count, 20)",
            "a column with the name",
        ),
        ("syscall-count", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        (
            "syscall-count",
            "    a.mov(r1, 1)\n    a.atomic_add(Calls[r0].count, r1)",
            "    a.ldx(r1, Calls[r0].count)\n    a.add(r1, 1)\n    a.stx(Calls[r0].count, r1)",
            "a call is lost",
        ),
        ("syscall-count", "a.mov(r4, 1)", "a.mov(r4, 0)", "a call is lost"),
        ("syscall-count", "a.atomic_add(", "a.stx(", "instead of incremented"),
        (
            "syscall-histogram",
            '"raw_syscalls", "sys_exit"',
            '"syscalls", "sys_exit_write"',
            "got: raw_syscalls:sys_enter and syscalls:",
        ),
        ("syscall-histogram", "    b.sub(r6, r7)", "    pass", "subtract the time at the start"),
        ("syscall-histogram", "    b.mov(r7, 0)", "    b.mov(r7, 1)", "one too high"),
        (
            "syscall-histogram",
            "    b.ld_map(r1, STARTS)\n    b.lea(r2, tid)\n    b.call(helper.map_delete_elem)",
            "    pass",
            "was an old entry not deleted?",
        ),
        ("syscall-histogram", "b.stx(power, r7)", "b.stx(power, r6)", "got: 1 in entry 1"),
        ("syscall-histogram", "(32, 16, 8", "(16, 8", "got: 1 in entry 31"),
        (
            "syscall-histogram",
            "b.stx(tid, r0)",
            "b.rsh(r0, 32)\n    b.stx(tid, r0)",
            "do both programs use the same key",
        ),
        (
            "syscall-histogram",
            "b.add(r1, 1)",
            "b.mov(r1, 1)",
            "is the count set instead of incremented?",
        ),
        ("syscall-histogram", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        (
            "syscall-histogram",
            "TIMES = PerCpuArray(",
            "from tuxscope.asm import Array\n\nTIMES = Array(",
            "overwrite each other's counts",
        ),
        (
            "syscall-histogram",
            "    b.sub(r6, r7)",
            "    b.sub(r7, r6)\n    b.mov(r6, r7)",
            "below zero; subtract the start",
        ),
        (
            "syscall-histogram",
            "    a.stx(tid, r0)  #",
            "    a.mov(r1, r0)\n    a.rsh(r1, 32)\n    a.stx(tid, r1)  #",
            "do both programs use the same key",
        ),
        ("syscall-result", '"sys_exit"', '"sys_enter"', "where no call has a result yet"),
        ("syscall-result", "result = s64", "result = u64", "as an unsigned number"),
        ("syscall-result", "a.ldx(r7, u64[r1 + 16])", "a.ldx(r7, u64[r1 + 8])", "the number of"),
        ("syscall-result", "a.ldx(r6, u64[r1 + 8])", "a.ldx(r6, u64[r1 + 16])", "the result"),
        (
            "syscall-result",
            "a.ldx(r7, u64[r1 + 16])",
            "a.ldx(r7, u32[r1 + 16])",
            "the lowest on little-endian machines only",
        ),
        (
            "syscall-result",
            "    a.stx(event.result, r7)",
            "    a.mov32(r7, r7)\n    a.stx(event.result, r7)",
            "its lower half",
        ),
        (
            "syscall-result",
            "    SyscallName(CallEvent.number, 20),\n",
            "    Column(CallEvent.number, 20),\n",
            "a column with the name",
        ),
        ("syscall-result", "    a.stx(event.number, r6)\n", "", "store to event.number"),
        ("syscall-result", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        ("syscall-errors", '"sys_exit"', '"sys_enter"', "where no call has a result yet"),
        ("syscall-errors", "-each", "each", "none: an error is -errno"),
        ("syscall-errors", "a.jeq(r7, -each", "a.jeq32(r7, -each", "only its lower half is that"),
        ("syscall-errors", "a.jeq(r7, -each", "a.jne(r7, -each", "no record of a call that"),
        ("syscall-errors", "(ENOENT, EACCES)", "(ENOENT,)", "got: none"),
        ("syscall-errors", '    a.ja("out")  # most calls go no further\n', "", "no error"),
        ("syscall-errors", "    a.neg(r7)\n", "", "the result itself"),
        ("syscall-errors", ", labels=errorcode", "", "with the error's name"),
        (
            "syscall-errors",
            '    for each in ERRORS:\n        a.jeq(r7, -each, "wanted")\n',
            '    a.jslt(r7, 0, "wanted")\n',
            "another error",
        ),
        ("syscall-path", '"sys_exit_openat"', '"sys_exit_open"', "one on syscalls:sys_exit_openat"),
        (
            "syscall-path",
            "    a.stx(event.address, r6)\n",
            "    a.lea(r1, event.path)\n    a.mov(r2, 64)\n    a.mov(r3, r6)\n    "
            "a.call(helper.probe_read_user_str)\n",
            "does the helper get",
        ),
        ("syscall-path", "probe_read_user_str", "probe_read_user", "copies 64 bytes or none"),
        ("syscall-path", "probe_read_user_str", "probe_read_kernel_str", "got: path = ''"),
        ("syscall-path", "u64[r1 + 24]", "u64[r1 + 16]", "does the helper get"),
        ("syscall-path", "address = u64", "address = u32", "does the helper get"),
        (
            "syscall-path",
            "b.mov(r2, OpenEvent.path.size)",
            "b.mov(r2, 16)",
            "15 of",
        ),
        (
            "syscall-path",
            "    b.ld_map(r1, OPEN)\n    b.lea(r2, tid)\n    b.call(helper.map_delete_elem)\n",
            "",
            "was an old entry not deleted?",
        ),
        (
            "syscall-path",
            "    b.stx(tid, r0)",
            "    b.rsh(r0, 32)\n    b.stx(tid, r0)",
            "one record of openat(",
        ),
        ("syscall-path", "    b.stx(OpenEvent[r7].result, r6)\n", "", "result = 0"),
        ("syscall-path", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        ("syscall-sleep", '"nvcsw"', '"nivcsw"', "one record of a call"),
        (
            "syscall-sleep",
            'layout.member("task_struct", "nvcsw").offset',
            "1536",
            "is the offset that of layout.member",
        ),
        ("syscall-sleep", "    b.sub(r8, r1)\n", "", "those before the call"),
        (
            "syscall-sleep",
            "    b.sub(r8, r1)",
            "    b.sub(r1, r8)\n    b.mov(r8, r1)",
            "below zero; subtract those at the entry",
        ),
        ("syscall-sleep", '    b.jeq(r8, 0, "done")  # it did not sleep\n', "", "never sleeps"),
        (
            "syscall-sleep",
            '    b.jeq(r8, 0, "done")',
            '    b.jeq(r8, 0, "out")',
            "delete each after its call",
        ),
        (
            "syscall-sleep",
            "    read_sleeps(b, layout, sleeps)\n",
            '    b.jlt(r0, 1_000_000, "done")\n    read_sleeps(b, layout, sleeps)\n',
            "one record of a call of 2000 ns",
        ),
        ("syscall-sleep", "a.mov(r2, 8)", "a.mov(r2, 4)", "uninitialised"),
        ("syscall-sleep", "probe_read_kernel", "probe_read_user", "got: none"),
        (
            "syscall-sleep",
            "    b.stx(tid, r0)",
            "    b.rsh(r0, 32)\n    b.stx(tid, r0)",
            "one record of a call",
        ),
        ("syscall-sleep", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        ("fileio-bytes", '"sys_exit_read"', '"sys_exit_write"', "one on syscalls:sys_exit_read"),
        ("fileio-bytes", "b.jsle(", "b.jle(", "the error was added"),
        (
            "fileio-bytes",
            '    b.jsle(r6, 0, "out")  # signed: errors are negative\n',
            "",
            "error was",
        ),
        ("fileio-bytes", 'b.jsle(r6, 0, "out")', 'b.jne(r6, 0, "out")', "the result was not added"),
        ("fileio-bytes", 'b.jsle(r6, 0, "out")', 'b.jslt(r6, 9000, "out")', "was not added"),
        ("fileio-bytes", "add(b, Bytes.moved", "add(b, Bytes.asked", "also what was moved"),
        ("fileio-bytes", "    moved = u64\n", "    moved = u32\n", "got: moved = u32"),
        (
            "fileio-bytes",
            "b.ldx(r6, u64[r1 + 16])",
            "b.ldx(r6, u32[r1 + 16])",
            "the lowest on little-endian machines only",
        ),
        ("fileio-bytes", ", Column(Bytes.moved)", "", "a column that shows moved"),
        (
            "fileio-bytes",
            "    a.atomic_add(u64[r0 + field.offset], r6)\n",
            "    a.ldx(r1, u64[r0 + field.offset])\n    a.add(r1, r6)\n"
            "    a.stx(u64[r0 + field.offset], r1)\n",
            "as another CPU may add to the same entry",
        ),
        (
            "fileio-bytes",
            "add(b, Bytes.moved, pid,",
            "add(b, Bytes.moved, None,",
            "of process",
        ),
        ("fileio-name", "a.lsh(r6, 3)", "a.lsh(r6, 2)", "an element has 8 bytes"),
        ("fileio-name", "    a.add(r7, r6)\n", "", "that is descriptor 0"),
        ("fileio-name", "    follow(a, 0)  #", "    #", "is each step there"),
        (
            "fileio-name",
            '    follow(a, layout.member("fdtable", "fd").offset)  # the array\n',
            "",
            "is each step there",
        ),
        ("fileio-name", "probe_read_kernel_str", "probe_read_user_str", "is each step there"),
        ("fileio-name", "a.mov(r2, WriteEvent.name.size)", "a.mov(r2, 8)", "7 of"),
        (
            "fileio-name",
            'layout.member("file", "f_path.dentry").offset',
            "72",
            "are all offsets those of layout.member",
        ),
        (
            "fileio-name",
            "    a.mov(r3, r7)\n    a.call(helper.probe_read_kernel_str",
            "    a.mov(r3, r6)\n    a.call(helper.probe_read_kernel_str",
            "is each step there",
        ),
        ("fileio-name", "a.lea(r1, event.name)", "a.lea(r1, event.fd)", "got: fd ="),
        ("fileio-name", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        (
            "fileio-offset",
            "    b.sub(r9, r8)  # the position is behind what it has written\n",
            "",
            "behind what was written: subtract that",
        ),
        ("fileio-offset", "b.sub(r9, r8)", "b.add(r9, r8)", "got: offset ="),
        (
            "fileio-offset",
            "    read_position(b, layout, WriteEvent[r7].fd)\n",
            "    b.mov(r9, 0)\n",
            "no position was read",
        ),
        ("fileio-offset", "    b.stx(WriteEvent[r7].offset, r9)\n", "", "it is not stored"),
        (
            "fileio-offset",
            "    b.sub(r9, r8)  #",
            "    b.sub(r8, r9)\n    b.mov(r9, r8)  #",
            "the other way round",
        ),
        (
            "fileio-offset",
            '    b.jsle(r8, 0, "done")  # it wrote nothing\n',
            "",
            "no record of a write()",
        ),
        ("fileio-offset", 'b.jsle(r8, 0, "done")', 'b.jsle(r8, 0, "out")', "delete each after its"),
        ("fileio-offset", "    offset = s64", "    offset = u64", "as in the kernel (loff_t)"),
        (
            "fileio-offset",
            "    b.stx(tid, r0)",
            "    b.rsh(r0, 32)\n    b.stx(tid, r0)",
            "one record of a write()",
        ),
        ("fileio-offset", "        a.jne(r0, pid", "        a.jeq(r0, pid", "with --pid"),
        (
            "fileio-writer",
            '"writeback_dirty_folio"',
            '"writeback_dirty_page"',
            "and writeback_dirty_page",
        ),
        ("fileio-writer", "a.ldx(r1, u32[r0])", "a.ldx(r1, event.pid)", "the process that submits"),
        ("fileio-writer", "b.ldx(r7, u64[r1 + 8])", "b.ldx(r7, u64[r1 + 0])", "the key of both"),
        ("fileio-writer", "    b.rsh(r0, 32)\n", "", "a thread id"),
        ("fileio-writer", "b.mov(r4, 0)", "b.mov(r4, 1)", "wrote to another file, or before"),
        (
            "fileio-writer",
            "    a.stx(device, r7)\n",
            "    a.st(device, 0)\n",
            "to another file, or before",
        ),
        (
            "fileio-writer",
            "    inode = u64\n\n\nclass R",
            "    inode = u32\n\n\nclass R",
            "a.zero(file.padding)",
        ),
        ("fileio-writer", 'a.jeq(r0, 0, "send")', 'a.jeq(r0, 0, "out")', "send it on every path"),
        (
            "fileio-writer",
            '    a.jeq(r0, 0, "send")  # it became dirty before the trace, or the request reads\n',
            "",
            "NULL if the lookup found no entry",
        ),
        ("fileio-writer", "    a.stx(event.writer, r1)\n", "", "writer = 0"),
        (
            "fileio-writer",
            "    b.stx(writer, r0)\n",
            "    b.stx(writer, r0)\n    b.ringbuf_output(EVENTS, file)\n",
            "32 bytes of RequestEvent",
        ),
    )
]
