"""Options of a command: each is declared once, as an attribute of a class.

>>> from tuxscope.options import Options, option, switch
>>> from tuxscope.options.parsers import whole_number
>>> class Wanted(Options):
...     pid: int | None = option(
...         "PID", whole_number("a process id", 1842), "trace this process alone", default=None
...     )
...     all: bool = switch(
...         "trace all", default=False, excludes={"pid": "--all traces {other}'s process, too"}
...     )
>>> Wanted(pid=7).pid, Wanted().all
(7, False)

The help, the parsing, and the checks of what goes together come from the declaration, and so do the
types: to a type checker the class is a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any, ClassVar, NoReturn, Self, dataclass_transform

# From the flag and what was typed (after ``--``: the words) to a value. Raises UsageError.
Parser = Callable[[str, Any], Any]

COMMAND = "-- COMMAND"


class Option:
    """The declaration of an option, of an argument, or of the words after ``--``.

    Attributes:
        name: of the attribute that holds the value.
        flag: as it is typed, ``--buffer-pages``; empty for an argument.
        metavar: what the help calls the value; empty where there is none.
        parse: from the flag and what was typed to the value. Raises UsageError.
        help: what it does. A line may be as long as it likes: the help wraps it.
        default: the value where it is not given.
        applies_to: the kinds of page or the actions that it is for; empty for all.
        excludes: by name, what does not go with it, and what is said then; ``{other}`` in there is
            the other's flag.
        needs: the name of an option, the value that it must have beside this one, and what is said
            where it has another; None where it needs nothing.
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

    def reworded(self, help: str, needs: tuple[str, Any, str] | None = None) -> Any:
        """The same option in the words of another command, where it may need something else."""
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
    """An option that takes a value. The parameters are those of :class:`Option`."""
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
    """An option that takes no value; ``default`` is False."""
    return Option(
        "", on_or_off, help, default=default, applies_to=applies_to, excludes=excludes, needs=needs
    )


def argument(parse: Parser | None = None, *, default: Any) -> Any:
    """A word without a flag; in the order of their declaration."""
    return Option("", parse or as_typed, "", default=default, flag="")


def words(help: str, *, default: tuple[str, ...]) -> Any:
    """A command to start, with its arguments: what stands after ``--``."""
    return Option("", some_words, help, default=default, flag=COMMAND)


def on_or_off(flag: str, text: str) -> bool:
    """Fire passes 'True' where a flag has no value."""
    if text not in ("True", "False"):
        raise UsageError(f"{flag} takes no value, not {text!r}")
    return text == "True"


def as_typed(flag: str, text: str) -> str:
    """No parser: the text."""
    return text


def some_words(flag: str, words: Sequence[str]) -> tuple[str, ...]:
    if not words:
        raise UsageError("-- is followed by the command to trace, as in -- ls -l")
    return tuple(words)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(option, switch, argument, words),
)
class Options:
    """What a command line asks for: immutable, with an attribute for each declared option.

    A class has the options of its base, then its own; with ``after="pid"`` its own follow that one.
    An option that is declared again keeps its place, and one that is set to a plain value is no
    option of the class any more.

    Attributes:
        declared: the declarations, by the attribute's name.
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
        """Raises TypeError for what is not declared."""
        if unknown := values.keys() - self.declared.keys():
            raise TypeError(f"{type(self).__name__} declares no {', '.join(sorted(unknown))}")
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"options are immutable; {name} is set by but({name}=...)")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    def but(self, **changes: Any) -> Self:
        """The same with other values."""
        return type(self)(**vars(self) | changes)

    def gives(self, name: str) -> bool:
        """Whether the user gave an option; a switch that is off is not given."""
        return vars(self).get(name, False) is not False

    def check(self) -> None:
        """Raises UsageError where options do not go together."""
        given = [each for name, each in self.declared.items() if self.gives(name)]
        for each in given:
            for name, problem in each.excludes.items():
                if self.gives(name):
                    raise UsageError(problem.format(other=self.declared[name].flag))
        for each in given:
            if each.needs:
                name, value, problem = each.needs
                if getattr(self, name) != value:
                    raise UsageError(problem)

    def misplaced(self, kind: str) -> Option | None:
        """The first option given that does not apply to a kind of page, or to an action."""
        for name, each in self.declared.items():
            if self.gives(name) and each.applies_to and kind not in each.applies_to:
                return each
        return None
