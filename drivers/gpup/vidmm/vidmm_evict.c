// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room: who gives way, and how.
 */
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "vidmm_tt.h"
#include "vidmm_vm.h"

/**
 * DOC: Making room
 *
 * An object gets VRAM when the address space that it is bound in is made resident, which
 * is before a job runs. If there is not enough, the policy names the partition that
 * gives way (see "Memory policy"), and its objects are evicted, those first that were not
 * used for longest. TTM never chooses: for it nothing is worth evicting.
 *
 * Objects whose loss takes the partition below its guarantee are spared as long as others will
 * do. If nothing else does, they go: the partition gets them back as soon as it asks.
 *
 * One pass evicts at a time. Two that want the same memory would otherwise rob each other of what
 * they have only just brought in, and neither would get far. Those who find room do not wait.
 *
 * Before something is taken from a partition it is asked to use less, and has a grace
 * period; one that was asked a short while ago is not asked again.
 */

/* Who gave nothing for so long is asked again before the next time. */
#define FORGIVEN_AFTER	HZ

/* VRAM that cannot be cleared is retired each time; there is not so much of that. */
#define MAX_TRIES	16

static struct gpup_vidmm_partition *to_mp(struct gpup_budget *budget)
{
	return container_of(budget, struct gpup_vidmm_partition, vram);
}

/* How long the partition may still keep what it has, in jiffies. */
static unsigned long grace_left(struct gpup_vidmm_partition *mp)
{
	struct gpup_vidmm *mm = mp->mm;
	unsigned long end;
	u64 target;

	lockdep_assert_held(&mm->lock);
	if (mp->told && time_after(jiffies, max(mp->told_at + mm->grace, mp->taken_at) +
				   FORGIVEN_AFTER))
		mp->told = false;
	if (!mp->told) {
		mp->told = true;
		mp->told_at = jiffies;
		mp->taken_at = jiffies;
		mp->trims++;
		target = gpup_budget_target(&mm->pool, &mp->vram);
		mp->budget = target;
		if (mp->listener)
			mp->listener->trim(mp->listener_data, target,
					   mp->vram.resident - min(target, mp->vram.resident),
					   jiffies_to_msecs(mm->grace));
	}
	end = mp->told_at + mm->grace;
	return time_before(jiffies, end) ? end - jiffies : 0;
}

/*
 * All that the pass needs is locked when something is chosen. What is not needed and locked all
 * the same was chosen before: it was waited for with all locks let go.
 */
static bool is_needed(struct gpup_bo *bo, const struct drm_exec *exec)
{
	return dma_resv_locking_ctx(bo->tbo.base.resv) == &exec->ticket &&
	       exec->prelocked != &bo->tbo.base;
}

/*
 * The least recently used object that can go, with a reference. What has been used since it
 * was put into the list goes to its end; that ends, as nothing is looked at twice.
 */
static struct gpup_bo *oldest(struct gpup_vidmm_partition *mp, bool keep_min,
			      const struct drm_exec *exec)
{
	u64 spare = mp->vram.resident - min(mp->vram.min, mp->vram.resident);
	struct gpup_bo *bo, *next, *last;

	lockdep_assert_held(&mp->mm->lock);
	if (list_empty(&mp->resident))
		return NULL;
	last = list_last_entry(&mp->resident, struct gpup_bo, link);
	list_for_each_entry_safe(bo, next, &mp->resident, link) {
		bool is_last = bo == last;

		if (time_after(gpup_bo_last_run(bo), bo->used_at)) {
			bo->used_at = jiffies;
			list_move_tail(&bo->link, &mp->resident);
		} else if ((!keep_min || gpup_bo_size(bo) <= spare) &&
			   !is_needed(bo, exec) &&
			   kref_get_unless_zero(&bo->tbo.base.refcount)) {
			return bo;
		}
		if (is_last)
			break;
	}
	/* All were in use lately: then in the order in which they were. */
	list_for_each_entry(bo, &mp->resident, link)
		if ((!keep_min || gpup_bo_size(bo) <= spare) &&
		    !is_needed(bo, exec) &&
		    kref_get_unless_zero(&bo->tbo.base.refcount))
			return bo;
	return NULL;
}

/*
 * Choose what gives way for @size bytes of @mp: NULL if there is nothing to choose. If its
 * partition has time left, that is in @pass->wait.
 */
static struct gpup_bo *choose(struct gpup_vidmm_partition *mp, u64 size, bool keep_min,
			      struct gpup_mem_pass *pass)
{
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_budget *victim = NULL;
	struct gpup_bo *bo;

	lockdep_assert_held(&mm->lock);
	while ((victim = gpup_pool_victim(&mm->pool, &mp->vram, size, victim))) {
		bo = oldest(to_mp(victim), keep_min, pass->exec);
		if (!bo)
			continue;
		if (victim != &mp->vram)
			pass->wait = grace_left(to_mp(victim));
		if (!pass->wait)
			to_mp(victim)->taken_at = jiffies;
		return bo;
	}
	return NULL;
}

/* Whether @size bytes would be admitted now: 0, -ENOMEM or -ENOSPC. */
static int probe(struct gpup_vidmm_partition *mp, u64 size)
{
	int ret;

	lockdep_assert_held(&mp->mm->lock);
	ret = gpup_budget_admit(&mp->mm->pool, &mp->vram, size);
	if (!ret)
		gpup_budget_evict(&mp->mm->pool, &mp->vram, size);
	return ret;
}

static int evict_locked(struct gpup_bo *bo, struct drm_exec *exec)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	int ret;

	ret = drm_exec_lock_obj(exec, obj);
	if (ret)
		return ret;
	if (bo->resident)
		ret = gpup_bo_evict(bo);
	drm_exec_unlock_obj(exec, obj);
	return ret;
}

/*
 * One object gives way: of whoever has to, or if the partition is at its limit, of its own.
 * 0 if one did, or somebody else was faster.
 */
static int give_way(struct gpup_vidmm_partition *mp, u64 size, bool own,
		    struct gpup_mem_pass *pass)
{
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_bo *bo;
	int ret;

	if (!pass->may_evict)
		return -EBUSY;
	pass->wait = 0;
	spin_lock(&mm->lock);
	if (own)
		bo = oldest(mp, false, pass->exec);
	else
		bo = choose(mp, size, true, pass) ?: choose(mp, size, false, pass);
	spin_unlock(&mm->lock);
	if (!bo)
		return own ? -ENOMEM : -ENOSPC;
	ret = pass->wait ? -EAGAIN : evict_locked(bo, pass->exec);
	gpup_bo_put(bo);
	return ret;
}

/**
 * gpup_bo_make_resident() - Move an object into VRAM, if it is not there
 * @bo: The object, for VRAM, locked by @pass.
 * @pass: All that is needed at the same time is locked in it.
 *
 * May evict others, and then waits for their jobs. May sleep.
 *
 * Return: 0, -EDEADLK for drm_exec, -EBUSY to let go of everything and to try again with
 * &gpup_vidmm.turn, -EAGAIN to try again after &gpup_mem_pass.wait, -ENOSPC if nobody can
 * give way at present, -ENOMEM if the partition may not have so much or the host has no
 * memory, -EIO.
 */
int gpup_bo_make_resident(struct gpup_bo *bo, struct gpup_mem_pass *pass)
{
	struct gpup_vidmm_partition *mp = bo->mp;
	u64 size = gpup_bo_size(bo);
	unsigned int tries = 0;
	int ret;

	for (;;) {
		if (READ_ONCE(bo->unclean))
			return -EIO;
		if (bo->resident)
			return 0;
		spin_lock(&mp->mm->lock);
		ret = probe(mp, size);
		spin_unlock(&mp->mm->lock);
		if (ret) {
			ret = give_way(mp, size, ret == -ENOMEM, pass);
		} else {
			ret = gpup_bo_place(bo, TTM_PL_VRAM);
			/* The room was taken by somebody else, or was no good. */
			if (ret == -ENOSPC || (ret == -EIO && tries++ < MAX_TRIES))
				continue;
		}
		if (ret)
			return ret;
	}
}

/**
 * gpup_bo_evict() - Move an object out of VRAM
 * @bo: The object, reserved.
 *
 * Waits for the jobs that use it. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_bo_evict(struct gpup_bo *bo)
{
	return gpup_bo_place(bo, TTM_PL_SYSTEM);
}

static bool is_over(struct gpup_vidmm_partition *mp, unsigned long *wait)
{
	bool over;

	spin_lock(&mp->mm->lock);
	over = mp->vram.resident > mp->vram.max;
	*wait = over ? grace_left(mp) : 0;
	spin_unlock(&mp->mm->lock);
	return over;
}

static int trim_one(struct gpup_vidmm_partition *mp)
{
	struct gpup_bo *bo;
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, 0, 0);
	spin_lock(&mp->mm->lock);
	bo = oldest(mp, false, &exec);
	spin_unlock(&mp->mm->lock);
	if (!bo) {
		drm_exec_fini(&exec);
		return -ENOENT;
	}
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &bo->tbo.base);
		drm_exec_retry_on_contention(&exec);
		if (!ret && bo->resident)
			ret = gpup_bo_evict(bo);
	}
	drm_exec_fini(&exec);
	gpup_bo_put(bo);
	return ret;
}

/**
 * gpup_mem_trim() - Come down to a limit that was lowered
 * @work: &gpup_vidmm_partition.trim_work
 */
void gpup_mem_trim(struct work_struct *work)
{
	struct gpup_vidmm_partition *mp = container_of(to_delayed_work(work),
						       struct gpup_vidmm_partition, trim_work);
	unsigned long wait;

	while (is_over(mp, &wait)) {
		if (!wait && trim_one(mp))
			wait = HZ / 10;
		if (wait) {
			queue_delayed_work(mp->mm->pass_wq, &mp->trim_work, wait);
			return;
		}
	}
}

/* Partitions that are told with the lock held, if each can have all that it may. */
#define ANNOUNCE_BATCH	64

/*
 * Tell partitions from the @first on. One that cannot have all is as much work as there are
 * partitions, and is the last. Returns how many it were: none if there are no more.
 */
static unsigned int announce_from(struct gpup_vidmm *mm, unsigned int first)
{
	struct gpup_vidmm_partition *mp;
	struct gpup_budget *budget;
	unsigned int i = 0;
	u64 target;

	spin_lock(&mm->lock);
	list_for_each_entry(budget, &mm->pool.budgets, link) {
		if (i++ < first)
			continue;
		mp = to_mp(budget);
		target = gpup_budget_target(&mm->pool, budget);
		if (target != mp->budget) {
			mp->budget = target;
			if (mp->listener)
				mp->listener->changed(mp->listener_data);
		}
		if (target < budget->max || i == first + ANNOUNCE_BATCH)
			break;
	}
	spin_unlock(&mm->lock);
	return i > first ? i - first : 0;
}

/**
 * gpup_mem_announce() - Tell the partitions what they can count on
 * @work: &gpup_vidmm.announce
 */
void gpup_mem_announce(struct work_struct *work)
{
	struct gpup_vidmm *mm = container_of(to_delayed_work(work), struct gpup_vidmm, announce);
	unsigned int told = 0, count;

	while ((count = announce_from(mm, told))) {
		told += count;
		cond_resched();
	}
}

/* The object that has had its pages for longest, with a reference. */
static struct gpup_bo *first_swappable(struct gpup_vidmm *mm)
{
	struct gpup_bo *bo;

	spin_lock(&mm->lock);
	list_for_each_entry(bo, &mm->swappable, swap_link) {
		if (bo->shrinking || !kref_get_unless_zero(&bo->tbo.base.refcount))
			continue;
		bo->shrinking = true;
		/* The next one looks at another. */
		list_move_tail(&bo->swap_link, &mm->swappable);
		spin_unlock(&mm->lock);
		return bo;
	}
	spin_unlock(&mm->lock);
	return NULL;
}

/*
 * The end of an object takes locks under which memory is allocated, so that it must not
 * come in the middle of reclaim.
 */
static void put_shrunk(struct work_struct *work)
{
	struct gpup_vidmm *mm = container_of(work, struct gpup_vidmm, put_work);
	struct llist_node *list = llist_del_all(&mm->shrunk);
	struct gpup_bo *bo, *next;

	llist_for_each_entry_safe(bo, next, list, shrunk) {
		spin_lock(&mm->lock);
		bo->shrinking = false;
		spin_unlock(&mm->lock);
		gpup_bo_put(bo);
	}
}

static unsigned long back_up(struct gpup_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->tbo;
	unsigned long freed = 0;

	if (!dma_resv_trylock(tbo->base.resv))
		return 0;
	if (!bo->resident && tbo->ttm && ttm_tt_is_populated(tbo->ttm) &&
	    dma_resv_test_signaled(tbo->base.resv, DMA_RESV_USAGE_KERNEL)) {
		gpup_bo_zap(bo);
		freed = gpup_tt_back_up(tbo->ttm);
		gpup_mem_set_swappable(bo, gpup_tt_in_memory(tbo->ttm));
	}
	dma_resv_unlock(tbo->base.resv);
	return freed;
}

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct gpup_vidmm *mm = shrinker->private_data;
	u64 bytes;

	if (!get_nr_swap_pages())
		return 0;
	spin_lock(&mm->lock);
	bytes = mm->swappable_bytes;
	spin_unlock(&mm->lock);
	return bytes >> PAGE_SHIFT;
}

static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct gpup_vidmm *mm = shrinker->private_data;
	unsigned long freed = 0, tries = 16;
	struct gpup_bo *bo;

	/* shmem and the end of an object do what not every caller may wait for. */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	while (freed < sc->nr_to_scan && tries--) {
		bo = first_swappable(mm);
		if (!bo)
			break;
		freed += back_up(bo);
		llist_add(&bo->shrunk, &mm->shrunk);
		queue_work(mm->wq, &mm->put_work);
	}
	return freed ?: SHRINK_STOP;
}

/**
 * gpup_shrinker_init() - Let evicted objects be swapped out
 * @mm: The memory manager.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_shrinker_init(struct gpup_vidmm *mm)
{
	INIT_WORK(&mm->put_work, put_shrunk);
	init_llist_head(&mm->shrunk);
	mm->shrinker = shrinker_alloc(0, "gpup-%s", dev_name(mm->drm->dev));
	if (!mm->shrinker)
		return -ENOMEM;
	mm->shrinker->count_objects = shrink_count;
	mm->shrinker->scan_objects = shrink_scan;
	mm->shrinker->private_data = mm;
	shrinker_register(mm->shrinker);
	return 0;
}

/**
 * gpup_shrinker_fini() - No more swapping
 * @mm: The memory manager. May sleep.
 */
void gpup_shrinker_fini(struct gpup_vidmm *mm)
{
	shrinker_free(mm->shrinker);
	flush_work(&mm->put_work);
}
