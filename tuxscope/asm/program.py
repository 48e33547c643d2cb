"""A finished program: plain, immutable data that can be listed, stepped and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from tuxscope.asm.attach import AttachPoint, check_text
from tuxscope.asm.errors import ProgramError
from tuxscope.asm.instruction import NATIVE, ByteOrder, Instruction, check_byteorder
from tuxscope.asm.maps import Map, check_name
from tuxscope.asm.source import author_line
from tuxscope.errors import ArgumentTypeError, shown
from tuxscope.lean_dataclasses import dataclass, field, replace
from tuxscope.lean_typing import Any
from tuxscope.record.types import FieldType

# MAX_BPF_STACK: what one function's frame holds, in bytes (include/linux/filter.h).
STACK_SIZE = 512
LONGEST_LICENSE = 127  # bytes: bpf_prog_load copies no more (kernel/bpf/syscall.c)


@dataclass(frozen=True, slots=True)
class Label:
    """A named place in a program.

    Attributes:
        name: as the author wrote it; unique within its function.
        slot: 64-bit slots from the program's start.
    """

    name: str
    slot: int


@dataclass(frozen=True, slots=True)
class StackVariable:
    """A place on a function's stack, as the author named it.

    Attributes:
        name: what ``a.stack()`` was assigned to.
        offset: from r10, negative.
        type: what lies there.
        function: whose stack it is.
    """

    name: str
    offset: int
    type: FieldType[Any]
    function: str


def check_head(name: object, attach: object, license: object) -> None:
    """Hold a program's name, attach point and license to what the loader takes.

    Raises ProgramError, at the author's line.
    """
    check_name("program", name)
    if not isinstance(attach, AttachPoint):
        raise ProgramError(
            f"program {name}: attach says where it runs, as in "
            f'Tracepoint("syscalls", "sys_enter_write"), not {shown(attach)}',
            author_line(),
        )
    check_text(f"program {name}: a license", license, LONGEST_LICENSE, 'as in license="GPL"')


@dataclass(frozen=True)
class Program:
    """Instructions, and what else the loader needs to know about them.

    Attributes:
        name: 1 to 15 characters, as ``bpftool prog`` shows it.
        attach: where it is to run.
        instructions: in order; jumps resolved, maps not yet.
        functions: the entry points; the program's own is the first, at slot 0.
        labels: where jumps go, by slot.
        license: the kernel offers some helpers to GPL-compatible programs only.
        stack: what lies where, for the listing; two programs are equal without it.
    """

    name: str
    attach: AttachPoint
    instructions: tuple[Instruction, ...]
    functions: tuple[Label, ...]
    labels: tuple[Label, ...] = ()
    license: str = "GPL"
    stack: tuple[StackVariable, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        check_head(self.name, self.attach, self.license)
        self._check_all("instructions", Instruction)
        self._check_all("functions", Label)
        self._check_all("labels", Label)
        if not self.instructions:
            raise ProgramError(
                f"program {self.name} has no instructions; the shortest is a.mov(r0, 0), a.exit()",
                author_line(),
            )
        if not self.functions or self.functions[0].slot:
            raise ProgramError(
                f"program {self.name}: its first function begins at slot 0, as in "
                f'functions=(Label("{self.name}", 0),)',
                author_line(),
            )

    def _check_all(self, name: str, kind: type) -> None:
        """Hold an attribute to a tuple of one kind. Raises ProgramError."""
        values = getattr(self, name)
        if not isinstance(values, tuple) or not all(isinstance(each, kind) for each in values):
            raise ProgramError(
                f"program {self.name}: {name} is a tuple of {kind.__name__}, not {shown(values)}",
                author_line(),
            )

    @cached_property
    def maps(self) -> tuple[Map, ...]:
        """All maps that instructions refer to, in the order they first do."""
        return tuple(dict.fromkeys(each.map for each in self.instructions if each.map))

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """The slot that each instruction begins at: a ld_imm64 takes two."""
        slots = []
        slot = 0
        for instruction in self.instructions:
            slots.append(slot)
            slot += instruction.slots
        return tuple(slots)

    @cached_property
    def by_slot(self) -> Mapping[int, Instruction]:
        """Each instruction by the slot that it begins at."""
        return dict(zip(self.slots, self.instructions, strict=True))

    def encode(self, fds: Mapping[Map, int] | None = None, byteorder: ByteOrder = NATIVE) -> bytes:
        """The bytes that the kernel takes, 8 for each slot.

        ``fds`` has a file descriptor for each of ``maps``. Raises ProgramError where one is
        missing. The same arguments always give the same bytes.
        """
        check_byteorder(byteorder)
        fds = fds or {}
        missing = [each.name for each in self.maps if each not in fds]
        if missing:
            raise ProgramError(f"program {self.name}: no file descriptor for map {missing[0]}")
        return b"".join(
            (replace(each, imm=fds[each.map], map=None) if each.map else each).encode(byteorder)
            for each in self.instructions
        )


def checked_program(function: str, given: object) -> Program:
    """The program that was given to a function, by its name. Raises ArgumentTypeError."""
    if isinstance(given, Program):
        return given
    name = getattr(given, "__name__", "make")
    hints = {
        "Assembler": f"its program is what a.program() returns: {function}(a.program())",
        "Page": f"its function makes that: {function}(PAGE.program())",
        "LoadedProgram": "its .program is what was loaded",
        "function": f"call it: {function}({name}())",
        "tuple": f"{function}(program) for each of them",
        "list": f"{function}(program) for each of them",
    }
    hint = hints.get(type(given).__name__, "an Assembler's program() makes one")
    raise ArgumentTypeError(function, "a Program", given, hint)
