"""Which rows of the table random programs are made of, and what kind of step each is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from tuxscope.asm.forms import FORMS, Const, Form
from tuxscope.asm.isa import Atomic, Class, FormKind, Mode
from vm.bugs import Bug


class Kind(Enum):
    """What a step does."""

    NOTHING = "so that Hypothesis can leave a step out"
    COMPUTE = "an instruction with registers and constants alone"
    ACCESS = "a load, store or atomic"
    BRANCH = "a condition"
    SKIP = "a condition with an else, which an unconditional jump goes around"
    LOOP = "a loop"
    CALL = "a local call"


# How often steps are what; what is first takes a choice of 0.
SHARES = {
    Kind.NOTHING: 1, Kind.COMPUTE: 12, Kind.ACCESS: 7, Kind.BRANCH: 3, Kind.SKIP: 1, Kind.LOOP: 1,
    Kind.CALL: 1,
}  # fmt: skip
NEED_NO_ROWS = (Kind.NOTHING, Kind.LOOP)

# What these do depends on more than registers and memory: helpers, other maps, types, packets,
# arenas, maps of instructions. All that is not named here is generated, a row of tomorrow as well.
LEFT_OUT = {
    "call", "call_btf_id", "ld_map_fd", "ld_btf_id", "ld_func", "ld_map_idx", "ld_map_idx_value",
    "ld_abs", "ld_ind", "addr_space_cast", "gotox",
}  # fmt: skip
# All programs have these, as they are.
FRAME = {"ld_map_value", "exit"}

ROWS = tuple(form for form in FORMS if form.name not in LEFT_OUT | FRAME)


@dataclass(frozen=True)
class Features:
    """What programs may use.

    Attributes:
        rows: of the table.
        unaligned: whether a map's value is read and written at any address.
        bugs: what programs have to go around.
    """

    rows: tuple[Form, ...] = ROWS
    unaligned: bool = True
    bugs: frozenset[Bug] = frozenset()

    @cached_property
    def _by_kind(self) -> dict[Kind, tuple[Form, ...]]:
        return {kind: tuple(form for form in self.rows if kind_of(form) is kind) for kind in Kind}

    def rows_of(self, kind: Kind) -> tuple[Form, ...]:
        """The rows that make a step of this kind."""
        return self._by_kind[kind]

    @cached_property
    def mix(self) -> tuple[Kind, ...]:
        """Each kind that there are rows for, as often as its share says."""
        kinds = [kind for kind in SHARES if kind in NEED_NO_ROWS or self.rows_of(kind)]
        return tuple(kind for kind in kinds for _ in range(SHARES[kind]))


def kind_of(form: Form) -> Kind:
    """The kind of step that a row makes."""
    match form.kind:
        case FormKind.LOAD | FormKind.STORE | FormKind.ATOMIC:
            return Kind.ACCESS
        case FormKind.JUMP:
            return Kind.SKIP
        case FormKind.CALL:
            return Kind.CALL
        case FormKind.CONDITION | FormKind.MAY_GOTO:
            return Kind.BRANCH
    return Kind.COMPUTE


def is_atomic(form: Form) -> bool:
    """Whether it is one of section 5.3."""
    return form.opcode & 7 == Class.STX and form.opcode & 0xE0 == Mode.ATOMIC


def fetches(form: Form) -> bool:
    """Whether it is an atomic that also computes or exchanges, and tells what was there before."""
    return is_atomic(form) and isinstance(form.imm, Const) and bool(form.imm.value & Atomic.FETCH)
