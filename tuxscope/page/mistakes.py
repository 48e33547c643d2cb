"""The message of a page's exception in one line, with the name that may have been meant.

Python looks for that name only when it prints a traceback; tuxscope prints none.
"""

from __future__ import annotations

import builtins
import linecache
import re
import sys
from collections.abc import Iterable
from inspect import signature
from pkgutil import iter_modules
from types import FrameType

from tuxscope import asm, page, record
from tuxscope.asm import Assembler, Register
from tuxscope.asm.forms import FORMS, JUMPS
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.symbolic import METHODS
from tuxscope.page.page import PARAMETERS, PartError
from tuxscope.page.proposal import proposal
from tuxscope.page.slips import INSTRUCTIONS, register_assigned
from tuxscope.record import Record, RecordType
from tuxscope.suggest import did_you_mean

HOMES = (asm, record, page)  # what pages import from

REGISTER = re.compile(r"[rwRW]\d+")
# "cannot import name 'r11' from 'tuxscope.asm' (/usr/lib/.../__init__.py)"
WHERE_FROM = re.compile(r" from '([\w.]+)' \(.*\)$")
# "StreamMap.__init__() missing 1 required ...", "Arithmetic.rsh() missing ..."
QUALIFIED = re.compile(r"^(\w+)\.(\w+)\(\)")
UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'$")
OURS = "did you mean"
PROPOSED = re.compile(r"\. Did you (?:mean|forget)\b.*\?$")
SIGNS = r"\+|-|\*|//?|%|<<|>>|&|\||\^"
# "takes 3 positional arguments but 4 were": of a method the first is its object.
GIVEN = re.compile(r"takes (?:from (\d+) to )?(\d+) positional arguments? but (\d+) (?:was|were)")
# "... but 4 positional arguments (and 1 keyword-only argument) were given"
KEYWORDS_GIVEN = re.compile(
    r" positional arguments? \(and \d+ keyword-only arguments?\)(?= \w+ given)"
)
SUBSCRIPTED = re.compile(r"type '(int|str|bytes|float)' is not subscriptable")
CALLED = re.compile(r"\b(\w+)\(")
# A jump's last argument, and a label's only one.
TAKES_LABEL = "|".join([*(each.name for each in FORMS if each.kind in JUMPS), "label", "call",
                        "function"])  # fmt: skip
LABEL = re.compile(rf"\.(?:{TAKES_LABEL})\((?:.*,)?\s*(\w+)\s*\)")
# Hints for methods that are called with too many arguments.
TOO_MANY = {
    "call": "; arguments are in r1 to r5, each set before the call",
    "exit": "; the result is what r0 holds then",
} | {each: f"; a.{each}(r0, r1) changes r0 itself" for each in METHODS.values()}

# Rust's names of what the kernel calls s64.
SIGNED = {f"i{bits}": f"s{bits}" for bits in (8, 16, 32, 64)}


# Names of C, with the way to write them here.
ELSEWHERE = {
    "sizeof": "a record's size in bytes is its .size, as in HelloEvent.size",
    "NULL": "a null pointer is 0",
    "nullptr": "a null pointer is 0",
}
# Builtins that the module site adds for the interactive prompt.
INTERACTIVE = ("copyright", "credits", "exit", "help", "license", "quit")


def described(error: BaseException, frame: FrameType | None, code: str) -> str:
    """Return the message of ``error``, a BaseException, in one line, with a hint if there is one.

    ``frame`` is the page's FrameType that raised it, or None; ``code``, a str, is the text of its
    line.
    """
    # Since Python 3.13 some messages have a proposal of their own; ours replaces it.
    text = PROPOSED.sub("", " ".join(str(error).split()))
    match error:
        case PartError() if frame:
            proposed = proposal(frame.f_globals, frame.f_code.co_filename)
            return f"{error.problem}; write {proposed}"
        case SyntaxError():
            return error.msg
        case ModuleNotFoundError():
            return text + did_you_mean(*modules_near(error.name or ""))
        case ImportError():
            return imported_name(error, text)
        case UnboundLocalError():
            return (frame and unbound(error.name or quoted(text), frame)) or text
        case NameError():
            return text + missing_name(error.name, frame, code)
        case AttributeError() if isinstance(error.obj, Record):
            kind = type(error.obj).__name__
            return f"{text}; a place for one on the program's stack is a.stack({kind})"
        case AttributeError() if error.obj is not None and OURS not in text:
            return text + did_you_mean(error.name or "", public(dir(error.obj)))
        case TypeError():
            return wrong_call(text, frame, code)
        case KeyError():
            return f"there is no key {text}"
        case RecursionError():
            return f"{text}: a function calls itself again and again"
        case _:
            return text or type(error).__name__


def unbound(name: str, frame: FrameType) -> str:
    """Return the message, a str, for local variable ``name``, a str, of ``frame``, a FrameType,
    that is read before it is assigned; empty if the function assigns it before."""
    number, sign = assignment_in(frame, name)
    if isinstance(frame.f_globals.get(name), Register):
        method = METHODS.get(sign.replace("//", "/"), "mov")
        where = f"line {number}: " * (number != frame.f_lineno)
        return where + register_assigned(name, sign, method)
    if number > frame.f_lineno:
        return f"{name} has no value yet: it gets one further down, in line {number}"
    return ""


def assignment_in(frame: FrameType, name: str) -> tuple[int, str]:
    """Return a pair, an int and a str: the line number at which the function of ``frame``, a
    FrameType, assigns ``name``, and the operator of ``+=`` and the like; 0 and empty if there is no
    such line."""
    begins = re.compile(rf"\s*{re.escape(name)}\s*(?::[^=]+)?({SIGNS})?=(?!=)")
    code = frame.f_code
    last = max((line or 0 for _, _, line in code.co_lines()), default=0)
    lines = linecache.getlines(code.co_filename)[:last]
    for number, line in enumerate(lines[code.co_firstlineno :], code.co_firstlineno + 1):
        if found := begins.match(line):
            return number, found[1] or ""
    return 0, ""


def wrong_call(text: str, frame: FrameType | None, code: str) -> str:
    """Return the message of a TypeError, ``text``, with the names and the numbers that the author
    wrote, and a hint; ``frame``, a FrameType or None, and ``code``, a str, are as in
    described()."""
    called = {each: known(each, frame) for each in CALLED.findall(code)}
    if "'RecordType' has no len()" in text:
        return f"{text}: a record's size in bytes is its .size, as in HelloEvent.size"
    if text == "'int' object is not callable":
        return f"{text}: a number such as HelloEvent.size is written without ()"
    if "'Program'" in text and "unsupported operand" in text:
        return f"{text}: two programs are returned by return a.program(), b.program()"
    if subscripted := SUBSCRIPTED.match(text):
        return f"{text}; did you mean {'char' if subscripted[1] == 'str' else 'u64'}[…]?"
    qualified = QUALIFIED.match(text)
    name, function = qualified.groups() if qualified else ("", text.partition("(")[0])
    if function == "__init__":  # of a base, it may be
        made = (each for each, value in called.items() if initialised_by(value) == name)
        function = next(made, name)
    if near := UNEXPECTED.search(text):
        given = called.get(function) or method_of(name, function, frame)
        text += did_you_mean(near[1], public(parameters(given)))
    if not qualified:
        return text
    text = KEYWORDS_GIVEN.sub("", text)
    if (found := GIVEN.search(text)) and int(found[3]) > int(found[2]):
        text += TOO_MANY.get(function, "") or named_only(function, called.get(function))
    return GIVEN.sub(without_self, QUALIFIED.sub(f"{function}()", text))


def named_only(function: str, value: object) -> str:
    """Return a hint for a call of ``value``, any object, named ``function``, with too many
    positional arguments; empty if there is none."""
    if isinstance(value, RecordType):
        return f"; a record that a register points to is {function}[r1]"
    if not callable(value):
        return ""
    names = [each.name for each in signature(value).parameters.values()
             if each.kind is each.KEYWORD_ONLY and each.default is each.empty]  # fmt: skip
    return f"; name the others: {', '.join(f'{each}=…' for each in names)}" if names else ""


def method_of(name: str, function: str, frame: FrameType | None) -> object:
    """Return the method ``name.function``, if an object in the scope of ``frame``, a FrameType or
    None, is of a class ``name``; both names are str; else None."""
    values = [*frame.f_locals.values(), *frame.f_globals.values()] if frame else []
    for kind in map(type, values):
        if any(each.__name__ == name for each in kind.__mro__):
            return getattr(kind, function, None)
    return None


def initialised_by(value: object) -> str:
    """Return the name of the class whose __init__ ``value``, any object, a class, has; empty if it
    is not a class."""
    made = getattr(value, "__init__", None) if isinstance(value, type) else None
    return str(getattr(made, "__qualname__", "")).removesuffix(".__init__")


def parameters(value: object) -> list[str]:
    """Return the names of the parameters of ``value``, any object, a list of str; empty if it
    cannot be called."""
    return list(signature(value).parameters) if callable(value) else []


def without_self(found: re.Match[str]) -> str:
    """Return the text of ``found``, a re.Match of GIVEN such as ``takes 2 arguments but 3 were``,
    with ``self`` left out of both numbers."""
    least, most, given = (int(each) - 1 if each else None for each in found.groups())
    takes = f"{most}" if least is None else f"{least} to {most}"
    verb = "was" if given == 1 else "were"
    return f"takes {takes} argument{'s' * (most != 1)} but {given} {verb}"


def known(name: str, frame: FrameType | None) -> object:
    """Return the object called ``name`` in the scope of ``frame``, a FrameType or None; None if it
    is not defined."""
    return frame.f_locals.get(name, frame.f_globals.get(name)) if frame else None


def quoted(text: str) -> str:
    """Return the first quoted name in ``text``, a message; empty if there is none."""
    found = re.search(r"'(\w+)'", text)
    return found[1] if found else ""


def public(names: Iterable[str]) -> list[str]:
    """Return a list of those of ``names``, an iterable of str, that do not begin with an
    underscore."""
    return [each for each in names if not each.startswith("_")]


def missing_name(name: str | None, frame: FrameType | None, code: str) -> str:
    """Return a hint, a str, for ``name``, a str or None, which is not defined, or empty; ``frame``,
    a FrameType or None, and ``code``, a str, are as in described()."""
    if not name or not frame:
        return ""
    if REGISTER.fullmatch(name) and name not in asm.__all__:
        return "; registers are r0 to r10"
    if name in SIGNED:
        return f"; did you mean {SIGNED[name]}?"
    if name.removeprefix("bpf_") in NAMES:
        return f"; did you mean helper.{name.removeprefix('bpf_')}?"
    if name in LABEL.findall(code):
        return f'; a name in the program is written in quotes: "{name}"'
    if "__qualname__" in frame.f_locals and code == name:
        return f"; a field has a type, as in {name} = u32"
    for module in HOMES:
        if name in module.__all__:
            return f"; write above: from {module.__name__} import {name}"
    if name in PARAMETERS:
        taken = f"def {frame.f_code.co_name.strip('<>')}({name}=None)"
        return f"; a page's function gets it as a parameter: {taken}"
    if name in ELSEWHERE:
        return f"; {ELSEWHERE[name]}"
    known = frame.f_globals | frame.f_locals
    if near := did_you_mean(name, public(known)):
        return near
    if code.startswith("PAGE"):
        return f"; write {proposal(frame.f_globals, frame.f_code.co_filename)}"
    if name in INSTRUCTIONS:
        a = next((each for each, value in known.items() if isinstance(value, Assembler)), "a")
        return f"; did you mean {a}.{name}?"
    if name in sys.stdlib_module_names:
        return f"; write above: import {name}"
    return did_you_mean(name, [each for each in public(dir(builtins)) if each not in INTERACTIVE])


def imported_name(error: ImportError, text: str) -> str:
    """Return ``text``, a str, the message of ``error``, an ImportError, with the nearest name that
    can be imported, or where it is."""
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
    """Return a triple, the arguments of did_you_mean for module ``name``: its last name, a list of
    all modules of its package, and the package with a dot, a str."""
    package, dot, last = name.rpartition(".")
    if not dot:
        return last, public([*sys.stdlib_module_names, *(each.name for each in iter_modules())]), ""
    path = getattr(sys.modules.get(package), "__path__", None)
    beside = [each.name for each in iter_modules(path)] if path else []
    return last, beside, f"{package}."
