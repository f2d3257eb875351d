/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the memory manager share.
 */
#ifndef _GPUP_VIDMM_INTERNAL_H_
#define _GPUP_VIDMM_INTERNAL_H_

#include <linux/gpu_buddy.h>
#include <linux/mutex.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_resource.h>

#include "vidmm.h"
#include "vidmm_policy.h"

/**
 * struct gpup_vram - The VRAM, as TTM's resource manager
 */
struct gpup_vram {
	/** @man: TTM's part. */
	struct ttm_resource_manager man;
	/** @mm: The memory manager. */
	struct gpup_vidmm *mm;
	/** @lock: Protects all that follows. Leaf. */
	struct mutex lock;
	/** @buddy: Blocks; what is free in it is zero. */
	struct gpu_buddy buddy;
	/** @dirty: Blocks that nobody uses and that are to be cleared. */
	struct list_head dirty;
	/** @retired: Blocks that could not be cleared, and are not used any more. */
	struct list_head retired;
	/** @scrubbed: Blocks ever cleared or retired; changes wake @wait. Read without @lock. */
	unsigned long scrubbed;
	/** @scrubbing: A block is being cleared. */
	bool scrubbing;
	/** @wait: Where allocations wait for the scrubber. */
	wait_queue_head_t wait;
	/** @work: The scrubber. */
	struct work_struct work;
	/** @wq: Where it runs: no partition's work can be in its way. */
	struct workqueue_struct *wq;
};

/**
 * struct gpup_vidmm - Memory manager of one adapter
 */
struct gpup_vidmm {
	/** @adapter: The adapter, for its operations. */
	struct gpup_adapter *adapter;
	/** @drm: DRM device. */
	struct drm_device *drm;
	/** @ops: The adapter's operations. */
	const struct gpup_adapter_ops *ops;
	/** @caps: The adapter's capabilities. */
	const struct gpup_adapter_caps *caps;
	/** @ttm: TTM's part. */
	struct ttm_device ttm;
	/** @vram: The VRAM. */
	struct gpup_vram vram;
	/** @lock: Protects @pool and the budgets of all partitions. */
	spinlock_t lock;
	/** @pool: What the partitions share. */
	struct gpup_pool pool;
	/** @wq: Where binds run. */
	struct workqueue_struct *wq;
	/** @binds_end: Read side: from a bind's completion until it has let go of its objects. */
	struct srcu_struct binds_end;
};

int gpup_vram_init(struct gpup_vram *vram, struct gpup_vidmm *mm);
void gpup_vram_fini(struct gpup_vram *vram);

/**
 * struct gpup_extent - Contiguous piece of a buffer object
 */
struct gpup_extent {
	/** @domain: Where it is. */
	enum gpup_mem_domain domain;
	/** @addr: Its address there. */
	u64 addr;
	/** @size: Its size in bytes. */
	u64 size;
};

void gpup_vram_extent(struct ttm_resource *res, u64 offset, struct gpup_extent *extent);
void gpup_bo_extent(struct gpup_bo *bo, u64 offset, struct gpup_extent *extent);

int gpup_mem_charge(struct gpup_vidmm_partition *mp, u32 flags, u64 size);
void gpup_mem_uncharge(struct gpup_vidmm_partition *mp, u32 flags, u64 size);
int gpup_mem_charge_overhead(struct gpup_vidmm_partition *mp, u64 size);
void gpup_mem_uncharge_overhead(struct gpup_vidmm_partition *mp, u64 size);
int gpup_mem_raise_overhead(struct gpup_vidmm_partition *mp, u64 *charged, u64 size);
void gpup_mem_retire(struct gpup_vidmm *mm, u64 size);

extern const struct ttm_device_funcs gpup_ttm_funcs;

#endif /* _GPUP_VIDMM_INTERNAL_H_ */
