"""A process that makes the system calls that it is told on stdin, on memory at a known address.

A line of stdin is JSON: the memory's address, its size, and the calls, each with its number, its
six arguments, and what is in the memory before, in hexadecimal digits. "pipe" among the arguments
is the end of a pipe that has something to read. A line of stdout says what each has returned, a
negative errno if it failed, and what is in the memory then.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os

FIXED = 0x100000 | 0x20 | 0x02  # MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_PRIVATE
MARK = 0xFFFFFFFF  # personality(2) only asks with this

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
libc.syscall.restype = ctypes.c_long
read, write = os.pipe2(os.O_NONBLOCK)
os.write(write, bytes(range(256)) * 8)
address, size, calls = json.loads(input())
assert libc.mmap(address, size, mmap.PROT_READ | mmap.PROT_WRITE, FIXED, -1, 0) == address
whole = []
for number, arguments, memory in calls:
    values = [read if each == "pipe" else each for each in arguments]
    made = [ctypes.c_ulong(each) for each in values]
    whole.append((ctypes.c_long(number), made, bytes.fromhex(memory), values))
answers = []
libc.personality(ctypes.c_ulong(MARK))
for number, made, memory, values in whole:
    ctypes.memmove(address, memory, size)
    result = libc.syscall(number, *made)
    result = -ctypes.get_errno() if result == -1 else result
    answers.append((result, values, ctypes.string_at(address, size)))
libc.personality(ctypes.c_ulong(MARK))
print(json.dumps([(result, values, memory.hex()) for result, values, memory in answers]))
