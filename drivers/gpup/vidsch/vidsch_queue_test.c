// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of queues and engines, as long as all goes well or is cancelled.
 */
#include <linux/dma-fence.h>
#include <linux/math64.h>
#include <linux/spinlock.h>

#include "vidsch_test_gpu.h"

#define NORMAL	DRM_GPUP_QUEUE_PRIORITY_NORMAL

static void jobs_of_a_queue_run_one_after_the_other(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 2);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_sched_stats stats;
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, i + 1, test_gpu_submit(tq));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, i + 1, gpu->runs);
		KUNIT_EXPECT_NULL(test, test_gpu_runs(gpu, 1));
		KUNIT_EXPECT_EQ(test, i, tq->tl->completed);
		test_gpu_finish(gpu, 0);
	}
	KUNIT_EXPECT_EQ(test, 3, tq->tl->completed);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 3000, gpup_queue_gpu_time(tq->queue));
	KUNIT_EXPECT_EQ(test, 0, tq->queue->live);

	gpup_sched_partition_stats(&gpu->sp[0], &stats);
	KUNIT_EXPECT_EQ(test, 3000, stats.gpu_ns[DRM_GPUP_ENGINE_COMPUTE]);
	KUNIT_EXPECT_EQ(test, 3, stats.jobs[DRM_GPUP_ENGINE_COMPUTE]);
	KUNIT_EXPECT_EQ(test, 0, stats.hangs);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].pending);
}

static void engines_work_at_the_same_time(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 2);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	struct test_queue *c = test_gpu_queue(gpu, 1, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(b);
	test_gpu_submit(c);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), a);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 1), b);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), c);
	test_gpu_finish(gpu, 0);
	test_gpu_finish(gpu, 1);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(a, 1));
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(b, 1));
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(c, 1));
}

static void empty_jobs_take_their_turn_without_an_engine(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	unsigned int i;

	test_gpu_submit(a);
	test_gpu_submit_empty(a);
	test_gpu_submit(a);
	for (i = 0; i < 200; i++)
		test_gpu_submit_empty(b);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 200, b->tl->completed);
	KUNIT_EXPECT_EQ(test, 0, a->tl->completed);
	test_gpu_finish(gpu, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 2, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 2, gpu->runs);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 3, a->tl->completed);
}

static void jobs_wait_for_other_queues(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_wait wait = { .timeline = a->tl, .value = 2 };

	test_gpu_submit(a);
	test_gpu_submit(a);
	KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(b, TEST_STREAM, &wait, 1));
	KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(b, 0, &wait, 1));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), a);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), b);
	test_gpu_finish(gpu, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(b, 2));

	wait.value = 3;
	KUNIT_EXPECT_EQ(test, -EINVAL, test_gpu_try_submit(b, TEST_STREAM, &wait, 1));
	KUNIT_EXPECT_EQ(test, 2, b->tl->submitted);
}

static void a_chain_of_empty_jobs_needs_no_stack(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq[2];
	struct gpup_wait wait = {};
	unsigned int i;

	tq[0] = test_gpu_queue(gpu, 0, NORMAL);
	tq[1] = test_gpu_queue(gpu, 1, NORMAL);
	test_gpu_submit(tq[0]);
	/* Each waits for the one before, in the other queue. */
	for (i = 1; i < 2000; i++) {
		wait.timeline = tq[(i - 1) % 2]->tl;
		wait.value = wait.timeline->submitted;
		KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(tq[i % 2], 0, &wait, 1));
	}
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, tq[1]->tl->completed);
	test_gpu_finish(gpu, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 1000, tq[0]->tl->completed);
	KUNIT_EXPECT_EQ(test, 1000, tq[1]->tl->completed);
}

static void fences_of_jobs_signal(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_job_params jobs[3] = {};
	struct dma_fence *fence[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fence[i] = gpup_fence_create(tq->tl);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fence[i]);
		jobs[i].stream_size = TEST_STREAM;
		jobs[i].fence = fence[i];
	}
	KUNIT_ASSERT_EQ(test, 0, gpup_queue_submit(tq->queue, jobs, 3));
	KUNIT_EXPECT_EQ(test, 1, jobs[0].value);
	KUNIT_EXPECT_EQ(test, 2, jobs[1].value);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 1, dma_fence_get_status(fence[0]));
	KUNIT_EXPECT_EQ(test, 0, dma_fence_get_status(fence[1]));
	/* The second one does not end. */
	test_gpu_close(tq);
	KUNIT_EXPECT_EQ(test, -ETIME, dma_fence_get_status(fence[1]));
	KUNIT_EXPECT_EQ(test, -ECANCELED, dma_fence_get_status(fence[2]));
	for (i = 0; i < 3; i++)
		dma_fence_put(fence[i]);
}

static void all_jobs_are_queued_or_none(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_wait bad = { .timeline = tq->tl, .value = 100 };
	struct gpup_job_params jobs[3] = {};
	unsigned int i;

	for (i = 0; i < 3; i++)
		jobs[i].stream_size = TEST_STREAM;

	/* A value that is not the next; values that do not follow each other. */
	jobs[2].value = 4;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_queue_submit(tq->queue, jobs, 3));
	jobs[2].value = 2;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_queue_submit(tq->queue, jobs, 3));
	jobs[0].value = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_queue_submit(tq->queue, jobs, 3));
	jobs[0].value = 0;
	jobs[2].value = 0;
	/* A wait for what was never given out, in the last job. */
	jobs[2].waits = &bad;
	jobs[2].wait_count = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_queue_submit(tq->queue, jobs, 3));
	jobs[2].wait_count = 0;

	KUNIT_EXPECT_EQ(test, 0, tq->tl->submitted);
	KUNIT_EXPECT_EQ(test, 0, gpu->runs);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].pending);
	KUNIT_EXPECT_EQ(test, 0, tq->queue->live);

	jobs[2].value = 3;
	KUNIT_EXPECT_EQ(test, 0, gpup_queue_submit(tq->queue, jobs, 3));
	KUNIT_EXPECT_EQ(test, 3, tq->tl->submitted);
}

static void a_queue_holds_so_many_jobs(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *other = test_gpu_queue(gpu, 0, NORMAL);
	unsigned int i;

	for (i = 0; i < GPUP_QUEUE_MAX_JOBS; i++)
		test_gpu_submit(tq);
	KUNIT_EXPECT_EQ(test, -EBUSY, test_gpu_try_submit(tq, TEST_STREAM, NULL, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, test_gpu_try_submit(tq, 0, NULL, 0));
	test_gpu_submit(other);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, test_gpu_try_submit(tq, TEST_STREAM, NULL, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, test_gpu_try_submit(tq, TEST_STREAM, NULL, 0));
}

static void a_partition_holds_so_many_conditions(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *neighbour = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_wait *waits;
	unsigned int i, held = 1;

	waits = kunit_kcalloc(test, DRM_GPUP_MAX_SYNCS, sizeof(*waits), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, waits);
	for (i = 0; i < DRM_GPUP_MAX_SYNCS; i++) {
		waits[i].timeline = tq->tl;
		waits[i].value = 1;
	}
	test_gpu_submit(tq);
	for (; held + 1 + DRM_GPUP_MAX_SYNCS <= GPUP_PARTITION_MAX_PENDING;
	     held += 1 + DRM_GPUP_MAX_SYNCS)
		KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(tq, 0, waits, DRM_GPUP_MAX_SYNCS));
	KUNIT_EXPECT_EQ(test, -EBUSY, test_gpu_try_submit(tq, 0, waits, DRM_GPUP_MAX_SYNCS));
	KUNIT_EXPECT_EQ(test, held, gpu->sp[0].pending);
	test_gpu_submit(neighbour);

	test_gpu_finish(gpu, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].pending);
	KUNIT_EXPECT_EQ(test, tq->tl->submitted, tq->tl->completed);
}

static void time_is_shared_by_weight(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	const u64 ns_a = 7000, ns_b = 1000;
	u64 used_a, used_b;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_WEIGHT, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_WEIGHT, 10001));
	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[1], GPUP_SCHED_WEIGHT, 300));
	for (i = 0; i < 2; i++)
		gpup_sched_partition_set(&gpu->sp[i], GPUP_SCHED_QUANTUM_US, 100);
	/* One job in reserve, as a program has it that keeps the GPU busy. */
	test_gpu_submit(a);
	test_gpu_submit(b);
	for (i = 0; i < 3000; i++) {
		struct test_queue *runs = test_gpu_runs(gpu, 0);

		test_gpu_submit(runs);
		test_gpu_finish_with(gpu, 0, 0, 0, runs == a ? ns_a : ns_b);
	}
	used_a = gpup_queue_gpu_time(a->queue);
	used_b = gpup_queue_gpu_time(b->queue);
	KUNIT_EXPECT_LE(test, abs_diff(3 * used_a, used_b),
			3 * ns_a + ns_b + 6 * 100 * NSEC_PER_USEC);
}

static void queue_parameters_are_checked(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct gpup_queue_params params = { .label = "" };
	struct gpup_queue *queue;

	params.engine_class = DRM_GPUP_ENGINE_COPY;
	queue = gpup_queue_create(&gpu->sp[0], &params);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(queue));
	params.engine_class = DRM_GPUP_ENGINE_CLASSES;
	queue = gpup_queue_create(&gpu->sp[0], &params);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(queue));
	params.engine_class = DRM_GPUP_ENGINE_COMPUTE;
	params.priority = DRM_GPUP_QUEUE_PRIORITY_HIGH + 1;
	queue = gpup_queue_create(&gpu->sp[0], &params);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(queue));
}

static void close_stops_what_runs_and_cancels_the_rest(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	unsigned int i;

	for (i = 0; i < 100; i++)
		test_gpu_submit(a);
	test_gpu_submit(b);
	test_gpu_close(a);

	KUNIT_EXPECT_EQ(test, 1, a->released);
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 100, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 1, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(a->tl));
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(a, TEST_STREAM, NULL, 0));

	/* The engine has been reset. */
	test_gpu_settle(gpu);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), b);
	KUNIT_EXPECT_EQ(test, 2, gpu->runs);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(b, 1));

	test_gpu_close(a);
	KUNIT_EXPECT_EQ(test, 1, a->released);
}

static void close_of_a_runnable_queue_needs_no_reset(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(b);
	test_gpu_close(b);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(b, 1));
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), a);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
}

static void close_does_not_wait_for_conditions(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_wait waits[2] = {};
	struct dma_fence *fence;
	unsigned int i;

	waits[0].timeline = b->tl;
	waits[0].value = test_gpu_submit(b);
	fence = gpup_fence_create(b->tl);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fence);
	gpup_fence_arm(fence, 1);
	waits[1].fence = fence;
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(a, TEST_STREAM * (i % 2), waits, 2));
	dma_fence_put(fence);
	test_gpu_close(a);
	KUNIT_EXPECT_EQ(test, 10, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 0, b->tl->completed);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
}

static void a_failed_queue_takes_no_more(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(b);
	test_gpu_submit(a);
	test_gpu_submit(a);
	gpup_queue_fail(a->queue, -ENOMEM);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 2, a->tl->completed);
	KUNIT_EXPECT_EQ(test, -ENOMEM, gpup_timeline_error(a->tl));
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(a, TEST_STREAM, NULL, 0));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(b->tl));
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
}

/* The refusal of what comes after a fault must not be told in the place of the fault. */
static void a_fault_has_the_first_word(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_queue *queue = a->queue;

	test_gpu_submit(a);
	test_gpu_submit(a);
	/* Somebody else completes jobs, and takes long. */
	spin_lock_irq(&queue->sched->lock);
	queue->retiring = true;
	spin_unlock_irq(&queue->sched->lock);
	test_gpu_finish_with(gpu, 0, -EFAULT, 0x1000, 1000);
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(a, TEST_STREAM, NULL, 0));
	gpup_queue_fail(queue, -ECANCELED);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(a->tl));

	gpup_queue_retire(queue);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 2, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 1, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -EFAULT, gpup_timeline_error(a->tl));
	KUNIT_EXPECT_EQ(test, 0x1000, a->tl->fault_addr);
}

static void a_failure_is_told_at_once(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);

	gpup_queue_fail(a->queue, -EBUSY);
	KUNIT_EXPECT_EQ(test, 1, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -EBUSY, gpup_timeline_error(a->tl));
}

/* Who is told of a failure takes the value to have ended: not one whose job still runs. */
static void a_failure_waits_for_what_runs(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(a);
	gpup_queue_fail(a->queue, -EBUSY);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(a->tl));
	KUNIT_EXPECT_EQ(test, 0, a->tl->completed);

	test_gpu_finish(gpu, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 2, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 2, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -EBUSY, gpup_timeline_error(a->tl));
}

static void what_runs_may_fail_by_itself(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(a);
	gpup_queue_fail(a->queue, -EBUSY);
	test_gpu_finish_with(gpu, 0, -EFAULT, 0x1000, 1000);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 2, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 1, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -EFAULT, gpup_timeline_error(a->tl));
	KUNIT_EXPECT_EQ(test, 0x1000, a->tl->fault_addr);
}

static void count_get(void *data)
{
	unsigned int *gets = data;

	(*gets)++;
}

static void a_closed_queue_keeps_nothing(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct gpup_queue_params params = {
		.timeline = gpup_timeline_create(NULL, NULL),
		.label = "test",
	};
	struct gpup_queue *queue;
	unsigned int gets = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, params.timeline);
	params.release = count_get;
	params.release_data = &gets;
	queue = gpup_queue_create(&gpu->sp[0], &params);
	gpup_timeline_put(params.timeline);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	KUNIT_EXPECT_PTR_EQ(test, &gets, gpup_queue_get_data(queue, count_get));
	KUNIT_EXPECT_EQ(test, 1, gets);
	gpup_queue_close(queue);
	KUNIT_EXPECT_EQ(test, 2, gets);
	KUNIT_EXPECT_NULL(test, gpup_queue_get_data(queue, count_get));
	KUNIT_EXPECT_EQ(test, 2, gets);
	gpup_queue_put(queue);
}

/* It is told even if there is no job to cancel, and if somebody completes jobs just then. */
static void a_failure_is_not_forgotten(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_queue *queue = a->queue;

	test_gpu_submit(a);
	spin_lock_irq(&queue->sched->lock);
	queue->retiring = true;
	spin_unlock_irq(&queue->sched->lock);
	test_gpu_finish(gpu, 0);
	gpup_queue_fail(queue, -ENOMEM);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(a->tl));

	gpup_queue_retire(queue);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 1, a->tl->completed);
	KUNIT_EXPECT_EQ(test, 2, a->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -ENOMEM, gpup_timeline_error(a->tl));
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(jobs_of_a_queue_run_one_after_the_other),
	KUNIT_CASE(engines_work_at_the_same_time),
	KUNIT_CASE(empty_jobs_take_their_turn_without_an_engine),
	KUNIT_CASE(jobs_wait_for_other_queues),
	KUNIT_CASE(a_chain_of_empty_jobs_needs_no_stack),
	KUNIT_CASE(fences_of_jobs_signal),
	KUNIT_CASE(all_jobs_are_queued_or_none),
	KUNIT_CASE(a_queue_holds_so_many_jobs),
	KUNIT_CASE(a_partition_holds_so_many_conditions),
	KUNIT_CASE(time_is_shared_by_weight),
	KUNIT_CASE(queue_parameters_are_checked),
	KUNIT_CASE(close_stops_what_runs_and_cancels_the_rest),
	KUNIT_CASE(close_of_a_runnable_queue_needs_no_reset),
	KUNIT_CASE(close_does_not_wait_for_conditions),
	KUNIT_CASE(a_failed_queue_takes_no_more),
	KUNIT_CASE(a_fault_has_the_first_word),
	KUNIT_CASE(a_failure_is_told_at_once),
	KUNIT_CASE(a_failure_waits_for_what_runs),
	KUNIT_CASE(what_runs_may_fail_by_itself),
	KUNIT_CASE(a_failure_is_not_forgotten),
	KUNIT_CASE(a_closed_queue_keeps_nothing),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "gpup_vidsch_queue",
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
