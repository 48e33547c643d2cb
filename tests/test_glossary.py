"""Help texts, messages, docstrings and docs use the field's words: a word has one name here.

A rule is a word that is not written, and what is written instead. To use such a word all the same,
add a row to EXCEPTIONS with the reason.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from pace import LIMIT

from tuxscope.tools import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "Makefile"])
MODULES = sorted(
    file
    for room in ("tuxscope", "bench", "tools", "docs")
    for file in ROOT.glob(f"{room}/**/*.py*")
    if file.suffix in (".py", ".pyi")
)

# Patterns are matched as whole words, in either case (Python's None apart). A blank stands for any
# white space, a line break included.
RULES = {
    "nobody|somebody|anybody|everybody": "the actor: the user, the process, the caller",
    "anew": "again",
    "folders?": "directory",
    "(is|are) (?-i:none)": "is not a register, is not an instruction",
    "(one )?words? too many": "unexpected argument 'x'",
    "whole numbers?": "integer",
    "mend|mends|mended|mending": "fix",
    "made[- ]up": "synthetic, simulated, generated",
    "told(?! apart)": "reported, counted, passed",
    "pieces?": "batch, record, sample, part",
    "what came": "batch, record, sample, result",
    "used up": "clobbered by the call",
    "holds nothing": "clobbered by the call, uninitialised",
    "never set|that was not set": "uninitialised",
    "the machine's first": "initial PID namespace",
    "this place's": "local time",
    "(takes|took|takes? away) the output": "stdout is blocked: nothing reads the pipe",
    "without a word": "silently",
    "the likes of": "such as",
    "goes without": "does not use, does not need",
    "refus(e|es|ed|ing|al)": "fails, is rejected (unless the kernel or its verifier does it)",
}


@dataclass(frozen=True)
class Allowed:
    """A word that stays.

    Attributes:
        where: the files, as a pattern of the shell, or the command of a help text.
        text: a regular expression for the word and what is around it; it has to match.
        reason: why no other word will do.
    """

    where: str
    text: str
    reason: str


# Who refuses is said in the same sentence.
KERNEL = r"verifier|kernel|Linux|connection|firewall|\bRST\b"
SENTENCE = r"(?:(?!\n\n)[^.])*"
EXCEPTIONS = (
    Allowed("*", r"\bthere\s+(is|are)\s+none\b", "plain English: it is clear what is not there"),
    Allowed("*", rf"({KERNEL}){SENTENCE}\brefus\w+", "the kernel's act"),
    Allowed("*", rf"\brefus\w+{SENTENCE}({KERNEL})", "the kernel's act, named behind it"),
    Allowed("tuxscope/explain/causes/memory.py", r"\(mend:", "the verifier's own word"),
    Allowed("tuxscope/commands/learn.py", r"\bexercise, folder\b", "the option's attribute"),
    Allowed("*", r"which the assembler refuses", "a line of programs that recorded logs quote"),
    Allowed("*", r"\brefused\s+(program|load)s?\b", "the verifier's act: it is what refuses those"),
    Allowed(
        "*",
        r"[`\",]refused\b|\brefused(,? ?(reset|timeout)| +\d)|\Arefused\Z",
        "a state of net: ECONNREFUSED",
    ),
)

# Where texts still have such words: files, directories that end with "/", and "help COMMAND". It is
# done when this is empty; a test says which can go.
UNDONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """What a user or a maintainer reads: a page, a help text, a string of a module."""

    where: str
    line: int
    text: str


def words_of(text: Text) -> Iterator[str]:
    """What is wrong in a text: its place, the word, and what is written instead."""
    allowed = [
        (found.start(), found.end())
        for each in EXCEPTIONS
        if fnmatch(text.where, each.where)
        for found in re.finditer(each.text, text.text)
    ]
    for word, instead in RULES.items():
        for found in pattern(word).finditer(text.text):
            if not any(first <= found.start() and found.end() <= last for first, last in allowed):
                line = text.line + text.text.count("\n", 0, found.start())
                yield f"{text.where}:{line}: {' '.join(found[0].split())!r}; write: {instead}"


def pattern(word: str) -> re.Pattern[str]:
    """The regular expression of a rule."""
    spaced = word.replace(" ", r"\s+")
    return re.compile(rf"(?<![\w-])(?:{spaced})(?![\w-]|\.py)", re.IGNORECASE)


def strings(module: Path) -> Iterator[Text]:
    """Docstrings and messages: all strings of a module, an f-string as one, with {} for values."""
    where = module.relative_to(ROOT).as_posix()
    parts: set[ast.AST] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts |= {*node.values}
            said = "".join(
                str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values
            )
            yield Text(where, node.lineno, said)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield Text(where, node.lineno, node.value)


def help_text(command: str) -> str:
    words = [*filter(None, [command]), "--help"]
    return subprocess.run(
        [sys.executable, "-B", "-m", "tuxscope", *words], capture_output=True, text=True,
        check=True, timeout=LIMIT, cwd=ROOT,
    ).stdout  # fmt: skip


def undone(where: str) -> str | None:
    """The entry of UNDONE for a text."""
    return next(
        (each for each in UNDONE if where == each or (each[-1] == "/" and where.startswith(each))),
        None,
    )


def check(*texts: Text) -> None:
    found = [word for text in texts if not undone(text.where) for word in words_of(text)]
    assert not found, "\n".join(found)


def page_text(page: Path) -> Text:
    return Text(page.relative_to(ROOT).as_posix(), 1, page.read_text())


@cache
def all_texts() -> tuple[Text, ...]:
    """Pages, and the strings of modules."""
    return (*map(page_text, PAGES), *(text for module in MODULES for text in strings(module)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_has_the_field_s_words(page: Path) -> None:
    check(page_text(page))


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_a_help_text_has_the_field_s_words(command: str) -> None:
    text = help_text(command)
    assert "usage: " in text
    check(Text(f"help {command}", 1, text))


def test_messages_and_docstrings_have_the_field_s_words() -> None:
    check(*all_texts())


@pytest.mark.parametrize(
    "text",
    [
        "nobody reads it",
        "Nobody reads it",
        "a name that is\nnone",
        "r7 is none",
        "in that folder",
        "It is written\n  anew",
        "docs/made-up calls",
        "events are told",
        "2 pieces",
        "the same program, mended",
        "The option is refused. The kernel is not asked.",
    ],
)
def test_a_word_is_found(text: str) -> None:
    assert [*words_of(Text("a page", 1, text))]


@pytest.mark.parametrize(
    "text",
    [
        "its value is None",
        "they are told apart",
        "foldered, re-mended-by",
        "the verifier refuses\nthe program",
        "a program that is refused by the kernel",
        "connect, accept, close, refused, reset",
    ],
)
def test_other_words_are_not(text: str) -> None:
    assert not [*words_of(Text("a page", 1, text))]


@pytest.mark.parametrize("where", ["docs/hello.md", "help net", "tuxscope/new.py"])
def test_a_planted_word_is_reported_with_its_line(where: str) -> None:
    with pytest.raises(AssertionError, match=rf"{where}:7: 'anew'; write: again"):
        check(Text(where, 6, "The page is\nmade anew."))


def test_all_strings_of_a_module_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("test_glossary.ROOT", tmp_path)
    module = tmp_path / "planted.py"
    module.write_text(
        '"""Made anew."""\n'
        "def f(n):\n"
        '    """What nobody\n    set."""\n'
        "    raise ValueError(f'{n} is '\n"
        "        f'a folder of {n:>8}')  # nobody\n"
        "nobody = {'mended': 1}\n"
    )
    found = [word for text in strings(module) for word in words_of(text)]
    assert sorted(each.partition(";")[0] for each in found) == [
        "planted.py:1: 'anew'",
        "planted.py:3: 'nobody'",
        "planted.py:5: 'folder'",
        "planted.py:7: 'mended'",
    ]


@pytest.mark.parametrize("allowed", EXCEPTIONS, ids=lambda each: each.reason)
def test_an_exception_is_needed(allowed: Allowed) -> None:
    texts = [text.text for text in all_texts() if fnmatch(text.where, allowed.where)]
    assert any(re.search(allowed.text, each) for each in texts)


def test_what_is_undone_has_such_words() -> None:
    helps = (Text(f"help {each}", 1, help_text(each)) for each in ["", *COMMANDS])
    found = {undone(text.where) for text in (*all_texts(), *helps) if [*words_of(text)]}
    assert [each for each in UNDONE if each not in found] == []
