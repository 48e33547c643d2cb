"""Exercise: trace read() instead of write().

This is hello's page: one tracepoint, one program, one record. A program does
not care what it is attached to, as long as it finds what it looks for; this one
asks the kernel for everything.

Task: make a page of it that shows every read(). Attach to
syscalls/sys_enter_read; call the program "reads" (bpftool prog shows it under
that name) and the record what it is now. The columns pid, comm and timestamp_ns
stay: so its output and hello's can be compared.

What changes in the output? And which processes read more than they write? Two
runs at the same time tell, in two terminals:

    sudo tuxscope run reads.py --format json --duration 10 > reads.json
    sudo tuxscope hello --format json --duration 10 > writes.json

Each line is a call. Python counts them, from a file beside these two (python3
calls.py); of a difference, Counter keeps what is above 0:

    import json
    from collections import Counter

    def calls(file):
        return Counter(json.loads(line)["comm"] for line in open(file))

    print(calls("reads.json") - calls("writes.json"))

tuxscope may be among the names: each run leaves out its own calls, and shows
those of the other.

    tuxscope learn check reads
"""

from tuxscope.programs.hello import PAGE
