// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the policy between partitions: every boundary and every error. Random
 * sequences are in vidmm_policy_model.c.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "vidmm_policy.h"

/* A pool and its partitions in any state, also one that the functions do not lead to. */
struct scene {
	u64 size, lost;
	struct gpup_budget budgets[4];
};

static void set(struct gpup_pool *pool, struct gpup_budget *budgets, const struct scene *scene)
{
	unsigned int i;

	gpup_pool_init(pool, scene->size);
	gpup_pool_retire(pool, scene->lost);
	for (i = 0; i < ARRAY_SIZE(scene->budgets); i++) {
		budgets[i] = scene->budgets[i];
		list_add_tail(&budgets[i].link, &pool->budgets);
		pool->guaranteed += budgets[i].min;
		pool->used += budgets[i].used;
		pool->resident += budgets[i].resident;
	}
}

static void what_can_be_promised(struct kunit *test)
{
	/* A neighbour has @taken; the partition joins, or is resized from @from if it has that. */
	static const struct {
		const char *name;
		u64 size, lost, taken, from, min, max;
		int ret;
	} rows[] = {
		{ "nothing", 100, 0, 0, U64_MAX, 0, 0, 0 },
		{ "all", 100, 0, 0, U64_MAX, 100, 100, 0 },
		{ "nothing of nothing", 0, 0, 0, U64_MAX, 0, 0, 0 },
		{ "min above max", 100, 0, 0, U64_MAX, 51, 50, -EINVAL },
		{ "max above size", 100, 0, 0, U64_MAX, 0, 101, -EINVAL },
		{ "max may be lost", 100, 60, 0, U64_MAX, 40, 100, 0 },
		{ "the rest", 100, 0, 60, U64_MAX, 40, 100, 0 },
		{ "more than the rest", 100, 0, 60, U64_MAX, 41, 100, -ENOSPC },
		{ "the rest of what is left", 100, 10, 60, U64_MAX, 30, 100, 0 },
		{ "more than what is left", 100, 10, 60, U64_MAX, 31, 100, -ENOSPC },
		{ "wrong and too much", 100, 0, 60, U64_MAX, 99, 98, -EINVAL },
		{ "nothing, of too little", 100, 50, 60, U64_MAX, 0, 100, 0 },
		{ "a byte of too little", 100, 50, 60, U64_MAX, 1, 100, -ENOSPC },
		{ "all is lost", 100, 101, 0, U64_MAX, 1, 100, -ENOSPC },
		{ "no overflow", U64_MAX, 0, U64_MAX - 5, U64_MAX, 6, U64_MAX, -ENOSPC },
		{ "up to the end", U64_MAX, 0, U64_MAX - 5, U64_MAX, 5, U64_MAX, 0 },
		{ "raised to the rest", 100, 0, 60, 10, 40, 40, 0 },
		{ "raised too far", 100, 0, 60, 10, 41, 100, -ENOSPC },
		{ "raised above size", 100, 0, 60, 10, 10, 101, -EINVAL },
		{ "raised above max", 100, 0, 0, 10, 20, 19, -EINVAL },
		{ "lowered", 100, 0, 60, 40, 0, 0, 0 },
		{ "kept, of too little", 100, 50, 60, 40, 40, 50, 0 },
		{ "lowered, but not enough", 100, 50, 60, 40, 39, 39, 0 },
		{ "raised, of too little", 100, 50, 60, 40, 41, 50, -ENOSPC },
	};
	struct gpup_budget neighbour, budget;
	struct gpup_pool pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool joins = rows[i].from == U64_MAX;
		u64 from = joins ? 0 : rows[i].from, min, max;
		u64 now = rows[i].ret ? from : rows[i].min;

		gpup_pool_init(&pool, rows[i].size);
		neighbour = (struct gpup_budget) { .min = rows[i].taken, .max = rows[i].size };
		KUNIT_ASSERT_EQ(test, 0, gpup_budget_join(&pool, &neighbour));
		budget = (struct gpup_budget) { .min = joins ? rows[i].min : from,
						.max = joins ? rows[i].max : from };
		if (!joins)
			KUNIT_ASSERT_EQ(test, 0, gpup_budget_join(&pool, &budget));
		gpup_pool_retire(&pool, rows[i].lost);
		KUNIT_EXPECT_EQ_MSG(test, rows[i].ret, joins ? gpup_budget_join(&pool, &budget) :
				    gpup_budget_resize(&pool, &budget, rows[i].min, rows[i].max),
				    "%s", rows[i].name);
		min = joins || !rows[i].ret ? rows[i].min : from;
		max = joins || !rows[i].ret ? rows[i].max : from;
		KUNIT_EXPECT_EQ_MSG(test, min, budget.min, "%s", rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, max, budget.max, "%s", rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, rows[i].taken + now, pool.guaranteed, "%s", rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, !joins || !rows[i].ret,
				    !list_is_last(&neighbour.link, &pool.budgets), "%s",
				    rows[i].name);
	}
}

static void lost_memory_is_not_available(struct kunit *test)
{
	struct gpup_budget budget = { .min = 60, .max = 100 };
	struct gpup_pool pool;

	gpup_pool_init(&pool, 100);
	KUNIT_EXPECT_EQ(test, 100, gpup_pool_available(&pool));
	KUNIT_ASSERT_EQ(test, 0, gpup_budget_join(&pool, &budget));
	KUNIT_EXPECT_EQ(test, 40, gpup_pool_available(&pool));
	gpup_pool_retire(&pool, 39);
	KUNIT_EXPECT_EQ(test, 1, gpup_pool_available(&pool));
	gpup_pool_retire(&pool, 20);
	KUNIT_EXPECT_EQ(test, 0, gpup_pool_available(&pool));
	gpup_budget_leave(&pool, &budget);
	KUNIT_EXPECT_EQ(test, 41, gpup_pool_available(&pool));
	gpup_pool_retire(&pool, 42);
	KUNIT_EXPECT_EQ(test, 0, gpup_pool_available(&pool));
	gpup_pool_retire(&pool, U64_MAX - 60);
	KUNIT_EXPECT_EQ(test, 0, gpup_pool_available(&pool));
}

static void what_is_allowed(struct kunit *test)
{
	/* The second partition has resident what is in the first one's way. */
	static const struct {
		const char *name;
		struct scene scene;
		u64 size;
		int charge, admit;
	} rows[] = {
		{ "nothing", { 10, 0, { { .max = 0 } } }, 0, 0, 0 },
		{ "a byte of nothing", { 10, 0, { { .max = 0 } } }, 1, -ENOMEM, -ENOMEM },
		{ "all", { 10, 0, { { .max = 10 } } }, 10, 0, 0 },
		{ "to the limit", { 10, 0, { { .max = 8, .used = 5, .resident = 5 } } }, 3,
		  0, 0 },
		{ "beyond", { 10, 0, { { .max = 8, .used = 5, .resident = 5 } } }, 4,
		  -ENOMEM, -ENOMEM },
		{ "evicted memory counts as allocated only",
		  { 10, 0, { { .max = 8, .used = 8 } } }, 8, -ENOMEM, 0 },
		{ "no overflow", { 10, 0, { { .max = 8, .used = 5, .resident = 5 } } }, U64_MAX,
		  -ENOMEM, -ENOMEM },
		{ "shrunk below use", { 10, 0, { { .max = 4, .used = 5, .resident = 5 } } }, 0,
		  -ENOMEM, -ENOMEM },
		{ "evicted as far as it must",
		  { 10, 0, { { .max = 4, .used = 5, .resident = 4 } } }, 0, -ENOMEM, 0 },
		{ "beside a neighbour", { 10, 0, { { .max = 8 }, { .resident = 6 } } }, 4, 0, 0 },
		{ "a neighbour must give way first", { 10, 0, { { .max = 8 }, { .resident = 6 } } },
		  5, 0, -ENOSPC },
		{ "memory was lost", { 10, 1, { { .max = 8 }, { .resident = 6 } } }, 4,
		  0, -ENOSPC },
		{ "more was lost than there is", { 10, 11, { { .max = 8 } } }, 1, 0, -ENOSPC },
		{ "what is resident was lost", { 10, 9, { { .max = 8, .resident = 2 } } }, 1,
		  0, -ENOSPC },
		{ "huge", { U64_MAX, 0, { { .max = U64_MAX, .used = 1, .resident = 1 } } },
		  U64_MAX - 1, 0, 0 },
	};
	struct gpup_budget budgets[4];
	struct gpup_pool pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct gpup_budget *was = &rows[i].scene.budgets[0];
		u64 all, size = rows[i].size;

		set(&pool, budgets, &rows[i].scene);
		all = pool.resident;
		KUNIT_EXPECT_EQ_MSG(test, rows[i].charge,
				    gpup_budget_charge(&pool, &budgets[0], size), "%s",
				    rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, was->used + (rows[i].charge ? 0 : size),
				    budgets[0].used, "%s", rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, rows[i].admit,
				    gpup_budget_admit(&pool, &budgets[0], size), "%s",
				    rows[i].name);
		size = rows[i].admit ? 0 : size;
		KUNIT_EXPECT_EQ_MSG(test, was->resident + size, budgets[0].resident, "%s",
				    rows[i].name);
		KUNIT_EXPECT_EQ_MSG(test, all + size, pool.resident, "%s", rows[i].name);
	}
}

static void what_is_attainable(struct kunit *test)
{
	static const struct {
		const char *name;
		struct scene scene;
		u64 most;
	} rows[] = {
		{ "limit", { 10, 0, { { .max = 4 } } }, 4 },
		{ "size", { 10, 0, { { .max = 10 } } }, 10 },
		{ "loss", { 10, 3, { { .max = 10 } } }, 7 },
		{ "all is lost", { 10, 11, { { .max = 10 } } }, 0 },
		{ "more is kept than there is",
		  { 10, 9, { { .max = 10 }, { .min = 3, .resident = 3 } } }, 0 },
		{ "guarantee in use", { 10, 0, { { .max = 10 }, { .min = 3, .resident = 8 } } },
		  7 },
		{ "guarantee not in use", { 10, 0, { { .max = 10 }, { .min = 3 } } }, 10 },
		{ "partly in use", { 10, 0, { { .max = 10 }, { .min = 3, .resident = 2 } } }, 8 },
		{ "its own does not count", { 10, 0, { { .min = 6, .max = 9, .resident = 6 } } },
		  9 },
		{ "many", { 10, 1, { { .max = 10, .resident = 1 }, { .min = 2, .resident = 3 },
				     { .min = 4, .resident = 1 }, { .resident = 4 } } }, 6 },
		{ "huge", { U64_MAX, 0, { { .max = U64_MAX }, { .min = 9, .resident = 9 } } },
		  U64_MAX - 9 },
	};
	struct gpup_budget budgets[4];
	struct gpup_pool pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set(&pool, budgets, &rows[i].scene);
		KUNIT_EXPECT_TRUE_MSG(test, gpup_budget_attainable(&pool, budgets, rows[i].most),
				      "%s", rows[i].name);
		KUNIT_EXPECT_FALSE_MSG(test,
				       gpup_budget_attainable(&pool, budgets, rows[i].most + 1),
				       "%s", rows[i].name);
	}
}

static void who_gives_way(struct kunit *test)
{
	/* The first one asks for @size; @order is in which all give way who can. */
	static const struct {
		const char *name;
		struct scene scene;
		u64 size;
		const char *order;
	} rows[] = {
		{ "nobody", { 10, 0, { } }, 1, "" },
		{ "within the guarantee", { 10, 0, { { .min = 2 }, { .min = 4, .resident = 4 } } },
		  2, "" },
		{ "above", { 10, 0, { { .min = 2 }, { .min = 4, .resident = 5 } } }, 2, "1" },
		{ "furthest first", { 90, 0, { { }, { .min = 9, .resident = 10 }, { .resident = 3 },
					       { .min = 20, .resident = 22 } } }, 9, "231" },
		{ "as they joined", { 90, 0, { { }, { .resident = 5 }, { .min = 2, .resident = 7 },
					       { .resident = 5 } } }, 9, "123" },
		{ "itself first", { 90, 0, { { .resident = 3 }, { .resident = 5 } } }, 3, "01" },
		{ "itself among equals", { 90, 0, { { .resident = 3 }, { .resident = 5 } } }, 2,
		  "01" },
		{ "itself last", { 90, 0, { { .resident = 3 }, { .resident = 5 } } }, 1, "10" },
		{ "up to its guarantee", { 90, 0, { { .min = 4, .resident = 3 },
						    { .resident = 1 } } }, 1, "1" },
		{ "beyond its guarantee", { 90, 0, { { .min = 4, .resident = 3 },
						     { .resident = 1 } } }, 3, "01" },
		{ "has nothing to give", { 90, 0, { { .max = 90 }, { .resident = 1 } } }, 50, "1" },
		{ "no overflow", { U64_MAX, 0, { { .min = 1, .resident = 2 }, { .resident = 3 } } },
		  U64_MAX, "01" },
		{ "as far as can be", { U64_MAX, 0, { { .resident = 2 }, { .resident = 3 } } },
		  U64_MAX, "01" },
	};
	struct gpup_budget budgets[4], *victim;
	struct gpup_pool pool;
	unsigned int i, n;
	char order[8];

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set(&pool, budgets, &rows[i].scene);
		victim = NULL;
		for (n = 0; n < ARRAY_SIZE(order) - 1; n++) {
			victim = gpup_pool_victim(&pool, budgets, rows[i].size, victim);
			if (!victim)
				break;
			order[n] = '0' + (victim - budgets);
		}
		order[n] = 0;
		KUNIT_EXPECT_STREQ_MSG(test, rows[i].order, order, "%s", rows[i].name);
	}
}

static void what_can_be_counted_on(struct kunit *test)
{
	static const struct {
		const char *name;
		struct scene scene;
		u64 targets[4];
	} rows[] = {
		{ "alone", { 10, 0, { { .max = 8 } } }, { 8 } },
		{ "alone, with less than its limit", { 10, 3, { { .max = 8 } } }, { 7 } },
		{ "all fit", { 10, 0, { { .min = 1, .max = 6, .used = 2 },
					{ .max = 4, .used = 4 } } }, { 6, 4 } },
		{ "others want nothing", { 10, 0, { { .min = 2, .max = 10 },
						    { .min = 8, .max = 10 } } }, { 10, 10 } },
		{ "level", { 12, 0, { { .max = 12, .used = 12 }, { .max = 12, .used = 12 } } },
		  { 6, 6 } },
		{ "level above guarantees", { 12, 0, { { .min = 2, .max = 12, .used = 12 },
						       { .min = 4, .max = 12, .used = 12 } } },
		  { 5, 7 } },
		{ "rounded down", { 13, 0, { { .min = 2, .max = 12, .used = 12 },
					     { .min = 4, .max = 12, .used = 12 } } }, { 5, 7 } },
		{ "little demand leaves more", { 12, 0, { { .max = 12, .used = 12 },
							  { .max = 12, .used = 2 } } }, { 10, 6 } },
		{ "shrunk below use", { 12, 0, { { .max = 12, .used = 12 },
						 { .max = 2, .used = 9 } } }, { 10, 2 } },
		{ "guarantee although lost", { 12, 6, { { .min = 4, .max = 9, .used = 9 },
							{ .min = 5, .max = 9, .used = 9 } } },
		  { 4, 5 } },
		{ "all is lost", { 12, 13, { { .min = 4, .max = 9, .used = 9 }, { .max = 9 } } },
		  { 4, 0 } },
		{ "three of the issue", { SZ_1G, 0, {
		  { .min = SZ_128M, .max = SZ_512M, .used = 500ull * SZ_1M },
		  { .min = SZ_128M, .max = SZ_512M, .used = 500ull * SZ_1M },
		  { .min = SZ_128M, .max = SZ_512M, .used = 500ull * SZ_1M } } },
		  { SZ_1G / 3, SZ_1G / 3, SZ_1G / 3 } },
		{ "huge", { U64_MAX, 0, { { .max = U64_MAX, .used = U64_MAX / 2 },
					  { .min = 1, .max = U64_MAX, .used = U64_MAX / 2 } } },
		  { U64_MAX / 2 + 1, U64_MAX / 2 + 1 } },
	};
	struct gpup_budget budgets[4];
	struct gpup_pool pool;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set(&pool, budgets, &rows[i].scene);
		for (n = 0; n < ARRAY_SIZE(budgets); n++)
			KUNIT_EXPECT_EQ_MSG(test, rows[i].targets[n],
					    gpup_budget_target(&pool, &budgets[n]), "%s: %u",
					    rows[i].name, n);
	}
}

static u32 below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

/* Nobody can count on less because there is more, or others want less, or it was given more. */
static void targets_are_monotone(struct kunit *test)
{
	struct gpup_budget budgets[4];
	struct gpup_pool pool;
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 20261124);
	for (round = 0; round < 20000; round++) {
		struct scene scene = { .size = 200, .lost = below(&rnd, 100) };
		u64 before, target;

		for (i = 0; i < ARRAY_SIZE(budgets); i++) {
			scene.budgets[i].min = below(&rnd, 40);
			scene.budgets[i].max = scene.budgets[i].min + below(&rnd, 100);
			scene.budgets[i].used = below(&rnd, scene.budgets[i].max + 20);
		}
		set(&pool, budgets, &scene);
		before = gpup_budget_target(&pool, budgets);
		switch (round % 4) {
		case 0:
			pool.size += below(&rnd, 50);
			break;
		case 1:
			gpup_budget_uncharge(&pool, &budgets[1], below(&rnd, budgets[1].used + 1));
			break;
		case 2:
			budgets[0].max += below(&rnd, 50);
			break;
		default:
			budgets[0].min += below(&rnd, budgets[0].max - budgets[0].min + 1);
		}
		target = gpup_budget_target(&pool, budgets);
		if (target < before || target < budgets[0].min || target > budgets[0].max)
			KUNIT_FAIL_AND_ABORT(test, "round %u: %llu, then %llu", round, before,
					     target);
	}
}

static struct kunit_case gpup_policy_tests[] = {
	KUNIT_CASE(what_can_be_promised),
	KUNIT_CASE(lost_memory_is_not_available),
	KUNIT_CASE(what_is_allowed),
	KUNIT_CASE(what_is_attainable),
	KUNIT_CASE(who_gives_way),
	KUNIT_CASE(what_can_be_counted_on),
	KUNIT_CASE(targets_are_monotone),
	{}
};

static struct kunit_suite gpup_policy_suite = {
	.name = "gpup_policy",
	.test_cases = gpup_policy_tests,
};

kunit_test_suite(gpup_policy_suite);
