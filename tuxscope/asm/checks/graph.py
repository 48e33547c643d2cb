"""Where each instruction goes on, and what can be told from that alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tuxscope.asm.errors import FallThroughError, JumpTargetError, UnreachableCodeError
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import CallSource, FormKind
from tuxscope.asm.program import Label, Program


class Graph:
    """A program's paths; a local call goes on after itself, and leads to its function as well.

    Attributes:
        program: whose.
        functions: the slots that functions begin at: to the verifier, where something calls.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        named = ((slot, each) for slot, each in program.by_slot.items() if calls(each))
        self.functions = sorted({0} | {target(slot, each) for slot, each in named})

    def following(self, slot: int) -> tuple[int, ...]:
        """The slots that may come next in the same function."""
        instruction = self.program.by_slot[slot]
        form = instruction.form
        after = (slot + instruction.slots,) if form.falls_through else ()
        return (*after, target(slot, instruction)) if form.jumps else after

    @cached_property
    def indirect(self) -> bool:
        """Whether something may jump to any place: gotox goes where a map says, which is filled
        in when the program is loaded."""
        return any(each.form.kind is FormKind.INDIRECT_JUMP for each in self.program.instructions)

    @cached_property
    def reached(self) -> frozenset[int]:
        """All slots that some path leads to, whatever its conditions."""
        if self.indirect:
            return frozenset(self.program.slots)
        found: set[int] = set()
        waiting = [0]
        while waiting:
            slot = waiting.pop()
            if slot in found or slot not in self.program.by_slot:  # of the latter check() tells
                continue
            found.add(slot)
            waiting += self.following(slot)
            instruction = self.program.by_slot[slot]
            if calls(instruction):
                waiting.append(target(slot, instruction))
        return frozenset(found)

    @cached_property
    def before(self) -> dict[int, list[int]]:
        """The slots that each slot may come after, in the same function."""
        found: dict[int, list[int]] = {}
        for slot in self.program.slots:
            for each in self.following(slot):
                found.setdefault(each, []).append(slot)
        return found

    @cached_property
    def joins(self) -> frozenset[int]:
        """The slots that more than one way leads to; the way into a function is one."""
        met = {slot for slot, before in self.before.items() if len(before) > 1}
        return frozenset(met | {each for each in self.functions if each in self.before})

    @cached_property
    def ending(self) -> frozenset[int]:
        """All slots from which some path leads to an exit. A kfunc may be one: bpf_throw."""
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
                waiting += self.before.get(slot, ())
        return frozenset(found)

    def check(self) -> None:
        """Raises JumpTargetError, FallThroughError, UnreachableCodeError."""
        program = self.program
        for slot, each in program.by_slot.items():
            if calls(each) and target(slot, each) not in program.by_slot:
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
                from tuxscope.asm.receiver import addressed  # for errors alone

                raise FallThroughError(
                    "the program goes on past its last instruction",
                    addressed("end each path with a.exit()", last.source),
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
        from tuxscope.asm.receiver import addressed

        instruction = self.program.by_slot[slot]
        return JumpTargetError(
            f"this leads to slot {target(slot, instruction)}, where no instruction begins that it "
            "could go to",
            addressed(f"name {what}, as in {example}", instruction.source),
            slot,
            instruction.source,
        )

    def _uncalled(self, function: Label) -> UnreachableCodeError:
        from tuxscope.asm.receiver import addressed

        source = self.program.by_slot[function.slot].source
        return UnreachableCodeError(
            f"nothing calls function {function.name}",
            addressed(f'call it with a.call("{function.name}"), or delete it', source),
            function.slot,
            source,
        )

    def _unreachable(self, slot: int) -> UnreachableCodeError:
        program = self.program
        source = program.by_slot[slot].source
        before = program.instructions[program.slots.index(slot) - 1]
        problem = "no path leads here: what is before it always goes elsewhere"
        hint = "put a label here that something jumps to, or delete it"
        if before.form.kind is FormKind.EXIT and before.source:
            name = [each.name for each in program.functions if each.slot < slot][-1]
            problem = f"no path leads here: {name} ended at {before.source}"
            from tuxscope.asm.receiver import meant_for_another

            hint = meant_for_another(before.source, source) or f"move it up, {hint}"
        return UnreachableCodeError(problem, hint, slot, source)


def calls(instruction: Instruction) -> bool:
    """Whether it names a function of the program: calls it, or takes its address."""
    return instruction.form.names_function


def calls_kfunc(instruction: Instruction) -> bool:
    """Whether it calls a function of the kernel by its BTF id, which may not return."""
    return instruction.form.operation is CallSource.BTF_ID


def target(slot: int, instruction: Instruction) -> int:
    """The slot that a jump, a local call or an ld_func names."""
    return slot + 1 + instruction.distance
