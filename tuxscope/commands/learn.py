"""``tuxscope learn``."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option, parse_text, switch
from tuxscope.options.parsers import choice, seed_number
from tuxscope.output.lines import Style
from tuxscope.suggest import did_you_mean

ACTIONS = ("start", "check", "hint", "solution")
LIST, CHECK, SOLUTION = "", "check", "solution"  # for ``applies_to``


class LearnOptions(Options):
    """Options of ``tuxscope learn``; an Options class.

    Attributes:
        action, exercise, folder, all: each a str or None.
        watch, yes: each a bool.
        format: a Style or None.
        seed: an int or None.
    """

    action: str | None = argument(default=None)
    exercise: str | None = argument(default=None)
    folder: str | None = argument(default=None)
    watch: bool = switch(
        "check again each time the page changes, until Ctrl-C", default=False, applies_to=(CHECK,)
    )
    all: str | None = option(
        "DIR",
        parse_text,
        "check all exercises in directory DIR; exit with 0 if all pass",
        default=None,
        applies_to=(CHECK,),
        excludes=dict.fromkeys(
            ("exercise", "watch"),
            "--all and {other} conflict; try: tuxscope learn check --all DIR",
        ),
    )
    format: Style | None = option(
        "FORMAT",
        choice(Style),
        "text (default), or json: one object per exercise, with score, stages, expected, came, "
        "file, line and source",
        default=None,
        applies_to=(CHECK, LIST),
    )
    seed: int | None = option(
        "N",
        seed_number,
        "use the inputs of an earlier check (its JSON output has the seed)",
        default=None,
        applies_to=(CHECK,),
    )
    yes: bool = switch("print the solution without asking", default=False, applies_to=(SOLUTION,))


class LearnCommand(Subcommand):
    name = "learn"
    options = LearnOptions
    help = """\
tuxscope learn: exercises in eBPF programming, with a grader.

usage: tuxscope learn [--format text|json]
       tuxscope learn start NAME [DIR]
       tuxscope learn check NAME [DIR] [--watch] [--format text|json] [--seed N]
       tuxscope learn check --all DIR [--format text|json] [--seed N]
       tuxscope learn hint NAME [DIR]
       tuxscope learn solution NAME [--yes]

Without an action, lists the exercises and your progress. start copies a page
with a task to DIR (default: the current directory). check grades the page: it
assembles the program, interprets it and, with sudo, runs it on the kernel. NAME
may also be the file of the page. Your progress is kept in the directory of the
pages, in .tuxscope-learn.json.

The exit status of check is 0 if all stages that can run here pass, else 1.

{options}"""

    def run(self, options: LearnOptions) -> Job:
        action, exercise, folder = options.action, options.exercise, options.folder
        check_action(options)
        format, all, seed = options.format or Style.TEXT, options.all, options.seed

        def job() -> int:
            from tuxscope.learn import actions, checking

            if action is None:
                return actions.show_list(format)
            if all is not None:
                return checking.check_all("." if all == "True" else all, format, seed)
            assert exercise is not None
            if action == "check":
                check = checking.watch if options.watch else checking.check
                return check(exercise, folder, format, seed)
            if action == "solution":
                return actions.solution(exercise, folder, options.yes)
            act: Callable[[str, str | None], int] = getattr(actions, action)
            return act(exercise, folder)

        return Job(job)

    def unexpected_hint(self, word: str) -> str:
        return "learn takes an action, an exercise and a directory"


def no_action(word: str) -> str:
    """Return the error message, a str, for an unknown action ``word``; it may be the name of an
    exercise."""
    from tuxscope.learn.workplace import is_exercise

    if is_exercise(word):
        action = "check" if word.endswith(".py") else "start"
        return f"missing action for {word}; try: tuxscope learn {action} {word}"
    known = ", ".join(ACTIONS)
    near = did_you_mean(word, ACTIONS) or f"; use {known}, or none to list the exercises"
    return f"there is no action {word}{near}"


def check_action(options: LearnOptions) -> None:
    """Raise UsageError if the action in ``options``, LearnOptions, is unknown, or does not take an
    option that was given."""
    action = options.action
    if action is not None and action not in ACTIONS:
        raise UsageError(no_action(action))
    if inapplicable := options.inapplicable(action or LIST):
        raise UsageError(f"{inapplicable.flag} needs tuxscope learn {inapplicable.applies_to[0]}")
    if action and options.exercise is None and options.all is None:
        raise UsageError(
            f"missing argument: the exercise; try: tuxscope learn {action} return-value"
        )
