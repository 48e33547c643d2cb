"""Exercise: show which file descriptor is written to.

This is hello's page. It says who called write(), and not where to. The kernel
knows: the file descriptor is the first argument of the call, and the tracepoint
has it.

Task: add a field ``fd``, a u32, to HelloEvent; have the program fill it; show
it as a column.

1. Where is it? r1, which the program keeps in r6, points to the tracepoint's
   fields. Do not guess the offset of fd, nor its size, nor learn them by heart.
   Ask the kernel:

       sudo tuxscope fields syscalls/sys_enter_write

2. Load as many bytes as the field has, from that offset:
   a.ldx(r0, u64[r6 + ...]) loads eight. Then store them: a.stx(event.fd, ...)
   stores the low four of them.
3. A field of a record is shown once COLUMNS has a Column for it. The number in
   a Column is its width in characters; the last one needs none.

Try it, and have it checked:

    tuxscope run file_descriptor.py --simulate --count 5
    sudo tuxscope run file_descriptor.py --count 5
    tuxscope learn check file-descriptor
"""

from tuxscope.programs.hello import PAGE
