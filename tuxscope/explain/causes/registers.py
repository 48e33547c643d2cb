"""Causes that are about what a register holds."""

from __future__ import annotations

from tuxscope.explain.cause import Case, Cause, ErrorContext
from tuxscope.explain.path import CALLEE_SAVED


def at_exit(context: ErrorContext) -> bool:
    """Return whether the verifier stopped in ``context``, an ErrorContext, at an exit because of
    r0."""
    stop = context.path.stop
    return context.register == 0 and stop is not None and stop.text.startswith("(95)")


def clobbered(context: ErrorContext) -> bool:
    """Return whether a call clobbered the register in ``context``, an ErrorContext."""
    writer = context.path.writer(context.register)
    return writer is not None and writer.clobbered


def forgotten(context: ErrorContext) -> bool:
    """Return whether a call clobbered the register in ``context``, an ErrorContext, an argument of
    another call."""
    return clobbered(context) and context.path.helper != ""


def of_the_caller(context: ErrorContext) -> bool:
    """Return whether the register in ``context``, an ErrorContext, is one of r6 to r9 that the
    function has not written."""
    path = context.path
    return (
        context.register in CALLEE_SAVED
        and path.writer(context.register) is None
        and path.in_function
    )


UNREADABLE = r"R(?P<reg>\d+) !read_ok"


def cut_off(context: ErrorContext) -> bool:
    """Return whether the log in ``context``, an ErrorContext, lacks the start of the path, which
    may have written the register."""
    return (
        context.path.stop is not None
        and not context.path.complete
        and context.path.writer(context.register) is None
    )


REGISTERS = (
    Cause("missing-result", "No result in r0", (
        Case(
            UNREADABLE,
            "the program exits, and r0, its result, is uninitialised on this path",
            "a.mov(r0, 0) before a.exit(), on all paths",
            "return a value on all paths, as in `return 0;`",
            at_exit,
        ),
    )),
    Cause("clobbered-register", "Register used after a call", (
        Case(
            UNREADABLE,
            "{reg} is an argument of {helper}, but `{call}` clobbered it: a call clobbers r1 to r5",
            "set {reg} between the two: a.ld_map for a map, a.lea for an address, a.mov for the "
            "context or a number",
            "pass all that the helper takes; in inline assembly, set {reg} again for each call",
            forgotten,
        ),
        Case(
            UNREADABLE,
            "{reg} is read, but `{call}` clobbered it: a call clobbers r1 to r5",
            "save it in r6 to r9: a.mov({spare}, {reg}) before the call, "
            "{spare} after it",
            "keep the value in a local variable before the call; in inline assembly, "
            "use r6 to r9",
            clobbered,
        ),
    )),
    Cause("uninitialised-register", "Uninitialised register", (
        Case(
            UNREADABLE,
            "{reg} is read, but it is uninitialised: a function has its own r6-r9",
            "pass it in r1-r5: a.mov(r1, {reg}) before the call, a.mov({reg}, r1) where the "
            "function begins",
            "pass it in r1-r5, as an argument of the function",
            of_the_caller,
        ),
        Case(
            UNREADABLE,
            "{reg} is read, but it is uninitialised, or a call clobbered it (the start of the "
            "log is missing)",
            "set it first, as in a.mov({reg}, 0); across calls keep it in r6 to r9",
            "initialise the variable where it is declared, as in `int value = 0;`",
            cut_off,
        ),
        Case(
            UNREADABLE,
            "{reg} is read, but it is uninitialised on this path",
            "set it first, as in a.mov({reg}, 0)",
            "initialise the variable where it is declared, as in `int value = 0;`",
        ),
    )),
    Cause("read-only-register", "Write to the frame pointer", (
        Case(
            r"frame pointer is read only",
            "r10 is the frame pointer, which is read-only",
            "work on a copy: a.mov(r1, r10), a.add(r1, -8)",
            "take the address of a local variable instead of changing r10",
        ),
    )),
    Cause("pointer-leak", "Pointer leak", (
        Case(
            r"R(?P<reg>\d+) leaks addr as return value",
            "the program would return a kernel address in {reg}",
            "return a number: a.mov({reg}, 0) before a.exit()",
            "return a number, as in `return 0;`",
        ),
        Case(
            r"R(?P<reg>\d+) leaks addr into (?P<where>[\w ]+)",
            "{reg} is a kernel address, which must not be stored in {where}",
            "store what it points to: a.ldx({spare}, u64[{reg}]), then store {spare}",
            "store what the pointer points to, as in `*p`, not the pointer",
        ),
        Case(
            r"[Ll]eaking (?:a |kernel )?addr\w* ",
            "a kernel address would leave the program",
            "store what it points to, not the address itself",
            "store what the pointer points to, as in `*p`, not the pointer",
        ),
        Case(
            r"attempt to corrupt spilled pointer on stack",
            "a pointer that was saved on the stack would be partly overwritten, and leak",
            "store numbers elsewhere on the stack, or all 8 bytes of the pointer's place",
            "do not write to a part of where a pointer is kept",
        ),
        Case(
            r"R(?P<reg>\d+) partial copy of pointer",
            "the low 32 bits of the address in {reg} would be copied, and leak",
            "copy all 64 bits: a.mov, not a.mov32",
            "copy the pointer as a pointer, not as an int",
        ),
        Case(
            r"invalid size of register (?:fill|spill)",
            "an address that is kept on the stack would be loaded or stored in part",
            "load and store all 8 bytes of it, as in a.ldx({spare}, u64[r10 - 8])",
            "load and store the pointer as a whole",
        ),
        Case(
            r"R(?P<reg>\d+) pointer comparison prohibited",
            "an address in {reg} is compared with a number or another address, which leaks it",
            "compare what it points to: a.ldx({spare}, u64[{reg}]), then compare {spare}",
            "compare what the pointer points to; a pointer only with NULL",
        ),
    )),
    Cause("modified-context", "Context pointer changed", (
        Case(
            r"dereference of modified ctx ptr R(?P<reg>\d+) off=(?P<off>-?\d+) disallowed",
            "the context is read through {reg}, which has an offset of {off} bytes: it must point "
            "to the context's start",
            "write the offset in the access instead: a.ldx(r0, {width}[{reg} + {total}])",
            "read the field straight from ctx, as in `ctx->field`, with a constant offset",
        ),
        Case(
            r"variable ctx access var_off=",
            "the context is read at an offset that is not constant",
            "write the offset in the access, as in a.ldx(r0, u64[r1 + 8])",
            "read the field straight from ctx, as in `ctx->field`, with a constant offset",
        ),
        Case(
            r"negative offset ctx ptr R(?P<reg>\d+) off=(?P<off>-?\d+) disallowed",
            "{reg} points to offset {off} of the context, before its start",
            "pass the context unmodified: a.mov(r6, r1) at the start, a.mov({reg}, r6) here",
            "pass ctx unmodified",
        ),
    )),
    Cause("pointer-arithmetic", "Forbidden pointer arithmetic", (
        Case(
            r"R(?P<reg>\d+) pointer (?P<operator>\S+) pointer prohibited",
            "{operator} between two pointers is prohibited: the result is not an address",
            "add a number to one of them, as in a.add({reg}, 8)",
            "add a number to a pointer, not another pointer",
        ),
        Case(
            r"R(?P<reg>\d+) (?:pointer arithmetic with|bitwise operator) (?P<operator>\S+) "
            r"(?:operator|on pointer) prohibited",
            "{operator} on the pointer in {reg} is prohibited: the result is not an address",
            "only a.add and a.sub with a number keep an address; compute with a number instead",
            "only + and - with a number keep a pointer; compute with an integer instead",
        ),
        Case(
            r"R(?P<reg>\d+) 32-bit pointer arithmetic prohibited",
            "{reg} holds an address, and 32-bit arithmetic would cut it in half",
            "compute with all 64 bits: a.add, not a.add32",
            "do not cast the pointer to int",
        ),
        Case(
            r"R(?P<reg>\d+) tried to subtract pointer from scalar",
            "a pointer is subtracted from a number: the result is not an address",
            "subtract the number from the address: the address is dst",
            "subtract the number from the pointer",
        ),
        Case(
            r"R(?P<reg>\d+) subtraction from stack pointer prohibited",
            "a register is subtracted from an address on the stack",
            "add a negative constant: a.add({reg}, -8)",
            "use a constant offset into the stack",
        ),
        Case(
            r"R(?P<reg>\d+) pointer arithmetic on (?P<type>(?!\w*_or_null)\w+) prohibited",
            "{reg} is {type}, and no number may be added to it",
            "pass it unmodified; write the offset in the access, as in u64[{reg} + 8]",
            "use the pointer unmodified",
        ),
        Case(
            r"math between (?P<type>\w+) pointer and (?P<number>-?\d+) is not allowed",
            "{number} bytes are added to an address in {type}, too many for any object",
            "keep offsets below 2**29",
            "keep the index within the object",
        ),
        Case(
            r"value (?P<number>-?\d+) makes (?P<type>\w+) pointer be out of bounds",
            "{number} bytes are added to an address in {type}, too many for any object",
            "keep offsets below 2**29",
            "keep the index within the object",
        ),
        Case(
            r"R(?P<reg>\d+) tried to (?P<operator>\w+) from different maps, paths or scalars",
            "what is added to this address differs from path to path, which the kernel cannot "
            "guard against speculation",
            "add the same constant on all paths, or check the bounds on each",
            "compute the offset before the branches",
        ),
        Case(
            r"R(?P<reg>\d+) has (?:pointer with unsupported|unknown scalar with mixed)",
            "the offset added to {reg} has no known bounds, not even a known sign",
            "bound it as unsigned first, as in a.and_({reg}, 63)",
            "use an unsigned index, and check it first",
        ),
    )),
)  # fmt: skip
