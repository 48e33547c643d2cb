"""The one table of causes. The first row that fits a log is its cause."""

from __future__ import annotations

from tuxscope.explain.cause import Cause
from tuxscope.explain.causes.calls import CALLS
from tuxscope.explain.causes.encoding import ENCODING
from tuxscope.explain.causes.flow import FLOW
from tuxscope.explain.causes.memory import MEMORY
from tuxscope.explain.causes.registers import REGISTERS

CAUSES: tuple[Cause, ...] = (*REGISTERS, *MEMORY, *CALLS, *FLOW, *ENCODING)
