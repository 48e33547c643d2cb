"""Checks of calls to helpers, and their effects on the state of a path."""

from __future__ import annotations

from tuxscope.asm.attach import ProgramType
from tuxscope.asm.checks.accesses import (
    check_not_null_or_released,
    check_stack,
    check_value,
    null_check,
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
    Uninitialised,
    Value,
    fresh,
    new_root,
)
from tuxscope.asm.errors import (
    ArgumentError,
    HelperUnavailableError,
    LicenseError,
    NullCheckError,
    StackAccessError,
    UninitialisedStackError,
)
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.helpers import helper
from tuxscope.asm.maps import Array, Hash, Map, MapType
from tuxscope.asm.registers import Address, r10
from tuxscope.asm.signatures import ArgumentKind, Parameter, Signature, signature
from tuxscope.lean_dataclasses import replace

GPL_COMPATIBLE = ("GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
                  "Dual MPL/GPL")  # fmt: skip  # license_is_gpl_compatible
# These may sleep on a page fault. They need BPF_F_SLEEPABLE, which tuxscope does not set.
SLEEPING = ("copy_from_user", "copy_from_user_task")
# The only helpers that accept maps of these types (check_map_func_compatibility).
OWN_HELPERS = {
    MapType.PERF_EVENT_ARRAY: ("perf_event_read", "perf_event_output", "perf_event_read_value",
                               "skb_output", "xdp_output"),
    MapType.PROG_ARRAY: ("tail_call",),
    MapType.RINGBUF: ("ringbuf_output", "ringbuf_reserve", "ringbuf_query",
                      "ringbuf_reserve_dynptr"),
}  # fmt: skip
OWN_MAPS = {
    "perf_event_output": "PerfEventArray", "tail_call": "ProgArray", "ringbuf_output": "RingBuf",
    "ringbuf_reserve": "RingBuf", "ringbuf_query": "RingBuf",
}  # fmt: skip
IN_MEMORY = (ArgumentKind.KEY, ArgumentKind.VALUE, ArgumentKind.MEMORY, ArgumentKind.STRUCT)


def call(state: PathState) -> bool:
    """Check the call of a helper in ``state``, a PathState, and apply it; return False if it is not
    known.

    Raises a subclass of CheckError.
    """
    number = state.instruction.imm
    if number < 1:
        raise state.error(
            HelperUnavailableError,
            f"there is no helper with number {number}",
            "call a helper by its name, as in a.call(helper.ktime_get_ns)",
        )
    if number > len(NAMES):  # a helper of a kernel newer than the table
        return False
    name, facts = NAMES[number - 1], signature(number)
    check_caller(state, name, facts)
    parameters = parameters_of(state, name, facts)
    arguments = state.registers[1 : 1 + len(parameters)]
    for register, parameter in enumerate(parameters, 1):
        if isinstance(state.registers[register], Uninitialised):
            from tuxscope.asm.checks.argument_hints import argument_hint  # for errors alone

            hint = argument_hint(state, register, parameter.kind)
            state.require(register, f"the {parameter.name} of {name}", hint)
        check_kind(state, register, parameter, name)
    if name == "ringbuf_reserve":
        check_constant(state, 2, name)
    for register, parameter in enumerate(parameters, 1):
        if parameter.kind in IN_MEMORY:
            pass_memory(state, register, parameter, name)
    if any(each.kind is ArgumentKind.CALLBACK for each in parameters):
        state.forget()  # the callback may have written to the stack
    if name in ("ringbuf_submit", "ringbuf_discard"):
        release(state, arguments[0])
    state.registers[0] = result(state, number, facts, arguments)
    state.registers[1:6] = [Uninitialised(state.slot)] * 5
    return True


def check_caller(state: PathState, name: str, facts: Signature) -> None:
    """Check that the program of ``state``, a PathState, may call helper ``name``, a str; ``facts``
    is its Signature.

    Raises HelperUnavailableError, LicenseError.
    """
    program = state.program
    kind = program.attach.type
    if name in SLEEPING:
        raise state.error(
            HelperUnavailableError,
            f"{name} may sleep, and this program is not sleepable",
            "use helper.probe_read_user, which never sleeps; it fails on a page fault",
        )
    if kind not in facts.program_types:
        raise state.error(
            HelperUnavailableError,
            f"programs of type {kind.name.lower()} cannot call {name}",
            f"print helper.{name}.program_types for the types that can"
            if facts.program_types
            else "remove the call: tuxscope cannot load the program types that can",
        )
    if facts.gpl_only and program.license not in GPL_COMPATIBLE:
        raise state.error(
            LicenseError,
            f"{name} is GPL-only, and this program's license is {program.license!r}",
            'pass license="GPL", which is the default, or remove the call',
        )


def parameters_of(state: PathState, name: str, facts: Signature) -> tuple[Parameter, ...]:
    """Return the parameters of helper ``name``, a tuple of Parameter, in the program type of
    ``state``, a PathState.

    ``facts`` is its Signature. get_cgroup_classid has two: bpf_get_cgroup_classid takes the context
    and is for SCHED_CLS, bpf_get_cgroup_classid_curr_proto takes none.
    """
    if name != "get_cgroup_classid":
        return facts.parameters
    if state.program.attach.type is not ProgramType.SCHED_CLS:
        return ()
    return tuple(replace(each, kind=ArgumentKind.CONTEXT) for each in facts.parameters)


def check_kind(state: PathState, register: int, parameter: Parameter, name: str) -> None:
    """Check the argument in ``register``, a number, against ``parameter``, a Parameter of helper
    ``name``.

    ``state`` is the PathState before the call. Raises ArgumentError, NullCheckError,
    ReleasedRecordError.
    """
    value, kind = state.registers[register], parameter.kind
    what = f"r{register} is the {parameter.name} of {name}"
    if kind.is_pointer and not parameter.nullable:
        check_not_null_or_released(state, register, what)
        if isinstance(value, Pointer) and value.nullable:
            raise state.error(NullCheckError, f"{what}, and may be NULL", null_check(register))
    if problem := mismatch(value, parameter):
        from tuxscope.asm.checks.argument_hints import argument_hint  # for errors alone

        hint = argument_hint(state, register, kind)
        raise state.error(ArgumentError, f"{what}, and {problem}", hint)
    if kind is ArgumentKind.MAP and isinstance(value, Pointer) and value.map:
        check_map(state, value.map, name)


def mismatch(value: Value, parameter: Parameter) -> str:
    """Return why ``value``, a Value, is of the wrong kind for ``parameter``, a Parameter: a str
    such as ``is a scalar, not a pointer``; ``""`` if it is not."""
    kind = parameter.kind
    if isinstance(value, Number) or value is SOME_NUMBER:
        may_be_null = parameter.nullable and (not isinstance(value, Number) or value.zero)
        return "is a scalar, not a pointer" if kind.is_pointer and not may_be_null else ""
    if not isinstance(value, Pointer):
        return ""
    match kind:
        case ArgumentKind.RECORD if value.kind is PointerKind.RECORD:
            return f"has an offset of {value.offset} bytes" if value.offset else ""
        case ArgumentKind.SIZE | ArgumentKind.RECORD:
            fits = False
        case ArgumentKind.CONTEXT:
            fits = value.kind is PointerKind.CONTEXT
        case ArgumentKind.MAP:
            fits = value.kind is PointerKind.MAP
        case _:
            in_memory = value.kind not in (PointerKind.CONTEXT, PointerKind.MAP)
            fits = in_memory or kind not in IN_MEMORY
    return "" if fits else f"points to {value.kind.value}"


def check_constant(state: PathState, register: int, name: str) -> None:
    """Raise ArgumentError unless ``register``, a number, of ``state``, a PathState, has a constant,
    for helper ``name``."""
    value = state.registers[register]
    if isinstance(value, Number) and not value.constant:
        raise state.error(
            ArgumentError,
            f"r{register} is the size of {name}, and is not a constant",
            f"pass the maximum size as a constant: a.mov(r{register}, Event.size)",
        )


def check_map(state: PathState, map: Map, name: str) -> None:
    """Raise ArgumentError, with the line of ``state``, a PathState, unless helper ``name`` accepts
    ``map``, a Map."""
    own = getattr(map, "type", None)
    if own is None:  # a map of assembly text: its type is not known
        return
    needed = OWN_MAPS.get(name)
    kind = type(map).__name__
    if needed and name not in OWN_HELPERS.get(own, ()):
        raise state.error(
            ArgumentError, f"{name} needs a map of type {needed}, and {map.name} is of type {kind}",
            f'declare one: {map.name} = {needed}("{map.name}", ...)',
        )  # fmt: skip
    if own in OWN_HELPERS and name not in OWN_HELPERS[own]:
        raise state.error(
            ArgumentError, f"{name} cannot use {map.name}, a map of type {kind}",
            f"use it with {', '.join(OWN_HELPERS[own][:3])}",
        )  # fmt: skip


def pass_memory(state: PathState, register: int, parameter: Parameter, name: str) -> None:
    """Check the memory that helper ``name`` reads or writes through ``register``, a number.

    ``parameter``, a Parameter, says whether it writes; a write is recorded in ``state``, a
    PathState. Raises StackAccessError, MapValueAccessError, UninitialisedStackError.
    """
    place = state.registers[register]
    if place is ANYTHING and (parameter.written or "const" not in parameter.c_type):
        state.forget()  # it may point to any frame
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
            from tuxscope.asm.checks.argument_hints import size_hint  # for errors alone

            raise state.error(
                StackAccessError,
                f"{name} accesses {size} bytes, the size in r{register + 1}, and at "
                f"{Address(r10, place.offset)} the stack has only {-place.offset}",
                f"pass the size of the memory there: {size_hint(state, register)}",
            )
        if parameter.kind in (ArgumentKind.KEY, ArgumentKind.VALUE) and 0 < -place.offset < size:
            raise too_short(state, parameter, place, size)
        check_stack(state, place.offset, size)
        frame = state.frames[place.origin]
        uninitialised = frame.uninitialised(place.offset, size)
        if uninitialised and not parameter.written:
            from tuxscope.asm.checks.uninitialised_bytes import describe_uninitialised

            what, hint = describe_uninitialised(state, place.origin, uninitialised)
            raise state.error(
                UninitialisedStackError,
                f"{name} reads uninitialised stack: {what}",
                hint,
            )
        if parameter.written and len(uninitialised) == size:
            frame.store(place.offset, size, None, WRITTEN)
        elif parameter.written or "const" not in parameter.c_type:
            frame.store(place.offset, size, None, STORED)


def too_short(
    state: PathState, parameter: Parameter, place: Pointer, size: int
) -> StackAccessError:
    """Return the StackAccessError for a key or value at ``place``, a Pointer, on the stack that is
    smaller than the map's.

    ``state`` is the PathState before the call, ``parameter`` the Parameter that is the key or
    value, ``size`` the map's size in bytes, an int.
    """
    assert place.offset is not None
    map = getattr(state.registers[1], "map", None)
    part = parameter.kind.name.lower()
    declared = getattr(map, part, "")
    return state.error(
        StackAccessError,
        f"the {part} of {getattr(map, 'name', 'the map')} is {declared}, {size} bytes, and at "
        f"{Address(r10, place.offset)} the stack has only {-place.offset}",
        f"reserve a place of that type: a.stack({declared})",
    )


def size_of(state: PathState, register: int, parameter: Parameter) -> int | None:
    """Return the number of bytes that a helper accesses through ``register``, a number.

    ``state`` is the PathState before the call, ``parameter`` the Parameter in the register. Returns
    None if the size is not constant.
    """
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
    """Mark ``record``, a Value, as released in ``state``, a PathState, in all copies of its
    pointer."""
    if not isinstance(record, Pointer):
        state.references.clear()
        return
    state.references.pop(record.identity, None)
    released = Released(state.slot)
    state.replace_pointer(record.identity, lambda _: released)


def result(state: PathState, number: int, facts: Signature, arguments: list[Value]) -> Value:
    """Return the Value in r0 after ``state``, a PathState, called the helper with ``number``, an
    int, with ``arguments``.

    ``facts`` is its Signature, ``arguments`` a list of the Values of r1 and up.
    """
    if facts.void:
        return Uninitialised(state.slot)
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
            return fresh(-4095, 0)  # a negative errno, or 0
    return FOREIGN if "*" in facts.returns else SOME_NUMBER


def looked_up(state: PathState, arguments: list[Value]) -> Value:
    """Return the Value of a lookup in ``state``, a PathState: a pointer to a map value that may be
    NULL.

    ``arguments`` is a list of the Values of r1 and up: map and key. Returns FOREIGN if the verifier
    may know more.
    """
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
