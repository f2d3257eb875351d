// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy between partitions, over plain numbers.
 */
#include <linux/errno.h>
#include <linux/minmax.h>

#include "vidmm_policy.h"

/**
 * DOC: Memory policy
 *
 * Each partition has a guarantee (min) and a limit (max). What is guaranteed to one
 * is not given to another, used or not: a partition *commits* the larger of
 * what it is guaranteed and what it has in use, and the sum of all commitments
 * never exceeds what there is. So a guarantee is always good, without moving
 * anything; the price is that a guarantee that nobody uses lies idle. With
 * eviction, that memory could be lent.
 *
 * cgroup's dmem.min protects memory that is in use already, and a
 * newcomer has to evict its way up to it; WDDM's budgets are a request to trim that a
 * program may overrun. Here both numbers hold at every moment.
 *
 * Memory can be lost (VRAM that cannot be cleared). If all was committed, then more is
 * committed afterwards than there is; nobody gets more until that is over.
 *
 * These functions know no locks, pages or partitions: the caller serialises them.
 */

static u64 commitment(u64 min, u64 used)
{
	return max(min, used);
}

/* Replace one commitment by another, if there is room for it. */
static int commit(struct gpup_pool *pool, u64 old, u64 new)
{
	if (new > old && new - old > gpup_pool_available(pool))
		return -ENOSPC;
	pool->committed = pool->committed - old + new;
	return 0;
}

/**
 * gpup_pool_available() - What could still be guaranteed to a newcomer
 * @pool: The pool.
 *
 * Return: Bytes that nobody is guaranteed or uses.
 */
u64 gpup_pool_available(const struct gpup_pool *pool)
{
	u64 usable = pool->size - pool->retired;

	return usable > pool->committed ? usable - pool->committed : 0;
}

/**
 * gpup_budget_join() - Admit a partition
 * @pool: The pool.
 * @budget: Its guarantee and limit; nothing is in use yet.
 *
 * Return: 0, -EINVAL if the guarantee exceeds the limit or the limit exceeds what there is,
 * -ENOSPC if the guarantee is not to be had.
 */
int gpup_budget_join(struct gpup_pool *pool, struct gpup_budget *budget)
{
	if (budget->min > budget->max || budget->max > pool->size)
		return -EINVAL;
	return commit(pool, 0, budget->min);
}

/**
 * gpup_budget_leave() - Let a partition go
 * @pool: The pool.
 * @budget: Its budget.
 */
void gpup_budget_leave(struct gpup_pool *pool, struct gpup_budget *budget)
{
	pool->committed -= commitment(budget->min, budget->used);
}

/**
 * gpup_budget_resize() - Change what a partition may have
 * @pool: The pool.
 * @budget: Its budget; changed only on success.
 * @min: New guarantee.
 * @max: New limit.
 *
 * Return: 0, -EINVAL and -ENOSPC as gpup_budget_join(), -EBUSY if more is in use
 * than the new limit allows.
 */
int gpup_budget_resize(struct gpup_pool *pool, struct gpup_budget *budget, u64 min, u64 max)
{
	int ret;

	if (min > max || max > pool->size)
		return -EINVAL;
	if (budget->used > max)
		return -EBUSY;
	ret = commit(pool, commitment(budget->min, budget->used), commitment(min, budget->used));
	if (ret)
		return ret;
	budget->min = min;
	budget->max = max;
	return 0;
}

/**
 * gpup_budget_charge() - May a partition have so much more?
 * @pool: The pool.
 * @budget: Its budget; changed only on success.
 * @size: Bytes.
 *
 * Return: 0, or -ENOMEM beyond its limit or beyond what others leave it.
 */
int gpup_budget_charge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	if (budget->used > budget->max || size > budget->max - budget->used)
		return -ENOMEM;
	if (commit(pool, commitment(budget->min, budget->used),
		   commitment(budget->min, budget->used + size)))
		return -ENOMEM;
	budget->used += size;
	return 0;
}

/**
 * gpup_budget_uncharge() - A partition gives something back
 * @pool: The pool.
 * @budget: Its budget.
 * @size: Bytes, charged before.
 */
void gpup_budget_uncharge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	pool->committed -= commitment(budget->min, budget->used);
	budget->used -= size;
	pool->committed += commitment(budget->min, budget->used);
}

/**
 * gpup_pool_retire() - Some of the memory can never be used again
 * @pool: The pool.
 * @size: Bytes, that nobody has in use and that were not retired before.
 */
void gpup_pool_retire(struct gpup_pool *pool, u64 size)
{
	pool->retired += size;
}
