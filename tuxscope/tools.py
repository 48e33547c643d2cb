"""The table of commands. A tool is a directory below programs/ and a line of this table.

Nothing else outside of a tool's directory names the tool.
"""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.lean_dataclasses import dataclass


@dataclass(frozen=True)
class CommandEntry:
    """A command.

    Attributes:
        name: what the user types. The command's class is called NameCommand.
        summary: its line in ``tuxscope --help``.
        module: has the class; it is imported when the command is asked for.
        pages: of a tool, its pages: files below programs/ by the names that ``tuxscope asm`` takes.
    """

    name: str
    summary: str
    module: str
    pages: Mapping[str, str]


def command(name: str, summary: str, **pages: str) -> CommandEntry:
    """A command whose class is in ``commands/NAME.py``."""
    return CommandEntry(name, summary, f"tuxscope.commands.{name}", pages)


def tool(name: str, summary: str, *views: str) -> CommandEntry:
    """A tool in ``programs/NAME/``: its class is in ``command.py``, its page is ``page.py``.

    A view is another page of it: ``VIEW.py``, which ``tuxscope NAME --VIEW`` shows and
    ``tuxscope asm NAME_VIEW`` lists.
    """
    pages = {name: f"{name}/page.py"} | {f"{name}_{each}": f"{name}/{each}.py" for each in views}
    return CommandEntry(name, summary, f"tuxscope.programs.{name}.command", pages)


TABLE = (
    command("hello", "every write() on the system, as it happens", hello="hello.py"),
    tool("net", "TCP connections: who connects to whom, and what became of it", "summary"),
    CommandEntry(
        "syscall",
        "system calls, counted and timed in the kernel",
        "tuxscope.programs.syscall.command",
        {"syscall_summary": "syscall/summary.py"},
    ),
    command("run", "a page of your own, as a tool"),
    command("fields", "what a tracepoint hands to a program, and where"),
    command("map", "a map of a running program, to look at or to set"),
    command("asm", "a program, instruction by instruction"),
    command("step", "a program interpreted step by step, without a kernel"),
    command("disasm", "bytes, or a program in the kernel, as pseudo-C"),
    command("explain", "a verifier's log, of any loader, in plain words"),
    command("learn", "exercises, from the first instruction on, and their grader"),
    command("doctor", "what this machine offers, and what to do about the rest"),
)
COMMANDS = {each.name: each for each in TABLE}
PAGES = {name: file for each in TABLE for name, file in each.pages.items()}


def command_of_page(name: str) -> str:
    """The command that runs a page of the table: ``tuxscope NAME``, or ``tuxscope NAME --VIEW``."""
    return f"tuxscope {name.replace('_', ' --')}"
