"""The one table of all instructions: RFC 9669, and what Linux adds.

A row is a :class:`Form`: an opcode with what each field may hold. Encoder, decoder and listing
work from these rows, and so does whatever else needs to know the instruction set. To add an
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
    Group,
    Jump,
    Mode,
    Size,
    Source,
    WideSource,
)
from tuxscope.lean_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reg:
    """The field names a register, r0 to r10; a written one is not r10, the frame pointer."""

    written: bool = False
    read: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """The field holds a number from ``low`` to ``high``.

    Attributes:
        zero: whether 0 may be one.
        wider: whether RFC 9669 gives each other number of the field a meaning, too: it masks the
            amount of a shift, and a division by 0 gives 0. Linux refuses an immediate like that
            (``check_alu_op`` in kernel/bpf/verifier.c), and the assembler does not write it.
    """

    low: int
    high: int
    zero: bool = True
    wider: bool = False


@dataclass(frozen=True, slots=True)
class Const:
    """The field holds this and nothing else: it is reserved, or tells forms apart."""

    value: int


Rule = Reg | Number | Const

READ = Reg()
WRITE = Reg(written=True, read=False)
UPDATE = Reg(written=True)
ZERO = Const(0)
OFFSET = Number(-(1 << 15), (1 << 15) - 1)
IMM = Number(-(1 << 31), (1 << 31) - 1)
DIVISOR = Number(-(1 << 31), (1 << 31) - 1, zero=False, wider=True)


@dataclass(frozen=True, slots=True)
class Form:
    """One row of the table.

    Attributes:
        name: the assembler's method, which several rows share (``add`` of a register and of an
            immediate).
        opcode: 8 bits.
        dst, src, offset, imm: what the field may hold.
        next_imm: the same for the second slot of a wide instruction, else None.
        text: pseudo-C as the kernel and LLVM write it, with the fields to fill in.
        group: conformance group.
        section: of RFC 9669, or what in Linux defines it.
        named: the same with a label, function, helper or map by its name.
        also: other spellings of the kernel's or LLVM's, which are read and never written.
    """

    name: str
    opcode: int
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

    @property
    def slots(self) -> int:
        """How many 64-bit slots it takes: 2 when it is wide."""
        return 1 if self.next_imm is None else 2

    def rules(self) -> Iterator[tuple[str, Rule]]:
        """Each field's name and rule, in the order of the encoding."""
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
    """Section 4.1: each operation in 32 and 64 bits, with an immediate and with a register."""
    for wide in (False, True):
        instruction_class = Class.ALU64 if wide else Class.ALU
        base = Group.BASE64 if wide else Group.BASE32
        divmul = Group.DIVMUL64 if wide else Group.DIVMUL32
        suffix = "" if wide else "32"
        dst, src = ("{dst}", "{src}") if wide else ("{wdst}", "{wsrc}")
        shift = Number(0, 63 if wide else 31, wider=True)
        for code, sign in ALU_SIGNS.items():
            name = code.name.lower() + suffix
            group = divmul if code in (Alu.MUL, Alu.DIV, Alu.MOD) else base
            divides = code in (Alu.DIV, Alu.MOD)
            shifts = code in (Alu.LSH, Alu.RSH, Alu.ARSH)
            imm = DIVISOR if divides else shift if shifts else IMM
            use = WRITE if code is Alu.MOV else UPDATE
            k = code | Source.K | instruction_class
            x = code | Source.X | instruction_class
            yield Form(name, k, f"{dst} {sign} {{imm}}", group, "4.1", use, imm=imm)
            yield Form(name, x, f"{dst} {sign} {src}", group, "4.1", use, READ)
            if divides:  # offset 1 makes it signed
                yield Form("s" + name, k, f"{dst} s{sign} {{imm}}", group, "4.1",
                           use, offset=Const(1), imm=imm)
                yield Form("s" + name, x, f"{dst} s{sign} {src}", group, "4.1",
                           use, READ, Const(1))
            if code is Alu.MOV:  # the offset is the width to sign-extend from
                for bits in (8, 16, 32) if wide else (8, 16):
                    yield Form(f"movsx{bits}{'_32' * (not wide)}", x, f"{dst} = (s{bits}){src}",
                               group, "4.1", use, READ, Const(bits))
        yield Form(
            "neg" + suffix, Alu.NEG | instruction_class, f"{dst} = -{dst}", base, "4.1", UPDATE
        )


def byte_swaps() -> Iterator[Form]:
    """Section 4.2: to little-endian, to big-endian, and unconditional; the imm is the width."""
    for bits in (16, 32, 64):
        group = Group.BASE64 if bits == 64 else Group.BASE32
        for name, opcode in (
            ("le", Alu.END | Source.K | Class.ALU),
            ("be", Alu.END | Source.X | Class.ALU),
            ("bswap", Alu.END | Source.K | Class.ALU64),
        ):
            yield Form(name, opcode, f"{{dst}} = {name}{bits} {{dst}}", group, "4.2",
                       UPDATE, imm=Const(bits))


def jump(name: str, opcode: int, text: str, group: Group, section: str, *,
         distance: str = "jump", **rules: Rule) -> Form:
    """A jump: ``text`` and where to. The kernel writes ``goto pc+5``."""
    return Form(name, opcode, f"{text} {{{distance}}}", group, section, **rules,
                named=f"{text} {{label}}", also=(f"{text} pc{{{distance}}}",))


def jumps() -> Iterator[Form]:
    """Section 4.3, and Linux's may_goto and gotox."""
    for wide in (False, True):
        instruction_class = Class.JMP if wide else Class.JMP32
        group = Group.BASE64 if wide else Group.BASE32
        suffix = "" if wide else "32"
        dst, src = ("{dst}", "{src}") if wide else ("{wdst}", "{wsrc}")
        for code, sign in JUMP_SIGNS.items():
            name = code.name.lower() + suffix
            k = code | Source.K | instruction_class
            x = code | Source.X | instruction_class
            yield jump(name, k, f"if {dst} {sign} {{imm}} goto", group, "4.3",
                       dst=READ, offset=OFFSET, imm=IMM)
            yield jump(name, x, f"if {dst} {sign} {src} goto", group, "4.3",
                       dst=READ, src=READ, offset=OFFSET)
    base = Group.BASE32
    yield jump("ja", Jump.JA | Class.JMP, "goto", base, "4.3", offset=OFFSET)
    yield jump("gotol", Jump.JA | Class.JMP32, "gotol", base, "4.3", distance="long_jump", imm=IMM)
    yield Form("exit", Jump.EXIT | Class.JMP, "exit", base, "4.3")
    call = Jump.CALL | Class.JMP
    yield Form("call", call, "call {imm}", base, "4.3.1", src=Const(CallSource.HELPER), imm=IMM,
               named="call {helper}")
    yield Form("call_local", call, "call pc{long_jump}", base, "4.3.2",
               src=Const(CallSource.LOCAL), imm=IMM, named="call {function}")
    yield Form("call_btf_id", call, "call kernel-function#{imm}", base, "4.3.1",
               src=Const(CallSource.BTF_ID), imm=IMM)
    yield jump("may_goto", Jump.JCOND | Class.JMP, "may_goto", Group.LINUX,
               "Linux 6.9, commit 011832b97b31", offset=OFFSET)
    yield Form("gotox", Jump.JA | Source.X | Class.JMP, "gotox {dst}", Group.LINUX,
               "Linux 6.19, BPF_MAP_TYPE_INSN_ARRAY", dst=READ)


def loads_and_stores() -> Iterator[Form]:
    """Sections 5.1 and 5.2."""
    for size in (Size.B, Size.H, Size.W, Size.DW):
        group = Group.BASE64 if size is Size.DW else Group.BASE32
        unsigned = f"*(u{size.octets * 8} *)"
        signed = f"*(s{size.octets * 8} *)"
        # LLVM with 32-bit registers: the same instruction, as the bits above become zero anyway.
        low = size is not Size.DW
        yield Form("ldx", Mode.MEM | size | Class.LDX, f"{{dst}} = {unsigned}({{src}} {{off}})",
                   group, "5.1", WRITE, READ, OFFSET,
                   also=(f"{{wdst}} = {unsigned}({{src}} {{off}})",) * low)
        yield Form("st", Mode.MEM | size | Class.ST, f"{unsigned}({{dst}} {{off}}) = {{imm}}",
                   group, "5.1", READ, offset=OFFSET, imm=IMM)
        yield Form("stx", Mode.MEM | size | Class.STX, f"{unsigned}({{dst}} {{off}}) = {{src}}",
                   group, "5.1", READ, READ, OFFSET,
                   also=(f"{unsigned}({{dst}} {{off}}) = {{wsrc}}",) * low)
        if size is not Size.DW:
            yield Form("ldsx", Mode.MEMSX | size | Class.LDX,
                       f"{{dst}} = {signed}({{src}} {{off}})",
                       Group.BASE64, "5.2", WRITE, READ, OFFSET)


def atomics() -> Iterator[Form]:
    """Section 5.3, and Linux's load_acquire and store_release."""
    for size in (Size.W, Size.DW):
        opcode = Mode.ATOMIC | size | Class.STX
        group = Group.ATOMIC64 if size is Size.DW else Group.ATOMIC32
        register = "{src}" if size is Size.DW else "{wsrc}"
        old = "r0" if size is Size.DW else "w0"
        kind = "_64" if size is Size.DW else "32_32"
        place = f"(u{size.octets * 8} *)({{dst}} {{off}})"
        for operation, sign in ATOMIC_SIGNS.items():
            name = operation.name.lower()
            yield Form(f"atomic_{name}", opcode, f"lock *{place} {sign} {register}",
                       group, "5.3", READ, READ, OFFSET, Const(operation))
            yield Form(f"atomic_fetch_{name}", opcode,
                       f"{register} = atomic_fetch_{name}({place}, {register})",
                       group, "5.3", READ, UPDATE, OFFSET, Const(operation | Atomic.FETCH))
        yield Form("atomic_xchg", opcode, f"{register} = xchg{kind}({{dst}} {{off}}, {register})",
                   group, "5.3", READ, UPDATE, OFFSET, Const(Atomic.XCHG))
        yield Form("atomic_cmpxchg", opcode,
                   f"{old} = cmpxchg{kind}({{dst}} {{off}}, {old}, {register})",
                   group, "5.3", READ, READ, OFFSET, Const(Atomic.CMPXCHG))
    for size in (Size.B, Size.H, Size.W, Size.DW):
        opcode = Mode.ATOMIC | size | Class.STX
        wide = size is Size.DW
        pointer = f"(u{size.octets * 8} *)"
        where = (Group.LINUX, "Linux 6.15, commit 880442305a39")
        yield Form("load_acquire", opcode,
                   f"{'{dst}' if wide else '{wdst}'} = load_acquire({pointer}({{src}} {{off}}))",
                   *where, WRITE, READ, OFFSET, Const(Atomic.LOAD_ACQ))
        yield Form("store_release", opcode,
                   f"store_release({pointer}({{dst}} {{off}}), {'{src}' if wide else '{wsrc}'})",
                   *where, READ, READ, OFFSET, Const(Atomic.STORE_REL))


def wide_immediates() -> Iterator[Form]:
    """Section 5.4: the instructions of two slots."""
    names = {
        WideSource.MAP_FD: "{map}", WideSource.MAP_VALUE: "{map}+{next_imm}",
        WideSource.FUNC: "{function}",
    }
    # Only a constant, an offset into a value, and the fd of a module's BTF need a second half.
    halves = (WideSource.MAP_FD, WideSource.FUNC, WideSource.MAP_IDX)
    for source in WideSource:
        imm, high = ("{imm}", ZERO) if source in halves else ("{imm64}", IMM)
        text = f"ld_pseudo {{dst}}, {source:d}, {imm}" if source else "{dst} = {imm64} ll"
        yield Form(f"ld_{source.name.lower()}", Mode.IMM | Size.DW | Class.LD, text,
                   Group.BASE64, "5.4", WRITE, Const(source), ZERO, IMM, high,
                   named=f"{{dst}} = {names[source]} ll" if source in names else "")


def address_space_casts() -> Iterator[Form]:
    """Linux only: a mov with offset 1 and the address spaces (to << 16 | from) in imm."""
    for to, origin in ((0, 1), (1, 0)):
        yield Form("addr_space_cast", Alu.MOV | Source.X | Class.ALU64,
                   f"{{dst}} = addr_space_cast({{src}}, {to}, {origin})", Group.LINUX,
                   "Linux 6.9, arenas", WRITE, READ, Const(1),
                   Const(to << 16 | origin))


def packet_loads() -> Iterator[Form]:
    """Section 5.5: deprecated; they are read and listed, the assembler has no method for them."""
    for size in (Size.B, Size.H, Size.W):
        kind = f"*(u{size.octets * 8} *)"
        yield Form("ld_abs", Mode.ABS | size | Class.LD, f"r0 = {kind}skb[{{imm}}]",
                   Group.PACKET, "5.5", imm=IMM)
        yield Form("ld_ind", Mode.IND | size | Class.LD, f"r0 = {kind}skb[{{src}}{{imm_off}}]",
                   Group.PACKET, "5.5", src=READ, imm=IMM, also=(f"r0 = {kind}skb[{{src}}]",))
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
    """The rows of each opcode."""
    rows = defaultdict[int, list[Form]](list)
    for form in FORMS:
        rows[form.opcode].append(form)
    return {opcode: tuple(forms) for opcode, forms in rows.items()}


BY_OPCODE = by_opcode()
