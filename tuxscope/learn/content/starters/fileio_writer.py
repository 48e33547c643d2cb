"""Exercise: find the process whose data a kworker writes to the disk.

This page sends a record for each request to a block device (a disk): who submits
it, and the inode number of the file whose pages it reads or writes. It finds them
by the first page of the request. The page cache keeps pages of files, and each
page there has a pointer to the struct address_space of its file.

write() only changes pages in the cache: they become dirty. Seconds later a thread
of the kernel writes them to the device. So most requests come from a kworker, and
the process that wrote may have ended.

But there is a tracepoint that is passed when a page becomes dirty, in the process
that makes it so: writeback_dirty_folio. It gets two arguments: the page (a folio
is one or more pages), and the struct address_space of the file.

Task: show the process that wrote last to the file of each request.

1. A map from a file to a process ID:

       WRITERS = LruHash("WRITERS", key=File, value=u32, max_entries=10240)

2. A second program b on RawTracepoint("writeback_dirty_folio"). Load its second
   argument into r7, call read_file(b, layout, file.device, file.inode), with file
   = b.stack(File), and store the process ID in WRITERS under this key.
   read_file() jumps to "out". Return both programs.
3. In the first program, look up file in WRITERS, just before the label "send". If
   there is an entry, store its process ID in event.writer. If not, the writer is
   not known, and stays 0.

An inode number is unique on one device only: /tmp and /home may each have a file
42. So the key is both numbers.

Run it, and check it:

    sudo tuxscope run fileio_writer.py --duration 30
    tuxscope learn check fileio-writer
"""

from tuxscope.asm import Assembler, LruHash, Program, RawTracepoint, RingBuf, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r7, r8
from tuxscope.files.layout import LINUX_6_18
from tuxscope.page import Column, Page
from tuxscope.record import Record, char, u32, u64


class File(Record):  # a key
    device = u64
    inode = u64


class RequestEvent(Record):
    pid = u32  # of the process that submits the request
    writer = u32
    inode = u64
    comm = char[16]


EVENTS = RingBuf("EVENTS", RequestEvent)
COLUMNS = (
    Column(RequestEvent.pid, 8),
    Column(RequestEvent.comm, 16),
    Column(RequestEvent.inode, 12),
    Column(RequestEvent.writer),
)


def follow(a: Assembler, offset: int, size: int = 8) -> None:
    """Emit: r7 = the integer of size bytes at r7 + offset, in the kernel's memory; 0 on failure."""
    value = a.stack({4: u32, 8: u64}[size])
    a.mov(r3, r7)
    a.add(r3, offset)
    a.lea(r1, value)
    a.mov(r2, size)
    a.call(helper.probe_read_kernel)
    a.ldx(r7, value)


def read_file(a: Assembler, layout: Layout, device: Memory, inode: Memory) -> None:
    """Emit: store which file the struct address_space at r7 has pages of; to "out" if of none."""
    follow(a, layout.member("address_space", "host").offset)
    a.jeq(r7, 0, "out")
    a.mov(r8, r7)  # the struct inode
    follow(a, layout.member("inode", "i_ino").offset)
    a.stx(inode, r7)
    a.mov(r7, r8)
    follow(a, layout.member("inode", "i_sb").offset)
    follow(a, layout.member("super_block", "s_dev").offset, 4)
    a.stx(device, r7)


def fileio_writer(layout: Layout = LINUX_6_18) -> tuple[Program, ...]:
    a = Assembler("issue", attach=RawTracepoint("block_rq_issue"))
    file = a.stack(File)
    event = a.stack(RequestEvent)
    a.zero(event)
    a.ldx(r7, u64[r1 + 0])  # the first argument: the struct request
    follow(a, layout.member("request", "bio").offset)
    follow(a, layout.member("bio", "bi_io_vec").offset)
    follow(a, layout.member("bio_vec", "bv_page").offset)  # its first page
    follow(a, layout.member("page", "mapping").offset)
    a.mov(r1, r7)
    a.and_(r1, 3)
    a.jne(r1, 0, "out")  # an anonymous page: it is no file's
    read_file(a, layout, file.device, file.inode)
    a.ldx(r1, file.inode)
    a.stx(event.inode, r1)
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    a.stx(event.pid, r0)
    a.lea(r1, event.comm)
    a.mov(r2, RequestEvent.comm.size)
    a.call(helper.get_current_comm)
    a.label("send")
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return (a.program(),)


PAGE = Page(fileio_writer, EVENTS, COLUMNS)
