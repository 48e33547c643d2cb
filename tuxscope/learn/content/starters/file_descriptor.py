"""Exercise: show which file descriptor is written to.

This is hello's page. It shows which process called write(), but not what it
wrote to. The kernel knows: the file descriptor is the first argument of the
call, and it is in the tracepoint's fields.

Task: add a field ``fd``, a u32, to HelloEvent; have the program fill it; show
it as a column.

1. Where is it? r1, which the program keeps in r6, points to the tracepoint's
   fields. Do not guess the offset and the size of fd. Ask the kernel:

       sudo tuxscope fields syscalls/sys_enter_write

2. Load as many bytes as the field has, from that offset:
   a.ldx(r0, u64[r6 + ...]) loads eight. Then store them: a.stx(event.fd, ...)
   stores the low four of them.
3. Add a Column for the field to COLUMNS, so that it is shown. The number in a
   Column is its width in characters; the last one needs none.

Run it, and check it:

    tuxscope run file_descriptor.py --simulate --count 5
    sudo tuxscope run file_descriptor.py --count 5
    tuxscope learn check file-descriptor
"""

from tuxscope.programs.hello import PAGE
