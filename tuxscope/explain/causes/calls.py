"""Causes that are about helpers and kernel functions, and what is passed to them."""

from __future__ import annotations

from tuxscope.explain.cause import Case, Cause

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
            "libbpf's log names the field or type; ask before you use it: "
            "`if (bpf_core_field_exists(p->f))`",
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
            "programs of this type have no helper {name}, or this kernel or this user has not",
            "attach it to where the helper is offered, or use another one; see bpf-helpers(7)",
            "use another program type or another helper; see bpf-helpers(7) and "
            "`bpftool feature`",
        ),
    )),
    Cause("sleeping-call", "Call that may sleep", (
        Case(
            r"might sleep in a non-sleepable|sleepable helper|is sleepable within|"
            r"must be sleepable to call",
            "what is called may sleep, and this program must not",
            "use a helper that never sleeps, as probe_read_user instead of copy_from_user",
            "use bpf_probe_read_user() instead of bpf_copy_from_user(), or make the program "
            'sleepable, as in SEC("fentry.s/...")',
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
            "an instruction refers to file descriptor {number}, which is no map",
            "refer to a map by its description: a.ld_map(r1, MAP)",
            "let the loader fill in the map: do not load the object's bytes as they are",
        ),
    )),
    Cause("argument-size", "Wrong size argument", (
        Case(
            r"R(?P<reg>\d+) invalid zero-sized read",
            "{reg} says how many bytes {helper} accesses, and it may be 0",
            'leave it out where there is nothing: a.jeq({reg}, 0, "out")',
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
            "what the call at slot {slot} gave is never given back on this path",
            "give it back on all paths: a.call(helper.ringbuf_submit) or "
            "a.call(helper.ringbuf_discard)",
            "give it back on all paths: bpf_ringbuf_submit() or bpf_ringbuf_discard(), "
            "bpf_sk_release()",
        ),
        Case(
            r"would lead to reference leak",
            "something that was taken is never given back on this path",
            "give it back on all paths: a.call(helper.ringbuf_submit) or "
            "a.call(helper.ringbuf_discard)",
            "give it back on all paths: bpf_ringbuf_submit() or bpf_ringbuf_discard(), "
            "bpf_sk_release()",
        ),
    )),
    Cause("not-a-reference", "Release of what was not taken", (
        Case(
            r"must be referenced when passed to release func|"
            r"dereference of modified \w*mem ptr R\d+ off=-?\d+ disallowed|"
            r"release helper \w+ expects referenced|release of unowned|"
            r"arg \d+ is an unacquired reference|"
            r"reference has not been acquired before",
            "what is given back here was not taken, or was moved since, or was given back before",
            "give back only what a helper gave you to keep, once, at the address that it returned",
            "give back only what a helper gave you to keep, once, at the address that it returned",
        ),
    )),
    Cause("argument-type", "Wrong type of argument", (
        Case(
            r"R(?P<reg>\d+) type=(?P<type>\w*) expected=(?P<expected>[\w, ]+)",
            "{reg} is {type}, but {helper} takes {expected} there",
            "pass what it takes: a.ld_map for a map, a.lea for a place on the stack, "
            "the saved context",
            "pass what it takes: `&map`, `&variable`, or ctx itself",
        ),
        Case(
            r"R(?P<reg>\d+) must have zero offset when passed",
            "{reg} was moved, but {helper} takes an address as it was returned",
            "pass it as it was returned; say an offset in the access, as in u64[{reg} + 8]",
            "pass the pointer as it was returned",
        ),
        Case(
            r"R(?P<reg>\d+) must be (?:referenced or trusted|a rcu pointer)",
            "{reg} must be an address that is sure to stay: one that the context or a helper gave",
            "pass what the context or a helper gave, not what was loaded from there",
            "pass what the context or a helper gave, not what was read from there",
        ),
        Case(
            r"R(?P<reg>\d+) is not a (?P<expected>[\w ]+)",
            "{reg} is not a {expected}",
            "pass what {helper} takes; see bpf-helpers(7)",
            "pass what {helper} takes; see bpf-helpers(7)",
        ),
        Case(
            r"arg#?(?P<arg>\d+) (?P<what>expected .*|is .*)",
            "argument {arg} {what}",
            "pass what the function takes",
            "pass what the function takes",
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
            "what is called is no kernel function that programs may call",
            "look its id up in the running kernel's BTF: it differs from kernel to kernel",
            "load with libbpf, which looks it up in the running kernel's BTF",
        ),
    )),
    Cause("return-value", "Result out of range", (
        Case(
            r"At callback return the register R(?P<reg>\d+) "
            r"(?P<what>.*?)(?: should have been in (?P<range>.*))?$",
            "a function that a helper calls back must return {range} in {reg}",
            "a.mov({reg}, 0) before its a.exit(); 1 ends the rounds",
            "return 0 from the callback, or 1 to end the rounds",
        ),
        Case(
            r"At (?P<where>\w+ exit) the register R(?P<reg>\d+) "
            r"(?P<what>.*?)(?: should have been in (?P<range>.*))?$",
            "the result in {reg} must be in {range} for this type of program",
            "a.mov({reg}, 0) before a.exit(), or a bound on it",
            "return one of the values that this program type knows",
        ),
    )),
    Cause("missing-privilege", "Missing privilege", (
        Case(
            r"(?:allowed (?:only )?(?:for|to) (?:CAP_BPF|CAP_PERFMON|root)|only allowed for root)",
            "this needs more than the loading process may",
            "load it as root, or with CAP_BPF and CAP_PERFMON",
            "load it as root, or with CAP_BPF and CAP_PERFMON",
        ),
    )),
)  # fmt: skip
