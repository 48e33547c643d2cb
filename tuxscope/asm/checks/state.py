"""Registers, frames and what is owed, at one place of one path."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from tuxscope.asm.checks.values import (
    ANYTHING,
    NEVER_SET,
    SOME_NUMBER,
    Number,
    Pointer,
    PointerKind,
    Unset,
    Value,
)
from tuxscope.asm.errors import (
    CheckError,
    ClobberedRegisterError,
    UninitialisedRegisterError,
)
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.program import STACK_SIZE, Program
from tuxscope.lean_typing import TypeVar

Error = TypeVar("Error", bound=CheckError)

# What is known of a byte of the stack.
# Never set; by the program; by a helper, no matter with what; perhaps, and with anything.
NOTHING, STORED, WRITTEN, UNKNOWN = range(4)


class StackFrame:
    """A function's stack, and what its caller gets back.

    Attributes:
        function: the slot that it begins at.
        returns_to: the slot after the call.
        saved: the caller's r6 to r9.
        bytes: what is known of each byte; the first is 512 below r10.
        spilled: what was stored where, by offset from r10: the size, and the value.
    """

    __slots__ = ("bytes", "function", "returns_to", "saved", "spilled")

    def __init__(self, function: int, returns_to: int, saved: list[Value]) -> None:
        self.function = function
        self.returns_to = returns_to
        self.saved = saved
        self.bytes = bytearray(STACK_SIZE)
        self.spilled: dict[int, tuple[int, Value]] = {}

    def copy(self) -> StackFrame:
        other = StackFrame(self.function, self.returns_to, list(self.saved))
        other.bytes = bytearray(self.bytes)
        other.spilled = dict(self.spilled)
        return other

    def store(self, offset: int, size: int, value: Value | None, mark: int = STORED) -> None:
        """``size`` bytes at ``offset`` from r10 are set; ``value`` is what, where it is known."""
        for other, (length, _) in list(self.spilled.items()):
            if other < offset + size and offset < other + length:
                del self.spilled[other]
        start = STACK_SIZE + offset
        self.bytes[start : start + size] = bytes([mark]) * size
        if value is not None:
            self.spilled[offset] = (size, value)

    def unset(self, offset: int, size: int) -> list[int]:
        """The offsets in a piece of the stack that nothing was ever stored at."""
        return [each for each in range(offset, offset + size) if not self.bytes[STACK_SIZE + each]]

    def load(self, offset: int, size: int) -> Value | None:
        """What is stored there, as a whole; None where that is not known."""
        length, value = self.spilled.get(offset, (0, None))
        return value if length == size else None

    def overlapping(self, offset: int, size: int) -> list[Value]:
        """What is stored in a piece of the stack, or partly in it."""
        return [
            value
            for other, (length, value) in self.spilled.items()
            if other < offset + size and offset < other + length
        ]

    def forget(self) -> None:
        """Something was stored somewhere: all bytes may be set, and hold anything."""
        self.spilled.clear()
        self.bytes = bytearray([UNKNOWN]) * STACK_SIZE

    def unknown(self, offset: int, size: int) -> bool:
        """Whether something may have been stored there that nothing is known of."""
        return UNKNOWN in self.bytes[STACK_SIZE + offset : STACK_SIZE + offset + size]

    def all_written(self, offset: int, size: int) -> bool:
        start = STACK_SIZE + offset
        return self.bytes[start : start + size] == bytes([WRITTEN]) * size


class PathState:
    """What a path has come to.

    Attributes:
        program: what is walked.
        slot: of the instruction that it has come to.
        registers: r0 to r10.
        frames: the last is the current function's.
        references: what was reserved and not given back: identity, and the slot of the call.
    """

    __slots__ = ("frames", "program", "references", "registers", "slot")

    def __init__(
        self,
        program: Program,
        slot: int,
        registers: list[Value],
        frames: list[StackFrame],
        references: dict[int, int],
    ) -> None:
        self.program = program
        self.slot = slot
        self.registers = registers
        self.frames = frames
        self.references = references

    @classmethod
    def first(cls, program: Program) -> PathState:
        """As a program begins: the context in r1."""
        registers: list[Value] = [NEVER_SET] * 11
        registers[1] = Pointer(PointerKind.CONTEXT, 0)
        registers[10] = Pointer(PointerKind.STACK, 0)
        return cls(program, 0, registers, [StackFrame(0, 0, [])], {})

    def copy(self, slot: int) -> PathState:
        frames = [each.copy() for each in self.frames]
        return PathState(self.program, slot, list(self.registers), frames, dict(self.references))

    @property
    def instruction(self) -> Instruction:
        return self.program.by_slot[self.slot]

    def error(self, kind: type[Error], problem: str, hint: str) -> Error:
        """An error at the instruction that the path has come to."""
        from tuxscope.asm.receiver import addressed  # for errors alone

        source = self.instruction.source
        return kind(problem, addressed(hint, source), self.slot, source)

    def at(self, slot: int) -> str:
        """`` at hello.py:34``, or nothing where the line is not known."""
        source = self.program.by_slot[slot].source
        return f" at {source.place}" if source else ""

    def name_of(self, frame: int) -> str:
        """The name of the function whose frame it is."""
        slot = self.frames[frame].function
        return next((each.name for each in self.program.functions if each.slot == slot), "")

    def require(self, number: int, purpose: str = "read", hint: str = "") -> None:
        """A register must hold something. Raises UninitialisedRegisterError."""
        value = self.registers[number]
        if not isinstance(value, Unset):
            return
        if value.call is not None:
            raise self.error(
                ClobberedRegisterError,
                f"r{number} is {purpose}, and holds nothing since the call{self.at(value.call)}",
                hint
                or f"set it anew, or keep what it held over the call, as in a.mov(r6, r{number})",
            )
        if 6 <= number <= 9 and len(self.frames) > 1:
            raise self.error(
                UninitialisedRegisterError,
                f"r{number} is {purpose}, and was never set: a function has its own r6-r9",
                hint or "pass it in r1-r5",
            )
        context = f", or to keep the context with a.mov(r{number}, r1)" * (6 <= number <= 9)
        raise self.error(
            UninitialisedRegisterError,
            f"r{number} is {purpose}, and was never set",
            hint or f"set it first, as in a.mov(r{number}, 0){context}",
        )

    def map_values(self, change: Callable[[Value], Value]) -> None:
        """Change each value, wherever it is held."""
        self.registers = [change(each) for each in self.registers]
        for frame in self.frames:
            frame.saved = [change(each) for each in frame.saved]
            frame.spilled = {
                offset: (size, change(value)) for offset, (size, value) in frame.spilled.items()
            }

    def settle(self, identity: int, change: Callable[[Pointer], Value]) -> None:
        """What the copies of a pointer are is known now."""
        self.map_values(
            lambda value: (
                change(value)
                if isinstance(value, Pointer) and value.identity == identity
                else value
            )
        )

    def forget(self) -> None:
        """Something was stored somewhere, on whatever frame."""
        for frame in self.frames:
            frame.forget()

    def narrow(self, number: Number, to: tuple[int, int]) -> None:
        """The number is now known to be one of a smaller range."""
        if number.constant or to == (number.low, number.high):
            return

        def change(value: Value) -> Value:
            if not isinstance(value, Number) or value.family != number.family or not value.root:
                return value
            if value.root != number.root:
                return SOME_NUMBER
            return Number(*to) if to[0] == to[1] else Number(*to, number.root, number.family)

        self.map_values(change)

    def enter(self, function: int) -> None:
        """Into a function of the program: it has its arguments and a stack of its own."""
        registers = self.registers
        self.frames.append(StackFrame(function, self.slot + 1, registers[6:10]))
        frame_pointer = Pointer(PointerKind.STACK, 0, origin=len(self.frames) - 1)
        self.registers = [NEVER_SET, *registers[1:6], *[NEVER_SET] * 4, frame_pointer]
        self.slot = function

    def leave(self) -> None:
        """Back to the caller, who has the result in r0; addresses of this stack are none there."""
        frame = self.frames.pop()
        gone = len(self.frames)
        self.map_values(
            lambda value: (
                ANYTHING
                if isinstance(value, Pointer)
                and value.kind is PointerKind.STACK
                and value.origin == gone
                else value
            )
        )
        used_up: list[Value] = [Unset(frame.returns_to - 1)] * 5
        frame_pointer = Pointer(PointerKind.STACK, 0, origin=len(self.frames) - 1)
        self.registers = [self.registers[0], *used_up, *frame.saved, frame_pointer]
        self.slot = frame.returns_to

    def key(self) -> Hashable:
        """Equal for states from which all goes on alike: numbers of roots and the like are
        those of their first appearance."""
        names = {0: 0}  # no root, family or identity is that of another

        def named(number: int) -> int:
            return names.setdefault(number, len(names))

        def plain(value: Value) -> Hashable:
            if isinstance(value, Number):
                low, high, root, family = value
                return (low, high, named(root), named(family)) if root else (low, high)
            if isinstance(value, Pointer):
                identity = named(value.identity)
                return (value.kind, value.offset, value.nullable, value.origin, identity,
                        value.map, value.size)  # fmt: skip
            return "unset" if isinstance(value, Unset) else value

        def frames() -> Iterator[Hashable]:
            for frame in self.frames:
                yield frame.returns_to
                yield from map(plain, frame.saved)
                yield bytes(frame.bytes)
                for offset, (size, value) in sorted(frame.spilled.items()):
                    yield (offset, size, plain(value))

        registers = tuple(map(plain, self.registers))
        owed = tuple(map(named, self.references))
        return (self.slot, registers, tuple(frames()), owed)
