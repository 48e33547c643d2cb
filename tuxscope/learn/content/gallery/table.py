"""All entries of the gallery. The tests run them, and docs/verifier.md is made of them."""

from __future__ import annotations

from tuxscope.learn.content.gallery.addresses import ADDRESSES
from tuxscope.learn.content.gallery.calls import CALLS
from tuxscope.learn.content.gallery.entry import Entry
from tuxscope.learn.content.gallery.flow import ENCODING, FLOW
from tuxscope.learn.content.gallery.memory import MEMORY
from tuxscope.learn.content.gallery.registers import REGISTERS

GALLERY: tuple[Entry, ...] = (*REGISTERS, *MEMORY, *ADDRESSES, *CALLS, *FLOW, *ENCODING)
