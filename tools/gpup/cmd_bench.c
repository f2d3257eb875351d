// SPDX-License-Identifier: MIT
/* gpup bench: how fast the way to the GPU is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bench.h"
#include "cmd.h"
#include "options.h"

static const struct bench_test *const tests[] = {
	&bench_empty, &bench_small, &bench_roundtrip, &bench_jobs,
	&bench_syscall, &bench_switch,
	&bench_write, &bench_plain, &bench_upload, &bench_download,
	&bench_objects, &bench_bind,
};

#define TESTS	(sizeof(tests) / sizeof(tests[0]))

void bench_must(int ret, const char *what)
{
	if (ret)
		die(EXIT_FAILED, "%s: %s", what, strerror(-ret));
}

double bench_rate(uint64_t count, uint64_t start)
{
	return (double)count * 1e9 / (double)(now_ns() - start);
}

static const struct bench_test *find_test(const char *name)
{
	size_t i;

	for (i = 0; i < TESTS; i++)
		if (!strcmp(name, tests[i]->name))
			return tests[i];
	usage_error("there is no test '%s'", name);
}

static void print_head(const struct bench *bench)
{
	printf("%s, %s, partition %s, %" PRIu64 " s each\n\n", bench->gpu.info.name,
	       bench->gpu.info.is_virtual ? "in a virtual machine" : "on the host",
	       bench->gpu.info.partition, bench->seconds);
}

static void print_line(const struct bench_test *test, const struct bench_result *result)
{
	char more[32] = "";

	if (result->p99 > 0)
		snprintf(more, sizeof(more), " (p99 %.1f)", result->p99);
	printf("%-10s %10.1f %-7s %s%s\n", test->name, result->value, test->unit, test->what,
	       more);
	fflush(stdout);
}

static void add_json(cJSON *array, const struct bench_test *test,
		     const struct bench_result *result)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "test", test->name);
	cJSON_AddNumberToObject(json, "value", result->value);
	cJSON_AddStringToObject(json, "unit", test->unit);
	cJSON_AddStringToObject(json, "better", test->lower_is_better ? "lower" : "higher");
	cJSON_AddNumberToObject(json, "count", (double)result->count);
	if (result->p99 > 0)
		cJSON_AddNumberToObject(json, "p99", result->p99);
	cJSON_AddItemToArray(array, json);
}

/* Each with a GPU of its own, so that none leaves anything to the next. */
static void run_test(struct bench *bench, const char *device, const struct bench_test *test,
		     struct bench_result *result)
{
	memset(result, 0, sizeof(*result));
	gpu_open(&bench->gpu, device);
	test->run(bench, result);
	gpu_close(&bench->gpu);
}

static void run_tests(struct bench *bench, const char *device,
		      const struct bench_test *const *list, size_t count, bool as_json)
{
	cJSON *json = NULL, *array = NULL;
	struct bench_result result;
	size_t i;

	if (as_json) {
		json = cJSON_CreateObject();
		array = cJSON_CreateArray();
	}
	for (i = 0; i < count; i++) {
		run_test(bench, device, list[i], &result);
		if (as_json) {
			add_json(array, list[i], &result);
			continue;
		}
		if (!i)
			print_head(bench);
		print_line(list[i], &result);
	}
	if (!as_json)
		return;
	cJSON_AddBoolToObject(json, "virtual", bench->gpu.info.is_virtual);
	cJSON_AddStringToObject(json, "gpu", bench->gpu.info.name);
	cJSON_AddNumberToObject(json, "seconds", (double)bench->seconds);
	cJSON_AddNumberToObject(json, "depth", (double)bench->depth);
	if (bench->loops)
		cJSON_AddNumberToObject(json, "loops", (double)bench->loops);
	cJSON_AddItemToObject(json, "tests", array);
	print_json(json, true);
}

static int run(int argc, char **argv)
{
	enum { SECONDS = OPTION_FIRST, DEPTH, LOOPS, STAMPS, JSON };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "seconds", required_argument, NULL, SECONDS },
		{ "depth", required_argument, NULL, DEPTH },
		{ "loops", required_argument, NULL, LOOPS },
		{ "stamps", required_argument, NULL, STAMPS },
		{ "json", no_argument, NULL, JSON },
		{}
	};
	const struct bench_test *selected[TESTS];
	struct bench bench = { .seconds = 2, .depth = 64 };
	const char *device = NULL;
	bool as_json = false;
	size_t count = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case SECONDS:
			bench.seconds = parse_number("--seconds", optarg, 1, 1000000);
			break;
		case DEPTH:
			bench.depth = parse_number("--depth", optarg, 1, BENCH_MAX_DEPTH);
			break;
		case LOOPS:
			bench.loops = parse_number("--loops", optarg, 1, UINT32_MAX);
			break;
		case STAMPS:
			bench.stamps = optarg;
			break;
		case JSON:
			as_json = true;
			break;
		COMMON_CASES(device);
		}
	}
	for (; optind < argc; optind++) {
		if (count == TESTS)
			usage_error("each test can be named once");
		selected[count++] = find_test(argv[optind]);
	}
	run_tests(&bench, device, count ? selected : tests, count ? count : TESTS, as_json);
	return 0;
}

const struct command command_bench = {
	.name = "bench",
	.summary = "measure the way to the GPU",
	.help = "[OPTIONS] [TEST]...\n"
		"\n"
		"Measure, on the host or in a virtual machine, what it costs to use the GPU; all\n"
		"tests, or those named:\n"
		"\n"
		"  empty      jobs without commands, --depth of them in flight\n"
		"  small      jobs that write a number\n"
		"  roundtrip  submit a small job, sleep, be woken: median and 99th percentile\n"
		"  jobs       jobs of about 1 ms\n"
		"  syscall    system calls, to compare with\n"
		"  switch     a thread wakes another one and sleeps, to compare with\n"
		"  write      memcpy into mapped video memory\n"
		"  plain      the same into plain memory, to compare with\n"
		"  upload     copy engine, from system memory into video memory\n"
		"  download   copy engine, the other way\n"
		"  objects    create and destroy a buffer\n"
		"  bind       map and unmap a page, in batches\n"
		"\n"
		"  --seconds N         how long each takes (2)\n"
		"  --depth N           jobs in flight (64)\n"
		"  --loops N           how far the jobs of 1 ms count; else it is found out\n"
		"  --stamps FILE       write each round trip's value and three times to FILE, by\n"
		"                      the processor's clock: begin, submitted, woken\n"
		"  --json              one line of JSON\n"
		COMMON_HELP,
	.run = run,
};
