"""``tuxscope step``."""

from __future__ import annotations

from types import MappingProxyType

from tuxscope.commands.base import Job, Subcommand
from tuxscope.commands.options import seed_number, style, whole_number
from tuxscope.lean_fire import FireError, SetParseFns
from tuxscope.output.lines import Style


class StepCommand(Subcommand):
    name = "step"
    help = """\
tuxscope step: a program interpreted on one made-up event, step by step.

usage: tuxscope step hello [options]
       tuxscope step FILE [options]

Prints of each step the instruction, what it changed, and the Python line.
FILE.py is a page, any other FILE assembly text; - is stdin. Needs no privilege
and no kernel.

  --from N            show the steps from the Nth on
  --to N              end after the Nth step, and show the registers
  --break PLACE       end before this place, and show the registers: a slot, a
                      label, a function, or a line such as hello.py:39
  --pid PID           with the filter that tuxscope hello --pid has
  --seed N            another made-up event (default: 0)
  --format FORMAT     text (default) or json, an object a step
"""
    flags = MappingProxyType({"first": "from", "last": "to", "stop": "break"})

    @SetParseFns(
        source=str,
        format=style,
        pid=whole_number("pid", "a process id", 1842),
        seed=seed_number,
        first=whole_number("from", "the number of a step", 10),
        last=whole_number("to", "the number of a step", 20),
        stop=str,
    )  # type: ignore[untyped-decorator]
    def run(
        self,
        source: str | None = None,
        *,
        format: Style = Style.TEXT,
        pid: int | None = None,
        seed: int | None = None,
        first: int | None = None,
        last: int | None = None,
        stop: str | None = None,
    ) -> Job:
        if source is None or source == "True":
            raise FireError("which program? try: tuxscope step hello")
        if stop == "True":
            raise FireError("--break takes a slot, a label or a line, as in --break hello.py:39")

        def job() -> int:
            from tuxscope.runner.tracing import TracingOptions, trace

            return trace(source, TracingOptions(format, pid, seed or 0, first or 1, last, stop))

        return Job(job)

    def stray(self, word: str) -> str:
        return "step takes one page or file"
