// SPDX-License-Identifier: MIT
/* gpup bench: what it costs to have the GPU do something. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "bench.h"
#include "cmd.h"

#define MS	1000000ull

/* Counts down. Args: 0 address that keeps the work from being none, 8 how far. */
static const char loop_text[] =
	".group 1\n"
	"ldarg.u64 r0, 0\n ldarg.u64 r1, 8\n mov r2, 1\n mov r5, 0\n"
	"loop\n cuge.i64 r4, r5, r1\n breakif r4\n sub.i64 r1, r1, r2\n endloop\n"
	"st.u64 [r0], r1\n";

/*
 * Keep @depth jobs in flight for a while, and let those in flight end. Half of them are waited
 * for at a time, as a program does that has more work than the GPU.
 */
static void stream(struct bench *bench, struct gpup_cmdbuf *commands,
		   struct bench_result *result)
{
	uint64_t batch = bench->depth > 1 ? bench->depth / 2 : 1;
	uint64_t start = now_ns(), end = start + bench->seconds * 1000 * MS;
	uint64_t base = 0, waited, value = 0;

	do {
		while (!base || value - waited < bench->depth) {
			bench_must(gpup_queue_submit(bench->gpu.queue, commands, NULL, 0, NULL, 0,
						     &value), "submission");
			if (!base) {
				base = value - 1;
				waited = base;
			}
		}
		waited += batch;
		bench_must(gpup_queue_wait(bench->gpu.queue, waited, GPUP_FOREVER), "job");
	} while (now_ns() < end);
	bench_must(gpup_queue_wait(bench->gpu.queue, value, GPUP_FOREVER), "job");
	result->count = value - base;
	result->value = bench_rate(result->count, start);
}

static void run_empty(struct bench *bench, struct bench_result *result)
{
	stream(bench, NULL, result);
}

/* A command that the GPU carries out at once: writes a number. */
static void small_job(struct bench *bench, struct gpu_buffer *target)
{
	gpu_buffer_create(&bench->gpu, sizeof(uint64_t), GPUP_BO_VRAM, target);
	gpup_cmdbuf_reset(bench->gpu.commands);
	gpup_cmd_timeline_write(bench->gpu.commands, target->va, 1);
}

static void run_small(struct bench *bench, struct bench_result *result)
{
	struct gpu_buffer target;

	small_job(bench, &target);
	stream(bench, bench->gpu.commands, result);
	gpu_buffer_destroy(&bench->gpu, &target);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The processor's own clock: that of a VM and that of its host differ by a constant only. */
static uint64_t stamp(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	return 0;
#endif
}

#define MAX_TRIPS	(1u << 20)

struct trip {
	uint64_t value;
	uint64_t begin, submitted, woken;	/* stamps */
};

static void write_stamps(const char *path, const struct trip *trips, size_t count)
{
	FILE *file = fopen(path, "w");
	size_t i;

	if (!file)
		die(EXIT_FAILED, "%s cannot be written", path);
	for (i = 0; i < count; i++)
		fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", trips[i].value,
			trips[i].begin, trips[i].submitted, trips[i].woken);
	if (fclose(file))
		die(EXIT_FAILED, "%s cannot be written", path);
}

static void run_roundtrip(struct bench *bench, struct bench_result *result)
{
	struct trip *trips = xmalloc(MAX_TRIPS * sizeof(*trips));
	uint64_t *times = xmalloc(MAX_TRIPS * sizeof(*times));
	uint64_t now = now_ns(), end = now + bench->seconds * 1000 * MS;
	struct gpu_buffer target;
	size_t n = 0;

	small_job(bench, &target);
	for (; now < end && n < MAX_TRIPS; n++) {
		uint64_t begin = now;
		struct trip *trip = &trips[n];

		trip->begin = stamp();
		bench_must(gpup_queue_submit(bench->gpu.queue, bench->gpu.commands, NULL, 0, NULL,
					     0, &trip->value), "submission");
		trip->submitted = stamp();
		/* The queue's own wait would look for a while before it sleeps. */
		bench_must(gpup_timeline_wait(gpup_queue_timeline(bench->gpu.queue), trip->value,
					      GPUP_FOREVER), "job");
		trip->woken = stamp();
		now = now_ns();
		times[n] = now - begin;
	}
	if (bench->stamps)
		write_stamps(bench->stamps, trips, n);
	qsort(times, n, sizeof(*times), compare);
	result->count = n;
	result->value = (double)times[n / 2] / 1e3;
	result->p99 = (double)times[n - 1 - n / 100] / 1e3;
	gpu_buffer_destroy(&bench->gpu, &target);
	free(times);
	free(trips);
}

struct loop_job {
	struct gpu_kernel kernel;
	struct gpu_buffer target;
};

static void loop_commands(struct bench *bench, struct loop_job *job, uint64_t loops)
{
	const uint32_t grid[3] = { 1, 1, 1 };
	uint64_t args[2] = { job->target.va, loops };

	gpup_cmdbuf_reset(bench->gpu.commands);
	gpu_dispatch(&bench->gpu, &job->kernel, grid, args, sizeof(args));
}

/* Nanoseconds for a job that is alone; the best of some, as others may be at work. */
static uint64_t loop_time(struct bench *bench, struct loop_job *job, uint64_t loops)
{
	uint64_t best = UINT64_MAX;
	int i;

	loop_commands(bench, job, loops);
	for (i = 0; i < 8; i++) {
		uint64_t start = now_ns(), value, ns;

		bench_must(gpup_queue_submit(bench->gpu.queue, bench->gpu.commands, NULL, 0, NULL,
					     0, &value), "submission");
		bench_must(gpup_queue_wait(bench->gpu.queue, value, GPUP_FOREVER), "job");
		ns = now_ns() - start;
		if (ns < best)
			best = ns;
	}
	return best;
}

/* How far a job has to count to take a millisecond more than an empty one. */
static uint64_t calibrate(struct bench *bench, struct loop_job *job)
{
	uint64_t loops = 1000, empty = loop_time(bench, job, 0), ns;

	while ((ns = loop_time(bench, job, loops)) < empty + MS)
		loops *= 4;
	return (uint64_t)((double)loops * (double)MS / (double)(ns - empty));
}

static void run_jobs(struct bench *bench, struct bench_result *result)
{
	struct loop_job job;

	gpu_kernel_load(&bench->gpu, "loop", loop_text, sizeof(loop_text) - 1, &job.kernel);
	gpu_buffer_create(&bench->gpu, sizeof(uint64_t), GPUP_BO_VRAM, &job.target);
	if (!bench->loops)
		bench->loops = calibrate(bench, &job);
	loop_commands(bench, &job, bench->loops);
	stream(bench, bench->gpu.commands, result);
	gpu_buffer_destroy(&bench->gpu, &job.target);
	gpu_kernel_destroy(&bench->gpu, &job.kernel);
}

const struct bench_test bench_empty = {
	"empty", "jobs/s", "jobs without commands, --depth of them in flight", false, run_empty,
};

const struct bench_test bench_small = {
	"small", "jobs/s", "jobs that write a number, --depth of them in flight", false, run_small,
};

const struct bench_test bench_roundtrip = {
	"roundtrip", "us", "submit, sleep, be woken: median", true, run_roundtrip,
};

const struct bench_test bench_jobs = {
	"jobs", "jobs/s", "jobs of about 1 ms, --depth of them in flight", false, run_jobs,
};
