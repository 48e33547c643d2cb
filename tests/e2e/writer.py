"""Does COUNT write() calls to /dev/null, RATE a second (0: as fast as it can), then ends.

It says that it is ready by closing its stdout after one byte, and begins when its stdin says so.
COMM, in hexadecimal, becomes its name first.
"""

import os
import sys
import time

count, rate, comm = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
if comm:
    with open("/proc/self/comm", "wb", buffering=0) as name:
        name.write(comm)
null = os.open("/dev/null", os.O_WRONLY)
os.write(1, b"r")
os.close(1)
os.read(0, 1)
BURST = 50
begin = time.monotonic()
for done in range(count):
    os.write(null, b"x")
    if rate and done % BURST == BURST - 1:
        while time.monotonic() < begin + done / rate:
            time.sleep(0.0002)
