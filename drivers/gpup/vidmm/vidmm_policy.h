/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy between partitions, over plain numbers.
 */
#ifndef _GPUP_VIDMM_POLICY_H_
#define _GPUP_VIDMM_POLICY_H_

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct gpup_budget - What one partition may have and has, in bytes
 */
struct gpup_budget {
	/** @link: Entry of the pool's budgets, in the order in which they joined. */
	struct list_head link;
	/** @min: Guaranteed. */
	u64 min;
	/** @max: Limit. */
	u64 max;
	/** @used: Allocated, resident or not. */
	u64 used;
	/** @resident: Part of @used that occupies memory of the pool. */
	u64 resident;
};

/**
 * struct gpup_pool - What all partitions share, in bytes
 */
struct gpup_pool {
	/** @budgets: All &struct gpup_budget. */
	struct list_head budgets;
	/** @size: All there is. */
	u64 size;
	/** @retired: Part of @size that is lost for ever. */
	u64 retired;
	/** @guaranteed: Sum of all guarantees. */
	u64 guaranteed;
	/** @used: Sum of what all have allocated: below 2^64, however many they are. */
	u64 used;
	/** @resident: Sum of what all have resident. */
	u64 resident;
};

void gpup_pool_init(struct gpup_pool *pool, u64 size);
u64 gpup_pool_available(const struct gpup_pool *pool);
void gpup_pool_retire(struct gpup_pool *pool, u64 size);

int gpup_budget_join(struct gpup_pool *pool, struct gpup_budget *budget);
void gpup_budget_leave(struct gpup_pool *pool, struct gpup_budget *budget);
int gpup_budget_resize(struct gpup_pool *pool, struct gpup_budget *budget, u64 min, u64 max);

int gpup_budget_charge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);
void gpup_budget_uncharge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);
int gpup_budget_admit(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);
void gpup_budget_evict(struct gpup_pool *pool, struct gpup_budget *budget, u64 size);

bool gpup_budget_attainable(const struct gpup_pool *pool, const struct gpup_budget *budget,
			    u64 need);
struct gpup_budget *gpup_pool_victim(const struct gpup_pool *pool,
				     const struct gpup_budget *requester, u64 size,
				     const struct gpup_budget *after);
u64 gpup_budget_target(const struct gpup_pool *pool, const struct gpup_budget *budget);

#endif /* _GPUP_VIDMM_POLICY_H_ */
