"""Exercise: count the bytes that read() moves, not only those that it is asked for.

This page adds up, for each process, how many bytes it asks read() for: the third
argument, count. That is the size of the process's buffer. It says little about
what was read: at the end of a file, from a pipe or from a terminal there are
fewer bytes, and a call that fails reads none. Tools that look at the entry alone
count bytes that never moved.

What did move is the result of the call, which is known at its exit. The function
add() below adds r6 to a field of the process's entry. Both programs can use it.

Task: show what was moved beside what was asked for.

1. Add a field moved, a u64, to Bytes, and a column for it.
2. Add a second program on sys_exit_read. Its context has the result at offset 16,
   8 bytes, signed:

       b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_read"))

3. A result below zero is an error, and 0 is the end of a file. Jump to "out" for
   both. add() has that label. Return both programs.

Run it, and check it:

    sudo tuxscope run fileio_bytes.py -- cat /etc/passwd
    tuxscope learn check fileio-bytes
"""

from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Field, Record, u32, u64


class Process(Record):  # the key
    pid = u32


class Bytes(Record):  # the value
    asked = u64


READS = Hash("READS", key=Process, value=Bytes, max_entries=10240)
COLUMNS = (Column(Process.pid, 8), Column(Bytes.asked))


def add(
    a: Assembler,
    field: Field,
    pid: int | None,
    exclude: tuple[int, ...],
    namespace: PidNamespace | None,
) -> None:
    """Emit: add r6 to this field of the current process's entry; then the end of the program."""
    process = a.stack(Process)
    nothing = a.stack(Bytes)
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(process.pid, r0)
    a.ld_map(r1, READS)
    a.lea(r2, process)
    a.call(helper.map_lookup_elem)  # r0 = address of the entry, or 0 if there is none
    a.jne(r0, 0, "add")
    a.zero(nothing)
    a.ld_map(r1, READS)
    a.lea(r2, process)
    a.lea(r3, nothing)
    a.mov(r4, 1)  # BPF_NOEXIST: do not overwrite the entry of a faster thread
    a.call(helper.map_update_elem)
    a.ld_map(r1, READS)
    a.lea(r2, process)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")  # the hash is full
    a.label("add")
    a.atomic_add(u64[r0 + field.offset], r6)
    a.label("out")
    a.mov(r0, 0)
    a.exit()


def fileio_bytes(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> tuple[Program, ...]:
    a = Assembler("enter", attach=Tracepoint("syscalls", "sys_enter_read"))
    a.ldx(r6, u64[r1 + 32])  # count: how many bytes there is room for
    add(a, Bytes.asked, pid, exclude, namespace)
    return (a.program(),)


PAGE = Page(fileio_bytes, READS, COLUMNS, order_by=Bytes.asked)
