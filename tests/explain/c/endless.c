#include "bpf.h"

SEC("raw_tp")
int entry(u64 *ctx)
{
	for (;;) /* WRONG */
		asm volatile("");
}
