"""fire without what it imports and hardly uses, which takes longer than all the rest.

What it is here for is in fire.core: giving a command line's words to a function's parameters. What
else it can do is not asked for: our values have parsers of their own, what Fire would print is
put into one line by cli.py, and none of our commands is a coroutine. So fire.core gets stand-ins
that can say just that. Their names in ``sys.modules`` are free again afterwards: whoever else
imports inspect or json gets the real one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any, NoReturn

ROUTINES = (FunctionType, MethodType, BuiltinFunctionType)


def stand_in(name: str, **contents: object) -> ModuleType:
    """A module that has this and nothing else."""
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def parameters(command: Callable[..., Any]) -> SimpleNamespace:
    """What Fire wants to know of a bound method that takes no ``*args``."""
    code = command.__code__
    positional = code.co_varnames[1 : code.co_argcount]
    return SimpleNamespace(
        args=list(positional), defaults=command.__defaults__ or (), varargs=None, varkw=None,
        kwonlyargs=keyword_only(command), kwonlydefaults=command.__kwdefaults__ or {},
    )  # fmt: skip


def keyword_only(function: Callable[..., Any]) -> list[str]:
    """The names of a function's keyword-only parameters."""
    code = function.__code__
    return list(code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount])


def no_member(component: object, words: list[str]) -> NoReturn:
    """Where Fire would go on to an attribute of what it has: a word too many names none."""
    raise FireError("Could not consume arg:", words[0])


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
    *map(stand_in, (
        "asyncio", "json", "shlex", "fire.completion", "fire.console.console_io",
        "fire.formatting", "fire.helptext", "fire.interact", "fire.value_types",
    )),
    stand_in(
        "inspect",
        isclass=lambda component: isinstance(component, type),
        isroutine=lambda component: isinstance(component, ROUTINES),
    ),
    stand_in(
        "fire.inspectutils",
        GetFullArgSpec=parameters,
        GetFileAndLine=lambda component: (None, None),
        IsCoroutineFunction=lambda function: False,
        IsNamedTuple=lambda component: False,
    ),
    stand_in(
        "fire.parser",
        CreateParser=NoFlags,
        SeparateFlagArgs=lambda arguments: (arguments, []),
        DefaultParseValue=str,
    ),
)  # fmt: skip

replaced = {each.__name__: sys.modules.get(each.__name__) for each in STAND_INS}
sys.modules.update({each.__name__: each for each in STAND_INS})
try:
    import fire
    from fire import core
    from fire.core import FireError, FireExit
    from fire.decorators import SetParseFns
finally:
    for name, module in replaced.items():
        if module is None:
            del sys.modules[name]
        else:
            sys.modules[name] = module

core._DisplayError = core._PrintResult = lambda *_, **__: None
core._GetMember = no_member

__all__ = ["FireError", "FireExit", "SetParseFns", "fire", "keyword_only"]
