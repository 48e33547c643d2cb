"""What is known about a signal, a siginfo_t, as text (include/uapi/asm-generic/siginfo.h)."""

from __future__ import annotations

import struct
from signal import SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGPOLL, SIGSEGV, SIGSYS, SIGTRAP

from tuxscope.programs.syscall.arguments.errors import ERRORS
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.structs import address_text, hexadecimal_text

USER, QUEUE, TIMER, TKILL, KERNEL = 0, -1, -2, -6, 0x80
CODES = {
    USER: "SI_USER", KERNEL: "SI_KERNEL", QUEUE: "SI_QUEUE", TIMER: "SI_TIMER", -3: "SI_MESGQ",
    -4: "SI_ASYNCIO", -5: "SI_SIGIO", TKILL: "SI_TKILL", -7: "SI_DETHREAD", -60: "SI_ASYNCNL",
}  # fmt: skip
# The codes of each signal, from 1.
NAMES: dict[int, tuple[str, ...]] = {
    SIGILL: (
        "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG",
        "ILL_COPROC", "ILL_BADSTK",
    ),
    SIGFPE: (
        "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES",
        "FPE_FLTINV", "FPE_FLTSUB",
    ),
    SIGSEGV: (
        "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR",
        "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR",
    ),
    SIGBUS: ("BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"),
    SIGTRAP: ("TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"),
    SIGCHLD: (
        "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED",
    ),
    SIGPOLL: ("POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"),
    SIGSYS: ("SYS_SECCOMP", "SYS_USER_DISPATCH"),
}  # fmt: skip
HEADER = struct.Struct("=3i")


def code_text(number: int, code: int) -> str:
    """Return the name of ``code``, the ``si_code`` of signal ``number``, both int; one without a
    name in hexadecimal."""
    names = NAMES.get(number, ())
    if 0 < code <= len(names):
        return names[code - 1]
    return CODES.get(code) or f"{code & 0xFFFFFFFF:#x}"


def siginfo_text(data: bytes, word: int = 8) -> str | None:
    """Return the siginfo_t in ``data``, bytes, of which 48 are used, as text:
    ``{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1234, ...}``. None if ``data`` is too short.

    ``word`` is the size of a long in bytes, an int.
    """
    if len(data) < HEADER.size + word:
        return None
    number, error, code = HEADER.unpack_from(data)
    if not number:
        return "{}"
    parts = [f"si_signo={signal_name(number)}", f"si_code={code_text(number, code)}"]
    if error:
        parts.append(f"si_errno={ERRORS.get(error, error)}")
    union = data[16 if word == 8 else 12 :].ljust(48, b"\0")
    return "{" + ", ".join(parts + details(number, code, union, word)) + "}"


def details(number: int, code: int, union: bytes, word: int) -> list[str]:
    """Return the members of ``union``, bytes, the part that depends on the ``number`` of the signal
    and its ``code``, both int: a list of str. ``word`` is the size of a long in bytes, an int."""
    pid, uid, status = struct.unpack_from("=iIi", union)
    long, signed = ("Q", "q") if word == 8 else ("I", "i")
    who = [f"si_pid={pid}", f"si_uid={uid}"]
    if code == TIMER:
        timer = [f"si_timerid={hexadecimal_text(pid & 0xFFFFFFFF)}", f"si_overrun={uid}"]
        return timer + value_parts(union, word)
    if code in (USER, TKILL):
        return who
    values = value_parts(union, word) if any(union[8 : 8 + word]) else []
    if code < 0:
        return who + values
    if code == KERNEL:
        return (who if pid or uid else []) + values
    if number == SIGCHLD:
        times = struct.unpack_from(f"={signed * 2}", union, 16 if word == 8 else 12)
        ended = str(status) if code == 1 else signal_name(status)
        return [*who, f"si_status={ended}", f"si_utime={times[0]}", f"si_stime={times[1]}"]
    first = struct.unpack_from(f"={long}", union)[0]
    if number in (SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP):
        return [f"si_addr={address_text(first)}"]
    if number == SIGPOLL:
        return [f"si_band={struct.unpack_from(f'={signed}', union)[0]}"]
    if number == SIGSYS:
        nr, machine = struct.unpack_from("=iI", union, word)
        return [f"si_call_addr={address_text(first)}", f"si_syscall={nr}", f"si_arch={machine:#x}"]
    return (who if pid or uid else []) + values


def value_parts(union: bytes, word: int) -> list[str]:
    """Return the sigval behind two numbers of ``union``, bytes, as a list of str, one a member;
    ``word`` is the size of a long in bytes, an int."""
    number = struct.unpack_from("=i", union, 8)[0]
    address = struct.unpack_from("=Q" if word == 8 else "=I", union, 8)[0]
    return [f"si_int={number}", f"si_ptr={address_text(address)}"]
