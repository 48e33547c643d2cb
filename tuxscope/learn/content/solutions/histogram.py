"""histogram: the sizes of writes, counted by powers of two."""

from tuxscope.asm import Assembler, PerCpuArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r6, r7
from tuxscope.page import Bar, Column, Log2, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, u32, u64


class Writes(Record):
    count = u64


SIZES = PerCpuArray("SIZES", value=Writes, max_entries=64)  # entry n: sizes from 2**n
COLUMNS = (Log2("bytes", 16), Column(Writes.count, 10), Bar(Writes.count))


def histogram(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("histogram", attach=Tracepoint("syscalls", "sys_enter_write"))
    power = a.stack(u32)
    a.ldx(r6, u64[r1 + 32])  # count: how many bytes are written
    if namespace is None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.mov(r7, 0)  # the index, which becomes the logarithm of the size
    for bits in (32, 16, 8, 4, 2, 1):  # Python's loop: emits its five instructions six times
        a.mov(r1, r6)
        a.rsh(r1, bits)
        a.jeq(r1, 0, f"below 2**{bits}")
        a.mov(r6, r1)  # continue with the shifted size
        a.add(r7, bits)
        a.label(f"below 2**{bits}")
    a.stx(power, r7)
    a.ld_map(r1, SIZES)
    a.lea(r2, power)
    a.call(helper.map_lookup_elem)  # r0 = address of this CPU's own value
    a.jeq(r0, 0, "out")
    a.ldx(r1, Writes[r0].count)
    a.add(r1, 1)  # no other CPU writes this value: no atomic needed
    a.stx(Writes[r0].count, r1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(histogram, SIZES, COLUMNS)
