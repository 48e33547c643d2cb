"""Walks the paths that some run is certain to take, and reports the first fault.

Like the verifier, it follows each path with the values of registers and stack. Unlike the verifier,
it follows a path only if some run is certain to take it, so that it never reports a program that
the verifier might accept.
"""

from __future__ import annotations

from collections.abc import Hashable

from tuxscope.asm import meaning
from tuxscope.asm.checks.accesses import ACCESSES, access
from tuxscope.asm.checks.arithmetic import compute, operand_of
from tuxscope.asm.checks.calls import call
from tuxscope.asm.checks.graph import Graph, calls_kfunc, target
from tuxscope.asm.checks.state import PathState
from tuxscope.asm.checks.values import (
    M32,
    M64,
    NULL,
    Number,
    Pointer,
    PointerKind,
    Uninitialised,
    Value,
    constant,
    split,
)
from tuxscope.asm.errors import (
    CallDepthError,
    EndlessLoopError,
    MissingResultError,
    StackAccessError,
    UnreleasedReferenceError,
)
from tuxscope.asm.forms import Operation
from tuxscope.asm.isa import CallSource, FormKind, Jump
from tuxscope.asm.program import Program

MOST_STEPS = 30_000  # half a second, two in large programs; what is left is for the verifier
DEEPEST = 16  # MAX_CALL_FRAMES of Linux 7.3; 8 before
MIRRORED: dict[Operation, Jump] = {
    Jump.JGT: Jump.JLT, Jump.JLT: Jump.JGT, Jump.JGE: Jump.JLE, Jump.JLE: Jump.JGE,
    Jump.JSGT: Jump.JSLT, Jump.JSLT: Jump.JSGT, Jump.JSGE: Jump.JSLE, Jump.JSLE: Jump.JSGE,
}  # fmt: skip


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
            for following in self._graph.successors[each]:
                if following <= each and following in seen:
                    return each
                waiting.append(following)
        return slot


def branch(state: PathState) -> list[PathState]:
    """Return a list of the PathStates after the jump of ``state``, a PathState: both, one, or an
    empty list.

    The list is empty if no run is certain to take either.
    """
    slot, instruction = state.slot, state.instruction
    form = instruction.form
    there = target(slot, instruction)
    if form.kind is FormKind.JUMP:
        state.slot = there
        return [state]
    if form.kind is FormKind.MAY_GOTO:
        other = state.copy(there)
        state.slot = slot + 1
        return [state, other]
    test, bits = form.operation, form.bits
    value, operand = state.registers[instruction.dst], operand_of(state)
    if isinstance(value, Pointer):
        return compare_address(state, there, test, bits, value, operand)
    if not isinstance(value, Number) or not isinstance(operand, Number):
        return []
    if value.root and value.root == operand.root:
        mask = M64 if bits == 64 else M32
        same = value.low & mask
        if test is Jump.JSET:
            return []
        state.slot = there if meaning.tests(bits)[test](same, same) else slot + 1
        return [state]
    if value.constant and not operand.constant:
        test, value, operand = MIRRORED.get(test, test), operand, value
    if not operand.constant:
        if value.family == operand.family:
            return []
        middle = (operand.low + operand.high) // 2
        state.narrow(operand, (middle, middle))
        operand = constant(middle)
    taken, passed = split(test, bits, value, operand.low)
    found = []
    for part, following in ((passed, slot + 1), (taken, there)):
        if part:
            each = state.copy(following) if taken and passed else state
            each.slot = following
            each.narrow(value, part)
            found.append(each)
    return found


def compare_address(
    state: PathState, there: int, test: Operation, bits: int, pointer: Pointer, operand: Value
) -> list[PathState]:
    """Return a list of the PathStates after comparing ``pointer``, a Pointer, with 0: two if it may
    be NULL, else one.

    ``state`` is the PathState before the jump, ``there`` the slot of its target, ``test`` its
    Operation, ``bits`` its width, an int. Returns an empty list if ``operand``, a Value, is not 0,
    and for any other comparison.
    """
    zero = isinstance(operand, Number) and operand.zero
    if not zero or test not in (Jump.JEQ, Jump.JNE) or bits == 32:
        return []
    null_at, other_at = (there, state.slot + 1) if test is Jump.JEQ else (state.slot + 1, there)
    if not pointer.nullable:
        state.slot = other_at
        return [state]
    none = state.copy(null_at)
    state.slot = other_at
    none.replace_pointer(pointer.identity, lambda _: NULL)
    none.references.pop(pointer.identity, None)
    state.replace_pointer(pointer.identity, lambda each: each.not_null())
    return [state, none]


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
