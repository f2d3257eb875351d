// SPDX-License-Identifier: MIT
/* gpup check: what goes wrong goes wrong alone. */
#include <stdio.h>

#include "check.h"
#include "gpup_asm.h"

#define SIZE	(64u << 10)

/*
 * The queue must have been banned for @error; everything after is refused. Other queues
 * go on: so the caller uses a queue of its own.
 */
static bool is_banned(struct check *c, struct check_queue *queue, int error, uint64_t fault_va)
{
	struct gpup_queue_state state;

	TRY(c, gpup_queue_get_state(queue->queue, &state));
	CHECK(c, state.banned, "the queue is not banned");
	CHECK(c, state.error == error, "banned for %s, expected: %s", strerror(-state.error),
	      strerror(-error));
	CHECK(c, state.fault_va == fault_va, "fault at 0x%llx, expected 0x%llx",
	      (unsigned long long)state.fault_va, (unsigned long long)fault_va);
	EXPECT(c, -ECANCELED, gpup_queue_submit(queue->queue, NULL, NULL, 0, NULL, 0, NULL));

	/* The usual queue works as before. */
	gpu_submit(&c->gpu);
	gpu_finish(&c->gpu, CHECK_TIMEOUT);
	return true;
}

static bool read_only(struct check *c)
{
	struct check_queue queue;
	struct gpup_bo *bo;
	uint32_t *word;
	void *address;
	uint64_t va;

	TRY(c, gpup_bo_create(c->gpu.device, SIZE, GPUP_BO_VRAM, &bo));
	TRY(c, gpup_bo_map(bo, &address));
	word = address;
	word[0] = 11;
	TRY(c, gpup_vm_map(c->gpu.vm, bo, GPUP_MAP_READONLY, &va));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));

	gpup_cmd_timeline_write(queue.commands, va + 8, 12);
	EXPECT(c, -EFAULT, check_queue_run(&queue));
	if (!is_banned(c, &queue, -EFAULT, va + 8))
		return false;
	CHECK(c, word[0] == 11 && !word[2], "it was written nevertheless");
	check_queue_destroy(&queue);
	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	gpup_bo_destroy(bo);
	return true;
}

static bool not_mapped(struct check *c)
{
	struct check_queue queue;
	uint64_t va;

	TRY(c, gpup_vm_reserve(c->gpu.vm, SIZE, 0, &va));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COPY, &queue));
	gpup_cmd_timeline_write(queue.commands, va, 1);
	EXPECT(c, -EFAULT, check_queue_run(&queue));
	if (!is_banned(c, &queue, -EFAULT, va))
		return false;
	check_queue_destroy(&queue);
	TRY(c, gpup_vm_release(c->gpu.vm, va));
	return true;
}

static bool bad_command(struct check *c)
{
	static const uint64_t streams[][2] = {
		{ 0x0000000000010000, 0 },		/* opcode 0 */
		{ 0x00000000000100ff, 0 },		/* an opcode that there is not */
		{ 0x0000000000000002, 0 },		/* size 0 */
		{ 0x0000000000ff0002, 0 },		/* size beyond the stream */
		{ 0x0000000000020003, 0 },		/* a copy that is too short */
		{ 0x0000000100020006, 0 },		/* a flag that there is not */
	};
	struct check_queue queue;
	size_t i;

	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));
		gpup_cmd_raw(queue.commands, streams[i], sizeof(streams[i]));
		EXPECT(c, -EINVAL, check_queue_run(&queue));
		if (!is_banned(c, &queue, -EINVAL, 0))
			return false;
		check_queue_destroy(&queue);
	}
	return true;
}

/* Append a dispatch of code that is in @code already. */
static void dispatch_code(struct check_queue *queue, const struct gpu_buffer *code, uint32_t size)
{
	gpup_cmd_dispatch(queue->commands, &(struct gpup_dispatch) {
		.program = code->va, .program_size = size,
		.grid = { 1, 1, 1 }, .group = { 4, 1, 1 } });
}

static bool bad_program(struct check *c)
{
	static const uint64_t words[] = {
		0x00,			/* opcode 0 */
		0xff,			/* an opcode that there is not */
		0x101,			/* nop with a type */
		0x0000000040010020,	/* mov r1, r64 */
		0x04,			/* if without endif */
		0x09,			/* break without loop */
		0x0000000000010323,	/* ldarg without arguments */
		0x0000002000010022,	/* a special register that there is not */
	};
	struct check_queue queue;
	struct gpu_buffer code;
	size_t i;

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &code);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		memcpy(code.data, &words[i], sizeof(words[i]));
		TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));
		dispatch_code(&queue, &code, 8);
		EXPECT(c, -EINVAL, check_queue_run(&queue));
		if (!is_banned(c, &queue, -EINVAL, 0))
			return false;
		check_queue_destroy(&queue);
	}

	if (c->gpu.info.engines[GPUP_ENGINE_COPY].count) {
		TRY(c, check_queue_create(c, GPUP_ENGINE_COPY, &queue));
		dispatch_code(&queue, &code, 8);
		EXPECT(c, -EINVAL, check_queue_run(&queue));
		check_queue_destroy(&queue);
	}
	gpu_buffer_destroy(&c->gpu, &code);
	return true;
}

/* A kernel that reads where nothing is; the lanes' stores of before are there. */
static bool bad_address(struct check *c)
{
	static const char text[] = "mov r1, 8\nld.u32 r2, [r1]\n";
	struct gpup_program *program;
	struct check_queue queue;
	struct gpu_buffer code;
	char message[128];

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &code);
	TRY(c, gpup_program_assemble("bad.s", text, strlen(text), &program, message,
				     sizeof(message)));
	memcpy(code.data, gpup_program_code(program), gpup_program_size(program));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));
	dispatch_code(&queue, &code, gpup_program_size(program));
	EXPECT(c, -EFAULT, check_queue_run(&queue));
	if (!is_banned(c, &queue, -EFAULT, 8))
		return false;
	check_queue_destroy(&queue);
	gpup_program_destroy(program);
	gpu_buffer_destroy(&c->gpu, &code);
	return true;
}

/* Takes as long as the partition's job timeout. */
static bool endless(struct check *c)
{
	struct check_queue hung, other;
	struct gpup_program *program;
	struct gpup_timeline *timeline;
	uint64_t first, second;
	struct gpu_buffer code;
	char message[128];

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &code);
	TRY(c, gpup_program_assemble("endless.s", kernel_endless,
				     (size_t)(kernel_endless_end - kernel_endless), &program,
				     message, sizeof(message)));
	memcpy(code.data, gpup_program_code(program), gpup_program_size(program));
	TRY(c, gpup_timeline_create(c->gpu.device, &timeline));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &hung));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &other));

	dispatch_code(&hung, &code, gpup_program_size(program));
	TRY(c, gpup_queue_submit(hung.queue, hung.commands, NULL, 0, NULL, 0, &first));
	EXPECT(c, -ETIMEDOUT, gpup_queue_wait(hung.queue, first, 1000000));
	/* One behind it is cancelled; its fence signals all the same. */
	TRY(c, gpup_queue_submit(hung.queue, NULL, NULL, 0,
				 &(struct gpup_fence) { timeline, 1 }, 1, &second));
	/* That of a neighbour gets its turn. */
	TRY(c, check_queue_run(&other));

	EXPECT(c, -ETIME, gpup_queue_wait(hung.queue, first, CHECK_TIMEOUT));
	TRY(c, gpup_timeline_wait(timeline, 1, CHECK_TIMEOUT));
	if (!is_banned(c, &hung, -ETIME, 0))
		return false;
	TRY(c, check_queue_run(&other));
	check_queue_destroy(&hung);
	check_queue_destroy(&other);
	gpup_timeline_destroy(timeline);
	gpup_program_destroy(program);
	gpu_buffer_destroy(&c->gpu, &code);
	return true;
}

/* Destroyed while its job runs: nothing is left that does. */
static bool destroyed_while_running(struct check *c)
{
	struct gpup_program *program;
	struct check_queue hung;
	struct gpu_buffer code;
	char message[128];
	uint64_t value;

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &code);
	TRY(c, gpup_program_assemble("endless.s", kernel_endless,
				     (size_t)(kernel_endless_end - kernel_endless), &program,
				     message, sizeof(message)));
	memcpy(code.data, gpup_program_code(program), gpup_program_size(program));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &hung));
	dispatch_code(&hung, &code, gpup_program_size(program));
	TRY(c, gpup_queue_submit(hung.queue, hung.commands, NULL, 0, NULL, 0, &value));
	EXPECT(c, -ETIMEDOUT, gpup_queue_wait(hung.queue, value, 20000000));
	check_queue_destroy(&hung);
	gpu_buffer_destroy(&c->gpu, &code);
	gpup_program_destroy(program);

	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &hung));
	TRY(c, check_queue_run(&hung));
	check_queue_destroy(&hung);
	return true;
}

const struct check_test check_fault_tests[] = {
	{ "a write to what is read-only: EFAULT", read_only },
	{ "a write to where nothing is mapped: EFAULT", not_mapped },
	{ "a load from where nothing is mapped: EFAULT", bad_address },
	{ "malformed commands: EINVAL", bad_command },
	{ "malformed programs: EINVAL", bad_program },
	{ "an endless kernel: ETIME", endless },
	{ "a queue destroyed while its job runs", destroyed_while_running },
	{ NULL, NULL },
};
