"""The kernel: maps, programs, attach points and rings. Knows no tool."""

from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection, load
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.verification import LogLevel
from tuxscope.loader.verifier import LoadError, VerifierError

__all__ = [
    "Collection", "Link", "LoadError", "LoadedMap", "LoadedProgram", "LogLevel", "PerfReader",
    "VerifierError", "load",
]  # fmt: skip
