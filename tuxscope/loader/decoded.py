"""Programs whose records become others in user space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any, Generic, Protocol, TypeVar
from tuxscope.loader.span_decoder import Columns
from tuxscope.record import Record

R_co = TypeVar("R_co", bound=Record, covariant=True)


class BatchDecoder(Protocol[R_co]):
    """A Protocol: what makes Records of a batch, by its methods records() and finish()."""

    def records(self, columns: Columns) -> Sequence[R_co]:
        """Return the Records, a sequence, of the batch ``columns``, Columns."""

    def finish(self) -> None:
        """Take what is needed of the maps, which are closed after this; more batches may follow.

        Raises MapError.
        """


@dataclass(frozen=True)
class DecodedPrograms(Generic[R_co]):
    """A frozen dataclass: programs, for ``tuxscope.open``, whose records only together with their
    maps tell what happened.

    Attributes:
        programs: a tuple of Program; they share their maps.
        prepare: a function that takes the loaded maps, a mapping by Map, fills them, and returns a
            BatchDecoder.
    """

    programs: tuple[Program, ...]
    prepare: Callable[[Mapping[Map, Any]], BatchDecoder[R_co]]
