"""The table of commands. A tool is a directory below programs/ and a line of this table.

No other file outside a tool's directory names the tool.
"""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.lean_dataclasses import dataclass


@dataclass(frozen=True)
class CommandEntry:
    """A frozen dataclass: one row of the table of commands.

    Attributes:
        name: a str, the first word of the command line. The class of command ``net`` is
            ``NetCommand``.
        summary: a str, its line in ``tuxscope --help``.
        module: a str, the module with the class, imported when the command is called.
        pages: the pages of a tool, a mapping of the name for ``tuxscope asm`` to the file below
            programs/.
    """

    name: str
    summary: str
    module: str
    pages: Mapping[str, str]


def command(name: str, summary: str, **pages: str) -> CommandEntry:
    """Return the CommandEntry of command ``name``, whose class is in ``commands/NAME.py``, with its
    ``summary``, a str, and ``pages``, files by name as keyword arguments."""
    return CommandEntry(name, summary, f"tuxscope.commands.{name}", pages)


def tool(name: str, summary: str, *views: str) -> CommandEntry:
    """Return the CommandEntry of tool ``name`` in ``programs/NAME/``, with its ``summary``, a str:
    class in ``command.py``, page in ``page.py``.

    Each of ``views``, a str, is another page of the tool, ``VIEW.py``: ``tuxscope NAME --VIEW``
    runs it, and ``tuxscope asm NAME_VIEW`` lists it.
    """
    pages = {name: f"{name}/page.py"} | {f"{name}_{each}": f"{name}/{each}.py" for each in views}
    return CommandEntry(name, summary, f"tuxscope.programs.{name}.command", pages)


TABLE = (
    command("hello", "trace write() system calls", hello="hello.py"),
    tool("net", "trace TCP connections", "summary"),
    CommandEntry(
        "syscall",
        "trace system calls, or count and time them",
        "tuxscope.programs.syscall.command",
        {"syscall": "syscall/stream.py", "syscall_summary": "syscall/summary.py"},
    ),
    CommandEntry(
        "fileio",
        "trace what processes do with files, and what reaches the disk",
        "tuxscope.programs.fileio.command",
        {
            "fileio": "fileio/page.py",
            "fileio_summary": "fileio/summary.py",
            "fileio_disk": "fileio/disk/page.py",
        },
    ),
    command("run", "run a page of your own as a tool"),
    command("fields", "list the fields of a tracepoint"),
    command("map", "print or update a map of a loaded program"),
    command("asm", "list the instructions of a program"),
    command("step", "interpret a program step by step, without a kernel"),
    command("disasm", "disassemble raw bytes or a loaded program"),
    command("explain", "explain why the verifier refused a program"),
    command("learn", "exercises in eBPF programming, with a grader"),
    command("doctor", "check whether this machine can trace"),
)
COMMANDS = {each.name: each for each in TABLE}
PAGES = {name: file for each in TABLE for name, file in each.pages.items()}


def command_of_page(name: str) -> str:
    """Return the command line, a str, for page ``name`` of the table: ``tuxscope net`` or
    ``tuxscope net --summary``."""
    return f"tuxscope {name.replace('_', ' --')}"
