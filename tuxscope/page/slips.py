"""Finds lines of a page that are valid Python, but certainly not what was meant.

``a.exit`` calls nothing, ``r0 = u64[r1 + 8]`` assigns a Python variable, and a place on the stack
of one program does not exist in another. Python reports none of them, and what fails later is
elsewhere; so a page is searched for them when something fails.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from contextlib import suppress
from types import CodeType

from tuxscope.asm import Assembler, Register, SourceLine
from tuxscope.page.page import Page

INSTRUCTIONS = frozenset(each for each in dir(Assembler) if not each.startswith("_"))


def slip_in(page: Page) -> tuple[str, SourceLine] | None:
    """Return a pair: a str, what is wrong with the first line without effect of the function of
    ``page``, a Page; and its SourceLine; None if there is none."""
    code = getattr(page.program, "__code__", None)
    names = getattr(page.program, "__globals__", {})
    if not isinstance(code, CodeType):
        return None
    lines = linecache.getlines(code.co_filename)
    with suppress(SyntaxError, ValueError, RecursionError):
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
                for number, problem in slips(node, names):
                    text = lines[number - 1].strip()
                    return problem, SourceLine(code.co_filename, number, text)
    return None


def slips(function: ast.FunctionDef, names: dict[str, object]) -> Iterator[tuple[int, str]]:
    """Yield a pair (line number, what is wrong, a str) of each line without effect of ``function``,
    a FunctionDef, in order; ``names`` is a dict of the page's globals."""
    made: set[str] = set()  # assemblers
    owners: dict[str, str] = {}  # of places on a stack: the assembler
    nodes = (each for each in ast.walk(function) if isinstance(each, ast.Expr | ast.Assign))
    for node in sorted(nodes, key=lambda each: each.lineno):
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("Assembler"))):
                made.add(name)
            case ast.Assign(
                [ast.Name(name)], ast.Call(ast.Attribute(ast.Name(assembler), "stack"))
            ):
                owners[name] = assembler
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(assembler)), operands)):
                used = (each.id for operand in operands for each in ast.walk(operand)
                        if isinstance(each, ast.Name))  # fmt: skip
                for name in used:
                    owner = owners.get(name, assembler)
                    if owner != assembler and {owner, assembler} <= made:
                        yield node.lineno, another_stack(name, owner, assembler)
            case ast.Expr(ast.Attribute(ast.Name(assembler), method)) if method in INSTRUCTIONS:
                given = "" if method == "exit" else "…"
                yield node.lineno, f"{method} is not called: {assembler}.{method}({given})"
            case ast.Assign([ast.Name(name)]) if isinstance(names.get(name), Register):
                yield node.lineno, register_assigned(name)
            case ast.Assign([ast.Name(name)]):
                owners.pop(name, None)


def another_stack(name: str, owner: str, assembler: str) -> str:
    """Return the message, a str, for place ``name`` on the stack of ``owner`` in an instruction of
    ``assembler``; all are names of variables."""
    return (
        f"{name} is on the stack of {owner}'s program; that of {assembler} has one of its own: "
        f"{name} = {assembler}.stack(…)"
    )


def register_assigned(name: str, sign: str = "", method: str = "mov") -> str:
    """Return the message, a str, for ``r0 = …``, and for ``r0 += …``: ``name`` is the register,
    ``sign`` the operator such as ``+``, ``method`` the one to call instead."""
    loads = "" if sign else f", or of what is in memory a.ldx({name}, …)"
    return (
        f"{name} {sign}= … makes {name} a Python variable; to {'change' if sign else 'set'} "
        f"it, a.{method}({name}, …){loads}"
    )
