// SPDX-License-Identifier: MIT
/* gpup check: queues, and waiting for each other. */
#include <pthread.h>
#include <stdio.h>

#include "check.h"

#define SHORT	INT64_C(50000000)

static bool cpu_timeline(struct check *c)
{
	struct gpup_timeline *timeline;
	uint64_t value;

	TRY(c, gpup_timeline_create(c->gpu.device, &timeline));
	TRY(c, gpup_timeline_value(timeline, &value));
	CHECK(c, !value, "a new timeline is not at zero");
	EXPECT(c, -ETIMEDOUT, gpup_timeline_wait(timeline, 1, 0));
	EXPECT(c, -ETIMEDOUT, gpup_timeline_wait(timeline, 1, SHORT));
	TRY(c, gpup_timeline_signal(timeline, 3));
	TRY(c, gpup_timeline_wait(timeline, 2, 0));
	TRY(c, gpup_timeline_value(timeline, &value));
	CHECK(c, value == 3, "it is not at 3");
	gpup_timeline_destroy(timeline);
	return true;
}

/* A chain through two queues: each job needs what the one before has written. */
static bool two_queues(struct check *c)
{
	enum { ROUNDS = 24 };
	/* Each job has commands of its own: they must stay as they are until it has ended. */
	struct gpup_cmdbuf *commands[ROUNDS];
	struct check_queue queues[2];
	struct gpup_fence fence = { 0 };
	struct gpu_buffer data;
	uint32_t i, *word;

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_VRAM, &data);
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queues[0]));
	TRY(c, check_queue_create(c, c->gpu.info.engines[GPUP_ENGINE_COPY].count ?
				  GPUP_ENGINE_COPY : GPUP_ENGINE_COMPUTE, &queues[1]));
	word = data.data;
	word[0] = 42;
	for (i = 0; i < ROUNDS; i++) {
		struct check_queue *queue = &queues[i % 2];

		TRY(c, gpup_cmdbuf_create(c->gpu.vm, 64, &commands[i]));
		gpup_cmd_copy(commands[i], data.va + (i + 1) * 4, data.va + i * 4, 4);
		TRY(c, gpup_queue_submit(queue->queue, commands[i], &fence, i ? 1 : 0, NULL, 0,
					 &fence.value));
		fence.timeline = gpup_queue_timeline(queue->queue);
	}
	TRY(c, gpup_queue_wait(queues[(ROUNDS - 1) % 2].queue, fence.value, CHECK_TIMEOUT));
	for (i = 0; i < ROUNDS; i++)
		gpup_cmdbuf_destroy(commands[i]);
	for (i = 0; i <= ROUNDS; i++)
		CHECK(c, word[i] == 42, "job %u came too early", i);
	check_queue_destroy(&queues[0]);
	check_queue_destroy(&queues[1]);
	gpu_buffer_destroy(&c->gpu, &data);
	return true;
}

/* A job waits for a timeline that another queue signals, and signals one itself. */
static bool explicit_fences(struct check *c)
{
	enum { FENCES_SUM = 32 << 10 };
	struct check_queue first, second;
	struct gpup_timeline *timeline;
	struct gpup_queue_state state;
	struct gpu_buffer data;
	uint64_t value;

	gpu_buffer_create(&c->gpu, 1 << 20, GPUP_BO_VRAM, &data);
	TRY(c, gpup_timeline_create(c->gpu.device, &timeline));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &first));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &second));

	gpup_cmd_fill(first.commands, data.va, data.size, 7);
	TRY(c, gpup_queue_submit(first.queue, first.commands, NULL, 0,
				 &(struct gpup_fence) { timeline, 10 }, 1, NULL));
	gpup_cmd_fill_byte(second.commands, data.va, data.size / 2, 9);
	TRY(c, gpup_queue_submit(second.queue, second.commands,
				 &(struct gpup_fence) { timeline, 10 }, 1,
				 &(struct gpup_fence) { timeline, 20 }, 1, &value));
	TRY(c, gpup_timeline_wait(timeline, 20, CHECK_TIMEOUT));
	TRY(c, gpup_queue_wait(second.queue, value, CHECK_TIMEOUT));
	/* Around where the two jobs meet: reads of video memory may each be a trap. */
	check_sum("fences", (uint8_t *)data.data + data.size / 2 - FENCES_SUM / 2, FENCES_SUM);
	TRY(c, gpup_timeline_value(timeline, &value));
	CHECK(c, value == 20, "the timeline is not at 20");

	/* What nobody has submitted cannot be waited for by a job. */
	EXPECT(c, -EINVAL, gpup_queue_submit(first.queue, NULL,
					     &(struct gpup_fence) { timeline, 30 }, 1, NULL, 0,
					     NULL));
	TRY(c, gpup_queue_get_state(first.queue, &state));
	CHECK(c, !state.banned && state.submitted == 1 && state.completed == 1,
	      "the state of the queue");
	check_queue_destroy(&first);
	check_queue_destroy(&second);
	gpup_timeline_destroy(timeline);
	gpu_buffer_destroy(&c->gpu, &data);
	return true;
}

static bool empty_jobs(struct check *c)
{
	struct gpup_timeline *timeline;
	struct check_queue queue;
	uint64_t value = 0;
	int i;

	TRY(c, gpup_timeline_create(c->gpu.device, &timeline));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));
	for (i = 0; i < 40; i++)
		TRY(c, gpup_queue_submit(queue.queue, NULL, NULL, 0,
					 &(struct gpup_fence) { timeline, (uint64_t)i + 1 }, 1,
					 &value));
	CHECK(c, value == 40, "the values of a queue do not count its jobs");
	TRY(c, gpup_queue_wait(queue.queue, 40, CHECK_TIMEOUT));
	TRY(c, gpup_timeline_wait(timeline, 40, CHECK_TIMEOUT));
	check_queue_destroy(&queue);
	gpup_timeline_destroy(timeline);
	return true;
}

/* Bind behind a job's back: the bind waits for the first job, the second job for the bind. */
static bool async_binds(struct check *c)
{
	uint32_t page = c->gpu.info.page_size;
	struct gpup_timeline *timeline;
	struct check_queue queue;
	struct gpup_cmdbuf *second;
	struct gpu_buffer old, new;
	struct gpup_bind bind;
	uint64_t va, value;

	gpu_buffer_create(&c->gpu, page, GPUP_BO_VRAM, &old);
	gpu_buffer_create(&c->gpu, page, GPUP_BO_VRAM, &new);
	TRY(c, gpup_timeline_create(c->gpu.device, &timeline));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queue));
	TRY(c, gpup_cmdbuf_create(c->gpu.vm, 256, &second));
	TRY(c, gpup_vm_reserve(c->gpu.vm, page, 0, &va));

	bind = (struct gpup_bind) { .bo = old.bo, .va = va, .size = page };
	TRY(c, gpup_vm_bind_async(c->gpu.vm, &bind, 1, NULL, 0,
				  &(struct gpup_fence) { timeline, 1 }, 1));
	gpup_cmd_fill(queue.commands, va, page, 1);
	TRY(c, gpup_queue_submit(queue.queue, queue.commands,
				 &(struct gpup_fence) { timeline, 1 }, 1,
				 &(struct gpup_fence) { timeline, 2 }, 1, NULL));
	bind.bo = new.bo;
	TRY(c, gpup_vm_bind_async(c->gpu.vm, &bind, 1, &(struct gpup_fence) { timeline, 2 }, 1,
				  &(struct gpup_fence) { timeline, 3 }, 1));
	gpup_cmd_fill(second, va, page, 2);
	TRY(c, gpup_queue_submit(queue.queue, second, &(struct gpup_fence) { timeline, 3 }, 1,
				 NULL, 0, &value));
	TRY(c, gpup_queue_wait(queue.queue, value, CHECK_TIMEOUT));
	CHECK(c, *(uint32_t *)old.data == 1 && *(uint32_t *)new.data == 2,
	      "the binds were not between the jobs");
	TRY(c, gpup_vm_error(c->gpu.vm));

	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	check_queue_destroy(&queue);
	gpup_cmdbuf_destroy(second);
	gpup_timeline_destroy(timeline);
	gpu_buffer_destroy(&c->gpu, &old);
	gpu_buffer_destroy(&c->gpu, &new);
	return true;
}

/* Several threads, each with a queue, in one address space. */
struct worker {
	struct check *c;
	pthread_t thread;
	uint32_t number;
	int error;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct gpup_device *device = worker->c->gpu.device;
	struct gpup_vm *vm = worker->c->gpu.vm;
	uint32_t size = 64 << 10, i, *word;
	struct check_queue queue;
	struct gpup_bo *bo;
	void *address;
	uint64_t va;
	int ret;

	ret = check_queue_create(worker->c, GPUP_ENGINE_COMPUTE, &queue);
	for (i = 0; i < 16 && !ret; i++) {
		ret = gpup_bo_create(device, size, i & 1 ? GPUP_BO_VRAM : GPUP_BO_SYSTEM, &bo);
		if (!ret)
			ret = gpup_bo_map(bo, &address);
		if (!ret)
			ret = gpup_vm_map(vm, bo, 0, &va);
		if (ret)
			break;
		gpup_cmd_fill(queue.commands, va, size, worker->number << 16 | i);
		ret = check_queue_run(&queue);
		word = address;
		if (!ret && (word[0] != (worker->number << 16 | i) ||
			     word[0] != word[size / 4 - 1]))
			ret = -EILSEQ;
		if (!ret)
			ret = gpup_vm_unmap(vm, va);
		gpup_bo_destroy(bo);
	}
	worker->error = ret;
	if (!ret)
		check_queue_destroy(&queue);
	return NULL;
}

static bool threads(struct check *c)
{
	struct worker workers[4];
	int i;

	for (i = 0; i < 4; i++) {
		workers[i] = (struct worker) { .c = c, .number = (uint32_t)i };
		CHECK(c, !pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		      "a thread cannot be created");
	}
	for (i = 0; i < 4; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < 4; i++)
		TRY(c, workers[i].error);
	return true;
}

/* Looks at a word for a while, and ends at once when that is no longer zero: args are its address. */
static const char watch_kernel[] =
	"ldarg.u64 r0, 0\n mov r1, 8192\n"
	"loop\n"
	"  ld.u32 r2, [r0]\n ceq.i64 r2, r2, 0\n breakif !r2\n"
	"  ceq.i64 r2, r1, 0\n breakif r2\n sub.i64 r1, r1, 1\n"
	"endloop\n";

/*
 * All that a partition may have pending, behind jobs that do not end yet: most wait for 60 others,
 * and count as 61. What would be too much is refused, and only as long as it would be. Those in
 * front are many, for a single one would have to be short of the job timeout. Where even they end
 * before the others are submitted nothing can be seen: nothing is ever pending there.
 */
static bool pending(struct check *c)
{
	enum {
		MAX_PENDING = 65536, WATCHERS = 2048, WAITS = 60,
		FIT = (MAX_PENDING - WATCHERS - 2 * WAITS) / (1 + WAITS),
		/* As many more as watchers have ended meanwhile. */
		MOST = FIT + WATCHERS / (1 + WAITS) + 1,
	};
	struct check_queue queues[WAITS], watchers, full;
	struct gpup_fence last, waits[WAITS];
	struct gpu_kernel kernel;
	struct gpu_buffer go;
	uint64_t value = 0, ended;
	uint32_t i;
	int ret;

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_SYSTEM, &go);
	gpu_kernel_load(&c->gpu, "watch.s", watch_kernel, strlen(watch_kernel), &kernel);
	for (i = 0; i < WAITS; i++) {
		TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &queues[i]));
		waits[i].timeline = gpup_queue_timeline(queues[i].queue);
	}
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &watchers));
	TRY(c, check_queue_create(c, GPUP_ENGINE_COMPUTE, &full));

	gpup_cmd_dispatch(watchers.commands, &(struct gpup_dispatch) {
		.program = kernel.code.va, .program_size = kernel.size,
		.args = &go.va, .args_size = sizeof(go.va),
		.grid = { 1, 1, 1 }, .group = { 1, 1, 1 } });
	last.timeline = gpup_queue_timeline(watchers.queue);
	for (i = 0; i < WATCHERS; i++)
		TRY(c, gpup_queue_submit(watchers.queue, watchers.commands, NULL, 0, NULL, 0,
					 &last.value));
	for (i = 0; i < WAITS; i++)
		TRY(c, gpup_queue_submit(queues[i].queue, NULL, &last, 1, NULL, 0,
					 &waits[i].value));
	do
		ret = gpup_queue_submit(full.queue, NULL, waits, WAITS, NULL, 0, &value);
	while (!ret && value <= MOST);
	TRY(c, gpup_timeline_value(last.timeline, &ended));
	__atomic_store_n((uint32_t *)go.data, 1, __ATOMIC_RELEASE);
	if (ended < WATCHERS)
		CHECK(c, ret == -EBUSY && value >= FIT && value <= MOST,
		      "%llu jobs fit, then: %s; expected: %u, then: %s",
		      (unsigned long long)value, strerror(-ret), FIT, strerror(EBUSY));

	TRY(c, gpup_queue_wait(full.queue, value, CHECK_TIMEOUT));
	TRY(c, gpup_queue_submit(full.queue, NULL, waits, WAITS, NULL, 0, &value));
	TRY(c, gpup_queue_wait(full.queue, value, CHECK_TIMEOUT));
	for (i = 0; i < WAITS; i++)
		check_queue_destroy(&queues[i]);
	check_queue_destroy(&watchers);
	check_queue_destroy(&full);
	gpu_kernel_destroy(&c->gpu, &kernel);
	gpu_buffer_destroy(&c->gpu, &go);
	return true;
}

const struct check_test check_sync_tests[] = {
	{ "a timeline signalled by the CPU", cpu_timeline },
	{ "two queues that wait for each other", two_queues },
	{ "fences between queues", explicit_fences },
	{ "empty jobs", empty_jobs },
	{ "binds between jobs", async_binds },
	{ "four threads at once", threads },
	{ "all that may be pending, and not more: EBUSY", pending },
	{ NULL, NULL },
};
