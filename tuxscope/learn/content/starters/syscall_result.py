"""Exercise: show each system call with its name and its result.

This is our page for the exercise ringbuf: hello's record, through a ring
buffer. It sees the entry of one system call. At the entry no call has a result.

Task: show the name and the result of each system call.

1. Attach the program to raw_syscalls/sys_exit, which all calls pass when they
   have ended. Its context has the number at offset 8 and the result at 16:

       sudo tuxscope fields raw_syscalls/sys_exit

   Load both, all 8 bytes, before the first call clobbers r1. Keep them in
   registers that a call preserves.
2. The record needs two more fields, number and result; it can do without
   timestamp_ns. A call that fails returns -errno, such as -2. mmap returns an
   address, which has 64 bits. Which type (tuxscope.record) has room for both?
3. Columns: the PID, the name (SyscallName, with the field number), the result.

Run it, and check it:

    tuxscope run syscall_result.py --simulate --count 5
    sudo tuxscope run syscall_result.py -- ls
    tuxscope learn check syscall-result
"""

from tuxscope.learn.content.solutions.ringbuf import PAGE
