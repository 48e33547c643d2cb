"""An entry's program as a page of its own: its function, and of its module what that names."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from textwrap import fill
from types import ModuleType

from tuxscope.asm import Assembler
from tuxscope.learn.gallery.entry import MARK

WIDTH = 96


def page_of(function: Callable[[], Assembler], text: str) -> str:
    """The source of a page that makes this program; ``text`` is its docstring."""
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
    """The function, which now returns the finished program."""
    source = inspect.getsource(function)
    source = re.sub(rf"  {MARK}.*", "", source)
    source = source.replace("-> Assembler:", "-> Program:", 1)
    return re.sub(r"return a$", "return a.program()", source.rstrip()) + "\n"


def needed(function: Callable[[], Assembler]) -> tuple[list[str], dict[str, set[str]]]:
    """What a function's module has to be repeated for it, in order; and what is imported."""
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
    """Find where some names come from, those first that others need."""
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
    """The names that are read, in their order."""
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    return iter(dict.fromkeys(each.id for each in found if isinstance(each.ctx, ast.Load)))


def import_of(module: str, names: set[str]) -> str:
    """An import as a formatter leaves it."""
    line = f"from {module} import {', '.join(sorted(names, key=order))}\n"
    if len(line) <= WIDTH:
        return line
    wrapped = fill(", ".join(sorted(names, key=order)), WIDTH - 4)
    inside = "".join(f"    {each}\n" for each in wrapped.splitlines())
    return f"from {module} import (\n{inside})\n"


def order(name: str) -> tuple[bool, str, int]:
    """Classes before functions, and r2 before r10."""
    bare = name.rstrip("0123456789")
    return not name[0].isupper(), bare, int(name[len(bare) :] or 0)
