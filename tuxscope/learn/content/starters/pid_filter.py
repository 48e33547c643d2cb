"""Exercise: filter in the kernel, by a PID that can be changed while the program
runs.

This is hello's page. Python decides on its --pid once, while it assembles the
program: to trace another process, you start again. A map can be changed at any
time, and the program reads it on every write(). Events that it filters out
never leave the kernel. That is why such a filter is cheap.

Task: have the program look up entry 0 of an array map TARGET, and send the
event only if the process id is the number in there. 0 means all processes, so
the page shows something from the start. The function needs no ``pid`` any more.

1. The map, beside EVENTS; Array comes from tuxscope.asm:

       TARGET = Array("TARGET", value=u32, max_entries=1)

2. A lookup takes the map in r1 and the address of the key in r2, and returns in
   r0 the address of the value, or 0. The key is a u32 on the stack:
   key = a.stack(u32), a.st(key, 0), a.lea(r2, key). A call clobbers r0 to r5:
   where do you keep the process id meanwhile?
3. In an array all entries exist, so the result is never 0. But older verifiers
   do not know that, so the program has to jump if it is 0.
4. Then load from the address in r0, u32[r0], and decide. Remember that 0 means
   all processes.

Run it (the second command in another terminal, while the first runs), and check
it:

    sudo tuxscope run pid_filter.py
    sudo tuxscope map TARGET 0 1842
    tuxscope learn check pid-filter
"""

from tuxscope.programs.hello import PAGE
