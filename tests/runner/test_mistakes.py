"""hello's page with one mistake in it, as a student makes it: the line, and what was meant."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import tuxscope.programs.hello as page_of_hello
from tuxscope import asm
from tuxscope.asm import AssemblyError
from tuxscope.runner.mistakes import HOMES
from tuxscope.runner.pages import PageError, load_page, programs_of

HELLO = Path(page_of_hello.__file__).read_text()
FIRST_LINE = "def hello("
SIGNATURE = HELLO[HELLO.index(FIRST_LINE) : HELLO.index(" -> Program")]
PAGE = "PAGE = Page(hello, EVENTS, COLUMNS, order_by=HelloEvent.timestamp_ns)"


def refused(text: str, tmp_path: Path) -> str:
    """The one line that comes of a page with this text."""
    page = tmp_path / "a_page.py"
    page.write_text(text)
    with pytest.raises((PageError, AssemblyError)) as caught:
        programs_of(load_page(str(page)), str(page), 7)
    line = str(caught.value)
    assert "\n" not in line
    assert str(tmp_path) not in line
    return line


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        # fields, where the program and the columns name them
        ("event.timestamp_ns", "event.timestmp_ns", "did you mean timestamp_ns?"),
        ("Column(HelloEvent.pid", "Column(HelloEvent.pdi", "did you mean pid?"),
        ("Column(HelloEvent.comm", "Column(HelloEvent.comn", "did you mean comm?"),
        ("HelloEvent.size", "HelloEvent.sizee", "did you mean size?"),
        ("HelloEvent.comm.size", "HelloEvent.comm.sze", "did you mean size?"),
        ("Column(HelloEvent.pid", "Column('pid'", "a column shows a field, as in"),
        ("pid, 8)", "pid, '8')", "a column's width is a number of characters, not '8'"),
        # the record
        ("    pid = u32", "    pid: u32", "write pid = u32, not pid: u32"),
        ("    comm = char[16]", "    comm: char[16]", "write comm = char[16], not comm: char[16]"),
        ("    pid = u32", "    pid: int", "write pid = u32, not pid: u32"),
        ("    pid = u32", "    pid: u32 = u32", "write pid = u32, not pid: u32"),
        ("    pid = u32", "    pid = int", "HelloEvent.pid: int is no C type: use u8 to u64"),
        ("    pid = u32", "    pid = 4", "HelloEvent.pid: 4 is no C type"),
        ("    pid = u32", "    pid = 'u32'", "without quotes: pid = u32"),
        ("    pid = u32", "    pid", "a field has a type, as in pid = u32"),
        ("    pid = u32", "    pid =", "invalid syntax"),
        ("    pid = u32", "    int = u32", "no name for a field in C"),
        ("char[16]", "char", "char needs a length, as in char[16]"),
        ("char[16]", "char[0]", "an array has 1 to"),
        ("char[16]", "char(16)", "a length stands in square brackets, as in char[16]"),
        ("= u64", "= u46", "did you mean u64?"),
        ("(Record)", "(Recrod)", "did you mean Record?"),
        # instructions
        ("a.mov(r1, r6)", "a.mov(r1, r11)", "registers are r0 to r10"),
        ("a.mov(r1, r6)", "a.mov(r1, r9)", "write above: from tuxscope.asm import r9"),
        ("r5, r6", "r5, r11", "registers are r0 to r10"),
        ("a.jne(r0, pid,", "a.je(r0, pid,", "did you mean jeq?"),
        ('a.jne(r0, pid, "out")', 'a.jmp("out")', "did you mean ja?"),
        ('a.jne(r0, pid, "out")', 'a.jne(r0, pid, "uot")', "did you mean out?"),
        ("helper.ktime_get_ns", "helper.ktime_get_nss", "did you mean ktime_get_ns?"),
        ("helper.ktime_get_ns", "helper.bpf_ktime_get_ns", "did you mean ktime_get_ns?"),
        ("helper.ktime_get_ns", '"ktime_get_ns"', "a.call(helper.ktime_get_ns)"),
        ("helper.ktime_get_ns", "helper.ktime_get_ns()", "a.call(helper.ktime_get_ns)"),
        ("helper.ktime_get_ns", "ktime_get_ns", "did you mean helper.ktime_get_ns?"),
        ("helper.ktime_get_ns", "bpf_ktime_get_ns", "did you mean helper.ktime_get_ns?"),
        ('a.jne(r0, pid, "out")', "a.jne(r0, pid, out)", 'a label is written in quotes: "out"'),
        ('a.label("out")', "a.label(done)", 'a label is written in quotes: "done"'),
        ("a.stx(event.pid, r0)", "a.stx(event.pid, 5)", "a number is stored with a.st(…, 5)"),
        ("a.stx(event.pid, r0)", "a.st(event.pid, r0)", "is stored with a.stx(…, r0)"),
        ("a.stx(event.pid, r0)", "a.stx(7, r0)", "a field of what a.stack(Event) made, not 7"),
        ("a.rsh(r0, 32)", "a.rsh(r0 >> 32)", "when the program runs: a.rsh(r0, 32)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 + r1)", "when the program runs: a.add(r0, r1)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 - r1)", "when the program runs: a.sub(r0, r1)"),
        ("a.rsh(r0, 32)", "a.mov(r0, 2 * r1)", "when the program runs: a.mul(r1, 2)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 & 7)", "when the program runs: a.and_(r0, 7)"),
        ("a.rsh(r0, 32)", "a.rsh(r0, 32, 1)", "rsh() takes 2 arguments but 3 were given"),
        ("a.rsh(r0, 32)", "a.exit(0)", "exit() takes 0 arguments but 1 was given"),
        ("a.rsh(r0, 32)", "u64()", "u64 is a type: a.stack(u64) is a place, u64[r1 + 8] another"),
        ("a.rsh(r0, 32)", "a.rsh(r0)", "rsh() missing 1 required positional argument"),
        # names
        ("a.ld_map(r2, EVENTS)", "a.ld_map(r2, EVENT)", "did you mean EVENTS?"),
        ("a.stack(HelloEvent)", "a.stack(HelloEvnt)", "did you mean HelloEvent?"),
        ('a.label("out")', 'a.label(f"{ouut}")', "name 'ouut' is not defined"),
        ("tuxscope.columns", "tuxscope.column", "did you mean tuxscope.columns?"),
        ("Tracepoint, helper", "Tracepiont, helper", "did you mean Tracepoint?"),
        ("from tuxscope.columns", "import jsno\nfrom tuxscope.columns", "did you mean json?"),
        (
            "Column(HelloEvent.pid, 8)",
            "Rate(HelloEvent.pid, 8)",
            "write above: from tuxscope.columns import Rate",
        ),
        (
            "Tracepoint, helper",
            "Tracepoint, Rate, helper",
            "write from tuxscope.columns import Rate",
        ),
        # maps and the page itself
        ('Array("EVENTS", HelloEvent)', 'Array("EVENTS", u32)', "u32 is none: class Event(Record)"),
        (PAGE, "PAGE = Page(hello, EVENTS)", "a page that shows EVENTS has columns"),
        (
            'Array("EVENTS", HelloEvent)',
            'Array("EVENTS")',
            "PerfEventArray() missing 1 required positional argument: 'record'",
        ),
        (
            "attach=",
            "atach=",
            "Assembler() got an unexpected keyword argument 'atach'; did you mean attach?",
        ),
        (PAGE, "PAGE = Page(hello, COLUMNS, EVENTS)", "write PAGE = Page(hello, EVENTS, COLUMNS)"),
        (PAGE, "PAGE = Page(EVENTS, hello, COLUMNS)", "write PAGE = Page(hello, EVENTS, COLUMNS)"),
        (PAGE, "PAGE = Page(hello, EVENTS, (HelloEvent.pid,))", "are a tuple of Column(...)"),
        (PAGE, "PAGE = Page(1, EVENTS, COLUMNS)", "a function that makes its program"),
        (PAGE, "PGAE = Page(hello, EVENTS, COLUMNS)", "the page has to be called PAGE"),
        (PAGE, "PAGE = hello", "PAGE is not a Page; write PAGE = Page("),
        (SIGNATURE, "def hello(who)", "takes pid, exclude, namespace, layout, or some of them"),
        # Python itself
        ("    a.mov(r6, r1)", "     a.mov(r6, r1)", "unexpected indent"),
        ('a.label("out")', 'a.label("out)', "unterminated string literal"),
        ("a.rsh(r0, 32)", "{'pid': 1}['pdi']", "there is no key 'pdi'"),
        ("a.rsh(r0, 32)", "[].apend(1)", "did you mean append?"),
        ("a.rsh(r0, 32)", "hello(7, None, None)", "calls itself again and again"),
    ],
)
def test_a_mistake_is_told_at_its_line(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in HELLO
    text = HELLO.replace(old, new, 1)
    before, _, _ = HELLO.partition(old)
    number = before.count("\n") + 1
    line = refused(text, tmp_path)
    place, _, problem = line.partition(": ")
    if "calls itself" not in says:  # where Python has had enough of it is Python's choice
        assert place == f"a_page.py:{number}"
        code = text.splitlines()[number - 1].strip().partition("  #")[0]
        assert problem.startswith(code.rstrip(": "))
    assert says in problem


@pytest.mark.parametrize(
    ("old", "new", "blamed", "says"),
    [
        ('a.label("out")', 'a.label("ou")', 'a.jne(r0, pid, "out")', "did you mean ou?"),
        ('    a.label("out")', "    #", 'a.jne(r0, pid, "out")', "put a.label('out') where it"),
        ("    return a.program()\n", "", FIRST_LINE, "returns nothing; end it with return a.prog"),
        ("a.program()", "a.program", FIRST_LINE, "returns a method; end it with return a.program"),
        ("    pid: int", "    pdi: int", FIRST_LINE, "and no pdi; did you mean pid?"),
        ("HelloEvent(Record)", "HelloEvent", "EVENTS = Perf", "HelloEvent is none: class Ev"),
        ("a.stack(HelloEvent)", "HelloEvent()", "a.zero(event.padding)",
         "a place for one on the program's stack is a.stack(HelloEvent)"),
        ("from tuxscope.programs.page import Page\n", "\n", PAGE,
         "write above: from tuxscope.programs.page import Page"),
        ("a.mov(r0, 0)", "r0 = 0", "a.rsh(r0, 32)", "to set it, a.mov(r0, …)"),
        (
            "EVENTS =",
            "class Other(Record):\n    pid = u32\nEVENTS = PerfEventArray('E', Other)\nOTHERS =",
            PAGE,
            "column PID shows a field of another record than Other, which comes through E",
        ),
    ],
)  # fmt: skip
def test_a_mistake_that_shows_elsewhere(
    old: str, new: str, blamed: str, says: str, tmp_path: Path
) -> None:
    text = HELLO.replace(old, new, 1)
    assert text != HELLO
    number = 1 + next(i for i, line in enumerate(text.splitlines()) if blamed in line)
    line = refused(text, tmp_path)
    assert line.startswith(f"a_page.py:{number}: ")
    assert says in line


@pytest.mark.parametrize("text", ["", HELLO.replace(PAGE, "Page(hello, EVENTS, COLUMNS)")])
def test_a_page_without_a_page(text: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path) == (
        "a_page.py: there is no PAGE; end it with PAGE = Page(hello, EVENTS, COLUMNS)"
    )


@pytest.mark.parametrize("name", ["Clock", "Milliseconds", "Labelled", "Combined", "Percentile"])
def test_a_column_that_is_not_imported_is_named(name: str, tmp_path: Path) -> None:
    text = HELLO.replace("Column(HelloEvent.pid", f"{name}(HelloEvent.pid")
    assert f"write above: from tuxscope.columns import {name}" in refused(text, tmp_path)


# What is in a page's home and not for pages.
INTERNAL = {
    "tuxscope.record": {"Annotations", "Body", "Layout", "Nested"},
}


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.__name__)
def test_all_that_a_page_can_import_is_listed(home: ModuleType) -> None:
    """The hint for a name that was not imported looks there."""
    defined = {
        name
        for name, value in vars(home).items()
        if isinstance(value, type) and value.__module__ == home.__name__
    }
    assert {name for name in defined if name[0] != "_"} - set(home.__all__) == INTERNAL.get(
        home.__name__, set()
    )
    if home is asm:  # which defines nothing itself
        found = {name for name, value in vars(asm).items() if not isinstance(value, ModuleType)}
        assert {name for name in found if name[0] != "_"} == set(asm.__all__)
        kinds = {
            name
            for module in (asm.errors, asm.maps, asm.attach)
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        }
        assert kinds - set(asm.__all__) == {"StreamMap", "OnlyTestRun"}
    assert all(hasattr(home, name) for name in home.__all__)
