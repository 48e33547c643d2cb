"""A program as immutable data, to be listed, interpreted or loaded."""

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

# MAX_BPF_STACK: the size of a function's stack in bytes (include/linux/filter.h).
STACK_SIZE = 512
LONGEST_LICENSE = 127  # bytes: bpf_prog_load copies no more (kernel/bpf/syscall.c)


@dataclass(frozen=True, slots=True)
class Label:
    """A frozen dataclass: a label or the entry point of a function.

    Attributes:
        name: a str, the name in the author's program; a label is unique within its function.
        slot: an int, the offset from the start of the program, in slots of 64 bits.
        is_global: for a function, whether the kernel verifies it by itself.
    """

    name: str
    slot: int
    is_global: bool = field(default=False, repr=False)


@dataclass(frozen=True, slots=True)
class StackVariable:
    """A frozen dataclass: a variable on the stack, reserved with ``a.stack()``.

    Attributes:
        name: a str, the Python variable that the author assigned it to.
        offset: an int, the offset from r10 in bytes, which is negative.
        type: its FieldType.
        function: a str, the name of the function that has the stack.
    """

    name: str
    offset: int
    type: FieldType[Any]
    function: str


def check_head(name: object, attach: object, license: object) -> None:
    """Check a program's ``name``, ``attach`` point and ``license``, each any object. Raises
    ProgramError."""
    check_name("program", name)
    if not isinstance(attach, AttachPoint):
        raise ProgramError(
            f"program {name}: attach must be an attach point, as in "
            f'Tracepoint("syscalls", "sys_enter_write"), not {shown(attach)}',
            author_line(),
        )
    check_text(f"program {name}: a license", license, LONGEST_LICENSE, 'as in license="GPL"')


@dataclass(frozen=True)
class Program:
    """A frozen dataclass: a program: instructions, name, attach point, license, functions and
    labels.

    Attributes:
        name: a str, 1 to 15 characters, as ``bpftool prog`` shows it.
        attach: the AttachPoint.
        instructions: a tuple of Instruction, in program order, with resolved jumps; the loader
            resolves the maps.
        functions: the entry points, a tuple of Label; the first is the program's own, at slot 0.
        labels: the targets of jumps, a tuple of Label in the order of their slots.
        license: a str, some helpers are for GPL-compatible programs only.
        stack: the variables on the stack, a tuple of StackVariable, for the listing; comparison
            ignores it.
        by_slot: a mapping of int to Instruction, a property.

    Raises:
        ProgramError: an argument of the wrong type, an invalid name, or no instructions.
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
                f"program {self.name} has no instructions; add at least a.mov(r0, 0) and a.exit()",
                author_line(),
            )
        if not self.functions or self.functions[0].slot:
            raise ProgramError(
                f"program {self.name}: the first function must be at slot 0, as in "
                f'functions=(Label("{self.name}", 0),)',
                author_line(),
            )

    def _check_all(self, name: str, kind: type) -> None:
        """Check that an attribute is a tuple of ``kind``. Raises ProgramError."""
        values = getattr(self, name)
        if not isinstance(values, tuple) or not all(isinstance(each, kind) for each in values):
            raise ProgramError(
                f"program {self.name}: {name} must be a tuple of {kind.__name__}, "
                f"not {shown(values)}",
                author_line(),
            )

    @cached_property
    def maps(self) -> tuple[Map, ...]:
        """A tuple of all Maps of the program, in the order of their first use."""
        return tuple(dict.fromkeys(each.map for each in self.instructions if each.map))

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """A tuple of the first slot of each instruction; ld_imm64 takes two slots."""
        slots = []
        slot = 0
        for instruction in self.instructions:
            slots.append(slot)
            slot += instruction.slots
        return tuple(slots)

    @cached_property
    def by_slot(self) -> Mapping[int, Instruction]:
        """The Instructions by their first slot, a mapping of int to Instruction."""
        return dict(zip(self.slots, self.instructions, strict=True))

    def encode(self, fds: Mapping[Map, int] | None = None, byteorder: ByteOrder = NATIVE) -> bytes:
        """Return the bytes that bpf(2) takes, 8 for each slot, in ``byteorder``.

        ``fds`` is a mapping of each Map in ``maps`` to its file descriptor; None if there are no
        maps. Raises ProgramError if one is missing, OperandError for an unknown byte order.
        """
        check_byteorder(byteorder)
        fds = fds or {}
        missing = [each.name for each in self.maps if each not in fds]
        if missing:
            raise ProgramError(
                f"program {self.name}: fds has no file descriptor for map {missing[0]}"
            )
        return b"".join(
            (replace(each, imm=fds[each.map], map=None) if each.map else each).encode(byteorder)
            for each in self.instructions
        )


def checked_program(function: str, given: object) -> Program:
    """Return ``given``, any object, if it is a Program. Raises ArgumentTypeError with the name
    ``function``, a str."""
    if isinstance(given, Program):
        return given
    name = getattr(given, "__name__", "make")
    hints = {
        "Assembler": f"pass the result of its program(): {function}(a.program())",
        "Page": f"call its function: {function}(PAGE.program())",
        "LoadedProgram": "pass its .program",
        "function": f"call it: {function}({name}())",
        "tuple": f"call {function}(program) for each of them",
        "list": f"call {function}(program) for each of them",
    }
    hint = hints.get(type(given).__name__, "pass the result of an Assembler's program()")
    raise ArgumentTypeError(function, "a Program", given, hint)
