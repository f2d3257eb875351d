// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of slices: jobs that are taken off, go on, and do not get off.
 */
#include <linux/delay.h>
#include <linux/prandom.h>

#include "vidsch_test_gpu.h"

#define NORMAL	DRM_GPUP_QUEUE_PRIORITY_NORMAL

/* Wait for as long as any test machine may need. */
static bool is_asked(struct test_gpu *gpu, unsigned int engine, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		if (READ_ONCE(gpu->asked[engine]) >= count)
			return true;
		fsleep(5000);
	}
	return false;
}

static bool runs_again(struct test_gpu *gpu, struct test_queue *tq)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		if (test_gpu_runs(gpu, 0) == tq)
			return true;
		fsleep(5000);
	}
	return false;
}

static void who_is_alone_goes_on(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(tq);
	fsleep(50000);
	KUNIT_EXPECT_EQ(test, 0, gpu->asked[0]);
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(tq, 1));
}

static void others_get_their_turn(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_queue_stats stats;
	struct gpup_job *job;

	test_gpu_submit(a);
	test_gpu_submit(a);
	test_gpu_submit(b);
	KUNIT_EXPECT_PTR_EQ(test, a, test_gpu_runs(gpu, 0));
	job = container_of(gpu->running[0], struct gpup_job, hw);
	KUNIT_EXPECT_FALSE(test, job->hw.resume);
	KUNIT_EXPECT_NOT_NULL(test, job->hw.context);
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 1));
	test_gpu_preempt(gpu, 0, 1000000);
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(a, 1));
	KUNIT_EXPECT_PTR_EQ(test, b, test_gpu_runs(gpu, 0));
	test_gpu_finish(gpu, 0);
	/* It is the same job that goes on, and the next one comes after it. */
	KUNIT_EXPECT_PTR_EQ(test, &job->hw, gpu->running[0]);
	KUNIT_EXPECT_TRUE(test, job->hw.resume);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(a, 1));
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(a, 2));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(a, 2));
	gpup_queue_stats(a->queue, &stats);
	KUNIT_EXPECT_EQ(test, 1, stats.preemptions);
	KUNIT_EXPECT_EQ(test, 2, stats.jobs);
	KUNIT_EXPECT_EQ(test, 3, stats.waits.count);
	KUNIT_EXPECT_EQ(test, 1002000, stats.gpu_ns);
}

/* It had ended before it could be taken off. */
static void a_job_may_end_instead(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(b);
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 1));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(a, 1));
	KUNIT_EXPECT_PTR_EQ(test, b, test_gpu_runs(gpu, 0));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
}

static void who_does_not_get_off_is_reset(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *good = test_gpu_queue(gpu, 1, NORMAL);

	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0],
							  GPUP_SCHED_PREEMPT_TIMEOUT_US, 20000));
	test_gpu_submit(bad);
	test_gpu_submit(good);
	KUNIT_ASSERT_TRUE(test, test_gpu_reaches(bad, 1));
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].resets);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[1].resets);
	KUNIT_EXPECT_TRUE(test, runs_again(gpu, good));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(good->tl));
}

static bool is_over(struct test_queue *tq)
{
	return test_gpu_reached(tq, 1) || READ_ONCE(tq->queue->cancelled);
}

/* Its time is that on the engine, in all its slices. */
static void an_endless_job_has_its_time_and_no_more(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *good = test_gpu_queue(gpu, 1, NORMAL);
	unsigned int slices = 0;

	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0],
							  GPUP_SCHED_JOB_TIMEOUT_MS, 100));
	test_gpu_submit(bad);
	while (slices < 20 && !test_gpu_reached(bad, 1)) {
		if (test_gpu_runs(gpu, 0) != bad) {
			fsleep(1000);
			continue;
		}
		test_gpu_submit(good);
		/* Asked to get off, or already reset for good. */
		while (READ_ONCE(gpu->asked[0]) <= slices && !test_gpu_reached(bad, 1))
			fsleep(1000);
		if (test_gpu_reached(bad, 1) || test_gpu_runs(gpu, 0) != bad)
			break;
		slices++;
		test_gpu_preempt(gpu, 0, 11 * NSEC_PER_MSEC);
		/* Its time may have been over while it was asked. */
		if (is_over(bad))
			break;
		KUNIT_EXPECT_PTR_EQ(test, good, test_gpu_runs(gpu, 0));
		test_gpu_finish(gpu, 0);
	}
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 1));
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	/* Ten times eleven are more than a hundred. */
	KUNIT_EXPECT_LE(test, slices, 11);
	while (test_gpu_runs(gpu, 0))
		test_gpu_finish(gpu, 0);
}

static void a_preempted_job_can_be_cancelled(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *b = test_gpu_queue(gpu, 1, NORMAL);

	test_gpu_submit(a);
	test_gpu_submit(b);
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 1));
	test_gpu_preempt(gpu, 0, 1000000);
	test_gpu_close(a);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(a, 1));
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 1, gpu->contexts);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(b, 1));
}

static void a_cap_holds_without_others(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	ktime_t start;

	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_CAP, 10));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_CAP, 101));
	test_gpu_submit(tq);
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 1));
	start = ktime_get();
	test_gpu_preempt(gpu, 0, 10 * NSEC_PER_MSEC);
	KUNIT_EXPECT_NULL(test, gpu->running[0]);
	KUNIT_ASSERT_TRUE(test, runs_again(gpu, tq));
	/* A hundred milliseconds from its begin. */
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), start), 80);
	/* To lift it is felt at once. */
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 2));
	test_gpu_preempt(gpu, 0, 500 * NSEC_PER_MSEC);
	KUNIT_EXPECT_NULL(test, gpu->running[0]);
	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_CAP, 0));
	KUNIT_EXPECT_PTR_EQ(test, tq, test_gpu_runs(gpu, 0));
	test_gpu_finish(gpu, 0);
}

struct bystander {
	struct test_gpu *gpu;
	struct work_struct work;
};

/* Gives up the job of the second engine when asked to. */
static void give_up(struct work_struct *work)
{
	struct bystander *b = container_of(work, struct bystander, work);

	if (is_asked(b->gpu, 1, 1))
		test_gpu_preempt(b->gpu, 1, 1000);
}

/* The GPU is reset because of one; the job of another goes on where it was. */
static void bystanders_survive_a_reset_of_the_gpu(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 2);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *good = test_gpu_queue(gpu, 1, NORMAL);
	struct bystander b = { .gpu = gpu };

	INIT_WORK_ONSTACK(&b.work, give_up);
	gpu->reset_fails = true;
	gpu->reset_loses = true;
	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0],
							  GPUP_SCHED_JOB_TIMEOUT_MS, 50));
	test_gpu_submit(bad);
	test_gpu_submit(good);
	KUNIT_EXPECT_PTR_EQ(test, good, test_gpu_runs(gpu, 1));
	schedule_work(&b.work);
	KUNIT_ASSERT_TRUE(test, test_gpu_reaches(bad, 1));
	flush_work(&b.work);
	destroy_work_on_stack(&b.work);
	KUNIT_EXPECT_EQ(test, 1, gpu->adapter_resets);
	KUNIT_EXPECT_EQ(test, 0, gpu->bystanders);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(good, 1));
	KUNIT_ASSERT_TRUE(test, runs_again(gpu, good));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(good->tl));
	gpu->reset_fails = false;
}

static void ignore(struct gpup_sched_group *group)
{
}

static void give_up_first(struct work_struct *work)
{
	struct bystander *b = container_of(work, struct bystander, work);

	if (is_asked(b->gpu, 0, 1))
		test_gpu_preempt(b->gpu, 0, 1000);
}

/* Its memory is wanted: the job is off the engine, and goes on when it has its memory again. */
static void a_group_that_is_to_stop_is_taken_off(struct kunit *test)
{
	struct gpup_sched_group *group = kunit_kzalloc(test, sizeof(*group), GFP_KERNEL);
	/* After the group, so that it goes before it. */
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct bystander b = { .gpu = gpu };
	struct test_queue *tq;

	KUNIT_ASSERT_NOT_NULL(test, group);
	gpup_sched_group_init(group, gpu->sched, ignore);
	gpu->group = group;
	tq = test_gpu_queue(gpu, 0, NORMAL);
	test_gpu_submit(tq);
	KUNIT_EXPECT_NULL(test, test_gpu_runs(gpu, 0));
	gpup_sched_group_resume(group);
	KUNIT_EXPECT_PTR_EQ(test, tq, test_gpu_runs(gpu, 0));
	gpup_sched_group_suspend(group);
	/* So far nobody has minded. */
	KUNIT_EXPECT_EQ(test, 0, gpu->asked[0]);
	INIT_WORK_ONSTACK(&b.work, give_up_first);
	schedule_work(&b.work);
	gpup_sched_group_wait_stopped(group);
	flush_work(&b.work);
	destroy_work_on_stack(&b.work);
	KUNIT_EXPECT_NULL(test, test_gpu_runs(gpu, 0));
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(tq, 1));
	gpup_sched_group_resume(group);
	KUNIT_EXPECT_PTR_EQ(test, tq, test_gpu_runs(gpu, 0));
	KUNIT_EXPECT_TRUE(test, gpu->running[0]->resume);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(tq, 1));
}

/* However long it could go on: nobody else wants the engine. */
static void who_is_banned_has_had_its_last_slice(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(tq);
	test_gpu_submit(tq);
	fsleep(20000);
	KUNIT_EXPECT_EQ(test, 0, gpu->asked[0]);
	gpup_queue_fail(tq->queue, -ENOMEM);
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(tq, 1));
	KUNIT_ASSERT_TRUE(test, is_asked(gpu, 0, 1));
	test_gpu_preempt(gpu, 0, 20 * NSEC_PER_MSEC);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
	KUNIT_EXPECT_EQ(test, 1, gpu->asked[0]);
	KUNIT_EXPECT_EQ(test, 2, tq->tl->completed);
	KUNIT_EXPECT_EQ(test, 1, tq->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -ENOMEM, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
}

/* As when its VM is lost: what it has left on the engine is not above that. */
static void who_is_banned_does_not_stay_for_its_time(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);

	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 600000);
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_PREEMPT_TIMEOUT_US, 20000);
	test_gpu_submit(bad);
	gpup_sched_partition_ban(&gpu->sp[0], -ENODEV);
	KUNIT_ASSERT_TRUE(test, test_gpu_reaches(bad, 1));
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].hangs);
}

/* What runs is asked to get off first: a reset costs others more. */
static void close_takes_off_what_runs(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct bystander b = { .gpu = gpu };

	test_gpu_submit(tq);
	test_gpu_submit(tq);
	INIT_WORK_ONSTACK(&b.work, give_up_first);
	schedule_work(&b.work);
	test_gpu_close(tq);
	flush_work(&b.work);
	destroy_work_on_stack(&b.work);
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 2, tq->tl->completed);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].resets);
}

/* To close its queue is no way for a hang not to be seen. */
static void close_of_what_does_not_get_off_is_a_hang(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *good = test_gpu_queue(gpu, 1, NORMAL);

	KUNIT_EXPECT_EQ(test, 0, gpup_sched_partition_set(&gpu->sp[0],
							  GPUP_SCHED_PREEMPT_TIMEOUT_US, 20000));
	test_gpu_submit(bad);
	test_gpu_submit(good);
	test_gpu_close(bad);
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].resets);
	KUNIT_EXPECT_EQ(test, 1, gpu->sp[0].offences);
	KUNIT_EXPECT_TRUE(test, runs_again(gpu, good));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(good->tl));
}

static void contexts_are_charged(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create_preemptible(test, 1);
	struct test_queue *a = test_gpu_queue(gpu, 0, NORMAL);

	gpu->no_memory = true;
	KUNIT_EXPECT_EQ(test, -ENOMEM, test_gpu_try_submit(a, TEST_STREAM, NULL, 0));
	gpu->no_memory = false;
	gpu->no_contexts = true;
	KUNIT_EXPECT_EQ(test, -ENOMEM, test_gpu_try_submit(a, TEST_STREAM, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0, gpu->charged);
	gpu->no_contexts = false;
	test_gpu_submit(a);
	test_gpu_submit(a);
	KUNIT_EXPECT_EQ(test, TEST_CONTEXT_SIZE, gpu->charged);
	KUNIT_EXPECT_EQ(test, 1, gpu->contexts);
	test_gpu_finish(gpu, 0);
	test_gpu_finish(gpu, 0);
}

static struct kunit_case preempt_cases[] = {
	KUNIT_CASE(who_is_alone_goes_on),
	KUNIT_CASE(others_get_their_turn),
	KUNIT_CASE(a_job_may_end_instead),
	KUNIT_CASE(who_does_not_get_off_is_reset),
	KUNIT_CASE(an_endless_job_has_its_time_and_no_more),
	KUNIT_CASE(a_preempted_job_can_be_cancelled),
	KUNIT_CASE(a_cap_holds_without_others),
	KUNIT_CASE(bystanders_survive_a_reset_of_the_gpu),
	KUNIT_CASE(a_group_that_is_to_stop_is_taken_off),
	KUNIT_CASE(who_is_banned_has_had_its_last_slice),
	KUNIT_CASE(who_is_banned_does_not_stay_for_its_time),
	KUNIT_CASE(close_takes_off_what_runs),
	KUNIT_CASE(close_of_what_does_not_get_off_is_a_hang),
	KUNIT_CASE(contexts_are_charged),
	{}
};

static struct kunit_suite preempt_suite = {
	.name = "gpup_vidsch_preempt",
	.test_cases = preempt_cases,
};

kunit_test_suite(preempt_suite);
