"""The signatures of the kernel's helpers, parsed from the rows of helpers.tsv.

``make helpers`` writes the table; tools/helper_table.py says where each column comes from.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from tuxscope.asm.attach import ProgramType
from tuxscope.asm.helper_table import ROWS
from tuxscope.lean_dataclasses import dataclass


class ArgumentKind(Enum):
    """An enum: the type of a helper's parameter to the verifier (``enum bpf_arg_type``,
    simplified). 14 members, such as CONTEXT = "context" and MAP = "map".

    Attributes:
        is_pointer: a bool, a property.
    """

    CONTEXT = "context"  # the pointer that the program gets in r1
    MAP = "map"  # a map's address, as ld_map loads it
    KEY = "key"  # memory of the map's key_size bytes
    VALUE = "value"  # memory of the map's value_size bytes
    MEMORY = "memory"  # memory; the next parameter is its size
    SIZE = "size"  # the size in bytes of the MEMORY before it
    STRUCT = "struct"  # memory of the size of its C type
    STACK = "stack"  # a pointer to the stack, for a callback
    TEXT = "text"  # a C string in a read-only map
    CALLBACK = "callback"  # the address of a function, as ld_func loads it
    RECORD = "record"  # the record that ringbuf_reserve returned
    OBJECT = "object"  # a kernel object: socket, task, file, lock, timer, dynptr
    ADDRESS = "address"  # an integer that the helper tries to read from as an address
    NUMBER = "number"

    @property
    def is_pointer(self) -> bool:
        """Whether the verifier refuses a scalar (except 0 if the parameter is nullable), a bool."""
        return self not in (ArgumentKind.SIZE, ArgumentKind.ADDRESS, ArgumentKind.NUMBER)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A frozen dataclass: a parameter of a helper; the first is in r1, the fifth in r5.

    Attributes:
        name: a str, its name in the kernel's header.
        c_type: a str, its C type, such as ``const void *``.
        kind: the ArgumentKind, its type to the verifier.
        written: whether the helper writes the memory instead of reading it.
        nullable: whether it may be NULL.
        size: an int, the size in bytes for STRUCT; 0 for all other kinds.
    """

    name: str
    c_type: str
    kind: ArgumentKind
    written: bool = False
    nullable: bool = False
    size: int = 0


class Signature:
    """A row of the table, parsed from ``row``, a str; the attributes are as in
    :class:`tuxscope.asm.Helper`, and never changed.

    Attributes:
        prototype, returns: the C declaration and the C type of the result, each a str.
        parameters: a tuple of Parameter.
        variadic, void, nullable, gpl_only: each a bool.
        since: a version of Linux, a str.
        program_types: a frozenset of ProgramType.
    """

    def __init__(self, row: str) -> None:
        name, self.since, licence, result, kinds, self.prototype, types = row.split("\t")
        returns, _, words = self.prototype.removesuffix(")").partition(f"bpf_{name}(")
        declared = [each for each in words.split(", ") if each not in ("void", "...")]
        kind_words = [] if kinds == "-" else kinds.split(" ")
        self.returns = returns.strip()
        parameters = zip(declared, kind_words, strict=True)
        self.parameters = tuple(parameter(*each) for each in parameters)
        self.variadic = words.endswith("...")
        self.void = result == "void"
        self.nullable = result == "pointer?"
        self.gpl_only = licence == "gpl"
        names = [] if types == "-" else types.upper().split(" ")
        self.program_types = frozenset(map(by_name().__getitem__, names))


@cache
def signature(number: int) -> Signature:
    """Return the Signature of the helper with ``number``, parsed from its row. Raises LookupError
    for an unknown number. Cached."""
    if not 0 < number <= len(ROWS):
        raise LookupError(f"unknown helper number {number}: the table has 1 to {len(ROWS)}")
    return Signature(ROWS[number - 1])


@cache
def by_name() -> dict[str, ProgramType]:
    """Return the ProgramTypes by name, a dict, cached; it is ten times as fast as the enum's own
    look-up."""
    return dict(ProgramType.__members__)


def parameter(declaration: str, kind_word: str) -> Parameter:
    """Return the Parameter of C ``declaration``, a str, and ``kind_word``, a str, its word in the
    table.

    ``struct=8!?`` is a STRUCT of 8 bytes, written (``!``) and nullable (``?``).
    """
    kind, _, size = kind_word.rstrip("!?").partition("=")
    at = max(declaration.rfind(" "), declaration.rfind("*")) + 1
    return Parameter(
        name=declaration[at:],
        c_type=declaration[:at].strip(),
        kind=ArgumentKind(kind),
        written="!" in kind_word,
        nullable="?" in kind_word,
        size=int(size or 0),
    )
