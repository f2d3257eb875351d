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
#define STEPS		400000

/* The rules once more, from scratch at every step. */
struct model {
	struct gpup_budget budgets[PARTITIONS];
	bool alive[PARTITIONS];
	u64 lost;
};

/* What would be committed if partition @changed had @budget? */
static u64 model_sum(const struct model *model, int changed, const struct gpup_budget *budget)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < PARTITIONS; i++) {
		const struct gpup_budget *b = i == changed ? budget : &model->budgets[i];

		if (i == changed || model->alive[i])
			sum += b->min > b->used ? b->min : b->used;
	}
	return sum;
}

static bool model_fits(const struct model *model, int changed, const struct gpup_budget *budget)
{
	u64 sum = model_sum(model, changed, budget);

	/* Memory that was lost is nobody's fault, but nobody may make it worse. */
	return sum <= POOL - model->lost || sum <= model_sum(model, -1, NULL);
}

static int model_limits(const struct gpup_budget *b)
{
	return b->min > b->max || b->max > POOL ? -EINVAL : 0;
}

static int model_join(struct model *model, int i, u64 min, u64 max)
{
	struct gpup_budget want = { .min = min, .max = max };
	int ret = model_limits(&want);

	if (!ret && !model_fits(model, i, &want))
		ret = -ENOSPC;
	if (!ret) {
		model->budgets[i] = want;
		model->alive[i] = true;
	}
	return ret;
}

static int model_resize(struct model *model, int i, u64 min, u64 max)
{
	struct gpup_budget want = { .min = min, .max = max, .used = model->budgets[i].used };
	int ret = model_limits(&want);

	if (!ret && want.used > max)
		ret = -EBUSY;
	if (!ret && !model_fits(model, i, &want))
		ret = -ENOSPC;
	if (!ret)
		model->budgets[i] = want;
	return ret;
}

static int model_charge(struct model *model, int i, u64 size)
{
	struct gpup_budget want = model->budgets[i];

	want.used += size;
	if (want.used > want.max || !model_fits(model, i, &want))
		return -ENOMEM;
	model->budgets[i] = want;
	return 0;
}

/* One random step, of the policy and of the model; returns whether both said the same. */
static bool step_both(struct gpup_pool *pool, struct gpup_budget *budget, struct model *model,
		      int i, struct rnd_state *rnd)
{
	u64 a = prandom_u32_state(rnd) % 80;
	u64 b = prandom_u32_state(rnd) % (prandom_u32_state(rnd) % 100 ? 160 : 2 * POOL);

	if (!model->alive[i]) {
		*budget = (struct gpup_budget) { .min = a, .max = b };
		return gpup_budget_join(pool, budget) == model_join(model, i, a, b);
	}
	switch (prandom_u32_state(rnd) % 5) {
	case 0:
		return gpup_budget_resize(pool, budget, a, b) == model_resize(model, i, a, b);
	case 1:
		if (!budget->used) {
			gpup_budget_leave(pool, budget);
			model->alive[i] = false;
		}
		return true;
	case 2:
		a = min(a, budget->used);
		gpup_budget_uncharge(pool, budget, a);
		model->budgets[i].used -= a;
		return true;
	default:
		return gpup_budget_charge(pool, budget, a) == model_charge(model, i, a);
	}
}

static void random_sequences_follow_the_model(struct kunit *test)
{
	struct gpup_budget *budgets = kunit_kcalloc(test, PARTITIONS, sizeof(*budgets), GFP_KERNEL);
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct gpup_pool pool = { .size = POOL };
	struct rnd_state rnd;
	int step;

	KUNIT_ASSERT_NOT_NULL(test, budgets);
	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&rnd, 20261123);
	for (step = 0; step < STEPS; step++) {
		int i = prandom_u32_state(&rnd) % PARTITIONS;
		u64 sum;

		if (step % (STEPS / 8) == STEPS / 16) {
			gpup_pool_retire(&pool, 32);
			model->lost += 32;
		}
		KUNIT_ASSERT_TRUE_MSG(test, step_both(&pool, &budgets[i], model, i, &rnd),
				      "step %d partition %d", step, i);
		if (model->alive[i]) {
			KUNIT_ASSERT_MEMEQ(test, &budgets[i], &model->budgets[i],
					   sizeof(budgets[i]));
			KUNIT_ASSERT_LE(test, budgets[i].used, budgets[i].max);
		}
		sum = model_sum(model, -1, NULL);
		KUNIT_ASSERT_EQ_MSG(test, sum, pool.committed, "step %d", step);
		KUNIT_ASSERT_LE(test, sum, POOL);
		KUNIT_ASSERT_EQ(test, sum < POOL - model->lost ? POOL - model->lost - sum : 0,
				gpup_pool_available(&pool));
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

static void lost_memory_is_not_promised_again(struct kunit *test)
{
	struct gpup_pool pool = { .size = 100 };
	struct gpup_budget a = { .min = 90, .max = 100 };
	struct gpup_budget b = { .min = 0, .max = 100 };

	KUNIT_ASSERT_EQ(test, gpup_budget_join(&pool, &a), 0);
	KUNIT_ASSERT_EQ(test, gpup_budget_join(&pool, &b), 0);
	gpup_pool_retire(&pool, 4);
	KUNIT_EXPECT_EQ(test, gpup_pool_available(&pool), 6);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &b, 7), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gpup_budget_charge(&pool, &b, 6), 0);
	gpup_pool_retire(&pool, 10);
	KUNIT_EXPECT_EQ(test, gpup_pool_available(&pool), 0);
	KUNIT_EXPECT_EQ(test, gpup_budget_resize(&pool, &a, 91, 100), -ENOSPC);
	KUNIT_EXPECT_EQ(test, gpup_budget_resize(&pool, &a, 80, 100), 0);
	KUNIT_EXPECT_EQ(test, gpup_pool_available(&pool), 0);
	gpup_budget_uncharge(&pool, &b, 6);
	KUNIT_EXPECT_EQ(test, gpup_pool_available(&pool), 6);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(random_sequences_follow_the_model),
	KUNIT_CASE(guarantee_is_kept_from_others),
	KUNIT_CASE(sizes_do_not_wrap),
	KUNIT_CASE(lost_memory_is_not_promised_again),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "gpup_vidmm_policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
