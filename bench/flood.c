/* A workload: lseek() of the fd -1, whose offset counts up, paced or as fast as it goes.
 *
 *     flood COUNT RATE        begins when a line comes on stdin; RATE 0: as fast as it goes
 *
 * At the end it prints the nanoseconds that it took, and how many it made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "paced.h"

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t rate = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t start;
	char line[16];

	if (read(0, line, sizeof(line)) <= 0)
		return 1;
	start = now(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < count; i++) {
		if (rate)
			wait_until(start + i * SECOND / rate, rate);
		lseek(-1, i, SEEK_SET);
	}
	printf("%llu %llu\n", (unsigned long long)(now(CLOCK_MONOTONIC) - start),
	       (unsigned long long)count);
	return 0;
}
