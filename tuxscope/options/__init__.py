"""Options of a command, each declared once, as a class attribute.

>>> from tuxscope.options import Options, option, switch
>>> from tuxscope.options.parsers import integer
>>> class Wanted(Options):
...     pid: int | None = option(
...         "PID", integer("a process id", 1842), "trace only this process", default=None
...     )
...     all: bool = switch(
...         "trace every process", default=False, excludes={"pid": "--all and {other} conflict"}
...     )
>>> Wanted(pid=7).pid, Wanted().all
(7, False)

The help text, the parser and the checks for conflicting options come from the declaration. A type
checker sees a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any, ClassVar, NoReturn, Self, dataclass_transform

# parse(flag, text) returns the value, or raises UsageError. For the words after ``--``, text is a
# sequence of str.
Parser = Callable[[str, Any], Any]

COMMAND = "-- COMMAND"


class Option:
    """The declaration of an option, a positional argument, or the words after ``--``.

    Attributes:
        name: a str, the attribute that holds the value.
        flag: a str or None, as typed, for example ``--buffer-pages``; empty for a positional
            argument.
        metavar: the name of the value in the help text; empty for a switch.
        parse: a Parser, a callable that takes the flag and the text, and returns the value, or
            raises UsageError.
        help: a str, what the option does, as one paragraph; ``--help`` wraps it.
        default: the value if the option is not given.
        applies_to: a sequence of the kinds of page, or the actions, that accept the option; empty
            for all.
        excludes: a mapping of the names of conflicting options to error messages. ``{other}`` in a
            message becomes the flag of the conflicting option.
        needs: a triple, ``(name, value, message)``: option ``name`` must have ``value``, else
            UsageError with ``message``. None if the option needs no other.
    """

    def __init__(
        self,
        metavar: str,
        parse: Parser,
        help: str,
        *,
        default: Any,
        flag: str | None = None,
        applies_to: Sequence[str] = (),
        excludes: Mapping[str, str] | None = None,
        needs: tuple[str, Any, str] | None = None,
    ) -> None:
        self.name = ""
        self.metavar = metavar
        self.parse = parse
        self.help = help
        self.default = default
        self.flag = flag
        self.applies_to = applies_to
        self.excludes = excludes or {}
        self.needs = needs

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.flag is None:
            self.flag = f"--{name.replace('_', '-')}"

    def with_help(self, help: str, needs: tuple[str, Any, str] | None = None) -> Any:
        """Return a copy of the Option with the help text ``help``, and with ``needs``, a tuple,
        unless that is None."""
        return Option(
            self.metavar, self.parse, help, default=self.default, flag=self.flag,
            applies_to=self.applies_to, excludes=self.excludes, needs=needs or self.needs,
        )  # fmt: skip


def option(
    metavar: str,
    parse: Parser,
    help: str,
    *,
    default: Any,
    flag: str | None = None,
    applies_to: Sequence[str] = (),
    excludes: Mapping[str, str] | None = None,
    needs: tuple[str, Any, str] | None = None,
) -> Any:
    """Declare an option that takes a value, ``metavar`` in the help text; return the
    :class:`Option`.

    ``parse``, a function of flag and text that returns the value, ``help``, a str, and,
    keyword-only, ``default``, ``flag`` (a str, or None: from the attribute's name), ``applies_to``,
    a sequence of str, ``excludes``, a mapping or None, and ``needs``, a tuple or None, are its
    attributes.
    """
    return Option(
        metavar, parse, help, default=default, flag=flag, applies_to=applies_to,
        excludes=excludes, needs=needs,
    )  # fmt: skip


def switch(
    help: str,
    *,
    default: bool,
    applies_to: Sequence[str] = (),
    excludes: Mapping[str, str] | None = None,
    needs: tuple[str, Any, str] | None = None,
) -> Any:
    """Declare an option without a value, whose ``default`` is a bool; return the :class:`Option`.

    ``help``, a str, and, keyword-only, ``default``, ``applies_to``, a sequence of str,
    ``excludes``, a mapping or None, and ``needs``, a tuple or None, are its attributes.
    """
    return Option(
        "", parse_switch, help, default=default, applies_to=applies_to,
        excludes=excludes, needs=needs,
    )  # fmt: skip


def argument(parse: Parser | None = None, *, default: Any) -> Any:
    """Declare a positional argument with its ``default``, any object, keyword-only; return the
    Option. ``parse``, called with flag and text, returns the value; None for text as typed.

    Their order is that of the declarations.
    """
    return Option("", parse or parse_text, "", default=default, flag="")


def trailing_command(help: str, *, default: tuple[str, ...]) -> Any:
    """Declare ``-- COMMAND``, the command to start, with its ``help``, a str, and ``default``, a
    tuple of words, keyword-only; return the Option."""
    return Option("", parse_command, help, default=default, flag=COMMAND)


def parse_switch(flag: str, text: str) -> bool:
    """Return True for a switch ``flag``: Fire passes 'True' as ``text`` for a flag without a value.

    Raises UsageError if the switch was given a value.
    """
    if text not in ("True", "False"):
        raise UsageError(f"{flag} takes no value, not {text!r}")
    return text == "True"


def parse_text(flag: str, text: str) -> str:
    """Return ``text`` as it was typed, whatever ``flag`` is."""
    return text


def parse_command(flag: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return ``words``, a sequence of those after ``--`` (the ``flag``), as a tuple of str. Raises
    UsageError if there are none."""
    if not words:
        raise UsageError("-- needs a command, for example: -- ls -l")
    return tuple(words)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(option, switch, argument, trailing_command),
)
class Options:
    """The parsed options of a command: immutable, with an attribute for each declared option.

    A subclass has the options of its base, then its own; with ``after="pid"`` its own follow
    ``pid``. An option that a subclass declares again keeps its place in the help text. To remove an
    inherited option, assign a plain value to its name.

    Attributes:
        declared: a mapping of the attributes' names to the :class:`Option` of each.
    """

    declared: ClassVar[Mapping[str, Option]] = {}

    def __init_subclass__(cls, after: str = "") -> None:
        inherited = {
            name: each
            for name, each in cls.declared.items()
            if isinstance(vars(cls).get(name, each), Option)
        }
        own = {name: each for name, each in vars(cls).items() if isinstance(each, Option)}
        for name, each in own.items():
            setattr(cls, name, each.default)
        declared: dict[str, Option] = {}
        for name, each in inherited.items():
            declared[name] = own.get(name, each)
            if name == after:
                declared |= {new: each for new, each in own.items() if new not in inherited}
        cls.declared = declared | own

    def __init__(self, **values: Any) -> None:
        """Raises TypeError for a name that is not declared."""
        if unknown := values.keys() - self.declared.keys():
            raise TypeError(f"{type(self).__name__} declares no {', '.join(sorted(unknown))}")
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"options are immutable; {name} use replace({name}=...)")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with ``changes``, values by option name as keyword arguments, as
        ``dataclasses.replace`` does."""
        return type(self)(**vars(self) | changes)

    def is_given(self, name: str) -> bool:
        """Return whether the user gave the option ``name``, a str. A switch that is off counts as
        not given."""
        return vars(self).get(name, False) is not False

    def check(self) -> None:
        """Raise UsageError if options conflict, or if one lacks the option that it needs."""
        given = [each for name, each in self.declared.items() if self.is_given(name)]
        for each in given:
            for name, problem in each.excludes.items():
                if self.is_given(name):
                    raise UsageError(problem.format(other=self.declared[name].flag))
        for each in given:
            if each.needs:
                name, value, problem = each.needs
                if getattr(self, name) != value:
                    raise UsageError(problem)

    def inapplicable(self, kind: str) -> Option | None:
        """Return the first given Option that ``kind``, a str (of page, or action), does not accept,
        or None."""
        for name, each in self.declared.items():
            if self.is_given(name) and each.applies_to and kind not in each.applies_to:
                return each
        return None
