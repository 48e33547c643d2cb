"""The PAGE that a page's own names would make, for one that has none or a wrong one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import FunctionType

from tuxscope.asm import Array, Assembler, Hash, PerfEventArray, Program
from tuxscope.output.columns import AnyColumn
from tuxscope.page.page import PARAMETERS, Page, records_of
from tuxscope.record import RecordError

MOST_COLUMNS = 3
FUNCTION = "def program(): ... return a.program()"


def proposal(names: Mapping[str, object], file: str) -> str:
    """``PAGE = Page(count, COUNTS, COLUMNS)``, of what a page defines; in words what it lacks
    where that is a function. ``file`` is the page's."""
    function = function_name(names, file)
    if not function:
        made = any(isinstance(each, Assembler | Program) for each in names.values())
        what = "put what makes the program into" if made else "it needs"
        return f"{what} a function, {FUNCTION}, and PAGE = Page(program) after it"
    made_by = names[function]
    assert callable(made_by)
    usual = ""
    for map_name, map in maps(names):
        for text, columns in tuples_of_columns(names):
            with suppress(RecordError):
                Page(made_by, map, columns)
                return f"PAGE = Page({function}, {map_name}, {text})"
        with suppress(RecordError):
            usual = usual or f"PAGE = Page({function}, {map_name}, {columns_for(map)})"
    return usual or f"PAGE = Page({function})"


def function_name(names: Mapping[str, object], file: str) -> str:
    """The page's function that makes its program; empty where there is none."""
    own = {
        name: each
        for name, each in names.items()
        if isinstance(each, FunctionType) and each.__code__.co_filename == file and name != "PAGE"
    }
    called = {name for each in own.values() for name in each.__code__.co_names}
    last = list(own.items())[::-1]
    fitting = [
        # That which says so, that which no other calls, that which takes what a page's does.
        [name for name, each in last if says_so(each)],
        [name for name, each in last if name not in called and takes_what_pages_take(each)],
        [name for name, _ in last if name not in called],
        [name for name, _ in last],
    ]
    return next((found[0] for found in fitting if found), "")


def says_so(function: FunctionType) -> bool:
    with suppress(Exception):  # from Python 3.14 on this evaluates them
        return "Program" in str(function.__annotations__.get("return"))
    return False


def takes_what_pages_take(function: FunctionType) -> bool:
    code = function.__code__
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return set(taken) <= set(PARAMETERS)


def maps(names: Mapping[str, object]) -> Iterator[tuple[str, PerfEventArray | Hash | Array]]:
    """Those that a page can show, streams first: another map beside one is what it works with."""
    for kind in (PerfEventArray, Hash | Array):
        for name, each in names.items():
            if isinstance(each, kind):
                yield name, each


def tuples_of_columns(
    names: Mapping[str, object],
) -> Iterator[tuple[str, tuple[AnyColumn, ...]]]:
    """Columns, and how to write a tuple of them."""
    for name, each in names.items():
        if isinstance(each, AnyColumn):
            yield f"({name},)", (each,)
        elif (
            isinstance(each, tuple | list)
            and each
            and all(isinstance(column, AnyColumn) for column in each)
        ):
            yield name if isinstance(each, tuple) else f"tuple({name})", tuple(each)


def columns_for(map: PerfEventArray | Hash | Array) -> str:
    """Columns for a map's first fields. Raises RecordError where it has no records."""
    records = records_of(map)
    most = max(1, MOST_COLUMNS // len(records))
    shown = [f"{each.__name__}.{name}" for each in records for name in [*each.fields][:most]]
    columns = [f"Column({each}, 8)" for each in shown[:-1]] + [f"Column({shown[-1]})"]
    return f"({', '.join(columns)}{',' * (len(columns) == 1)})"
