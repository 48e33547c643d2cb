"""Exercise: find the file that a file descriptor stands for.

This page sends a record for each write(): who, to which descriptor. A descriptor
is a number of the process; only the kernel knows its file. The way there leads
through these structs, each of which has a pointer to the next:

    task_struct   of the current thread
      .files      files_struct    what the process has open
      .fdt        fdtable         its table of file descriptors
      .fd         an array of pointers, which the descriptor is the index of
      [fd]        file            an open file: its position, its flags
      .f_path.dentry  dentry      its name in a directory
      .d_name.name    the text, which ends with a NUL

The members have other offsets in each kernel, so the page asks the layout for
them. follow() below reads one pointer: r7 is the address of a struct before, and
of the next one after. It is called for each step. r6 has the descriptor.

Task: store the name of the file in event.name.

1. Follow files, fdt and fd. The first of them:

       follow(a, layout.member("task_struct", "files").offset)

2. r7 is now the address of the array. A pointer takes 8 bytes: shift r6 left by
   3, and add it to r7. follow(a, 0) reads the pointer that is there.
3. Follow "f_path.dentry" of file and "d_name.name" of dentry, and copy the text:
   helper.probe_read_kernel_str takes the place in r1, its size in r2 and the
   address of the text in r3.

A pipe, a socket and a descriptor that is not open have no name.

Run it, and check it:

    sudo tuxscope run fileio_name.py -- sh -c 'echo one > notes.txt'
    tuxscope learn check fileio-name
"""

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
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(fileio_name, EVENTS, COLUMNS)
