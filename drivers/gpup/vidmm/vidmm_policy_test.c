// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the policy between partitions, against a slow reference model.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "vidmm_policy.h"

#define POOL		1024
#define PARTITIONS	64
#define STEPS		200000

/* The rules once more, from scratch at every step: what each may have, and the sum. */
static u64 model_sum(const struct gpup_budget *budgets, const bool *alive)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < PARTITIONS; i++)
		if (alive[i])
			sum += budgets[i].min > budgets[i].used ? budgets[i].min : budgets[i].used;
	return sum;
}

static bool model_fits(const struct gpup_budget *budgets, const bool *alive, int i,
		       struct gpup_budget changed)
{
	struct gpup_budget copy[PARTITIONS];
	bool there[PARTITIONS];

	memcpy(copy, budgets, sizeof(copy));
	memcpy(there, alive, sizeof(there));
	copy[i] = changed;
	there[i] = true;
	return model_sum(copy, there) <= POOL;
}

static int model_limits(struct gpup_budget b)
{
	return b.min > b.max || b.max > POOL ? -EINVAL : 0;
}

static void random_sequences_follow_the_model(struct kunit *test)
{
	struct gpup_budget budgets[PARTITIONS] = {};
	struct gpup_pool pool = { .size = POOL };
	bool alive[PARTITIONS] = {};
	struct rnd_state rnd;
	int step;

	prandom_seed_state(&rnd, 20261123);
	for (step = 0; step < STEPS; step++) {
		int i = prandom_u32_state(&rnd) % PARTITIONS;
		u64 a = prandom_u32_state(&rnd) % 80;
		u64 b = prandom_u32_state(&rnd) % (step % 100 ? 160 : 2 * POOL);
		struct gpup_budget *budget = &budgets[i];
		struct gpup_budget want = *budget;
		int expected, ret;

		if (!alive[i]) {
			*budget = want = (struct gpup_budget) { .min = a, .max = b };
			expected = model_limits(want);
			if (!expected && !model_fits(budgets, alive, i, want))
				expected = -ENOSPC;
			ret = gpup_budget_join(&pool, budget);
			alive[i] = !ret;
		} else if (step % 5 == 0) {
			want.min = a;
			want.max = b;
			expected = model_limits(want);
			if (!expected && want.used > b)
				expected = -EBUSY;
			if (!expected && !model_fits(budgets, alive, i, want))
				expected = -ENOSPC;
			ret = gpup_budget_resize(&pool, budget, a, b);
			if (ret)
				want = budgets[i];
			KUNIT_ASSERT_EQ(test, budget->min, want.min);
			KUNIT_ASSERT_EQ(test, budget->max, want.max);
		} else if (step % 5 == 1 && !budget->used) {
			expected = ret = 0;
			gpup_budget_leave(&pool, budget);
			alive[i] = false;
		} else if (step % 5 < 4) {
			u64 before = budget->used;

			want.used += a;
			expected = want.used <= want.max && model_fits(budgets, alive, i, want) ?
				   0 : -ENOMEM;
			ret = gpup_budget_charge(&pool, budget, a);
			KUNIT_ASSERT_EQ(test, budget->used, ret ? before : before + a);
		} else {
			expected = ret = 0;
			gpup_budget_uncharge(&pool, budget, min(a, budget->used));
		}
		KUNIT_ASSERT_EQ_MSG(test, ret, expected, "step %d partition %d", step, i);
		KUNIT_ASSERT_EQ_MSG(test, pool.committed, model_sum(budgets, alive),
				    "step %d", step);
		KUNIT_ASSERT_LE(test, pool.committed, pool.size);
		KUNIT_ASSERT_LE(test, budget->used, alive[i] ? budget->max : U64_MAX);
	}
}

static void guarantee_is_kept_from_others(struct kunit *test)
{
	struct gpup_pool pool = { .size = 100 };
	struct gpup_budget a = { .min = 60, .max = 100 };
	struct gpup_budget b = { .min = 0, .max = 100 };

	KUNIT_ASSERT_EQ(test, gpup_budget_join(&pool, &a), 0);
	KUNIT_ASSERT_EQ(test, gpup_budget_join(&pool, &b), 0);
	KUNIT_EXPECT_EQ(test, gpup_pool_available(&pool), 40);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &b, 41), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &b, 40), 0);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &a, 60), 0);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &a, 1), -ENOMEM);
	gpup_budget_uncharge(&pool, &b, 1);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &a, 1), 0);
}

static void sizes_do_not_wrap(struct kunit *test)
{
	struct gpup_pool pool = { .size = SZ_1G };
	struct gpup_budget a = { .min = 0, .max = SZ_1G };

	KUNIT_ASSERT_EQ(test, gpup_budget_join(&pool, &a), 0);
	KUNIT_ASSERT_EQ(test, gpup_budget_charge(&pool, &a, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &a, U64_MAX), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &a, U64_MAX - SZ_4K + 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gpup_budget_resize(&pool, &a, U64_MAX, U64_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, a.used, SZ_4K);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(random_sequences_follow_the_model),
	KUNIT_CASE(guarantee_is_kept_from_others),
	KUNIT_CASE(sizes_do_not_wrap),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "gpup_vidmm_policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
