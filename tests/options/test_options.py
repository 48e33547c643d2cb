"""One declaration of an option is its help, its parsing and its conflicts."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.cli import parse
from tuxscope.commands.base import Job, Subcommand
from tuxscope.errors import UsageError
from tuxscope.options import Options, argument, option, switch
from tuxscope.options.parsers import LONGEST, integer, integers, seconds
from tuxscope.options.tool import ToolOptions
from tuxscope.tools import COMMANDS, TABLE, CommandEntry


class ToyOptions(ToolOptions, after="exclude"):
    file: str | None = argument(default=None)
    depth: int = option(
        "N",
        integer("a depth", 3),
        "stop N levels down",
        default=1,
        excludes={"flat": "--depth is of a tree; leave out {other}"},
        needs=("count", 1, "--depth is for one event; it goes with --count 1"),
    )
    flat: bool = switch("a list", default=False)
    strict: bool = True


class ToyCommand(Subcommand):
    name = "toy"
    help = "a toy\n\n{options}"
    options = ToyOptions
    taken: list[ToyOptions]

    def run(self, options: ToyOptions) -> Job:
        ToyCommand.taken = [options]
        return Job(lambda: 0)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "toy", CommandEntry("toy", "a toy", __name__, {}))


def test_the_help_has_it_in_its_place() -> None:
    text = parse(["toy", "--help"])
    assert isinstance(text, str)
    flags = [line.split()[0] for line in text.splitlines() if line.startswith("  -")]
    assert flags[:5] == ["--pid", "--exclude", "--depth", "--flat", "--format"]
    assert "  --depth N           stop N levels down\n" in text
    assert "--strict" not in text
    assert "file" not in text


def test_it_is_parsed() -> None:
    parse(["toy", "a.py", "--depth=7", "--count", "1", "--exclude", "5,6,5"])
    (options,) = ToyCommand.taken
    assert (options.file, options.depth, options.count) == ("a.py", 7, 1)
    assert options.exclude == (5, 6)
    assert (options.flat, options.strict, options.pid) == (False, True, None)
    parse(["toy", "--", "ls", "-l"])
    assert ToyCommand.taken[0].command == ("ls", "-l")
    assert ToyCommand.taken[0].depth == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--depth x", "toy: --depth takes a depth, as in --depth 3, not 'x'"),
        ("--depht 3", "toy: unknown option --depht; did you mean --depth?"),
        ("--strict", "toy: unknown option --strict; did you mean --sort?"),
        ("--depth 2", "toy: --depth is for one event; it goes with --count 1"),
        ("--depth 2 --count 2", "toy: --depth is for one event; it goes with --count 1"),
        ("--depth 2 --flat", "toy: --depth is of a tree; leave out --flat"),
        ("--flat=maybe", "toy: --flat takes no value, not 'maybe'"),
        ("a.py b.py", "toy: unexpected argument 'b.py'; options begin with --"),
        ("--", "toy: -- needs a command, for example: -- ls -l"),
    ],
)
def test_what_does_not_go_is_said(line: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["toy", *line.split()])
    assert str(caught.value) == says


def test_options_are_immutable() -> None:
    options = ToyOptions(depth=3)
    with pytest.raises(AttributeError):
        options.depth = 4  # type: ignore[misc]
    assert options.replace(flat=True).depth == 3
    assert options.replace(flat=True).flat
    assert not options.flat
    assert repr(options) == "ToyOptions(depth=3)"
    with pytest.raises(TypeError, match="ToyOptions declares no depht"):
        ToyOptions(depht=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="strict"):
        ToyOptions(strict=False)


def test_where_it_applies() -> None:
    class Placed(Options):
        first: int = option("N", integer("a number", 1), "", default=0, applies_to=("tree",))
        second: bool = switch("", default=False)

    placed = Placed(first=1, second=True)
    assert placed.inapplicable("tree") is None
    assert placed.inapplicable("list") is Placed.declared["first"]
    assert Placed(second=True).inapplicable("list") is None


def options_of(entry: CommandEntry) -> type[Options]:
    kind = getattr(import_module(entry.module), f"{entry.name.capitalize()}Command")
    return cast(type[Options], kind.options)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_what_an_option_names_is_declared(entry: CommandEntry) -> None:
    """A name that no command declares would never apply. Some commands lack a shared option."""
    known = {name for each in TABLE for name in options_of(each).declared}
    declared = options_of(entry).declared
    for each in declared.values():
        assert not each.excludes.keys() - known
        # What is needed may follow from other options.
        computed = each.needs and isinstance(
            getattr(options_of(entry), each.needs[0], None), property
        )
        assert each.needs is None or computed or each.needs[0] in declared
        assert not each.flag or each.help


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0), ("2.5", 2.5), ("10ms", 0.01), ("10us", 1e-5), ("2s", 2.0), ("1m", 60.0),
        ("0.5m", 30.0), ("1h", 3600.0), ("1e3ms", 1.0), ("1e9", LONGEST),
    ],
)  # fmt: skip
def test_durations(text: str, value: float) -> None:
    assert seconds(2.5)("--duration", text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0ms", "-1", "-1s", "inf", "infs", "nan", "nanms", "1e300", "1e300h", "1d", "ms",
     "1m30s", "1ss", "soon", "1 0s"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        seconds(2.5)("--duration", text)
    assert str(caught.value) == (f"--duration takes seconds, as in --duration 2.5, not {text!r}")


@given(st.text())
def test_any_text_is_a_duration_or_an_error_in_words(text: str) -> None:
    said = ""
    try:
        value = seconds(1)("--duration", text)
    except UsageError as error:
        said, value = str(error), 1.0
    assert 0 < value <= LONGEST
    assert not said or said.startswith("--duration takes seconds")


def test_numbers_with_commas() -> None:
    parse = integers("process IDs", "1,2", 3)
    assert parse("--exclude", "1") == (1,)
    assert parse("--exclude", "3,1,3") == (3, 1)
    for text, says in (
        ("", "--exclude takes process IDs, as in --exclude 1,2, not ''"),
        ("1,", "--exclude takes process IDs, as in --exclude 1,2, not ''"),
        ("True", "--exclude takes process IDs, as in --exclude 1,2, not nothing"),
        ("1,x", "--exclude takes process IDs, as in --exclude 1,2, not 'x'"),
        ("1,2,3,4", "--exclude takes at most 3 process IDs, for example: --exclude 1,2"),
        ("1," * 1_000_000, "--exclude takes at most 3 process IDs, for example: --exclude 1,2"),
    ):
        with pytest.raises(UsageError) as caught:
            parse("--exclude", text)
        assert str(caught.value) == says


def test_a_tool_takes_the_shared_summary_and_its_conflicts() -> None:
    from tuxscope.options.tool import SUMMARY, ToolOptions

    class Counting(ToolOptions):
        summary: bool = SUMMARY

    assert "summary" not in ToolOptions.declared
    Counting(summary=True).check()
    with pytest.raises(UsageError, match="--summary and --strict conflict"):
        Counting(summary=True, strict=True).check()
