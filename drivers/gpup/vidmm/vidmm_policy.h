/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy between partitions, over plain numbers.
 */
#ifndef _GPUP_VIDMM_POLICY_H_
#define _GPUP_VIDMM_POLICY_H_

#include <linux/types.h>

/**
 * struct gpup_budget - What one partition may have and has, in bytes
 */
struct gpup_budget {
	/** @min: Guaranteed. */
	u64 min;
	/** @max: Limit. */
	u64 max;
	/** @used: In use. */
	u64 used;
};

/**
 * struct gpup_pool - What all partitions share, in bytes
 */
struct gpup_pool {
	/** @size: All there is. */
	u64 size;
	/** @retired: Part of @size that is lost for ever. */
	u64 retired;
	/** @committed: Sum of max(min, used) over all budgets. */
	u64 committed;
};

u64 gpup_pool_available(const struct gpup_pool *pool);
int gpup_budget_join(struct gpup_pool *pool, struct gpup_budget *budget);
void gpup_budget_leave(struct gpup_pool *pool, struct gpup_budget *budget);
int gpup_budget_resize(struct gpup_pool *pool, struct gpup_budget *budget, u64 min, u64 max);
int gpup_budget_charge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);
void gpup_budget_uncharge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);
void gpup_pool_retire(struct gpup_pool *pool, u64 size);

#endif /* _GPUP_VIDMM_POLICY_H_ */
