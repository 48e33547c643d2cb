"""Walks the paths that some run is certain to take, and reports the first fault.

Like the verifier, it follows each path with the values of registers and stack. Unlike the verifier,
it follows a path only if some run is certain to take it, so that it never reports a program that
the verifier might accept.
"""

from __future__ import annotations

from collections.abc import Hashable

from tuxscope.asm.checks.accesses import ACCESSES, access
from tuxscope.asm.checks.arithmetic import compute
from tuxscope.asm.checks.branches import branch
from tuxscope.asm.checks.calls import call
from tuxscope.asm.checks.graph import Graph, calls_kfunc, target
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import Pointer, PointerKind, Uninitialised
from tuxscope.asm.errors import (
    CallDepthError,
    EndlessLoopError,
    MissingResultError,
    StackAccessError,
    UnreleasedReferenceError,
)
from tuxscope.asm.isa import CallSource, FormKind
from tuxscope.asm.program import Program

MOST_STEPS = 30_000  # half a second, two in large programs; what is left is for the verifier
DEEPEST = 16  # MAX_CALL_FRAMES of Linux 7.3; 8 before


class Walk:
    """Walks the paths of ``program``, a Program, along ``graph``, its Graph."""

    def __init__(self, program: Program, graph: Graph) -> None:
        self._program = program
        self._graph = graph
        # With may_goto or a kfunc iterator, a loop may return to the same state.
        self._leaves_loops = any(
            each.form.kind is FormKind.MAY_GOTO or calls_kfunc(each)
            for each in program.instructions
        )

    def check(self) -> None:
        """Walk all paths. Raises a subclass of CheckError for what the verifier would refuse."""
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
                            "infinite loop: an iteration changes no register and no stack",
                            'count the iterations: a.add(r6, 1), then a.jlt(r6, 10, "top")',
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
        """Apply the instruction of a state; returns the states after it, maybe the same object."""
        instruction = state.instruction
        form = instruction.form
        if state.slot not in self._graph.reaches_exit:
            hint = 'jump out of the loop, as in a.jeq(r6, 10, "out")'
            raise self._endless(state, "infinite loop: no path leaves it", hint)
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
                return []  # it may not return, may exit, or has unknown targets
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
        """The slot of the backward jump of the loop that contains a slot, or that it leads to."""
        seen: set[int] = set()
        waiting = [slot]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            for following in self._graph.successors(each):
                if following <= each and following in seen:
                    return each
                waiting.append(following)
        return slot


def name_of(program: Program, function: int) -> str:
    """Return the name, a str, of the function of ``program`` at slot ``function``, or ``this
    function``."""
    names = {each.slot: each.name for each in program.functions}
    return names.get(function, "this function")


def enter(state: PathState) -> None:
    """Enter the function that the instruction of ``state``, a PathState, calls. Raises
    CallDepthError."""
    function = target(state.slot, state.instruction)
    if any(each.function == function for each in state.frames):
        name = name_of(state.program, function)
        raise state.error(CallDepthError, f"{name} calls itself", "write it as a loop")
    if len(state.frames) >= DEEPEST:
        name = name_of(state.program, function)
        raise state.error(
            CallDepthError,
            f"the call of {name} is too deep: at most {DEEPEST} call frames, 8 on older kernels",
            f"inline {name}: put its instructions in place of the call",
        )
    state.enter(function)


def leave(state: PathState) -> list[PathState]:
    """Apply the exit of ``state``, a PathState: return a list of the PathStates in the caller,
    empty if the program ends.

    Raises StackAccessError, MissingResultError, UnreleasedReferenceError.
    """
    result = state.registers[0]
    if len(state.frames) > 1:
        own = len(state.frames) - 1
        if isinstance(result, Pointer) and (result.kind, result.origin) == (PointerKind.STACK, own):
            raise state.error(
                StackAccessError,
                "the function returns a pointer to its own stack frame, which ends at the return",
                "pass a pointer to the caller's stack instead, as in a.lea(r1, total)",
            )
        state.leave()
        return [state]
    if isinstance(result, Uninitialised):
        cause = "is uninitialised"
        if result.call is not None:
            cause = f"was clobbered by the call{state.at(result.call)}"
        raise state.error(
            MissingResultError,
            f"the program exits, and r0, its result, {cause}",
            state.program.attach.result_hint,
        )
    for slot in state.references.values():
        raise state.error(
            UnreleasedReferenceError,
            f"the program exits without releasing the record that it reserved{state.at(slot)}",
            "call helper.ringbuf_submit or helper.ringbuf_discard on each path",
        )
    return []
