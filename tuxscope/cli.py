"""The command line: fire's parsing, held to what a user expects of a command.

Fire runs a function before it has looked at all arguments, and answers with six lines. So
commands here only return a :class:`Job`, which runs once every argument is accepted, and what
Fire says is put into one line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module

from tuxscope import __version__
from tuxscope.commands.base import Command, Job
from tuxscope.errors import TuxscopeError, UsageError, strerror
from tuxscope.lean_fire import Fire, FireError, FireExit, keyword_only
from tuxscope.lean_typing import Any
from tuxscope.output.messages import say
from tuxscope.output.screen import narrowed, room
from tuxscope.output.sink import Sink
from tuxscope.suggest import did_you_mean

OVERVIEW = """\
tuxscope: a pure-Python eBPF toolkit

usage: tuxscope COMMAND [options]

  hello      every write() on the system, as it happens
  net        TCP connections: who connects to whom, and what became of it
  run        a page of your own, as a tool
  fields     what a tracepoint hands to a program, and where
  map        a map of a running program, to look at or to set
  asm        a program, instruction by instruction
  step       a program interpreted step by step, without a kernel
  disasm     bytes, or a program in the kernel, as pseudo-C
  explain    a verifier's log, of any loader, in plain words
  learn      exercises, from the first instruction on, and their grader
  doctor     what this machine offers, and what to do about the rest

  --help     this text; tuxscope COMMAND --help tells more of one command
  --version  the version
"""
# Each in a module of its own, which is imported once it is asked for.
COMMANDS = {
    "hello": "Hello",
    "net": "Net",
    "run": "Run",
    "fields": "Fields",
    "map": "Map",
    "asm": "Asm",
    "step": "Step",
    "disasm": "Disasm",
    "explain": "Explain",
    "learn": "Learn",
    "doctor": "Doctor",
}


def parse(arguments: Sequence[str]) -> Job | str:
    """The job that a command line asks for, or a text to print. Raises UsageError."""
    before, words = list(arguments), None
    if "--" in before:
        index = before.index("--")
        before, words = before[:index], before[index + 1 :]
    if before[:1] == ["--version"]:
        return f"tuxscope {__version__}\n"
    if not before or before[0] in ("--help", "-h", "help"):
        return OVERVIEW
    name, *rest = before
    if name not in COMMANDS:
        near = did_you_mean(name, COMMANDS)
        raise UsageError(f"there is no command {name}{near or '; see tuxscope --help'}")
    kind: type[Command] = getattr(import_module(f"tuxscope.commands.{name}"), COMMANDS[name])
    if "--help" in rest or "-h" in rest:
        return kind.help
    try:
        flags = options_of(kind)
        check_options(rest, {*flags, "--help"})
        rest = [renamed(each, flags) for each in rest]
        command = kind(words)
        job = Fire(command.run, rest)
    except FireExit as error:
        raise UsageError(f"{name}: {one_line(error, command)}") from None
    except (FireError, UsageError) as error:
        raise UsageError(f"{name}: {error}") from None
    assert isinstance(job, Job)
    return job


def options_of(kind: type[Command]) -> dict[str, str]:
    """The options of a command as they are typed, and as Fire knows them."""
    names = keyword_only(kind.run)
    return {f"--{kind.flags.get(name, name).replace('_', '-')}": f"--{name}" for name in names}


def renamed(argument: str, flags: Mapping[str, str]) -> str:
    """An argument with Fire's name for the option that it is, if it is one."""
    option, equals, value = argument.partition("=")
    return f"{flags.get(option, option)}{equals}{value}"


def one_line(error: Any, command: Command) -> str:
    """What Fire could not take, in our words."""
    problem = error.trace.elements[-1]._error.args
    if len(problem) == 1:
        return str(problem[0])  # ours, from a parser or a command
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
    try:
        status = execute(sys.argv[1:])
    except TuxscopeError as error:
        from tuxscope.output.report import tell

        tell(error)
        status = error.exit_status
    except PermissionError as error:
        say(f"the kernel refused: {strerror(error)}; tuxscope doctor tells what is missing")
        status = 1
    except OSError as error:
        say(strerror(error))
        status = 1
    sys.exit(status)


def execute(arguments: Sequence[str]) -> int:
    """Do what a command line says; returns the exit status."""
    job = parse(arguments)
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
