// SPDX-License-Identifier: MIT
/* gpup check: the commands of copy engines, on both classes of engine. */
#include <stdio.h>

#include "check.h"

#define SIZE	(96u << 10)

/* Where commands work: kinds of memory, and engines. */
static const uint32_t kinds[] = { GPUP_BO_VRAM, GPUP_BO_SYSTEM };

/* Run @test for each class of engine that there is. */
static bool on_all_engines(struct check *c,
			   bool (*test)(struct check *c, struct check_queue *queue,
					const char *name))
{
	static const char *const names[] = { "compute", "copy" };
	struct check_queue queue;
	int i;

	for (i = 0; i < GPUP_ENGINE_CLASSES; i++) {
		if (!c->gpu.info.engines[i].count)
			continue;
		TRY(c, check_queue_create(c, (enum gpup_engine_class)i, &queue));
		if (!test(c, &queue, names[i]))
			return false;
		check_queue_destroy(&queue);
	}
	return true;
}

static bool copy(struct check *c, struct check_queue *queue, const char *name)
{
	static const uint32_t cases[][3] = {	/* to, from, size */
		{ 0, 0, SIZE }, { 0, 0, 1 }, { 1, 2, 3 }, { 4095, 1, 8193 }, { 8, 16, 4096 },
		{ 5, 4096, 0 }, { 12345, 54321, 30000 }, { SIZE - 7, 0, 7 },
	};
	uint8_t expected[SIZE];
	struct gpu_buffer from, to;
	char label[64];
	size_t i, j;

	for (i = 0; i < 4; i++) {
		gpu_buffer_create(&c->gpu, SIZE, kinds[i & 1], &from);
		gpu_buffer_create(&c->gpu, SIZE, kinds[i >> 1], &to);
		check_pattern(from.data, SIZE, 3);
		memset(expected, 0, SIZE);
		for (j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			gpup_cmd_copy(queue->commands, to.va + cases[j][0],
				      from.va + cases[j][1], cases[j][2]);
			memcpy(expected + cases[j][0], (uint8_t *)from.data + cases[j][1],
			       cases[j][2]);
		}
		TRY(c, check_queue_run(queue));
		CHECK(c, !memcmp(to.data, expected, SIZE), "%s engine, memories %zu", name, i);
		snprintf(label, sizeof(label), "copy %s %zu", name, i);
		check_sum(label, to.data, SIZE);
		gpu_buffer_destroy(&c->gpu, &from);
		gpu_buffer_destroy(&c->gpu, &to);
	}
	return true;
}

static bool copy_2d(struct check *c, struct check_queue *queue, const char *name)
{
	static const struct gpup_copy_2d cases[] = {
		{ .dst_pitch = 100, .src_pitch = 100, .width = 100, .height = 50 },
		{ .dst = 7, .src = 3, .dst_pitch = 301, .src_pitch = 97, .width = 61,
		  .height = 200 },
		{ .dst = 1, .src = 9, .dst_pitch = 512, .src_pitch = 0, .width = 511,
		  .height = 90 },
		{ .dst_pitch = 8, .src_pitch = 8, .width = 0, .height = 10 },
		{ .dst_pitch = 8, .src_pitch = 8, .width = 8, .height = 0 },
		{ .dst = 70000, .src_pitch = 5000, .dst_pitch = 1, .width = 1, .height = 9 },
	};
	uint8_t expected[SIZE] = { 0 };
	struct gpu_buffer from, to;
	char label[64];
	size_t i, y;

	gpu_buffer_create(&c->gpu, SIZE, GPUP_BO_SYSTEM, &from);
	gpu_buffer_create(&c->gpu, SIZE, GPUP_BO_VRAM, &to);
	check_pattern(from.data, SIZE, 4);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gpup_copy_2d command = cases[i];

		command.dst += to.va;
		command.src += from.va;
		gpup_cmd_copy_2d(queue->commands, &command);
		for (y = 0; y < cases[i].height; y++)
			memcpy(expected + cases[i].dst + y * cases[i].dst_pitch,
			       (uint8_t *)from.data + cases[i].src + y * cases[i].src_pitch,
			       cases[i].width);
	}
	TRY(c, check_queue_run(queue));
	CHECK(c, !memcmp(to.data, expected, SIZE), "%s engine", name);
	snprintf(label, sizeof(label), "copy-2d %s", name);
	check_sum(label, to.data, SIZE);
	gpu_buffer_destroy(&c->gpu, &from);
	gpu_buffer_destroy(&c->gpu, &to);
	return true;
}

static bool fill(struct check *c, struct check_queue *queue, const char *name)
{
	uint8_t expected[SIZE];
	struct gpu_buffer to;
	char label[64];
	size_t i;

	for (i = 0; i < 2; i++) {
		uint32_t word = 0x89abcdef, j;

		gpu_buffer_create(&c->gpu, SIZE, kinds[i], &to);
		memset(expected, 0, SIZE);
		gpup_cmd_fill(queue->commands, to.va + 4, 20000, word);
		for (j = 0; j < 5000; j++)
			memcpy(expected + 4 + j * 4, &word, 4);
		gpup_cmd_fill_byte(queue->commands, to.va + 10001, 12345, 0x5a);
		memset(expected + 10001, 0x5a, 12345);
		gpup_cmd_fill(queue->commands, to.va + 100, 0, 1);
		TRY(c, check_queue_run(queue));
		CHECK(c, !memcmp(to.data, expected, SIZE), "%s engine, memory %zu", name, i);
		snprintf(label, sizeof(label), "fill %s %zu", name, i);
		check_sum(label, to.data, SIZE);
		gpu_buffer_destroy(&c->gpu, &to);
	}
	return true;
}

static bool timestamps(struct check *c, struct check_queue *queue, const char *name)
{
	struct gpu_buffer times, big;
	uint64_t before[4], after[4];

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &times);
	gpu_buffer_create(&c->gpu, 1 << 20, GPUP_BO_VRAM, &big);
	gpup_cmd_timestamp(queue->commands, times.va);
	gpup_cmd_fill(queue->commands, big.va, big.size, 1);
	gpup_cmd_timestamp(queue->commands, times.va + 8);
	TRY(c, check_queue_run(queue));
	memcpy(before, times.data, sizeof(before));
	gpup_cmd_timestamp(queue->commands, times.va + 16);
	TRY(c, check_queue_run(queue));
	memcpy(after, times.data, sizeof(after));
	CHECK(c, before[0] && before[0] < before[1] && after[2] >= before[1],
	      "%s engine: time does not go forward", name);
	CHECK(c, !after[3], "%s engine: more than 64 bits were written", name);
	gpu_buffer_destroy(&c->gpu, &times);
	gpu_buffer_destroy(&c->gpu, &big);
	return true;
}

static bool timeline_writes(struct check *c, struct check_queue *queue, const char *name)
{
	struct gpu_buffer to;
	uint64_t values[3];

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_VRAM, &to);
	gpup_cmd_timeline_write(queue->commands, to.va, 0x1122334455667788);
	gpup_cmd_timeline_write(queue->commands, to.va + 8, 1);
	gpup_cmd_timeline_write(queue->commands, to.va + 8, 2);
	TRY(c, check_queue_run(queue));
	memcpy(values, to.data, sizeof(values));
	CHECK(c, values[0] == 0x1122334455667788 && values[1] == 2 && !values[2],
	      "%s engine", name);
	gpu_buffer_destroy(&c->gpu, &to);
	return true;
}

static bool stream_ends(struct check *c, struct check_queue *queue, const char *name)
{
	/* END, with what is no command behind it; before it a NOP with a payload. */
	static const uint64_t stream[] = { 0x0000000000030002, ~0ull, ~0ull,
					   0x0000000000010001, ~0ull };

	gpup_cmd_raw(queue->commands, stream, sizeof(stream));
	TRY(c, check_queue_run(queue));
	CHECK(c, !gpup_cmdbuf_error(queue->commands), "%s engine", name);
	return true;
}

/* libgpup's own bounds. */
static bool command_buffer(struct check *c)
{
	struct gpup_cmdbuf *commands;

	EXPECT(c, -EINVAL, gpup_cmdbuf_create(c->gpu.vm, 0, &commands));
	TRY(c, gpup_cmdbuf_create(c->gpu.vm, 64, &commands));
	gpup_cmd_copy(commands, 0, 0, 0);
	gpup_cmd_copy(commands, 0, 0, 0);
	TRY(c, gpup_cmdbuf_error(commands));
	gpup_cmd_timestamp(commands, 0);
	EXPECT(c, -ENOSPC, gpup_cmdbuf_error(commands));
	EXPECT(c, -ENOSPC, gpup_queue_submit(c->gpu.queue, commands, NULL, 0, NULL, 0, NULL));
	gpup_cmdbuf_reset(commands);
	gpup_cmd_timestamp(commands, 4);
	EXPECT(c, -EINVAL, gpup_cmdbuf_error(commands));
	gpup_cmdbuf_destroy(commands);
	return true;
}

static bool all_copy(struct check *c)
{
	return on_all_engines(c, copy);
}

static bool all_copy_2d(struct check *c)
{
	return on_all_engines(c, copy_2d);
}

static bool all_fill(struct check *c)
{
	return on_all_engines(c, fill);
}

static bool all_timestamps(struct check *c)
{
	return on_all_engines(c, timestamps);
}

static bool all_timeline_writes(struct check *c)
{
	return on_all_engines(c, timeline_writes);
}

static bool all_stream_ends(struct check *c)
{
	return on_all_engines(c, stream_ends);
}

const struct check_test check_command_tests[] = {
	{ "copies of all sizes and places", all_copy },
	{ "copies of rectangles", all_copy_2d },
	{ "fills", all_fill },
	{ "timestamps", all_timestamps },
	{ "timeline writes", all_timeline_writes },
	{ "the end of a command stream", all_stream_ends },
	{ "the bounds of a command buffer", command_buffer },
	{ NULL, NULL },
};
