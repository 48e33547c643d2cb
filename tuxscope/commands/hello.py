"""``tuxscope hello``."""

from __future__ import annotations

from tuxscope.commands.base import Command, Job
from tuxscope.commands.options import page_count, seconds, seed_number, style, switch, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style

PAGE = "tuxscope.programs.hello"


class Hello(Command):
    name = "hello"
    traces_a_command = True

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
        unordered=switch("unordered"),
        strict=switch("strict"),
        lost_records=switch("lost-records"),
    )  # type: ignore[untyped-decorator]
    def run(
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
        unordered: bool = False,
        strict: bool = False,
        lost_records: bool = False,
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
          --unordered         each CPU's events as they come, not all by their time
          --strict            end with status 3 if any event was lost
          --lost-records      with --format json, an object for lost events, too
          --verifier-log      if the kernel refuses the program, print all that it says
          --simulate          interpret the program on made-up writes: no kernel, no privilege;
                              in their own time, or with --count as fast as it goes
          --seed N            other made-up writes, the same for the same N (default: 0)
          -- COMMAND          start COMMAND as the user who called sudo, trace it from its first
                              instruction, end with it and with its exit status; what it prints
                              goes to stderr

        Children of a traced process are not traced.
        """
        if self.words is not None and not self.words:
            raise FireError("-- is followed by the command to trace, as in -- ls -l")
        if self.words and pid is not None:
            raise FireError("--pid and -- COMMAND both say what to trace; use one of them")
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
            from tuxscope.loader.verifier import VerifierError
            from tuxscope.runner.stream import Options, stream

            options = Options(
                pid, format, duration, count, include_self, buffer_pages,
                tuple(self.words or ()), verifier_log, unordered, strict, lost_records,
            )  # fmt: skip
            if simulate:
                from tuxscope.runner.simulation import simulate as run_simulated

                return run_simulated(PAGE, options, seed or 0)
            try:
                return stream(PAGE, options)
            except VerifierError as error:
                from tuxscope.output.report import tell, tell_log

                if verifier_log:
                    tell_log(error.log)
                    tell(error)
                else:
                    tell(error, f"{error.log.count(chr(10))} lines; --verifier-log prints them")
                return error.exit_status

        return Job(job)

    def stray(self, word: str) -> str:
        return f"try --pid {word}" if word.isdigit() else "a command to trace comes after --"
