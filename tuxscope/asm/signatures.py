"""What the kernel's helpers take and return: the rows of helpers.tsv, read.

``make helpers`` writes the table; tools/helper_table.py says where each column comes from.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from tuxscope.asm.attach import ProgramType
from tuxscope.asm.helper_table import ROWS
from tuxscope.lean_dataclasses import dataclass


class ArgumentKind(Enum):
    """What a helper's parameter is to the verifier (``enum bpf_arg_type``, in fewer words)."""

    CONTEXT = "context"  # what the program got in r1
    MAP = "map"  # as ld_map loads it
    KEY = "key"  # memory of the map's key_size bytes
    VALUE = "value"  # memory of the map's value_size bytes
    MEMORY = "memory"  # memory of as many bytes as the next parameter says
    SIZE = "size"  # that next parameter
    STRUCT = "struct"  # memory of as many bytes as its C type has
    STACK = "stack"  # any place on the stack, which a callback gets
    TEXT = "text"  # a text in a map that is read-only to all
    CALLBACK = "callback"  # a function of the program, as ld_func loads it
    RECORD = "record"  # what ringbuf_reserve gave
    OBJECT = "object"  # something of the kernel's: a socket, task, file, lock, timer, dynptr
    ADDRESS = "address"  # any number, which a helper tries as an address
    NUMBER = "number"

    @property
    def is_pointer(self) -> bool:
        """Whether the verifier refuses a plain number there (but for 0, if it may be NULL)."""
        return self not in (ArgumentKind.SIZE, ArgumentKind.ADDRESS, ArgumentKind.NUMBER)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a helper: the first is r1, the last at most r5.

    Attributes:
        name: as the kernel's header has it.
        c_type: ``const void *``.
        kind: what it must be.
        written: whether the helper fills the memory; else it reads what is there.
        nullable: whether it may be 0 instead of what ``kind`` says.
        size: how many bytes, for STRUCT; 0 for all other kinds.
    """

    name: str
    c_type: str
    kind: ArgumentKind
    written: bool = False
    nullable: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class Signature:
    """All that the table has of a helper; :class:`tuxscope.asm.Helper` says what is what."""

    prototype: str
    returns: str
    parameters: tuple[Parameter, ...]
    variadic: bool
    void: bool
    nullable: bool
    gpl_only: bool
    since: str
    program_types: frozenset[ProgramType]


@cache
def signature(number: int) -> Signature:
    """The row of a helper. Raises LookupError where the table has none of this number."""
    if not 0 < number <= len(ROWS):
        raise LookupError(f"the table of helpers ends with {len(ROWS)}; there is no {number} in it")
    name, since, licence, result, kinds, prototype, types = ROWS[number - 1].split("\t")
    returns, _, words = prototype.removesuffix(")").partition(f"bpf_{name}(")
    declared = [each for each in words.split(", ") if each not in ("void", "...")]
    told = [] if kinds == "-" else kinds.split(" ")
    return Signature(
        prototype=prototype,
        returns=returns.strip(),
        parameters=tuple(parameter(*each) for each in zip(declared, told, strict=True)),
        variadic=words.endswith("..."),
        void=result == "void",
        nullable=result == "pointer?",
        gpl_only=licence == "gpl",
        since=since,
        program_types=frozenset(map(by_name().__getitem__, types.upper().split(" ")))
        if types != "-"
        else frozenset(),
    )


@cache
def by_name() -> dict[str, ProgramType]:
    """The program types; a dictionary is asked ten times as fast as an enum."""
    return dict(ProgramType.__members__)


def parameter(declaration: str, told: str) -> Parameter:
    """One from its C declaration and its word: ``struct=8!?`` is filled, or 0."""
    kind, _, size = told.rstrip("!?").partition("=")
    at = max(declaration.rfind(" "), declaration.rfind("*")) + 1
    return Parameter(
        name=declaration[at:],
        c_type=declaration[:at].strip(),
        kind=ArgumentKind(kind),
        written="!" in told,
        nullable="?" in told,
        size=int(size or 0),
    )
