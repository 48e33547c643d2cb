"""Walks the paths that some run is certain to take, and stops where one goes wrong.

Like the verifier it follows each path with what registers and stack hold. Unlike it, it goes on
only where the values seen so far are certain to lead in some run, so that it complains of nothing
that the verifier might accept. Where nothing is certain the verifier has the last word.
"""

from __future__ import annotations

from collections.abc import Hashable

from tuxscope.asm.checks.accesses import ACCESSES, access
from tuxscope.asm.checks.arithmetic import compute
from tuxscope.asm.checks.branches import branch
from tuxscope.asm.checks.calls import call
from tuxscope.asm.checks.graph import Graph, calls_kfunc, target
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import Pointer, PointerKind, Unset
from tuxscope.asm.errors import (
    CallDepthError,
    EndlessLoopError,
    MissingResultError,
    StackAccessError,
    UnreleasedReferenceError,
)
from tuxscope.asm.isa import CallSource, FormKind
from tuxscope.asm.program import Program

MOST_STEPS = 30_000  # then the verifier has the last word: half a second, in large programs two
DEEPEST = 16  # MAX_CALL_FRAMES of Linux 7.3; 8 before


class Walk:
    """Walks one program."""

    def __init__(self, program: Program, graph: Graph) -> None:
        self._program = program
        self._graph = graph
        # Programs that loop by the kernel's leave come back to the same place as they were.
        self._leaves_loops = any(
            each.form.kind is FormKind.MAY_GOTO or calls_kfunc(each)
            for each in program.instructions
        )

    def check(self) -> None:
        """Raises a kind of CheckError for what the verifier is certain to refuse."""
        waiting: list[PathState | Hashable] = [PathState.first(self._program)]
        under_way: set[Hashable] = set()
        seen: set[Hashable] = set()
        steps = 0
        while waiting:
            state = waiting.pop()
            if not isinstance(state, PathState):  # all paths from there have been walked
                under_way.discard(state)
                continue
            while steps < MOST_STEPS:
                steps += 1
                if state.slot in self._graph.joins:
                    key = state.key()
                    if key in under_way and not self._leaves_loops:
                        raise self._endless(
                            state,
                            "this loop comes around with nothing changed, and may never end",
                            'count its rounds, as in a.add(r6, 1), a.jlt(r6, 10, "top")',
                        )
                    if key in seen:
                        break
                    seen.add(key)
                    under_way.add(key)
                    waiting.append(key)
                following = self._step(state)
                if not following:
                    break
                waiting += following[1:]
                state = following[0]

    def _step(self, state: PathState) -> list[PathState]:
        """The states after the instruction that a state has come to; it may be among them."""
        instruction = state.instruction
        form = instruction.form
        if state.slot not in self._graph.ending:
            hint = 'jump out of it, as in a.jeq(r6, 10, "out")'
            raise self._endless(state, "this loop has no end", hint)
        if form.kind is FormKind.EXIT:
            return leave(state)
        for number in instruction.reads:
            state.require(number)
        if form.jumps:
            return branch(state)
        match form.kind:
            case FormKind.CALL if form.operation is CallSource.LOCAL:
                enter(state)
                return [state]
            case FormKind.CALL if form.operation is CallSource.HELPER:
                if not call(state):
                    return []
            case FormKind.CALL | FormKind.PACKET_LOAD | FormKind.INDIRECT_JUMP:
                return []  # it may not return, leaves the program, or goes anywhere
            case kind if kind in ACCESSES:
                access(state)
            case _:
                compute(state)
        state.slot += instruction.slots
        return [state]

    def _endless(self, state: PathState, problem: str, hint: str) -> EndlessLoopError:
        state.slot = self._jump_back(state.slot)
        return state.error(EndlessLoopError, problem, hint)

    def _jump_back(self, slot: int) -> int:
        """The jump that closes the loop which a slot is in or leads to."""
        seen: set[int] = set()
        waiting = [slot]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            for following in self._graph.following(each):
                if following <= each and following in seen:
                    return each
                waiting.append(following)
        return slot


def name_of(program: Program, function: int) -> str:
    """The name of the function that begins at a slot."""
    names = {each.slot: each.name for each in program.functions}
    return names.get(function, "this function")


def enter(state: PathState) -> None:
    """Into a function of the program. Raises CallDepthError."""
    function = target(state.slot, state.instruction)
    if any(each.function == function for each in state.frames):
        name = name_of(state.program, function)
        raise state.error(CallDepthError, f"{name} is called from inside itself", "make it a loop")
    if len(state.frames) >= DEEPEST:
        name = name_of(state.program, function)
        raise state.error(
            CallDepthError,
            f"calls go {DEEPEST} functions deep, on older kernels 8; {name} would be one more",
            "write one of them where it is called",
        )
    state.enter(function)


def leave(state: PathState) -> list[PathState]:
    """Back to the caller, or out of the program. Raises StackAccessError, MissingResultError,
    UnreleasedReferenceError."""
    result = state.registers[0]
    if len(state.frames) > 1:
        own = len(state.frames) - 1
        if isinstance(result, Pointer) and (result.kind, result.origin) == (PointerKind.STACK, own):
            raise state.error(
                StackAccessError,
                "the function returns the address of its own stack, which ends with it",
                "have the caller pass the address of a place of its own, as in a.lea(r1, total)",
            )
        state.leave()
        return [state]
    if isinstance(result, Unset):
        used_up = "" if result.call is None else f" since the call{state.at(result.call)}"
        raise state.error(
            MissingResultError,
            f"the program ends, and there is no result in r0{used_up}",
            state.program.attach.result_hint,
        )
    for slot in state.references.values():
        raise state.error(
            UnreleasedReferenceError,
            f"the program ends, and still has the record that it reserved{state.at(slot)}",
            "give it back on each path with helper.ringbuf_submit or helper.ringbuf_discard",
        )
    return []
