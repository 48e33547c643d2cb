"""The kernel: maps, programs, attach points and rings. Knows no tool."""

from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection, load
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.verification import LogLevel

if TYPE_CHECKING:
    from tuxscope.loader.verifier import LoadError, VerifierError

__all__ = [
    "Collection", "Link", "LoadError", "LoadedMap", "LoadedProgram", "LogLevel", "PerfReader",
    "VerifierError", "load",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The errors: a program that is accepted need not wait for their import."""
    if name not in ("LoadError", "VerifierError"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tuxscope.loader import verifier

    return getattr(verifier, name)
