// SPDX-License-Identifier: MIT
/*
 * gpup bench: what has nothing to do with a GPU, to compare with. Where virtual machines are
 * emulated, all that they do is slower than on the host.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "cmd.h"

/* Between two looks at the clock. */
#define CALLS	1000

static void run_syscall(struct bench *bench, struct bench_result *result)
{
	uint64_t start = now_ns(), end = start + bench->seconds * 1000000000;
	int i;

	do {
		for (i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		result->count += CALLS;
	} while (now_ns() < end);
	result->value = bench_rate(result->count, start);
}

struct pair {
	int there[2], back[2];
};

/* Send each byte back. */
static void *echo(void *data)
{
	struct pair *pair = data;
	char byte;

	while (read(pair->there[0], &byte, 1) == 1)
		if (write(pair->back[1], &byte, 1) != 1)
			break;
	return NULL;
}

static void run_switch(struct bench *bench, struct bench_result *result)
{
	uint64_t start, end;
	struct pair pair;
	pthread_t thread;
	char byte = 0;

	if (pipe(pair.there) || pipe(pair.back))
		die(EXIT_FAILED, "pipe: %s", strerror(errno));
	bench_must(-pthread_create(&thread, NULL, echo, &pair), "thread");
	start = now_ns();
	end = start + bench->seconds * 1000000000;
	do {
		if (write(pair.there[1], &byte, 1) != 1 || read(pair.back[0], &byte, 1) != 1)
			die(EXIT_FAILED, "pipe: %s", strerror(errno));
		result->count++;
	} while (now_ns() < end);
	result->value = bench_rate(result->count, start);
	close(pair.there[1]);
	pthread_join(thread, NULL);
	close(pair.there[0]);
	close(pair.back[0]);
	close(pair.back[1]);
}

const struct bench_test bench_syscall = {
	"syscall", "1/s", "system calls, to compare with", false, run_syscall,
};

const struct bench_test bench_switch = {
	"switch", "1/s", "wake a thread, sleep, be woken by it; to compare with", false, run_switch,
};
