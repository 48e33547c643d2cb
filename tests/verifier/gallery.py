"""All entries: what docs/verifier.md is written from, and what the tests run."""

from __future__ import annotations

from verifier.calls import CALLS
from verifier.entry import Entry
from verifier.flow import ENCODING, FLOW
from verifier.memory import MEMORY
from verifier.registers import REGISTERS

GALLERY: tuple[Entry, ...] = (*REGISTERS, *MEMORY, *CALLS, *FLOW, *ENCODING)
