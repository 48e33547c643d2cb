"""The fields of the opcode byte: its parts as ints, operations as enums.

One basic instruction is 64 bits (RFC 9669, section 3)::

    +--------+----+----+----------------+--------------------------------+
    | opcode | dst| src|     offset     |              imm               |
    +--------+----+----+----------------+--------------------------------+
      8 bits   4    4    16, signed       32, signed

On a big-endian machine offset and imm are big-endian and the register nibbles swap: src is
the low one. A wide instruction (ld_imm64) has a second slot of 64 bits, which is 0 except for
next_imm in its imm field.

The class of the opcode decides which of two layouts it has (section 3)::

    arithmetic and jumps                 loads and stores
    +----------+--------+-------+        +--------+------+-------+
    |   code   | source | class |        |  mode  | size | class |
    +----------+--------+-------+        +--------+------+-------+
      4 bits     1        3                3        2      3
"""

from enum import Enum, IntEnum


class Class:
    """The instruction class, an int: the low three bits of the opcode (RFC 9669, section 3.1).
    LD = 0, LDX = 1, ST = 2, STX = 3, ALU = 4, JMP = 5, JMP32 = 6, ALU64 = 7."""

    LD = 0
    LDX = 1
    ST = 2
    STX = 3
    ALU = 4
    JMP = 5
    JMP32 = 6
    ALU64 = 7


class Source:
    """The source of the second operand, an int: imm or the src register (section 4). K = 0x00,
    X = 0x08."""

    K = 0x00  # imm
    X = 0x08  # the src register


class Alu(IntEnum):
    """An IntEnum: the code of an arithmetic instruction (section 4.1). 14 members, such as
    ADD = 0x00 and SUB = 0x10."""

    ADD = 0x00
    SUB = 0x10
    MUL = 0x20
    DIV = 0x30
    OR = 0x40
    AND = 0x50
    LSH = 0x60
    RSH = 0x70
    NEG = 0x80
    MOD = 0x90
    XOR = 0xA0
    MOV = 0xB0
    ARSH = 0xC0
    END = 0xD0


class Jump(IntEnum):
    """An IntEnum: the code of a jump instruction (section 4.3); JCOND is may_goto of Linux 6.9. 15
    members, such as JA = 0x00 and JEQ = 0x10."""

    JA = 0x00
    JEQ = 0x10
    JGT = 0x20
    JGE = 0x30
    JSET = 0x40
    JNE = 0x50
    JSGT = 0x60
    JSGE = 0x70
    CALL = 0x80
    EXIT = 0x90
    JLT = 0xA0
    JLE = 0xB0
    JSLT = 0xC0
    JSLE = 0xD0
    JCOND = 0xE0


OCTETS = (4, 2, 1, 8)  # of each Size, in the order of their numbers


class Size(IntEnum):
    """An IntEnum: the size modifier of a load or store (section 5). Members: W = 0x00, H = 0x08,
    B = 0x10, DW = 0x18.

    Attributes:
        octets, bits: each an int, properties.
    """

    W = 0x00
    H = 0x08
    B = 0x10
    DW = 0x18

    @property
    def octets(self) -> int:
        """The size in bytes, an int."""
        return OCTETS[self >> 3]

    @property
    def bits(self) -> int:
        """The size in bits, an int."""
        return OCTETS[self >> 3] * 8

    @classmethod
    def of(cls, octets: int) -> "Size":
        """Return the Size for ``octets``, a number of bytes: 1, 2, 4 or 8. Raises KeyError for any
        other number."""
        return {1: Size.B, 2: Size.H, 4: Size.W, 8: Size.DW}[octets]


class Mode:
    """The mode modifier of a load or store, an int (section 5). IMM = 0x00, ABS = 0x20,
    IND = 0x40, MEM = 0x60, MEMSX = 0x80, ATOMIC = 0xC0."""

    IMM = 0x00
    ABS = 0x20
    IND = 0x40
    MEM = 0x60
    MEMSX = 0x80
    ATOMIC = 0xC0


class Atomic(IntEnum):
    """An IntEnum: the operation of an atomic, in its imm (section 5.3).

    Members: ADD = 0x00, OR = 0x40, AND = 0x50, XOR = 0xA0, FETCH = 0x01, XCHG = 0xE1,
    CMPXCHG = 0xF1, LOAD_ACQ = 0x100, STORE_REL = 0x110.

    LOAD_ACQ and STORE_REL are of Linux 6.15.
    """

    ADD = 0x00
    OR = 0x40
    AND = 0x50
    XOR = 0xA0
    FETCH = 0x01  # combined with one of the four above
    XCHG = 0xE1
    CMPXCHG = 0xF1
    LOAD_ACQ = 0x100
    STORE_REL = 0x110


class WideSource(IntEnum):
    """An IntEnum: the meaning of the imm of ld_imm64, in its src field (section 5.4). Members:
    IMM64 = 0, MAP_FD = 1, MAP_VALUE = 2, BTF_ID = 3, FUNC = 4, MAP_IDX = 5, MAP_IDX_VALUE = 6.

    The kernel's names begin with BPF_PSEUDO_.
    """

    IMM64 = 0
    MAP_FD = 1
    MAP_VALUE = 2
    BTF_ID = 3
    FUNC = 4
    MAP_IDX = 5
    MAP_IDX_VALUE = 6


class CallSource(IntEnum):
    """An IntEnum: the kind of function that a call calls, in its src field (section 4.3.1).
    Members: HELPER = 0, LOCAL = 1, BTF_ID = 2."""

    HELPER = 0
    LOCAL = 1
    BTF_ID = 2


class Swap(IntEnum):
    """An IntEnum: the byte swaps (section 4.2): to little-endian, to big-endian, and unconditional.
    Members: LE = 0, BE = 1, BSWAP = 2."""

    LE = 0
    BE = 1
    BSWAP = 2


class FormKind(Enum):
    """An enum: the kind of an instruction; ``Form.operation`` is the operation within the kind.

    16 members, such as ARITHMETIC = "arithmetic on dst and an operand" and MOVE = "a move, with or
    without sign extension".
    """

    ARITHMETIC = "arithmetic on dst and an operand"  # Alu
    MOVE = "a move, with or without sign extension"
    NEGATE = "a negation"
    BYTE_SWAP = "a byte swap"  # Swap
    CAST = "a cast between address spaces"
    LOAD = "a load from memory"
    STORE = "a store to memory"
    ATOMIC = "an atomic operation on memory"  # Atomic, without FETCH
    PACKET_LOAD = "a load from the packet"
    WIDE_IMMEDIATE = "a constant of 64 bits, or an address"  # WideSource
    JUMP = "an unconditional jump"
    CONDITION = "a conditional jump"  # Jump
    MAY_GOTO = "may_goto, a jump after a number of iterations"
    INDIRECT_JUMP = "a jump to the address in dst"
    CALL = "a call"  # CallSource
    EXIT = "a return"


class Group(Enum):
    """An enum: the conformance group (section 2.4); LINUX is for instructions that only Linux
    defines.

    Members: BASE32 = "base32", BASE64 = "base64", DIVMUL32 = "divmul32", DIVMUL64 = "divmul64",
    ATOMIC32 = "atomic32", ATOMIC64 = "atomic64", PACKET = "packet", LINUX = "linux".
    """

    BASE32 = "base32"
    BASE64 = "base64"
    DIVMUL32 = "divmul32"
    DIVMUL64 = "divmul64"
    ATOMIC32 = "atomic32"
    ATOMIC64 = "atomic64"
    PACKET = "packet"
    LINUX = "linux"
