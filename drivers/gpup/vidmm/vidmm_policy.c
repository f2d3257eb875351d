// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy between partitions, over plain numbers.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/overflow.h>

#include "vidmm_policy.h"

/**
 * DOC: Memory policy
 *
 * Each partition has a guarantee (min) and a limit (max). What it has *allocated* is bounded by
 * its limit alone, whatever the others do: memory can be sold more than once, and an
 * allocation fails at the limit or not at all. What it has *resident* is bounded by its
 * limit and by what is there. Between the two lies eviction to host memory.
 *
 * Rules, with M1 to M9 as the design numbers them:
 *
 * - All guarantees together never exceed what there is (M1). That is checked when a partition
 *   comes or is resized, when the operator can still do something about it. So a guarantee needs
 *   no memory set aside: if a partition lacks something of its own and nothing is free, then the
 *   others have more than they are guaranteed, and that can be taken back (M3). What one
 *   does not use of its guarantee is lent, instead of lying idle.
 * - Residency never exceeds the limit, even if memory is idle (M2): a tenant does not get used
 *   to what it did not pay for.
 * - If there is not enough, the partition furthest above its guarantee gives way (M5), and who
 *   asks counts as if it already had what it asks for. Thus of two borrowers the larger one
 *   gives first until they are level, and who is ahead makes room for itself: nobody gains by
 *   asking more often. Equals give in the order in which they joined, so that the same history
 *   has the same outcome.
 * - Who has no more than its guarantee never gives. Who has more may come below it if it gives
 *   one large object where a part of it would do; it gets that back as soon as it asks.
 * - Distance is in bytes above the guarantee, and neither in bytes above zero nor relative
 *   to guarantee or limit: the guarantee is what was paid for, all above is a loan, and loans are
 *   alike. In proportion to the guarantee, one without any could never borrow beside others.
 * - A limit can be lowered below what is in use (M9). Nothing is lost: the partition
 *   is not given more until it fits, and the memory manager evicts what is too much.
 * - A guarantee can always be lowered or kept. Memory can be lost (VRAM that cannot be cleared);
 *   if all was guaranteed, then more is guaranteed afterwards than there is, and
 *   lowering must not be refused for being too little of it. Until the sum fits, guarantees are
 *   good as far as memory goes, first come, first served.
 *
 * What lies between guarantee and limit is announced to a partition as its budget,
 * see gpup_budget_target(): a forecast to adapt to, not a promise. It is where the rule of
 * who gives way would end if this partition wanted all that it may have and the others what they
 * have allocated. Of three partitions, where c wants little::
 *
 *      a           b           c
 *    .......
 *    :     :                                what a wants, too, but cannot have
 *    +-----+     .......
 *    |     |     :     :
 *    | lent|     +-----+                    a and b are equally far above their guarantees
 *    |     |     |     |
 *    +-----+     | lent|
 *    | min |     |     |
 *    |     |     +-----+     .......        what c does not use of its guarantee is lent
 *    |     |     | min |     +-----+
 *    +-----+     +-----+     +-----+
 *
 * How others do it:
 *
 * - The dmem cgroup charges what is placed in a region, so that dmem.max bounds residency, as
 *   max does here; beyond it, objects of the cgroup itself are evicted or the new one is
 *   placed elsewhere. How much may be allocated is not its question. Others cannot evict
 *   what is within dmem.min, and what is within dmem.low only if nothing else can be evicted.
 *   Both protect what is in the region already, and nobody checks their sums against it: what
 *   is promised too often is scaled down along the tree. Here, min is never taken *and* to be
 *   had, as its sum is checked. There is no low: a promise with exceptions cannot be sold, and
 *   that those who borrow little are spared follows from the order of giving way. Among
 *   cgroups that are not protected the least recently used object goes, whoever owns it,
 *   so that who touches much pushes out who touches little; here the partition is
 *   chosen first, and then one of its objects.
 * - WDDM gives each process a budget: who has more resident is asked to trim, and paged out
 *   under pressure. A reservation is a hint for the budget. That divides memory among the programs
 *   of one user. Here, the budget is only what lies between two numbers that always hold.
 *
 * These functions know no locks, pages or partitions, just bytes: the caller serialises
 * them. Numbers are exact up to U64_MAX: what might overflow is subtracted instead, or saturates.
 */

static u64 usable(const struct gpup_pool *pool)
{
	return pool->size - min(pool->retired, pool->size);
}

/* How much of @size is above @base. */
static u64 excess(u64 size, u64 base)
{
	return size > base ? size - base : 0;
}

static u64 sum(u64 a, u64 b)
{
	u64 result;

	return check_add_overflow(a, b, &result) ? U64_MAX : result;
}

/**
 * gpup_pool_init() - Begin with nobody in a pool
 * @pool: The pool.
 * @size: What there is, in bytes.
 */
void gpup_pool_init(struct gpup_pool *pool, u64 size)
{
	*pool = (struct gpup_pool) { .size = size };
	INIT_LIST_HEAD(&pool->budgets);
}

/**
 * gpup_pool_available() - What could still be guaranteed to a newcomer
 * @pool: The pool.
 *
 * Return: Bytes that nobody is guaranteed.
 */
u64 gpup_pool_available(const struct gpup_pool *pool)
{
	return excess(usable(pool), pool->guaranteed);
}

/**
 * gpup_pool_retire() - Some of the memory can never be used again
 * @pool: The pool.
 * @size: Bytes that nobody has resident and that were not retired before.
 */
void gpup_pool_retire(struct gpup_pool *pool, u64 size)
{
	pool->retired = sum(pool->retired, size);
}

/**
 * gpup_budget_join() - Admit a partition
 * @pool: The pool.
 * @budget: Its guarantee and limit; nothing is in use yet.
 *
 * Who is guaranteed nothing can join even if too much is guaranteed already.
 *
 * Return: 0, -EINVAL if the guarantee exceeds the limit or the limit exceeds what there is,
 * -ENOSPC if the guarantee is not to be had.
 */
int gpup_budget_join(struct gpup_pool *pool, struct gpup_budget *budget)
{
	if (budget->min > budget->max || budget->max > pool->size)
		return -EINVAL;
	if (budget->min > gpup_pool_available(pool))
		return -ENOSPC;
	pool->guaranteed += budget->min;
	list_add_tail(&budget->link, &pool->budgets);
	return 0;
}

/**
 * gpup_budget_leave() - Let a partition go
 * @pool: The pool.
 * @budget: Its budget, with nothing in use.
 */
void gpup_budget_leave(struct gpup_pool *pool, struct gpup_budget *budget)
{
	pool->guaranteed -= budget->min;
	list_del(&budget->link);
}

/**
 * gpup_budget_resize() - Change what a partition may have
 * @pool: The pool.
 * @budget: Its budget; changed only on success.
 * @min: New guarantee.
 * @max: New limit; if it is below what is in use, the partition gets nothing more until
 *	that is over.
 *
 * Return: 0, -EINVAL and -ENOSPC as gpup_budget_join().
 */
int gpup_budget_resize(struct gpup_pool *pool, struct gpup_budget *budget, u64 min, u64 max)
{
	if (min > max || max > pool->size)
		return -EINVAL;
	if (min > budget->min && min - budget->min > gpup_pool_available(pool))
		return -ENOSPC;
	pool->guaranteed = pool->guaranteed - budget->min + min;
	budget->min = min;
	budget->max = max;
	return 0;
}

/**
 * gpup_budget_charge() - May a partition allocate so much more?
 * @pool: The pool.
 * @budget: Its budget; changed only on success.
 * @size: Bytes.
 *
 * Return: 0, or -ENOMEM beyond its limit.
 */
int gpup_budget_charge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	if (budget->used > budget->max || size > budget->max - budget->used)
		return -ENOMEM;
	budget->used += size;
	pool->used += size;
	return 0;
}

/**
 * gpup_budget_uncharge() - A partition frees something
 * @pool: The pool.
 * @budget: Its budget.
 * @size: Bytes, charged before and not resident.
 */
void gpup_budget_uncharge(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	budget->used -= size;
	pool->used -= size;
}

/**
 * gpup_budget_admit() - May a partition have so much more resident, now?
 * @pool: The pool.
 * @budget: Its budget; changed only on success.
 * @size: Bytes.
 *
 * Return: 0, -ENOMEM beyond its limit, -ENOSPC if somebody has to give way first.
 */
int gpup_budget_admit(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	if (budget->resident > budget->max || size > budget->max - budget->resident)
		return -ENOMEM;
	if (size > excess(usable(pool), pool->resident))
		return -ENOSPC;
	budget->resident += size;
	pool->resident += size;
	return 0;
}

/**
 * gpup_budget_evict() - A partition has so much less resident
 * @pool: The pool.
 * @budget: Its budget.
 * @size: Bytes, admitted before.
 */
void gpup_budget_evict(struct gpup_pool *pool, struct gpup_budget *budget, u64 size)
{
	budget->resident -= size;
	pool->resident -= size;
}

/**
 * gpup_budget_attainable() - Could a partition have so much resident at the same time?
 * @pool: The pool.
 * @budget: Its budget.
 * @need: Bytes in all.
 *
 * Return: Whether it could if all others gave back what can be taken from them.
 */
bool gpup_budget_attainable(const struct gpup_pool *pool, const struct gpup_budget *budget,
			    u64 need)
{
	const struct gpup_budget *other;
	u64 kept = 0;

	list_for_each_entry(other, &pool->budgets, link)
		if (other != budget)
			kept += min(other->resident, other->min);
	return need <= budget->max && need <= excess(usable(pool), kept);
}

/* How far a partition is above its guarantee, if it had what it asks for. */
static u64 distance(const struct gpup_budget *budget, const struct gpup_budget *requester,
		    u64 size)
{
	return excess(budget == requester ? sum(budget->resident, size) : budget->resident,
		      budget->min);
}

/**
 * gpup_pool_victim() - Who gives way?
 * @pool: The pool.
 * @requester: Who wants more.
 * @size: How much more, in bytes.
 * @after: NULL, or the last answer, which had nothing that can be taken.
 *
 * If nothing changes in between, then repeated calls name everybody who can give once,
 * and then nobody. Costs O(n) in the partitions, without a list that would have to be sorted
 * whenever a number changes.
 *
 * Return: The one furthest above its guarantee, behind @after; among equals the one
 * who joined first; or NULL. The requester only if it has something to give.
 */
struct gpup_budget *gpup_pool_victim(const struct gpup_pool *pool,
				     const struct gpup_budget *requester, u64 size,
				     const struct gpup_budget *after)
{
	u64 limit = after ? distance(after, requester, size) : U64_MAX;
	struct gpup_budget *budget, *best = NULL;
	bool behind = !after;
	u64 furthest = 0;

	list_for_each_entry(budget, &pool->budgets, link) {
		u64 d = distance(budget, requester, size);

		if (budget == after) {
			behind = true;
			continue;
		}
		/* Of those who are as far as @after, the ones before it had their turn. */
		if (d > limit || (d == limit && !behind))
			continue;
		if (budget->resident && d > furthest) {
			best = budget;
			furthest = d;
		}
	}
	return best;
}

/* What a partition gets of its demand if everybody gets so much above its guarantee. */
static u64 filled(const struct gpup_budget *budget, u64 demand, u64 level)
{
	return min(demand, sum(budget->min, level));
}

/* Is there enough for that if @who wants all that it may have? */
static bool fits(const struct gpup_pool *pool, const struct gpup_budget *who, u64 level)
{
	const struct gpup_budget *budget;
	u64 left = usable(pool);

	list_for_each_entry(budget, &pool->budgets, link) {
		u64 demand = budget == who ? who->max : min(budget->used, budget->max);
		u64 part = filled(budget, demand, level);

		if (part > left)
			return false;
		left -= part;
	}
	return true;
}

/**
 * gpup_budget_target() - What can a partition count on?
 * @pool: The pool.
 * @budget: Its budget.
 *
 * The pool is filled as if with water: all get their guarantees, as far as they use
 * them, and then all rise above them evenly, until nothing is left or all have what they
 * have allocated; this one is taken to want all it may have. The level is in whole bytes, rounded
 * down, so that fewer bytes than there are partitions may not be given out. Costs
 * O(n log size), or next to nothing while there is enough for all.
 *
 * Return: Bytes, from the guarantee (even if that is not to be had, as memory was lost) to
 * the limit.
 */
u64 gpup_budget_target(const struct gpup_pool *pool, const struct gpup_budget *budget)
{
	u64 low = 0, high = budget->max - budget->min;

	if (budget->max <= excess(usable(pool), pool->used - budget->used))
		return budget->max;
	/* Higher levels are of no use to this one. */
	if (fits(pool, budget, high))
		return budget->max;
	/* Bisection: @high does not fit, @low does, or is owed nevertheless. */
	while (high - low > 1) {
		u64 level = low + (high - low) / 2;

		if (fits(pool, budget, level))
			low = level;
		else
			high = level;
	}
	return filled(budget, budget->max, low);
}
