#include "bpf.h"

SEC("raw_tp")
int entry(u64 *ctx)
{
	volatile char buffer[16];
	u32 index = ktime_get_ns() & 1023;

	buffer[index] = 1; /* WRONG */
	return buffer[0];
}
