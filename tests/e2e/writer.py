"""Does COUNT write() calls to /dev/null, RATE a second (0: as fast as it can), then ends.

It says that it is ready by closing its stdout after one byte, and begins when its stdin says so: a
byte, or its end. COUNT may be several, as in 100,1,1: each of them waits for its own byte, or for
the end. COMM, in hexadecimal, becomes its name first.
"""

import os
import sys
import time

counts, rate = [int(each) for each in sys.argv[1].split(",")], int(sys.argv[2])
comm = bytes.fromhex(sys.argv[3])
if comm:
    with open("/proc/self/comm", "wb", buffering=0) as name:
        name.write(comm)
null = os.open("/dev/null", os.O_WRONLY)
os.write(1, b"r")
os.close(1)
BURST = 50
for count in counts:
    os.read(0, 1)
    begin = time.monotonic()
    for done in range(count):
        os.write(null, b"x")
        if rate and done % BURST == BURST - 1:
            while time.monotonic() < begin + done / rate:
                time.sleep(0.0002)
