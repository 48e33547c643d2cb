"""The state of a path at one instruction: registers, stack frames, unreleased references."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from tuxscope.asm.checks.values import (
    ANYTHING,
    SOME_NUMBER,
    UNINITIALISED,
    Number,
    Pointer,
    PointerKind,
    Released,
    Uninitialised,
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

# The state of a byte of the stack: uninitialised; stored by the program; written by a helper; not
# known, as some store went to an unknown offset.
NOTHING, STORED, WRITTEN, UNKNOWN = range(4)


class StackFrame:
    """A stack frame.

    Attributes:
        function: the first slot of the function, an int.
        returns_to: an int, the slot after the call.
        saved: the caller's r6 to r9, a list of Value.
        bytes: the state of each byte, a bytearray, from r10 - 512 up.
        spilled: the values stored there, a dict of pairs by offset from r10: its size in bytes, and
            the Value.
    """

    __slots__ = ("bytes", "function", "returns_to", "saved", "spilled")

    def __init__(self, function: int, returns_to: int, saved: list[Value]) -> None:
        self.function = function
        self.returns_to = returns_to
        self.saved = saved
        self.bytes = bytearray(STACK_SIZE)
        self.spilled: dict[int, tuple[int, Value]] = {}

    def copy(self) -> StackFrame:
        """Return an independent copy of this StackFrame."""
        other = StackFrame(self.function, self.returns_to, list(self.saved))
        other.bytes = bytearray(self.bytes)
        other.spilled = dict(self.spilled)
        return other

    def store(self, offset: int, size: int, value: Value | None, mark: int = STORED) -> None:
        """Record a store of ``size`` bytes at ``offset`` from r10, whose state becomes ``mark``.

        ``value`` is the Value stored, or None if it is not known; ``mark`` is STORED, WRITTEN or
        UNKNOWN.
        """
        for other, (length, _) in list(self.spilled.items()):
            if other < offset + size and offset < other + length:
                del self.spilled[other]
        start = STACK_SIZE + offset
        self.bytes[start : start + size] = bytes([mark]) * size
        if value is not None:
            self.spilled[offset] = (size, value)

    def uninitialised(self, offset: int, size: int) -> list[int]:
        """Return a list of the offsets of uninitialised bytes among ``size`` bytes at ``offset``
        from r10."""
        return [each for each in range(offset, offset + size) if not self.bytes[STACK_SIZE + each]]

    def load(self, offset: int, size: int) -> Value | None:
        """Return the Value of a store with this ``offset`` and ``size``; None if not known."""
        length, value = self.spilled.get(offset, (0, None))
        return value if length == size else None

    def overlapping(self, offset: int, size: int) -> list[Value]:
        """Return a list of the Values of all stores that overlap ``size`` bytes at ``offset`` from
        r10."""
        return [
            value
            for other, (length, value) in self.spilled.items()
            if other < offset + size and offset < other + length
        ]

    def forget(self) -> None:
        """Record a store at an unknown offset: all bytes may have changed."""
        self.spilled.clear()
        self.bytes = bytearray([UNKNOWN]) * STACK_SIZE

    def unknown(self, offset: int, size: int) -> bool:
        """Return whether a store at an unknown offset may have changed ``size`` bytes at
        ``offset``."""
        return UNKNOWN in self.bytes[STACK_SIZE + offset : STACK_SIZE + offset + size]

    def all_written(self, offset: int, size: int) -> bool:
        """Return whether a helper wrote all of the ``size`` bytes at ``offset`` from r10."""
        start = STACK_SIZE + offset
        return self.bytes[start : start + size] == bytes([WRITTEN]) * size


class PathState:
    """The state of a path before one instruction.

    Attributes:
        program: a Program, the program.
        slot: an int, the slot of the instruction.
        registers: a list of the Values of r0 to r10.
        frames: a list of the StackFrames, the innermost last.
        references: the unreleased records, a dict of the slot of the call by the pointer's
            identity, both int.
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
        """Return the PathState at the start of ``program``: r1 points to the context, r10 to the
        stack.

        The other registers are uninitialised.
        """
        registers: list[Value] = [UNINITIALISED] * 11
        registers[1] = Pointer(PointerKind.CONTEXT, 0)
        registers[10] = Pointer(PointerKind.STACK, 0)
        return cls(program, 0, registers, [StackFrame(0, 0, [])], {})

    def copy(self, slot: int) -> PathState:
        """Return an independent copy of this PathState, at ``slot``, an int."""
        frames = [each.copy() for each in self.frames]
        return PathState(self.program, slot, list(self.registers), frames, dict(self.references))

    @property
    def instruction(self) -> Instruction:
        """The Instruction at ``slot``."""
        return self.program.by_slot[self.slot]

    def error(self, kind: type[Error], problem: str, hint: str) -> Error:
        """Return an error of ``kind``, a subclass of CheckError, at this instruction, with
        ``problem`` and ``hint``, each a str."""
        from tuxscope.asm.receiver import with_receiver  # for errors alone

        source = self.instruction.source
        return kind(problem, with_receiver(hint, source), self.slot, source)

    def at(self, slot: int) -> str:
        """Return `` at hello.py:34``, a str, for the line of ``slot``; ``""`` if it is not
        known."""
        source = self.program.by_slot[slot].source
        return f" at {source.place}" if source else ""

    def name_of(self, frame: int) -> str:
        """Return the name, a str, of the function of ``frame``, an index into ``frames``, or
        ``""``."""
        slot = self.frames[frame].function
        return next((each.name for each in self.program.functions if each.slot == slot), "")

    def require(self, number: int, purpose: str = "read", hint: str = "") -> None:
        """Check that register ``number`` is initialised; ``purpose`` and ``hint`` are texts.

        Raises UninitialisedRegisterError, ClobberedRegisterError.
        """
        value = self.registers[number]
        if not isinstance(value, Uninitialised):
            return
        if value.call is not None:
            raise self.error(
                ClobberedRegisterError,
                f"r{number} is {purpose}, and was clobbered by the call{self.at(value.call)}",
                hint or f"set it after the call, or save it before the call: a.mov(r6, r{number})",
            )
        if 6 <= number <= 9 and len(self.frames) > 1:
            raise self.error(
                UninitialisedRegisterError,
                f"r{number} is {purpose}, and is uninitialised: a function has its own r6-r9",
                hint or "pass the value in r1-r5, as in a.mov(r1, r6) before the call",
            )
        context = f", or save the context there: a.mov(r{number}, r1)" * (6 <= number <= 9)
        raise self.error(
            UninitialisedRegisterError,
            f"r{number} is {purpose}, and is uninitialised",
            hint or f"set it first, as in a.mov(r{number}, 0){context}",
        )

    def map_values(self, change: Callable[[Value], Value]) -> None:
        """Replace each value in registers and frames by what ``change`` returns: it is called with
        a Value and returns a Value."""
        self.registers = [change(each) for each in self.registers]
        for frame in self.frames:
            frame.saved = [change(each) for each in frame.saved]
            frame.spilled = {
                offset: (size, change(value)) for offset, (size, value) in frame.spilled.items()
            }

    def replace_pointer(self, identity: int, change: Callable[[Pointer], Value]) -> None:
        """Replace all copies of the Pointer with ``identity``, an int, by what ``change`` returns:
        it is called with the Pointer and returns a Value."""
        self.map_values(
            lambda value: (
                change(value)
                if isinstance(value, Pointer) and value.identity == identity
                else value
            )
        )

    def forget(self) -> None:
        """Record a store at an unknown offset of an unknown frame."""
        for frame in self.frames:
            frame.forget()

    def narrow(self, number: Number, to: tuple[int, int]) -> None:
        """Narrow the range of ``number``, a Number, to ``to``, a pair of ints (lowest, highest), in
        all its copies."""
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
        """Enter the function at slot ``function``, with a new stack frame."""
        registers = self.registers
        self.frames.append(StackFrame(function, self.slot + 1, registers[6:10]))
        frame_pointer = Pointer(PointerKind.STACK, 0, origin=len(self.frames) - 1)
        self.registers = [UNINITIALISED, *registers[1:6], *[UNINITIALISED] * 4, frame_pointer]
        self.slot = function

    def leave(self) -> None:
        """Return to the caller; pointers to the popped frame become ANYTHING."""
        frame = self.frames.pop()
        popped = len(self.frames)
        self.map_values(
            lambda value: (
                ANYTHING
                if isinstance(value, Pointer)
                and value.kind is PointerKind.STACK
                and value.origin == popped
                else value
            )
        )
        clobbered: list[Value] = [Uninitialised(frame.returns_to - 1)] * 5
        frame_pointer = Pointer(PointerKind.STACK, 0, origin=len(self.frames) - 1)
        self.registers = [self.registers[0], *clobbered, *frame.saved, frame_pointer]
        self.slot = frame.returns_to

    def key(self) -> Hashable:
        """Return a hashable key that is equal for equivalent states; roots are renumbered."""
        names = {0: 0}  # one numbering: no root equals a family or identity

        def named(number: int) -> int:
            return names.setdefault(number, len(names))

        def plain(value: Value) -> Hashable:
            if isinstance(value, Number):
                low, high, root = value.low, value.high, value.root
                return (low, high, named(root), named(value.family)) if root else (low, high)
            if isinstance(value, Pointer):
                identity = named(value.identity)
                return (value.kind, value.offset, value.nullable, value.origin, identity,
                        value.map, value.size)  # fmt: skip
            if isinstance(value, Released):
                return ("released", value.slot)
            return "uninitialised" if isinstance(value, Uninitialised) else value

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
