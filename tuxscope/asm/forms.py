"""The one table of all instructions: RFC 9669, and what Linux adds.

A row is a :class:`Form`: an opcode, and the values that each field may hold. The encoder, the
decoder, the listing, the parser, the checks and the interpreter use these rows. To add an
instruction, add a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tuxscope.asm.isa import (
    Alu,
    Atomic,
    CallSource,
    Class,
    FormKind,
    Group,
    Jump,
    Mode,
    Size,
    Source,
    Swap,
    WideSource,
)
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Reg:
    """A frozen dataclass: the field holds a register number, 0 to 10; 0 to 9 if ``written``, a
    bool; ``read``, a bool: whether it is read."""

    written: bool = False
    read: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """A frozen dataclass: the field holds an int from ``low`` to ``high``, int, both included.

    Attributes:
        zero: whether 0 is allowed.
        wider: whether RFC 9669 defines all other values, too: it masks the amount of a shift, and a
            division by 0 gives 0. Linux refuses such an immediate (``check_alu_op`` in
            kernel/bpf/verifier.c), so the assembler rejects it.
    """

    low: int
    high: int
    zero: bool = True
    wider: bool = False


@dataclass(frozen=True, slots=True)
class Const:
    """A frozen dataclass: the field is ``value``, an int: reserved, or part of the opcode."""

    value: int


Rule = Reg | Range | Const
Operation = Alu | Swap | Atomic | WideSource | Jump | CallSource | None
Version = tuple[int, int]

READ = Reg()
WRITE = Reg(written=True, read=False)
UPDATE = Reg(written=True)
ZERO = Const(0)
OFFSET = Range(-(1 << 15), (1 << 15) - 1)
IMM = Range(-(1 << 31), (1 << 31) - 1)
DIVISOR = Range(-(1 << 31), (1 << 31) - 1, zero=False, wider=True)

JUMPS = (FormKind.JUMP, FormKind.CONDITION, FormKind.MAY_GOTO)
ENDS = (FormKind.JUMP, FormKind.INDIRECT_JUMP, FormKind.EXIT)

EBPF: Version = (3, 18)  # bpf(2) itself
V2: Version = (4, 14)  # clang -mcpu=v2
V3: Version = (5, 1)  # clang -mcpu=v3
FETCHING: Version = (5, 12)
V4: Version = (6, 6)  # clang -mcpu=v4


class Form(NamedTuple):
    """A NamedTuple: one row of the table, of which each start makes all.

    Attributes:
        name: a str, the assembler's method; rows share one (``add`` with a register, an immediate).
        opcode, bits: each an int: the opcode, and the width in bits of the operation; 64 for most.
        kind, operation: the FormKind, and the operation within it, or None if there is only one.
        signed: whether it is a signed division, or sign-extends.
        since: a Version, the first version of Linux that accepts it, a pair of int.
        dst, src, offset, imm: each a Rule, the rule for each field: a Reg, a Range or a Const.
        next_imm: the Rule for imm of the second slot; None if the instruction has one slot.
        text: a str, a template of its pseudo-C, as the kernel and LLVM write it.
        group: the Group, the conformance group (RFC 9669, section 2.4).
        section: a str, the section of RFC 9669, or the version of Linux that defines it.
        named: a str, the template with the name of a label, function, helper or map; or ``""``.
        also: a tuple of str, other spellings, which the parser reads and the listing never writes.
        falls_through, jumps, names_function, loads_map: each a bool, properties.
        slots: an int, a property.
    """

    name: str
    opcode: int
    kind: FormKind
    text: str
    group: Group
    section: str
    dst: Rule = ZERO
    src: Rule = ZERO
    offset: Rule = ZERO
    imm: Rule = ZERO
    next_imm: Rule | None = None
    named: str = ""
    also: tuple[str, ...] = ()
    operation: Operation = None
    bits: int = 64
    signed: bool = False
    since: Version = EBPF

    @property
    def falls_through(self) -> bool:
        """Whether control can fall through to the next instruction."""
        return self.kind not in ENDS

    @property
    def jumps(self) -> bool:
        """Whether it has a jump offset: ja, gotol, may_goto, or a conditional jump."""
        return self.kind in JUMPS

    @property
    def names_function(self) -> bool:
        """Whether it calls a function of the program, or loads its address."""
        return self.operation is CallSource.LOCAL or self.operation is WideSource.FUNC

    @property
    def loads_map(self) -> bool:
        """Whether its imm is the file descriptor of a map."""
        return self.operation is WideSource.MAP_FD or self.operation is WideSource.MAP_VALUE

    @property
    def slots(self) -> int:
        """The number of 64-bit slots: 2 for a wide instruction, else 1."""
        return 1 if self.next_imm is None else 2

    def rules(self) -> Iterator[tuple[str, Rule]]:
        """Yield pairs, in the order of the encoding: a field's name, its Reg, Range or Const."""
        yield "dst", self.dst
        yield "src", self.src
        yield "offset", self.offset
        yield "imm", self.imm
        yield "next_imm", self.next_imm or ZERO


# fmt: off
ALU_SIGNS = {
    Alu.ADD: "+=", Alu.SUB: "-=", Alu.MUL: "*=", Alu.DIV: "/=", Alu.OR: "|=", Alu.AND: "&=",
    Alu.LSH: "<<=", Alu.RSH: ">>=", Alu.MOD: "%=", Alu.XOR: "^=", Alu.MOV: "=", Alu.ARSH: "s>>=",
}
JUMP_SIGNS = {
    Jump.JEQ: "==", Jump.JGT: ">", Jump.JGE: ">=", Jump.JSET: "&", Jump.JNE: "!=",
    Jump.JSGT: "s>", Jump.JSGE: "s>=", Jump.JLT: "<", Jump.JLE: "<=", Jump.JSLT: "s<",
    Jump.JSLE: "s<=",
}
ATOMIC_SIGNS = {Atomic.ADD: "+=", Atomic.OR: "|=", Atomic.AND: "&=", Atomic.XOR: "^="}


def arithmetic() -> Iterator[Form]:
    """Yield the Forms of section 4.1: arithmetic in 32 and 64 bits, with imm and with src."""
    for wide in (False, True):
        instruction_class = Class.ALU64 if wide else Class.ALU
        base = Group.BASE64 if wide else Group.BASE32
        divmul = Group.DIVMUL64 if wide else Group.DIVMUL32
        suffix = "" if wide else "32"
        dst, src = ("{dst}", "{src}") if wide else ("{wdst}", "{wsrc}")
        bits = 64 if wide else 32
        shift = Range(0, bits - 1, wider=True)
        for code, sign in ALU_SIGNS.items():
            name = code.name.lower() + suffix
            group = divmul if code in (Alu.MUL, Alu.DIV, Alu.MOD) else base
            divides = code in (Alu.DIV, Alu.MOD)
            shifts = code in (Alu.LSH, Alu.RSH, Alu.ARSH)
            imm = DIVISOR if divides else shift if shifts else IMM
            use = WRITE if code is Alu.MOV else UPDATE
            k = code | Source.K | instruction_class
            x = code | Source.X | instruction_class
            kind = FormKind.MOVE if code is Alu.MOV else FormKind.ARITHMETIC
            yield Form(name, k, kind, f"{dst} {sign} {{imm}}", group, "4.1", use, imm=imm,
                       operation=code, bits=bits)
            yield Form(name, x, kind, f"{dst} {sign} {src}", group, "4.1", use, READ,
                       operation=code, bits=bits)
            if divides:  # offset 1 makes it signed
                yield Form("s" + name, k, kind, f"{dst} s{sign} {{imm}}", group, "4.1", use, ZERO,
                           Const(1), imm, operation=code, bits=bits, signed=True, since=V4)
                yield Form("s" + name, x, kind, f"{dst} s{sign} {src}", group, "4.1", use, READ,
                           Const(1), operation=code, bits=bits, signed=True, since=V4)
            if code is Alu.MOV:  # the offset is the width to sign-extend from
                for width in (8, 16, 32) if wide else (8, 16):
                    yield Form(f"movsx{width}{'_32' * (not wide)}", x, kind,
                               f"{dst} = (s{width}){src}", group, "4.1", use, READ, Const(width),
                               operation=code, bits=bits, signed=True, since=V4)
        yield Form("neg" + suffix, Alu.NEG | instruction_class, FormKind.NEGATE,
                   f"{dst} = -{dst}", base, "4.1", UPDATE, operation=Alu.NEG, bits=bits)


def byte_swaps() -> Iterator[Form]:
    """Yield the Forms of section 4.2: byte swaps; imm is the width in bits."""
    for bits in (16, 32, 64):
        group = Group.BASE64 if bits == 64 else Group.BASE32
        for swap, opcode, since in (
            (Swap.LE, Alu.END | Source.K | Class.ALU, EBPF),
            (Swap.BE, Alu.END | Source.X | Class.ALU, EBPF),
            (Swap.BSWAP, Alu.END | Source.K | Class.ALU64, V4),
        ):
            name = swap.name.lower()
            yield Form(name, opcode, FormKind.BYTE_SWAP, f"{{dst}} = {name}{bits} {{dst}}", group,
                       "4.2", UPDATE, imm=Const(bits), operation=swap, bits=bits, since=since)


def jump(name: str, opcode: int, kind: FormKind, text: str, group: Group, section: str = "4.3", *,
         dst: Rule = ZERO, src: Rule = ZERO, offset: Rule = ZERO, imm: Rule = ZERO,
         distance: str = "jump", operation: Operation = None, bits: int = 64,
         since: Version = EBPF) -> Form:
    """Return a Form: ``text``, then target ``distance``, both str; ``name``, ``opcode``, ``kind``,
    ``group`` and ``section``; and, keyword-only, the rules ``dst``, ``src``, ``offset`` and
    ``imm``, and ``operation``, ``bits`` and ``since``, are as in Form."""
    return Form(name, opcode, kind, f"{text} {{{distance}}}", group, section,
                dst, src, offset, imm, named=f"{text} {{label}}",
                also=(f"{text} pc{{{distance}}}",), operation=operation, bits=bits, since=since)


def jumps() -> Iterator[Form]:
    """Yield the Forms of section 4.3, jumps and calls, and Linux's may_goto and gotox."""
    for wide in (False, True):
        instruction_class = Class.JMP if wide else Class.JMP32
        bits = 64 if wide else 32
        group = Group.BASE64 if wide else Group.BASE32
        suffix = "" if wide else "32"
        dst, src = ("{dst}", "{src}") if wide else ("{wdst}", "{wsrc}")
        for code, sign in JUMP_SIGNS.items():
            name = code.name.lower() + suffix
            k = code | Source.K | instruction_class
            x = code | Source.X | instruction_class
            since = V3 if not wide else V2 if "<" in sign else EBPF
            yield jump(name, k, FormKind.CONDITION, f"if {dst} {sign} {{imm}} goto", group,
                       operation=code, bits=bits, since=since, dst=READ, offset=OFFSET, imm=IMM)
            yield jump(name, x, FormKind.CONDITION, f"if {dst} {sign} {src} goto", group,
                       operation=code, bits=bits, since=since, dst=READ, src=READ, offset=OFFSET)
    base = Group.BASE32
    yield jump("ja", Jump.JA | Class.JMP, FormKind.JUMP, "goto", base, offset=OFFSET)
    yield jump("gotol", Jump.JA | Class.JMP32, FormKind.JUMP, "gotol", base,
               distance="long_jump", since=V4, imm=IMM)
    yield Form("exit", Jump.EXIT | Class.JMP, FormKind.EXIT, "exit", base, "4.3")
    call = Jump.CALL | Class.JMP
    yield Form("call", call, FormKind.CALL, "call {imm}", base, "4.3.1",
               src=Const(CallSource.HELPER), imm=IMM,
               named="call {helper}", operation=CallSource.HELPER)
    yield Form("call_local", call, FormKind.CALL, "call pc{long_jump}", base, "4.3.2",
               src=Const(CallSource.LOCAL), imm=IMM, named="call {function}",
               operation=CallSource.LOCAL, since=(4, 16))
    yield Form("call_btf_id", call, FormKind.CALL, "call kernel-function#{imm}", base, "4.3.1",
               src=Const(CallSource.BTF_ID), imm=IMM, operation=CallSource.BTF_ID, since=(5, 13))
    yield jump("may_goto", Jump.JCOND | Class.JMP, FormKind.MAY_GOTO, "may_goto", Group.LINUX,
               "Linux 6.9, commit 011832b97b31", since=(6, 9), offset=OFFSET)
    yield Form("gotox", Jump.JA | Source.X | Class.JMP, FormKind.INDIRECT_JUMP, "gotox {dst}",
               Group.LINUX, "Linux 6.19, BPF_MAP_TYPE_INSN_ARRAY", dst=READ, since=(6, 19))


def loads_and_stores() -> Iterator[Form]:
    """Yield the Forms of sections 5.1 and 5.2: loads and stores."""
    for size in (Size.B, Size.H, Size.W, Size.DW):
        group = Group.BASE64 if size is Size.DW else Group.BASE32
        unsigned, signed = f"*(u{size.bits} *)", f"*(s{size.bits} *)"
        # LLVM with 32-bit registers: the same instruction, as the bits above become zero anyway.
        low = size is not Size.DW
        yield Form("ldx", Mode.MEM | size | Class.LDX, FormKind.LOAD,
                   f"{{dst}} = {unsigned}({{src}} {{off}})", group, "5.1", WRITE, READ, OFFSET,
                   also=(f"{{wdst}} = {unsigned}({{src}} {{off}})",) * low, bits=size.bits)
        yield Form("st", Mode.MEM | size | Class.ST, FormKind.STORE,
                   f"{unsigned}({{dst}} {{off}}) = {{imm}}", group, "5.1",
                   READ, offset=OFFSET, imm=IMM, bits=size.bits)
        yield Form("stx", Mode.MEM | size | Class.STX, FormKind.STORE,
                   f"{unsigned}({{dst}} {{off}}) = {{src}}", group, "5.1", READ, READ, OFFSET,
                   also=(f"{unsigned}({{dst}} {{off}}) = {{wsrc}}",) * low, bits=size.bits)
        if size is not Size.DW:
            yield Form("ldsx", Mode.MEMSX | size | Class.LDX, FormKind.LOAD,
                       f"{{dst}} = {signed}({{src}} {{off}})", Group.BASE64, "5.2",
                       WRITE, READ, OFFSET, bits=size.bits, signed=True, since=V4)


def atomics() -> Iterator[Form]:
    """Yield the Forms of section 5.3, atomics, and Linux's load_acquire and store_release."""
    for size in (Size.W, Size.DW):
        opcode = Mode.ATOMIC | size | Class.STX
        group = Group.ATOMIC64 if size is Size.DW else Group.ATOMIC32
        register = "{src}" if size is Size.DW else "{wsrc}"
        old = "r0" if size is Size.DW else "w0"
        suffix = "_64" if size is Size.DW else "32_32"
        place = f"(u{size.bits} *)({{dst}} {{off}})"
        for operation, sign in ATOMIC_SIGNS.items():
            name = operation.name.lower()
            yield Form(f"atomic_{name}", opcode, FormKind.ATOMIC,
                       f"lock *{place} {sign} {register}", group, "5.3",
                       READ, READ, OFFSET, Const(operation), operation=operation, bits=size.bits,
                       since=EBPF if operation is Atomic.ADD else FETCHING)
            yield Form(f"atomic_fetch_{name}", opcode, FormKind.ATOMIC,
                       f"{register} = atomic_fetch_{name}({place}, {register})",
                       group, "5.3", READ, UPDATE, OFFSET, Const(operation | Atomic.FETCH),
                       operation=operation, bits=size.bits, since=FETCHING)
        yield Form("atomic_xchg", opcode, FormKind.ATOMIC,
                   f"{register} = xchg{suffix}({{dst}} {{off}}, {register})",
                   group, "5.3", READ, UPDATE, OFFSET, Const(Atomic.XCHG),
                   operation=Atomic.XCHG, bits=size.bits, since=FETCHING)
        yield Form("atomic_cmpxchg", opcode, FormKind.ATOMIC,
                   f"{old} = cmpxchg{suffix}({{dst}} {{off}}, {old}, {register})",
                   group, "5.3", READ, READ, OFFSET, Const(Atomic.CMPXCHG),
                   operation=Atomic.CMPXCHG, bits=size.bits, since=FETCHING)
    for size in (Size.B, Size.H, Size.W, Size.DW):
        opcode = Mode.ATOMIC | size | Class.STX
        dst, src = ("{dst}", "{src}") if size is Size.DW else ("{wdst}", "{wsrc}")
        pointer = f"(u{size.bits} *)"
        where = (Group.LINUX, "Linux 6.15, commit 880442305a39")
        yield Form("load_acquire", opcode, FormKind.LOAD,
                   f"{dst} = load_acquire({pointer}({{src}} {{off}}))",
                   *where, WRITE, READ, OFFSET, Const(Atomic.LOAD_ACQ),
                   bits=size.bits, since=(6, 15))
        yield Form("store_release", opcode, FormKind.STORE,
                   f"store_release({pointer}({{dst}} {{off}}), {src})",
                   *where, READ, READ, OFFSET, Const(Atomic.STORE_REL),
                   bits=size.bits, since=(6, 15))


def wide_immediates() -> Iterator[Form]:
    """Yield the Forms of section 5.4: ld_imm64, the instructions of two slots."""
    names = {
        WideSource.MAP_FD: "{map}", WideSource.MAP_VALUE: "{map}+{next_imm}",
        WideSource.FUNC: "{function}",
    }
    # Only a constant, an offset into a value, and the fd of a module's BTF need a second half.
    halves = (WideSource.MAP_FD, WideSource.FUNC, WideSource.MAP_IDX)
    since = {
        WideSource.MAP_VALUE: (5, 2), WideSource.BTF_ID: (5, 10), WideSource.FUNC: (5, 13),
        WideSource.MAP_IDX: (5, 14), WideSource.MAP_IDX_VALUE: (5, 14),
    }
    for source in WideSource:
        imm, high = ("{imm}", ZERO) if source in halves else ("{imm64}", IMM)
        text = f"ld_pseudo {{dst}}, {source:d}, {imm}" if source else "{dst} = {imm64} ll"
        yield Form(f"ld_{source.name.lower()}", Mode.IMM | Size.DW | Class.LD,
                   FormKind.WIDE_IMMEDIATE, text,
                   Group.BASE64, "5.4", WRITE, Const(source), ZERO, IMM, high,
                   named=f"{{dst}} = {names[source]} ll" if source in names else "",
                   operation=source, since=since.get(source, EBPF))


def address_space_casts() -> Iterator[Form]:
    """Yield the Forms of addr_space_cast (Linux): mov with offset 1, imm ``to << 16 | from``."""
    for to, origin in ((0, 1), (1, 0)):
        yield Form("addr_space_cast", Alu.MOV | Source.X | Class.ALU64, FormKind.CAST,
                   f"{{dst}} = addr_space_cast({{src}}, {to}, {origin})", Group.LINUX,
                   "Linux 6.9, arenas", WRITE, READ, Const(1),
                   Const(to << 16 | origin), since=(6, 9))


def packet_loads() -> Iterator[Form]:
    """Yield the Forms of section 5.5: deprecated packet loads; the assembler has no methods."""
    for size in (Size.B, Size.H, Size.W):
        place = f"*(u{size.bits} *)skb"
        yield Form("ld_abs", Mode.ABS | size | Class.LD, FormKind.PACKET_LOAD,
                   f"r0 = {place}[{{imm}}]", Group.PACKET, "5.5", imm=IMM,
                   bits=size.bits, since=(3, 19))
        yield Form("ld_ind", Mode.IND | size | Class.LD, FormKind.PACKET_LOAD,
                   f"r0 = {place}[{{src}}{{imm_off}}]", Group.PACKET, "5.5", src=READ, imm=IMM,
                   also=(f"r0 = {place}[{{src}}]",), bits=size.bits, since=(3, 19))
# fmt: on


FORMS: tuple[Form, ...] = (
    *arithmetic(),
    *byte_swaps(),
    *jumps(),
    *loads_and_stores(),
    *atomics(),
    *wide_immediates(),
    *address_space_casts(),
    *packet_loads(),
)


def by_opcode() -> dict[int, tuple[Form, ...]]:
    """Return the rows of the table by opcode, a dict of tuples of Form."""
    rows = defaultdict[int, list[Form]](list)
    for form in FORMS:
        rows[form.opcode].append(form)
    return {opcode: tuple(forms) for opcode, forms in rows.items()}


BY_OPCODE = by_opcode()
