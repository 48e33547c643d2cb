"""A process that makes known system calls once it is told to, and says what it made.

``python caller.py WHAT [ARGUMENT]``: it says "r" when it is ready, makes the calls of WHAT when a
line comes, says what they were as a line of JSON, and ends with its stdin.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import signal
import struct
import sys
import threading
import time
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
SYSCALL = LIBC.syscall
SYSCALL.restype = ctypes.c_long

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def say(text: str) -> None:
    os.write(1, text.encode() + b"\n")


def repeated(numbers: dict[str, list[int]]) -> dict[str, list[int]]:
    """Each of these calls, with invalid arguments, the number of times that is given."""
    made = {}
    for name, (number, times) in numbers.items():
        failed = 0
        for _ in range(times):
            failed += SYSCALL(number, -1, 0, 0, 0, 0, 0) == -1
        made[name] = [times, failed]
    return made


def numbered(number: int, times: int) -> int:
    """A call whose second argument counts up, of the fd -1."""
    for each in range(times):
        SYSCALL(number, -1, ctypes.c_long(each), 0)
    return times


def interrupted(number: int, restarted: bool) -> list[int]:
    """A read that a signal's handler interrupts, once or twice; what it reads comes then."""
    ours, theirs = os.pipe()
    # A handler that does nothing, and has no need of Python: libc sets SA_RESTART.
    LIBC.signal(signal.SIGALRM, LIBC.abs)
    LIBC.siginterrupt(signal.SIGALRM, int(not restarted))
    main, tid = threading.main_thread().ident, os.getpid()
    room = ctypes.create_string_buffer(1)

    def interrupt() -> None:
        slept = wait_for_sleep(tid, number, 0)
        for _ in range(2 if restarted else 1):
            signal.pthread_kill(main or 0, signal.SIGALRM)
            slept = wait_for_sleep(tid, number, slept)
        os.write(theirs, b"x")

    thread = threading.Thread(target=interrupt)
    thread.start()
    results = [SYSCALL(number, ours, room, 1) for _ in range(1 if restarted else 2)]
    thread.join(60)
    return results


def wait_for_sleep(tid: int, number: int, slept: int) -> int:
    """Until a thread sleeps in a call, has slept more often than it had, and no signal waits for
    it; how often it has slept."""
    while True:
        before = state(tid)
        with open(f"/proc/self/task/{tid}/syscall") as file:
            inside = file.read().startswith(f"{number} ")
        # It may have slept between the two: the signal to come would be the one that it has.
        if inside and before == state(tid) and before["State"] == "S":
            times = int(before["voluntary_ctxt_switches"])
            if times > slept and not int(before["SigPnd"], 16):
                return times
        time.sleep(0.001)


def state(tid: int) -> dict[str, str]:
    """The first word of each line of the status of a thread of this process."""
    with open(f"/proc/self/task/{tid}/status") as file:
        return {name: rest.split()[0] for name, rest in map(parted, file) if rest.strip()}


def parted(line: str) -> tuple[str, str]:
    name, _, rest = line.partition(":")
    return name, rest


def denied(number: int, times: int) -> list[int]:
    """Have seccomp deny a call with EPERM, and make it."""
    load, equal, answer = 0x20, 0x15, 0x06
    code = b"".join(
        struct.pack("=HBBI", *each)
        for each in (
            (load, 0, 0, 0),
            (equal, 0, 1, number),
            (answer, 0, 0, 0x50000 | 1),
            (answer, 0, 0, 0x7FFF0000),
        )
    )
    room = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(room))
    held = ctypes.create_string_buffer(program, len(program))
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    assert LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, held, 0, 0) == 0
    return [SYSCALL(number, 0, 0) for _ in range(times)]


def compat(times: int) -> list[int]:
    """getpid by int 0x80, which has number 20 there."""
    import mmap

    code = bytes.fromhex("b8 14 00 00 00 cd 80 c3")  # mov eax, 20; int 0x80; ret
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return [function() for _ in range(times)]


def children(how: str, times: int) -> int:
    """Make children that end at once."""
    program = shutil.which("true") or ""
    for _ in range(times):
        if how == "fork":
            pid = os.fork()
            if not pid:
                os._exit(0)
        else:
            pid = os.posix_spawn(program, ["true"], os.environ)
        os.waitpid(pid, 0)
    return times


def threads(times: int) -> int:
    for _ in range(times):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join(60)
    # Python's threads are joined a little before they make their last call.
    while len(os.listdir("/proc/self/task")) > 1:
        time.sleep(0.001)
    return times


def new_program_in_a_thread() -> None:
    """Become another program, which does what caller.py does for "nothing"."""
    arguments = [sys.executable, "-S", __file__, "nothing"]
    threading.Thread(target=lambda: os.execv(sys.executable, arguments)).start()
    time.sleep(60)


def main(what: str, argument: Any) -> None:
    gc.disable()
    say("r")
    if not os.read(0, 100):
        return
    made: Any = None
    match what:
        case "repeated":
            repeated(argument)  # once before: what Python itself needs for it is there then
            say("w")
            os.read(0, 100)
            made = repeated(argument)
        case "numbered":
            numbered(argument[0], 10)
            say("w")
            os.read(0, 100)
            made = numbered(*argument)
        case "interrupted":
            made = interrupted(*argument)
        case "denied":
            made = denied(*argument)
        case "compat":
            made = compat(argument)
        case "children":
            made = children(*argument)
        case "threads":
            made = threads(argument)
        case "exec":
            new_program_in_a_thread()
        case "number":
            made = [SYSCALL(ctypes.c_long(each), 0) for each in argument]
        case "sleep":
            time.sleep(argument)
    say(json.dumps(made))
    os.read(0, 100)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else None)
