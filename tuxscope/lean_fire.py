"""fire without asyncio, which it imports for coroutines and which takes longer than all the rest.

None of our commands is a coroutine, so fire gets a stand-in that can say just that. The name in
``sys.modules`` is free again afterwards: whoever else imports asyncio gets the real one.
"""

import inspect
import sys
from types import ModuleType

if "asyncio" in sys.modules:
    import fire
else:
    stand_in = ModuleType("asyncio")
    stand_in.iscoroutinefunction = inspect.iscoroutinefunction  # type: ignore[attr-defined]
    sys.modules["asyncio"] = stand_in
    try:
        import fire
    finally:
        del sys.modules["asyncio"]

from fire.core import FireError, FireExit
from fire.decorators import SetParseFns

__all__ = ["FireError", "FireExit", "SetParseFns", "fire"]
