"""Exercise: filter in the kernel, by a PID that can be changed while the
program runs.

This is hello's page. Its --pid is decided by Python, once, while the program is
written: to watch another process, you start again. A map can be changed at any
time, and the program looks into it on every write(). What it does not want
never leaves the kernel, which is what makes it cheap.

Task: have the program look up entry 0 of an array map TARGET, and send the
event only if the process id is the number in there. 0 means that nobody was
chosen: then everybody is shown, so the page shows something from the start. The
function needs no ``pid`` any more.

1. The map, beside EVENTS; Array comes from tuxscope.asm:

       TARGET = Array("TARGET", value=u32, max_entries=1)

2. A lookup takes the map in r1 and the address of the key in r2, and returns in
   r0 the address of the value, or 0. The key is a u32 on the stack:
   key = a.stack(u32), a.st(key, 0), a.lea(r2, key). A call uses up r0 to r5:
   where do you keep the process id meanwhile?
3. An array has all its entries from the start, so 0 cannot happen; but the
   verifier does not count entries, and wants to see you jump on it.
4. Then load what r0 points to, u32[r0], and decide. Mind the 0 that means
   everybody.

Try it (the second command in another terminal, while the first runs), and have
it checked:

    sudo tuxscope run pid_filter.py
    sudo tuxscope map TARGET 0 1842
    tuxscope learn check pid-filter
"""

from tuxscope.programs.hello import PAGE
