"""What goes wrong in a page is told with the page's own line, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuxscope.asm.errors import AssemblyError
from tuxscope.errors import UsageError
from tuxscope.page.loading import PageError, errors_of_the_page, load_page, page_file, programs_of

BEGINNING = """\
from tuxscope.asm import Assembler, RawTracepoint, helper, r0, r1, r6
from tuxscope.page import Column
from tuxscope.record import Record, u32
a = Assembler("wrong", attach=RawTracepoint())
class Event(Record):
    pid = u32
event = a.stack(Event)
"""
LINE = BEGINNING.count("\n") + 1


def load(text: str, tmp_path: Path) -> str:
    """Load a page that ends with ``text``; the one line that comes of it."""
    page = tmp_path / "a_page.py"
    page.write_text(BEGINNING + text)
    with pytest.raises((PageError, AssemblyError)) as caught:
        load_page(str(page))
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a.mov(r1, r6", "'(' was never closed"),
        ("a.mov(r1 r6)", "invalid syntax. Perhaps you forgot a comma?"),
        ("a.mov(r1, r9)  # not imported", "name 'r9' is not defined"),
        ("a.stx(event.pdi, r0)", "Event has no field pdi; did you mean pid?"),
        ("Column(Event.pdi, 8)", "Event has no field pdi; did you mean pid?"),
        ("a.move(r1, r6)", "the assembler has no move; did you mean mov?"),
        ("a.call(helper.ktime_get_n)", "no helper ktime_get_n; did you mean ktime_get_ns?"),
        ("event.pid = r0", "Python cannot assign to pid"),
        ("a.mov(r1, event.pid)", "load from memory with a.ldx"),
        ("a.mov(r1, 1 << 40)", "out of range"),
        ("exit()", "the page ended Python; a program ends with a.exit()"),
        ("1 / 0", "division by zero"),
        ("raise ValueError", "ValueError"),
    ],
)
def test_the_line_is_the_pages(text: str, says: str, tmp_path: Path) -> None:
    line = load(text, tmp_path)
    assert line.startswith(f"a_page.py:{LINE}: {text.partition('  #')[0]}: ")
    assert says in line


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("return_value", "; did you mean return_value.py?"),
        ("return-value.py", "; did you mean return_value.py?"),
        ("retrun_value.py", "; did you mean return_value.py?"),
        ("./return_value", "; did you mean ./return_value.py?"),
        ("hello", "; it comes with tuxscope: tuxscope hello"),
        ("net_summary", "; it comes with tuxscope: tuxscope net --summary"),
        ("elsewhere/return_value.py", ""),
        ("another.py", ""),
    ],
)
def test_a_page_that_is_not_there(
    name: str, near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "return_value.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PageError) as caught:
        load_page(name)
    assert str(caught.value).endswith(f"No such file or directory (ENOENT){near}")


def test_ctrl_c_is_no_error_of_the_page() -> None:
    with pytest.raises(KeyboardInterrupt), errors_of_the_page("hello.py"):
        raise KeyboardInterrupt


FUNCTION = """
def made(exclude):
    taken.append(exclude)
    a = Assembler("made", attach=RawTracepoint())
    a.mov(r0, 0)
    a.exit()
    return a.program()
taken = []
"""


@pytest.mark.parametrize(
    ("function", "several"),
    [
        ("def f(exclude=()): return made(exclude)", True),
        ("def f(pid=None, exclude=(), namespace=None): return made(exclude)", True),
        ("def f(pid=None, *, exclude=(), namespace=None): return made(exclude)", True),
        ("import functools\n@functools.wraps(lambda exclude=(): 0)\n"
         "def f(**kw): return made(**kw)", True),
        ("def f(exclude): return made(exclude)", False),
        ("def f(exclude=None): return made(exclude)", False),
        ("def f(pid, exclude, namespace=()): return made(exclude)", False),
        ("def f(pid=(), *, exclude=None): return made(exclude)", False),
    ],
)  # fmt: skip
def test_a_tuple_is_for_who_has_one_as_its_default(
    tmp_path: Path, function: str, several: bool
) -> None:
    page = tmp_path / "a_page.py"
    page.write_text(f"{BEGINNING}{FUNCTION}{function}\nfrom tuxscope.page import Page\n"
                    "PAGE = Page(f)\n")  # fmt: skip
    loaded = load_page(str(page))
    taken = loaded.program.__globals__["taken"]  # type: ignore[attr-defined]
    for exclude, own in (((), None), ((5,), None), ((), 7), ((5, 6), 7), ((5, 7), 7)):
        if several or len({*exclude, own} - {None}) < 2:
            programs_of(loaded, str(page), exclude=exclude, own=own)
        else:
            with pytest.raises(UsageError, match=r"a_page\.py leaves out tuxscope itself, and no"):
                programs_of(loaded, str(page), exclude=exclude, own=own)
    assert taken == ([(), (5,), (7,), (5, 6, 7), (5, 7)] if several else [None, 5, 7])


def test_a_page_written_for_an_earlier_tuxscope_is_loaded(tmp_path: Path) -> None:
    """Users have pages that import from where the names once were."""
    text = Path(page_file("hello")).read_text()
    new = "from tuxscope.page import Column, Page, PidNamespace, namespaced_pid\n"
    assert new in text
    page = tmp_path / "mine.py"
    page.write_text(text.replace(new, EARLIER))
    (program,) = programs_of(load_page(str(page)), str(page), 1842)
    (ours,) = programs_of(load_page(page_file("hello")), page_file("hello"), 1842)
    assert program.encode(dict.fromkeys(program.maps, 0)) == ours.encode(
        dict.fromkeys(ours.maps, 0)
    )


EARLIER = """\
from tuxscope.columns import Bar, Column, Index, Log2, Percentile, Rate
from tuxscope.programs.page import Page
from tuxscope.programs.pid_namespace import PidNamespace, namespaced_pid
"""
