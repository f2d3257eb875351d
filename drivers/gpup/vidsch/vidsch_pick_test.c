// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the choice between partitions and between their queues.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/prandom.h>

#include "vidsch_pick.h"

#define MAX_QUEUES	4

/* A partition and its queues. */
struct test_partition {
	struct gpup_sched_class sc;
	u32 weight;
	u64 used;
	struct gpup_pick_entity queues[MAX_QUEUES];
};

static void init_partition(struct test_partition *p, u32 weight)
{
	unsigned int i;

	gpup_pick_class_init(&p->sc);
	p->weight = weight;
	p->used = 0;
	for (i = 0; i < MAX_QUEUES; i++) {
		INIT_LIST_HEAD(&p->queues[i].link);
		p->queues[i].sc = &p->sc;
		p->queues[i].priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL;
	}
}

static struct test_partition *create_partitions(struct kunit *test, unsigned int count)
{
	struct test_partition *p = kunit_kcalloc(test, count, sizeof(*p), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < count; i++)
		init_partition(&p[i], GPUP_PICK_UNIT_WEIGHT);
	return p;
}

/* One job of whoever is next, who then wants to run again. */
static struct test_partition *run_one(struct gpup_pick *pick, u64 gpu_ns)
{
	struct gpup_pick_entity *entity = gpup_pick_next(pick);
	struct test_partition *p = container_of(entity->sc, struct test_partition, sc);

	gpup_pick_charge(pick, &p->sc, gpu_ns, p->weight);
	p->used += gpu_ns;
	gpup_pick_add(pick, entity);
	gpup_pick_stop(pick, &p->sc);
	return p;
}

static void nobody_is_next_of_none(struct kunit *test)
{
	struct gpup_pick pick;
	struct test_partition *p = create_partitions(test, 1);

	gpup_pick_init(&pick);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick));
	gpup_pick_add(&pick, &p->queues[0]);
	gpup_pick_remove(&pick, &p->queues[0]);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick));
	KUNIT_EXPECT_EQ(test, 0, pick.active);
}

/*
 * The bound of the paper, for every moment: what two backlogged partitions have had, each
 * divided by its weight, differs by no more than the longest job of each, likewise divided.
 */
static void check_shares(struct kunit *test, u32 weight_a, u32 weight_b, u64 longest_a,
			 u64 longest_b, unsigned int rounds, u32 seed)
{
	struct test_partition *p = create_partitions(test, 2);
	struct rnd_state rnd;
	struct gpup_pick pick;
	unsigned int i;
	u64 bound;

	prandom_seed_state(&rnd, seed);
	gpup_pick_init(&pick);
	init_partition(&p[0], weight_a);
	init_partition(&p[1], weight_b);
	gpup_pick_add(&pick, &p[0].queues[0]);
	gpup_pick_add(&pick, &p[1].queues[0]);
	bound = div_u64(longest_a * GPUP_WEIGHT_MAX, weight_a) +
		div_u64(longest_b * GPUP_WEIGHT_MAX, weight_b) + GPUP_WEIGHT_MAX;

	for (i = 0; i < rounds; i++) {
		struct gpup_pick_entity *entity = gpup_pick_next(&pick);
		u64 longest = entity->sc == &p[0].sc ? longest_a : longest_b;
		u64 gpu_ns = 1 + prandom_u32_state(&rnd) % longest;
		struct test_partition *who = entity->sc == &p[0].sc ? &p[0] : &p[1];
		s64 lead;

		gpup_pick_charge(&pick, entity->sc, gpu_ns, who->weight);
		who->used += gpu_ns;
		gpup_pick_add(&pick, entity);
		gpup_pick_stop(&pick, &who->sc);

		lead = div_u64(p[0].used * GPUP_WEIGHT_MAX, weight_a) -
		       div_u64(p[1].used * GPUP_WEIGHT_MAX, weight_b);
		KUNIT_ASSERT_LE(test, abs(lead), (s64)bound);
	}
}

static void shares_follow_weights(struct kunit *test)
{
	check_shares(test, 100, 100, 1000000, 1000000, 10000, 1);
	check_shares(test, 100, 300, 1000000, 1000000, 10000, 2);
	check_shares(test, 1, 10000, 1000000, 1000000, 50000, 3);
	check_shares(test, 10000, 9999, 1000, 1000, 10000, 4);
}

static void shares_are_of_time_not_of_jobs(struct kunit *test)
{
	check_shares(test, 100, 100, 100000000, 1000, 50000, 5);
	check_shares(test, 100, 300, 1000, 50000000, 50000, 6);
	check_shares(test, 1, 10000, 1000, 100000000, 50000, 7);
	check_shares(test, 7, 9973, 77777777, 13, 50000, 8);
}

static void short_jobs_are_not_cheaper(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick);
	init_partition(&p[0], 9999);
	init_partition(&p[1], 9999);
	gpup_pick_add(&pick, &p[0].queues[0]);
	gpup_pick_add(&pick, &p[1].queues[0]);
	for (i = 0; i < 20000; i++)
		gpup_pick_charge(&pick, &p[0].sc, 1, p[0].weight);
	gpup_pick_charge(&pick, &p[1].sc, 20000, p[1].weight);
	KUNIT_EXPECT_EQ(test, p[0].sc.vruntime, p[1].sc.vruntime);
	KUNIT_EXPECT_EQ(test, p[0].sc.remainder, p[1].sc.remainder);
}

static void idle_time_cannot_be_banked(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i, turns = 0;

	gpup_pick_init(&pick);
	gpup_pick_add(&pick, &p[0].queues[0]);
	for (i = 0; i < 1000; i++)
		run_one(&pick, 1000);
	gpup_pick_add(&pick, &p[1].queues[0]);

	/* It is next at once, or nearly so; then they take turns. */
	for (i = 0; i < 100; i++) {
		turns += run_one(&pick, 1000) == &p[1];
		KUNIT_EXPECT_LE(test, turns, i / 2 + 2);
	}
	KUNIT_EXPECT_GE(test, turns, 49);
}

static void a_pause_forgives_nothing(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick_entity *entity;
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick);
	gpup_pick_add(&pick, &p[0].queues[0]);
	gpup_pick_add(&pick, &p[1].queues[0]);

	/* It uses much, wants nothing for a moment, and comes back. */
	entity = gpup_pick_next(&pick);
	KUNIT_ASSERT_PTR_EQ(test, entity->sc, &p[0].sc);
	gpup_pick_charge(&pick, &p[0].sc, 10000, p[0].weight);
	gpup_pick_stop(&pick, &p[0].sc);
	gpup_pick_add(&pick, entity);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_PTR_EQ(test, run_one(&pick, 1000), &p[1]);
}

static void a_new_busy_period_starts_even(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick_entity *entity;
	struct gpup_pick pick;
	unsigned int i, turns = 0;

	gpup_pick_init(&pick);
	gpup_pick_add(&pick, &p[0].queues[0]);
	entity = gpup_pick_next(&pick);
	gpup_pick_charge(&pick, &p[0].sc, 1000000, p[0].weight);
	gpup_pick_stop(&pick, &p[0].sc);
	KUNIT_EXPECT_EQ(test, 0, pick.active);

	gpup_pick_add(&pick, entity);
	gpup_pick_add(&pick, &p[1].queues[0]);
	for (i = 0; i < 100; i++)
		turns += run_one(&pick, 1000) == &p[0];
	KUNIT_EXPECT_EQ(test, 50, turns);
}

static void the_counter_may_wrap(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick);
	pick.vtime = U64_MAX - 5000;
	pick.vtime_max = pick.vtime;
	p[0].sc.vruntime = pick.vtime;
	p[1].sc.vruntime = pick.vtime;
	gpup_pick_add(&pick, &p[0].queues[0]);
	gpup_pick_add(&pick, &p[1].queues[0]);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_PTR_EQ(test, run_one(&pick, 1000), &p[i % 2]);
}

static void higher_priority_goes_first(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 1);
	struct gpup_pick pick;

	gpup_pick_init(&pick);
	p->queues[0].priority = DRM_GPUP_QUEUE_PRIORITY_LOW;
	p->queues[2].priority = DRM_GPUP_QUEUE_PRIORITY_HIGH;
	gpup_pick_add(&pick, &p->queues[0]);
	gpup_pick_add(&pick, &p->queues[1]);
	gpup_pick_add(&pick, &p->queues[2]);
	KUNIT_EXPECT_PTR_EQ(test, gpup_pick_next(&pick), &p->queues[2]);
	KUNIT_EXPECT_PTR_EQ(test, gpup_pick_next(&pick), &p->queues[1]);
	KUNIT_EXPECT_PTR_EQ(test, gpup_pick_next(&pick), &p->queues[0]);
	KUNIT_EXPECT_NULL(test, gpup_pick_next(&pick));
}

static void priority_is_no_business_of_others(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i, turns = 0;

	gpup_pick_init(&pick);
	p[0].queues[0].priority = DRM_GPUP_QUEUE_PRIORITY_HIGH;
	p[1].queues[0].priority = DRM_GPUP_QUEUE_PRIORITY_LOW;
	gpup_pick_add(&pick, &p[0].queues[0]);
	gpup_pick_add(&pick, &p[1].queues[0]);
	for (i = 0; i < 100; i++)
		turns += run_one(&pick, 1000) == &p[0];
	KUNIT_EXPECT_EQ(test, 50, turns);
}

static void queues_take_turns(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 1);
	struct gpup_pick pick;
	unsigned int i;

	gpup_pick_init(&pick);
	for (i = 0; i < 3; i++)
		gpup_pick_add(&pick, &p->queues[i]);
	for (i = 0; i < 12; i++) {
		struct gpup_pick_entity *entity = gpup_pick_next(&pick);

		KUNIT_EXPECT_PTR_EQ(test, entity, &p->queues[i % 3]);
		gpup_pick_add(&pick, entity);
		gpup_pick_stop(&pick, &p->sc);
	}
}

static void more_queues_give_no_greater_share(struct kunit *test)
{
	struct test_partition *p = create_partitions(test, 2);
	struct gpup_pick pick;
	unsigned int i, turns = 0;

	gpup_pick_init(&pick);
	gpup_pick_add(&pick, &p[0].queues[0]);
	for (i = 0; i < MAX_QUEUES; i++)
		gpup_pick_add(&pick, &p[1].queues[i]);
	for (i = 0; i < 100; i++)
		turns += run_one(&pick, 1000) == &p[0];
	KUNIT_EXPECT_EQ(test, 50, turns);
}

/*
 * The slow and obvious model: arrays that are searched from end to end. Ties go to who came
 * first.
 */
#define MODEL_PARTITIONS	8

struct model {
	struct {
		u64 vruntime;		/* In ns at weight 1, so that nothing is left over. */
		u64 remainder;
		u64 since;
		unsigned int running;
		u64 queued[MAX_QUEUES];	/* When it became runnable, or zero. */
		bool in_tree;
	} p[MODEL_PARTITIONS];
	u64 vtime;
	u64 vtime_max;
	u64 clock;
};

static bool model_runnable(const struct model *m, unsigned int i)
{
	unsigned int q;

	for (q = 0; q < MAX_QUEUES; q++)
		if (m->p[i].queued[q])
			return true;
	return false;
}

static bool model_idle(const struct model *m)
{
	unsigned int i;

	for (i = 0; i < MODEL_PARTITIONS; i++)
		if (m->p[i].running || model_runnable(m, i))
			return false;
	return true;
}

static void model_add(struct model *m, unsigned int i, unsigned int q)
{
	if (!m->p[i].running && !model_runnable(m, i))
		m->p[i].vruntime = max(m->p[i].vruntime, m->vtime);
	if (!model_runnable(m, i))
		m->p[i].since = ++m->clock;
	m->p[i].queued[q] = ++m->clock;
}

static void model_check_idle(struct model *m)
{
	if (model_idle(m))
		m->vtime = m->vtime_max;
}

static bool model_next(struct model *m, const struct test_partition *p, unsigned int *i,
		       unsigned int *q)
{
	unsigned int k, best = MODEL_PARTITIONS, queue = MAX_QUEUES;

	for (k = 0; k < MODEL_PARTITIONS; k++) {
		if (!model_runnable(m, k))
			continue;
		if (best == MODEL_PARTITIONS || m->p[k].vruntime < m->p[best].vruntime ||
		    (m->p[k].vruntime == m->p[best].vruntime && m->p[k].since < m->p[best].since))
			best = k;
	}
	if (best == MODEL_PARTITIONS)
		return false;
	for (k = 0; k < MAX_QUEUES; k++) {
		if (!m->p[best].queued[k])
			continue;
		if (queue == MAX_QUEUES ||
		    p[best].queues[k].priority > p[best].queues[queue].priority ||
		    (p[best].queues[k].priority == p[best].queues[queue].priority &&
		     m->p[best].queued[k] < m->p[best].queued[queue]))
			queue = k;
	}
	m->vtime = max(m->vtime, m->p[best].vruntime);
	m->p[best].running++;
	m->p[best].queued[queue] = 0;
	*i = best;
	*q = queue;
	return true;
}

static void model_charge(struct model *m, unsigned int i, u64 gpu_ns, u32 weight)
{
	u64 work = gpu_ns * GPUP_PICK_UNIT_WEIGHT + m->p[i].remainder;

	m->p[i].remainder = work % weight;
	m->p[i].vruntime += work / weight;
	m->vtime_max = max(m->vtime_max, m->p[i].vruntime);
	m->p[i].since = ++m->clock;
}

static void choices_match_the_model(struct kunit *test)
{
	static const u32 weights[] = { 1, 3, 50, 100, 100, 100, 777, 10000 };
	struct test_partition *p = create_partitions(test, MODEL_PARTITIONS);
	bool running[MODEL_PARTITIONS][MAX_QUEUES] = {};
	struct gpup_pick_entity *entity;
	struct rnd_state rnd;
	struct gpup_pick pick;
	struct model *m;
	unsigned int step, i, q, k;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	prandom_seed_state(&rnd, 42);
	gpup_pick_init(&pick);
	for (i = 0; i < MODEL_PARTITIONS; i++) {
		p[i].weight = weights[i];
		for (q = 0; q < MAX_QUEUES; q++)
			p[i].queues[q].priority = prandom_u32_state(&rnd) % 3;
	}

	for (step = 0; step < 100000; step++) {
		i = prandom_u32_state(&rnd) % MODEL_PARTITIONS;
		q = prandom_u32_state(&rnd) % MAX_QUEUES;
		entity = &p[i].queues[q];

		switch (prandom_u32_state(&rnd) % 6) {
		case 0:
		case 1:
			if (running[i][q] || m->p[i].queued[q])
				break;
			model_add(m, i, q);
			gpup_pick_add(&pick, entity);
			break;
		case 2:
			if (!m->p[i].queued[q] || prandom_u32_state(&rnd) % 4)
				break;
			m->p[i].queued[q] = 0;
			model_check_idle(m);
			gpup_pick_remove(&pick, entity);
			break;
		case 3:
			entity = gpup_pick_next(&pick);
			if (!model_next(m, p, &i, &q)) {
				KUNIT_ASSERT_NULL(test, entity);
				break;
			}
			KUNIT_ASSERT_PTR_EQ(test, entity, &p[i].queues[q]);
			running[i][q] = true;
			break;
		default:
			/* One that runs has ended; perhaps it goes on. */
			if (!running[i][q])
				break;
			k = 1 + prandom_u32_state(&rnd) % 100000;
			model_charge(m, i, k, p[i].weight);
			gpup_pick_charge(&pick, &p[i].sc, k, p[i].weight);
			running[i][q] = false;
			if (k % 2) {
				model_add(m, i, q);
				gpup_pick_add(&pick, entity);
			}
			m->p[i].running--;
			model_check_idle(m);
			gpup_pick_stop(&pick, &p[i].sc);
			break;
		}
		KUNIT_ASSERT_EQ(test, m->vtime, pick.vtime);
	}
}

/* Nodes that one looks at on the way from the root to @node: what it cost to put it there. */
static unsigned int depth(const struct rb_node *node)
{
	unsigned int n = 0;

	for (; node; node = rb_parent(node))
		n++;
	return n;
}

/* Mean number of nodes that are visited for one job, times 100. */
static unsigned int visits(struct kunit *test, unsigned int count)
{
	struct test_partition *p = create_partitions(test, count);
	const unsigned int rounds = 10000;
	struct rnd_state rnd;
	struct gpup_pick pick;
	unsigned int i, n, sum = 0;

	prandom_seed_state(&rnd, count);
	gpup_pick_init(&pick);
	for (i = 0; i < count; i++)
		gpup_pick_add(&pick, &p[i].queues[0]);
	for (i = 0; i < rounds; i++) {
		struct test_partition *who;

		/* To choose is to look at one. */
		who = run_one(&pick, 1 + prandom_u32_state(&rnd) % 1000000);
		n = 1 + depth(&who->sc.node);
		/* No path in a red-black tree is longer than this. */
		KUNIT_ASSERT_LE(test, n, 1 + 2 * (ilog2(count + 1) + 1));
		sum += n;
	}
	return sum * 100 / rounds;
}

static void a_thousand_cost_little_more_than_ten(struct kunit *test)
{
	unsigned int ten = visits(test, 10), thousand = visits(test, 1000);

	kunit_info(test, "nodes visited for a job: %u.%02u of 10, %u.%02u of 1000 partitions",
		   ten / 100, ten % 100, thousand / 100, thousand % 100);
	/* log2(1000) / log2(10) is 3. */
	KUNIT_EXPECT_LE(test, thousand, 3 * ten);
}

static struct kunit_case pick_cases[] = {
	KUNIT_CASE(nobody_is_next_of_none),
	KUNIT_CASE(shares_follow_weights),
	KUNIT_CASE(shares_are_of_time_not_of_jobs),
	KUNIT_CASE(short_jobs_are_not_cheaper),
	KUNIT_CASE(idle_time_cannot_be_banked),
	KUNIT_CASE(a_pause_forgives_nothing),
	KUNIT_CASE(a_new_busy_period_starts_even),
	KUNIT_CASE(the_counter_may_wrap),
	KUNIT_CASE(higher_priority_goes_first),
	KUNIT_CASE(priority_is_no_business_of_others),
	KUNIT_CASE(queues_take_turns),
	KUNIT_CASE(more_queues_give_no_greater_share),
	KUNIT_CASE(choices_match_the_model),
	KUNIT_CASE(a_thousand_cost_little_more_than_ten),
	{}
};

static struct kunit_suite pick_suite = {
	.name = "gpup_vidsch_pick",
	.test_cases = pick_cases,
};

kunit_test_suite(pick_suite);
