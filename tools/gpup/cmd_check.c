// SPDX-License-Identifier: MIT
/* gpup check: tests of a GPU and of all that lies before it. Prints TAP. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "check.h"
#include "options.h"

bool check_fail(struct check *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->reason, sizeof(c->reason), format, args);
	va_end(args);
	return false;
}

void check_sum(const char *name, const void *data, size_t size)
{
	printf("# checksum %s %016" PRIx64 "\n", name, checksum(data, size));
}

int check_queue_create(struct check *c, enum gpup_engine_class engine_class,
		       struct check_queue *queue)
{
	int ret;

	ret = gpup_cmdbuf_create(c->gpu.vm, 65536, &queue->commands);
	if (ret)
		return ret;
	ret = gpup_queue_create(c->gpu.vm, engine_class, GPUP_PRIORITY_NORMAL, &queue->queue);
	if (ret)
		gpup_cmdbuf_destroy(queue->commands);
	return ret;
}

void check_queue_destroy(struct check_queue *queue)
{
	gpup_queue_destroy(queue->queue);
	gpup_cmdbuf_destroy(queue->commands);
}

int check_queue_run(struct check_queue *queue)
{
	uint64_t value;
	int ret;

	ret = gpup_queue_submit(queue->queue, queue->commands, NULL, 0, NULL, 0, &value);
	if (!ret)
		ret = gpup_queue_wait(queue->queue, value, CHECK_TIMEOUT);
	gpup_cmdbuf_reset(queue->commands);
	return ret;
}

void check_pattern(void *data, size_t size, uint32_t seed)
{
	uint8_t *at = data;
	size_t i;

	for (i = 0; i < size; i++)
		at[i] = (uint8_t)(((uint32_t)i * 2654435761u + seed * 40503u) >> 13);
}

void check_kernel(struct check *c, const char *text, uint32_t groups, const void *args,
		  uint32_t args_size)
{
	uint32_t grid[3] = { groups, 1, 1 };
	struct gpu_kernel kernel;

	gpu_kernel_load(&c->gpu, "check.s", text, strlen(text), &kernel);
	gpu_dispatch(&c->gpu, &kernel, grid, args, args_size);
	gpu_submit(&c->gpu);
	gpu_finish(&c->gpu, GPUP_FOREVER);
	gpu_kernel_destroy(&c->gpu, &kernel);
}

static const struct check_test *const groups[] = {
	check_memory_tests, check_command_tests, check_compute_tests, check_sync_tests,
	check_fault_tests,
};

#define GROUPS	(sizeof(groups) / sizeof(groups[0]))

/* Is it one of those that were asked for? */
static bool wanted(const struct check_test *test, char **words)
{
	if (!*words)
		return true;
	for (; *words; words++)
		if (strstr(test->name, *words))
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, { 0 } };
	struct check check = { 0 };
	const struct check_test *test;
	int option, failed = 0, number = 0;
	char **words;
	size_t i;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		COMMON_CASES(check.path);
		}
	}
	words = argv + optind;
	for (i = 0; i < GROUPS; i++)
		for (test = groups[i]; test->name; test++)
			number += wanted(test, words);
	if (!number)
		usage_error("no test's name holds '%s'; without words, all are run", *words);
	/* A test that ends the command leaves the plan unfulfilled, which is a failure. */
	printf("TAP version 13\n1..%d\n", number);
	fflush(stdout);
	gpu_open(&check.gpu, check.path);

	number = 0;
	for (i = 0; i < GROUPS; i++)
		for (test = groups[i]; test->name; test++) {
			bool good;

			if (!wanted(test, words))
				continue;
			good = test->run(&check);

			printf("%sok %d - %s\n", good ? "" : "not ", ++number, test->name);
			if (!good)
				printf("# %s\n", check.reason);
			fflush(stdout);
			failed += !good;
		}
	gpu_close(&check.gpu);
	return failed ? EXIT_FAILED : 0;
}

const struct command command_check = {
	.name = "check",
	.summary = "test the GPU: memory, commands, kernels, waits, faults, limits",
	.help = "[--device PATH] [WORD...]\n"
		"\n"
		"Test the GPU with every kind of memory and command, and with faults. Prints TAP,\n"
		"and checksums of results, which are the same on every machine. It takes all\n"
		"of the partition's video memory for a moment, and lets one job time out.\n"
		"With WORDs, runs only tests whose names hold one of them.\n"
		"Exit status 1 if a test failed.\n"
		"\n"
		COMMON_HELP,
	.run = run,
};
