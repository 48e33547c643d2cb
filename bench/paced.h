/* What workloads have in common that do something at a rate: the time, and waiting for one. */
#pragma once

#include <stdint.h>
#include <time.h>

#define SECOND 1000000000ull
#define SLEPT 2000 /* a second; what is faster spins, as a sleep is late by 50 us or more */

/* Nanoseconds. */
static inline uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

/* Until CLOCK_MONOTONIC says so many nanoseconds. */
static inline void wait_until(uint64_t due, uint64_t rate)
{
	struct timespec at = {due / SECOND, due % SECOND};

	if (rate <= SLEPT)
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
			;
	else
		while (now(CLOCK_MONOTONIC) < due)
			;
}
