/* hello on libbpf: what tuxscope is measured against.
 *
 *     hello [--pid PID] [--json] [--watermark]
 *
 * As most programs on libbpf do it, it is woken at each event, with rings of 64 pages. With
 * --watermark it has 1024 pages a CPU, and is woken at half a ring or every 50 ms. It ends with
 * SIGINT, SIGTERM, or the process, and after ten minutes in any case.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "hello_event.h"
#include "hello.skel.h"

#define DEFAULT_PAGES 64
#define WATERMARK_PAGES 1024
#define INTERVAL 50 /* ms */
#define LIFETIME 600 /* s */

struct sample { /* PERF_RECORD_SAMPLE with PERF_SAMPLE_RAW alone, perf_event_open(2) */
	struct perf_event_header header;
	__u32 size;
	char data[];
};

struct lost { /* PERF_RECORD_LOST */
	struct perf_event_header header;
	__u64 id;
	__u64 lost;
};

static volatile sig_atomic_t ended;
static bool json, failed;
static unsigned long long events, lost_events;

static void end(int signal)
{
	(void)signal;
	ended = true;
}

static void print_json(const struct hello_event *event)
{
	char comm[16 * 6 + 1], *to = comm;

	for (int i = 0; i < 16 && event->comm[i]; i++) {
		unsigned char c = event->comm[i];

		if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = c;
		} else if (c < 0x20 || c > 0x7e) {
			to += sprintf(to, "\\u%04x", c > 0x7f ? 0xfffd : c);
		} else {
			*to++ = c;
		}
	}
	*to = 0;
	printf("{\"pid\":%u,\"comm\":\"%s\",\"timestamp_ns\":%llu}\n", event->pid, comm,
	       (unsigned long long)event->timestamp_ns);
}

static void on_sample(void *context, int cpu, void *data, __u32 size)
{
	const struct hello_event *event = data;

	(void)context, (void)cpu, (void)size;
	events++;
	if (json)
		print_json(event);
	else
		printf("%-8u %-16.16s %llu\n", event->pid, event->comm,
		       (unsigned long long)event->timestamp_ns);
}

static void on_lost(void *context, int cpu, __u64 count)
{
	(void)context, (void)cpu;
	lost_events += count;
}

static enum bpf_perf_event_ret on_record(void *context, int cpu, struct perf_event_header *header)
{
	if (header->type == PERF_RECORD_SAMPLE) {
		struct sample *sample = (struct sample *)header;

		on_sample(context, cpu, sample->data, sample->size);
	} else if (header->type == PERF_RECORD_LOST) {
		on_lost(context, cpu, ((struct lost *)header)->lost);
	}
	return LIBBPF_PERF_EVENT_CONT;
}

static struct perf_buffer *with_watermark(int map)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.watermark = 1,
		.wakeup_watermark = WATERMARK_PAGES / 2 * getpagesize(),
	};

	return perf_buffer__new_raw(map, WATERMARK_PAGES, &attr, on_record, NULL, NULL);
}

static void stream(struct perf_buffer *rings, bool watermark, pid_t pid)
{
	bool last = false;

	while (!last && !failed) {
		last = ended || (pid && kill(pid, 0) && errno == ESRCH);
		perf_buffer__poll(rings, last ? 0 : INTERVAL);
		if (watermark || last)
			perf_buffer__consume(rings); /* what no wakeup has told of */
		failed = fflush(stdout) != 0;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"pid", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'},
		{"watermark", no_argument, NULL, 'w'},
		{},
	};
	bool watermark = false;
	pid_t pid = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p')
			pid = atoi(optarg);
		else if (option == 'j')
			json = true;
		else if (option == 'w')
			watermark = true;
		else
			return 2;
	}
	sigaction(SIGINT, &(struct sigaction){.sa_handler = end}, NULL);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(LIFETIME);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);

	struct hello_bpf *skeleton = hello_bpf__open();
	if (!skeleton)
		return 1;
	skeleton->rodata->target = pid;
	bpf_program__set_autoload(skeleton->progs.hello, !pid);
	bpf_program__set_autoload(skeleton->progs.hello_of_target, pid);
	if (hello_bpf__load(skeleton))
		return 1;
	int map = bpf_map__fd(skeleton->maps.events);
	struct perf_buffer *rings = watermark ? with_watermark(map) :
		perf_buffer__new(map, DEFAULT_PAGES, on_sample, on_lost, NULL, NULL);
	if (!rings || hello_bpf__attach(skeleton))
		return 1;
	if (!json)
		printf("%-8s %-16s %s\n", "PID", "COMM", "TIMESTAMP_NS");
	stream(rings, watermark, pid);
	perf_buffer__free(rings);
	hello_bpf__destroy(skeleton);
	fprintf(stderr, "hello: %llu events, %llu lost\n", events, lost_events);
	return failed;
}
