"""What all commands have in common that run a page: ``tuxscope hello``, ``tuxscope run FILE``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import page_count, seconds, seed_number, style, switch, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style

OPTIONS = """\
  --pid PID           trace this process alone, filtered in the kernel, and end
                      with it
  --format FORMAT     text (default) or json, an object a line
  --duration SECONDS  end after so long
  --count N           end after N events
  --include-self      show tuxscope's own calls, too
  --buffer-pages N    memory pages of each CPU's ring, a power of two
                      (default: 4 MiB a CPU, 64 MiB in all at most)
  --unordered         each CPU's events as they come, not all by their time
  --strict            end with status 3 if any event was lost
  --lost-records      with --format json, an object for lost events, too
  --verifier-log      if the kernel refuses the program, print all that it says
  --simulate          interpret the program on made-up calls: no kernel, no
                      privilege; in their own time, or fast with --count
  --seed N            other made-up calls, the same for the same N (default: 0)
  -- COMMAND          start COMMAND as the user who called sudo, trace it from
                      its first instruction, end with it and with its exit
                      status; what it prints goes to stderr

Children of a traced process are not traced.
"""


class Tool(Subcommand):
    traces_a_command = True

    def page_file(self, file: str | None) -> str:
        """The page to run, where ``file`` is the word that was given. Raises FireError."""
        from tuxscope.runner.pages import page_file

        if file is not None:
            raise FireError(f"{file!r} is one word too many; {self.stray(file)}")
        return page_file(self.name)

    @SetParseFns(
        file=str,
        pid=whole_number("pid", "a process id", 1842),
        format=style,
        duration=seconds("duration", 2.5),
        count=whole_number("count", "a number of events", 100),
        include_self=switch("include-self"),
        buffer_pages=page_count,
        verifier_log=switch("verifier-log"),
        simulate=switch("simulate"),
        seed=seed_number,
        unordered=switch("unordered"),
        strict=switch("strict"),
        lost_records=switch("lost-records"),
        interval=seconds("interval", 0.5),
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        file: str | None = None,
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
        unordered: bool = False,
        strict: bool = False,
        lost_records: bool = False,
        interval: float | None = None,
    ) -> Job:
        page = self.page_file(file)
        check_words(self.words, pid)
        for flag, there in (
            ("-- COMMAND", self.words),
            ("--include-self", include_self),
            ("--buffer-pages", buffer_pages),
            ("--verifier-log", verifier_log),
            ("--unordered", unordered),
            ("--strict", strict),
            ("--lost-records", lost_records),
        ):
            if simulate and there:
                raise FireError(
                    f"{flag} needs a kernel, --simulate has none; leave one of them out"
                )
        if lost_records and format is not Style.JSON:
            raise FireError("--lost-records adds JSON objects; it goes with --format json")
        if seed is not None and not simulate:
            raise FireError("--seed chooses made-up writes; it goes with --simulate")

        def job() -> int:
            from tuxscope.runner.options import Options

            options = Options(
                pid, format, duration, count, include_self, buffer_pages, tuple(self.words or ()),
                verifier_log, unordered, strict, lost_records, interval,
            )  # fmt: skip
            if simulate:
                from tuxscope.runner.simulation import simulate as run_simulated

                return run_simulated(page, options, seed or 0)
            from tuxscope.runner.live import run

            return explained(lambda: run(page, options), verifier_log)

        return Job(job)

    def stray(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"


def check_words(words: Sequence[str] | None, pid: int | None) -> None:
    """Raises FireError where the command to trace is missing, or one process too many."""
    if words is not None and not words:
        raise FireError("-- is followed by the command to trace, as in -- ls -l")
    if words and pid is not None:
        raise FireError("--pid and -- COMMAND both say what to trace; use one of them")


def explained(run: Callable[[], int], whole_log: bool) -> int:
    """Run it; where the kernel refuses the program, say why, with the verifier's log if wanted."""
    from tuxscope.loader.verifier import VerifierError

    try:
        return run()
    except VerifierError as error:
        from tuxscope.output.report import tell, tell_log

        if whole_log:
            tell_log(error.log)
            tell(error)
        else:
            tell(error, f"{error.log.count(chr(10))} lines; --verifier-log prints them")
        return error.exit_status
