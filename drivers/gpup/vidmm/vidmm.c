// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory manager of an adapter, and the partitions' shares in it.
 */
#include <linux/export.h>
#include <linux/lockdep.h>
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
 * There is no eviction yet, and so everything is pinned where it was created.
 *
 * Lock order, from the outside: &gpup_vm.submit_lock, an object's dma_resv,
 * &gpup_vram.lock, &gpup_vidmm.lock. &gpup_vm.lock is taken within a timeline's. The
 * adapter's operations are called without any of the manager's locks.
 */

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
	mm->pool.size = caps->vram_size;
	spin_lock_init(&mm->lock);

	ret = init_srcu_struct(&mm->binds_end);
	if (ret)
		goto err_free;
	mm->wq = alloc_workqueue("gpup-mm", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!mm->wq) {
		ret = -ENOMEM;
		goto err_srcu;
	}
	ret = gpup_ttm_device_init(&mm->ttm, &gpup_ttm_funcs, drm);
	if (ret)
		goto err_wq;
	ret = gpup_vram_init(&mm->vram, mm);
	if (ret)
		goto err_ttm;
	return mm;

err_ttm:
	ttm_device_fini(&mm->ttm);
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
	flush_workqueue(mm->ttm.wq);
	gpup_vram_fini(&mm->vram);
	ttm_device_fini(&mm->ttm);
	destroy_workqueue(mm->wq);
	cleanup_srcu_struct(&mm->binds_end);
	kfree(mm);
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
	spin_lock(&mm->lock);
	ret = gpup_budget_join(&mm->pool, &mp->vram);
	spin_unlock(&mm->lock);
	return ret;
}

/**
 * gpup_vidmm_partition_fini() - Let a partition go
 * @mp: Its share; all of its buffer objects have been dropped. May sleep.
 */
void gpup_vidmm_partition_fini(struct gpup_vidmm_partition *mp)
{
	struct gpup_vidmm *mm = mp->mm;

	/* TTM may have put off the end of an object. */
	flush_workqueue(mm->ttm.wq);
	WARN_ON(mp->vram.used || mp->system_used || mp->overhead);
	spin_lock(&mm->lock);
	gpup_budget_leave(&mm->pool, &mp->vram);
	spin_unlock(&mm->lock);
}

static int resize(struct gpup_vidmm_partition *mp, const u64 *min, const u64 *max)
{
	struct gpup_vidmm *mm = mp->mm;
	int ret;

	spin_lock(&mm->lock);
	ret = gpup_budget_resize(&mm->pool, &mp->vram, min ? *min : mp->vram.min,
				 max ? *max : mp->vram.max);
	spin_unlock(&mm->lock);
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
 * Return: 0, -EINVAL below the guarantee, above the VRAM or if not a multiple of the page
 * size, -EBUSY below what is in use.
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
	if (flags & DRM_GPUP_BO_VRAM)
		gpup_budget_uncharge(&mp->mm->pool, &mp->vram, size);
	else
		mp->system_used -= size;
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
