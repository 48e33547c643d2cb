"""fire without what it imports and hardly uses, which takes longer than all the rest.

What it is here for is in fire.core: giving a command line's words to a function's parameters. What
else it can do is not asked for: our values have parsers of their own, what Fire would print is
put into one line by cli.py, and none of our commands is a coroutine. So its modules are run with
an import statement of their own, which gives them stand-ins that can say just that.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, SimpleNamespace

from tuxscope.lean_typing import Any, NoReturn

ROUTINES = (FunctionType, MethodType, BuiltinFunctionType)


def stand_in(name: str, **contents: object) -> ModuleType:
    """Return a ModuleType called ``name`` with the attributes ``contents``, keyword arguments,
    only."""
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def fire_component(
    call: Callable[..., Any],
    arguments: Mapping[str, Callable[[str], Any]],
    options: Mapping[str, Callable[[str], Any]],
) -> Callable[..., Any]:
    """Return a function that Fire can call in place of ``call``, a callable. It takes the words
    ``arguments`` and the flags ``options``, both mappings of name to parser, a function of the
    text.

    None of them is required: a word that is missing is None. ``call`` gets what the parsers return.
    """

    def component(*values: Any, **named: Any) -> Any:
        return call(*values, **named)

    component.parameters = SimpleNamespace(  # type: ignore[attr-defined]
        args=list(arguments), defaults=(None,) * len(arguments), varargs=None, varkw=None,
        kwonlyargs=list(options), kwonlydefaults=dict.fromkeys(options),
    )  # fmt: skip
    made: Callable[..., Any] = SetParseFns(**arguments, **options)(component)
    return made


def no_member(component: object, words: list[str]) -> NoReturn:
    """Raise FireError for the first of ``words``, a list of str, an unexpected argument, where Fire
    would look up an attribute of ``component``, any object."""
    raise FireError("Could not consume arg:", words[0])


class NoFlags:
    """The parser of fire's own flags, behind a last ``--``: there are none. An isolated ``-`` would
    be its separator between chained commands; for us it is stdin."""

    def parse_known_args(self, arguments: object) -> tuple[SimpleNamespace, list[str]]:
        """Return a pair: a SimpleNamespace of fire's own flags at their defaults, and an empty
        list; ``arguments``, any object, are not looked at."""
        flags = SimpleNamespace(
            completion=None, help=False, interactive=False, separator="\0", trace=False,
            verbose=False,
        )  # fmt: skip
        return flags, []


STAND_INS = {
    "asyncio": stand_in("asyncio"),
    "json": stand_in("json"),
    "re": stand_in("re"),
    "shlex": stand_in("shlex"),
    "typing": stand_in("typing", Any=object, Dict=dict),
    "inspect": stand_in(
        "inspect",
        isclass=lambda component: isinstance(component, type),
        isroutine=lambda component: isinstance(component, ROUTINES),
    ),
    "fire.inspectutils": stand_in(
        "fire.inspectutils",
        GetFullArgSpec=lambda component: component.parameters,
        GetFileAndLine=lambda component: (None, None),
        IsCoroutineFunction=lambda function: False,
        IsNamedTuple=lambda component: False,
    ),
    "fire.parser": stand_in(
        "fire.parser",
        CreateParser=NoFlags,
        SeparateFlagArgs=lambda arguments: (arguments, []),
        DefaultParseValue=str,
    ),
}
OURS = ("fire.core", "fire.decorators", "fire.trace")  # which are Fire's own


class Private:
    """Fire's modules, and stand-ins for what they import.

    They are in no ``sys.modules``: who imports fire, inspect or json has the real one, before or
    after us.
    """

    def __init__(self) -> None:
        finder = find("fire", None)
        self._where = finder.submodule_search_locations
        self._builtins = vars(builtins) | {"__import__": self._import}
        self._modules: dict[str, ModuleType] = {}

    def load(self, name: str) -> ModuleType:
        """Return the module ``name`` of the package, a ModuleType, run with our import
        statement."""
        if name not in self._modules:
            spec = find(name, self._where)
            code = spec.loader.get_code(name)
            module = self._modules[name] = stand_in(
                name, __builtins__=self._builtins, __package__="fire", __file__=spec.origin
            )
            exec(code, vars(module))
        return self._modules[name]

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """``__import__()``: for ``from fire import trace`` what has an attribute of that name."""
        if name.partition(".")[0] == "fire":
            return stand_in(
                name, **{each: self._member(f"{name}.{each}") for each in fromlist or ()}
            )
        return STAND_INS.get(name) or __import__(name, globals, locals, fromlist or (), level)

    def _member(self, name: str) -> ModuleType:
        return self.load(name) if name in OURS else STAND_INS.get(name) or stand_in(name)


def find(name: str, path: Sequence[str] | None) -> Any:
    """Return the ModuleSpec of the module ``name``, searched in ``path``, a sequence of str or
    None. Raises ModuleNotFoundError."""
    for finder in sys.meta_path:
        if spec := finder.find_spec(name, path):
            return spec
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


private = Private()
core: Any = private.load("fire.core")
core._DisplayError = core._PrintResult = lambda *_, **__: None
core._GetMember = no_member
core._IsFlag = lambda argument: argument.startswith("--")  # -p is reported earlier
Fire: Callable[..., Any] = core.Fire
FireError: type[Exception] = core.FireError
FireExit: type[SystemExit] = core.FireExit
SetParseFns: Callable[..., Any] = private.load("fire.decorators").SetParseFns

__all__ = ["Fire", "FireError", "FireExit", "fire_component"]
