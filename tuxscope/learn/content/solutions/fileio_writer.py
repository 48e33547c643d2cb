"""fileio-writer: every request to a device, and which process wrote what it carries."""

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


WRITERS = LruHash("WRITERS", key=File, value=u32, max_entries=10240)  # file -> its last writer
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
    a.ld_map(r1, WRITERS)
    a.lea(r2, file)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "send")  # it became dirty before the trace, or the request reads
    a.ldx(r1, u32[r0])
    a.stx(event.writer, r1)
    a.label("send")
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("dirty", attach=RawTracepoint("writeback_dirty_folio"))
    file = b.stack(File)
    writer = b.stack(u32)
    b.ldx(r7, u64[r1 + 8])  # the second argument: the struct address_space
    read_file(b, layout, file.device, file.inode)
    b.call(helper.get_current_pid_tgid)
    b.rsh(r0, 32)
    b.stx(writer, r0)
    b.ld_map(r1, WRITERS)
    b.lea(r2, file)
    b.lea(r3, writer)
    b.mov(r4, 0)  # BPF_ANY: insert or overwrite
    b.call(helper.map_update_elem)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(fileio_writer, EVENTS, COLUMNS)
