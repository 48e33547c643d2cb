"""All entries: what docs/verifier.md is written from, and what the tests run."""

from __future__ import annotations

from tuxscope.learn.gallery.addresses import ADDRESSES
from tuxscope.learn.gallery.calls import CALLS
from tuxscope.learn.gallery.entry import Entry
from tuxscope.learn.gallery.flow import ENCODING, FLOW
from tuxscope.learn.gallery.memory import MEMORY
from tuxscope.learn.gallery.registers import REGISTERS

GALLERY: tuple[Entry, ...] = (*REGISTERS, *MEMORY, *ADDRESSES, *CALLS, *FLOW, *ENCODING)
