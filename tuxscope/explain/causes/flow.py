"""Causes that are about control flow, its limits, and the stack."""

from __future__ import annotations

from tuxscope.explain.cause import Case, Cause
from tuxscope.explain.places import call_of_its_own, function_end, loop

FLOW = (
    Cause("function-argument", "Wrong argument of a function of its own", (
        Case(
            r"Caller passes invalid args into func#(?P<index>\d+) \('(?P<name>[^']*)'\)",
            "an argument of the function {name} does not match the type in its BTF",
            "pass what the function takes",
            "pass what its declaration says: ctx itself, memory as large as the type that is "
            "pointed to, no pointer that may be NULL; or make it static",
        ),
    )),
    Cause("locked-region", "Not allowed in a locked region", (
        Case(
            r"global function calls are not allowed (?P<what>while holding a lock|"
            r"with preemption disabled|with IRQs disabled)",
            "a global function is called {what}, where only static functions may be",
            "call it before, or after",
            "make the function static, or call it outside of the locked region",
        ),
        Case(
            r"function calls are not allowed while holding a lock",
            "{helper} is called while a spin lock is held",
            "call it before bpf_spin_lock, or after bpf_spin_unlock",
            "call it before bpf_spin_lock(), or after bpf_spin_unlock()",
        ),
        Case(
            r"(?P<what>bpf_\w+) is missing|"
            r"cannot be used inside (?P<where>[\w-]+(?:-ed)? region)",
            "a locked region does not end on this path, or contains an operation not allowed there",
            "end it on all paths, before the exit",
            "unlock on all paths, before each return",
        ),
    )),
    Cause("sleeping-call", "Call that may sleep", (
        Case(
            r"might sleep in a non-sleepable|sleepable helper|is sleepable within|"
            r"must be sleepable to call|functions that may sleep are not allowed",
            "the called function may sleep, which is not allowed here",
            "use a helper that never sleeps, as probe_read_user instead of copy_from_user",
            "use bpf_probe_read_user() instead of bpf_copy_from_user(), or make the program "
            'sleepable, as in SEC("fentry.s/...")',
        ),
    )),
    Cause("unreachable-code", "Unreachable code", (
        Case(
            r"unreachable insn (?P<slot>\d+)",
            "no path leads to the instruction at slot {slot}",
            "remove it, or put a label before it and jump there",
            "remove the code after a return or goto",
        ),
    )),
    Cause("falls-off-the-end", "No exit at the end", (
        Case(
            r"last insn is not an exit or jmp",
            "a function's last instruction is neither exit nor a jump: control falls off its end",
            "end it with a.exit()",
            "end the function with a return",
            where=function_end,
        ),
    )),
    Cause("jump-out-of-range", "Jump out of range", (
        Case(
            r"jump out of range from insn (?P<slot>\d+) to (?P<target>-?\d+)",
            "the jump at slot {slot} goes to slot {target}, which is not in this function",
            "jump to a label of the same function",
            "jump within the function; in hand-made bytecode, count from the next instruction",
        ),
        Case(
            r"jump into the middle of ldimm64 insn (?P<slot>\d+)",
            "a jump goes to the second half of the wide instruction at slot {slot}",
            "jump to a label, which is always before a whole instruction",
            "count ld_imm64 as two instructions",
        ),
        Case(
            r"call to invalid destination|jump to reserved code",
            "the target of a call is not an instruction of this program",
            "call a function of the program by its name",
            "call a function of the program; in hand-made bytecode, count from the next "
            "instruction",
        ),
    )),
    Cause("endless-loop", "Endless loop", (
        Case(
            r"infinite loop detected at insn (?P<slot>\d+)",
            "infinite loop at slot {slot}: an iteration changes no register and no stack",
            'count the iterations: a.add(r6, 1), then a.jlt(r6, 10, "top")',
            "bound the loop by a counter: `for (int i = 0; i < 10; i++)`, or use bpf_loop()",
        ),
        Case(
            r"back-edge from insn (?P<slot>\d+) to (?P<target>\d+)",
            "the jump at slot {slot} goes back to slot {target}, and loops are not allowed here",
            "unroll it: emit the instructions in a `for` loop of Python",
            "unroll the loop: `#pragma unroll`",
        ),
    )),
    Cause("too-many-instructions", "Too many instructions to verify", (
        Case(
            r"BPF program is too large\. Processed (?P<count>\d+) insn",
            "the verifier gave up after {count} instructions: it follows each path, and each "
            "iteration of a loop",
            "use fewer iterations or branches; a.may_goto (Linux 6.9) ends a loop without "
            "counting",
            "use fewer iterations or branches, or use bpf_loop() (Linux 5.17)",
            where=loop,
        ),
        Case(
            r"The sequence of (?P<count>\d+) jumps is too complex",
            "{count} branches are open at once, more than the verifier follows",
            "use fewer branches in a row, or put them into functions",
            "use fewer branches in a row, or split the program with tail calls",
        ),
    )),
    Cause("stack-limit", "Stack limit", (
        Case(
            r"combined stack size of (?P<count>\d+) calls is (?P<size>\d+)\. Too large",
            "the stacks of {count} functions, each called by the one before it, have {size} bytes: "
            "512 are allowed",
            "use less stack, or keep what is large in a per-CPU array's value",
            "use less stack, or keep what is large in a per-CPU array's value",
            where=call_of_its_own, whole_program=True,
        ),
        Case(
            r"stack size (?P<size>\d+).*(?:[Tt]oo large|exceeds)",
            "{size} bytes of stack are too many",
            "use less stack, or keep what is large in a per-CPU array's value",
            "use less stack, or keep what is large in a per-CPU array's value",
            whole_program=True,
        ),
        Case(
            r"tail_calls are not allowed when call stack of previous frames is (?P<size>\d+) "
            r"bytes",
            "a tail call from a function whose callers hold {size} bytes of stack: 256 are "
            "allowed",
            "use less stack in the callers",
            "use less stack in the callers",
            whole_program=True,
        ),
    )),
    Cause("returned-stack", "Pointer to a stack frame that ends", (
        Case(
            r"cannot return stack pointer to the caller",
            "the function returns a pointer to its own stack frame, which ends at the return",
            "have the caller pass the address of a place of its own, as in a.lea(r1, total)",
            "have the caller pass a pointer to a variable of its own",
        ),
    )),
    Cause("call-depth", "Too many call frames", (
        Case(
            r"the call stack of (?P<count>\d+) frames is too deep",
            "calls are {count} functions deep, which is one more than this kernel allows",
            "inline the innermost functions: put their instructions in place of the calls",
            "make the innermost functions `static __always_inline`",
        ),
        Case(
            r"recursive call from",
            "a function calls itself",
            "write it as a loop",
            "write it as a loop",
        ),
    )),
)  # fmt: skip
