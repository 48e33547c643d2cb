"""Causes that are about helpers and kernel functions, and what is passed to them."""

from __future__ import annotations

from tuxscope.explain.cause import Case, Cause, ErrorContext


def trusted_alone(context: ErrorContext) -> bool:
    """Return whether all expected types in ``context``, an ErrorContext, are pointers to kernel
    objects."""
    return all(each.strip().endswith("ptr_") for each in context.found["expected"].split(","))


CALLS = (
    Cause("gpl-only", "GPL-only helper", (
        Case(
            r"cannot call GPL.restricted function from non-GPL compatible program",
            "{helper} may only be called by programs under a licence compatible with the GPL",
            'Assembler(..., license="GPL"), if that is its licence',
            'char LICENSE[] SEC("license") = "GPL";, if that is its licence',
        ),
    )),
    Cause("failed-relocation", "Failed CO-RE relocation", (
        Case(  # libbpf puts 0xbad2310 where a relocation failed
            r"invalid func unknown#195896080\b",
            "a CO-RE relocation failed: this kernel's types lack what the program was compiled for",
            "only a loader that knows CO-RE makes these; see its own log",
            "libbpf's log names the field or type; test for it first: "
            "`if (bpf_core_field_exists(p->f))`",
        ),
        Case(  # what libbpf makes of it in the log
            r"failed to resolve CO-RE relocation (?:<\w+> )?(?P<what>.*)",
            "a CO-RE relocation failed: this kernel's types lack what the program was compiled for",
            "only a loader that knows CO-RE makes these; see its own log",
            "this kernel has no such field or type: {what}; test for it first: "
            "`if (bpf_core_field_exists(p->f))`",
        ),
    )),
    Cause("missing-map", "Map that was not created", (
        Case(  # libbpf puts 2001000000 and more where a map is missing, or says so
            r"invalid func unknown#200[01]\d{6}\b|"
            r"BPF map '(?P<name>[^']*)' is referenced but wasn't created",
            "the program uses a map that its loader did not create",
            "only libbpf makes these; see its own log",
            "create it: bpf_map__set_autocreate(map, true), or do not use it where it is not",
        ),
    )),
    Cause("kernel-function", "Kernel function not callable", (
        Case(
            r"calling kernel function (?P<name>\w+) is not allowed",
            "programs of this type may not call the kernel function {name}",
            "use a helper: a.call(helper.…)",
            "use another program type, or a helper",
        ),
        Case(
            r"kernel btf_id (?P<id>\d+) is not a function|"
            r"invalid kernel function call|calling kernel function is not",
            "the called function is not a kernel function that programs may call",
            "look its id up in the running kernel's BTF: it differs from kernel to kernel",
            "load with libbpf, which looks it up in the running kernel's BTF",
        ),
        Case(  # libbpf's again
            r"invalid func unknown#2002\d{6}\b|"
            r"kfunc '(?P<name>[^']*)' is referenced but wasn't resolved",
            "this kernel has no kernel function of that name",
            "only libbpf makes these; see its own log",
            "test for it first: `if (bpf_ksym_exists(function))`, with `__weak`",
        ),
    )),
    Cause("unknown-helper", "Unknown helper", (
        Case(
            r"invalid func (?:bpf_)?(?P<name>\w+)#(?P<number>-?\d+)",
            "this kernel has no helper number {number}",
            "call a helper by its name, as in a.call(helper.ktime_get_ns); a newer kernel may "
            "have this one",
            "use a helper of this kernel; see bpf-helpers(7) and `bpftool feature`",
        ),
    )),
    Cause("unavailable-helper", "Helper not for this type of program", (
        Case(
            r"(?:unknown func|program of this type cannot use helper) (?:bpf_)?(?P<name>\w+)"
            r"#(?P<number>-?\d+)",
            "programs of this type cannot call helper {name}, or this kernel or this user cannot",
            "attach it to where the helper is offered, or use another one; see bpf-helpers(7)",
            "use another program type or another helper; see bpf-helpers(7) and "
            "`bpftool feature`",
        ),
    )),
    Cause("map-type", "Map of the wrong type", (
        Case(
            r"cannot pass map_type (?P<number>\d+) into func (?:bpf_)?(?P<name>\w+)#\d+",
            "{name} does not take this type of map",
            "use a map that it takes, as PerfEventArray for perf_event_output",
            "use a map of the type that it takes; see bpf-helpers(7)",
        ),
        Case(
            r"fd (?P<number>-?\d+) is not pointing to valid bpf_map",
            "an instruction refers to file descriptor {number}, which is not a map",
            "refer to a map by its description: a.ld_map(r1, MAP)",
            "let the loader fill in the map: do not load the object's bytes as they are",
        ),
    )),
    Cause("argument-size", "Wrong size argument", (
        Case(
            r"R(?P<reg>\d+) invalid zero-sized read",
            "{reg} is the number of bytes that {helper} accesses, and it may be 0",
            'skip the call if it is 0: a.jeq({reg}, 0, "out")',
            "check it first: `if (!size) return 0;`",
        ),
        Case(
            r"R(?P<reg>\d+) (?:(?:is not a|must be a) (?:known constant|const\b)|unbounded size)",
            "{reg} must be a constant in this call of {helper}",
            "a.mov({reg}, number) before the call",
            "pass a constant, as in sizeof(struct event)",
        ),
    )),
    Cause("unreleased-reference", "Unreleased reference", (
        Case(
            r"Unreleased reference id=(?P<id>\d+) alloc_insn=(?P<slot>\d+)",
            "the reference that the call at slot {slot} acquired is not released on this path",
            "release it on all paths: a.call(helper.ringbuf_submit) or "
            "a.call(helper.ringbuf_discard)",
            "release it on all paths: bpf_ringbuf_submit() or bpf_ringbuf_discard(), "
            "bpf_sk_release()",
        ),
        Case(
            r"would lead to reference leak",
            "a reference that was acquired is not released on this path",
            "release it on all paths: a.call(helper.ringbuf_submit) or "
            "a.call(helper.ringbuf_discard)",
            "release it on all paths: bpf_ringbuf_submit() or bpf_ringbuf_discard(), "
            "bpf_sk_release()",
        ),
    )),
    Cause("not-a-reference", "Release of an unacquired reference", (
        Case(
            r"must be referenced when passed to release func|"
            r"dereference of modified \w*mem ptr R\d+ off=-?\d+ disallowed|"
            r"release helper \w+ expects referenced|release of unowned|"
            r"arg \d+ is an unacquired reference|"
            r"reference has not been acquired before",
            "the pointer released here was not acquired, has an offset, or was released before",
            "release only a pointer that a helper acquired, unmodified, and only once",
            "release only a pointer that a helper acquired, unmodified, and only once",
        ),
    )),
    Cause("return-value", "Result out of range", (
        Case(
            r"(?:At|In|at) (?:async )?callback (?:return )?the register R(?P<reg>\d+) "
            r"is not a known value \((?P<type>\w+)\)",
            "a function that a helper calls back must return a number, and {reg} is {type}",
            "a.mov({reg}, 0) before its a.exit(); 1 ends the iterations",
            "return 0 from the callback, or 1 to end the iterations",
        ),
        Case(
            r"(?:At|In) (?:async )?callback (?:return )?the register R(?P<reg>\d+) "
            r"(?P<what>.*?)(?: should have been in (?P<range>.*))?$",
            "a function that a helper calls back must return {range} in {reg}",
            "a.mov({reg}, 0) before its a.exit(); 1 ends the iterations",
            "return 0 from the callback, or 1 to end the iterations",
        ),
        Case(
            r"At subprogram exit the register R(?P<reg>\d+) is not a scalar value "
            r"\((?P<type>\w+)\)",
            "the result in {reg} is {type}, and a global function must return a number",
            "a.mov({reg}, 0) before its a.exit()",
            "return a number from it, or make it static",
        ),
        Case(
            r"At (?P<where>\w+ exit) the register R(?P<reg>\d+) is not a known value "
            r"\((?P<type>\w+)\)",
            "the result in {reg} is {type}: it must be a number in the range that this program "
            "type may return",
            "a.mov({reg}, 0) before a.exit(), or another number that this type may return",
            "return one of the values that this program type knows, as in `return 0;`",
        ),
        Case(
            r"At (?P<where>\w+ exit) the register R(?P<reg>\d+) "
            r"(?P<what>.*?)(?: should have been (?:in )?(?P<range>.*))?$",
            "the result in {reg} must be in {range} for this type of program",
            "a.mov({reg}, 0) before a.exit(), or a bound on it",
            "return one of the values that this program type knows",
        ),
        Case(
            r"Global function (?P<name>\w+)\(\) doesn't return scalar",
            "the global function {name} does not return a number",
            "return a number from it",
            "return an integer from it, or make it static",
        ),
    )),
    Cause("argument-type", "Wrong type of argument", (
        Case(
            r"R(?P<reg>\d+) type=(?P<type>\w*) expected=(?P<expected>[\w, ]*\btrusted_ptr_[\w, ]*)",
            "{reg} is {type}, but {helper} takes a trusted pointer to a kernel object there",
            "pass one unmodified: {trusted_source}",
            "pass one unmodified: {trusted_source_in_c}",
            trusted_alone,
        ),
        Case(
            r"R(?P<reg>\d+) type=(?P<type>\w*) expected=(?P<expected>[\w, ]+)",
            "{reg} is {type}, but {helper} takes {expected} there",
            "pass what it takes: a.ld_map for a map, a.lea for a place on the stack, "
            "the saved context",
            "pass what it takes: `&map`, `&variable`, or ctx itself",
        ),
        Case(
            r"R(?P<reg>\d+) must have zero offset when passed",
            "{reg} has an offset, but {helper} takes the pointer unmodified",
            "pass it unmodified; write the offset in the access, as in u64[{reg} + 8]",
            "pass the pointer unmodified",
        ),
        Case(
            r"R(?P<reg>\d+) must be (?:referenced(?: or trusted)?|a rcu pointer)$",
            "{reg} must be a trusted pointer to a kernel object: from the context, or from a call "
            "that acquires it",
            "pass one unmodified, not a value loaded through it: {trusted_source}",
            "pass one unmodified, not a value read through it: {trusted_source_in_c}",
        ),
        Case(
            r"(?:^|: )R(?P<reg>\d+) is not a (?P<expected>[\w ]+)",
            "{reg} is not a {expected}",
            "pass what {helper} takes; see bpf-helpers(7)",
            "pass what {helper} takes; see bpf-helpers(7)",
        ),
        Case(
            r"kernel function (?P<name>\w+) args?#(?P<arg>\d+) expected pointer to "
            r"(?P<what>[\w ]+?) but R(?P<reg>\d+) has (?:a pointer to )?(?P<other>.*)",
            "{reg} is {other}, but the kernel function {name} takes a pointer to {what} there",
            "pass what the function takes",
            "pass what the function takes; a cast does not change what the verifier knows",
        ),
        Case(
            r"arg#?(?P<arg>\d+) (?P<what>expected .*|is .*)",
            "argument {arg} {what}",
            "pass what the function takes",
            "pass what the function takes",
        ),
    )),
    Cause("missing-privilege", "Missing privilege", (
        Case(
            r"(?:allowed (?:only )?(?:for|to) (?:CAP_BPF|CAP_PERFMON|root)|only allowed for root)",
            "the loading process lacks a capability that this needs",
            "load it as root, or with CAP_BPF and CAP_PERFMON",
            "load it as root, or with CAP_BPF and CAP_PERFMON",
        ),
    )),
)  # fmt: skip
