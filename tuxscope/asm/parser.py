"""Parse assembly text, in the syntax of LLVM's assembler, into instructions.

    .type main, @function
    main:
        call bpf_ktime_get_ns   # a comment
        if r0 == 0 goto out
        r0 = 1
    out:
        exit

The syntax of instructions comes from the table (:mod:`tuxscope.asm.grammar`). A name is a function
if the text declares it with ``.type``, calls it or loads it. All other names are labels, local to
their function.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.draft import TEXT, Draft, ResolvedCode, Target, build_program
from tuxscope.asm.errors import AssemblyError, OperandError, TextError
from tuxscope.asm.forms import IMM, Const, Form, Range, Reg
from tuxscope.asm.grammar import REGISTER, Match, MismatchError, Operand, match
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.instruction import FRAME_POINTER, Instruction
from tuxscope.asm.isa import Class, FormKind, Mode, Size
from tuxscope.asm.lexer import Token, TokenKind, tokens
from tuxscope.asm.maps import Map
from tuxscope.asm.memory import check_value_offset, signed32
from tuxscope.asm.program import Program, check_head
from tuxscope.source import SourceLine
from tuxscope.suggest import did_you_mean

# Directives of clang's output that do not change instructions.
IGNORED = frozenset(
    ".addrsig .addrsig_sym .align .cfi_endproc .cfi_sections .cfi_startproc .file .global .globl "
    ".hidden .ident .loc .local .p2align .section .size .text .weak".split()
)
HELPERS = {f"bpf_{name}": number for number, name in enumerate(NAMES, 1)}
FIELDS = {
    "dst": "dst", "wdst": "dst", "src": "src", "wsrc": "src", "off": "offset", "jump": "offset",
    "imm": "imm", "imm_off": "imm", "long_jump": "imm", "next_imm": "next_imm",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot(SourceLine):
    """A SourceLine, a frozen dataclass, of the text with ``column``, counted from 1, for errors."""

    column: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A frozen dataclass: a statement: an instruction, a definition (``out:``) or a declaration
    (``.type``).

    Attributes:
        source: its SourceLine.
        token: a Token, its first token; of a definition or declaration, the name.
        read: the Match of the instruction; None for a definition or declaration.
        declares: whether it is a declaration.
    """

    source: SourceLine
    token: Token
    read: Match | None = None
    declares: bool = False

    def spot(self, token: Token) -> Spot:
        """Return the Spot, line and column, of ``token``, one of its Tokens."""
        return Spot(self.source.file, self.source.line, self.source.text, token.column)


def parse(
    text: str, maps: Iterable[Map] = (), file: str = "<text>", name: str = "main"
) -> ResolvedCode:
    """Parse ``text``, assembly text, and return the ResolvedCode: instructions, functions and
    labels.

    ``maps`` are the Maps, an iterable, that the text can load by name (``r2 = EVENTS ll``).
    ``file`` is the file name for errors. ``name`` is the name of the first function, if the text
    does not name it.

    Raises TextError for any error in the text.
    """
    reader = Reader(maps, file)
    try:
        reader.read(text)
        return reader.code(name)
    except AssemblyError as error:
        raise reader.located(error) from None


def assemble(
    text: str,
    name: str,
    attach: AttachPoint,
    maps: Iterable[Map] = (),
    license: str = "GPL",
    file: str = "<text>",
) -> Program:
    """Assemble ``text`` and return the Program; ``maps`` is an iterable of Map, ``file`` a name
    for errors, as in :func:`parse`.

    ``name``, ``attach``, an AttachPoint, and ``license``, a str, are those of Assembler.
    ``assemble(listing.text(program), ...) == program``. Raises TextError for an error in the text,
    ProgramError for invalid arguments.
    """
    check_head(name, attach, license)
    code = parse(text, maps, file, name)
    if not code.instructions:
        end = SourceLine(file, text.count("\n") + 1, "")
        column = len(text) - text.rfind("\n")
        raise TextError("expected an instruction, found the end of the text", end, column)
    return build_program(code, name, attach, license)


class Reader:
    """Parses one text in two passes: first its statements, then its names and operands.

    ``maps`` is an iterable of the Maps that it can load by name, ``file`` is the file name for
    errors.

    Attributes:
        maps: a dict of str to Map.
        file: a str.
        statements: a list of Statement.
        spot: the Spot that errors are at now.
    """

    def __init__(self, maps: Iterable[Map], file: str) -> None:
        self.maps = {each.name: each for each in maps}
        self.file = file
        self.statements: list[Statement] = []
        # The current line and column, for errors.
        self.spot = Spot(file, 1, "", 1)

    def located(self, error: AssemblyError) -> TextError:
        """Return ``error``, an AssemblyError, as a TextError with line and column."""
        spot = error.source if isinstance(error.source, Spot) else self.spot
        return TextError(error.problem, spot, error.column or spot.column)

    def read(self, text: str) -> None:
        """Parse the statements of ``text``, the first pass. Raises MismatchError."""
        for number, line in enumerate(text.split("\n"), 1):
            self.spot = Spot(self.file, number, line.strip(), 1)
            source = SourceLine(self.file, number, self.spot.text)
            self.statements += statements(source, line)

    def functions(self) -> dict[int, str]:
        """Return a dict of the names of functions, by the index, an int, of the statement that
        defines each."""
        declared = {each.token.name for each in self.statements if each.declares}
        used = {
            operand.value
            for each in self.statements
            if each.read
            for form, names in each.read.forms
            for operand, slot in zip(each.read.operands, names, strict=True)
            if slot == "function" and not (form.slots == 2 and operand.value in self.maps)
        }
        functions = {}
        waiting = set[str]()  # declared and not yet defined
        for index, each in enumerate(self.statements):
            name = each.token.name
            if each.declares:
                waiting.add(name)
            elif not each.read and (name in waiting or (name in used and name not in declared)):
                functions[index] = name
                waiting.discard(name)
        return functions

    def code(self, name: str) -> ResolvedCode:
        """Resolve names and operands, the second pass, and return the ResolvedCode.

        ``name`` is the name of the first function, if the text does not name it. Raises
        MismatchError, LabelError, ProgramError.
        """
        functions = self.functions()
        known = {"map": self.maps, "function": {*functions.values()}, "helper": HELPERS}
        first = next((index for index, each in enumerate(self.statements) if each.read), 0)
        lead = next((index for index in functions if index < first), -1)
        draft = Draft(functions.get(lead, name), TEXT)
        for index, each in enumerate(self.statements):
            self.spot = each.spot(each.token)
            if each.read:
                self.add(each, *choose_form(each.read, known), draft)
            elif index in functions:
                if index != lead:
                    draft.begin(each.token.name, self.spot)
            elif not each.declares:
                draft.label(each.token.name, self.spot)
        return draft.code()

    def add(
        self, statement: Statement, form: Form, operands: Mapping[str, Operand], draft: Draft
    ) -> None:
        """Add ``statement``, a Statement, to ``draft``, a Draft; ``form`` is its Form, ``operands``
        a mapping of its Operands by placeholder.

        Raises MismatchError if an operand does not fit.
        """
        fields = {name: rule.value for name, rule in form.rules() if isinstance(rule, Const)}
        loaded = target = None
        for slot, (value, token) in operands.items():
            if not isinstance(value, str):
                fields |= field_values(form, slot, value, token)
            elif slot == "helper":
                fields["imm"] = HELPERS[value]
            elif slot == "map":
                loaded = self.maps[value]
            else:
                function = draft.function if slot == "label" else None
                field = "offset" if "{jump}" in form.text else "imm"
                target = Target(value, function, field, statement.spot(token))
        if loaded and "next_imm" in operands:
            try:
                check_value_offset(loaded, fields["next_imm"])
            except OperandError as error:
                raise MismatchError(error.problem, operands["map"].token) from None
        draft.append(
            Instruction(form.opcode, **fields, map=loaded, source=statement.source), target
        )


def statements(source: SourceLine, line: str) -> Iterator[Statement]:
    """Yield the Statements of ``line``, a str, whose place is ``source``, a SourceLine. Raises
    MismatchError."""
    found = list(tokens(line))
    index = 0
    while (token := found[index]).kind is not TokenKind.END:
        following = found[index + 1]
        if token.is_sign(";"):
            index += 1
        elif token.kind in (TokenKind.WORD, TokenKind.NAME) and following.is_sign(":"):
            yield Statement(source, token)
            index += 2
        elif token.kind is TokenKind.WORD and token.text.startswith("."):
            if token.text == ".type":
                yield from declaration(source, found[index + 1 :])
            elif token.text not in IGNORED:
                hint = did_you_mean(token.text, (".type", *IGNORED))
                raise MismatchError(f"unknown directive {token}{hint}", token)
            while not (found[index].kind is TokenKind.END or found[index].is_sign(";")):
                index += 1
        else:
            read = match(found, index)
            yield Statement(source, token, read)
            index = read.end


def declaration(source: SourceLine, found: Sequence[Token]) -> Iterator[Statement]:
    """Yield the Statement of the declaration in ``found``, a sequence of the Tokens after
    ``.type``; none for ``@object``.

    ``source``, a SourceLine, is its line. Raises MismatchError.
    """
    name = found[0]
    if name.kind not in (TokenKind.WORD, TokenKind.NAME):
        raise MismatchError(f"expected a name, found {name}", name)
    for token, text in zip(found[1:], (",", "@"), strict=False):
        if token.text != text:
            raise MismatchError(f"expected {text!r}, found {token}", token)
    kind = found[3]
    if kind.text not in ("function", "object"):
        raise MismatchError(f"expected 'function' or 'object', found {kind}", kind)
    if kind.text == "function":
        yield Statement(source, name, declares=True)


def choose_form(
    read: Match, known: Mapping[str, Collection[str]]
) -> tuple[Form, dict[str, Operand]]:
    """Return a pair: the Form of ``read``, a Match, and a dict of its Operands by placeholder.

    ``known`` is a mapping of each kind (map, function, helper) to its names, a collection. Raises
    MismatchError for an unknown name, and for a register other than the row's.
    """
    kinds = [kind for kind in known if any(kind in slots for _, slots in read.forms)]
    rows = read.forms
    if kinds:
        name, token = next(each for each in read.operands if isinstance(each.value, str))
        rows = [row for kind in kinds for row in rows if kind in row[1] and name in known[kind]]
        if not rows:
            names = [each for kind in kinds for each in known[kind]]
            wanted = " or ".join(f"a {kind}" for kind in kinds)
            hint = did_you_mean(token.name, names)
            raise MismatchError(f"expected the name of {wanted}, found {token}{hint}", token)
    form, slots = rows[0]
    operands: dict[str, Operand] = {}
    for slot, operand in zip(slots, read.operands, strict=True):
        token = operand.token
        wanted = operands[slot].token.text if slot in operands else slot
        if REGISTER.fullmatch(wanted) and token.text != wanted:
            raise MismatchError(f"expected {wanted!r}, found {token}", token)
        operands[slot] = operand
    return form, operands


def field_values(form: Form, slot: str, value: int, token: Token) -> dict[str, int]:
    """Return a dict of the ints that ``value``, an int, gives placeholder ``slot``, a str, of
    ``form``, a Form, by the name of the field.

    Raises MismatchError at ``token``, a Token, if it does not fit.
    """
    if slot == "imm64":
        check_range(value, -(1 << 63), (1 << 64) - 1, token)
        return {"imm": signed32(value & 0xFFFFFFFF), "next_imm": signed32(value >> 32 & 0xFFFFFFFF)}
    field = FIELDS.get(slot)
    if field is None:  # a fixed register, such as r0
        return {}
    match getattr(form, field):
        case Reg(written=True) if value == FRAME_POINTER:
            raise MismatchError("r10 is the frame pointer and cannot be written", token)
        case Range(low, high, zero):
            if slot in ("imm", "next_imm") and high == IMM.high and ends_at_32_bits(form):
                check_range(value, low, (1 << 32) - 1, token)
                value = signed32(value & 0xFFFFFFFF)
            # LLVM would truncate it without a warning, or reject it.
            wide_move = form.kind is FormKind.MOVE and form.bits == 64
            wider = "; write ll after it for 64 bits" if wide_move else ""
            check_range(value, low, high, token, wider)
            if value == 0 and not zero:
                raise MismatchError("expected a divisor other than 0, found '0'", token)
    return {field: value}


def check_range(value: int, low: int, high: int, token: Token, hint: str = "") -> None:
    """Raise MismatchError at ``token``, a Token, unless ``low <= value <= high``, all int; it ends
    with ``hint``, a str."""
    if not low <= value <= high:
        raise MismatchError(f"expected a number from {low} to {high}, found {token}{hint}", token)


def ends_at_32_bits(form: Form) -> bool:
    """Return whether ``form``, a Form, uses its immediate in 32 bits alone, so that 0xffffffff
    equals -1.

    LLVM accepts 0xffffffff everywhere; there ``r1 = 0xffffffff`` sets all 64 bits.
    """
    match form.opcode & 0x07:
        case Class.ALU | Class.JMP32:
            return True
        case Class.ST:
            return form.opcode & 0x18 != Size.DW
        case Class.LD:
            return form.opcode & 0xE0 == Mode.IMM
    return False
