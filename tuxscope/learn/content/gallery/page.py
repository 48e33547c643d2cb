"""Makes a page of an entry's program: its function, and the definitions that it uses."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from textwrap import fill
from types import ModuleType

from tuxscope.asm import Assembler
from tuxscope.learn.content.gallery.entry import MARK

WIDTH = 96


def page_of(function: Callable[[], Assembler], text: str) -> str:
    """The source of a page of this program; ``text`` is its docstring."""
    definitions, imports = needed(function)
    imports.setdefault("tuxscope.asm", set()).add("Program")
    imports["tuxscope.page"] = {"Page"}
    blocks = "".join(f"\n\n{each}\n\n" if "\n" in each else f"\n{each}" for each in definitions)
    name = function.__name__
    return (
        f'"""{text}"""\n\n'
        + "".join(import_of(module, names) for module, names in sorted(imports.items()))
        + (f"{blocks.rstrip()}\n" if definitions else "")
        + f"\n\n{program_of(function)}\n\nPAGE = Page({name})\n"
    )


def program_of(function: Callable[[], Assembler]) -> str:
    """The source of the function, changed to return a Program."""
    source = inspect.getsource(function)
    source = re.sub(rf"  {MARK}.*", "", source)
    source = source.replace("-> Assembler:", "-> Program:", 1)
    return re.sub(r"return a$", "return a.program()", source.rstrip()) + "\n"


def needed(function: Callable[[], Assembler]) -> tuple[list[str], dict[str, set[str]]]:
    """The definitions of its module that a function needs, in order; and imports, by module."""
    tree = ast.parse(inspect.getsource(function))
    definitions: dict[str, str] = {}
    imports: dict[str, set[str]] = {}
    collect(sys.modules[function.__module__], names_in(tree), definitions, imports)
    return list(definitions.values()), imports


def collect(
    module: ModuleType,
    names: Iterator[str],
    definitions: dict[str, str],
    imports: dict[str, set[str]],
) -> None:
    """Collect the definitions and imports of some names, dependencies first."""
    source = inspect.getsource(module)
    for name in names:
        if name in definitions:
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}:
                where = str(node.module)
                if where.startswith(__package__):
                    collect(sys.modules[where], iter([name]), definitions, imports)
                else:
                    imports.setdefault(where, set()).add(name)
            elif name in defined_by(node):
                collect(module, names_in(node), definitions, imports)
                definitions[name] = str(ast.get_source_segment(source, node))


def defined_by(node: ast.stmt) -> set[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {each.id for each in node.targets if isinstance(each, ast.Name)}
    return set()


def names_in(tree: ast.AST) -> Iterator[str]:
    """The names that are read, in order, each once."""
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    return iter(dict.fromkeys(each.id for each in found if isinstance(each.ctx, ast.Load)))


def import_of(module: str, names: set[str]) -> str:
    """An import statement, wrapped as a formatter does."""
    line = f"from {module} import {', '.join(sorted(names, key=order))}\n"
    if len(line) <= WIDTH:
        return line
    wrapped = fill(", ".join(sorted(names, key=order)), WIDTH - 4)
    inside = "".join(f"    {each}\n" for each in wrapped.splitlines())
    return f"from {module} import (\n{inside})\n"


def order(name: str) -> tuple[bool, str, int]:
    """The sort key of a name: classes before functions, and r2 before r10."""
    bare = name.rstrip("0123456789")
    return not name[0].isupper(), bare, int(name[len(bare) :] or 0)
