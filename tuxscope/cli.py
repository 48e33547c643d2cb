"""The command line: parses arguments with Fire, runs the command, prints errors.

Fire calls a function before it has checked all arguments, and prints six lines for an error. So a
command returns a :class:`Job`, which runs once all arguments are accepted, and an error of Fire
becomes one line.
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
from tuxscope.lean_fire import Fire, FireExit, fire_component
from tuxscope.lean_typing import Any
from tuxscope.options import COMMAND
from tuxscope.output.messages import say
from tuxscope.output.screen import room, wrapped_help
from tuxscope.output.sink import Sink
from tuxscope.suggest import did_you_mean
from tuxscope.tools import COMMANDS

OVERVIEW = """\
tuxscope: a pure-Python eBPF assembler, loader and tracer

usage: tuxscope COMMAND [options]

{commands}
  --help     print this help; for one command: tuxscope COMMAND --help
  --version  print the version
"""


def parse(arguments: Sequence[str]) -> Job | str:
    """Return the Job to run, or the text to print, of a command line: ``arguments``, a sequence of
    str without argv[0].

    Raises UsageError.
    """
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
        raise UsageError(f"unknown command {name!r}{near or '; see tuxscope --help'}")
    kind: type[Subcommand] = getattr(
        import_module(COMMANDS[name].module), f"{name.capitalize()}Command"
    )
    command = kind()
    if "--help" in rest or "-h" in rest:
        return help_of(command)
    try:
        flags = {each.flag: f"--{each.name}" for each in command.options.declared.values()
                 if each.flag and each.flag != COMMAND}  # fmt: skip
        check_options(rest, {*flags, "--help"}, command)
        rest = [with_fire_name(each, flags) for each in rest]
        job = Fire(component(command, words), rest)
    except FireExit as error:
        raise UsageError(f"{name}: {fire_problem(error, command)}") from None
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    assert isinstance(job, Job)
    return job


def overview() -> str:
    """Return the text of ``tuxscope --help``, a str."""
    lines = (f"  {each.name:<9}  {each.summary}\n" for each in COMMANDS.values())
    return OVERVIEW.format(commands="".join(lines))


def help_of(command: Subcommand) -> str:
    """Return the text of ``tuxscope COMMAND --help`` for ``command``, a Subcommand, as a str."""
    from tuxscope.options.help import option_lines

    return command.help.replace("{options}", option_lines(command.options, command.page_kind))


def component(command: Subcommand, words: Sequence[str] | None) -> Callable[..., Job]:
    """Return the function that Fire calls for ``command``, a Subcommand: it takes words and flags,
    parses the declared options, and returns the Job.

    ``words`` are a sequence of the words after ``--``, which Fire does not see; None without a
    ``--``. Raises UsageError if the command does not take ``-- COMMAND``.
    """
    declared = command.options.declared
    values: dict[str, Any] = {}
    if words is not None:
        behind = next((each for each in declared.values() if each.flag == COMMAND), None)
        if behind is None:
            raise UsageError("this command does not take -- COMMAND")
        values[behind.name] = behind.parse(COMMAND, words)
    arguments: dict[str, Callable[[str], Any]] = {}
    options: dict[str, Callable[[str], Any]] = {}
    for name, each in declared.items():
        if each.flag != COMMAND:
            parse = partial(each.parse, each.flag or f"--{name}")
            (options if each.flag else arguments)[name] = parse

    def make_job(*typed: Any, **named: Any) -> Job:
        pairs = zip(arguments, typed, strict=True)
        given = {name: value for name, value in pairs if value is not None}
        asked = command.options(**values, **given, **named)
        asked.check()
        return command.run(asked)

    return fire_component(make_job, arguments, options)


def with_fire_name(argument: str, flags: Mapping[str, str]) -> str:
    """Return ``argument`` with its flag as Fire knows it, a str: ``--first=3`` for ``--from=3``.
    ``flags`` is a mapping of the declared flags to those of Fire."""
    option, equals, value = argument.partition("=")
    return f"{flags.get(option, option)}{equals}{value}"


def fire_problem(error: Any, command: Subcommand) -> str:
    """Return the message, in one line, for ``error``, a FireExit that the arguments of ``command``,
    a Subcommand, caused."""
    problem = error.trace.elements[-1]._error.args
    if len(problem) == 1:
        return str(problem[0])
    # "Could not consume arg:" and the like, then the argument.
    found = problem[1]
    word = str(next(iter(found), "") if isinstance(found, list | set | tuple) else found)
    return f"unexpected argument {word!r}; {command.unexpected_hint(word)}"


def check_options(arguments: Sequence[str], known: Collection[str], command: Subcommand) -> None:
    """Raise UsageError for an option in ``arguments``, a sequence of str, that is repeated, or is
    not in ``known``, a collection of the flags of ``command``, a Subcommand.

    Fire alone would accept -p, ---pid, --nopid, and --pid twice.
    """
    seen = set()
    for index, argument in enumerate(arguments):
        option = argument.partition("=")[0]
        if option[:1] != "-" or option == "-" or option[1].isdecimal():
            # a word, a lone hyphen, a negative number
            continue
        if option not in known:
            if option[1] != "-" and (hint := short_hint(arguments[index:], command)):
                raise UsageError(f"unknown option {option[:2]}; {hint}")
            near = did_you_mean(option.lstrip("-"), [each[2:] for each in known], "--")
            raise UsageError(f"unknown option {option}{near or '; see --help'}")
        if option in seen:
            raise UsageError(f"{option} is given twice")
        seen.add(option)


def short_hint(arguments: Sequence[str], command: Subcommand) -> str:
    """Return the hint of ``command``, a Subcommand, for the option of one letter that ``arguments``
    begin with; empty if there is none. Its value is behind the letter, or the next argument."""
    option, *rest = arguments
    following = rest[0] if rest and rest[0][:1] != "-" else ""
    return command.short_option_hint(option[1], option[2:] or following)


def main() -> None:
    """Run the command line in sys.argv and exit with its status."""
    keep_standard_streams_open()
    sys.exit(status_of(sys.argv[1:]))


def status_of(arguments: Sequence[str]) -> int:
    """Run a command line, ``arguments``, a sequence of str without argv[0]; return the exit status,
    an int.

    All errors of commands are caught and printed here.
    """
    verifier_log = None
    try:
        job = parse(arguments)
        if isinstance(job, Job):
            verifier_log = job._verifier_log
        return execute(job)
    except TuxscopeError as error:
        from tuxscope.output.report import print_error

        print_error(error, verifier_log)
        return error.exit_status
    except PermissionError as error:
        say(f"not permitted by the kernel: {strerror(error)}; try: tuxscope doctor")
        return 1
    except OSError as error:
        say(strerror(error))
        return 1


def execute(job: Job | str) -> int:
    """Run ``job`` if it is a Job, or print it if it is a text; return the exit status, an int."""
    if isinstance(job, str):
        if columns := room():
            job = "".join(f"{line}\n" for line in wrapped_help(job, columns))
        Sink().write(job)
        return 0
    return job._run()


def keep_standard_streams_open() -> None:
    """Open /dev/null as stdin, stdout or stderr if one of them is closed.

    Else the next file that is opened gets that fd, and messages for the user go into the file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
