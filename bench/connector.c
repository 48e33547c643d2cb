/* The workload of bench/connections: TCP connections of this process with itself, one at a time.
 *
 *     connector     commands on stdin, one a line; an answer on stdout for each
 *
 * A cycle is connect(), accept4() and two close(), the client's first: ten changes of state, of
 * which a tracer makes connect, accept, close and close. Until the first command there is a cycle
 * each millisecond, so that a reader shows when it is attached. A command is COUNT RATE: so many
 * cycles at so many a second, 0 for as fast as it goes. The answer is COUNT START END CPU: what
 * CLOCK_MONOTONIC said before and after, and the thread's CPU time of it, all in nanoseconds. On
 * loopback both sides' packets are handled within these calls, so that is all there is. It ends
 * with its stdin.
 *
 * Each client leaves a socket in TIME_WAIT. So they take turns among many servers' addresses, in a
 * network namespace of this process, in which nobody else is, and which is gone after it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "paced.h"

#define PORT 7777      /* below those of clients */
#define ADDRESSES 200  /* 127.0.0.1 and on; each has 28,000 ports of clients */

static int listener;

static int checked(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "connector: ");
		perror(what);
		exit(1);
	}
	return result;
}

static struct sockaddr_in address(uint32_t host)
{
	struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	result.sin_addr.s_addr = htonl(host);
	return result;
}

static void one(void)
{
	static unsigned turn;
	struct sockaddr_in server = address(INADDR_LOOPBACK + turn++ % ADDRESSES);
	int client = checked(socket(AF_INET, SOCK_STREAM, 0), "socket"), accepted;

	checked(connect(client, (struct sockaddr *)&server, sizeof(server)), "connect");
	accepted = checked(accept4(listener, NULL, NULL, 0), "accept4");
	close(client);
	close(accepted);
}

static void run(uint64_t count, uint64_t rate)
{
	uint64_t start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID), due = start, end;

	for (uint64_t i = 0; i < count; i++) {
		if (rate)
			wait_until(due += SECOND / rate, rate);
		one();
	}
	cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	end = now(CLOCK_MONOTONIC);
	printf("%llu %llu %llu %llu\n", (unsigned long long)count, (unsigned long long)start,
	       (unsigned long long)end, (unsigned long long)cpu);
	fflush(stdout);
}

/* A network namespace has a loopback interface, which is down at first. */
static void be_alone(void)
{
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int any;

	checked(unshare(CLONE_NEWNET), "unshare");
	any = checked(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	checked(ioctl(any, SIOCSIFFLAGS, &loopback), "lo");
	close(any);
}

int main(void)
{
	struct sockaddr_in any = address(INADDR_ANY);
	struct pollfd in = {0, POLLIN, 0};
	char line[64];
	unsigned long long count, rate;

	be_alone();
	listener = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	checked(bind(listener, (struct sockaddr *)&any, sizeof(any)), "bind");
	checked(listen(listener, 16), "listen");
	while (poll(&in, 1, 1) == 0)
		one();
	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%llu %llu", &count, &rate) == 2)
			run(count, rate);
	return 0;
}
