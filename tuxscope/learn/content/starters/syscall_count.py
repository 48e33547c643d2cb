"""Exercise: count all system calls, by number and by name.

This is our page for the exercise count: a hash from the process id to the
number of its writes. It sees one system call of about 380. Two tracepoints are
passed by all of them: raw_syscalls/sys_enter and raw_syscalls/sys_exit. Their
context has the number of the system call:

    sudo tuxscope fields raw_syscalls/sys_enter

Task: count the calls of each system call.

1. Attach the program to raw_syscalls/sys_enter.
2. Make the number the key: a field number, a u32, in place of pid. Load it from
   the context, all 8 bytes, before the first call clobbers r1, and keep it in
   r6. The filters by pid stay: they make --pid and -- COMMAND work.
3. Show the number (Column), its name (SyscallName(Call.number, 20), if the key
   is a record Call), the count and the rate. The names are data of user space:
   the kernel program needs the number only.

Run it, and check it:

    tuxscope run syscall_count.py --simulate --duration 5
    sudo tuxscope run syscall_count.py
    tuxscope learn check syscall-count
"""

from tuxscope.learn.content.solutions.count import PAGE
