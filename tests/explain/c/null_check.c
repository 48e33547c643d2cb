#include "bpf.h"

struct {
	int (*type)[1]; /* BPF_MAP_TYPE_HASH */
	int (*max_entries)[1];
	u32 *key;
	u64 *value;
} counts SEC(".maps");

SEC("raw_tp")
int entry(u64 *ctx)
{
	u32 key = 0;
	u64 *count = map_lookup_elem(&counts, &key);

	return *count; /* WRONG */
}
