#include "bpf.h"

SEC("raw_tp")
int entry(u64 *ctx)
{
	u64 time = ktime_get_ns();

	return *(u32 *)time; /* WRONG */
}
