"""Calls of the kernel's helpers: who may call, with what, and what is left afterwards."""

from __future__ import annotations

from tuxscope.asm.attach import ProgramType
from tuxscope.asm.checks.access_bounds import check_stack, check_value
from tuxscope.asm.checks.arguments import (
    IN_MEMORY,
    check_constant,
    check_kind,
    fitting,
    size_hint,
)
from tuxscope.asm.checks.state import STORED, WRITTEN, PathState
from tuxscope.asm.checks.values import (
    ANYTHING,
    FOREIGN,
    HIGHEST,
    LOWEST,
    M32,
    SOME_NUMBER,
    Number,
    Pointer,
    PointerKind,
    Released,
    Unset,
    Value,
    fresh,
    new_root,
)
from tuxscope.asm.errors import (
    HelperUnavailableError,
    LicenseError,
    StackAccessError,
    UninitialisedStackError,
)
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.helpers import helper
from tuxscope.asm.maps import Array, Hash
from tuxscope.asm.registers import Address, r10
from tuxscope.asm.signatures import ArgumentKind, Parameter, Signature, signature
from tuxscope.lean_dataclasses import replace

GPL_COMPATIBLE = ("GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
                  "Dual MPL/GPL")  # fmt: skip  # license_is_gpl_compatible
# They read a process's memory, and may wait for it to be fetched: only programs that are loaded
# with BPF_F_SLEEPABLE have them, which tuxscope's never are.
SLEEPING = ("copy_from_user", "copy_from_user_task")


def call(state: PathState) -> bool:
    """Do what a call of a helper does; False where nothing is known of that helper.

    Raises a kind of CheckError where the verifier would not let it.
    """
    number = state.instruction.imm
    if number < 1:
        raise state.error(
            HelperUnavailableError,
            f"there is no helper with number {number}",
            "name it, as in a.call(helper.ktime_get_ns)",
        )
    if number > len(NAMES):  # of a kernel that is newer than the table
        return False
    name, facts = NAMES[number - 1], signature(number)
    check_caller(state, name, facts)
    parameters = taken(state, name, facts)
    arguments = state.registers[1 : 1 + len(parameters)]
    for register, parameter in enumerate(parameters, 1):
        purpose = f"the {parameter.name} of {name}"
        state.require(register, purpose, fitting(state, register, parameter.kind))
        check_kind(state, register, parameter, name)
    if name == "ringbuf_reserve":
        check_constant(state, 2, name)
    for register, parameter in enumerate(parameters, 1):
        if parameter.kind in IN_MEMORY:
            pass_memory(state, register, parameter, name)
    if any(each.kind is ArgumentKind.CALLBACK for each in parameters):
        state.forget()  # the callback may have stored anything there
    if name in ("ringbuf_submit", "ringbuf_discard"):
        release(state, arguments[0])
    state.registers[0] = result(state, number, facts, arguments)
    state.registers[1:6] = [Unset(state.slot)] * 5
    return True


def check_caller(state: PathState, name: str, facts: Signature) -> None:
    """Raises HelperUnavailableError, LicenseError."""
    program = state.program
    kind = program.attach.type
    if name in SLEEPING:
        raise state.error(
            HelperUnavailableError,
            f"{name} may sleep, and this program must not",
            "use helper.probe_read_user, which gives up where it would have to",
        )
    if kind not in facts.program_types:
        raise state.error(
            HelperUnavailableError,
            f"programs of type {kind.name.lower()} have no {name}",
            f"helper.{name}.program_types has those that do"
            if facts.program_types
            else "do without: only types have it that tuxscope does not load",
        )
    if facts.gpl_only and program.license not in GPL_COMPATIBLE:
        raise state.error(
            LicenseError,
            f"{name} is for programs under the GPL, and this one is under {program.license!r}",
            'leave out license=, it is "GPL" by default, or do without',
        )


def taken(state: PathState, name: str, facts: Signature) -> tuple[Parameter, ...]:
    """What a helper takes in this type of program: of one there are two by the same number.

    That one tells of the packet's cgroup (bpf_get_cgroup_classid), or elsewhere of the process's
    (bpf_get_cgroup_classid_curr_proto).
    """
    if name != "get_cgroup_classid":
        return facts.parameters
    if state.program.attach.type is not ProgramType.SCHED_CLS:
        return ()
    return tuple(replace(each, kind=ArgumentKind.CONTEXT) for each in facts.parameters)


def pass_memory(state: PathState, register: int, parameter: Parameter, name: str) -> None:
    """Hold memory that a helper reads or fills to what is there.

    Raises StackAccessError, MapValueAccessError, UninitialisedStackError.
    """
    place = state.registers[register]
    if place is ANYTHING and (parameter.written or "const" not in parameter.c_type):
        state.forget()  # it may be an address on any frame
    if not isinstance(place, Pointer):
        return
    size = size_of(state, register, parameter)
    if place.offset is None or size is None:
        if place.kind is PointerKind.STACK:
            state.frames[place.origin].forget()
        return
    if size <= 0:
        return
    if place.kind is PointerKind.MAP_VALUE and place.map:
        check_value(state, place.offset, size, place.map.value_size, f"{place.map.name}'s value")
    elif place.kind is PointerKind.RECORD and place.size is not None:
        check_value(state, place.offset, size, place.size, "the reserved record")
    elif place.kind is PointerKind.STACK:
        if parameter.kind is ArgumentKind.MEMORY and 0 < -place.offset < size:
            raise state.error(
                StackAccessError,
                f"r{register + 1} says {size} bytes, and at {Address(r10, place.offset)} the stack "
                f"has {-place.offset}",
                f"give {name} the size of what is there: " + size_hint(state, register),
            )
        if parameter.kind in (ArgumentKind.KEY, ArgumentKind.VALUE) and 0 < -place.offset < size:
            raise too_short(state, parameter, place, size)
        check_stack(state, place.offset, size)
        frame = state.frames[place.origin]
        unset = frame.unset(place.offset, size)
        if unset and not parameter.written:
            from tuxscope.asm.checks.unset_bytes import name_of_unset

            what, hint = name_of_unset(state, place.origin, unset)
            raise state.error(
                UninitialisedStackError,
                f"{name} reads {what}, which {'was' if len(unset) == 1 else 'were'} never set",
                hint,
            )
        if parameter.written and len(unset) == size:
            frame.store(place.offset, size, None, WRITTEN)
        elif parameter.written or "const" not in parameter.c_type:
            frame.store(place.offset, size, None, STORED)


def too_short(
    state: PathState, parameter: Parameter, place: Pointer, size: int
) -> StackAccessError:
    """Of a key or a value that is declared with fewer bytes than the map has."""
    assert place.offset is not None
    map = getattr(state.registers[1], "map", None)
    part = parameter.kind.name.lower()
    declared = getattr(map, part, "")
    return state.error(
        StackAccessError,
        f"the {part} of {getattr(map, 'name', 'the map')} is {declared}, {size} bytes, and at "
        f"{Address(r10, place.offset)} the stack has {-place.offset}",
        f"make the place of that type: a.stack({declared})",
    )


def size_of(state: PathState, register: int, parameter: Parameter) -> int | None:
    """How many bytes a helper reads or fills; None where that varies."""
    map = getattr(state.registers[1], "map", None)
    match parameter.kind:
        case ArgumentKind.KEY:
            return map.key_size if isinstance(map, Array | Hash) else None
        case ArgumentKind.VALUE:
            return map.value_size if isinstance(map, Array | Hash) else None
        case ArgumentKind.STRUCT:
            return parameter.size
    size = state.registers[register + 1] if register < 5 else None
    return size.low if isinstance(size, Number) and size.constant else None


def release(state: PathState, record: Value) -> None:
    """A record was given back: no copy of its address is one any more."""
    if not isinstance(record, Pointer):
        state.references.clear()
        return
    state.references.pop(record.identity, None)
    released = Released(state.slot)
    state.settle(record.identity, lambda _: released)


def result(state: PathState, number: int, facts: Signature, arguments: list[Value]) -> Value:
    """What is in r0 afterwards."""
    if facts.void:
        return Unset(state.slot)
    if number in (helper.map_lookup_elem.number, helper.map_lookup_percpu_elem.number):
        return looked_up(state, arguments)
    if number == helper.ringbuf_reserve.number:
        size = arguments[1]
        # struct bpf_call_arg_meta has its size in 32 bits.
        known = size.low & M32 if isinstance(size, Number) and size.constant else None
        record = Pointer(PointerKind.RECORD, 0, True, state.slot, new_root(), None, known)
        state.references[record.identity] = state.slot
        return record
    match facts.returns:
        case "u64" | "__u64":
            return fresh(LOWEST, HIGHEST)
        case "u32" | "__u32" if number != helper.get_smp_processor_id.number:
            return fresh(0, M32)
        case "long" | "int":
            return fresh(-4095, 0)  # an error, or success; the verifier knows no better
    return FOREIGN if "*" in facts.returns else SOME_NUMBER


def looked_up(state: PathState, arguments: list[Value]) -> Value:
    """The address of a value, or 0 where the key is not in the map."""
    map = getattr(arguments[0], "map", None)
    if isinstance(map, Array):
        # Since Linux 6.15 the verifier knows that an array has a value for a constant in range.
        key = arguments[1]
        if not isinstance(key, Pointer) or key.kind is not PointerKind.STACK or key.offset is None:
            return FOREIGN
        index = state.frames[key.origin].load(key.offset, map.key_size)
        if not isinstance(index, Number) or index.high < map.max_entries:
            return FOREIGN
    elif not isinstance(map, Hash):
        return FOREIGN
    return Pointer(PointerKind.MAP_VALUE, 0, True, state.slot, new_root(), map)
