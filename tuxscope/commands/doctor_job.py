"""``tuxscope doctor``: checks what tracing needs, and says how to fix what is missing."""

from __future__ import annotations

import json
import mmap
import os
import resource
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from tuxscope.asm import (
    Array,
    Assembler,
    PerfEventArray,
    Program,
    RawTracepoint,
    RingBuf,
    Tracepoint,
    r0,
)
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader.attach import Link
from tuxscope.loader.btf_reader import BtfError
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.privilege import effective_capabilities, missing_capabilities
from tuxscope.loader.program import load
from tuxscope.loader.struct_layout import VMLINUX, KernelStructs
from tuxscope.loader.syscalls import NUMBERS
from tuxscope.loader.tracefs import Tracefs
from tuxscope.output.lines import Style
from tuxscope.output.screen import beside, room
from tuxscope.output.sink import Sink
from tuxscope.record import Record, u32

AS_ROOT = "try: sudo tuxscope doctor"
MISSING = 1  # the exit status
WRITE = Tracepoint("syscalls", "sys_enter_write")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A frozen dataclass: the result of one check.

    Attributes:
        check: a str, the name of the check.
        ok: whether the requirement is met.
        detail: what was found, a str.
        hint: a str, how to fix it; empty if ok.
        needed: whether tracing requires it.
    """

    check: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True


class Probe(Record):
    """A Record: the value type of the test maps."""

    value = u32


def report(format: Style) -> int:
    """Print the results of all checks as ``format``, a Style; return the exit status: 0, or MISSING
    if a requirement is not met."""
    findings = list(examine())
    if format is Style.JSON:
        lines = [json.dumps(asdict(each)) for each in findings]
    else:
        lines = list(table(findings, room()))
    Sink().write("\n".join(lines) + "\n")
    return 0 if all(each.ok for each in findings if each.needed) else MISSING


def table(findings: Sequence[Diagnosis], room: int | None) -> Iterator[str]:
    """Yield a row, a str, for each Diagnosis in ``findings``, a sequence, wrapped to ``room``
    terminal columns, an int; None: do not wrap."""
    width = max(len(each.check) for each in findings)
    for each in findings:
        head = f"{each.check:<{width}}  {'ok     ' if each.ok else 'missing'}  "
        text = f"{each.detail}; {each.hint}" if each.hint else each.detail
        if room is None:
            yield head + text
        else:
            yield from beside(head, text, room)


def examine() -> Iterator[Diagnosis]:
    """Yield a Diagnosis for each check, in the order in which hello needs them."""
    machine = os.uname()
    new_enough = release(machine.release) >= (5, 8)
    hint = "" if new_enough else "tuxscope needs Linux 5.8"
    yield Diagnosis("kernel", new_enough, machine.release, hint)
    yield Diagnosis("architecture", *architecture(machine.machine))
    yield capabilities()
    yield tried("bpf()", bpf_works, "maps and programs load", AS_ROOT)
    yield tried("tracefs", tracefs_state, "", AS_ROOT)
    yield tried("tracepoints", tracepoint_works, "syscalls:sys_enter_write attaches", AS_ROOT)
    yield tried("perf events", rings_work, "a ring on each online CPU", AS_ROOT)
    yield tried("ring buffer", ring_buffer_works, "BPF_MAP_TYPE_RINGBUF", "Linux 5.8 has it")
    yield tried("JIT", jit_state, "", AS_ROOT)
    yield kernel_btf()
    yield memlock()
    yield lockdown()
    yield unprivileged_bpf()


def release(text: str) -> tuple[int, int]:
    """Return the major and minor version of a kernel release, ``text`` such as ``6.18.44-custom``,
    as a pair of ints."""
    major, _, rest = text.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def architecture(machine: str) -> tuple[bool, str, str]:
    """Return a triple for ``machine``, a str, as uname(2) calls it: a bool, whether it is
    supported; a str, what was found; and the hint, a str that is empty if it is."""
    bits = struct.calcsize("P") * 8
    known = machine in NUMBERS and bits == 64
    hint = "" if known else f"tuxscope runs on 64-bit {', '.join(NUMBERS)}"
    return known, f"{machine}, {bits} bits", hint


def capabilities() -> Diagnosis:
    """Return the Diagnosis of the capabilities that tracing needs."""
    held = sorted(effective_capabilities())
    missing = missing_capabilities()
    return Diagnosis(
        "capabilities",
        not missing,
        " ".join(map(str, held)) if held else "none of those that tracing needs",
        f"tracing needs {' and '.join(map(str, missing))}: {AS_ROOT}" if missing else "",
    )


def tried(check: str, attempt: Callable[[], str | None], detail: str, hint: str) -> Diagnosis:
    """Return the Diagnosis of ``check``, a name: ok if ``attempt``, called without arguments,
    returns a str or None, and raises no error.

    Its detail is the str that ``attempt`` returns, or ``detail``, a str, if that is None; ``hint``,
    a str, says how to fix a failure.
    """
    try:
        return Diagnosis(check, True, attempt() or detail)
    except OSError as error:
        refused = isinstance(error, PermissionError)
        return Diagnosis(check, False, strerror(error), AS_ROOT if refused else hint)
    except TuxscopeError as error:
        text = str(error).removesuffix("; run it with sudo")
        refused = isinstance(error.__cause__, PermissionError)
        return Diagnosis(check, False, text, AS_ROOT if refused else hint)


def nothing(attach: Tracepoint | RawTracepoint) -> Program:
    """Return a Program that returns 0, for ``attach``, a Tracepoint or RawTracepoint."""
    a = Assembler("doctor", attach=attach)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def bpf_works() -> None:
    """Create a map and load a program; raise OSError or TuxscopeError if that fails."""
    with LoadedMap(Array("doctor", value=u32, max_entries=1)), load(nothing(RawTracepoint())):
        pass


def jit_state() -> str:
    """Return a text: whether programs are compiled. Without JIT they are slower, and bpf_loop()
    fails."""
    with load(nothing(RawTracepoint())) as program:
        compiled = program.info().jited_prog_len > 0
    return "programs run as machine code" if compiled else "none; the kernel interprets programs"


def tracefs_state() -> str:
    """Return a text: where tracefs is mounted. Raises OSError or TracepointError."""
    with Tracefs() as tracefs:
        tracefs.tracepoint_id(WRITE)
        if tracefs.mounted_at:
            return f"mounted at {tracefs.mounted_at}"
        return "not mounted; tuxscope makes a detached mount, which other processes do not see"


def tracepoint_works() -> None:
    """Load a program and attach it to a tracepoint; raise OSError or TuxscopeError if that
    fails."""
    with load(nothing(WRITE)) as program, Link(program):
        pass


def rings_work() -> None:
    """Create a PerfEventArray and map its rings; raise OSError or TuxscopeError if that fails."""
    with LoadedMap(PerfEventArray("doctor", Probe)) as events, PerfReader(events, pages=1):
        pass


def ring_buffer_works() -> None:
    """Create a RingBuf; raise TuxscopeError if that fails."""
    with LoadedMap(RingBuf("doctor", Probe, max_entries=mmap.PAGESIZE)):
        pass


def kernel_btf() -> Diagnosis:
    """Return the Diagnosis of the kernel's BTF."""
    try:
        KernelStructs()
    except BtfError as error:
        advice = "tools that read the kernel's structs show less without it"
        return Diagnosis("BTF", False, str(error), advice, False)
    return Diagnosis("BTF", True, VMLINUX)


def memlock() -> Diagnosis:
    """Return the Diagnosis of RLIMIT_MEMLOCK, which counts maps before Linux 5.11 only."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    infinite = resource.RLIM_INFINITY
    limits = "/".join(
        "unlimited" if each == infinite else f"{each >> 10} KiB" for each in (soft, hard)
    )
    return Diagnosis("memlock", True, f"{limits} (raised where the kernel asks for it)")


def lockdown() -> Diagnosis:
    """Return the Diagnosis of kernel_lockdown(7): mode confidentiality forbids tracing."""
    try:
        with open("/sys/kernel/security/lockdown", encoding="ascii") as file:
            modes = file.read()
    except OSError:
        return Diagnosis("lockdown", True, "this kernel has none, or does not show it")
    mode = modes.partition("[")[2].partition("]")[0]
    if mode == "confidentiality":
        return Diagnosis(
            "lockdown", False, mode, "boot with lockdown=integrity, or without Secure Boot"
        )
    return Diagnosis("lockdown", True, mode or modes.strip())


def unprivileged_bpf() -> Diagnosis:
    """Return the Diagnosis, always ok, of the sysctl kernel.unprivileged_bpf_disabled."""
    name = "kernel.unprivileged_bpf_disabled"
    try:
        with open("/proc/sys/kernel/unprivileged_bpf_disabled", encoding="ascii") as file:
            value = file.read().strip()
    except OSError:
        value = "not there"
    return Diagnosis("unprivileged bpf", True, f"{name} is {value}; tuxscope does not need it")
