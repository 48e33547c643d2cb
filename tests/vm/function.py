"""One function of a random program: its registers and area filled, its steps, its results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tuxscope.asm import Array, Instruction
from tuxscope.asm.forms import Const, Form, Range, Reg, Rule
from tuxscope.asm.isa import Alu, CallSource, Class, Group, Jump, Mode, Size, Source, WideSource
from tuxscope.record import u8
from vm.bugs import Bug
from vm.choices import Choices
from vm.rows import Features, Kind, fetches, is_atomic

WORD = 8
AREA = 4  # words of each function's stack that its steps read and write
# Of the area, from r10 down; with 16 bytes for may_goto, three functions stay below 512.
DEPTHS = (32, 64, 128, 144)
MEMORY_WORDS = 8
MEMORY = Array("MEMORY", value=u8[MEMORY_WORDS * WORD], max_entries=1)
REGISTERS = 10
DUMP = REGISTERS + AREA  # the words in which a function leaves its results
# Whom each function calls. They are verified anew at each call, so there are few.
CALLEES = {0: (1, 2), 1: (2,), 2: ()}
TAKES_POINTER = 2  # this one is given its caller's area, in r1
RESULTS = Array("RESULTS", value=u8[len(CALLEES) * DUMP * WORD], max_entries=1)

FP = 10
ARGUMENTS = (1, 2, 3, 4, 5)
SAVED = (6, 7, 8, 9)  # over calls

ADD = Alu.ADD | Source.X | Class.ALU64
ADD_IMM = Alu.ADD | Source.K | Class.ALU64
AND_IMM = Alu.AND | Source.K | Class.ALU64
MOV = Alu.MOV | Source.X | Class.ALU64
MOV32 = Alu.MOV | Source.X | Class.ALU
MOV_IMM = Alu.MOV | Source.K | Class.ALU64
JLT_IMM = Jump.JLT | Source.K | Class.JMP
LOAD = Mode.MEM | Size.DW | Class.LDX
STORE_BYTE = Mode.MEM | Size.B | Class.STX
STORE = Mode.MEM | Size.DW | Class.STX
WIDE = Mode.IMM | Size.DW | Class.LD
CALL = Jump.CALL | Class.JMP
EXIT = Jump.EXIT | Class.JMP

Code = list[Instruction]


class Function:
    """Writes one function.

    Four registers may have a purpose of their own for as long as it runs: a pointer to MEMORY,
    one to the caller's area, and the counter of a loop, all in registers that calls keep; and
    r10. All others hold numbers, at all times.

    Attributes:
        called: the functions that it calls.
    """

    def __init__(self, index: int, head: Choices, features: Features) -> None:
        self.index = index
        self.called: set[int] = set()
        self._head = head
        self._features = features
        self._looping = False
        kept = list(SAVED)
        self._memory = kept.pop(head.below(4))
        self._counter = kept.pop(head.below(3))
        self._area = -head.pick(DEPTHS)
        # Where steps load and store: a register, and how far from it the bytes begin and end.
        self._places = [(self._memory, 0, MEMORY_WORDS * WORD), (FP, self._area, AREA * WORD)]
        self._caller: int | None = None
        if index == TAKES_POINTER:
            self._caller = kept.pop(head.below(2))
            self._places.append((self._caller, 0, AREA * WORD))
        self._numbers = (0, *ARGUMENTS, *kept)

    def write(self, steps: Iterable[Choices]) -> Code:
        """The whole function; a call's imm is the index of whom it calls."""
        body = self._block(iter(steps))
        return [*self._begin(), *body, *self._end()]

    def _begin(self) -> Code:
        code = [map_value(self._memory, MEMORY)]
        unset = set(self._numbers)
        if self._caller is not None:
            code.append(Instruction(MOV, self._caller, 1))
        if self.index:
            unset -= set(ARGUMENTS if self._caller is None else ARGUMENTS[1:])
        code += [self._first_number(register) for register in sorted(unset)]
        for word in range(AREA):
            source = self._head.pick(self._numbers)
            code.append(Instruction(STORE, FP, source, self._area + word * WORD))
        return code

    def _first_number(self, register: int) -> Instruction:
        """What the verifier does not know, twice as often as what it does."""
        choices = self._head
        if choices.below(3):
            offset = choices.below(MEMORY_WORDS) * WORD
            return Instruction(LOAD, register, self._memory, offset)
        value = choices.number(-(1 << 63), (1 << 63) - 1)
        if -(1 << 31) <= value < 1 << 31:
            return Instruction(MOV_IMM, register, imm=value)
        low = (value & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
        return Instruction(WIDE, register, WideSource.IMM64, 0, low, value >> 32)

    def _end(self) -> Code:
        results, spare = self._memory, self._counter
        code = [map_value(results, RESULTS, self.index * DUMP * WORD)]
        code += [Instruction(STORE, results, each, each * WORD) for each in self._numbers]
        for word in range(AREA):
            code.append(Instruction(LOAD, spare, FP, self._area + word * WORD))
            code.append(Instruction(STORE, results, spare, (REGISTERS + word) * WORD))
        return [*code, Instruction(EXIT)]

    def _block(self, steps: Iterator[Choices]) -> Code:
        code: Code = []
        for choices in steps:
            code += self._step(choices, steps)
        return code

    def _step(self, choices: Choices, following: Iterator[Choices]) -> Code:
        """One step; one that branches or loops takes in some of the ``following``."""
        kind = choices.pick(self._features.mix)
        rows = self._features.rows_of(kind)
        match kind:
            case Kind.COMPUTE:
                return [self._instruction(choices.pick(rows), choices)]
            case Kind.ACCESS if choices.below(8) == 7:
                return self._indexed(choices.pick(rows), choices)
            case Kind.ACCESS:
                return self._access(choices.pick(rows), choices)
            case Kind.BRANCH | Kind.SKIP:
                return self._branch(kind, choices, following)
            case Kind.LOOP if not self._looping:  # there is one counter
                return self._loop(choices, following)
            case Kind.CALL if CALLEES[self.index]:
                return self._call(choices.pick(CALLEES[self.index]), choices)
        return []

    def _instruction(self, form: Form, choices: Choices, **fixed: int) -> Instruction:
        """An instruction of a row; what is not ``fixed`` is chosen as the row allows."""
        fields = {
            name: fixed[name] if name in fixed else self._field(rule, choices)
            for name, rule in form.rules()
        }
        return Instruction(form.opcode, **fields)

    def _field(self, rule: Rule, choices: Choices) -> int:
        match rule:
            case Const(value):
                return value
            case Reg():
                return choices.pick(self._numbers)
            case Range(low, high, zero):
                return choices.number(low, high) or int(not zero)

    def _access(self, form: Form, choices: Choices) -> Code:
        base, start, size = choices.pick(self._places)
        width = Size(form.opcode & 0x18).octets
        # The verifier wants the stack's accesses aligned, and all atomics.
        free = base == self._memory and self._features.unaligned and not is_atomic(form)
        step = 1 if free and choices.below(2) else width
        offset = start + choices.below((size - width) // step + 1) * step
        access = self._instruction(form, choices, **{address_field(form): base, "offset": offset})
        before: Code = []
        if Bug.FETCH in self._features.bugs and fetches(form) and base != self._memory:
            # Of eight bytes with one that was stored by itself the verifier knows nothing.
            before = [Instruction(STORE_BYTE, base, access.src, offset)]
        return [*before, access, *self._cleared(form)]

    def _cleared(self, form: Form) -> Code:
        """The upper half of r0 cleared, if the verifier may forget that."""
        forgets = Bug.EXCHANGE in self._features.bugs and form.name == "atomic_cmpxchg"
        return [Instruction(MOV32, 0, 0)] if forgets and form.group is Group.ATOMIC32 else []

    def _indexed(self, form: Form, choices: Choices) -> Code:
        """An access to a word of MEMORY that the verifier does not know the address of."""
        index = choices.pick(self._numbers)
        pointer = choices.pick([each for each in self._numbers if each not in (index, 0)])
        fixed = {address_field(form): pointer, "offset": 0}
        data = "dst" if address_field(form) == "src" else "src"
        if isinstance(getattr(form, data), Reg):
            fixed[data] = index
        return [
            Instruction(AND_IMM, index, imm=(MEMORY_WORDS - 1) * WORD),
            Instruction(MOV, pointer, self._memory),
            Instruction(ADD, pointer, index),
            self._instruction(form, choices, **fixed),
            *self._cleared(form),
            Instruction(MOV, pointer, index),  # a number again
        ]

    def _branch(self, kind: Kind, choices: Choices, following: Iterator[Choices]) -> Code:
        """A condition over some steps; if there is a way around it, then over others as well."""
        condition = choices.pick(self._features.rows_of(Kind.BRANCH))
        then = self._block(islice(following, choices.below(4)))
        otherwise: Code = []
        if kind is Kind.SKIP:
            skip = choices.pick(self._features.rows_of(kind))
            otherwise = self._block(islice(following, choices.below(3)))
            target = {"offset" if skip.name == "ja" else "imm": slots(otherwise)}
            then.append(self._instruction(skip, choices, **target))
        if condition.name == "may_goto" and not then:  # +0 is refused by 6.12
            then.append(Instruction(MOV))
        return [self._instruction(condition, choices, offset=slots(then)), *then, *otherwise]

    def _loop(self, choices: Choices, following: Iterator[Choices]) -> Code:
        """Some steps, one to four times."""
        trips = 1 + choices.below(4)
        self._looping = True
        body = self._block(islice(following, choices.below(5)))
        self._looping = False
        body.append(Instruction(ADD_IMM, self._counter, imm=1))
        back = -slots(body) - 1
        return [
            Instruction(MOV_IMM, self._counter),
            *body,
            Instruction(JLT_IMM, self._counter, offset=back, imm=trips),
        ]

    def _call(self, callee: int, choices: Choices) -> Code:
        self.called.add(callee)
        code = []
        if callee == TAKES_POINTER:
            code += [Instruction(MOV, 1, FP), Instruction(ADD_IMM, 1, imm=self._area)]
        code.append(Instruction(CALL, src=CallSource.LOCAL, imm=callee))
        survivors = [each for each in self._numbers if each not in ARGUMENTS]
        for register in ARGUMENTS:
            if choices.below(2):
                code.append(Instruction(MOV, register, choices.pick(survivors)))
            else:
                offset = self._area + choices.below(AREA) * WORD
                code.append(Instruction(LOAD, register, FP, offset))
        return code


def address_field(form: Form) -> str:
    """The field of a load or store that names the register with the address."""
    return "src" if isinstance(form.dst, Reg) and form.dst.written else "dst"


def map_value(register: int, array: Array, offset: int = 0) -> Instruction:
    """The address of an array's only value."""
    return Instruction(WIDE, register, WideSource.MAP_VALUE, next_imm=offset, map=array)


def slots(code: Sequence[Instruction]) -> int:
    """How far a jump over these goes."""
    return sum(each.slots for each in code)
