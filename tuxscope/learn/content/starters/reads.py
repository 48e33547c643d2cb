"""Exercise: trace read() instead of write().

This is hello's page: one tracepoint, one program, one record. The program would
work on other tracepoints, too: it uses none of the tracepoint's fields.

Task: make it a page that shows every read(). Attach the program to
syscalls/sys_enter_read, and name it "reads" (bpftool prog shows that name). The
record may have any name. Keep the columns pid, comm and timestamp_ns, so that
its output can be compared with hello's.

What changes in the output? And which processes read more than they write? Run
both at the same time, in two terminals:

    sudo tuxscope run reads.py --format json --duration 10 > reads.json
    sudo tuxscope hello --format json --duration 10 > writes.json

Each line is a call. Count them in Python, in a file beside these two (python3
calls.py); a difference of two Counters keeps what is above 0:

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
