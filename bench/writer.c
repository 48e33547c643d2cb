/* The workload: write() of one byte to /dev/null, paced or as fast as it goes.
 *
 *     writer        commands on stdin, one a line; an answer on stdout for each
 *
 * Until the first command it writes at 1 kHz, so that a reader shows when it is attached. A command
 * is COUNT RATE: so many writes at so many a second, 0 for as fast as it goes. The answer is
 * COUNT START END CPU: what CLOCK_MONOTONIC said before and after, and the thread's CPU time of
 * it, all in nanoseconds. It ends with its stdin.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "paced.h"

#define SLOW 100   /* writes a second */
#define QUIET 2000 /* us before the first write, so that what was written before is told from it */

static int null;

static void one(void)
{
	if (write(null, "x", 1) != 1) {
		perror("writer: /dev/null");
		exit(1);
	}
}

/* Up to what is slow, the pauses are random, from half to one and a half of their mean: even ones
 * would keep step with a reader's timer, and meet it always at the same point. */
static uint64_t pause_before(uint64_t mean, uint64_t rate)
{
	static uint64_t seed = 7;

	if (rate > SLOW)
		return mean;
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return mean / 2 + (seed >> 33) % mean;
}

static void run(uint64_t count, uint64_t rate)
{
	uint64_t mean = rate ? SECOND / rate : 0, due, start, cpu, end;
	char answer[128];
	struct iovec piece = {answer, 0};

	usleep(QUIET);
	start = due = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0; i < count; i++) {
		if (rate)
			wait_until(due += pause_before(mean, rate), rate);
		one();
	}
	cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	end = now(CLOCK_MONOTONIC);
	piece.iov_len = snprintf(answer, sizeof(answer), "%llu %llu %llu %llu\n",
				 (unsigned long long)count, (unsigned long long)start,
				 (unsigned long long)end, (unsigned long long)cpu);
	if (writev(1, &piece, 1) < 0) /* a write() would be an event */
		exit(1);
}

int main(void)
{
	struct pollfd in = {0, POLLIN, 0};
	char line[64];
	unsigned long long count, rate;

	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0) {
		perror("writer: /dev/null");
		return 1;
	}
	while (poll(&in, 1, 1) == 0)
		one();
	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%llu %llu", &count, &rate) == 2)
			run(count, rate);
	return 0;
}
