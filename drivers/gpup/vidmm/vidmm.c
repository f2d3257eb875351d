// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory manager of an adapter, and the partitions' shares in it.
 */
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_vma_manager.h>

#include "../gpup_compat.h"
#include "vidmm_internal.h"

/**
 * DOC: VidMm
 *
 * Mechanism is the kernel's: TTM for placement and CPU mappings, gpu_buddy for
 * blocks, drm_gpuvm for address spaces. Policy is in vidmm_policy.c and knows none of
 * them: a size is charged to the partition first, and TTM is asked only for
 * what was granted.
 *
 * - vidmm_policy.c: who may have how much, and who gives way.
 * - vidmm_bo.c: buffer objects, and how they move.
 * - vidmm_vram.c, vidmm_tt.c: the memory behind them, in VRAM and on the host.
 * - vidmm_paging.c: copying and clearing.
 * - vidmm_evict.c: making room.
 * - vidmm_vm.c, vidmm_bind.c: address spaces and their changes.
 * - vidmm_residency.c: having all of an address space in VRAM when its jobs run.
 *
 * Lock order, from the outside: &gpup_vidmm.turn, objects' dma_resv (by drm_exec),
 * &gpup_vm.submit_lock, &gpup_vm.run_lock, &gpup_vm.pt_lock, &gpup_vram.lock,
 * &gpup_vidmm.lock, &gpup_bo.vms_lock. &gpup_vm.lock is taken within a timeline's, the
 * scheduler's lock within run_lock. Memory is allocated under a dma_resv, submit_lock and
 * &gpup_vram.lock alone.
 * Of the adapter's operations, those on page tables are called with pt_lock held,
 * all others without any of the manager's locks but a dma_resv.
 */

/* Between being asked to use less, and having to, in ms. */
#define GPUP_TRIM_GRACE_MS	20

/* How long changes are collected before all partitions hear of them, in ms. */
#define GPUP_ANNOUNCE_MS	10

/**
 * gpup_vidmm_create() - Create an adapter's memory manager
 * @adapter: The adapter.
 * @drm: Its DRM device.
 * @ops: Its operations.
 * @caps: Its capabilities; they outlive the manager.
 *
 * May sleep.
 *
 * Return: The manager, or ERR_PTR(-ENOMEM).
 */
struct gpup_vidmm *gpup_vidmm_create(struct gpup_adapter *adapter, struct drm_device *drm,
				     const struct gpup_adapter_ops *ops,
				     const struct gpup_adapter_caps *caps)
{
	struct gpup_vidmm *mm;
	int ret;

	mm = kzalloc(sizeof(*mm), GFP_KERNEL);
	if (!mm)
		return ERR_PTR(-ENOMEM);
	mm->adapter = adapter;
	mm->drm = drm;
	mm->ops = ops;
	mm->caps = caps;
	gpup_pool_init(&mm->pool, caps->vram_size);
	spin_lock_init(&mm->lock);
	mutex_init(&mm->turn);
	INIT_LIST_HEAD(&mm->swappable);
	mm->grace = msecs_to_jiffies(GPUP_TRIM_GRACE_MS);
	INIT_DELAYED_WORK(&mm->announce, gpup_mem_announce);

	ret = init_srcu_struct(&mm->binds_end);
	if (ret)
		goto err_free;
	mm->wq = alloc_workqueue("gpup-mm", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!mm->wq) {
		ret = -ENOMEM;
		goto err_srcu;
	}
	/* What waits for others to give way must not be in the way of those who do. */
	mm->pass_wq = alloc_workqueue("gpup-residency", WQ_UNBOUND, 0);
	if (!mm->pass_wq) {
		ret = -ENOMEM;
		goto err_wq;
	}
	ret = gpup_paging_init(&mm->paging, mm);
	if (ret)
		goto err_pass_wq;
	ret = gpup_ttm_device_init(&mm->ttm, &gpup_ttm_funcs, drm);
	if (ret)
		goto err_paging;
	ret = gpup_shrinker_init(mm);
	if (ret)
		goto err_ttm;
	ret = gpup_vram_init(&mm->vram, mm);
	if (ret)
		goto err_shrinker;
	return mm;

err_shrinker:
	gpup_shrinker_fini(mm);
err_ttm:
	ttm_device_fini(&mm->ttm);
err_paging:
	gpup_paging_fini(&mm->paging);
err_pass_wq:
	destroy_workqueue(mm->pass_wq);
err_wq:
	destroy_workqueue(mm->wq);
err_srcu:
	cleanup_srcu_struct(&mm->binds_end);
err_free:
	kfree(mm);
	return ERR_PTR(ret);
}

/**
 * gpup_vidmm_destroy() - Destroy a memory manager
 * @mm: The manager; no partition or buffer object is left. May sleep.
 */
void gpup_vidmm_destroy(struct gpup_vidmm *mm)
{
	cancel_delayed_work_sync(&mm->announce);
	gpup_shrinker_fini(mm);
	flush_workqueue(mm->ttm.wq);
	gpup_vram_fini(&mm->vram);
	ttm_device_fini(&mm->ttm);
	gpup_paging_fini(&mm->paging);
	destroy_workqueue(mm->pass_wq);
	destroy_workqueue(mm->wq);
	cleanup_srcu_struct(&mm->binds_end);
	kfree(mm);
}

/* Something has changed that what partitions can count on depends on. */
static void announce(struct gpup_vidmm_partition *mp)
{
	struct gpup_vidmm *mm = mp->mm;

	lockdep_assert_held(&mm->lock);
	if (mp->listener)
		mp->listener->changed(mp->listener_data);
	queue_delayed_work(mm->wq, &mm->announce, msecs_to_jiffies(GPUP_ANNOUNCE_MS));
}

/**
 * gpup_vidmm_available() - VRAM that a new partition could be guaranteed
 * @mm: The manager.
 *
 * Not from interrupts.
 *
 * Return: Bytes.
 */
u64 gpup_vidmm_available(struct gpup_vidmm *mm)
{
	u64 available;

	spin_lock(&mm->lock);
	available = gpup_pool_available(&mm->pool);
	spin_unlock(&mm->lock);
	return available;
}
EXPORT_SYMBOL_GPL(gpup_vidmm_available);

/**
 * gpup_vidmm_partition_init() - Admit a partition
 * @mp: Its share.
 * @mm: The manager.
 * @min: Guaranteed VRAM in bytes, a multiple of the page size.
 * @max: Limit of VRAM in bytes, a multiple of the page size.
 * @system_max: Limit of system memory in bytes.
 *
 * Return: 0, -EINVAL for limits that make no sense, -ENOSPC if the guarantee is not to be had.
 */
int gpup_vidmm_partition_init(struct gpup_vidmm_partition *mp, struct gpup_vidmm *mm,
			      u64 min, u64 max, u64 system_max)
{
	int ret;

	if (!IS_ALIGNED(min | max, mm->caps->page_size))
		return -EINVAL;
	memset(mp, 0, sizeof(*mp));
	mp->mm = mm;
	mp->vram.min = min;
	mp->vram.max = max;
	mp->system_max = system_max;
	INIT_LIST_HEAD(&mp->resident);
	INIT_LIST_HEAD(&mp->evicted);
	INIT_LIST_HEAD(&mp->pinned);
	init_waitqueue_head(&mp->gone);
	INIT_DELAYED_WORK(&mp->trim_work, gpup_mem_trim);
	spin_lock(&mm->lock);
	ret = gpup_budget_join(&mm->pool, &mp->vram);
	if (!ret) {
		mp->budget = gpup_budget_target(&mm->pool, &mp->vram);
		announce(mp);
	}
	spin_unlock(&mm->lock);
	return ret;
}

/**
 * gpup_vidmm_partition_fini() - Let a partition go
 * @mp: Its share; all of its buffer objects have been dropped.
 *
 * May sleep, until those are done that have a reference to one for a while.
 */
void gpup_vidmm_partition_fini(struct gpup_vidmm_partition *mp)
{
	struct gpup_vidmm *mm = mp->mm;

	/*
	 * TTM may have put off the end of an object, and so may the shrinker, a report, or a pass
	 * of another partition that has looked for something to evict.
	 */
	wait_event(mp->gone, !READ_ONCE(mp->objects));
	cancel_delayed_work_sync(&mp->trim_work);
	/* Whoever has woken us is done with the partition as well. */
	spin_lock(&mm->lock);
	WARN_ON(mp->vram.used || mp->vram.resident || mp->system_used || mp->overhead);
	mp->listener = NULL;
	gpup_budget_leave(&mm->pool, &mp->vram);
	queue_delayed_work(mm->wq, &mm->announce, msecs_to_jiffies(GPUP_ANNOUNCE_MS));
	spin_unlock(&mm->lock);
	mem_cgroup_put(mp->memcg);
}

/**
 * gpup_vidmm_partition_listen() - Have somebody told about a partition's figures
 * @mp: Its share.
 * @listener: Who is told from now on, or NULL. After the return the one before is not
 *	called any more.
 * @data: Passed to it.
 *
 * Not from interrupts.
 */
void gpup_vidmm_partition_listen(struct gpup_vidmm_partition *mp,
				 const struct gpup_memory_listener *listener, void *data)
{
	spin_lock(&mp->mm->lock);
	mp->listener = listener;
	mp->listener_data = data;
	spin_unlock(&mp->mm->lock);
}

/**
 * gpup_vidmm_partition_set_owner() - Say whose cgroup is charged for evicted objects
 * @mp: Its share.
 * @owner: Memory of the VMM; NULL: whoever creates them.
 *
 * For objects that are created from now on. May sleep. Not at the same time as itself.
 */
void gpup_vidmm_partition_set_owner(struct gpup_vidmm_partition *mp, struct mm_struct *owner)
{
	struct mem_cgroup *memcg = owner ? get_mem_cgroup_from_mm(owner) : NULL;
	struct mem_cgroup *old;

	spin_lock(&mp->mm->lock);
	old = mp->memcg;
	mp->memcg = memcg;
	spin_unlock(&mp->mm->lock);
	mem_cgroup_put(old);
}
EXPORT_SYMBOL_GPL(gpup_vidmm_partition_set_owner);

static int resize(struct gpup_vidmm_partition *mp, const u64 *min, const u64 *max)
{
	struct gpup_vidmm *mm = mp->mm;
	int ret;

	spin_lock(&mm->lock);
	ret = gpup_budget_resize(&mm->pool, &mp->vram, min ? *min : mp->vram.min,
				 max ? *max : mp->vram.max);
	if (!ret)
		announce(mp);
	spin_unlock(&mm->lock);
	/* Asks first, and then evicts. */
	if (!ret)
		mod_delayed_work(mm->pass_wq, &mp->trim_work, 0);
	return ret;
}

/**
 * gpup_vidmm_partition_set_min() - Change what a partition is guaranteed
 * @mp: Its share.
 * @min: Guaranteed VRAM in bytes.
 *
 * Return: 0, -EINVAL above the limit or if not a multiple of the page size, -ENOSPC.
 */
int gpup_vidmm_partition_set_min(struct gpup_vidmm_partition *mp, u64 min)
{
	if (!IS_ALIGNED(min, mp->mm->caps->page_size))
		return -EINVAL;
	return resize(mp, &min, NULL);
}

/**
 * gpup_vidmm_partition_set_max() - Change a partition's limit
 * @mp: Its share.
 * @max: Limit of VRAM in bytes.
 *
 * Below what is in use, nothing more can be allocated until enough was freed, and what is
 * resident beyond it is evicted, after the partition was asked to use less. Does not wait for that.
 *
 * Return: 0, -EINVAL below the guarantee, above the VRAM or if not a multiple of the page
 * size.
 */
int gpup_vidmm_partition_set_max(struct gpup_vidmm_partition *mp, u64 max)
{
	if (!IS_ALIGNED(max, mp->mm->caps->page_size))
		return -EINVAL;
	return resize(mp, NULL, &max);
}

/**
 * gpup_vidmm_partition_usage() - What a partition may have and has
 * @mp: Its share.
 * @info: Receives the figures.
 *
 * Not from interrupts.
 */
void gpup_vidmm_partition_usage(struct gpup_vidmm_partition *mp,
				struct drm_gpup_memory_info *info)
{
	spin_lock(&mp->mm->lock);
	info->vram_min = mp->vram.min;
	info->vram_max = mp->vram.max;
	info->vram_used = mp->vram.used;
	info->system_max = mp->system_max;
	info->system_used = mp->system_used;
	info->vram_budget = mp->budget;
	info->vram_evicted = mp->vram.used - mp->vram.resident;
	info->trims = mp->trims;
	spin_unlock(&mp->mm->lock);
}
EXPORT_SYMBOL_GPL(gpup_vidmm_partition_usage);

/**
 * gpup_vidmm_partition_counters() - What has happened to a partition's memory
 * @mp: Its share.
 * @counters: Receives the figures.
 *
 * Not from interrupts.
 */
void gpup_vidmm_partition_counters(struct gpup_vidmm_partition *mp,
				   struct gpup_memory_counters *counters)
{
	spin_lock(&mp->mm->lock);
	counters->resident = mp->vram.resident;
	counters->peak = mp->peak;
	counters->evictions = mp->evictions;
	counters->bytes_moved = mp->bytes_moved;
	spin_unlock(&mp->mm->lock);
}

/**
 * gpup_mem_remember() - A partition is about to have an object more
 * @bo: The object; its size was charged. May sleep.
 */
void gpup_mem_remember(struct gpup_bo *bo)
{
	struct gpup_vidmm_partition *mp = bo->mp;

	spin_lock(&mp->mm->lock);
	WRITE_ONCE(mp->objects, mp->objects + 1);
	if (mp->memcg && mem_cgroup_tryget(mp->memcg))
		bo->memcg = mp->memcg;
	spin_unlock(&mp->mm->lock);
	if (!bo->memcg)
		bo->memcg = get_mem_cgroup_from_mm(current->mm);
}

/**
 * gpup_mem_publish() - Have others find an object
 * @bo: The object, complete: from now on anybody may take a reference. If it can move, it is
 *	reserved.
 */
void gpup_mem_publish(struct gpup_bo *bo)
{
	struct gpup_vidmm_partition *mp = bo->mp;
	struct list_head *list = &mp->pinned;

	if (bo->flags & DRM_GPUP_BO_VRAM)
		list = bo->resident ? &mp->resident : &mp->evicted;
	spin_lock(&mp->mm->lock);
	list_add_tail(&bo->link, list);
	spin_unlock(&mp->mm->lock);
}

static void set_swappable(struct gpup_bo *bo, bool swappable)
{
	struct gpup_vidmm *mm = bo->mp->mm;

	lockdep_assert_held(&mm->lock);
	if (swappable == !list_empty(&bo->swap_link))
		return;
	if (swappable) {
		list_add_tail(&bo->swap_link, &mm->swappable);
		mm->swappable_bytes += gpup_bo_size(bo);
	} else {
		list_del_init(&bo->swap_link);
		mm->swappable_bytes -= gpup_bo_size(bo);
	}
}

/**
 * gpup_mem_set_swappable() - Say whether an object has pages that swap could take
 * @bo: The object, for VRAM, reserved.
 * @swappable: It may have some.
 */
void gpup_mem_set_swappable(struct gpup_bo *bo, bool swappable)
{
	spin_lock(&bo->mp->mm->lock);
	set_swappable(bo, swappable);
	spin_unlock(&bo->mp->mm->lock);
}

static void uncharge(struct gpup_vidmm_partition *mp, u32 flags, u64 size)
{
	lockdep_assert_held(&mp->mm->lock);
	if (flags & DRM_GPUP_BO_VRAM)
		gpup_budget_uncharge(&mp->mm->pool, &mp->vram, size);
	else
		mp->system_used -= size;
	announce(mp);
}

/**
 * gpup_mem_forget() - A partition has an object less
 * @bo: The object, without memory. Its partition may be gone when this returns.
 */
void gpup_mem_forget(struct gpup_bo *bo)
{
	struct gpup_vidmm_partition *mp = bo->mp;
	struct gpup_vidmm *mm = mp->mm;

	spin_lock(&mm->lock);
	list_del(&bo->link);
	set_swappable(bo, false);
	uncharge(mp, bo->flags, bo->charged);
	WRITE_ONCE(mp->objects, mp->objects - 1);
	if (!mp->objects)
		wake_up(&mp->gone);
	spin_unlock(&mm->lock);
}

/**
 * gpup_mem_moved() - An object is somewhere else
 * @bo: The object, reserved.
 * @resident: It is in VRAM now.
 * @bytes: Bytes that are copied for it.
 */
void gpup_mem_moved(struct gpup_bo *bo, bool resident, u64 bytes)
{
	struct gpup_vidmm_partition *mp = bo->mp;

	spin_lock(&mp->mm->lock);
	if (bo->resident && !resident)
		mp->evictions++;
	mp->bytes_moved += bytes;
	WRITE_ONCE(bo->resident, resident);
	bo->used_at = jiffies;
	/* Nobody shall find one that is being made. */
	if (!list_empty(&bo->link))
		list_move_tail(&bo->link, resident ? &mp->resident : &mp->evicted);
	announce(mp);
	spin_unlock(&mp->mm->lock);
}

/**
 * gpup_mem_admit() - May a partition have so much more in VRAM, and is there room?
 * @mp: Its share.
 * @size: Bytes; on success they count as resident until gpup_mem_evicted().
 *
 * Nobody is told: whoever allocates VRAM or frees it moves an object, or frees one.
 *
 * Return: 0 or -ENOSPC.
 */
int gpup_mem_admit(struct gpup_vidmm_partition *mp, u64 size)
{
	int ret;

	spin_lock(&mp->mm->lock);
	ret = gpup_budget_admit(&mp->mm->pool, &mp->vram, size);
	spin_unlock(&mp->mm->lock);
	return ret ? -ENOSPC : 0;
}

/**
 * gpup_mem_evicted() - A partition has so much less in VRAM
 * @mp: Its share.
 * @size: Bytes, admitted before.
 */
void gpup_mem_evicted(struct gpup_vidmm_partition *mp, u64 size)
{
	spin_lock(&mp->mm->lock);
	gpup_budget_evict(&mp->mm->pool, &mp->vram, size);
	spin_unlock(&mp->mm->lock);
}

/**
 * gpup_mem_charge() - May a partition have so much more?
 * @mp: Its share.
 * @flags: DRM_GPUP_BO_VRAM or DRM_GPUP_BO_SYSTEM.
 * @size: Bytes.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_mem_charge(struct gpup_vidmm_partition *mp, u32 flags, u64 size)
{
	int ret = 0;

	spin_lock(&mp->mm->lock);
	if (flags & DRM_GPUP_BO_VRAM)
		ret = gpup_budget_charge(&mp->mm->pool, &mp->vram, size);
	else if (size > mp->system_max - mp->system_used)
		ret = -ENOMEM;
	else
		mp->system_used += size;
	if (!ret) {
		mp->peak = max(mp->peak, mp->vram.used);
		announce(mp);
	}
	spin_unlock(&mp->mm->lock);
	return ret;
}

/**
 * gpup_mem_uncharge() - A partition gives something back
 * @mp: Its share.
 * @flags: As with gpup_mem_charge().
 * @size: Bytes, charged before.
 */
void gpup_mem_uncharge(struct gpup_vidmm_partition *mp, u32 flags, u64 size)
{
	spin_lock(&mp->mm->lock);
	uncharge(mp, flags, size);
	spin_unlock(&mp->mm->lock);
}

/*
 * Page tables take a 512th of what is mapped densely, mappings of single pages a 32nd.
 * The constant is for what is mapped here and there, as in an address space of each of
 * many processes. To the host's partition, whose processes are charged by their
 * cgroups, this is no limit.
 */
static u64 overhead_max(const struct gpup_vidmm_partition *mp)
{
	lockdep_assert_held(&mp->mm->lock);
	return SZ_64M + (mp->vram.max + mp->system_max) / 8;
}

/**
 * gpup_mem_charge_overhead() - May a partition cost the host so much more memory?
 * @mp: Its share.
 * @size: Bytes.
 *
 * Not from interrupts.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_mem_charge_overhead(struct gpup_vidmm_partition *mp, u64 size)
{
	int ret = 0;

	spin_lock(&mp->mm->lock);
	if (mp->overhead + size > overhead_max(mp))
		ret = -ENOMEM;
	else
		mp->overhead += size;
	spin_unlock(&mp->mm->lock);
	return ret;
}

/**
 * gpup_mem_uncharge_overhead() - A partition costs the host less
 * @mp: Its share.
 * @size: Bytes, charged before.
 *
 * Not from interrupts.
 */
void gpup_mem_uncharge_overhead(struct gpup_vidmm_partition *mp, u64 size)
{
	spin_lock(&mp->mm->lock);
	mp->overhead -= size;
	spin_unlock(&mp->mm->lock);
}

/**
 * gpup_mem_raise_overhead() - Charge for something that has grown
 * @mp: Its partition's share.
 * @charged: Bytes that were charged for it; raised, also on failure.
 * @size: Bytes that it takes now.
 *
 * Not from interrupts.
 *
 * Return: 0, or -ENOMEM if that is more than the partition may cost.
 */
int gpup_mem_raise_overhead(struct gpup_vidmm_partition *mp, u64 *charged, u64 size)
{
	int ret;

	spin_lock(&mp->mm->lock);
	if (size > *charged) {
		mp->overhead += size - *charged;
		*charged = size;
	}
	ret = mp->overhead > overhead_max(mp) ? -ENOMEM : 0;
	spin_unlock(&mp->mm->lock);
	return ret;
}

/**
 * gpup_mem_retire() - Some VRAM can never be used again
 * @mm: The manager.
 * @size: Bytes.
 */
void gpup_mem_retire(struct gpup_vidmm *mm, u64 size)
{
	spin_lock(&mm->lock);
	gpup_pool_retire(&mm->pool, size);
	spin_unlock(&mm->lock);
}
