"""Wait for a file, then become a command: python gate.py READY GO COMMAND...

Its process id is in the file READY. Until the file GO exists it asks for that, again and again:
who watches it sees these calls, and so it is known that it does before the command begins.
"""

import os
import signal
import sys
import time

READY, GO, *COMMAND = sys.argv[1:]
DEADLINE = time.monotonic() + 30
with open(f"{READY}.new", "w") as file:
    file.write(str(os.getpid()))
os.rename(f"{READY}.new", READY)
while not os.access(GO, os.F_OK):
    if time.monotonic() > DEADLINE:
        sys.exit("gate: waited 30 s to be opened")
    time.sleep(0.02)
for each in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
    signal.signal(each, signal.SIG_DFL)  # Python ignores or handles them, and would pass it on
os.execv(COMMAND[0], COMMAND)
