// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of hangs, faults and resets, and of everything at once.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "vidsch_test_gpu.h"

#define NORMAL	DRM_GPUP_QUEUE_PRIORITY_NORMAL

static void a_fault_bans_its_queue_alone(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *sibling = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *neighbour = test_gpu_queue(gpu, 1, NORMAL);
	unsigned int i;

	for (i = 0; i < 10; i++)
		test_gpu_submit(bad);
	test_gpu_submit(sibling);
	test_gpu_submit(neighbour);
	test_gpu_finish_with(gpu, 0, -EFAULT, 0xdead000, 1000);
	test_gpu_settle(gpu);

	KUNIT_EXPECT_EQ(test, 10, bad->tl->completed);
	KUNIT_EXPECT_EQ(test, 1, bad->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -EFAULT, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 0xdead000, bad->tl->fault_addr);
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(bad, TEST_STREAM, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);

	test_gpu_finish(gpu, 0);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 3, gpu->runs);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(sibling, 1));
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(neighbour, 1));
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(sibling->tl));
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(neighbour->tl));
	KUNIT_EXPECT_EQ(test, 0, test_gpu_try_submit(sibling, TEST_STREAM, NULL, 0));
}

static void a_malformed_command_bans_its_queue(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);

	test_gpu_submit(tq);
	test_gpu_finish_with(gpu, 0, -EINVAL, 0x1234, 0);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 0, tq->tl->fault_addr);
}

static void a_hang_bans_its_queue_alone(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *neighbour = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_sched_stats stats;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 9));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 600001));
	KUNIT_EXPECT_EQ(test, 0,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 50));
	test_gpu_submit(bad);
	test_gpu_submit(bad);
	test_gpu_submit(neighbour);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 2));
	test_gpu_settle(gpu);

	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 1, bad->tl->failed_at);
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 0, gpu->adapter_resets);
	gpup_sched_partition_stats(&gpu->sp[0], &stats);
	KUNIT_EXPECT_EQ(test, 1, stats.hangs);
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(bad, TEST_STREAM, NULL, 0));

	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), neighbour);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(neighbour, 1));
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(neighbour->tl));
}

static void a_shorter_timeout_holds_at_once(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);

	KUNIT_EXPECT_EQ(test, 0,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 600000));
	test_gpu_submit(tq);
	KUNIT_EXPECT_EQ(test, 0,
			gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 20));
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(tq, 1));
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(tq->tl));
}

static void the_timer_is_set_for_who_runs(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *slow = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *fast = test_gpu_queue(gpu, 1, NORMAL);

	/* The timer of the first job must neither hit the second nor let it off. */
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 600000);
	gpup_sched_partition_set(&gpu->sp[1], GPUP_SCHED_JOB_TIMEOUT_MS, 100);
	test_gpu_submit(fast);
	msleep(60);
	test_gpu_finish(gpu, 0);
	test_gpu_submit(slow);
	msleep(200);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
	test_gpu_submit(fast);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(fast, 2));
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(fast->tl));
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(slow->tl));
	KUNIT_EXPECT_EQ(test, 1, gpu->engine_resets);
}

static void who_ends_in_time_is_not_banned(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);

	gpu->ends_in_time = true;
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 20);
	test_gpu_submit(tq);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(tq, 1));
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].hangs);
	gpu->ends_in_time = false;
	test_gpu_submit(tq);
	KUNIT_EXPECT_EQ(test, 2, gpu->runs);
}

static void a_survivor_of_an_adapter_reset_goes_on(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 2);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *neighbour = test_gpu_queue(gpu, 1, NORMAL);

	gpu->reset_fails = true;
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 20);
	test_gpu_submit(bad);
	test_gpu_submit(neighbour);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 1));
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 1, gpu->adapter_resets);
	KUNIT_EXPECT_FALSE(test, test_gpu_reached(neighbour, 1));
	test_gpu_finish(gpu, 1);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(neighbour->tl));
	gpu->reset_fails = false;
}

static void a_victim_of_an_adapter_reset_ends_with_eio(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 2);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *victim = test_gpu_queue(gpu, 1, NORMAL);
	struct test_queue *waiting = test_gpu_queue(gpu, 1, NORMAL);

	gpu->reset_fails = true;
	gpu->reset_loses = true;
	test_gpu_submit(bad);
	test_gpu_submit(victim);
	test_gpu_submit(victim);
	test_gpu_submit(waiting);
	test_gpu_close(bad);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, -EIO, gpup_timeline_error(victim->tl));
	KUNIT_EXPECT_TRUE(test, test_gpu_reached(victim, 2));
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[1].hangs);
	KUNIT_EXPECT_PTR_EQ(test, test_gpu_runs(gpu, 0), waiting);
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(waiting->tl));
	gpu->reset_fails = false;
}

/* A GPU that works: ends what runs, mostly well, sometimes not, sometimes never. */
static int work(void *data)
{
	struct test_gpu *gpu = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	while (!kthread_should_stop()) {
		unsigned int engine = prandom_u32_state(&rnd) % TEST_ENGINES;
		struct gpup_job *job = NULL;
		u64 value = 0;

		spin_lock_irq(&gpu->lock);
		if (gpu->running[engine]) {
			job = container_of(gpu->running[engine], struct gpup_job, hw);
			value = job->value;
		}
		spin_unlock_irq(&gpu->lock);
		if (job && value % 53 != 52)
			test_gpu_finish_with(gpu, engine, value % 61 != 60 ? 0 : -EFAULT, value,
					     prandom_u32_state(&rnd) % 100000);
		if (!(prandom_u32_state(&rnd) % 64))
			fsleep(100);
		cond_resched();
	}
	return 0;
}

/* Waits for some values of other queues, which may be failing or closing. */
static void submit_some(struct test_gpu *gpu, struct test_queue *tq, struct rnd_state *rnd)
{
	struct gpup_wait waits[3] = {};
	unsigned int i, count = prandom_u32_state(rnd) % 4;
	u32 size = prandom_u32_state(rnd) % 4 ? TEST_STREAM : 0;

	for (i = 0; i < count; i++) {
		struct test_queue *other;

		other = &gpu->queues[prandom_u32_state(rnd) % gpu->queue_count];
		waits[i].timeline = other->tl;
		waits[i].value = other->tl->submitted;
	}
	/* Refused if it is banned. */
	test_gpu_try_submit(tq, size, waits, count);
}

static void all_at_once_leaves_nothing_behind(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, TEST_ENGINES);
	struct task_struct *thread;
	struct rnd_state rnd;
	unsigned int i, k;

	prandom_seed_state(&rnd, 7);
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 100);
	gpup_sched_partition_set(&gpu->sp[1], GPUP_SCHED_JOB_TIMEOUT_MS, 200);
	gpu->reset_loses = true;
	for (i = 0; i < TEST_QUEUES; i++)
		test_gpu_queue(gpu, i % 2, i % 3);
	thread = kthread_run(work, gpu, "gpup-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);

	for (i = 0; i < 5000; i++) {
		submit_some(gpu, &gpu->queues[prandom_u32_state(&rnd) % TEST_QUEUES], &rnd);
		WRITE_ONCE(gpu->reset_fails, i / 500 % 2);
		if (i % 100 == 99)
			test_gpu_replace(&gpu->queues[prandom_u32_state(&rnd) % TEST_QUEUES]);
		if (!(i % 16))
			fsleep(1000);
	}
	for (i = 0; i < TEST_QUEUES; i++) {
		struct test_queue *tq = &gpu->queues[i];

		KUNIT_EXPECT_TRUE(test, test_gpu_reaches(tq, tq->tl->submitted));
	}
	/* Close while the GPU still works; values end whatever happens. */
	for (k = 0; k < TEST_QUEUES; k++)
		test_gpu_close(&gpu->queues[k]);
	kthread_stop(thread);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].pending);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[1].pending);
	KUNIT_EXPECT_NULL(test, gpu->running[0]);
	KUNIT_EXPECT_NULL(test, gpu->running[1]);
	kunit_info(test, "%u jobs ran, %u and %u resets", gpu->runs, gpu->engine_resets,
		   gpu->adapter_resets);
}

struct told {
	unsigned int count[GPUP_SCHED_LOST + 1];
	/* Partition to be banned when it is lost, or NULL. */
	struct gpup_sched_partition *ban;
};

static void note_event(void *data, const struct gpup_sched_event *event)
{
	struct told *told = data;

	told->count[event->type]++;
	if (event->type == GPUP_SCHED_LOST && told->ban)
		gpup_sched_partition_ban(told->ban, -ENODEV);
}

static const struct gpup_sched_listener test_listener = {
	.event = note_event,
};

/* Three hangs, and it gets little; ten, and it is lost; but it comes back. */
static void repeat_offenders_are_throttled_and_lost(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_sched_partition *sp = &gpu->sp[0];
	struct gpup_sched_stats stats;
	struct told told = {};
	unsigned int i;

	gpup_sched_partition_listen(sp, &test_listener, &told);
	/* Not so little that the test takes long. */
	gpup_sched_partition_set(sp, GPUP_SCHED_JOB_TIMEOUT_MS, 10);
	for (i = 1; i <= 10; i++) {
		test_gpu_submit(bad);
		KUNIT_ASSERT_TRUE(test, test_gpu_reaches(bad, 1));
		test_gpu_replace(bad);
		gpup_sched_partition_stats(sp, &stats);
		KUNIT_EXPECT_EQ(test, i >= 3, stats.throttled);
		KUNIT_EXPECT_EQ(test, i >= 3 ? 10 : 0,
				sp->shares[DRM_GPUP_ENGINE_COMPUTE].sc.params.cap);
		KUNIT_EXPECT_EQ(test, i >= 10, sp->lost);
	}
	KUNIT_EXPECT_EQ(test, 10, sp->hangs);
	KUNIT_EXPECT_EQ(test, 10, told.count[GPUP_SCHED_HANG]);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_THROTTLED]);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_LOST]);
	/* Reset by its VM, it goes on where it was. */
	gpup_sched_partition_pardon(sp);
	KUNIT_EXPECT_FALSE(test, sp->lost);
	KUNIT_EXPECT_TRUE(test, sp->throttled);
	/* Time passes. */
	sp->offended_at -= 7 * 10 * HZ;
	mod_delayed_work(system_unbound_wq, &sp->release, 0);
	flush_delayed_work(&sp->release);
	KUNIT_EXPECT_FALSE(test, sp->throttled);
	KUNIT_EXPECT_EQ(test, 0, sp->shares[DRM_GPUP_ENGINE_COMPUTE].sc.params.cap);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_RELEASED]);
	KUNIT_EXPECT_FALSE(test, gpu->sp[1].throttled);
}

/* What it has submitted before is not run any more, nor does anybody wait for it. */
static void who_is_lost_runs_no_more(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *sibling = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *neighbour = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_sched_partition *sp = &gpu->sp[0];
	struct gpup_wait wait = {};
	struct told told = { .ban = sp };

	gpup_sched_partition_listen(sp, &test_listener, &told);
	gpup_sched_partition_set(sp, GPUP_SCHED_JOB_TIMEOUT_MS, 10);
	test_gpu_submit(bad);
	wait.value = test_gpu_submit(neighbour);
	wait.timeline = neighbour->tl;
	KUNIT_ASSERT_EQ(test, 0, test_gpu_try_submit(sibling, TEST_STREAM, &wait, 1));
	spin_lock_irq(&gpu->sched->lock);
	sp->offences = 9;
	sp->offended_at = jiffies;
	spin_unlock_irq(&gpu->sched->lock);

	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 1));
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(sibling, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV, gpup_timeline_error(sibling->tl));
	KUNIT_EXPECT_EQ(test, -ECANCELED, test_gpu_try_submit(sibling, TEST_STREAM, NULL, 0));
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_LOST]);
	/* The engine has been reset. */
	mutex_lock(&gpu->sched->reset_lock);
	mutex_unlock(&gpu->sched->reset_lock);
	KUNIT_EXPECT_PTR_EQ(test, neighbour, test_gpu_runs(gpu, 0));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(neighbour->tl));
}

/* A queue that has failed for another reason is no excuse. */
static void who_was_banned_already_hangs_all_the_same(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_sched_partition *sp = &gpu->sp[0];
	struct gpup_queue_stats stats;
	struct told told = {};

	gpup_sched_partition_listen(sp, &test_listener, &told);
	gpup_sched_partition_set(sp, GPUP_SCHED_JOB_TIMEOUT_MS, 20);
	test_gpu_submit(bad);
	gpup_queue_fail(bad->queue, -EINVAL);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 1));
	flush_work(&bad->queue->report);
	KUNIT_EXPECT_EQ(test, -ETIME, gpup_timeline_error(bad->tl));
	KUNIT_EXPECT_EQ(test, 1, sp->hangs);
	KUNIT_EXPECT_EQ(test, 1, sp->offences);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_HANG]);
	gpup_queue_stats(bad->queue, &stats);
	KUNIT_EXPECT_EQ(test, 1, stats.hangs);
	KUNIT_EXPECT_EQ(test, 1, stats.resets);
}

/* To submit what is endless and close its queue, for ever, is no way around either. */
static void close_of_what_cannot_be_interrupted_is_a_hang(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct test_queue *good = test_gpu_queue(gpu, 1, NORMAL);
	struct gpup_sched_partition *sp = &gpu->sp[0];
	struct told told = {};
	unsigned int i;

	gpup_sched_partition_listen(sp, &test_listener, &told);
	for (i = 1; i <= 3; i++) {
		test_gpu_submit(bad);
		test_gpu_submit(bad);
		test_gpu_replace(bad);
		/* The engine has been reset. */
		test_gpu_settle(gpu);
		KUNIT_EXPECT_EQ(test, i, gpu->engine_resets);
		KUNIT_EXPECT_EQ(test, i, sp->hangs);
		KUNIT_EXPECT_EQ(test, i, sp->resets);
		KUNIT_EXPECT_EQ(test, i, told.count[GPUP_SCHED_HANG]);
	}
	KUNIT_EXPECT_TRUE(test, sp->throttled);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_THROTTLED]);
	test_gpu_submit(good);
	test_gpu_settle(gpu);
	KUNIT_EXPECT_PTR_EQ(test, good, test_gpu_runs(gpu, 0));
	test_gpu_finish(gpu, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(good->tl));
}

struct ending {
	struct test_gpu *gpu;
	struct gpup_queue *queue;
	struct work_struct work;
};

/* Ends the job that runs a while after its queue was closed. */
static void end_after_close(struct work_struct *work)
{
	struct ending *e = container_of(work, struct ending, work);
	unsigned int i;

	for (i = 0; i < 2000 && !READ_ONCE(e->queue->closed); i++)
		fsleep(5000);
	msleep(50);
	test_gpu_finish(e->gpu, 0);
}

/* A copy that is just long, of a program that was killed. */
static void who_ends_soon_after_close_does_not_hang(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *tq = test_gpu_queue(gpu, 0, NORMAL);
	struct ending e = { .gpu = gpu, .queue = tq->queue };

	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_PREEMPT_TIMEOUT_US, 10000000);
	gpup_sched_partition_set(&gpu->sp[0], GPUP_SCHED_JOB_TIMEOUT_MS, 20000);
	test_gpu_submit(tq);
	test_gpu_submit(tq);
	INIT_WORK_ONSTACK(&e.work, end_after_close);
	schedule_work(&e.work);
	test_gpu_close(tq);
	flush_work(&e.work);
	destroy_work_on_stack(&e.work);
	/* It has ended well, what comes after it was not begun. */
	KUNIT_EXPECT_EQ(test, 1, gpu->runs);
	KUNIT_EXPECT_EQ(test, 2, tq->tl->completed);
	KUNIT_EXPECT_EQ(test, 2, tq->tl->failed_at);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_error(tq->tl));
	KUNIT_EXPECT_EQ(test, 0, gpu->asked[0]);
	KUNIT_EXPECT_EQ(test, 0, gpu->engine_resets);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].hangs);
	KUNIT_EXPECT_EQ(test, 0, gpu->sp[0].offences);
}

/* Faults are cheap; that there are many of them must not keep a hang out of the log. */
static void faults_do_not_hide_a_hang(struct kunit *test)
{
	struct test_gpu *gpu = test_gpu_create(test, 1);
	struct test_queue *bad = test_gpu_queue(gpu, 0, NORMAL);
	struct gpup_sched_partition *sp = &gpu->sp[0];
	struct told told = {};
	unsigned int i;

	gpup_sched_partition_listen(sp, &test_listener, &told);
	gpup_sched_partition_set(sp, GPUP_SCHED_JOB_TIMEOUT_MS, 20);
	for (i = 0; i < 30; i++) {
		test_gpu_submit(bad);
		test_gpu_finish_with(gpu, 0, -EFAULT, 0x1000, 1000);
		test_gpu_replace(bad);
	}
	KUNIT_EXPECT_LT(test, told.count[GPUP_SCHED_FAULT], 30);
	test_gpu_submit(bad);
	KUNIT_EXPECT_TRUE(test, test_gpu_reaches(bad, 1));
	flush_work(&bad->queue->report);
	KUNIT_EXPECT_EQ(test, 1, told.count[GPUP_SCHED_HANG]);
}

static struct kunit_case recover_cases[] = {
	KUNIT_CASE(a_fault_bans_its_queue_alone),
	KUNIT_CASE(a_malformed_command_bans_its_queue),
	KUNIT_CASE(a_hang_bans_its_queue_alone),
	KUNIT_CASE(a_shorter_timeout_holds_at_once),
	KUNIT_CASE(repeat_offenders_are_throttled_and_lost),
	KUNIT_CASE(who_is_lost_runs_no_more),
	KUNIT_CASE(who_was_banned_already_hangs_all_the_same),
	KUNIT_CASE(close_of_what_cannot_be_interrupted_is_a_hang),
	KUNIT_CASE(who_ends_soon_after_close_does_not_hang),
	KUNIT_CASE(faults_do_not_hide_a_hang),
	KUNIT_CASE(the_timer_is_set_for_who_runs),
	KUNIT_CASE(who_ends_in_time_is_not_banned),
	KUNIT_CASE(a_survivor_of_an_adapter_reset_goes_on),
	KUNIT_CASE(a_victim_of_an_adapter_reset_ends_with_eio),
	KUNIT_CASE_SLOW(all_at_once_leaves_nothing_behind),
	{}
};

static struct kunit_suite recover_suite = {
	.name = "gpup_vidsch_recover",
	.test_cases = recover_cases,
};

kunit_test_suite(recover_suite);
