"""``tuxscope learn``."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, as_typed, option, switch
from tuxscope.options.parsers import choice, seed_number
from tuxscope.output.lines import Style
from tuxscope.suggest import did_you_mean

ACTIONS = ("start", "check", "hint", "solution")
LIST, CHECK, SOLUTION = "", "check", "solution"  # what options apply to


class LearnOptions(Options):
    action: str | None = argument(default=None)
    exercise: str | None = argument(default=None)
    folder: str | None = argument(default=None)
    watch: bool = switch(
        "check again whenever the page changes, until Ctrl-C", default=False, applies_to=(CHECK,)
    )
    all: str | None = option(
        "DIR",
        as_typed,
        "check all exercises of a folder; status 0 if all pass",
        default=None,
        applies_to=(CHECK,),
        excludes=dict.fromkeys(
            ("exercise", "watch"),
            "--all checks a whole folder, once, as in learn check --all DIR",
        ),
    )
    format: Style | None = option(
        "FORMAT",
        choice(Style),
        "text (default) or json: an object for each exercise, with score, stages, expected, came, "
        "file, line and source",
        default=None,
        applies_to=(CHECK, LIST),
    )
    seed: int | None = option(
        "N",
        seed_number,
        "the inputs of an earlier check (its JSON has the seed)",
        default=None,
        applies_to=(CHECK,),
    )
    yes: bool = switch("show the solution without asking", default=False, applies_to=(SOLUTION,))


class LearnCommand(Subcommand):
    name = "learn"
    options = LearnOptions
    help = """\
tuxscope learn: exercises, from the first instruction on, and their grader.

usage: tuxscope learn [--format text|json]
       tuxscope learn start NAME [DIR]
       tuxscope learn check NAME [DIR] [--watch] [--format text|json] [--seed N]
       tuxscope learn check --all DIR [--format text|json] [--seed N]
       tuxscope learn hint NAME [DIR]
       tuxscope learn solution NAME [--yes]

Without an action it lists the exercises, and how far you are. start puts a page
with a task where you edit it, DIR or the current folder; check grades it: with
the checks of the assembler and in the interpreter, then, with sudo, on the
running kernel. NAME may be the page's file, too. How far you are is kept beside
the pages, in .tuxscope-learn.json.

The exit status of check is 0 if all that could be tried here passed, else 1.

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

    def stray(self, word: str) -> str:
        return "learn takes an action, an exercise and a folder"


def no_action(word: str) -> str:
    """What to say of a word that is no action: it may be an exercise."""
    from tuxscope.learn.workplace import is_exercise

    if is_exercise(word):
        action = "check" if word.endswith(".py") else "start"
        return f"what is to be done with {word}? try: tuxscope learn {action} {word}"
    known = ", ".join(ACTIONS)
    near = did_you_mean(word, ACTIONS) or f"; {known}, and without one it lists the exercises"
    return f"there is no action {word}{near}"


def check_action(options: LearnOptions) -> None:
    """Raises UsageError for an action, or options, that do not go together."""
    action = options.action
    if action is not None and action not in ACTIONS:
        raise UsageError(no_action(action))
    if misplaced := options.misplaced(action or LIST):
        raise UsageError(f"{misplaced.flag} goes with learn {misplaced.applies_to[0]}")
    if action and options.exercise is None and options.all is None:
        raise UsageError(f"which exercise? try: tuxscope learn {action} return-value")
