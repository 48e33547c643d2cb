"""What Python says of a mistake, in one line, with the name that may have been meant.

Python itself only looks for that name when it prints a traceback, which nobody here is shown.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterable
from inspect import signature
from pkgutil import iter_modules
from types import FrameType

from tuxscope import asm, columns, record
from tuxscope.asm import Register
from tuxscope.asm.helpers import NAMES
from tuxscope.field_types import FieldType
from tuxscope.programs import page
from tuxscope.record import Record
from tuxscope.suggest import did_you_mean

HOMES = (asm, record, columns, page)  # where the names of a page come from

REGISTER = re.compile(r"[rwRW]\d+")
# "cannot import name 'r11' from 'tuxscope.asm' (/usr/lib/.../__init__.py)"
WHERE_FROM = re.compile(r" from '([\w.]+)' \(.*\)$")
# "StreamMap.__init__() missing 1 required ...", "Arithmetic.rsh() missing ..."
QUALIFIED = re.compile(r"^(\w+)\.(\w+)\(\)")
UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'$")
# "takes 3 positional arguments but 4 were": of a method the first is its object.
GIVEN = re.compile(r"takes (?:from (\d+) to )?(\d+) positional arguments? but (\d+) (?:was|were)")
CALLED = re.compile(r"\b(\w+)\(")
# A jump's last argument, and a label's only one.
LABEL = re.compile(r"\.(?:j\w+|gotol|may_goto|label)\((?:.*,)?\s*(\w+)\s*\)")

# Rust's names of what the kernel calls s64.
SIGNED = {f"i{bits}": f"s{bits}" for bits in (8, 16, 32, 64)}


def described(error: BaseException, frame: FrameType | None, code: str) -> str:
    """What an exception says, and what may have been meant.

    ``frame`` is the one that made the mistake, ``code`` its line.
    """
    text = " ".join(str(error).split())
    match error:
        case SyntaxError():
            return error.msg
        case ModuleNotFoundError():
            return text + did_you_mean(*modules_near(error.name or ""))
        case ImportError():
            return imported_name(error, text)
        case UnboundLocalError():
            name = error.name or quoted(text)
            if frame and isinstance(frame.f_globals.get(name), Register):
                return (
                    f"{name} = … makes {name} a variable of Python's; to set it, a.mov({name}, …)"
                )
            return text
        case NameError():
            return text + missing_name(error.name, frame, code)
        case AttributeError() if isinstance(error.obj, Record):
            kind = type(error.obj).__name__
            return f"{text}; a place for one on the program's stack is a.stack({kind})"
        case AttributeError() if error.obj is not None and "did you mean" not in text:
            return text + did_you_mean(error.name or "", public(dir(error.obj)))
        case TypeError():
            return wrong_call(text, frame, code)
        case KeyError():
            return f"there is no key {text}"
        case RecursionError():
            return f"{text}: a function calls itself again and again"
        case _:
            return text or type(error).__name__


def wrong_call(text: str, frame: FrameType | None, code: str) -> str:
    """What Python says of a call, with the names and the numbers that the author wrote."""
    called = {each: known(each, frame) for each in CALLED.findall(code)}
    if "object is not callable" in text:
        for name, value in called.items():
            if isinstance(value, FieldType):
                return f"{name} is a type: a.stack({name}) is a place, {name}[r1 + 8] another"
    qualified = QUALIFIED.match(text)
    if not qualified:
        return text
    name, function = qualified.groups()
    if function == "__init__":  # of a base, it may be
        made = (each for each, value in called.items() if initialised_by(value) == name)
        function = next(made, name)
        if near := UNEXPECTED.search(text):
            names = public(parameters(called.get(function)))
            text += did_you_mean(near[1], names)
    return GIVEN.sub(without_self, QUALIFIED.sub(f"{function}()", text))


def initialised_by(value: object) -> str:
    """The class whose __init__ makes objects of another; empty for what is no class."""
    made = getattr(value, "__init__", None) if isinstance(value, type) else None
    return str(getattr(made, "__qualname__", "")).removesuffix(".__init__")


def parameters(value: object) -> list[str]:
    return list(signature(value).parameters) if callable(value) else []


def without_self(found: re.Match[str]) -> str:
    """How many arguments a method takes and was given, as the author counts them."""
    least, most, given = (int(each) - 1 if each else None for each in found.groups())
    takes = f"{most}" if least is None else f"{least} to {most}"
    verb = "was" if given == 1 else "were"
    return f"takes {takes} argument{'s' * (most != 1)} but {given} {verb}"


def known(name: str, frame: FrameType | None) -> object:
    """What a name means there; None where it means nothing."""
    return frame.f_locals.get(name, frame.f_globals.get(name)) if frame else None


def quoted(text: str) -> str:
    """The first name in quotes in what Python says; empty where there is none."""
    found = re.search(r"'(\w+)'", text)
    return found[1] if found else ""


def public(names: Iterable[str]) -> list[str]:
    return [each for each in names if not each.startswith("_")]


def missing_name(name: str | None, frame: FrameType | None, code: str) -> str:
    """What to type instead of, or for, a name that is not defined."""
    if not name or not frame:
        return ""
    if REGISTER.fullmatch(name) and name not in asm.__all__:
        return "; registers are r0 to r10"
    if name in SIGNED:
        return f"; did you mean {SIGNED[name]}?"
    if name.removeprefix("bpf_") in NAMES:
        return f"; did you mean helper.{name.removeprefix('bpf_')}?"
    if name in LABEL.findall(code):
        return f'; a label is written in quotes: "{name}"'
    if "__qualname__" in frame.f_locals and code == name:
        return f"; a field has a type, as in {name} = u32"
    for module in HOMES:
        if name in module.__all__:
            return f"; write above: from {module.__name__} import {name}"
    return did_you_mean(name, public([*frame.f_locals, *frame.f_globals, *dir(builtins)]))


def imported_name(error: ImportError, text: str) -> str:
    """What a module has that is near to the name that it has not."""
    bare = WHERE_FROM.sub(r" from '\1'", text)
    module = sys.modules.get(error.name or "")
    name = quoted(bare)
    for home in HOMES:
        if name in home.__all__ and error.name != home.__name__:
            return f"{bare}; write from {home.__name__} import {name}"
    if REGISTER.fullmatch(name):
        return f"{bare}; registers are r0 to r10"
    if name in SIGNED:
        return f"{bare}; did you mean {SIGNED[name]}?"
    return bare + did_you_mean(name, public(dir(module)))


def modules_near(name: str) -> tuple[str, list[str], str]:
    """A module's last name, those that are beside it, and what stands before them."""
    package, dot, last = name.rpartition(".")
    if not dot:
        return last, public([*sys.stdlib_module_names, *(each.name for each in iter_modules())]), ""
    path = getattr(sys.modules.get(package), "__path__", None)
    beside = [each.name for each in iter_modules(path)] if path else []
    return last, beside, f"{package}."
