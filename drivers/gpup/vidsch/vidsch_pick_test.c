// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the choice between partitions and between their queues.
 */
#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/time64.h>

#include <drm/gpup_drm.h>

#include "vidsch_pick.h"
#include "vidsch_sim.h"

#define MAX_QUEUES	4
#define QUANTUM		(1ull * NSEC_PER_MSEC)
#define HIGH		DRM_GPUP_QUEUE_PRIORITY_HIGH
#define NORMAL		DRM_GPUP_QUEUE_PRIORITY_NORMAL
#define LOW		DRM_GPUP_QUEUE_PRIORITY_LOW

/* A partition and its queues. */
struct test_partition {
	struct gpup_sched_class sc;
	u64 used;
	struct gpup_pick_entity queues[MAX_QUEUES];
	bool running[MAX_QUEUES];
};

static struct gpup_pick_params params(u32 weight, u32 cap)
{
	return (struct gpup_pick_params) {
		.weight = weight,
		.cap = cap,
		.quantum_ns = QUANTUM,
	};
}

static void init_partition(struct test_partition *p, u32 weight, u32 cap)
{
	const struct gpup_pick_params pp = params(weight, cap);
	unsigned int i;

	gpup_pick_class_init(&p->sc, &pp);
	p->used = 0;
	for (i = 0; i < MAX_QUEUES; i++) {
		INIT_LIST_HEAD(&p->queues[i].link);
		p->queues[i].sc = &p->sc;
		p->queues[i].priority = NORMAL;
		p->running[i] = false;
	}
}

static struct test_partition *create_partitions(struct kunit *test, unsigned int count)
{
	struct test_partition *p = kunit_kcalloc(test, count, sizeof(*p), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < count; i++)
		init_partition(&p[i], GPUP_PICK_UNIT_WEIGHT, 0);
	return p;
}

/* One slice of whoever is next, who then wants to run again; @now moves on by as much. */
static struct test_partition *run_one(struct gpup_pick *pick, u64 gpu_ns, u64 *now)
{
	u64 slice;
	struct gpup_pick_entity *entity = gpup_pick_next(pick, *now, &slice);
	struct test_partition *p;

	if (!entity)
		return NULL;
	p = container_of(entity->sc, struct test_partition, sc);
	gpu_ns = gpu_ns ?: slice;
	*now += gpu_ns;
	gpup_pick_charge(pick, entity, gpu_ns, *now);
	p->used += gpu_ns;
	gpup_pick_add(pick, entity, *now);
	gpup_pick_stop(pick, &p->sc);
	return p;
}

static void nobody_is_next_of_none(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 1);
	struct gpup_pick pick;
	u64 slice;

	gpup_pick_init(&pick, 1);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, 0, &slice));
	gpup_pick_add(&pick, &p->queues[0], 0);
	gpup_pick_remove(&pick, &p->queues[0]);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, 0, &slice));
	KUNIT_EXPECT_EQ(test, 0, pick.active);
	KUNIT_EXPECT_EQ(test, 0, pick.weight);
	KUNIT_EXPECT_EQ(test, GPUP_PICK_NEVER, gpup_pick_wakeup(&pick));
}

/* All of the promises, in a few minutes of virtual time; the program gpup-sim has more. */
static void promises_are_kept(struct kunit *test)
{
	const struct gpup_sim_case *c = test->param_value;
	struct gpup_sim_result result;

	KUNIT_ASSERT_EQ(test, 0, gpup_sim_run(&c->config, &result));
	KUNIT_EXPECT_STREQ(test, gpup_sim_check(c, &result) ?: "", "");
	kunit_info(test, "off by %llu us, lacks %llu, excess %llu, cap %llu, p99 of waiting %llu us\n",
		   result.share_error / 1000, result.lacks / 1000, result.excess / 1000,
		   result.cap_excess / 1000, result.wake_p99 / 1000);
}

static void case_name(const struct gpup_sim_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

static const void *next_case(const void *previous, char *name)
{
	const struct gpup_sim_case *c = previous ? previous + sizeof(*c) : gpup_sim_cases;

	if (c == gpup_sim_cases + gpup_sim_case_count)
		return NULL;
	case_name(c, name);
	return c;
}

static void short_jobs_are_not_cheaper(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	u64 now = 0, slice;
	unsigned int i, who;

	for (who = 0; who < 2; who++) {
		gpup_pick_init(&pick, 1);
		init_partition(&p[who], 9999, 0);
		for (i = 0; i < (who ? 1 : 20000); i++) {
			gpup_pick_add(&pick, &p[who].queues[0], now);
			gpup_pick_next(&pick, now, &slice);
			gpup_pick_charge(&pick, &p[who].queues[0], who ? 20000 : 1, now);
			/* In the same busy period. */
			pick.active++;
			gpup_pick_stop(&pick, &p[who].sc);
			pick.active--;
		}
	}
	KUNIT_EXPECT_EQ(test, p[0].sc.vruntime, p[1].sc.vruntime);
	KUNIT_EXPECT_EQ(test, p[0].sc.remainder, p[1].sc.remainder);
}

static void idle_time_cannot_be_banked(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	u64 now = 0, before;
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	for (i = 0; i < 1000; i++)
		run_one(&pick, 0, &now);
	before = p[0].used;
	gpup_pick_add(&pick, &p[1].queues[0], now);
	/* It comes next, and from then on they share. */
	KUNIT_EXPECT_PTR_EQ(test, &p[1], run_one(&pick, 0, &now));
	for (i = 0; i < 1000; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_LE(test, abs((s64)(p[0].used - before) - (s64)p[1].used), 2 * QUANTUM);
}

static void a_pause_forgives_nothing(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick_entity *entity;
	struct gpup_pick pick;
	u64 now = 0, slice;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	/* The first has had a hundred quanta at once, and steps back for a moment. */
	entity = gpup_pick_next(&pick, now, &slice);
	KUNIT_ASSERT_PTR_EQ(test, entity, &p[0].queues[0]);
	now += 100 * QUANTUM;
	gpup_pick_charge(&pick, entity, 100 * QUANTUM, now);
	gpup_pick_stop(&pick, entity->sc);
	KUNIT_EXPECT_PTR_EQ(test, &p[1], run_one(&pick, 0, &now));
	gpup_pick_add(&pick, entity, now);
	for (i = 0; i < 98; i++)
		KUNIT_ASSERT_PTR_EQ(test, &p[1], run_one(&pick, 0, &now));
}

static void a_new_busy_period_starts_even(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick_entity *entity;
	struct gpup_pick pick;
	u64 now = 0, slice;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	entity = gpup_pick_next(&pick, now, &slice);
	now += NSEC_PER_SEC;
	gpup_pick_charge(&pick, entity, NSEC_PER_SEC, now);
	gpup_pick_stop(&pick, entity->sc);
	KUNIT_EXPECT_EQ(test, 0, pick.active);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	KUNIT_EXPECT_EQ(test, p[0].sc.vruntime, p[1].sc.vruntime);
}

static void the_counter_may_wrap(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	u64 now = 0;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	pick.vtime = (u64)-10 * QUANTUM;
	pick.vtime_max = pick.vtime;
	p[0].sc.vruntime = pick.vtime;
	p[1].sc.vruntime = pick.vtime;
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 100; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_EQ(test, p[0].used, p[1].used);
	KUNIT_EXPECT_LT(test, p[0].sc.vruntime, 1000 * QUANTUM);
}

/* How often each queue of a partition ran, in so many slices. */
static void count_runs(struct gpup_pick *pick, struct test_partition *p, unsigned int slices,
		       unsigned int *runs, u64 *now)
{
	unsigned int i;
	u64 slice;

	for (i = 0; i < slices; i++) {
		struct gpup_pick_entity *entity = gpup_pick_next(pick, *now, &slice);

		runs[entity - p->queues]++;
		*now += slice;
		gpup_pick_charge(pick, entity, slice, *now);
		gpup_pick_add(pick, entity, *now);
		gpup_pick_stop(pick, &p->sc);
	}
}

static void priorities_share_and_nobody_starves(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 1);
	unsigned int runs[MAX_QUEUES] = {};
	struct gpup_pick pick;
	u64 now = 0;

	gpup_pick_init(&pick, 1);
	p->queues[0].priority = LOW;
	p->queues[1].priority = NORMAL;
	p->queues[2].priority = HIGH;
	p->queues[3].priority = HIGH;
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_add(&pick, &p->queues[1], now);
	gpup_pick_add(&pick, &p->queues[2], now);
	gpup_pick_add(&pick, &p->queues[3], now);
	count_runs(&pick, p, 7300, runs, &now);
	/* 64 for the two of high priority, 8, and 1. */
	KUNIT_EXPECT_LE(test, abs((int)runs[0] - 100), 2);
	KUNIT_EXPECT_LE(test, abs((int)runs[1] - 800), 10);
	KUNIT_EXPECT_LE(test, abs((int)runs[2] - 3200), 10);
	KUNIT_EXPECT_LE(test, abs((int)runs[2] - (int)runs[3]), 1);
}

static void high_comes_before_low_that_was_there(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 1);
	unsigned int runs[MAX_QUEUES] = {};
	struct gpup_pick pick;
	u64 now = 0;

	gpup_pick_init(&pick, 1);
	p->queues[0].priority = LOW;
	p->queues[1].priority = HIGH;
	gpup_pick_add(&pick, &p->queues[0], now);
	count_runs(&pick, p, 100, runs, &now);
	gpup_pick_add(&pick, &p->queues[1], now);
	memset(runs, 0, sizeof(runs));
	count_runs(&pick, p, 60, runs, &now);
	KUNIT_EXPECT_EQ(test, 60, runs[1]);
}

static void priority_is_no_business_of_others(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i;
	u64 now = 0;

	gpup_pick_init(&pick, 1);
	p[0].queues[0].priority = HIGH;
	p[1].queues[0].priority = LOW;
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 100; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_EQ(test, p[0].used, p[1].used);
}

static void more_queues_give_no_greater_share(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i;
	u64 now = 0;

	gpup_pick_init(&pick, 1);
	for (i = 0; i < MAX_QUEUES; i++)
		gpup_pick_add(&pick, &p[0].queues[i], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 1000; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_LE(test, abs((s64)(p[0].used - p[1].used)), 2 * QUANTUM);
}

/* Neither gives nor takes; from then on the shares are the new ones. */
static void weights_can_be_changed(struct kunit *test)
{
	const struct gpup_pick_params heavy = params(300, 0);
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	u64 now = 0, used[2];
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 1000; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_LE(test, abs((s64)(p[0].used - p[1].used)), 2 * QUANTUM);
	gpup_pick_class_set(&pick, &p[1].sc, &heavy);
	used[0] = p[0].used;
	used[1] = p[1].used;
	for (i = 0; i < 1000; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_LE(test, abs((s64)(p[0].used - used[0]) - 250ll * (s64)QUANTUM),
			3 * QUANTUM);
	KUNIT_EXPECT_LE(test, abs((s64)(p[1].used - used[1]) - 750ll * (s64)QUANTUM),
			3 * QUANTUM);
}

static void caps_can_be_changed(struct kunit *test)
{
	const struct gpup_pick_params capped = params(100, 1), free = params(100, 0);
	struct test_partition *p = create_partitions(test, 1);
	struct gpup_pick pick;
	u64 now = 0, slice;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_class_set(&pick, &p->sc, &capped);
	KUNIT_EXPECT_NOT_NULL(test, run_one(&pick, 0, &now));
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, now, &slice));
	KUNIT_EXPECT_EQ(test, 100 * QUANTUM, gpup_pick_wakeup(&pick));
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, 100 * QUANTUM - 1, &slice));
	gpup_pick_class_set(&pick, &p->sc, &free);
	KUNIT_EXPECT_EQ(test, GPUP_PICK_NEVER, gpup_pick_wakeup(&pick));
	KUNIT_EXPECT_NOT_NULL(test, run_one(&pick, 0, &now));
	KUNIT_EXPECT_NOT_NULL(test, run_one(&pick, 0, &now));
}

/* However long it has run: it is held from the next slice on, and waits for that one. */
static void a_new_cap_is_not_for_what_has_run(struct kunit *test)
{
	const struct gpup_pick_params capped = params(100, 10);
	struct test_partition *p = create_partitions(test, 1);
	const u64 late = QUANTUM / 10;
	u64 now = 0, slice, since;
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_next(&pick, now, &slice);
	for (i = 0; i < 60000; i++) {
		now += slice + late;
		slice = gpup_pick_renew(&pick, &p->queues[0], now);
	}
	gpup_pick_class_set(&pick, &p->sc, &capped);
	now += slice + late;
	KUNIT_EXPECT_FALSE(test, gpup_pick_yields(&pick, &p->queues[0], now));
	since = now;
	slice = gpup_pick_renew(&pick, &p->queues[0], now);
	now += slice + late;
	KUNIT_EXPECT_TRUE(test, gpup_pick_yields(&pick, &p->queues[0], now));
	gpup_pick_charge(&pick, &p->queues[0], now, now);
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_stop(&pick, &p->sc);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, now, &slice));
	KUNIT_EXPECT_EQ(test, since + 10 * (QUANTUM + late), gpup_pick_wakeup(&pick));
}

static void charge_all(struct gpup_pick *pick, struct test_partition *p, u64 gpu_ns, u64 now)
{
	unsigned int i;

	for (i = 0; i < MAX_QUEUES; i++) {
		gpup_pick_charge(pick, &p->queues[i], gpu_ns, now);
		gpup_pick_add(pick, &p->queues[i], now);
		gpup_pick_stop(pick, &p->sc);
	}
}

/* It is the last one that counts, from when each of the jobs has begun a slice under it. */
static void caps_can_be_changed_while_jobs_run(struct kunit *test)
{
	const struct gpup_pick_params half = params(100, 50), tenth = params(100, 10);
	struct test_partition *p = create_partitions(test, 1);
	u64 now = 0, slice, since;
	struct gpup_pick pick;
	unsigned int i, k;

	gpup_pick_init(&pick, MAX_QUEUES);
	for (i = 0; i < MAX_QUEUES; i++)
		gpup_pick_add(&pick, &p->queues[i], now);
	for (i = 0; i < MAX_QUEUES; i++)
		gpup_pick_next(&pick, now, &slice);
	for (k = 0; k < 1000; k++) {
		now += QUANTUM;
		for (i = 0; i < MAX_QUEUES; i++)
			gpup_pick_renew(&pick, &p->queues[i], now);
	}
	/* Some have seen neither of the caps before the third, some the first. */
	gpup_pick_class_set(&pick, &p->sc, &tenth);
	gpup_pick_renew(&pick, &p->queues[0], now);
	gpup_pick_class_set(&pick, &p->sc, &half);
	gpup_pick_renew(&pick, &p->queues[1], now);
	gpup_pick_class_set(&pick, &p->sc, &tenth);
	since = now + QUANTUM;
	for (k = 0; k < 5; k++) {
		now += QUANTUM;
		for (i = 0; i < MAX_QUEUES; i++)
			gpup_pick_renew(&pick, &p->queues[i], now);
	}
	now += QUANTUM;
	charge_all(&pick, p, now, now);
	/* Five quanta on each of all engines. */
	KUNIT_EXPECT_EQ(test, since + 10 * 5 * QUANTUM, gpup_pick_wakeup(&pick));
}

/* What is left of the slice is not worth a wait; the next one is. */
static void a_new_cap_leaves_the_slice_alone(struct kunit *test)
{
	const struct gpup_pick_params capped = params(100, 10);
	struct test_partition *p = create_partitions(test, 1);
	u64 now = NSEC_PER_SEC, slice;
	struct gpup_pick pick;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p->queues[0], 0);
	gpup_pick_next(&pick, 0, &slice);
	gpup_pick_renew(&pick, &p->queues[0], now);
	gpup_pick_class_set(&pick, &p->sc, &capped);
	gpup_pick_charge(&pick, &p->queues[0], now, now);
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_stop(&pick, &p->sc);
	KUNIT_EXPECT_PTR_EQ(test, p, run_one(&pick, QUANTUM, &now));
	KUNIT_EXPECT_EQ(test, NSEC_PER_SEC + 10 * QUANTUM, gpup_pick_wakeup(&pick));
}

/* However much others have had meanwhile. */
static void what_is_set_while_idle_costs_nothing(struct kunit *test)
{
	const struct gpup_pick_params light = params(1, 0), heavy = params(10000, 0);
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	u64 now = 0;
	int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_class_set(&pick, &p[0].sc, &light);
	gpup_pick_class_set(&pick, &p[1].sc, &heavy);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	/* Eleven hours and more. */
	for (i = 0; i < 40; i++)
		run_one(&pick, 1000 * NSEC_PER_SEC, &now);
	gpup_pick_class_set(&pick, &p[1].sc, &heavy);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 100; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_GE(test, p[1].used, 98 * QUANTUM);
}

/* A knob that has nothing to do with it is no way around a cap. */
static void a_cap_outlives_other_changes(struct kunit *test)
{
	const struct gpup_pick_params capped = params(100, 1), heavy = params(200, 1);
	struct test_partition *p = create_partitions(test, 1);
	struct gpup_pick pick;
	u64 now = 0, slice;

	gpup_pick_init(&pick, 1);
	gpup_pick_add(&pick, &p->queues[0], now);
	gpup_pick_class_set(&pick, &p->sc, &capped);
	KUNIT_EXPECT_NOT_NULL(test, run_one(&pick, 0, &now));
	gpup_pick_class_set(&pick, &p->sc, &heavy);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, now, &slice));
	KUNIT_EXPECT_EQ(test, 100 * QUANTUM, gpup_pick_wakeup(&pick));
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick, 100 * QUANTUM - 1, &slice));
	KUNIT_EXPECT_NOT_NULL(test, gpup_pick_next(&pick, 100 * QUANTUM, &slice));
}

/* As when the wait ends by itself: the others have had the time, and keep it. */
static void who_waited_for_its_cap_starts_even(struct kunit *test)
{
	const struct gpup_pick_params capped = params(100, 1), free = params(100, 0);
	struct test_partition *p = create_partitions(test, 3);
	struct gpup_pick pick;
	u64 now = 0, slice, used;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_class_set(&pick, &p[0].sc, &capped);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_next(&pick, now, &slice);
	now += 400 * QUANTUM;
	gpup_pick_charge(&pick, &p[0].queues[0], 400 * QUANTUM, now);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_stop(&pick, &p[0].sc);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 39000; i++)
		KUNIT_ASSERT_PTR_EQ(test, &p[1], run_one(&pick, 0, &now));
	gpup_pick_class_set(&pick, &p[0].sc, &free);
	used = p[1].used;
	for (i = 0; i < 100; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_GE(test, p[1].used - used, 48 * QUANTUM);
	KUNIT_EXPECT_GE(test, p[0].used, 48 * QUANTUM);
	/* And who wakes up does not wait for it. */
	gpup_pick_add(&pick, &p[2].queues[0], now);
	KUNIT_EXPECT_PTR_EQ(test, &p[2], run_one(&pick, 0, &now));
}

/* A knob that has nothing to do with the cap, while others have the GPU for half a day. */
static void a_long_wait_for_a_cap_costs_nothing(struct kunit *test)
{
	const struct gpup_pick_params light = params(1, 0);
	const struct gpup_pick_params capped = params(10000, 1), free = params(10000, 0);
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	u64 now = 0, slice, used;
	unsigned int i;

	gpup_pick_init(&pick, 1);
	gpup_pick_class_set(&pick, &p[0].sc, &capped);
	gpup_pick_class_set(&pick, &p[1].sc, &light);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_next(&pick, now, &slice);
	gpup_pick_charge(&pick, &p[0].queues[0], 1000 * NSEC_PER_SEC, now);
	gpup_pick_add(&pick, &p[0].queues[0], now);
	gpup_pick_stop(&pick, &p[0].sc);
	gpup_pick_add(&pick, &p[1].queues[0], now);
	for (i = 0; i < 40; i++)
		KUNIT_ASSERT_PTR_EQ(test, &p[1], run_one(&pick, 1000 * NSEC_PER_SEC, &now));
	gpup_pick_class_set(&pick, &p[0].sc, &capped);
	KUNIT_EXPECT_EQ(test, 100000 * NSEC_PER_SEC, gpup_pick_wakeup(&pick));
	KUNIT_EXPECT_PTR_EQ(test, &p[1], run_one(&pick, 0, &now));
	gpup_pick_class_set(&pick, &p[0].sc, &free);
	used = p[0].used;
	for (i = 0; i < 100; i++)
		run_one(&pick, 0, &now);
	KUNIT_EXPECT_GE(test, p[0].used - used, 98 * QUANTUM);
}

#define MODEL_PARTITIONS	8

/* Everything that is kept up to date is what a slow look at all of it says. */
static void check_books(struct kunit *test, struct gpup_pick *pick, struct test_partition *p)
{
	unsigned int i, q, active = 0;
	u64 weight = 0;
	s64 sum = 0;

	for (i = 0; i < MODEL_PARTITIONS; i++) {
		struct gpup_sched_class *sc = &p[i].sc;
		unsigned int runnable = 0, running = 0;

		for (q = 0; q < MAX_QUEUES; q++) {
			runnable += !list_empty(&p[i].queues[q].link);
			running += p[i].running[q];
		}
		KUNIT_ASSERT_EQ(test, runnable, sc->runnable_count);
		KUNIT_ASSERT_EQ(test, running, sc->running);
		KUNIT_ASSERT_EQ(test, !runnable, RB_EMPTY_NODE(&sc->node));
		active += runnable || running;
		if (running || (runnable && !sc->throttled)) {
			weight += sc->params.weight;
			sum += (s64)(sc->vruntime - pick->vtime) * sc->params.weight;
		}
	}
	KUNIT_ASSERT_EQ(test, active, pick->active);
	KUNIT_ASSERT_EQ(test, weight, pick->weight);
	KUNIT_ASSERT_EQ(test, sum, pick->sum);
}

/* Who comes next: of those not ahead of the average, the one with the earliest deadline. */
static const struct gpup_sched_class *slow_choice(const struct gpup_pick *pick,
						  struct test_partition *p, u64 now)
{
	const struct gpup_sched_class *best = NULL;
	s64 average = pick->weight ? div64_s64(pick->sum, pick->weight) : 0;
	unsigned int i;

	if (average * (s64)pick->weight > pick->sum)
		average--;
	for (i = 0; i < MODEL_PARTITIONS; i++) {
		const struct gpup_sched_class *sc = &p[i].sc;

		if (!sc->runnable_count || sc->throttled ||
		    (s64)(sc->vruntime - pick->vtime) > average)
			continue;
		if (!best || (s64)(sc->deadline - best->deadline) < 0)
			best = sc;
	}
	return best;
}

static void choices_match_a_slow_look(struct kunit *test)
{
	static const u32 weights[MODEL_PARTITIONS] = { 1, 3, 50, 100, 100, 100, 777, 10000 };
	struct test_partition *p = create_partitions(test, MODEL_PARTITIONS);
	const struct gpup_sched_class *expected;
	struct gpup_pick_entity *entity, *runs = NULL;
	struct gpup_pick_params pp;
	unsigned int step, i, q, same = 0, others = 0;
	struct rnd_state rnd;
	struct gpup_pick pick;
	u64 now = 0, slice;

	prandom_seed_state(&rnd, 42);
	gpup_pick_init(&pick, 1);
	for (i = 0; i < MODEL_PARTITIONS; i++) {
		init_partition(&p[i], weights[i], i == 5 ? 20 : 0);
		for (q = 0; q < MAX_QUEUES; q++)
			p[i].queues[q].priority = prandom_u32_state(&rnd) % 3;
	}
	for (step = 0; step < 100000; step++) {
		i = prandom_u32_state(&rnd) % MODEL_PARTITIONS;
		q = prandom_u32_state(&rnd) % MAX_QUEUES;
		entity = &p[i].queues[q];
		now += prandom_u32_state(&rnd) % 100000;

		switch (prandom_u32_state(&rnd) % 7) {
		case 0:
		case 1:
			if (!p[i].running[q] && list_empty(&entity->link))
				gpup_pick_add(&pick, entity, now);
			break;
		case 2:
			if (!list_empty(&entity->link) && prandom_u32_state(&rnd) % 4 == 0)
				gpup_pick_remove(&pick, entity);
			break;
		case 3:
			if (prandom_u32_state(&rnd) % 16)
				break;
			pp = params(1 + prandom_u32_state(&rnd) % 10000,
				    prandom_u32_state(&rnd) % 2 * 20);
			gpup_pick_class_set(&pick, &p[i].sc, &pp);
			break;
		case 4:
			if (runs) {
				gpup_pick_renew(&pick, runs, now);
				break;
			}
			fallthrough;
		case 5:
			if (runs)
				break;
			/* Those whose wait is over come back by being looked for. */
			gpup_pick_yields(&pick, entity, now);
			expected = slow_choice(&pick, p, now);
			entity = gpup_pick_next(&pick, now, &slice);
			KUNIT_ASSERT_EQ(test, !expected, !entity);
			if (!entity)
				break;
			KUNIT_ASSERT_GE(test, QUANTUM, slice);
			KUNIT_ASSERT_LE(test, QUANTUM / 4, slice);
			if (entity->sc == expected)
				same++;
			else
				/* Only for one who has just woken up. */
				others++;
			runs = entity;
			i = container_of(entity->sc, struct test_partition, sc) - p;
			p[i].running[entity - p[i].queues] = true;
			break;
		default:
			/* The slice is over; perhaps it goes on. */
			if (!runs)
				break;
			i = container_of(runs->sc, struct test_partition, sc) - p;
			gpup_pick_charge(&pick, runs, 1 + prandom_u32_state(&rnd) % 2000000, now);
			p[i].running[runs - p[i].queues] = false;
			if (prandom_u32_state(&rnd) % 2)
				gpup_pick_add(&pick, runs, now);
			gpup_pick_stop(&pick, &p[i].sc);
			runs = NULL;
			break;
		}
		check_books(test, &pick, p);
	}
	kunit_info(test, "%u choices by deadline, %u for who woke up\n", same, others);
	KUNIT_EXPECT_GT(test, same, 1000);
	KUNIT_EXPECT_GT(test, others, 20);
}

#define COST_ROUNDS	25
#define COST_BATCH	4
#define COST_SLICES	(IS_ENABLED(CONFIG_KASAN) ? 2000 : 40000)

/* So many partitions with work, and the least that COST_SLICES have taken, in ns. */
struct cost {
	struct gpup_pick pick;
	u64 now;
	/* To choose. */
	u64 pick_ns;
	/* To choose, to charge and to put back. */
	u64 slice_ns;
};

/* A few at a time, so that looking at the clock does not count for much. */
static void cost_round(struct cost *cost)
{
	struct gpup_pick_entity *entity[COST_BATCH];
	u64 slice[COST_BATCH], start, chosen, pick_ns = 0, slice_ns = 0;
	unsigned int i, k;

	for (i = 0; i < COST_SLICES; i += COST_BATCH) {
		start = ktime_get_ns();
		for (k = 0; k < COST_BATCH; k++)
			entity[k] = gpup_pick_next(&cost->pick, cost->now, &slice[k]);
		chosen = ktime_get_ns();
		for (k = 0; k < COST_BATCH; k++) {
			cost->now += slice[k];
			gpup_pick_charge(&cost->pick, entity[k], slice[k], cost->now);
			gpup_pick_add(&cost->pick, entity[k], cost->now);
			gpup_pick_stop(&cost->pick, entity[k]->sc);
		}
		pick_ns += chosen - start;
		slice_ns += ktime_get_ns() - start;
	}
	cost->pick_ns = min(cost->pick_ns, pick_ns);
	cost->slice_ns = min(cost->slice_ns, slice_ns);
}

static void cost_init(struct kunit *test, struct cost *cost, unsigned int count)
{
	struct test_partition *p = create_partitions(test, count);
	struct rnd_state rnd;
	unsigned int i;

	*cost = (struct cost) { .pick_ns = U64_MAX, .slice_ns = U64_MAX };
	prandom_seed_state(&rnd, count);
	gpup_pick_init(&cost->pick, 1);
	for (i = 0; i < count; i++) {
		init_partition(&p[i], 1 + prandom_u32_state(&rnd) % 10000, 0);
		gpup_pick_add(&cost->pick, &p[i].queues[0], cost->now);
	}
}

static u64 percent(u64 part, u64 whole)
{
	return div64_u64(100 * part, whole);
}

static void a_thousand_cost_at_most_twice_what_ten_do(struct kunit *test)
{
	struct cost *ten, *thousand;
	unsigned int i;

	ten = kunit_kzalloc(test, sizeof(*ten), GFP_KERNEL);
	thousand = kunit_kzalloc(test, sizeof(*thousand), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ten);
	KUNIT_ASSERT_NOT_NULL(test, thousand);
	cost_init(test, ten, 10);
	cost_init(test, thousand, 1000);
	/* Turn about; what else the machine does only ever adds to it. */
	for (i = 0; i < COST_ROUNDS; i++) {
		cost_round(ten);
		cost_round(thousand);
	}
	kunit_info(test, "ns to choose: 10 partitions %llu, 1000 partitions %llu, ratio %llu/100\n",
		   div_u64(ten->pick_ns, COST_SLICES), div_u64(thousand->pick_ns, COST_SLICES),
		   percent(thousand->pick_ns, ten->pick_ns));
	kunit_info(test, "ns to choose, charge and put back: %llu, %llu, ratio %llu/100\n",
		   div_u64(ten->slice_ns, COST_SLICES), div_u64(thousand->slice_ns, COST_SLICES),
		   percent(thousand->slice_ns, ten->slice_ns));
	/* With the checkers there is more to it than that. */
	if (!IS_ENABLED(CONFIG_KASAN)) {
		KUNIT_EXPECT_LE(test, percent(thousand->pick_ns, ten->pick_ns), 200);
		/* Putting back is a search: 10 steps instead of 3.3. */
		KUNIT_EXPECT_LE(test, percent(thousand->slice_ns, ten->slice_ns), 300);
	}
}

static struct kunit_case pick_cases[] = {
	KUNIT_CASE(nobody_is_next_of_none),
	KUNIT_CASE_PARAM_ATTR(promises_are_kept, next_case, { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(short_jobs_are_not_cheaper),
	KUNIT_CASE(idle_time_cannot_be_banked),
	KUNIT_CASE(a_pause_forgives_nothing),
	KUNIT_CASE(a_new_busy_period_starts_even),
	KUNIT_CASE(the_counter_may_wrap),
	KUNIT_CASE(priorities_share_and_nobody_starves),
	KUNIT_CASE(high_comes_before_low_that_was_there),
	KUNIT_CASE(priority_is_no_business_of_others),
	KUNIT_CASE(more_queues_give_no_greater_share),
	KUNIT_CASE(weights_can_be_changed),
	KUNIT_CASE(caps_can_be_changed),
	KUNIT_CASE(a_new_cap_is_not_for_what_has_run),
	KUNIT_CASE(caps_can_be_changed_while_jobs_run),
	KUNIT_CASE(a_new_cap_leaves_the_slice_alone),
	KUNIT_CASE(what_is_set_while_idle_costs_nothing),
	KUNIT_CASE(a_cap_outlives_other_changes),
	KUNIT_CASE(who_waited_for_its_cap_starts_even),
	KUNIT_CASE(a_long_wait_for_a_cap_costs_nothing),
	KUNIT_CASE(choices_match_a_slow_look),
	{}
};

static struct kunit_suite pick_suite = {
	.name = "gpup_vidsch_pick",
	.test_cases = pick_cases,
};

static struct kunit_case bench_cases[] = {
	KUNIT_CASE_SLOW(a_thousand_cost_at_most_twice_what_ten_do),
	{}
};

static struct kunit_suite bench_suite = {
	.name = "gpup_vidsch_bench",
	.test_cases = bench_cases,
};

kunit_test_suites(&pick_suite, &bench_suite);
