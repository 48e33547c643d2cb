"""Exercise: show the system calls that fail, by errno.

This is our page for the exercise syscall-result. It sends a record for each
call. "Why does it not find its file?" takes only those that failed, with one of
two errors: ENOENT (no such file or directory) and EACCES (permission denied).

A call that fails returns the errno as a negative number: -2 is ENOENT. A call
that returns 2 has not failed; nor has one that returns 4294967294, of which the
lower 32 bits are those of -2. (A read can return so many bytes.)

Task: send only the calls that fail with ENOENT or EACCES, and show the error.

1. The numbers are in Python's module errno: ERRORS = (ENOENT, EACCES). Python's
   loop over them emits a jump for each, in the program. Filter first: most
   calls go no further.
2. Show the error in place of the result: a field errno, a u32, with the positive
   number (a.neg). A column of the kind Labelled shows a number's label; errno
   has those, too:

       Labelled(ErrorEvent.errno, labels=errorcode)

Run it, and check it:

    tuxscope run syscall_errors.py --simulate --count 5
    sudo tuxscope run syscall_errors.py -- ls
    tuxscope learn check syscall-errors
"""

from tuxscope.learn.content.solutions.syscall_result import PAGE
