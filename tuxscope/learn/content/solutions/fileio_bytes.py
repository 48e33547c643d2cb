"""fileio-bytes: how many bytes each process asks read() for, and how many it gets."""

from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Field, Record, u32, u64


class Process(Record):  # the key
    pid = u32


class Bytes(Record):  # the value
    asked = u64
    moved = u64


READS = Hash("READS", key=Process, value=Bytes, max_entries=10240)
COLUMNS = (Column(Process.pid, 8), Column(Bytes.asked, 14), Column(Bytes.moved))


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

    b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_read"))
    b.ldx(r6, u64[r1 + 16])  # ret: how many bytes it has read, or an error
    b.jsle(r6, 0, "out")  # signed: errors are negative
    add(b, Bytes.moved, pid, exclude, namespace)
    return a.program(), b.program()


PAGE = Page(fileio_bytes, READS, COLUMNS, order_by=Bytes.asked)
