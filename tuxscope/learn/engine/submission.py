"""A student's page, and what graders ask about it; needs no kernel."""

from __future__ import annotations

import ast
import linecache
import random
from collections.abc import Callable, Iterator
from typing import Any

from tuxscope.asm import Instruction, Map, Program, SourceLine
from tuxscope.asm.layout import Layout
from tuxscope.learn.engine.calls import LINUX_6_18
from tuxscope.learn.engine.interpreter import Interpreter, context_of
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.page.loading import definition, load_page, programs_of
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.suggest import did_you_mean
from tuxscope.vm import Machine, World


class Submission:
    """A page to grade.

    Attributes:
        file: a str, its path.
        page: its PAGE, a Page.
        seed, rng: an int and the random.Random with the grader's random inputs; the same seed has
            the same inputs.
        definition: a SourceLine, a property.
    """

    def __init__(self, file: str, seed: int) -> None:
        """Load the page ``file``, a path; ``seed`` is that of the random inputs. Raises
        PageError."""
        self.file = file
        self.seed = seed
        self.rng = random.Random(seed)
        self.page: Page = load_page(file)

    def programs(
        self,
        pid: int | None = None,
        namespace: PidNamespace | None = None,
        layout: Layout | None = None,
    ) -> tuple[Program, ...]:
        """Assemble its programs; return a tuple of Program. Raises PageError or AssemblyError.

        ``pid`` is that of the page's filter, or None, in ``namespace``, a PidNamespace; None for
        the initial one. ``layout`` is a Layout for pages that take one; None for their own.
        """
        return programs_of(self.page, self.file, pid, namespace=namespace, layout=layout)

    def program(self) -> Program:
        """Assemble its programs, and return the first Program."""
        return self.programs()[0]

    @property
    def definition(self) -> SourceLine:
        """The SourceLine of its function, for mistakes that no other line is known for."""
        return definition(self.page, self.file)

    def map(self, kind: type[Map], name: str | None = None, hint: int = 0) -> Any:
        """Return the first Map of ``kind``, a subclass of Map, that its programs use; if ``name``,
        a str, is not None, the one of that name.

        Raises Mistake, with the hint of index ``hint``, if there is no such map.
        """
        used = [each for program in self.programs() for each in program.maps]
        found = [each for each in used if isinstance(each, kind) and name in (None, each.name)]
        if found:
            return found[0]
        what = f"a program that uses {kind.__name__} {name}" if name else (
            f"a program that uses a map of type {kind.__name__}"
        )  # fmt: skip
        names = ", ".join(f"{type(each).__name__} {each.name}" for each in dict.fromkeys(used))
        near = did_you_mean(name or "", [each.name for each in used])
        came = f"it uses {names}{near}" if names else "it uses no map"
        raise Mistake(what, came, self.definition, hint)

    def instructions(self, kind: Callable[[Instruction], bool]) -> Iterator[Instruction]:
        """Yield the Instructions of all programs, in order, for which ``kind``, called with each,
        returns True."""
        for program in self.programs():
            yield from filter(kind, program.instructions)

    def line_of(self, kind: Callable[[Instruction], bool]) -> SourceLine | None:
        """Return the SourceLine of the first Instruction for which ``kind``, called with each,
        returns True; None if there is none."""
        return next((each.source for each in self.instructions(kind)), None)

    def line_with(self, text: str) -> SourceLine | None:
        """Return the page's first line that has ``text``, a str, below the docstring, as a
        SourceLine; None if there is none."""
        lines = linecache.getlines(self.file)
        first = ast.parse("".join(lines)).body[0]
        task = first.end_lineno or 0 if isinstance(first, ast.Expr) else 0
        for number, line in enumerate(lines, 1):
            if number > task and text in line:
                return SourceLine(self.file, number, line.strip())
        return None

    def interpreter(self, pid: int | None = None, layout: Layout = LINUX_6_18) -> Interpreter:
        """Return an Interpreter of its programs, with empty maps; ``pid`` is that of the page's
        filter, or None, and ``layout`` the Layout of the simulated kernel."""
        return Interpreter(self.page, self.programs(pid, layout=layout), layout)

    def result(self, *arguments: int, world: World | None = None) -> int:
        """Return the u64 that its first program returns for a raw tracepoint's ``arguments``, each
        an int of 64 bits.

        ``world``, keyword-only, is the World for helpers, or None. Raises Fault.
        """
        return Machine(self.program(), context_of(arguments), world=world).run()
