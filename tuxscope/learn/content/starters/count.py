"""Exercise: count the writes of each process, instead of sending each.

This is hello's page: one event for each write(), tens of thousands a second on
a busy machine, of which you will read none. Most questions need a number only.
A hash in the kernel keeps it, and we look at it once a second: that is how
bpftop and its like begin.

Task: a Hash COUNTS from the process id to a count, which the program increments
on each write(), shown as a table with the rate.

1. Key and value are records, as columns show fields:

       class Process(Record):          class Writes(Record):
           pid = u32                       count = u64

       COUNTS = Hash("COUNTS", key=Process, value=Writes, max_entries=10240)
       COLUMNS = (Column(Process.pid, 8), Column(Writes.count, 12), Rate(Writes.count))
       PAGE = Page(count, COUNTS, COLUMNS, order_by=Writes.count)

   Hash comes from tuxscope.asm, Rate from tuxscope.columns; what is hello's
   alone can go.

2. Look the process up: map_lookup_elem takes the map in r1 and the address of
   the key in r2, and returns the address of the value, or 0. Where it is 0, put
   in a count of 0 (map_update_elem: map, address of the key, address of the
   value, and in r4 the flag 1, BPF_NOEXIST), and look again.
3. Increment where it lies: another CPU may be at the same count at the same
   time. To load it, add 1 and store it loses what the other one adds in
   between; a.atomic_add(Writes[r0].count, r1) adds r1 in one step (it takes a
   register: the 1 has to be in there). Nor may the first count of a process be
   lost, when two of its threads both found none: what BPF_NOEXIST is for.

Try it, and have it checked:

    tuxscope run count.py --simulate --duration 5
    sudo tuxscope run count.py
    tuxscope learn check count
"""

from tuxscope.programs.hello import PAGE
