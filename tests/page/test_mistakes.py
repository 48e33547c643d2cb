"""hello's page with one mistake in it, as a student makes it: the line, and what was meant."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import tuxscope.programs.hello as page_of_hello
from tuxscope import asm
from tuxscope import page as page_names
from tuxscope.asm import AssemblyError
from tuxscope.output import columns
from tuxscope.page.loading import PageError, load_page, programs_of
from tuxscope.page.mistakes import HOMES, described

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
        (
            "    pid = u32",
            "    pid = int",
            "HelloEvent.pid: int is not a C type: assign one, as in pid = u32",
        ),
        ("    pid = u32", "    pid = 4", "HelloEvent.pid: 4 is not a C type"),
        ("    pid = u32", "    pid = 'u32'", "without quotes: pid = u32"),
        ("    pid = u32", "    pid", "a field has a type, as in pid = u32"),
        ("    pid = u32", "    pid =", "invalid syntax"),
        ("    pid = u32", "    int = u32", "not a field name in C"),
        ("char[16]", "char", "char needs a length, as in comm = char[16]"),
        ("char[16]", "char[0]", "an array has 1 to"),
        ("char[16]", "char(16)", "write the length in square brackets, as in comm = char[16]"),
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
        ('a.jne(r0, pid, "out")', "a.jne(r0, pid, out)", 'is written in quotes: "out"'),
        ('a.label("out")', "a.label(done)", 'is written in quotes: "done"'),
        ("a.stx(event.pid, r0)", "a.stx(event.pid, 5)", "store a number with a.st(…, 5)"),
        ("a.stx(event.pid, r0)", "a.st(event.pid, r0)", "store a register with a.stx(…, r0)"),
        ("a.stx(event.pid, r0)", "a.stx(7, r0)", "a field of a.stack(Event), not 7"),
        ("a.rsh(r0, 32)", "a.rsh(r0 >> 32)", "when the program runs, use a.rsh(r0, 32)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 + r1)", "when the program runs, use a.add(r0, r1)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 - r1)", "when the program runs, use a.sub(r0, r1)"),
        ("a.rsh(r0, 32)", "a.mov(r0, 2 * r1)", "when the program runs, use a.mul(r1, 2)"),
        ("a.rsh(r0, 32)", "a.mov(r0, r0 & 7)", "when the program runs, use a.and_(r0, 7)"),
        ("a.rsh(r0, 32)", "a.rsh(r0, 32, 1)", "rsh() takes 2 arguments but 3 were given"),
        ("a.rsh(r0, 32)", "a.exit(0)", "takes 0 arguments but 1 was given; the result is what r0"),
        ("a.rsh(r0, 32)", "a.call(helper.ktime_get_ns, r1)", "arguments are in r1 to r5, each set"),
        ("a.rsh(r0, 32)", "a.rsh(r0, r0, 32)", "a.rsh(r0, r1) changes r0 itself"),
        ("a.rsh(r0, 32)", "a.call(work)", 'is written in quotes: "work"'),
        ("a.stack(HelloEvent)", "a.stack(HelloEvent())", "did you mean a.stack(HelloEvent)?"),
        ("HelloEvent.size", "event.size", "did you mean HelloEvent.size?"),
        ("HelloEvent.size", "HelloEvent.size()", "is written without ()"),
        ("HelloEvent.size", "len(event)", "its size in bytes is HelloEvent.size"),
        # what Python would do with what has no value yet
        ("a.rsh(r0, 32)", "a.mov(r0, r1[1])", "r1 is a register, not an array; memory has a type"),
        ("a.rsh(r0, 32)", "for i in range(r0): pass", "r0 has no value while the program is"),
        ("a.rsh(r0, 32)", "r6.bit_length()", "r6 has no bit_length: it is a register, and has"),
        ("a.rsh(r0, 32)", "len(r1)", "r1 has no value while the program is assembled"),
        ("a.rsh(r0, 32)", "int(r1)", "r1 has no value while the program is assembled"),
        ("a.rsh(r0, 32)", "r1()", "r1 has no value while the program is assembled"),
        ("a.rsh(r0, 32)", "max(r1, r2)", "has no value while the program is assembled"),
        ("a.rsh(r0, 32)", "event.pid += 1", "or use a.atomic_add(u32[r10 - 32], regi"),
        ("a.rsh(r0, 32)", "event.pid = 1", "Python cannot assign to pid"),
        ("a.rsh(r0, 32)", "event.comm[0] = 1", "store to it with a.stx(…[0], r"),
        ("a.rsh(r0, 32)", "if event.pid == 7: pass", "a.ldx, then compare with a jump"),
        ("a.rsh(r0, 32)", "u64[r0] = r6", "a store is an instruction: a.stx(u64[r0], r6)"),
        ("a.rsh(r0, 32)", "EVENTS[0]", "in a program call helper.perf_event_output"),
        ("a.rsh(r0, 32)", "EVENTS.output(event)", "in a program call helper.perf_event_output"),
        ("HelloEvent.size", "len(HelloEvent)", "a record's size in bytes is its .size"),
        ("HelloEvent.size", "sizeof(HelloEvent)", "a record's size in bytes is its .size"),
        ("HelloEvent(Record)", "HelloEvent(Record, packed=True)", "takes no packed: its layout"),
        ("char[16]", "u64 * 2", "write an array's length in square brackets: u64[2]"),
        ("a.rsh(r0, 32)", "json.dumps({})", "write above: import json"),
        ("a.rsh(r0, 32)", "a.jeq(r0, event.pid, 'out')", "is not a register or a num"),
        ("a.rsh(r0, 32)", "a.ldx(r0, u64[EVENTS])", "u64[EVENTS]: an array's length is an integer"),
        ("a.rsh(r0, 32)", "rsh(r0, 32)", "name 'rsh' is not defined; did you mean a.rsh?"),
        ("a.rsh(r0, 32)", "a.jeq(r0, NULL, 'out')", "a null pointer is 0"),
        ("a.rsh(r0, 32)", "a.get_current_comm()", "did you mean a.call(helper.get_current_comm)?"),
        ("a.rsh(r0, 32)", "a.ldx(r0, int[r6 + 8])", "did you mean u64[…]?"),
        ("a.rsh(r0, 32)", "a.ldx(r0, u64['r6 + 8'])", "as in u64[r1 + 8]"),
        (
            "a.rsh(r0, 32)",
            "a.stx(HelloEvent.pid, r0)",
            "write event.pid for a record on the st",
        ),
        ("a.rsh(r0, 32)", "a.stx(event['pid'], r0)", "write .pid for its field"),
        (
            "a.rsh(r0, 32)",
            "a.mov(r0, EVENTS)",
            "map EVENTS is not a register or a number; load a map",
        ),
        ("a.rsh(r0, 32)", "EVENTS.pid", "did you mean HelloEvent.pid?"),
        ("a.rsh(r0, 32)", "HelloEvent(r0)", "record that a register points to is HelloEvent[r1]"),
        ("Column(HelloEvent.pid", "Column(HelloEvent.uid", "has no field uid; did you mean pid?"),
        ("Column(HelloEvent.pid", "Column(HelloEvent.where", "; it has pid, timestamp_ns, comm"),
        ("    pid = u32", "    pid = u32()", "write a field's type without ()"),
        (PAGE, "PAGE = Page(wrong, EVENTS, COLUMNS)", "write PAGE = Page(hello, EVENTS, COLUMNS)"),
        (PAGE, "PAGE = Page(exit, EVENTS, COLUMNS[:0])", "a page that shows EVENTS needs columns"),
        (PAGE, "x = helpp", "name 'helpp' is not defined"),
        ("a.rsh(r0, 32)", "hello(pidd=7)", "keyword argument 'pidd'; did you mean pid?"),
        ("a.rsh(r0, 32)", "a.stack(field_typ=u64)", "'field_typ'; did you mean field_type?"),
        ("a.rsh(r0, 32)", "u64()", "u64 is a type: a.stack(u64) is a place, u64[r1 + 8] another"),
        ("a.rsh(r0, 32)", "a.rsh(r0)", "rsh() missing 1 required positional argument"),
        # names
        ("a.ld_map(r2, EVENTS)", "a.ld_map(r2, EVENT)", "did you mean EVENTS?"),
        ("a.stack(HelloEvent)", "a.stack(HelloEvnt)", "did you mean HelloEvent?"),
        ('a.label("out")', 'a.label(f"{ouut}")', "name 'ouut' is not defined"),
        ("tuxscope.page", "tuxscope.pages", "did you mean tuxscope.page?"),
        ("Tracepoint, helper", "Tracepiont, helper", "did you mean Tracepoint?"),
        ("from tuxscope.page", "import jsno\nfrom tuxscope.page", "did you mean json?"),
        (
            "Column(HelloEvent.pid, 8)",
            "Rate(HelloEvent.pid, 8)",
            "write above: from tuxscope.page import Rate",
        ),
        (
            "Tracepoint, helper",
            "Tracepoint, Rate, helper",
            "write from tuxscope.page import Rate",
        ),
        # maps and the page itself
        ('Array("EVENTS", HelloEvent)', 'Array("EVENTS", u32)', "u32 is not a record: declare"),
        (PAGE, "PAGE = Page(hello, EVENTS)", "a page that shows EVENTS needs columns"),
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
        (
            PAGE,
            "PAGE = Page(hello, EVENTS, (HelloEvent.pid,))",
            "are a tuple, such as (Column(...),)",
        ),
        (
            PAGE,
            "PAGE = Page(1, EVENTS, COLUMNS)",
            "the function that makes its program, not called",
        ),
        (PAGE, "PGAE = Page(hello, EVENTS, COLUMNS)", "the page has to be called PAGE"),
        (PAGE, "PAGE = hello", "PAGE is not a Page; write PAGE = Page("),
        (
            SIGNATURE,
            "def hello(who)",
            "no parameter who; it may have pid, exclude, namespace, layout",
        ),
        # Python itself
        ("    a.mov(r6, r1)", "     a.mov(r6, r1)", "unexpected indent"),
        ('a.label("out")', 'a.label("out)', "unterminated string literal"),
        ("a.rsh(r0, 32)", "{'pid': 1}['pdi']", "there is no key 'pdi'"),
        ("a.rsh(r0, 32)", "[].apend(1)", "did you mean append?"),
        ("a.rsh(r0, 32)", "hello(7, (), None)", "calls itself again and again"),
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
        ('    a.label("out")', "    #", 'a.jne(r0, pid, "out")', "put a.label('out') before"),
        ("    return a.program()\n", "", FIRST_LINE, "returns nothing; end it with return a.prog"),
        ("a.mov(r0, 0)", 'a.call("out")', 'a.call("out")', "'out' is a label, and labels are "
         "for jumps; define it with a.function('out')"),
        ("a.program()", "a.program", FIRST_LINE, "returns a method; end it with return a.program"),
        ("    return a.program()", "    return [a, a]", FIRST_LINE,
         "it returns a list; end it with return a.program(), b.program()"),
        ("    return a.program()", "    return a.program() + a.program()", "a.program() + ",
         "two programs are returned by return a.program(), b.program()"),
        ("    pid: int", "    pdi: int", FIRST_LINE, "has no parameter pdi; did you mean pid?"),
        ("HelloEvent(Record)", "HelloEvent", "EVENTS = Perf", "is not a record: declare"),
        ("a.stack(HelloEvent)", "HelloEvent()", "a.zero(event.padding)",
         "a place for one on the program's stack is a.stack(HelloEvent)"),
        ("Column, Page, PidNamespace", "Column, PidNamespace", PAGE,
         "write above: from tuxscope.page import Page"),
        ("a.mov(r0, 0)", "r0 = 0", "a.rsh(r0, 32)", "to set it, a.mov(r0, …)"),
        ("a.mov(r0, 0)", "r0 += 4", "a.rsh(r0, 32)", "line 54: r0 += … makes r0 a "
         "Python variable; to change it, a.add(r0, …)"),
        ("a.mov(r0, 0)", "r0 >>= 4", "a.rsh(r0, 32)", "to change it, a.rsh(r0, …)"),
        ("    a = Assembler(", "    b.exit()\n    b = a = Assembler(", "b.exit()",
         "b has no value yet: it gets one further down, in line "),
        (
            "EVENTS =",
            "class Other(Record):\n    pid = u32\nEVENTS = PerfEventArray('E', Other)\nOTHERS =",
            PAGE,
            "column PID shows a field of another record than Other",
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


@pytest.mark.parametrize(
    ("old", "new", "blamed", "says"),
    [
        ("    a.exit()\n", "    a.exit\n", "    a.exit", "exit is not called: a.exit()"),
        ("    a.mov(r6, r1)", "    a.mov", "    a.mov ", "mov is not called: a.mov(…)"),
        ("    a.mov(r6, r1)", "    r6 = 7", "    r6 = 7", "r6 = … makes r6 a Python variable"),
    ],
)
def test_a_line_that_does_nothing_is_told_where_something_is_wrong(
    old: str, new: str, blamed: str, says: str, tmp_path: Path
) -> None:
    text = HELLO.replace(old, new, 1)
    number = next(n for n, each in enumerate(text.splitlines(), 1) if each.startswith(blamed))
    line = refused(text, tmp_path)
    assert line.startswith(f"a_page.py:{number}: ")
    assert says in line


def test_a_line_that_does_nothing_is_no_error_by_itself(tmp_path: Path) -> None:
    page = tmp_path / "a_page.py"
    page.write_text(HELLO.replace("    a.exit()\n", "    a.exit()\n    a.exit\n    r9 = 1\n"))
    assert programs_of(load_page(str(page)), str(page), 7)


TWO = """
from tuxscope.asm import Assembler, RawTracepoint, r0, r1, r6
from tuxscope.page import Page
from tuxscope.record import u32
def both():
    a = Assembler("first", attach=RawTracepoint())
    key = a.stack(u32)
    a.st(key, 1)
    a.mov(r0, 0)
    a.exit()
    b = Assembler("second", attach=RawTracepoint())
    b.st(key, 1)
    b.mov(r0, r6)
    b.exit()
    return a.program(), b.program()
PAGE = Page(both)
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("", "", ":12: b.st(key, 1): key is on the stack of a's program; that of b has one of its "
         "own: key = b.stack(…)"),
        ("    b.st(", "    key = b.stack(u32)\n    b.st(", "r6 is read, and is uninitialised"),
        ("    b.st(", "    key = f(b)\n    b.st(", "name 'f' is not defined"),
        ('b = Assembler("second", attach=RawTracepoint())', "b = a", "unreachable instruction"),
    ],
)  # fmt: skip
def test_a_place_of_another_program(old: str, new: str, says: str, tmp_path: Path) -> None:
    page = tmp_path / "a_page.py"
    page.write_text(TWO.replace(old, new))
    with pytest.raises((PageError, AssemblyError)) as caught:
        programs_of(load_page(str(page)), str(page))
    assert says in str(caught.value)


def test_a_parameter_that_is_not_taken_is_told(tmp_path: Path) -> None:
    page = tmp_path / "a_page.py"
    page.write_text(HELLO.replace("pid: int | None = None, ", "", 1))
    with pytest.raises(PageError, match=r"gets it as a parameter: def hello\(pid=None\)$"):
        programs_of(load_page(str(page)), str(page))


def test_what_has_to_be_named_is_told(tmp_path: Path) -> None:
    text = COUNT.replace(
        'Hash("counts", key=Process, value=Writes, ', 'Hash("counts", Process, Writes, '
    )
    assert "Hash() takes 1 argument but 3 were given; name the others: key=…, value=…" in refused(
        text, tmp_path
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NameError("name 'hte' is not defined. Did you mean: 'the'?"), "name 'hte' is not defined"),
        (NameError("name 'os' is not defined. Did you forget to import 'os'?"), "name 'os' is not "
         "defined"),
        (TypeError("f() got an unexpected keyword argument 'x'. Did you mean 'y'?"),
         "f() got an unexpected keyword argument 'x'"),
        (ValueError("why?"), "why?"),
    ],
)  # fmt: skip
def test_what_newer_pythons_propose_is_left_out(error: Exception, text: str) -> None:
    assert described(error, None, "") == text


COUNT = """
from tuxscope.asm import Array, Assembler, Hash, PerfEventArray, Program, RawTracepoint, helper, r0
from tuxscope.page import Column, Page, Rate
from tuxscope.record import Record, char, u32, u64
class Process(Record):
    pid = u32
class Writes(Record):
    count = u64
    bytes = u64
COUNTS = Hash("counts", key=Process, value=Writes, max_entries=64)
TARGET = Array("TARGET", value=u32, max_entries=1)
SHOWN = (Column(Process.pid, 8), Rate(Writes.count))
def zero(a):
    a.mov(r0, 0)
def count() -> Program:
    a = Assembler("count", attach=RawTracepoint())
    zero(a)
    a.exit()
    return a.program()
"""
PLAIN = COUNT.replace('"counts", key=Process', '"counts", key=u32')
UNSHOWN = COUNT.replace("SHOWN = (Column(Process.pid, 8), Rate(Writes.count))\n", "")
UNANNOTATED = COUNT.replace(" -> Program", "")
STREAM = UNSHOWN.replace("TARGET = ", "SENT = PerfEventArray('SENT', Writes)\nTARGET = ")
LOOSE = COUNT[: COUNT.index("def zero")] + "a = Assembler('loose', attach=RawTracepoint())\n"
KINDS = """
from tuxscope import RingBuf, const
class Timed(Record):
    kind = const(u32, 1)
    time_ns = u64
class Untimed(Record):
    kind = const(u32, 2)
"""
STREAM_OF_KINDS = UNSHOWN.replace(
    "TARGET = ", KINDS + "SENT = RingBuf('S', Timed, Untimed)\nTARGET = "
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it needs a function, def program(): ... return a.program(), and PAGE = Page(progr"),
        (LOOSE, "put what makes the program into a function, def program(): ... return a.program"),
        (HELLO.replace(PAGE, "Page(hello, EVENTS, COLUMNS)"), "Page(hello, EVENTS, COLUMNS)"),
        (COUNT, "end it with PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "def reader(n): pass\n", "end it with PAGE = Page(count, COUNTS, SHOWN)"),
        (UNANNOTATED, "end it with PAGE = Page(count, COUNTS, SHOWN)"),
        (UNANNOTATED + "def reader(n): pass\n", "end it with PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "SHOWN = list(SHOWN)\n", "end it with PAGE = Page(count, COUNTS, tuple(SHOWN))"),
        (COUNT + "SHOWN = SHOWN[0]\n", "end it with PAGE = Page(count, COUNTS, (SHOWN,))"),
        (UNSHOWN, "PAGE = Page(count, COUNTS, (Column(Process.pid, 8), Column(Writes.count)))"),
        (STREAM, "PAGE = Page(count, SENT, (Column(Writes.count, 8), Column(Writes.bytes)))"),
        (STREAM_OF_KINDS, "Page(count, SENT, (Column(Timed.kind, 8), Column(Timed.time_ns)))"),
        (PLAIN.replace("SHOWN =", "_ =").replace("Process.pid", "Writes.bytes"),
         "end it with PAGE = Page(count)"),
        (COUNT + "PAGE = count\n", "PAGE is not a Page; write PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "PAGE = Page(count())\n", "not called; write PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "PAGE = Page(count, TARGET, [])\n", "write PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "PAGE = Page(count, columns=SHOWN)\n", "write PAGE = Page(count, COUNTS, SHOWN)"),
        (COUNT + "PAGE = Page(count, COUNTS)\n", "write PAGE = Page(count, COUNTS, SHOWN)"),
    ],
)  # fmt: skip
def test_a_page_without_a_page_is_told_its_own(text: str, says: str, tmp_path: Path) -> None:
    line = refused(text, tmp_path)
    assert says in line
    if "a function, def" not in line:
        proposed = line[line.rindex("PAGE = ") :]
        page = tmp_path / "mended.py"
        page.write_text(re.sub(r"(?m)^PAGE = .*$", "", text) + "\n" + proposed)
        load_page(str(page))


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("PAGE = Page(count, COUNTS, SHOWN[1:])", "the key of counts is u32: make it a record, "
         "as in class Key(Record): id = u32"),
        ("VALUES = Hash('V', key=Process, value=u64, max_entries=1)\n"
         "PAGE = Page(count, VALUES, SHOWN[1:])", "make it a record, as in class Count(Record): "
         "count = u64"),
        ("NAMES = Hash('N', key=char[16], value=Writes, max_entries=1)\n"
         "PAGE = Page(count, NAMES, SHOWN[1:])", "as in class Key(Record): id = char[16]"),
        ("BY = Hash('B', key=Process, value=Writes, max_entries=1)\n"
         "PAGE = Page(count, BY, SHOWN[1:], order_by=Process.pid)", "as in order_by=Writes.count"),
        ("SENT = PerfEventArray('SENT', Writes)\n"
         "PAGE = Page(count, SENT, SHOWN[:0] + (Column(Writes.count),), order_by=Process.pid)",
         "as in order_by=Writes.count"),
        (KINDS + "RING = RingBuf('RING', Timed, Untimed)\n"
         "PAGE = Page(count, RING, (Column(Timed.time_ns),), order_by=Timed.time_ns)",
         "order_by is a field of Untimed with the time of ktime_get_ns, a u64; add one, as in"),
        (KINDS + "RING = RingBuf('RING', Untimed, Timed)\n"
         "PAGE = Page(count, RING, (Column(Writes.count),))",
         "shows a field of another record than Untimed or Timed, which comes through RING"),
        (KINDS + "RING = RingBuf('RING', Process, Timed)\n", "Process is one of several records"),
        ("SENT = PerfEventArray('SENT', Process)\n"
         "PAGE = Page(count, SENT, (Column(Process.pid),), order_by=Process.pid)",
         "with the time of ktime_get_ns, a u64; add one, as in timestamp_ns = u64"),
    ],
)  # fmt: skip
def test_advice_for_a_page_is_of_the_page(end: str, says: str, tmp_path: Path) -> None:
    assert says in refused(PLAIN + end, tmp_path)


@pytest.mark.parametrize("name", ["Clock", "Milliseconds", "Labelled", "Combined", "Percentile"])
def test_a_column_that_is_not_imported_is_named(name: str, tmp_path: Path) -> None:
    text = HELLO.replace("Column(HelloEvent.pid", f"{name}(HelloEvent.pid")
    assert f"write above: from tuxscope.page import {name}" in refused(text, tmp_path)


# Packages define nothing: what pages get of them is in these, and all of it but a few is for pages.
BEHIND = {asm: (asm.errors, asm.maps, asm.attach), page_names: (columns,)}
INTERNAL = {asm: {"StreamMap", "OnlyTestRun"}, page_names: {"Cells"}}


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.__name__)
def test_all_that_a_page_can_import_is_listed(home: ModuleType) -> None:
    """The hint for a name that was not imported looks there."""
    found = {name for name, value in vars(home).items() if not isinstance(value, ModuleType)}
    assert {name for name in found if name[0] != "_"} == set(home.__all__)
    kinds = {
        name
        for module in BEHIND.get(home, ())
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
    assert kinds - set(home.__all__) == INTERNAL.get(home, set())
