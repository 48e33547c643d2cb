"""What a start of hello imports: milliseconds by room, and what the lean modules save.

    .venv/bin/python bench/imports.py [RUNS [PYTHON ...]]

Needs no privilege: it goes as far as the page's program, and asks no kernel. A column for each
Python (this one, if none is named), whose tuxscope it is: so two checkouts are compared. In a
row is the sum of the least self times that -X importtime tells in all runs, its own cost
included; below are medians of CPU time, of whole processes, and of import and run of the checks in
a start of an edited page. All take turns.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections import Counter, defaultdict

LINE = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")
START = """
import gc
gc.set_threshold(100_000, 20, 20)  # as tuxscope.entry does
import tuxscope.cli, tuxscope.commands.hello, tuxscope.run.live, tuxscope.run.stream
from tuxscope.page.loading import load_page, page_file, programs_of
file = page_file("hello")
programs_of(load_page(file), file, 1, live=True)
"""
COMMAND = f"import tuxscope.entry{START}"
CHECKS = f"""{COMMAND}
from time import process_time
(program,) = programs_of(load_page(file), file, 1, live=True)
before = process_time()
from tuxscope.asm.checks import check
check(program)
print((process_time() - before) * 1000)
"""
# Before Python 3.12 dataclasses takes no mappingproxy as a default.
DATACLASSES = """
import dataclasses, sys, types
def field(*, default=dataclasses.MISSING, **options):
    if isinstance(default, types.MappingProxyType):
        return dataclasses.field(default_factory=lambda: default, **options)
    return dataclasses.field(default=default, **options)
stand_in = sys.modules["tuxscope.lean_dataclasses"] = types.ModuleType("lean_dataclasses")
vars(stand_in).update(vars(dataclasses), field=field)
"""
# What is run, by what it is called.
VARIANTS = {
    "Python alone": "pass",
    "a start": COMMAND,
    "a start with typing": START,
    "the same with dataclasses": DATACLASSES + START,
}
ONLY_CHECKS = "import and run of the checks"
FLOOR = {
    "cli", "entry", "errors", "lean_dataclasses", "lean_fire", "lean_typing", "source", "suggest",
    "tools",
}  # fmt: skip
ROOMS = {
    "asm", "commands", "explain", "loader", "options", "output", "page", "programs", "record",
    "run", "vm",
}  # fmt: skip


def room(module: str, own: set[str]) -> str:
    """Where a module is; ``own`` are those that Python starts with."""
    if module in own:
        return "Python's own start"
    first, *rest = module.split(".")
    if first != "tuxscope":
        return "standard library"
    name = rest[0] if rest else ""
    if name in ROOMS:
        return f"{name}/"
    return "floor, cli.py" if name in FLOOR or not rest else "the rest"


def environment() -> dict[str, str]:
    return {name: each for name, each in os.environ.items() if not name.startswith("PYTHON")}


def self_times(python: str, script: str) -> dict[str, int]:
    """Return the microseconds of each module that ``script``, a str, imports in ``python``, a path:
    a dict of int by name."""
    done = subprocess.run([python, "-X", "importtime", "-c", script], env=environment(),
                          capture_output=True, text=True, check=True, cwd="/")  # fmt: skip
    return {name: int(time) for time, name in LINE.findall(done.stderr)}


def cpu_time(python: str, script: str) -> float:
    """Return the milliseconds, user and system, of a process that runs ``script``, a str, in
    ``python``, a path."""
    process = subprocess.Popen([python, "-c", script], env=environment(), cwd="/")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{python} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def checks_time(python: str) -> float:
    """Return the milliseconds, user and system, of import and run of the checks in a start by
    ``python``, a path."""
    done = subprocess.run([python, "-c", CHECKS], env=environment(), capture_output=True,
                          text=True, check=True, cwd="/")  # fmt: skip
    return float(done.stdout)


def row(label: str, cells: list[str]) -> str:
    return f"| {label:<32} | " + " | ".join(f"{each:>12}" for each in cells) + " |"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    pythons = [os.path.abspath(each) for each in sys.argv[2:]] or [sys.executable]
    own = set(self_times(pythons[-1], "pass"))
    least: dict[str, dict[str, int]] = {each: {} for each in pythons}
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(runs + 1):
        for python in pythons:
            for module, time in self_times(python, COMMAND).items():
                before = least[python].get(module, time)
                least[python][module] = min(before, time)
            for name, script in VARIANTS.items():
                taken = cpu_time(python, script)
                if number:  # the first writes bytecode
                    times[python, name].append(taken)
            times[python, ONLY_CHECKS].append(checks_time(python))
    print(row("ms of imports, by room", [str(n + 1) for n in range(len(pythons))]))
    print(row("-" * 32, ["-" * 12 for _ in pythons]))
    sums: dict[str, Counter[str]] = {}
    for python in pythons:
        sums[python] = Counter()
        for module, time in least[python].items():
            sums[python][room(module, own)] += time
    for name in sorted({name for each in sums.values() for name in each}):
        print(row(name, [f"{sums[each][name] / 1000:.1f}" for each in pythons]))
    print(row("all", [f"{sums[each].total() / 1000:.1f}" for each in pythons]))
    print(row("modules", [str(len(least[each])) for each in pythons]))
    for name in (*VARIANTS, ONLY_CHECKS):
        cells = [f"{statistics.median(times[each, name]):.1f}" for each in pythons]
        print(row(f"CPU ms: {name}", cells))
    print("\nThe largest of the last:")
    for module, time in sorted(least[pythons[-1]].items(), key=lambda each: -each[1])[:30]:
        print(f"  {time / 1000:5.2f} {module}")


main()
