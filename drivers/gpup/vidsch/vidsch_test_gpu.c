// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU for VidSch's unit tests.
 */
#include <kunit/device.h>
#include <linux/delay.h>

#include "vidsch_test_gpu.h"

/* The scheduler passes the adapter on, and nobody else looks at it. */
static struct test_gpu *to_test_gpu(struct gpup_adapter *adapter)
{
	return (struct test_gpu *)adapter;
}

static void test_run(struct gpup_adapter *adapter, u32 engine_class, u32 engine,
		     struct gpup_hw_job *job)
{
	struct test_gpu *gpu = to_test_gpu(adapter);
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	if (gpu->running[engine] || gpu->sched->classes[engine_class].engines[engine].halted)
		gpu->ran_while_halted = true;
	gpu->running[engine] = job;
	gpu->runs++;
	spin_unlock_irqrestore(&gpu->lock, flags);
}

static struct gpup_hw_context *test_context_create(struct gpup_adapter *adapter, u32 engine_class)
{
	struct test_gpu *gpu = to_test_gpu(adapter);

	if (gpu->no_contexts)
		return ERR_PTR(-ENOMEM);
	gpu->contexts++;
	return (struct gpup_hw_context *)gpu;
}

static void test_context_destroy(struct gpup_hw_context *context)
{
	((struct test_gpu *)context)->contexts--;
}

static u64 test_context_memory(struct gpup_adapter *adapter, u32 engine_class)
{
	return TEST_CONTEXT_SIZE;
}

/* The test answers. */
static void test_preempt(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct test_gpu *gpu = to_test_gpu(adapter);

	WRITE_ONCE(gpu->asked[engine], gpu->asked[engine] + 1);
}

static int test_engine_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct test_gpu *gpu = to_test_gpu(adapter);

	gpu->engine_resets++;
	if (gpu->reset_fails)
		return -EIO;
	/* Time for somebody to start another job there, if that were possible. */
	fsleep(1000);
	test_gpu_finish_with(gpu, engine, gpu->ends_in_time ? 0 : -ECANCELED, 0, 1000);
	fsleep(1000);
	return 0;
}

static void test_adapter_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine)
{
	struct test_gpu *gpu = to_test_gpu(adapter);
	unsigned int i;

	gpu->adapter_resets++;
	for (i = 0; i < TEST_ENGINES; i++)
		gpu->bystanders += i != engine && READ_ONCE(gpu->running[i]);
	for (i = 0; i < TEST_ENGINES; i++)
		if (i == engine || gpu->reset_loses)
			test_gpu_finish_with(gpu, i, -ECANCELED, 0, 1000);
}

static const struct gpup_adapter_ops test_ops = {
	.context_create = test_context_create,
	.context_destroy = test_context_destroy,
	.context_memory = test_context_memory,
	.run = test_run,
	.preempt = test_preempt,
	.engine_reset = test_engine_reset,
	.adapter_reset = test_adapter_reset,
};

static void destroy_queue(struct test_queue *tq)
{
	gpup_queue_close(tq->queue);
	gpup_queue_put(tq->queue);
	gpup_timeline_put(tq->tl);
	KUNIT_EXPECT_EQ(tq->gpu->test, 1, tq->released);
}

static void test_gpu_destroy(void *data)
{
	struct test_gpu *gpu = data;
	unsigned int i;

	for (i = 0; i < gpu->queue_count; i++)
		destroy_queue(&gpu->queues[i]);
	for (i = 0; i < ARRAY_SIZE(gpu->sp); i++) {
		KUNIT_EXPECT_EQ(gpu->test, 0, gpu->sp[i].pending);
		gpup_sched_partition_fini(&gpu->sp[i]);
	}
	KUNIT_EXPECT_EQ(gpu->test, 0,
			gpu->sched->classes[DRM_GPUP_ENGINE_COMPUTE].pick.active);
	KUNIT_EXPECT_FALSE(gpu->test, gpu->ran_while_halted);
	KUNIT_EXPECT_EQ(gpu->test, 0, gpu->contexts);
	KUNIT_EXPECT_EQ(gpu->test, 0, gpu->charged);
	gpup_vidsch_destroy(gpu->sched);
}

static struct test_gpu *create(struct kunit *test, unsigned int engines,
			       enum gpup_preemption preemption)
{
	const struct gpup_adapter_caps caps = {
		.engines[DRM_GPUP_ENGINE_COMPUTE] = engines,
		.preemption[DRM_GPUP_ENGINE_COMPUTE] = preemption,
	};
	struct test_gpu *gpu = kunit_kzalloc(test, sizeof(*gpu), GFP_KERNEL);
	struct device *dev = kunit_device_register(test, "gpup-test");
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, gpu);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	gpu->test = test;
	spin_lock_init(&gpu->lock);
	gpu->sched = gpup_vidsch_create((struct gpup_adapter *)gpu, dev, &test_ops, &caps);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gpu->sched);
	for (i = 0; i < ARRAY_SIZE(gpu->sp); i++)
		gpup_sched_partition_init(&gpu->sp[i], gpu->sched, i ? "second" : "first",
					  GPUP_PICK_UNIT_WEIGHT);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_gpu_destroy, gpu));
	return gpu;
}

/**
 * test_gpu_create() - Create a GPU with two partitions of equal weight
 * @test: The test, with which it goes.
 * @engines: Number of compute engines, at most TEST_ENGINES.
 *
 * Jobs that run when their queues are closed do not have long to end.
 *
 * Return: The GPU.
 */
struct test_gpu *test_gpu_create(struct kunit *test, unsigned int engines)
{
	struct test_gpu *gpu = create(test, engines, GPUP_PREEMPT_JOB);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gpu->sp); i++)
		gpup_sched_partition_set(&gpu->sp[i], GPUP_SCHED_PREEMPT_TIMEOUT_US, 20000);
	return gpu;
}

/**
 * test_gpu_create_preemptible() - The same, whose engines can interrupt a job
 * @test: The test, with which it goes.
 * @engines: Number of compute engines, at most TEST_ENGINES.
 *
 * Return: The GPU.
 */
struct test_gpu *test_gpu_create_preemptible(struct kunit *test, unsigned int engines)
{
	return create(test, engines, GPUP_PREEMPT_INSIDE);
}

static void count_release(void *data)
{
	struct test_queue *tq = data;

	/* By now the GPU has nothing of it any more. */
	KUNIT_EXPECT_EQ(tq->gpu->test, 0, tq->queue->live);
	tq->released++;
}

static int count_charge(void *data, s64 bytes)
{
	struct test_queue *tq = data;

	if (tq->gpu->no_memory && bytes > 0)
		return -ENOMEM;
	tq->gpu->charged += bytes;
	return 0;
}

static void create_queue(struct test_queue *tq)
{
	struct gpup_queue_params params = {
		.engine_class = DRM_GPUP_ENGINE_COMPUTE,
		.priority = tq->priority,
		.charge = count_charge,
		.release = count_release,
		.release_data = tq,
		.label = "test[1]",
	};
	struct test_gpu *gpu = tq->gpu;

	tq->released = 0;
	params.group = gpu->group;
	tq->tl = gpup_timeline_create(NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(gpu->test, tq->tl);
	params.timeline = tq->tl;
	tq->queue = gpup_queue_create(&gpu->sp[tq->partition], &params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(gpu->test, tq->queue);
	gpup_queue_set_name(tq->queue, 0x10000 + (tq - gpu->queues));
}

/**
 * test_gpu_queue() - Create a queue for the compute engines
 * @gpu: The GPU.
 * @partition: Index of its partition.
 * @priority: Its priority.
 *
 * Return: The queue.
 */
struct test_queue *test_gpu_queue(struct test_gpu *gpu, unsigned int partition, u32 priority)
{
	struct test_queue *tq = &gpu->queues[gpu->queue_count];

	KUNIT_ASSERT_LT(gpu->test, gpu->queue_count, TEST_QUEUES);
	tq->gpu = gpu;
	tq->partition = partition;
	tq->priority = priority;
	create_queue(tq);
	gpu->queue_count++;
	return tq;
}

/**
 * test_gpu_replace() - Destroy a queue and create another in its place
 * @tq: The queue.
 */
void test_gpu_replace(struct test_queue *tq)
{
	destroy_queue(tq);
	create_queue(tq);
}

/**
 * test_gpu_try_submit() - Queue one job, perhaps in vain
 * @tq: The queue.
 * @stream_size: Size of its command stream.
 * @waits: What it waits for.
 * @wait_count: Number of @waits.
 *
 * Return: As gpup_queue_submit().
 */
int test_gpu_try_submit(struct test_queue *tq, u32 stream_size, const struct gpup_wait *waits,
			unsigned int wait_count)
{
	struct gpup_job_params params = {
		.stream_size = stream_size,
		.waits = waits,
		.wait_count = wait_count,
	};

	return gpup_queue_submit(tq->queue, &params, 1);
}

/**
 * test_gpu_submit() - Queue one job
 * @tq: The queue.
 *
 * Return: Its timeline value.
 */
u64 test_gpu_submit(struct test_queue *tq)
{
	KUNIT_ASSERT_EQ(tq->gpu->test, 0, test_gpu_try_submit(tq, TEST_STREAM, NULL, 0));
	return tq->tl->submitted;
}

/**
 * test_gpu_submit_empty() - Queue one empty job
 * @tq: The queue.
 *
 * Return: Its timeline value.
 */
u64 test_gpu_submit_empty(struct test_queue *tq)
{
	KUNIT_ASSERT_EQ(tq->gpu->test, 0, test_gpu_try_submit(tq, 0, NULL, 0));
	return tq->tl->submitted;
}

/**
 * test_gpu_runs() - Whose job runs?
 * @gpu: The GPU.
 * @engine: The engine.
 *
 * Return: The queue of the job that runs on the engine, or NULL.
 */
struct test_queue *test_gpu_runs(struct test_gpu *gpu, unsigned int engine)
{
	struct gpup_queue *queue = NULL;
	unsigned int i;

	spin_lock_irq(&gpu->lock);
	if (gpu->running[engine])
		queue = container_of(gpu->running[engine], struct gpup_job, hw)->queue;
	spin_unlock_irq(&gpu->lock);
	for (i = 0; queue && i < gpu->queue_count; i++)
		if (gpu->queues[i].queue == queue)
			return &gpu->queues[i];
	return NULL;
}

static struct gpup_hw_job *take_running(struct test_gpu *gpu, unsigned int engine)
{
	struct gpup_hw_job *job;
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	job = gpu->running[engine];
	gpu->running[engine] = NULL;
	spin_unlock_irqrestore(&gpu->lock, flags);
	return job;
}

/**
 * test_gpu_finish_with() - Let the job that runs end, if there is one
 * @gpu: The GPU.
 * @engine: The engine.
 * @error: How.
 * @fault_addr: Where, with -EFAULT.
 * @gpu_ns: After how long, in ns.
 */
void test_gpu_finish_with(struct test_gpu *gpu, unsigned int engine, int error, u64 fault_addr,
			  u64 gpu_ns)
{
	struct gpup_hw_job *job = take_running(gpu, engine);

	if (job)
		gpup_hw_job_done(job, error, fault_addr, gpu_ns);
}

/**
 * test_gpu_finish() - Let the job that runs end well, after a microsecond
 * @gpu: The GPU.
 * @engine: The engine.
 */
void test_gpu_finish(struct test_gpu *gpu, unsigned int engine)
{
	KUNIT_EXPECT_NOT_NULL(gpu->test, gpu->running[engine]);
	test_gpu_finish_with(gpu, engine, 0, 0, 1000);
}

/**
 * test_gpu_preempt() - Let the job that runs be taken off its engine
 * @gpu: The GPU.
 * @engine: The engine.
 * @gpu_ns: After how long, in ns.
 */
void test_gpu_preempt(struct test_gpu *gpu, unsigned int engine, u64 gpu_ns)
{
	struct gpup_hw_job *job = take_running(gpu, engine);

	KUNIT_EXPECT_NOT_NULL(gpu->test, job);
	if (job)
		gpup_hw_job_preempted(job, gpu_ns);
}

/* Exact: queues' work is queued with the scheduler's lock held. */
static bool is_settled(struct test_gpu *gpu)
{
	bool settled = true;
	unsigned int i;

	spin_lock_irq(&gpu->sched->lock);
	for (i = 0; i < gpu->queue_count; i++)
		settled &= !work_busy(&gpu->queues[i].queue->work);
	spin_unlock_irq(&gpu->sched->lock);
	return settled;
}

/**
 * test_gpu_settle() - Wait until the scheduler has nothing to do
 * @gpu: The GPU.
 *
 * Queues can give each other something to do, and to flush the workqueue once is to
 * wait only for what was there at the time.
 */
void test_gpu_settle(struct test_gpu *gpu)
{
	do {
		flush_workqueue(gpu->sched->wq);
	} while (!is_settled(gpu));
}

/**
 * test_gpu_reached() - Has a queue's timeline reached a value?
 * @tq: The queue.
 * @value: The value.
 *
 * Return: Whether it has.
 */
bool test_gpu_reached(struct test_queue *tq, u64 value)
{
	return READ_ONCE(tq->tl->completed) >= value;
}

/**
 * test_gpu_reaches() - Will a queue's timeline reach a value?
 * @tq: The queue.
 * @value: The value.
 *
 * Waits for as long as any test machine may need.
 *
 * Return: Whether it has.
 */
bool test_gpu_reaches(struct test_queue *tq, u64 value)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		if (test_gpu_reached(tq, value))
			return true;
		fsleep(5000);
	}
	return false;
}

/**
 * test_gpu_close() - Close a queue
 * @tq: The queue.
 */
void test_gpu_close(struct test_queue *tq)
{
	gpup_queue_close(tq->queue);
}
