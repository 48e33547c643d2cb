"""The command line: fire's parsing, held to what a user expects of a command.

Fire runs a function before it has looked at all arguments, and answers with six lines. So
commands here only return a :class:`Job`, which runs once every argument is accepted, and what
Fire says is put into one line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from importlib import import_module

from tuxscope import __version__
from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import TuxscopeError, UsageError, strerror
from tuxscope.lean_fire import Fire, FireExit, taking
from tuxscope.lean_typing import Any
from tuxscope.options import COMMAND
from tuxscope.output.messages import say
from tuxscope.output.screen import narrowed, room
from tuxscope.output.sink import Sink
from tuxscope.suggest import did_you_mean
from tuxscope.tools import COMMANDS

OVERVIEW = """\
tuxscope: a pure-Python eBPF toolkit

usage: tuxscope COMMAND [options]

{commands}
  --help     this text; tuxscope COMMAND --help tells more of one command
  --version  the version
"""


def parse(arguments: Sequence[str]) -> Job | str:
    """The job that a command line asks for, or a text to print. Raises UsageError."""
    before, words = list(arguments), None
    if "--" in before:
        index = before.index("--")
        before, words = before[:index], before[index + 1 :]
    if before[:1] == ["--version"]:
        return f"tuxscope {__version__}\n"
    if not before or before[0] in ("--help", "-h", "help"):
        return overview()
    name, *rest = before
    if name not in COMMANDS:
        near = did_you_mean(name, COMMANDS)
        raise UsageError(f"there is no command {name}{near or '; see tuxscope --help'}")
    kind: type[Subcommand] = getattr(
        import_module(COMMANDS[name].module), f"{name.capitalize()}Command"
    )
    command = kind()
    if "--help" in rest or "-h" in rest:
        return help_of(command)
    try:
        flags = {each.flag: f"--{each.name}" for each in command.options.declared.values()
                 if each.flag and each.flag != COMMAND}  # fmt: skip
        check_options(rest, {*flags, "--help"})
        rest = [renamed(each, flags) for each in rest]
        job = Fire(component(command, words), rest)
    except FireExit as error:
        raise UsageError(f"{name}: {one_line(error, command)}") from None
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    assert isinstance(job, Job)
    return job


def overview() -> str:
    """What ``tuxscope --help`` prints."""
    lines = (f"  {each.name:<9}  {each.summary}\n" for each in COMMANDS.values())
    return OVERVIEW.format(commands="".join(lines))


def help_of(command: Subcommand) -> str:
    """What ``--help`` prints."""
    from tuxscope.options.help import option_lines

    return command.help.replace("{options}", option_lines(command.options, command.shows))


def component(command: Subcommand, words: Sequence[str] | None) -> Callable[..., Job]:
    """What Fire calls for a command: it takes what is declared, and returns the job.

    ``words``: what stood after ``--``, which Fire never sees; None without a ``--``. Raises
    UsageError.
    """
    declared = command.options.declared
    values: dict[str, Any] = {}
    if words is not None:
        behind = next((each for each in declared.values() if each.flag == COMMAND), None)
        if behind is None:
            raise UsageError("it traces no command; leave out -- and what follows")
        values[behind.name] = behind.parse(COMMAND, words)
    arguments: dict[str, Callable[[str], Any]] = {}
    options: dict[str, Callable[[str], Any]] = {}
    for name, each in declared.items():
        if each.flag != COMMAND:
            parse = partial(each.parse, each.flag or f"--{name}")
            (options if each.flag else arguments)[name] = parse

    def made(*typed: Any, **named: Any) -> Job:
        pairs = zip(arguments, typed, strict=True)
        given = {name: value for name, value in pairs if value is not None}
        asked = command.options(**values, **given, **named)
        asked.check()
        return command.run(asked)

    return taking(made, arguments, options)


def renamed(argument: str, flags: Mapping[str, str]) -> str:
    """An argument with Fire's name for the option that it is, if it is one."""
    option, equals, value = argument.partition("=")
    return f"{flags.get(option, option)}{equals}{value}"


def one_line(error: Any, command: Subcommand) -> str:
    """What Fire could not take, in our words."""
    problem = error.trace.elements[-1]._error.args
    if len(problem) == 1:
        return str(problem[0])
    # "Could not consume arg:" and the like, with what it was.
    found = problem[1]
    word = str(next(iter(found), "") if isinstance(found, list | set | tuple) else found)
    return f"{word!r} is one word too many; {command.stray(word)}"


def check_options(arguments: Sequence[str], known: Collection[str]) -> None:
    """Refuse what is no option of ours: Fire would take -p, ---pid, --nopid and --pid twice.

    Raises UsageError.
    """
    seen = set()
    for argument in arguments:
        option = argument.partition("=")[0]
        if option[:1] != "-" or option == "-" or option[1].isdecimal():
            # a word, a lone hyphen, a negative number
            continue
        if option not in known:
            near = did_you_mean(option.lstrip("-"), [each[2:] for each in known], "--")
            raise UsageError(f"there is no option {option}{near or '; see --help'}")
        if option in seen:
            raise UsageError(f"{option} is given twice")
        seen.add(option)


def main() -> None:
    """Run the command line, and exit with its status."""
    keep_standard_streams_open()
    sys.exit(status_of(sys.argv[1:]))


def status_of(arguments: Sequence[str]) -> int:
    """Do what a command line says; returns the exit status.

    Whatever a command raises is caught and printed here, and nowhere else.
    """
    verifier_log = None
    try:
        job = parse(arguments)
        if isinstance(job, Job):
            verifier_log = job._verifier_log
        return execute(job)
    except TuxscopeError as error:
        from tuxscope.output.report import tell

        tell(error, verifier_log)
        return error.exit_status
    except PermissionError as error:
        say(f"the kernel refused: {strerror(error)}; tuxscope doctor tells what is missing")
        return 1
    except OSError as error:
        say(strerror(error))
        return 1


def execute(job: Job | str) -> int:
    """Run a job, or print a text; returns the exit status."""
    if isinstance(job, str):
        if columns := room():
            job = "".join(f"{line}\n" for line in narrowed(job, columns))
        Sink().write(job)
        return 0
    return job._run()


def keep_standard_streams_open() -> None:
    """Put /dev/null where stdin, stdout or stderr is closed: else the next file that is opened
    gets its number, and what is meant for the user is written there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
