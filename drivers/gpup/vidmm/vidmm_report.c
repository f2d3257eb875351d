// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports: what is where, for debugfs. The format is in the book, "Operator's guide".
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "vidmm_tt.h"
#include "vidmm_vm.h"

/**
 * gpup_vidmm_report() - Say how much VRAM there is
 * @mm: The memory manager.
 * @p: Where to. May sleep.
 */
void gpup_vidmm_report(struct gpup_vidmm *mm, struct drm_printer *p)
{
	u64 retired, free, clear;

	mutex_lock(&mm->vram.lock);
	free = mm->vram.buddy.avail;
	clear = mm->vram.buddy.clear_avail;
	mutex_unlock(&mm->vram.lock);
	spin_lock(&mm->lock);
	retired = mm->pool.retired;
	spin_unlock(&mm->lock);
	drm_printf(p, "vram %llu %u %llu %llu %llu\n", mm->caps->vram_size, mm->caps->page_size,
		   retired, free, clear);
}

/**
 * gpup_vidmm_report_vram() - Say how fragmented the VRAM is
 * @mm: The memory manager.
 * @p: Where to. May sleep.
 */
void gpup_vidmm_report_vram(struct gpup_vidmm *mm, struct drm_printer *p)
{
	gpup_vram_report(&mm->vram, p);
}

static const char *place_of(struct gpup_bo *bo)
{
	struct ttm_tt *tt = bo->tbo.ttm;

	if (!(bo->flags & DRM_GPUP_BO_VRAM))
		return "pages";
	if (bo->resident)
		return "vram";
	return tt && ttm_tt_is_populated(tt) && to_gpup_tt(tt)->backup ? "swap" : "system";
}

struct report {
	struct drm_printer *p;
	u64 id;
};

static void report_piece(u64 addr, u64 size, void *data)
{
	struct report *report = data;

	drm_printf(report->p, "extent %llx %llu %llu\n", report->id, addr, size);
}

static void report_object(struct gpup_bo *bo, u32 partition, struct drm_printer *p)
{
	bool reserved = bo->flags & DRM_GPUP_BO_VRAM;
	struct report report = { .p = p, .id = bo->id };

	/* Foreign pages have no TTM object behind them. */
	if (reserved)
		dma_resv_lock(bo->tbo.base.resv, NULL);
	drm_printf(p, "object %u %llx %llu %s %s%s%s%s\n", partition, bo->id, gpup_bo_size(bo),
		   place_of(bo), bo->flags & DRM_GPUP_BO_SYSTEM ? "P" : "-",
		   bo->flags & DRM_GPUP_BO_NO_MMAP ? "m" : "",
		   READ_ONCE(bo->advice) == DRM_GPUP_BO_DONT_NEED ? "d" : "",
		   bo->purged ? "p" : "");
	if (bo->resident)
		gpup_vram_walk(bo->tbo.resource, report_piece, &report);
	if (reserved)
		dma_resv_unlock(bo->tbo.base.resv);
}

static unsigned long count_objects(struct gpup_vidmm_partition *mp)
{
	lockdep_assert_held(&mp->mm->lock);
	return list_count_nodes(&mp->resident) + list_count_nodes(&mp->evicted) +
	       list_count_nodes(&mp->pinned);
}

static unsigned long take_objects(struct list_head *list, struct gpup_bo **objects,
				  unsigned long n, unsigned long max)
{
	struct gpup_bo *bo;

	list_for_each_entry(bo, list, link)
		if (n < max && kref_get_unless_zero(&bo->tbo.base.refcount))
			objects[n++] = bo;
	return n;
}

/**
 * gpup_vidmm_report_objects() - Say what a partition has where
 * @mp: Its share.
 * @partition: Its number.
 * @p: Where to. May sleep.
 */
void gpup_vidmm_report_objects(struct gpup_vidmm_partition *mp, u32 partition,
			       struct drm_printer *p)
{
	struct gpup_vidmm *mm = mp->mm;
	struct gpup_bo **objects;
	unsigned long max, n = 0, i;

	spin_lock(&mm->lock);
	max = count_objects(mp);
	spin_unlock(&mm->lock);
	if (!max)
		return;
	/* Those that are created meanwhile are left out. */
	objects = kvmalloc_array(max, sizeof(*objects), GFP_KERNEL);
	if (!objects)
		return;
	spin_lock(&mm->lock);
	n = take_objects(&mp->resident, objects, n, max);
	n = take_objects(&mp->evicted, objects, n, max);
	n = take_objects(&mp->pinned, objects, n, max);
	spin_unlock(&mm->lock);
	for (i = 0; i < n; i++) {
		report_object(objects[i], partition, p);
		gpup_bo_put(objects[i]);
		cond_resched();
	}
	kvfree(objects);
}
