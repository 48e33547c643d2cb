"""The commands of a lab, and what they print: read from the page, run again, written anew.

``python -m labs.console FILE`` (in tests/) runs the commands of a page and puts what they print in
the place of what stood there; the tests compare the two.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pace import LIMIT

BLOCK = re.compile(r"(?P<fence>```console( exact)?\n)(?P<body>.*?)```", re.DOTALL)
PROMPT = "$ "
ANY = "..."  # a line that stands for any others
# What is another at each run: numbers and their hexadecimal digits.
NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]*\d[0-9a-f]*\b(\.\d+)?")


@dataclass(frozen=True)
class Command:
    """A command of a page.

    Attributes:
        line: what is typed.
        output: what the page says that it prints, line by line; stdout and stderr.
        exact: whether each digit counts.
    """

    line: str
    output: tuple[str, ...]
    exact: bool


def commands(page: str) -> Iterator[Command]:
    """Those of a page, in order."""
    for block in BLOCK.finditer(page):
        for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
            line, *output = part.splitlines()
            yield Command(line, tuple(output), "exact" in block["fence"])


class Shell:
    """Runs commands in a folder where ``tuxscope`` and ``python3`` are ours; sudo does nothing."""

    def __init__(self, folder: Path) -> None:
        tools = folder / "tools"
        tools.mkdir()
        python = Path(sys.executable)
        (tools / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
        (tools / "tuxscope").write_text(f'#!/bin/sh\nexec {python} -B -m tuxscope "$@"\n')
        (tools / "python3").write_text(f'#!/bin/sh\nexec {python} -B "$@"\n')
        for tool in tools.iterdir():
            tool.chmod(0o755)
        self._folder = folder / "lab"
        self._folder.mkdir()
        path = f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin"
        root = str(Path(__file__).parents[2])
        self._environment = os.environ | {
            "PATH": path, "PYTHONPATH": root, "NO_COLOR": "1",
        }  # fmt: skip

    def run(self, line: str) -> list[str]:
        """What a line prints, stdout and stderr together, in half of LIMIT."""
        done = subprocess.run(
            ["timeout", str(LIMIT / 2), "bash", "-c", line],
            cwd=self._folder, env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        return [each.rstrip() for each in done.stdout.splitlines()]


def agrees(command: Command, printed: list[str]) -> bool:
    """Whether a page says what was printed."""
    pieces = []
    for line in command.output:
        text = line.rstrip()
        if text == ANY:
            pieces.append(r"(?:.*\n)*?")
        elif command.exact:
            pieces.append(re.escape(text) + r"\n")
        else:
            pieces.append(NUMBERS.join(map(re.escape, without_numbers(text))) + r"\n")
    shown = "".join(f"{each}\n" for each in printed)
    return re.fullmatch("".join(pieces), shown) is not None


# A number, and the blanks after it: columns are as wide as what is in them.
NUMBERS = r"(?:0x[0-9a-f]+|[0-9a-f]*\d[0-9a-f]*(?:\.\d+)?) *"


def without_numbers(text: str) -> list[str]:
    """What is between the numbers of a line."""
    return re.split(rf"(?:{NUMBER.pattern.replace('(', '(?:')}) *", text)


def renewed(page: str, shell: Shell) -> str:
    """A page with what its commands print now; where the old text has ``...`` it stays, if it still
    agrees."""

    def again(block: re.Match[str]) -> str:
        text = block["fence"]
        for each in commands(block[0]):
            printed = shell.run(each.line)
            output = each.output if agrees(each, printed) else printed
            text += "".join(f"{line}\n" for line in (PROMPT + each.line, *output))
        return text + "```"

    return BLOCK.sub(again, page)


def main() -> None:
    import tempfile

    file = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        file.write_text(renewed(file.read_text(), Shell(Path(folder))))


if __name__ == "__main__":
    main()
