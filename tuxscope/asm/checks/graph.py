"""The control flow graph of a program, and the checks that need nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tuxscope.asm.errors import FallThroughError, JumpTargetError, UnreachableCodeError
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import CallSource, FormKind
from tuxscope.asm.program import Label, Program


class Graph:
    """The control flow graph of ``program``; nodes are slots.

    A local call falls through, and reaches its function.

    Attributes:
        program: the Program.
        successors: the successors of each slot in the same function, a dict of int to tuples of
            int.
        called: the first slot of the function that each call or ld_func names, a dict of int by the
            slot of the instruction.
        functions: the first slots of functions, a sorted list of int: 0, and those in ``called``.
        indirect: a bool, a property.
        reached, joins, reaches_exit: each a frozenset of int, properties.
        predecessors: a dict of int to lists of int, a property.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.successors: dict[int, tuple[int, ...]] = {}
        self.called: dict[int, int] = {}
        for slot, each in program.by_slot.items():
            form = each.form
            after = (slot + form.slots,) if form.falls_through else ()
            self.successors[slot] = (*after, target(slot, each)) if form.jumps else after
            if form.names_function:
                self.called[slot] = target(slot, each)
        self.functions = sorted({0, *self.called.values()})

    @cached_property
    def indirect(self) -> bool:
        """Whether the program has gotox, a bool; its targets are in a map that the loader fills."""
        return any(each.form.kind is FormKind.INDIRECT_JUMP for each in self.program.instructions)

    @cached_property
    def reached(self) -> frozenset[int]:
        """All reachable slots, a frozenset, if each condition may be true and false."""
        if self.indirect:
            return frozenset(self.program.slots)
        found: set[int] = set()
        waiting = [0]
        while waiting:
            slot = waiting.pop()
            if slot in found or slot not in self.program.by_slot:  # check() reports the latter
                continue
            found.add(slot)
            waiting += self.successors[slot]
            if slot in self.called:
                waiting.append(self.called[slot])
        return frozenset(found)

    @cached_property
    def predecessors(self) -> dict[int, list[int]]:
        """The predecessors of each slot in the same function, a dict of lists by slot."""
        found: dict[int, list[int]] = {}
        for slot, following in self.successors.items():
            for each in following:
                found.setdefault(each, []).append(slot)
        return found

    @cached_property
    def joins(self) -> frozenset[int]:
        """The slots with more than one predecessor, a frozenset; the entry of a function counts as
        one."""
        met = {slot for slot, before in self.predecessors.items() if len(before) > 1}
        return frozenset(met | {each for each in self.functions if each in self.predecessors})

    @cached_property
    def reaches_exit(self) -> frozenset[int]:
        """All slots from which an exit is reachable, a frozenset; a kfunc counts as one
        (bpf_throw)."""
        found: set[int] = set()
        waiting = [
            slot
            for slot, each in self.program.by_slot.items()
            if each.form.kind is FormKind.EXIT or calls_kfunc(each)
        ]
        while waiting:
            slot = waiting.pop()
            if slot not in found:
                found.add(slot)
                waiting += self.predecessors.get(slot, ())
        return frozenset(found)

    def check(self) -> None:
        """Check targets and reachability.

        Raises JumpTargetError, FallThroughError, UnreachableCodeError.
        """
        program = self.program
        for slot, called in self.called.items():
            if called not in program.by_slot:
                raise self._nowhere(slot, "a function", 'a.call("count")')
        for start, end in self._bounds():
            inside = {slot: each for slot, each in program.by_slot.items() if start <= slot < end}
            for slot, each in inside.items():
                if each.form.jumps and target(slot, each) not in inside:
                    raise self._nowhere(slot, "a label of the same function", 'a.ja("out")')
            end_slot = max(inside)
            last = inside[end_slot]
            if last.form.falls_through and not calls_kfunc(last):
                if end_slot not in self.reached and start in self.reached:
                    raise self._unreachable(min(set(inside) - self.reached))
                from tuxscope.asm.receiver import with_receiver  # for errors alone

                raise FallThroughError(
                    "control falls through past the last instruction",
                    with_receiver("end each path with a.exit()", last.source),
                    end_slot,
                    last.source,
                )
        for function in program.functions:
            if function.slot not in self.functions:
                raise self._uncalled(function)
        for slot in program.slots:
            if slot not in self.reached:
                raise self._unreachable(slot)

    def _bounds(self) -> Iterator[tuple[int, int]]:
        end = sum(each.slots for each in self.program.instructions)
        yield from zip(self.functions, [*self.functions[1:], end], strict=True)

    def _nowhere(self, slot: int, what: str, example: str) -> JumpTargetError:
        from tuxscope.asm.receiver import with_receiver

        instruction = self.program.by_slot[slot]
        return JumpTargetError(
            f"the target is slot {target(slot, instruction)}, which is not the start of "
            f"{'a function' if slot in self.called else 'an instruction of this function'}",
            with_receiver(f"use the name of {what}, as in {example}", instruction.source),
            slot,
            instruction.source,
        )

    def _uncalled(self, function: Label) -> UnreachableCodeError:
        from tuxscope.asm.receiver import with_receiver

        source = self.program.by_slot[function.slot].source
        return UnreachableCodeError(
            f"nothing calls function {function.name}",
            with_receiver(f'call it with a.call("{function.name}"), or remove it', source),
            function.slot,
            source,
        )

    def _unreachable(self, slot: int) -> UnreachableCodeError:
        program = self.program
        source = program.by_slot[slot].source
        before = program.instructions[program.slots.index(slot) - 1]
        problem = "unreachable instruction: the one before it never falls through"
        hint = "put a label here and jump to it, or remove the instruction"
        if before.form.kind is FormKind.EXIT and before.source:
            name = [each.name for each in program.functions if each.slot < slot][-1]
            problem = f"unreachable instruction: {name} ends at {before.source}"
            from tuxscope.asm.receiver import other_assembler_hint

            hint = other_assembler_hint(before.source, source) or f"move it up, {hint}"
        return UnreachableCodeError(problem, hint, slot, source)


def calls_kfunc(instruction: Instruction) -> bool:
    """Return whether ``instruction`` calls a kfunc, which may not return."""
    return instruction.form.operation is CallSource.BTF_ID


def target(slot: int, instruction: Instruction) -> int:
    """Return the target slot, an int, of ``instruction``, a jump, local call or ld_func at
    ``slot``."""
    return slot + 1 + instruction.distance
