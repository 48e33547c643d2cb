"""Random programs of what authors write: lookups, records, loops, calls; then put out of order.

What the verifier thinks of them is not known beforehand: it is asked. Everything is a function of
a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tuxscope.asm import (
    Array,
    Assembler,
    AssemblyError,
    Hash,
    Instruction,
    LruHash,
    Map,
    PerCpuHash,
    PerfEventArray,
    Program,
    RawTracepoint,
    RingBuf,
    SchedClassifier,
    SocketFilter,
    Tracepoint,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
    r9,
    r10,
)
from tuxscope.asm.checks.graph import Graph
from tuxscope.asm.forms import Const, Reg
from tuxscope.record import Record, char, u8, u16, u32, u64


class Event(Record):
    pid = u32
    timestamp_ns = u64
    comm = char[16]
    kind = u8


class Count(Record):
    total = u64
    last = u32


COUNTS = Hash("COUNTS", key=u32, value=Count, max_entries=64)
LAST = LruHash("LAST", key=Event, value=u64, max_entries=16)
OWN = PerCpuHash("OWN", key=u64, value=Count, max_entries=16)
SLOTS = Array("SLOTS", value=Count, max_entries=4)
ONE = Array("ONE", value=Count, max_entries=1)
EVENTS = PerfEventArray("EVENTS", Event)
RING = RingBuf("RING", Event, max_entries=1 << 16)  # whole pages, of whatever size
MAPS: tuple[Map, ...] = (COUNTS, LAST, OWN, SLOTS, ONE, EVENTS, RING)
LOOKED_UP = (COUNTS, OWN, SLOTS)
SAVED = (r7, r8, r9)  # r6 keeps the context
SCRATCH = (r0, r1, r2, r3, r4, r5)
# What has no context to read from is refused more often.
ATTACHED = (
    RawTracepoint(), Tracepoint("syscalls", "sys_enter_write"), Tracepoint("sched", "sched_switch"),
    Xdp(), SchedClassifier(), SocketFilter(),
)  # fmt: skip
NUMBERS = (
    helper.ktime_get_ns, helper.get_prandom_u32, helper.get_current_pid_tgid,
    helper.get_current_uid_gid, helper.get_smp_processor_id,
)  # fmt: skip


class Author:
    """Writes one program, a piece after the other."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.a = Assembler("random", attach=random.choice(ATTACHED))
        self.labels = 0
        self.depth = 0
        self.functions: list[str] = []
        self.fills = False

    def write(self) -> Program:
        a, random = self.a, self.random
        a.mov(r6, r1)
        for register in SAVED:
            self.number(register)
        for _ in range(random.randint(1, 6)):
            self.piece()
        a.mov(r0, random.choice((0, 1)))
        a.exit()
        for name in self.functions:
            a.function(name)
            a.mov(r6, r1)
            for register in SAVED:
                a.mov(register, random.randint(0, 9))
            self.arithmetic()
            a.mov(r0, random.choice(SAVED))
            a.exit()
        if self.fills:
            self.write_fill()
        return a.program(check=False)

    def piece(self) -> None:
        pieces: list[Callable[[], None]] = [
            self.arithmetic, self.lookup, self.update, self.send, self.reserve, self.branch,
            self.loop, self.context, self.call, self.array, self.text, self.atomic, self.spill,
            self.scatter, self.fill,
        ]  # fmt: skip
        self.depth += 1
        self.random.choice(pieces if self.depth < 4 else pieces[:5])()
        self.depth -= 1

    def label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def number(self, register: object) -> None:
        """Something that the verifier knows, or does not."""
        a, random = self.a, self.random
        match random.randint(0, 3):
            case 0:
                a.mov(register, random.choice((0, 1, 7, 8, 64, -1, 1 << 20)))
            case 1:
                a.call(random.choice(NUMBERS))
                a.mov(register, r0)
            case 2:
                a.ld_map_value(r1, ONE)
                a.ldx(register, random.choice((u64, u32, u16, u8))[r1 + 0])
            case 3:
                a.ld_imm64(register, random.getrandbits(64))

    def arithmetic(self) -> None:
        a, random = self.a, self.random
        for _ in range(random.randint(1, 4)):
            dst, src = random.choice(SAVED), random.choice(SAVED)
            name = random.choice(("add", "sub", "mul", "and_", "or_", "xor", "mov", "rsh", "lsh",
                                  "arsh", "div", "mod"))  # fmt: skip
            name += "32" if random.random() < 0.3 else ""
            name = name.replace("_32", "32")
            operand = src if random.random() < 0.4 else random.choice((1, 3, 7, 15, 31))
            getattr(a, name)(dst, operand)

    def key(self, map: Map) -> object:
        a, random = self.a, self.random
        key = a.stack(map.key_type)  # type: ignore[attr-defined]
        if map is LAST:
            a.zero(key)
        elif random.random() < 0.5:
            a.st(key, random.choice((0, 1, 3, 4, 100)))
        else:
            a.stx(key, random.choice(SAVED))
        return key

    def lookup(self) -> None:
        """Count something."""
        a, random = self.a, self.random
        map = random.choice(LOOKED_UP)
        key, none = self.key(map), self.label()
        a.ld_map(r1, map)
        a.lea(r2, key)
        a.call(helper.map_lookup_elem)
        a.jeq(r0, 0, none)
        if random.random() < 0.5:
            a.ldx(r1, Count[r0].total)
            a.add(r1, 1)
            a.stx(Count[r0].total, r1)
        else:
            a.mov(random.choice(SAVED), r0)
            a.st(Count[r0].last, 5)
            for register in SAVED:
                a.mov(register, 3)
        a.label(none)

    def update(self) -> None:
        a, random = self.a, self.random
        map = random.choice((COUNTS, LAST, OWN))
        key = self.key(map)
        value = a.stack(map.value_type)
        a.zero(value)
        a.ld_map(r1, map)
        a.lea(r2, key)
        a.lea(r3, value)
        a.mov(r4, 0)
        a.call(random.choice((helper.map_update_elem, helper.map_delete_elem)))
        if random.random() < 0.3:
            out = self.label()
            random.choice((a.jne, a.jslt))(r0, 0, out)
            self.arithmetic()
            a.label(out)

    def send(self) -> None:
        """A record through a perf ring, or a ring buffer."""
        a, random = self.a, self.random
        event = a.stack(Event)
        a.zero(event.padding)
        a.stx(event.pid, random.choice(SAVED))
        a.call(helper.ktime_get_ns)
        a.stx(event.timestamp_ns, r0)
        a.st(event.kind, 1)
        a.lea(r1, event.comm)
        a.mov(r2, 16)
        a.call(helper.get_current_comm)
        if random.random() < 0.5:
            a.mov(r1, r6)
            a.ld_map(r2, EVENTS)
            a.mov32(r3, -1)
            a.lea(r4, event)
            a.mov(r5, Event.size)
            a.call(helper.perf_event_output)
        else:
            a.ld_map(r1, RING)
            a.lea(r2, event)
            a.mov(r3, Event.size)
            a.mov(r4, 0)
            a.call(helper.ringbuf_output)

    def reserve(self) -> None:
        a, random = self.a, self.random
        none = self.label()
        a.ld_map(r1, RING)
        a.mov(r2, Event.size)
        a.mov(r3, 0)
        a.call(helper.ringbuf_reserve)
        a.jeq(r0, 0, none)
        a.st(Event[r0].pid, 7)
        a.stx(Event[r0].timestamp_ns, random.choice(SAVED))
        a.mov(r1, r0)
        a.mov(r2, 0)
        a.call(random.choice((helper.ringbuf_submit, helper.ringbuf_discard)))
        a.label(none)

    def branch(self) -> None:
        """A condition, with or without an else."""
        a, random = self.a, self.random
        otherwise, end = self.label(), self.label()
        name = random.choice(("jeq", "jne", "jgt", "jge", "jlt", "jle", "jsgt", "jslt", "jset"))
        name += "32" if random.random() < 0.3 else ""
        operand = random.choice(SAVED) if random.random() < 0.3 else random.choice((0, 1, 5, 4096))
        getattr(a, name)(random.choice(SAVED), operand, otherwise)
        self.piece()
        if random.random() < 0.5:
            a.ja(end)
            a.label(otherwise)
            self.piece()
            a.label(end)
        else:
            a.label(otherwise)
        a.mov(r0, 0)

    def loop(self) -> None:
        a, random = self.a, self.random
        top, counter = self.label(), random.choice(SAVED)
        place = a.stack(u64)
        a.mov(counter, 0)
        a.label(top)
        a.stx(place, counter)
        if random.random() < 0.5:
            self.arithmetic()
        else:
            a.call(helper.ktime_get_ns)
        a.ldx(counter, place)
        a.add(counter, 1)
        a.jlt(counter, random.randint(1, 6), top)

    def context(self) -> None:
        """Fields of the context, and what they point to."""
        a, random = self.a, self.random
        a.ldx(random.choice(SAVED), u64[r6 + random.choice((8, 16, 24))])
        target = a.stack(u64)
        a.lea(r1, target)
        a.mov(r2, 8)
        a.ldx(r3, u64[r6 + 16])
        a.call(helper.probe_read_kernel)
        a.ldx(random.choice(SAVED), target)

    def call(self) -> None:
        a, random = self.a, self.random
        if len(self.functions) < 2:
            self.functions.append(f"f{len(self.functions)}")
        a.mov(r1, random.choice(SAVED))
        a.call(random.choice(self.functions))
        a.mov(random.choice(SAVED), r0)

    def array(self) -> None:
        """A value by an index that is held to the array."""
        a, random = self.a, self.random
        index = random.choice(SAVED)
        a.ld_map_value(r1, ONE)
        a.and_(index, 8)
        a.mov(r2, r1)
        a.add(r2, index)
        a.ldx(r3, u64[r2 + 0])
        a.stx(u64[r10 - 512], r3)
        a.mov(random.choice(SAVED), r3)

    def scatter(self) -> None:
        """Stores at places of the stack that are not known, and a lookup of what is there."""
        a, random = self.a, self.random
        place, index = a.stack(u64), random.choice(SAVED)
        if random.random() < 0.3:
            a.zero(place)
        if random.random() < 0.5:
            a.ldx(index, u32[r6 + random.choice((0, 8, 16))])
        a.and_(index, 7)
        a.lea(r1, place)
        a.add(r1, index)
        a.st(u8[r1 + 0], 1)
        self.look(OWN, place)

    def fill(self) -> None:
        """A function sets what its caller looks up."""
        a, key = self.a, self.a.stack(u32)
        self.fills = True
        a.lea(r1, key)
        a.mov(r2, self.random.choice(SAVED))
        a.call("fill")
        self.look(COUNTS, key)

    def look(self, map: Map, key: object) -> None:
        a, none = self.a, self.label()
        a.ld_map(r1, map)
        a.lea(r2, key)
        a.call(helper.map_lookup_elem)
        a.jeq(r0, 0, none)
        a.ldx(self.random.choice(SAVED), Count[r0].total)
        a.label(none)

    def write_fill(self) -> None:
        """Over a call that stores who knows how much, the address waits on the stack."""
        a = self.a
        a.function("fill")
        kept, text = a.stack(u64), a.stack(char[32])
        a.stx(kept, r1)
        a.and_(r2, 31)
        a.lea(r1, text)
        a.mov(r3, 0)
        a.call(self.random.choice((helper.probe_read_kernel, helper.probe_read_user)))
        a.ldx(r1, kept)
        a.st(u32[r1 + 0], 5)
        a.mov(r0, 0)
        a.exit()

    def text(self) -> None:
        a = self.a
        text = a.stack(u64)
        a.ld_imm64(r1, int.from_bytes(b"n = %d\n\0", "little"))
        a.stx(text, r1)
        a.lea(r1, text)
        a.mov(r2, 8)
        a.mov(r3, self.random.choice(SAVED))
        a.call(helper.trace_printk)

    def atomic(self) -> None:
        a, random = self.a, self.random
        a.ld_map_value(r1, ONE)
        a.mov(r2, random.choice(SAVED))
        random.choice((a.atomic_add, a.atomic_xor, a.atomic_fetch_or, a.atomic_xchg))(
            Count[r1].total, r2
        )

    def spill(self) -> None:
        """A pointer on the stack, over a call."""
        a, random = self.a, self.random
        place = a.stack(u64)
        pointer = random.choice((r6, r10))
        a.stx(place, pointer)
        a.call(random.choice(NUMBERS))
        a.ldx(r1, place)
        if pointer is r6:
            a.ldx(random.choice(SAVED), u64[r1 + 8])
        else:
            a.ldx(random.choice(SAVED), u64[r1 + (place._offset)])
            for register in SAVED:
                a.mov(register, 1)


NOTHING = Instruction(0x05)  # goto +0


def disordered(program: Program, random: Random) -> Program:
    """One or two instructions gone, changed, or exchanged."""
    code = list(program.instructions)
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        at = random.randrange(len(code))
        each = code[at]
        match random.randint(0, 3):
            case 0 if each.slots == 1:
                code[at] = NOTHING
            case 1:
                code[at] = other_field(each, random)
            case 2 if at + 1 < len(code) and each.slots == code[at + 1].slots:
                code[at], code[at + 1] = code[at + 1], each
            case 3:
                other = random.choice(code)
                if other.slots == each.slots:
                    code[at] = other
    changed = replace(program, instructions=tuple(code))
    # What nothing calls any more is no function to the verifier.
    called = Graph(changed).functions
    return replace(
        changed, functions=tuple(each for each in changed.functions if each.slot in called)
    )


def other_field(instruction: Instruction, random: Random) -> Instruction:
    """The same with another register, offset or immediate."""
    free = [name for name, rule in instruction.form.rules() if not isinstance(rule, Const)]
    if not free or instruction.map:
        return instruction
    name = random.choice(free)
    registers = isinstance(getattr(instruction.form, name, None), Reg)
    near = getattr(instruction, name) + random.choice((-8, -4, -1, 1, 4, 8))
    try:
        return replace(instruction, **{name: random.randint(0, 9) if registers else near})
    except AssemblyError:
        return instruction


def random_program(seed: int) -> Program:
    """The program of a seed."""
    random = Random(seed)
    return disordered(Author(random).write(), random)
