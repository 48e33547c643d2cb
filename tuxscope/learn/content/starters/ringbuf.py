"""Exercise: hello, through a ring buffer.

This is hello's page. Its map is a PerfEventArray: one ring for each CPU, which
tuxscope reads in turn. A RingBuf (Linux 5.8) is one ring for all CPUs. Its
records come in the order in which the programs asked for room, and it wakes
tuxscope for the first one, so a line is there after a millisecond or two.

The kernel counts what a perf ring has no room for. It does not count what a
ring buffer has no room for: the program has to.

Task: make EVENTS a RingBuf, and send the same record through it.

1. RingBuf("EVENTS", HelloEvent) takes the place of the PerfEventArray. It comes
   from tuxscope.asm, too.
2. The six instructions that call perf_event_output go away. There are two ways
   to send; both count what is lost, in a map of their own, EVENTS.lost:

   a.ringbuf_output(EVENTS, event) copies a record from the stack.

   a.ringbuf_reserve(EVENTS, HelloEvent, "out") leaves the address of a new
   record in the ring buffer in r0, or jumps to out if there is no room. Copy
   the address to r7, store to HelloEvent[r7].pid and so on, and zero what has
   no field (HelloEvent[r7].padding). At the end pass the address to
   helper.ringbuf_submit in r1, and 0 in r2. Each path from the reservation on
   has to submit or to discard. So where do the filters go?

3. Which of the saved registers is not needed any more, and why?

    tuxscope run ringbuf.py --simulate --count 5
    tuxscope learn check ringbuf
"""

from tuxscope.programs.hello import PAGE
