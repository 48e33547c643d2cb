"""syscall-count: how often each system call is made, as a table."""

from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6
from tuxscope.page import Column, Page, PidNamespace, Rate, SyscallName, namespaced_pid
from tuxscope.record import Record, u32, u64


class Call(Record):  # the key
    number = u32


class Calls(Record):  # the value
    count = u64


COUNTS = Hash("COUNTS", key=Call, value=Calls, max_entries=10240)
COLUMNS = (
    Column(Call.number, 8),
    SyscallName(Call.number, 20),
    Column(Calls.count, 12),
    Rate(Calls.count),
)


def syscall_count(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("syscall_count", attach=Tracepoint("raw_syscalls", "sys_enter"))
    call = a.stack(Call)
    nothing = a.stack(Calls)
    a.ldx(r6, u64[r1 + 8])  # id: the number of the system call
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(call.number, r6)
    a.ld_map(r1, COUNTS)
    a.lea(r2, call)
    a.call(helper.map_lookup_elem)  # r0 = address of the count, or 0 if there is none
    a.jne(r0, 0, "increment")
    a.zero(nothing)
    a.ld_map(r1, COUNTS)
    a.lea(r2, call)
    a.lea(r3, nothing)
    a.mov(r4, 1)  # BPF_NOEXIST: do not overwrite the count of a faster thread
    a.call(helper.map_update_elem)
    a.ld_map(r1, COUNTS)
    a.lea(r2, call)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")  # the hash is full
    a.label("increment")
    a.mov(r1, 1)
    a.atomic_add(Calls[r0].count, r1)  # atomic: other CPUs may change the same count
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(syscall_count, COUNTS, COLUMNS, order_by=Calls.count)
