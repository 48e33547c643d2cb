#include "bpf.h"

SEC("socket")
int entry(char *ctx)
{
	return *(volatile u32 *)(ctx + 4000); /* WRONG */
}
