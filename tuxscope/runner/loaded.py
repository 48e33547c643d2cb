"""A page's programs in the kernel, with the maps that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tuxscope.asm import Program
from tuxscope.asm.maps import Map
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import Self
from tuxscope.loader.attach import Link
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import LoadedProgram, load


class Loaded:
    """Loads programs; a context manager that closes them, and the maps.

    Attributes:
        programs: in their order.
        maps: by description. A map that two programs name is one.
    """

    def __init__(self, programs: Sequence[Program], log_level: int = 0) -> None:
        """Raises what :func:`tuxscope.loader.program.load` does."""
        self.programs: list[LoadedProgram] = []
        self.maps: dict[Map, LoadedMap] = {}
        with ExitStack() as stack:
            for each in programs:
                loaded = stack.enter_context(load(each, self.maps, log_level))
                self.programs.append(loaded)
                self.maps.update(loaded.maps)
            self._held = stack.pop_all()

    def map(self, wanted: Map) -> LoadedMap:
        """The one of a description. Raises TuxscopeError where no program uses it."""
        if wanted in self.maps:
            return self.maps[wanted]
        used = ", ".join(each.name for each in self.maps) or "none"
        raise TuxscopeError(
            f"the page shows {wanted.name}, which its program does not use; it uses {used}"
        )

    @property
    def missed(self) -> int:
        """Runs that the kernel left out, as a program had interrupted itself."""
        return sum(each.info().recursion_misses for each in self.programs)

    @contextmanager
    def attached(self) -> Iterator[None]:
        """All of them are attached while this is open."""
        with ExitStack() as stack:
            for each in self.programs:
                stack.enter_context(Link(each))
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
