"""The kernel's helper functions, by name: ``a.call(helper.ktime_get_ns)``.

Numbers are the kernel's ABI (``enum bpf_func_id``). The list ended with number 211 in Linux 6.2;
what the kernel offers since then are kfuncs, called by BTF id.
"""

from __future__ import annotations

from tuxscope.asm.errors import OperandError
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.source import author_line
from tuxscope.lean_typing import TYPE_CHECKING, NamedTuple, NoReturn
from tuxscope.suggest import did_you_mean

if TYPE_CHECKING:
    from tuxscope.asm.attach import ProgramType
    from tuxscope.asm.signatures import Parameter, Signature


class Helper(NamedTuple):
    """A helper function.

    Attributes:
        number: what a call instruction holds in its imm.
        name: without the kernel's ``bpf_``.

    All else is what the kernel's header and the kernels themselves say of it; it raises
    LookupError for a helper that is not in the table.
    """

    number: int
    name: str

    def __call__(self, *_: object) -> NoReturn:
        raise OperandError(
            f"a helper is called by an instruction: a.call(helper.{self.name})", author_line()
        )

    @property
    def prototype(self) -> str:
        """Its C declaration in one line."""
        return self._signature.prototype

    @property
    def returns(self) -> str:
        """The C type of its result."""
        return self._signature.returns

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes in r1, r2, ..., without the further ones of a variadic one."""
        return self._signature.parameters

    @property
    def variadic(self) -> bool:
        """Whether there may be more arguments than those."""
        return self._signature.variadic

    @property
    def void(self) -> bool:
        """Whether r0 is unset after it, whatever the C type of its result is."""
        return self._signature.void

    @property
    def nullable(self) -> bool:
        """Whether its result is a pointer that may be NULL."""
        return self._signature.nullable

    @property
    def gpl_only(self) -> bool:
        """Whether every kernel that was asked has it for GPL-compatible programs only."""
        return self._signature.gpl_only

    @property
    def since(self) -> str:
        """The first Linux that has it: "4.1"."""
        return self._signature.since

    @property
    def program_types(self) -> frozenset[ProgramType]:
        """Which programs may call it, by any kernel that was asked.

        Types that are loaded for a target (TRACING, LSM, EXT, STRUCT_OPS), and LIRC_MODE2, were
        asked nowhere, so they are in none.
        """
        return self._signature.program_types

    @property
    def _signature(self) -> Signature:
        from tuxscope.asm.signatures import signature

        return signature(self.number)


class Helpers:
    """All helpers as attributes; a name that is none raises AttributeError with the nearest."""

    def __getattr__(self, name: str) -> Helper:  # only reached the first time
        if name not in NAMES:
            raise AttributeError(
                f"the kernel has no helper {name}{did_you_mean(name.removeprefix('bpf_'), NAMES)}",
                name=name,
                obj=None,
            )
        found = Helper(NAMES.index(name) + 1, name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *NAMES]


helper = Helpers()
