"""Exercise: count the writes of each process, instead of sending each.

This is hello's page: one event for each write(), tens of thousands a second on
a busy machine, of which you will read none. Most questions need only a number.
A hash in the kernel keeps the counts, and tuxscope reads it once a second. That
is how bpftop and similar tools start.

Task: a Hash COUNTS from the process id to a count, which the program increments
on each write(), shown as a table with the rate.

1. Key and value are records, as columns show fields:

       class Process(Record):          class Writes(Record):
           pid = u32                       count = u64

       COUNTS = Hash("COUNTS", key=Process, value=Writes, max_entries=10240)
       COLUMNS = (Column(Process.pid, 8), Column(Writes.count, 12), Rate(Writes.count))
       PAGE = Page(count, COUNTS, COLUMNS, order_by=Writes.count)

   Hash comes from tuxscope.asm, Rate from tuxscope.page. Remove what only hello
   needs.

2. Look up the process: map_lookup_elem takes the map in r1 and the address of
   the key in r2, and returns the address of the value, or 0. If it is 0, insert
   a count of 0 (map_update_elem: the map, the address of the key, the address
   of the value, and in r4 the flag 1, BPF_NOEXIST), and look up again.
3. Increment the count in memory, as another CPU may increment it at the same
   time. A load, an add and a store would lose what the other CPU adds in
   between; a.atomic_add(Writes[r0].count, r1) adds r1 in one step (it takes a
   register, so put the 1 into r1). The first count of a process must not be
   lost, either, if two of its threads find no entry: hence BPF_NOEXIST.

Run it, and check it:

    tuxscope run count.py --simulate --duration 5
    sudo tuxscope run count.py
    tuxscope learn check count
"""

from tuxscope.programs.hello import PAGE
