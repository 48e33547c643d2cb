"""Loads programs that share maps, as a Collection of cilium/ebpf does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program, checked_program
from tuxscope.errors import ArgumentTypeError, TuxscopeError
from tuxscope.lean_typing import Self, overload
from tuxscope.loader import program as program_loader
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import LoadedProgram, check_maps

# Several programs, for functions that accept one Program, too.
Programs = tuple[Program, ...] | list[Program]


class Collection:
    """Loaded programs; a context manager that closes them and their maps.

    A map that several programs use is created once.

    Attributes:
        programs: a list of the LoadedPrograms, in the given order.
        maps: a dict of Map to LoadedMap; maps that were passed in are not closed.
        recursion_misses: an int, a property.

    ``Collection(programs, maps, log_level)`` loads ``programs``, a sequence of Program; ``maps``,
    a mapping of Map to LoadedMap or None, and ``log_level``, an int, are as in :func:`load`.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        maps: Mapping[Map, LoadedMap] | None = None,
        log_level: int = 0,
    ) -> None:
        """Load all ``programs`` or none; for ``maps`` and ``log_level`` see :func:`load`."""
        check_maps(maps)
        self.programs: list[LoadedProgram] = []
        self.maps: dict[Map, LoadedMap] = dict(maps or {})
        with ExitStack() as stack:
            for each in programs:
                loaded = stack.enter_context(program_loader.load(each, self.maps, log_level))
                self.programs.append(loaded)
                self.maps.update(loaded.maps)
            self._held = stack.pop_all()

    @property
    def recursion_misses(self) -> int:
        """The number of runs that the kernel skipped to prevent recursion (bpf_prog_info), of all
        programs."""
        return sum(each.info().recursion_misses for each in self.programs)

    def close(self) -> None:
        """Close the programs and the maps. Closing again does nothing."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@overload
def load(
    programs: Program, maps: Mapping[Map, LoadedMap] | None = None, log_level: int = 0
) -> LoadedProgram: ...
@overload
def load(
    programs: Programs, maps: Mapping[Map, LoadedMap] | None = None, log_level: int = 0
) -> Collection: ...
def load(
    programs: Program | Programs,
    maps: Mapping[Map, LoadedMap] | None = None,
    log_level: int = 0,
) -> LoadedProgram | Collection:
    """Create the maps of ``programs``, a Program, or a tuple or list of them, and load it or them;
    return the LoadedProgram or the Collection.

    ``maps`` is a mapping of Map to the LoadedMap to use instead of creating one, or None. With
    ``log_level`` (a :class:`tuxscope.loader.LogLevel`), the verifier log of accepted programs is
    kept, too.

    Raises VerifierError with the author's line, LoadError, MapError or PrivilegeError.
    """
    if isinstance(programs, tuple | list):
        return Collection(checked_programs("load", programs), maps, log_level)
    return program_loader.load(checked_program("load", programs), maps, log_level)


def checked_programs(function: str, given: object) -> tuple[Program, ...]:
    """Return ``given``, any object, the argument of ``function``, a name, as a tuple of Program:
    one, or a tuple or list of them.

    Raises ArgumentTypeError for another type, and TuxscopeError if there is no program.
    """
    if not isinstance(given, tuple | list):
        return (checked_program(function, given),)
    if not given:
        kind = type(given).__name__
        raise TuxscopeError(f"{function} takes at least one program; this {kind} is empty")
    for each in given:
        if isinstance(each, tuple | list):
            hint = "unpack it, as in (program, *programs)"
            raise ArgumentTypeError(function, "a Program in each place", each, hint)
    return tuple(checked_program(function, each) for each in given)
