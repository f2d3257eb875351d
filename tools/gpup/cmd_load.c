// SPDX-License-Identifier: MIT
/* gpup load: keep the GPU busy, and see what of it one gets. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "gpu.h"
#include "options.h"

#define MAX_QUEUES	64
#define MAX_DEPTH	64

/*
 * A job counts itself, so that one that is lost or run twice is noticed, and then counts down. Args:
 * 0 address of the counter, 8 how far.
 */
static const char kernel_text[] =
	".group 1\n"
	"ldarg.u64 r0, 0\n ldarg.u64 r1, 8\n mov r2, 1\n mov r5, 0\n"
	"atom.add.i64 r3, [r0], r2\n"
	"loop\n cuge.i64 r4, r5, r1\n breakif r4\n sub.i64 r1, r1, r2\n endloop\n";

struct load_queue {
	struct gpup_queue *queue;
	uint64_t submitted, waited;
	uint64_t times[MAX_DEPTH];	/* when each was submitted, in ns */
};

struct load {
	const char *device;
	uint64_t seconds, margin, depth, queues, loops;
	uint32_t priority;
};

static void must(int ret, const char *what)
{
	if (ret)
		die(EXIT_FAILED, "%s: %s", what, strerror(-ret));
}

static void submit(struct load_queue *q, struct gpup_cmdbuf *commands, uint64_t depth)
{
	uint64_t value;

	q->times[q->submitted % depth] = now_ns();
	must(gpup_queue_submit(q->queue, commands, NULL, 0, NULL, 0, &value), "submission");
	q->submitted++;
}

/* The oldest job, and how long it took. */
static uint64_t wait_one(struct load_queue *q, uint64_t depth)
{
	uint64_t start = q->times[q->waited % depth];

	must(gpup_queue_wait(q->queue, q->waited + 1, GPUP_FOREVER), "job");
	q->waited++;
	return now_ns() - start;
}

static int work(const struct load *load)
{
	struct load_queue *queues = xmalloc(load->queues * sizeof(*queues));
	uint64_t start, from, to, end, last, longest = 0, jobs = 0, counted, i;
	const uint32_t grid[3] = { 1, 1, 1 };
	struct gpu_buffer counter;
	struct gpu_kernel kernel;
	struct gpu gpu;
	uint64_t args[2];
	bool more = true;

	gpu_open(&gpu, load->device);
	gpu_kernel_load(&gpu, "load", kernel_text, sizeof(kernel_text) - 1, &kernel);
	gpu_buffer_create(&gpu, sizeof(uint64_t), GPUP_BO_VRAM, &counter);
	args[0] = counter.va;
	args[1] = load->loops;
	/* All jobs read the same commands. */
	gpu_dispatch(&gpu, &kernel, grid, args, sizeof(args));
	memset(queues, 0, load->queues * sizeof(*queues));
	for (i = 0; i < load->queues; i++)
		must(gpup_queue_create(gpu.vm, GPUP_ENGINE_COMPUTE, load->priority,
				       &queues[i].queue), "queue");
	start = now_ns();
	from = start + load->margin * 1000000000;
	to = from + load->seconds * 1000000000;
	end = to + load->margin * 1000000000;
	for (i = 0; i < load->queues * load->depth; i++)
		submit(&queues[i % load->queues], gpu.commands, load->depth);
	for (last = start; more; more = last < end) {
		for (i = 0; i < load->queues; i++) {
			uint64_t now;

			wait_one(&queues[i], load->depth);
			now = now_ns();
			jobs += now >= from && now < to;
			/* Between two jobs that end. */
			if (now - last > longest)
				longest = now - last;
			last = now;
			submit(&queues[i], gpu.commands, load->depth);
		}
	}
	for (i = 0; i < load->queues; i++)
		while (queues[i].waited < queues[i].submitted)
			wait_one(&queues[i], load->depth);
	for (i = 0, counted = 0; i < load->queues; i++)
		counted += queues[i].submitted;
	printf("load: jobs=%" PRIu64 " seconds=%.3f per_second=%.2f longest_ms=%.3f submitted=%" PRIu64
	       " counted=%" PRIu64 "\n", jobs, (double)(to - from) / 1e9,
	       (double)jobs * 1e9 / (double)(to - from), (double)longest / 1e6, counted,
	       *(volatile uint64_t *)counter.data);
	counted -= *(volatile uint64_t *)counter.data;
	for (i = 0; i < load->queues; i++)
		gpup_queue_destroy(queues[i].queue);
	gpu_kernel_destroy(&gpu, &kernel);
	gpu_buffer_destroy(&gpu, &counter);
	gpu_close(&gpu);
	free(queues);
	if (counted)
		die(EXIT_FAILED, "jobs were lost, or run more than once");
	return 0;
}

static int run(int argc, char **argv)
{
	enum { SECONDS = OPTION_FIRST, MARGIN, DEPTH, QUEUES, LOOPS, PRIORITY };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "seconds", required_argument, NULL, SECONDS },
		{ "margin", required_argument, NULL, MARGIN },
		{ "depth", required_argument, NULL, DEPTH },
		{ "queues", required_argument, NULL, QUEUES },
		{ "loops", required_argument, NULL, LOOPS },
		{ "priority", required_argument, NULL, PRIORITY },
		{}
	};
	struct load load = { .seconds = 10, .depth = 4, .queues = 1, .loops = 1000,
			     .priority = GPUP_PRIORITY_NORMAL };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case SECONDS:
			load.seconds = parse_number("--seconds", optarg, 1, 1000000);
			break;
		case MARGIN:
			load.margin = parse_number("--margin", optarg, 0, 1000000);
			break;
		case DEPTH:
			load.depth = parse_number("--depth", optarg, 1, MAX_DEPTH);
			break;
		case QUEUES:
			load.queues = parse_number("--queues", optarg, 1, MAX_QUEUES);
			break;
		case LOOPS:
			load.loops = parse_number("--loops", optarg, 0, UINT64_MAX);
			break;
		case PRIORITY:
			if (!strcmp(optarg, "low"))
				load.priority = GPUP_PRIORITY_LOW;
			else if (!strcmp(optarg, "normal"))
				load.priority = GPUP_PRIORITY_NORMAL;
			else if (!strcmp(optarg, "high"))
				load.priority = GPUP_PRIORITY_HIGH;
			else
				usage_error("--priority: '%s' is not low, normal or high", optarg);
			break;
		COMMON_CASES(load.device);
		}
	}
	if (optind < argc)
		usage_error("unexpected argument '%s'", argv[optind]);
	return work(&load);
}

const struct command command_load = {
	.name = "load",
	.summary = "keep the GPU busy with short jobs, and count them",
	.help = "[OPTIONS]\n"
		"\n"
		"Submit jobs for a while, and print how many ended and the longest time between\n"
		"two that did. Each job counts itself in memory: exit status 1 if one was lost or\n"
		"run twice.\n"
		"\n"
		"  --seconds N         how long (10)\n"
		"  --margin N          work so long before and after that, too, uncounted (0)\n"
		"  --queues N          queues with jobs (1)\n"
		"  --depth N           jobs that each queue has waiting (4)\n"
		"  --loops N           how far each job counts (1000)\n"
		"  --priority NAME     low, normal or high\n"
		COMMON_HELP,
	.run = run,
};
