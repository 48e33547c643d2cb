"""The kernel's helper functions, by name: ``a.call(helper.ktime_get_ns)``.

The numbers are the kernel's ABI (``enum bpf_func_id``). The list ends with number 211, of Linux
6.2. Newer kernels add kfuncs instead, which are called by BTF id.
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
    """A NamedTuple: a helper function of the kernel.

    Attributes:
        number: an int, the imm of a call instruction.
        name: a str, the name without ``bpf_``.
        prototype, returns, since: each a str, properties.
        parameters: a tuple of Parameter, a property.
        variadic, void, nullable, gpl_only: each a bool, properties.
        program_types: a frozenset of ProgramType, a property.

    The properties come from the kernel's header and from probing kernels. They raise LookupError
    for a helper that is not in the table.
    """

    number: int
    name: str

    def __call__(self, *_: object) -> NoReturn:
        raise OperandError(
            f"a helper is not a Python function: write a.call(helper.{self.name})", author_line()
        )

    @property
    def prototype(self) -> str:
        """The C declaration in one line, a str."""
        return self._signature.prototype

    @property
    def returns(self) -> str:
        """The C type of its result, a str."""
        return self._signature.returns

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """A tuple of the Parameters in r1, r2, ...; without the optional ones of a variadic
        helper."""
        return self._signature.parameters

    @property
    def variadic(self) -> bool:
        """Whether it takes more arguments than ``parameters``."""
        return self._signature.variadic

    @property
    def void(self) -> bool:
        """Whether it leaves r0 uninitialised, whatever the C type of its result is."""
        return self._signature.void

    @property
    def nullable(self) -> bool:
        """Whether it returns a pointer that may be NULL."""
        return self._signature.nullable

    @property
    def gpl_only(self) -> bool:
        """Whether all probed kernels offer it to GPL-compatible programs only."""
        return self._signature.gpl_only

    @property
    def since(self) -> str:
        """The first version of Linux that has it: ``"4.1"``."""
        return self._signature.since

    @property
    def program_types(self) -> frozenset[ProgramType]:
        """A frozenset of the ProgramTypes that may call it on at least one probed kernel.

        TRACING, LSM, EXT, STRUCT_OPS (which are loaded for a target) and LIRC_MODE2 were not
        probed, so they are never included.
        """
        return self._signature.program_types

    @property
    def _signature(self) -> Signature:
        from tuxscope.asm.signatures import signature

        return signature(self.number)


class Helpers:
    """All helpers as attributes: ``helper.ktime_get_ns`` is a Helper.

    An unknown name raises AttributeError, with the nearest name as a hint.
    """

    def __getattr__(self, name: str) -> Helper:  # the first time only: setattr below
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
