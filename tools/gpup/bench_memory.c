// SPDX-License-Identifier: MIT
/* gpup bench: what it costs to move data, to make objects, and to map them. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cmd.h"

#define COPY_SIZE	(8ull << 20)
/* Copies in a job, so that what it costs to submit one is not what is measured; jobs in flight. */
#define COPIES		8
#define COPY_DEPTH	4
#define OBJECT_SIZE	65536
#define MIB		1048576.0

/* What is written is the same each time, so that nothing but the writing differs. */
static void write_memory(struct bench *bench, void *to, struct bench_result *result)
{
	uint64_t start, end, count = 0;
	void *from = xmalloc(COPY_SIZE);

	memset(from, 0x5a, COPY_SIZE);
	/* Pages are provided at the first touch. */
	memset(to, 0, COPY_SIZE);
	start = now_ns();
	end = start + bench->seconds * 1000000000;
	do {
		memcpy(to, from, COPY_SIZE);
		/* The compiler shall not find out that nobody reads it. */
		__asm__ volatile("" : : "r"(to) : "memory");
		count++;
	} while (now_ns() < end);
	result->count = count;
	result->value = bench_rate(count, start) * COPY_SIZE / MIB;
	free(from);
}

static void run_write(struct bench *bench, struct bench_result *result)
{
	struct gpu_buffer buffer;

	gpu_buffer_create(&bench->gpu, COPY_SIZE, GPUP_BO_VRAM, &buffer);
	write_memory(bench, buffer.data, result);
	gpu_buffer_destroy(&bench->gpu, &buffer);
}

static void run_plain(struct bench *bench, struct bench_result *result)
{
	void *memory = xmalloc(COPY_SIZE);

	write_memory(bench, memory, result);
	free(memory);
}

/* By the copy engine. */
static void copy(struct bench *bench, uint32_t from, uint32_t to, struct bench_result *result)
{
	struct gpu_buffer source, target;
	struct gpup_queue *queue;
	uint64_t start, end, value = 0;
	int i;

	if (!bench->gpu.info.engines[GPUP_ENGINE_COPY].count)
		die(EXIT_FAILED, "this GPU has no copy engine");
	bench_must(gpup_queue_create(bench->gpu.vm, GPUP_ENGINE_COPY, GPUP_PRIORITY_NORMAL,
				     &queue), "queue");
	gpu_buffer_create(&bench->gpu, COPY_SIZE, from, &source);
	gpu_buffer_create(&bench->gpu, COPY_SIZE, to, &target);
	memset(source.data, 0x5a, COPY_SIZE);
	memset(target.data, 0, COPY_SIZE);
	gpup_cmdbuf_reset(bench->gpu.commands);
	for (i = 0; i < COPIES; i++)
		gpup_cmd_copy(bench->gpu.commands, target.va, source.va, COPY_SIZE);
	start = now_ns();
	end = start + bench->seconds * 1000000000;
	do {
		bench_must(gpup_queue_submit(queue, bench->gpu.commands, NULL, 0, NULL, 0, &value),
			   "submission");
		if (value >= COPY_DEPTH)
			bench_must(gpup_queue_wait(queue, value - COPY_DEPTH + 1, GPUP_FOREVER),
				   "job");
	} while (now_ns() < end);
	bench_must(gpup_queue_wait(queue, value, GPUP_FOREVER), "job");
	result->count = value;
	result->value = bench_rate(value, start) * COPIES * COPY_SIZE / MIB;
	if (memcmp(source.data, target.data, COPY_SIZE))
		die(EXIT_FAILED, "what was copied differs from its source");
	gpu_buffer_destroy(&bench->gpu, &target);
	gpu_buffer_destroy(&bench->gpu, &source);
	gpup_queue_destroy(queue);
}

static void run_upload(struct bench *bench, struct bench_result *result)
{
	copy(bench, GPUP_BO_SYSTEM, GPUP_BO_VRAM, result);
}

static void run_download(struct bench *bench, struct bench_result *result)
{
	copy(bench, GPUP_BO_VRAM, GPUP_BO_SYSTEM, result);
}

static void run_objects(struct bench *bench, struct bench_result *result)
{
	uint64_t start = now_ns(), end = start + bench->seconds * 1000000000;

	do {
		struct gpup_bo *bo;

		bench_must(gpup_bo_create(bench->gpu.device, OBJECT_SIZE, GPUP_BO_VRAM, &bo),
			   "buffer");
		gpup_bo_destroy(bo);
		result->count++;
	} while (now_ns() < end);
	result->value = bench_rate(result->count, start);
}

/* Half of a batch maps pages, the other half unmaps them again. */
static void run_bind(struct bench *bench, struct bench_result *result)
{
	uint64_t page = bench->gpu.info.page_size, pages = GPUP_MAX_BINDS / 2;
	struct gpup_bind binds[GPUP_MAX_BINDS];
	uint64_t start, end, va, i;
	struct gpup_bo *bo;

	bench_must(gpup_bo_create(bench->gpu.device, pages * page, GPUP_BO_VRAM, &bo), "buffer");
	bench_must(gpup_vm_reserve(bench->gpu.vm, pages * page, page, &va), "addresses");
	for (i = 0; i < GPUP_MAX_BINDS; i++)
		binds[i] = (struct gpup_bind) {
			.bo = i < pages ? bo : NULL,
			/* Not in order, or neighbours would be one mapping. */
			.bo_offset = i < pages ? (i ^ 1) * page : 0,
			.va = va + i % pages * page,
			.size = page,
		};
	start = now_ns();
	end = start + bench->seconds * 1000000000;
	do {
		bench_must(gpup_vm_bind(bench->gpu.vm, binds, GPUP_MAX_BINDS), "bind");
		result->count += pages;
	} while (now_ns() < end);
	result->value = bench_rate(result->count, start);
	bench_must(gpup_vm_release(bench->gpu.vm, va), "addresses");
	gpup_bo_destroy(bo);
}

const struct bench_test bench_write = {
	"write", "MiB/s", "memcpy of 8 MiB into mapped video memory", false, run_write,
};

const struct bench_test bench_plain = {
	"plain", "MiB/s", "the same into plain memory, to compare with", false, run_plain,
};

const struct bench_test bench_upload = {
	"upload", "MiB/s", "copy engine, from system memory into video memory", false, run_upload,
};

const struct bench_test bench_download = {
	"download", "MiB/s", "copy engine, from video memory into system memory", false,
	run_download,
};

const struct bench_test bench_objects = {
	"objects", "1/s", "create and destroy a buffer of 64 KiB", false, run_objects,
};

const struct bench_test bench_bind = {
	"bind", "1/s", "map and unmap a page, 128 of each in a batch", false, run_bind,
};
