/* hello as a C program for libbpf: the same tracepoint, record, filter and map. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "hello_event.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

const volatile __u32 target; /* set before the verifier sees the program: a constant to it */

static __always_inline int send(void *context, __u32 pid)
{
	struct hello_event event = {};

	event.pid = pid;
	event.timestamp_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_perf_event_output(context, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_write")
int hello(void *context)
{
	return send(context, bpf_get_current_pid_tgid() >> 32);
}

SEC("tracepoint/syscalls/sys_enter_write")
int hello_of_target(void *context)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	return pid == target ? send(context, pid) : 0;
}

char LICENSE[] SEC("license") = "GPL";
