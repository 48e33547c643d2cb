"""Proposes a PAGE from the names that a page defines, for a page whose PAGE is missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import FunctionType

from tuxscope.asm import Array, Assembler, Hash, Program
from tuxscope.asm.maps import StreamMap
from tuxscope.output.columns import AnyColumn
from tuxscope.page.page import PARAMETERS, Page, records_of
from tuxscope.record import RecordError

MOST_COLUMNS = 3
FUNCTION = "def program(): ... return a.program()"


def proposal(names: Mapping[str, object], file: str) -> str:
    """Return ``PAGE = Page(count, COUNTS, COLUMNS)``, a str, from ``names``, a mapping of name to
    value as a page defines them; a sentence if it defines no function. ``file`` is the page's
    path."""
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
    """Return the name of the function that makes the program, among ``names``, a mapping of name to
    value, of page ``file``, a path; empty if there is no function."""
    own = {
        name: each
        for name, each in names.items()
        if isinstance(each, FunctionType) and each.__code__.co_filename == file and name != "PAGE"
    }
    called = {name for each in own.values() for name in each.__code__.co_names}
    last = list(own.items())[::-1]
    fitting = [
        # Annotated as such; called by no other, with a page's parameters; called by no other; any.
        [name for name, each in last if returns_program(each)],
        [name for name, each in last if name not in called and has_page_parameters(each)],
        [name for name, _ in last if name not in called],
        [name for name, _ in last],
    ]
    return next((found[0] for found in fitting if found), "")


def returns_program(function: FunctionType) -> bool:
    """Return whether the annotations of ``function``, a FunctionType, say that it returns a
    Program."""
    with suppress(Exception):  # since Python 3.14 this evaluates annotations
        return "Program" in str(function.__annotations__.get("return"))
    return False


def has_page_parameters(function: FunctionType) -> bool:
    """Return whether ``function``, a FunctionType, has only parameters that a page's function may
    have."""
    code = function.__code__
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return set(taken) <= set(PARAMETERS)


def maps(names: Mapping[str, object]) -> Iterator[tuple[str, StreamMap | Hash | Array]]:
    """Yield a pair (name, map) of each StreamMap, Hash or Array in ``names``, a mapping of name to
    value, that a page can show, streams first: other maps beside a stream are its state."""
    for kind in (StreamMap, Hash | Array):
        for name, each in names.items():
            if isinstance(each, kind):
                yield name, each


def tuples_of_columns(
    names: Mapping[str, object],
) -> Iterator[tuple[str, tuple[AnyColumn, ...]]]:
    """Yield a pair (expression, a str, and columns) for each tuple of AnyColumns in ``names``, a
    mapping of name to value as a page defines them."""
    for name, each in names.items():
        if isinstance(each, AnyColumn):
            yield f"({name},)", (each,)
        elif (
            isinstance(each, tuple | list)
            and each
            and all(isinstance(column, AnyColumn) for column in each)
        ):
            yield name if isinstance(each, tuple) else f"tuple({name})", tuple(each)


def columns_for(map: StreamMap | Hash | Array) -> str:
    """Return an expression, a str, for columns of the first fields of ``map``, a StreamMap, a Hash
    or an Array.

    Raises RecordError if it has none.
    """
    records = records_of(map)[:1] if isinstance(map, StreamMap) else records_of(map)
    most = max(1, MOST_COLUMNS // len(records))
    shown = [f"{each.__name__}.{name}" for each in records for name in [*each.fields][:most]]
    columns = [f"Column({each}, 8)" for each in shown[:-1]] + [f"Column({shown[-1]})"]
    return f"({', '.join(columns)}{',' * (len(columns) == 1)})"
