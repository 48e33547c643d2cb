"""fileio-name: every write() on the system, with the name of the file that it is to."""

from tuxscope.asm import Assembler, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import r0, r1, r2, r3, r6, r7
from tuxscope.files.layout import LINUX_6_18
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class WriteEvent(Record):
    pid = u32
    fd = u32
    name = char[32]


EVENTS = RingBuf("EVENTS", WriteEvent)
COLUMNS = (Column(WriteEvent.pid, 8), Column(WriteEvent.fd, 4), Column(WriteEvent.name))


def follow(a: Assembler, offset: int) -> None:
    """Emit: r7 = the pointer at r7 + offset, in the kernel's memory; 0 if it cannot be read."""
    pointer = a.stack(u64)
    a.mov(r3, r7)
    a.add(r3, offset)
    a.lea(r1, pointer)
    a.mov(r2, 8)
    a.call(helper.probe_read_kernel)
    a.ldx(r7, pointer)


def fileio_name(
    pid: int | None = None,
    exclude: tuple[int, ...] = (),
    namespace: PidNamespace | None = None,
    layout: Layout = LINUX_6_18,
) -> Program:
    a = Assembler("fileio_name", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(WriteEvent)
    a.zero(event)
    a.ldx(r6, u64[r1 + 16])  # fd: the first argument
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.stx(event.fd, r6)
    a.call(helper.get_current_task)
    a.mov(r7, r0)  # the address of the current thread's struct task_struct
    follow(a, layout.member("task_struct", "files").offset)
    follow(a, layout.member("files_struct", "fdt").offset)
    follow(a, layout.member("fdtable", "fd").offset)  # the array
    a.lsh(r6, 3)  # its elements are pointers, 8 bytes each
    a.add(r7, r6)
    follow(a, 0)  # fd[n]: the address of the struct file
    follow(a, layout.member("file", "f_path.dentry").offset)
    follow(a, layout.member("dentry", "d_name.name").offset)
    a.lea(r1, event.name)
    a.mov(r2, WriteEvent.name.size)
    a.mov(r3, r7)
    a.call(helper.probe_read_kernel_str)
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(fileio_name, EVENTS, COLUMNS)
