"""fire without what it imports and hardly uses, which takes longer than all the rest.

None of our commands is a coroutine, nothing is Windows, and what Fire would print is put into one
line by cli.py. So fire gets stand-ins that can say just that. Their names in ``sys.modules`` are
free again afterwards: whoever else imports asyncio or argparse gets the real one.
"""

import inspect
import sys
from types import ModuleType, SimpleNamespace


def stand_in(name: str, **contents: object) -> ModuleType:
    """A module that has this and nothing else."""
    module = ModuleType(name)
    vars(module).update(contents)
    return module


class NoFlags:
    """For fire's own flags, behind a last ``--``: there are none. An isolated ``-`` would be its
    separator between chained commands; for us it is stdin."""

    def parse_known_args(self, arguments: object) -> tuple[SimpleNamespace, list[str]]:
        flags = SimpleNamespace(
            completion=None, help=False, interactive=False, separator="\0", trace=False,
            verbose=False,
        )  # fmt: skip
        return flags, []


STAND_INS = (
    stand_in("asyncio", iscoroutinefunction=inspect.iscoroutinefunction),
    stand_in("argparse"),
    stand_in("fire.formatting_windows"),
    stand_in("fire.console.console_io"),
)

placed = [each for each in STAND_INS if each.__name__ not in sys.modules]
sys.modules.update({each.__name__: each for each in placed})
try:
    import fire
    from fire import parser
    from fire.core import FireError, FireExit
    from fire.decorators import SetParseFns
finally:
    for each in placed:
        del sys.modules[each.__name__]

parser.CreateParser = NoFlags

__all__ = ["FireError", "FireExit", "SetParseFns", "fire"]
