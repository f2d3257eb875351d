// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of timelines, of the dma_fences over them, and of dependencies.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "gpup_timeline.h"

/* A timeline and what was heard of it. */
struct heard {
	struct gpup_timeline *tl;
	unsigned int notifications;
	u64 completed;
	int error;
};

static void count_notification(struct gpup_timeline *tl, void *data)
{
	struct heard *heard = data;

	lockdep_assert_held(&tl->lock);
	heard->notifications++;
	heard->completed = tl->completed;
	heard->error = tl->error;
}

static void release_timeline(void *tl)
{
	gpup_timeline_close(tl);
	gpup_timeline_put(tl);
}

static struct heard *create_timeline(struct kunit *test)
{
	struct heard *heard = kunit_kzalloc(test, sizeof(*heard), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, heard);
	heard->tl = gpup_timeline_create(count_notification, heard);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, heard->tl);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, release_timeline, heard->tl));
	return heard;
}

static u64 give_out(struct kunit *test, struct gpup_timeline *tl)
{
	u64 value = 0;

	KUNIT_ASSERT_EQ(test, 0, gpup_timeline_submit(tl, &value));
	return value;
}

static void values_are_given_out_one_by_one(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	u64 value = 0;

	KUNIT_EXPECT_EQ(test, 1, give_out(test, tl));
	KUNIT_EXPECT_EQ(test, 2, give_out(test, tl));
	value = 3;
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_submit(tl, &value));
	value = 3;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_timeline_submit(tl, &value));
	value = 5;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_timeline_submit(tl, &value));
	value = U64_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_timeline_submit(tl, &value));
	value = 0;
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_submit_many(tl, &value, 10));
	KUNIT_EXPECT_EQ(test, 4, value);
	KUNIT_EXPECT_EQ(test, 14, give_out(test, tl));
}

static void first_error_is_kept(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct gpup_timeline *tl = heard->tl;
	u64 value = 0;
	int i;

	for (i = 0; i < 4; i++)
		give_out(test, tl);
	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(tl));
	gpup_timeline_complete(tl, 2, -EFAULT, 0x1000);
	gpup_timeline_complete(tl, 3, -EINVAL, 0x2000);
	gpup_timeline_complete(tl, 4, 0, 0);

	KUNIT_EXPECT_EQ(test, -EFAULT, gpup_timeline_error(tl));
	KUNIT_EXPECT_EQ(test, 2, tl->failed_at);
	KUNIT_EXPECT_EQ(test, 0x1000, tl->fault_addr);
	KUNIT_EXPECT_EQ(test, 4, tl->completed);
	KUNIT_EXPECT_EQ(test, 4, heard->notifications);
	KUNIT_EXPECT_EQ(test, 4, heard->completed);
	KUNIT_EXPECT_EQ(test, -EFAULT, heard->error);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_submit(tl, &value));
}

static void failure_reaches_nothing_by_itself(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct gpup_timeline *tl = heard->tl;
	u64 value = 0;

	give_out(test, tl);
	gpup_timeline_fail(tl, -EIO);
	KUNIT_EXPECT_EQ(test, 1, heard->notifications);
	gpup_timeline_fail(tl, -EINVAL);
	KUNIT_EXPECT_EQ(test, 1, heard->notifications);
	KUNIT_EXPECT_EQ(test, -EIO, gpup_timeline_error(tl));
	KUNIT_EXPECT_EQ(test, 1, tl->failed_at);
	KUNIT_EXPECT_EQ(test, 0, tl->completed);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_submit(tl, &value));
	gpup_timeline_complete(tl, 1, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, -EIO, gpup_timeline_error(tl));
	KUNIT_EXPECT_EQ(test, 1, tl->completed);
}

static void close_ends_everything_in_silence(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct gpup_timeline *tl = heard->tl;
	unsigned int notifications;
	u64 value = 0;

	give_out(test, tl);
	give_out(test, tl);
	gpup_timeline_complete(tl, 1, 0, 0);
	gpup_timeline_close(tl);
	notifications = heard->notifications;
	KUNIT_EXPECT_EQ(test, 2, notifications);
	KUNIT_EXPECT_EQ(test, 2, tl->completed);
	KUNIT_EXPECT_EQ(test, 2, tl->failed_at);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_error(tl));
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_submit(tl, &value));

	gpup_timeline_complete(tl, 2, -EFAULT, 1);
	gpup_timeline_fail(tl, -EIO);
	gpup_timeline_close(tl);
	KUNIT_EXPECT_EQ(test, notifications, heard->notifications);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_error(tl));
}

static void close_of_a_finished_timeline_is_no_error(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	u64 value = 0;

	give_out(test, heard->tl);
	gpup_timeline_complete(heard->tl, 1, 0, 0);
	gpup_timeline_close(heard->tl);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(heard->tl));
	KUNIT_EXPECT_EQ(test, 1, heard->notifications);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_submit(heard->tl, &value));
}

struct test_waiter {
	struct gpup_timeline_waiter base;
	unsigned int told;
	int error;
	unsigned int *order;
	unsigned int when;
};

static void waiter_told(struct gpup_timeline_waiter *base, int error)
{
	struct test_waiter *waiter = container_of(base, struct test_waiter, base);

	waiter->told++;
	waiter->error = error;
	if (waiter->order)
		waiter->when = ++*waiter->order;
}

static void waiters_are_told_in_order(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	static const u64 values[] = { 3, 1, 2, 5, 4 };
	struct test_waiter waiters[5] = {};
	unsigned int order = 0;
	int i;

	for (i = 0; i < 5; i++)
		give_out(test, tl);
	for (i = 0; i < 5; i++) {
		gpup_timeline_waiter_init(&waiters[i].base, waiter_told);
		waiters[i].order = &order;
		KUNIT_EXPECT_EQ(test, 0, gpup_timeline_add_waiter(tl, &waiters[i].base, values[i]));
	}
	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, order);
	gpup_timeline_complete(tl, 2, -ETIME, 0);
	gpup_timeline_close(tl);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, 1, waiters[i].told);
		KUNIT_EXPECT_EQ(test, values[i], waiters[i].when);
		KUNIT_EXPECT_EQ(test, waiters[i].error, values[i] == 1 ? 0 :
				values[i] == 2 ? -ETIME : -ECANCELED);
	}
}

static void waiters_for_what_was_and_what_is_not(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	struct test_waiter waiter = {};

	gpup_timeline_waiter_init(&waiter.base, waiter_told);
	KUNIT_EXPECT_EQ(test, 1, gpup_timeline_add_waiter(tl, &waiter.base, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_timeline_add_waiter(tl, &waiter.base, 1));
	give_out(test, tl);
	gpup_timeline_fail(tl, -EIO);
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_add_waiter(tl, &waiter.base, 1));
	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, waiter.told);
	KUNIT_EXPECT_EQ(test, -EIO, waiter.error);
	KUNIT_EXPECT_EQ(test, 1, gpup_timeline_add_waiter(tl, &waiter.base, 1));
	KUNIT_EXPECT_EQ(test, 1, waiter.told);
}

static void removal_is_precise(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	struct test_waiter waiter = {};

	give_out(test, tl);
	give_out(test, tl);
	gpup_timeline_waiter_init(&waiter.base, waiter_told);
	KUNIT_EXPECT_FALSE(test, gpup_timeline_remove_waiter(tl, &waiter.base));
	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_add_waiter(tl, &waiter.base, 1));
	KUNIT_EXPECT_TRUE(test, gpup_timeline_remove_waiter(tl, &waiter.base));
	KUNIT_EXPECT_FALSE(test, gpup_timeline_remove_waiter(tl, &waiter.base));
	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, waiter.told);

	KUNIT_EXPECT_EQ(test, 0, gpup_timeline_add_waiter(tl, &waiter.base, 2));
	gpup_timeline_complete(tl, 2, 0, 0);
	KUNIT_EXPECT_FALSE(test, gpup_timeline_remove_waiter(tl, &waiter.base));
	KUNIT_EXPECT_EQ(test, 1, waiter.told);
}

static void many_waiters_are_all_told(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	const unsigned int count = 1000;
	struct test_waiter *waiters;
	unsigned int i;

	waiters = kunit_kcalloc(test, count, sizeof(*waiters), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, waiters);
	give_out(test, tl);
	give_out(test, tl);
	for (i = 0; i < count; i++) {
		gpup_timeline_waiter_init(&waiters[i].base, waiter_told);
		gpup_timeline_add_waiter(tl, &waiters[i].base, 1 + i % 2);
	}
	gpup_timeline_complete(tl, 1, 0, 0);
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, waiters[i].told, i % 2 ? 0 : 1);
	gpup_timeline_close(tl);
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, 1, waiters[i].told);
}

static struct dma_fence *armed_fence(struct kunit *test, struct gpup_timeline *tl, u64 value)
{
	struct dma_fence *fence = gpup_fence_create(tl);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fence);
	gpup_fence_arm(fence, value);
	return fence;
}

static void fence_signals_with_its_value(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	struct dma_fence *fence[3], *late;
	unsigned int i;

	for (i = 0; i < 3; i++)
		fence[i] = armed_fence(test, tl, give_out(test, tl));
	KUNIT_EXPECT_EQ(test, 2, fence[1]->seqno);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_later(fence[1], fence[0]));

	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, dma_fence_get_status(fence[0]));
	KUNIT_EXPECT_EQ(test, 0, dma_fence_get_status(fence[1]));
	gpup_timeline_complete(tl, 2, -EFAULT, 0);
	KUNIT_EXPECT_EQ(test, -EFAULT, dma_fence_get_status(fence[1]));
	late = armed_fence(test, tl, 2);
	KUNIT_EXPECT_EQ(test, -EFAULT, dma_fence_get_status(late));
	gpup_timeline_close(tl);
	KUNIT_EXPECT_EQ(test, -ECANCELED, dma_fence_get_status(fence[2]));

	dma_fence_put(late);
	for (i = 0; i < 3; i++)
		dma_fence_put(fence[i]);
}

static void fence_outlives_its_last_reference(struct kunit *test)
{
	struct heard *heard = create_timeline(test);

	/* The waiter's own reference keeps it until it has signalled. */
	dma_fence_put(armed_fence(test, heard->tl, give_out(test, heard->tl)));
	gpup_timeline_complete(heard->tl, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&heard->tl->ref));
}

static void fence_can_be_abandoned(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct dma_fence *fence = gpup_fence_create(heard->tl);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fence);
	KUNIT_EXPECT_EQ(test, 2, kref_read(&heard->tl->ref));
	KUNIT_EXPECT_TRUE(test, gpup_fence_is_on(fence, heard->tl));
	KUNIT_EXPECT_FALSE(test, gpup_fence_is_on(fence, NULL));
	gpup_fence_abandon(fence);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&heard->tl->ref));
}

struct test_deps {
	struct gpup_deps base;
	atomic_t ready;
};

static void deps_ready(struct gpup_deps *base)
{
	atomic_inc(&container_of(base, struct test_deps, base)->ready);
}

static int init_deps(struct test_deps *deps, const struct gpup_wait *waits, unsigned int count)
{
	atomic_set(&deps->ready, 0);
	return gpup_deps_init(&deps->base, waits, count, deps_ready);
}

static void deps_without_conditions_are_ready(struct kunit *test)
{
	struct test_deps deps;

	KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&deps.ready));
	gpup_deps_arm(&deps.base);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&deps.ready));
	KUNIT_EXPECT_FALSE(test, gpup_deps_cancel(&deps.base));
	gpup_deps_fini(&deps.base);
}

static void deps_wait_for_all_however_they_end(struct kunit *test)
{
	struct gpup_timeline *a = create_timeline(test)->tl;
	struct gpup_timeline *b = create_timeline(test)->tl;
	struct gpup_wait waits[4] = {};
	struct test_deps deps;

	give_out(test, a);
	give_out(test, a);
	waits[0].timeline = a;
	waits[0].value = 2;
	waits[1].fence = armed_fence(test, b, give_out(test, b));
	waits[2].timeline = a;
	waits[2].value = 1;
	waits[3].fence = waits[1].fence;
	KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, waits, ARRAY_SIZE(waits)));
	dma_fence_put(waits[1].fence);
	gpup_deps_arm(&deps.base);
	gpup_timeline_complete(a, 1, 0, 0);
	gpup_timeline_complete(a, 2, -EFAULT, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&deps.ready));
	gpup_timeline_close(b);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&deps.ready));
	gpup_deps_fini(&deps.base);
}

static void deps_on_the_past_are_met(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	struct gpup_wait waits[2] = {};
	struct test_deps deps;

	waits[0].timeline = tl;
	waits[0].value = give_out(test, tl);
	waits[1].fence = armed_fence(test, tl, 1);
	gpup_timeline_complete(tl, 1, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, waits, ARRAY_SIZE(waits)));
	gpup_deps_arm(&deps.base);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&deps.ready));
	gpup_deps_fini(&deps.base);
	dma_fence_put(waits[1].fence);
}

static void deps_on_the_unborn_are_refused(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	struct gpup_wait wait = { .timeline = tl, .value = 1 };
	struct test_deps deps;

	KUNIT_EXPECT_EQ(test, -EINVAL, init_deps(&deps, &wait, 1));
	wait.value = U64_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL, init_deps(&deps, &wait, 1));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&tl->ref));
}

static void cancelled_deps_are_never_ready(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct gpup_wait waits[2] = {};
	struct test_deps deps;

	waits[0].timeline = heard->tl;
	waits[0].value = give_out(test, heard->tl);
	waits[1].fence = armed_fence(test, heard->tl, give_out(test, heard->tl));
	KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, waits, ARRAY_SIZE(waits)));
	gpup_deps_arm(&deps.base);
	gpup_timeline_complete(heard->tl, 1, 0, 0);
	KUNIT_EXPECT_TRUE(test, gpup_deps_cancel(&deps.base));
	gpup_deps_fini(&deps.base);
	gpup_timeline_complete(heard->tl, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&deps.ready));
	dma_fence_put(waits[1].fence);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&heard->tl->ref));
}

static void unarmed_deps_can_be_dropped(struct kunit *test)
{
	struct heard *heard = create_timeline(test);
	struct gpup_wait wait = { .timeline = heard->tl };
	struct test_deps deps;

	wait.value = give_out(test, heard->tl);
	KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, &wait, 1));
	gpup_deps_fini(&deps.base);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&heard->tl->ref));
}

#define RACE_ROUNDS	2000

/* Reaches one value after the other, until all are out. */
static int complete_values(void *data)
{
	struct gpup_timeline *tl = data;
	u64 value = 0;

	while (!kthread_should_stop()) {
		if (value < READ_ONCE(tl->submitted))
			gpup_timeline_complete(tl, ++value, 0, 0);
		else
			fsleep(20);
	}
	return 0;
}

static void cancel_races_with_completion(struct kunit *test)
{
	struct gpup_timeline *tl = create_timeline(test)->tl;
	unsigned int i, wrong = 0, cancelled = 0;
	struct task_struct *thread;

	thread = kthread_run(complete_values, tl, "gpup-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < RACE_ROUNDS; i++) {
		struct gpup_wait waits[2] = {};
		struct test_deps deps;
		bool cancel;

		waits[0].timeline = tl;
		waits[0].value = give_out(test, tl);
		waits[1].fence = armed_fence(test, tl, waits[0].value);
		KUNIT_ASSERT_EQ(test, 0, init_deps(&deps, waits, ARRAY_SIZE(waits)));
		dma_fence_put(waits[1].fence);
		gpup_deps_arm(&deps.base);
		/* Now and then it may well be too late. */
		if (!(i % 16))
			fsleep(50);
		cancel = gpup_deps_cancel(&deps.base);
		cancelled += cancel;
		/* Too late to cancel may also mean that it is just being called. */
		while (!cancel && !atomic_read(&deps.ready))
			fsleep(20);
		wrong += atomic_read(&deps.ready) != !cancel;
		gpup_deps_fini(&deps.base);
	}
	kthread_stop(thread);
	KUNIT_EXPECT_EQ(test, 0, wrong);
	kunit_info(test, "%u of %u cancelled in time", cancelled, RACE_ROUNDS);
}

static struct kunit_case timeline_cases[] = {
	KUNIT_CASE(values_are_given_out_one_by_one),
	KUNIT_CASE(first_error_is_kept),
	KUNIT_CASE(failure_reaches_nothing_by_itself),
	KUNIT_CASE(close_ends_everything_in_silence),
	KUNIT_CASE(close_of_a_finished_timeline_is_no_error),
	KUNIT_CASE(waiters_are_told_in_order),
	KUNIT_CASE(waiters_for_what_was_and_what_is_not),
	KUNIT_CASE(removal_is_precise),
	KUNIT_CASE(many_waiters_are_all_told),
	KUNIT_CASE(fence_signals_with_its_value),
	KUNIT_CASE(fence_outlives_its_last_reference),
	KUNIT_CASE(fence_can_be_abandoned),
	KUNIT_CASE(deps_without_conditions_are_ready),
	KUNIT_CASE(deps_wait_for_all_however_they_end),
	KUNIT_CASE(deps_on_the_past_are_met),
	KUNIT_CASE(deps_on_the_unborn_are_refused),
	KUNIT_CASE(cancelled_deps_are_never_ready),
	KUNIT_CASE(unarmed_deps_can_be_dropped),
	KUNIT_CASE(cancel_races_with_completion),
	{}
};

static struct kunit_suite timeline_suite = {
	.name = "gpup_timeline",
	.test_cases = timeline_cases,
};

kunit_test_suite(timeline_suite);
