"""``tuxscope learn``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import seed_number, style, switch
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style
from tuxscope.suggest import did_you_mean

# What each action takes beside a name and a folder.
OPTIONS = {
    "start": (),
    "check": ("--watch", "--all", "--format", "--seed"),
    "hint": (),
    "solution": ("--yes",),
}


class Learn(Subcommand):
    name = "learn"
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

  --watch             check again whenever the page changes, until Ctrl-C
  --all DIR           check all exercises of a folder; status 0 if all pass
  --format FORMAT     text (default) or json: an object for each exercise, with
                      score, stages, expected, came, file, line and source
  --seed N            the inputs of an earlier check (its JSON has the seed)
  --yes               show the solution without asking
"""

    @SetParseFns(
        action=str,
        exercise=str,
        folder=str,
        watch=switch("watch"),
        all=str,
        format=style,
        seed=seed_number,
        yes=switch("yes"),
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        action: str | None = None,
        exercise: str | None = None,
        folder: str | None = None,
        *,
        watch: bool = False,
        all: str | None = None,
        format: Style | None = None,
        seed: int | None = None,
        yes: bool = False,
    ) -> Job:
        given = {"--watch": watch, "--all": all, "--format": format, "--yes": yes,
                 "--seed": seed is not None}  # fmt: skip
        check_action(action, exercise, given)
        as_style = format or Style.TEXT

        def job() -> int:
            from tuxscope.learn import actions, checking

            if action is None:
                return actions.show_list(as_style)
            if all is not None:
                return checking.check_all("." if all == "True" else all, as_style, seed)
            assert exercise is not None
            if action == "check":
                check = checking.watch if watch else checking.check
                return check(exercise, folder, as_style, seed)
            if action == "solution":
                return actions.solution(exercise, folder, yes)
            act: Callable[[str, str | None], int] = getattr(actions, action)
            return act(exercise, folder)

        return Job(job)

    def stray(self, word: str) -> str:
        return "learn takes an action, an exercise and a folder"


def no_action(word: str) -> str:
    """What to say of a word that is no action: it may be an exercise."""
    from tuxscope.learn.catalogue import meant

    if meant(os.path.basename(word)) or meant(word):
        action = "check" if word.endswith(".py") else "start"
        return f"what is to be done with {word}? try: tuxscope learn {action} {word}"
    known = ", ".join(OPTIONS)
    near = did_you_mean(word, OPTIONS) or f"; {known}, and without one it lists the exercises"
    return f"there is no action {word}{near}"


def check_action(action: str | None, exercise: str | None, given: Mapping[str, object]) -> None:
    """Raises FireError for an action, or options, that do not go together."""
    if action is not None and action not in OPTIONS:
        raise FireError(no_action(action))
    fitting = OPTIONS[action] if action else ("--format",)
    for option, there in given.items():
        if there and option not in fitting:
            goes = next(name for name, options in OPTIONS.items() if option in options)
            raise FireError(f"{option} goes with learn {goes}")
    if given["--all"]:
        if exercise is not None or given["--watch"]:
            raise FireError("--all checks a whole folder, once, as in learn check --all DIR")
    elif action and exercise is None:
        raise FireError(f"which exercise? try: tuxscope learn {action} return-value")
