"""Causes that are about loads, stores, and where they go."""

from __future__ import annotations

import re

from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.program import STACK_SIZE
from tuxscope.asm.signatures import ArgumentKind, signature
from tuxscope.explain.cause import Case, Cause, ErrorContext, parse_number

NULL_PYTHON = 'compare it with 0 first: a.jeq({reg}, 0, "out")'
NULL_C = "check it first: `if (!p) return 0;`"
ZERO_PYTHON = "store all of them first, padding too: a.zero(variable), a.zero(record.padding)"
ZERO_C = "initialise all of it, padding too: `struct event e = {{}};` or __builtin_memset"


ROOM = re.compile(r"(?:value|mem)_size=(\d{1,9}) off=-?\d{1,19} size=(\d{1,9})\b")


def fits(context: ErrorContext) -> bool:
    """Return whether the access in ``context``, an ErrorContext, is no larger than the memory
    region.

    True if the log shows no sizes.
    """
    room = ROOM.search(context.found.string)
    return room is None or int(room[2]) <= int(room[1])


def was_packet(context: ErrorContext) -> bool:
    """Return whether the scalar in ``context``, an ErrorContext, was a packet pointer before a
    call.

    The call may have moved the packet.
    """
    return context.path.had_type(context.register, "pkt(")


def was_record(context: ErrorContext) -> bool:
    """Return whether the scalar in ``context``, an ErrorContext, was a pointer to a ring buffer
    record.

    A call released the record.
    """
    return context.path.had_type(context.register, "ringbuf_mem(", "alloc_mem(", "mem(")


def sized(context: ErrorContext) -> bool:
    """Return whether the argument in ``context``, an ErrorContext, is memory whose size the
    helper's next argument gives."""
    if context.path.helper not in NAMES:
        return False
    parameters = signature(NAMES.index(context.path.helper) + 1).parameters
    own = parameters[context.register - 1 : context.register]
    return any(each.kind is ArgumentKind.MEMORY for each in own)


def is_zero(context: ErrorContext) -> bool:
    """Return whether the address in ``context``, an ErrorContext, is the 0 that a call returned, or
    a copy of it."""
    writer = context.path.writer(context.register)
    made = writer is not None and writer.step.text.startswith(("(85)", "(bf)", "(79)"))
    return made and ZERO.fullmatch(context.path.state(context.register)) is not None


def on_the_stack(context: ErrorContext) -> bool:
    """Return whether the access in ``context``, an ErrorContext, is within the 512 bytes of the
    stack."""
    off, size = parse_number(context.found["off"]), parse_number(context.found["size"])
    return -STACK_SIZE <= off <= -size


def argument_on_the_stack(context: ErrorContext) -> bool:
    """Return whether the access in ``context``, an ErrorContext, is a helper's, within the 512
    bytes of the stack."""
    return on_the_stack(context) and context.path.helper != ""


ZERO = re.compile(r"(?:inv|scalar\()?P?0\)?")
# Without CAP_PERFMON Linux 6.x says the same of stack outside of the 512 bytes and of stack that
# was never used.
READ_OF_NO_STACK = r"invalid read from stack R(?P<reg>\d+) off=(?P<off>-?\d+) size=(?P<size>\d+)"
MEMORY = (
    Cause("missing-null-check", "Missing null check", (
        Case(
            r"R(?P<reg>\d+) invalid mem access '(?P<type>\w+_or_null_?)'",
            "{reg} is used as an address, but it may be NULL: it is {type}",
            NULL_PYTHON, NULL_C,
        ),
        Case(
            r"R(?P<reg>\d+) (?:invalid mem access '(?:inv|scalar)'|type=(?:inv|scalar) expected=)",
            "{reg} is 0 on this path: the comparison leads here if it is NULL",
            'jump to another path if it is 0: a.jeq({reg}, 0, "out")', NULL_C,
            is_zero,
        ),
        Case(
            r"R(?P<reg>\d+) pointer arithmetic on (?P<type>\w+_or_null_?) prohibited",
            "a number is added to {reg}, but it may be NULL: it is {type}",
            NULL_PYTHON, NULL_C,
        ),
        Case(
            r"R(?P<reg>\d+) type=(?P<type>\w+_or_null_?) expected=",
            "{reg} is passed to {helper}, but it may be NULL: it is {type}",
            NULL_PYTHON, NULL_C,
        ),
        Case(
            r"Possibly NULL pointer passed to (?:\w+ )?arg(?P<arg>\d+)",
            "an argument may be NULL, and this function takes no NULL",
            'compare it with 0 first, as in a.jeq(r0, 0, "out")', NULL_C,
        ),
    )),
    Cause("unbounded-access", "Unbounded access", (
        Case(
            r"R(?P<reg>\d+) unbounded memory access",
            "{reg} has no upper bound, so the access may be anywhere",
            'bound {index} first: a.jgt({index}, limit, "out") or a.and_({index}, 63)',
            "bound it first: `if (i >= LIMIT) return 0;` or `i &= LIMIT - 1;`",
        ),
        Case(
            r"R(?P<reg>\d+) min value is negative",
            "{reg} may be negative",
            'bound {index} as unsigned: a.jgt({index}, limit, "out") or a.and_({index}, 63)',
            "bound it from above as unsigned: `if (n > LIMIT) return 0;` or `n &= LIMIT - 1;`",
        ),
        Case(
            r"math between (?P<type>\w+) pointer and register with unbounded min value",
            "an unbounded number is added to an address in {type}",
            'bound {index} first: a.jgt({index}, limit, "out") or a.and_({index}, 63)',
            "bound the index first: `if (i >= LIMIT) return 0;`",
        ),
        Case(
            r"R(?P<reg>\d+) max value is outside of the (?:allowed memory|array) range",
            "the offset of {reg} may be outside of the memory region that it points to",
            'bound {index} first: a.jgt({index}, limit, "out") or a.and_({index}, 63)',
            "bound the index first: `if (i >= LIMIT) return 0;`",
            fits,
        ),
    )),
    Cause("map-value-out-of-bounds", "Access outside of a map's value", (
        Case(
            r"invalid access to map (?P<what>value|key), value_size=(?P<room>\d+) "
            r"off=(?P<off>-?\d+) size=(?P<size>\d+)",
            "an access of {bytes} at offset {off} of a map's {what}, which has {room} bytes",
            "stay within the {room} bytes, or declare the map with a larger {what}",
            "stay within the {room} bytes, or declare the map with a larger {what}",
        ),
        Case(
            r"invalid access to map value pointer, value_size=(?P<room>\d+) off=(?P<off>\d+)",
            "offset {off} is outside of the map's value, which has {room} bytes",
            "stay within the {room} bytes, or declare the map with a larger value",
            "stay within the {room} bytes, or declare the map with a larger value",
        ),
    )),
    Cause("packet-out-of-bounds", "Access outside of the packet", (
        Case(
            r"invalid access to packet, off=(?P<off>-?\d+) size=(?P<size>\d+), R(?P<reg>\d+)\(",
            "an access of {bytes} at offset {off} of the packet, without a comparison with its "
            "end that proves it is that long",
            "compare first: a.mov({spare}, {reg}), a.add({spare}, {reach}) and "
            'a.jgt({spare}, end, "out")',
            "check it first: `if (data + {reach} > data_end) return 0;`",
        ),
        Case(
            r"R(?P<reg>\d+) offset is outside of the packet",
            "{reg} points outside of the part of the packet that was compared with its end",
            'move a copy past the accessed bytes, then compare: a.jgt(copy, end, "out")',
            "check it first: `if (p + 1 > data_end) return 0;`",
        ),
    )),
    Cause("memory-out-of-bounds", "Access outside of a memory region", (
        Case(
            r"invalid access to memory, mem_size=(?P<room>\d+) off=(?P<off>-?\d+) "
            r"size=(?P<size>\d+)",
            "an access of {bytes} at offset {off} of a memory region of {room} bytes",
            "stay within the {room} bytes, or ask for more",
            "stay within the {room} bytes, or ask for more",
        ),
        Case(
            r"access beyond (?:the end of member \w+ \(mend:\d+\) in )?struct (?P<what>\w+) "
            r"(?:at|with) off (?P<off>\d+) (?:and )?size (?P<size>\d+)",
            "an access of {bytes} at offset {off} of struct {what}, where no field is that large",
            "take offset and size of a field from this kernel's BTF: kernels differ",
            "let CO-RE find the field: BPF_CORE_READ(), with this kernel's vmlinux.h",
        ),
        Case(
            r"R(?P<reg>\d+) is (?P<what>\w+) invalid negative access: off=(?P<off>-\d+)",
            "an access at offset {off} of {what}: before its start",
            "write the field's offset in the access; it must not be negative",
            "let CO-RE find the field: BPF_CORE_READ(), with this kernel's vmlinux.h",
        ),
        Case(
            r"R(?P<reg>\d+) min value is outside of the (?:allowed memory|array) range",
            "the offset of {reg} is outside of the memory region that it points to",
            "stay within it, or ask for more",
            "stay within it, or ask for more",
        ),
    )),
    Cause("uninitialised-stack-argument", "Uninitialised stack passed to a helper", (
        Case(
            READ_OF_NO_STACK,
            "{helper} reads {bytes} of the stack at {place}, which is uninitialised",
            ZERO_PYTHON, ZERO_C,
            argument_on_the_stack,
        ),
        Case(
            r"invalid (?:indirect )?(?:read|access)(?: from| to)? stack R(?P<reg>\d+) "
            r"off (?P<off>-?\d+)\+(?P<at>\d+) size (?P<size>\d+)",
            "{helper} reads {size} bytes of the stack at {place}, but byte {at} of them is "
            "uninitialised",
            ZERO_PYTHON, ZERO_C,
        ),
        Case(
            r"invalid indirect read from stack(?: off)? (?P<off>-?\d+)\+(?P<at>\d+) "
            r"size (?P<size>\d+)",
            "{helper} reads {size} bytes of the stack at {place}, but byte {at} of them is "
            "uninitialised",
            ZERO_PYTHON, ZERO_C,
        ),
    )),
    Cause("uninitialised-stack", "Uninitialised stack read", (
        Case(
            READ_OF_NO_STACK,
            "{bytes} of the stack are read at {place}, which is uninitialised",
            "store there first: a.zero(variable)",
            "initialise the variable where it is declared",
            on_the_stack,
        ),
        Case(
            r"invalid (?:read from|size of register).*stack(?: R\d+)? off (?P<off>-?\d+)\+"
            r"(?P<at>\d+) size (?P<size>\d+)",
            "{size} bytes of the stack are read at {place}, but byte {at} of them is "
            "uninitialised",
            "store there first: a.zero(variable)",
            "initialise the variable where it is declared",
        ),
    )),
    Cause("stack-out-of-bounds", "Access outside of the stack", (
        Case(
            r"invalid .*stack R(?P<reg>\d+) off=(?P<off>-?\d+) (?:access_)?size=(?P<size>\d+)",
            "{helper} accesses {bytes} at {place}, more than the stack has there: {next} is "
            "the size",
            "pass the size of the memory there: a.mov({next}, Event.size), or bound it with "
            "a.and_({next}, 63)",
            "pass sizeof(buffer), or check the size first: `if (n > sizeof(buffer)) return 0;`",
            sized,
        ),
        Case(
            r"invalid (?:write to|read from|indirect access to|zero-sized \w+ \w+|\w+ \w+|"
            r"indirect \w+ \w+)? ?stack(?: type)?(?: R(?P<reg>\d+))? off=(?P<off>-?\d+) "
            r"(?:access_)?size=(?P<size>\d+)",
            "an access of {bytes} at {place}: the stack is the 512 bytes from r10 - 512 to "
            "r10",
            "stay below r10, 512 bytes at most: let a.stack(type) find the place",
            "stay within the array; what is larger than 512 bytes goes into a per-CPU array map",
        ),
        Case(
            r"invalid (?:unbounded )?variable-offset (?P<how>[\w ]+?)(?: from| to)? stack "
            r"R(?P<reg>\d+)",
            "the stack is accessed at an offset that is not constant and may be outside of it",
            "bound the offset first, or use a map's value instead of the stack",
            "bound the index first: `if (i >= sizeof(buffer)) return 0;`",
        ),
        Case(
            r"R(?P<reg>\d+) (?:unbounded indirect variable offset stack access|"
            r"stack pointer range)",
            "the stack is accessed at an offset that is not constant and may be outside of it",
            "bound the offset first, or use a map's value instead of the stack",
            "bound the index first: `if (i >= sizeof(buffer)) return 0;`",
        ),
    )),
    Cause("misaligned-access", "Misaligned access", (
        Case(
            r"misaligned (?P<what>\w+ )?access off (?P<where>.*?) size (?P<size>\d+)",
            "an access of {bytes} at an offset that is not a multiple of {size}",
            "choose an offset that is a multiple of {size}, or access it in smaller parts",
            "align the field: do not pack the struct, or copy it with __builtin_memcpy",
        ),
    )),
    Cause("context-access", "Context access out of range", (
        Case(
            r"invalid bpf_context access off=(?P<off>-?\d+) size=(?P<size>\d+)",
            "programs of this type cannot access {bytes} at offset {off} of the context",
            "see the context's fields (for a tracepoint, its format file) for offset and size",
            "use the fields of the context's struct, and read only what this program type allows",
        ),
    )),
    Cause("read-only-memory", "Write to read-only memory", (
        Case(
            r"R(?P<reg>\d+) cannot write into (?P<type>\w+)",
            "{reg} points to {type}, which programs can only read",
            "copy it to the stack with a.ldx and a.stx, and change the copy",
            "copy it to a local variable, and change that",
        ),
        Case(
            r"write into map forbidden",
            "the map's values can only be read by programs",
            "write to another map, or create it without BPF_F_RDONLY_PROG",
            "write to another map: const globals and BPF_F_RDONLY_PROG maps are read-only",
        ),
        Case(
            r"cannot write into (?P<type>\w+)|only read (?:from|is supported)",
            "the memory that is written is read-only for programs",
            "copy it to the stack with a.ldx and a.stx, and change the copy",
            "copy it to a local variable, and change that",
        ),
    )),
    Cause("atomic-access", "Atomic operation not allowed there", (
        Case(
            r"BPF_(?:ATOMIC|XADD) (?:stores into|loads from) R(?P<reg>\d+) (?P<type>\w+) "
            r"is not allowed",
            "an atomic operation on {type} is not allowed",
            "use it on a map's value or the stack",
            "use it on a map's value or a local variable",
        ),
    )),
    Cause("released-record", "Record used after its end", (
        Case(
            r"R(?P<reg>\d+) (?:invalid mem access '(?:inv|scalar)'|type=(?:inv|scalar) expected=)",
            "{reg} was the address of a ring buffer's record, which was submitted or "
            "discarded since then",
            "call helper.ringbuf_submit or helper.ringbuf_discard last, and once",
            "call bpf_ringbuf_submit() or bpf_ringbuf_discard() last, and once",
            was_record,
        ),
    )),
    Cause("not-an-address", "Not an address", (
        Case(
            r"R(?P<reg>\d+) invalid mem access '(?P<type>inv|scalar)'",
            "{reg} was an address in the packet, but a call since then may have moved the packet",
            "load data and data_end again after the call, and compare them again",
            "read ctx->data and ctx->data_end again after the helper, and check them again",
            was_packet,
        ),
        Case(
            r"R(?P<reg>\d+) invalid mem access '(?P<type>inv|scalar)'",
            "{reg} is used as an address, but it is a scalar to the verifier",
            "use the register that holds the address; other memory is read with "
            "helper.probe_read_kernel, that of a process with probe_read_user",
            "use bpf_probe_read_kernel() or BPF_CORE_READ() for memory of the kernel's, "
            "bpf_probe_read_user() for that of a process",
        ),
        Case(
            r"R(?P<reg>\d+) invalid mem access '(?P<type>\w+)'",
            "{reg} is {type}, which cannot be accessed as memory",
            "pass it to a helper; use an address for loads and stores",
            "pass it to a helper; use a pointer to memory for loads and stores",
        ),
    )),
)  # fmt: skip
