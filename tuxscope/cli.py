"""The command line: fire's parsing, held to what a user expects of a command.

Fire runs a function before it has looked at all arguments, and answers with six lines. So
commands here only return a :class:`Job`, which runs once every argument is accepted, and what
Fire says is put into one line.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import math
import os
import re
import sys
from collections.abc import Callable, Collection, Sequence

from tuxscope import __version__
from tuxscope.errors import TuxscopeError, UsageError, strerror
from tuxscope.lean_fire import FireError, FireExit, SetParseFns, fire
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.sink import Sink
from tuxscope.suggest import did_you_mean


class Job:
    """What a command will do; nothing that Fire could find a member in."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[], int]) -> None:
        self._run = run

    def __dir__(self) -> list[str]:
        return []


def whole_number(flag: str, what: str, example: int) -> Callable[[str], int]:
    """A parser for a flag that takes ``what``, a whole number from 1 on."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0):
            raise FireError(f"--{flag} takes {what}, as in --{flag} {example}, not {given(text)}")
        return int(text)

    return parse


def given(text: str) -> str:
    """What the user gave, for an error; 'True' is Fire's word for a flag without a value."""
    return "nothing" if text == "True" else repr(text)


def page_count(text: str) -> int:
    pages = whole_number("buffer-pages", "a power of two", 64)(text)
    from tuxscope.loader.perf_reader import LARGEST_PAGES

    if pages & pages - 1 or pages > LARGEST_PAGES:
        raise FireError(f"--buffer-pages takes a power of two up to {LARGEST_PAGES}, not {text}")
    return pages


def seed_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise FireError(f"--seed takes a whole number, as in --seed 7, not {given(text)}")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise FireError(f"--duration takes seconds, as in --duration 2.5, not {given(text)}")
    return value


def style(text: str) -> Style:
    try:
        return Style(text)
    except ValueError:
        raise FireError(f"--format is text or json, not {given(text)}") from None


def switch(flag: str) -> Callable[[str], bool]:
    """A parser for a flag that takes nothing: Fire passes 'True', or 'False' for ``--no...``."""

    def parse(text: str) -> bool:
        if text not in ("True", "False"):
            raise FireError(f"--{flag} takes no value, not {text!r}")
        return text == "True"

    return parse


class Commands:
    """The commands, as Fire sees them: one method each, and all parameters by keyword.

    ``command`` is what stood after ``--``; Fire never sees it.
    """

    def __init__(self, command: Sequence[str] | None) -> None:
        self._command = command

    @SetParseFns(
        pid=whole_number("pid", "a process id", 1842),
        format=style,
        duration=seconds,
        count=whole_number("count", "a number of events", 100),
        include_self=switch("include-self"),
        buffer_pages=page_count,
        verifier_log=switch("verifier-log"),
        simulate=switch("simulate"),
        seed=seed_number,
    )  # type: ignore[untyped-decorator]
    def hello(
        self,
        *,
        pid: int | None = None,
        format: Style = Style.TEXT,
        duration: float | None = None,
        count: int | None = None,
        include_self: bool = False,
        buffer_pages: int | None = None,
        verifier_log: bool = False,
        simulate: bool = False,
        seed: int | None = None,
    ) -> Job:
        """tuxscope hello: every write() on the system, as it happens.

        usage: sudo tuxscope hello [options]
               sudo tuxscope hello [options] -- COMMAND [ARGUMENT ...]
               tuxscope hello --simulate [options]

        Prints PID, COMM and TIMESTAMP_NS (since the machine started) of each write() until
        Ctrl-C; then, on stderr, how many events there were and how many were lost.

          --pid PID           trace this process alone, filtered in the kernel, and end with it
          --format FORMAT     text (default) or json, an object a line
          --duration SECONDS  end after so long
          --count N           end after N events
          --include-self      show tuxscope's own writes, too
          --buffer-pages N    memory pages of each CPU's ring, a power of two
                              (default: 4 MiB a CPU, 64 MiB in all at most)
          --verifier-log      if the kernel refuses the program, print all that it says
          --simulate          interpret the program on made-up writes: no kernel, no privilege;
                              in their own time, or with --count as fast as it goes
          --seed N            other made-up writes, the same for the same N (default: 0)
          -- COMMAND          start COMMAND as the user who called sudo, trace it from its first
                              instruction, end with it and with its exit status; what it prints
                              goes to stderr

        Children of a traced process are not traced.
        """
        if self._command is not None and not self._command:
            raise FireError("-- is followed by the command to trace, as in -- ls -l")
        if self._command and pid is not None:
            raise FireError("--pid and -- COMMAND both say what to trace; use one of them")
        for flag, there in (
            ("-- COMMAND", self._command),
            ("--buffer-pages", buffer_pages),
            ("--verifier-log", verifier_log),
        ):
            if simulate and there:
                raise FireError(
                    f"{flag} needs a kernel, --simulate has none; leave one of them out"
                )
        if seed is not None and not simulate:
            raise FireError("--seed chooses made-up writes; it goes with --simulate")

        def run() -> int:
            from tuxscope.loader.verifier import VerifierError
            from tuxscope.runner.stream import Options, stream

            options = Options(
                pid, format, duration, count, include_self, buffer_pages,
                tuple(self._command or ()),
            )  # fmt: skip
            if simulate:
                from tuxscope.runner.simulation import simulate as run_simulated

                return run_simulated("tuxscope.programs.hello", options, seed or 0)
            try:
                return stream("tuxscope.programs.hello", options)
            except VerifierError as error:
                if verifier_log:
                    os.write(2, error.log.encode())
                raise

        return Job(run)

    @SetParseFns(format=style)  # type: ignore[untyped-decorator]
    def doctor(self, *, format: Style = Style.TEXT) -> Job:
        """tuxscope doctor: what this machine offers to tuxscope, and what to do about the rest.

        usage: tuxscope doctor [--format text|json]

        Prints a line for each thing that tracing needs: whether it is there, and what to type
        where it is not. Needs no privilege, but tells more with sudo.

          --format FORMAT     text (default) or json, an object a line
        """
        if self._command is not None:
            raise FireError("doctor takes no command")

        def run() -> int:
            from tuxscope.doctor import report

            return report(format)

        return Job(run)


OVERVIEW = """\
tuxscope: a pure-Python eBPF toolkit

usage: tuxscope COMMAND [options]

  hello      every write() on the system, as it happens
  doctor     what this machine offers, and what to do about the rest

  --help     this text; tuxscope COMMAND --help tells more of one command
  --version  the version
"""
NAMES = ("hello", "doctor")


def parse(arguments: Sequence[str]) -> Job | str:
    """The job that a command line asks for, or a text to print. Raises UsageError."""
    before, command = list(arguments), None
    if "--" in before:
        index = before.index("--")
        before, command = before[:index], before[index + 1 :]
    commands = Commands(command)
    if before[:1] == ["--version"]:
        return f"tuxscope {__version__}\n"
    if not before or before[0] in ("--help", "-h", "help"):
        return OVERVIEW
    name, *rest = before
    if name not in NAMES:
        raise UsageError(
            f"there is no command {name}{did_you_mean(name, NAMES) or '; see tuxscope --help'}"
        )
    method = getattr(commands, name)
    if "--help" in rest or "-h" in rest:
        return f"{inspect.getdoc(method) or OVERVIEW}\n"  # python -OO has no docstrings
    options = {f"--{each.replace('_', '-')}" for each in inspect.signature(method).parameters}
    try:
        check_options(rest, {*options, "--help"})
        # An isolated - would be Fire's separator between chained commands.
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            job = fire.Fire(method, [*rest, "--", "--separator", "\0"], serialize=no_text)
    except FireExit as error:
        raise UsageError(f"{name}: {one_line(error, name)}") from None
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    assert isinstance(job, Job)
    return job


def no_text(result: object) -> str:
    """What Fire is to print of a result: nothing."""
    return ""


def one_line(error: FireExit, command: str) -> str:
    """What Fire could not take, in our words."""
    problem = error.trace.elements[-1]._error.args
    if len(problem) == 1:
        return str(problem[0])  # ours, from a parser or a command
    # "Could not consume arg:" and the like, with what it was.
    found = problem[1]
    word = str(next(iter(found), "") if isinstance(found, list | set | tuple) else found)
    hint = "options begin with --"
    if command == "hello":
        hint = f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
    return f"{word!r} is one word too many; {hint}"


def check_options(arguments: Sequence[str], known: Collection[str]) -> None:
    """Refuse what is no option of ours: Fire would take -p, ---pid, --nopid and --pid twice.

    Raises UsageError.
    """
    seen = set()
    for argument in arguments:
        option = argument.partition("=")[0]
        if not re.match(r"-[^\d]", option):  # a word, a lone hyphen, a negative number
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
        say(str(error))
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
