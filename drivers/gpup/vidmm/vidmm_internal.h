/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the memory manager share.
 */
#ifndef _GPUP_VIDMM_INTERNAL_H_
#define _GPUP_VIDMM_INTERNAL_H_

#include <linux/gpu_buddy.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_resource.h>

#include "vidmm.h"
#include "vidmm_paging.h"
#include "vidmm_policy.h"
#include "vidmm_vram.h"

struct drm_exec;
struct shrinker;

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
	/** @lock: Protects @pool, the budgets of all partitions, and what is swappable. */
	spinlock_t lock;
	/** @pool: What the partitions share. */
	struct gpup_pool pool;
	/** @paging: Copies and clears. */
	struct gpup_paging paging;
	/** @bo_ids: Number of the last object. */
	atomic64_t bo_ids;
	/** @turn: Held by the one pass that evicts. Outside of all reservations. */
	struct mutex turn;
	/** @grace: Between being asked to use less and having to, in jiffies. */
	unsigned long grace;
	/** @announce: Tells the partitions what they can count on. */
	struct delayed_work announce;
	/** @swappable: Objects with pages that swap could take, longest there first. */
	struct list_head swappable;
	/** @swappable_bytes: Their sizes together. */
	u64 swappable_bytes;
	/** @shrinker: Gives evicted objects to the host's swap. */
	struct shrinker *shrinker;
	/** @shrunk: Objects that the shrinker is done with. */
	struct llist_head shrunk;
	/** @put_work: Lets go of them. */
	struct work_struct put_work;
	/** @wq: Where binds run, and address spaces give way. */
	struct workqueue_struct *wq;
	/** @pass_wq: Where address spaces are made resident. */
	struct workqueue_struct *pass_wq;
	/** @binds_end: Read side: from a bind's completion until it has let go of its objects. */
	struct srcu_struct binds_end;
};

void gpup_bo_extent(struct gpup_bo *bo, u64 offset, struct gpup_extent *extent);

/**
 * struct gpup_mem_pass - Making objects resident, all or none
 */
struct gpup_mem_pass {
	/** @exec: Locks of all objects that are needed. */
	struct drm_exec *exec;
	/** @wait: With -EAGAIN: when to try again, in jiffies from now. */
	unsigned long wait;
	/** @may_evict: &gpup_vidmm.turn is held. */
	bool may_evict;
};

/* vidmm_evict.c */
int gpup_bo_make_resident(struct gpup_bo *bo, struct gpup_mem_pass *pass);
int gpup_bo_evict(struct gpup_bo *bo);
void gpup_mem_trim(struct work_struct *work);
void gpup_mem_announce(struct work_struct *work);
int gpup_shrinker_init(struct gpup_vidmm *mm);
void gpup_shrinker_fini(struct gpup_vidmm *mm);

/* vidmm_bo.c */
int gpup_bo_place(struct gpup_bo *bo, u32 mem_type);
bool gpup_bo_is_wanted(struct gpup_bo *bo);
void gpup_bo_zap(struct gpup_bo *bo);

/* vidmm.c */
void gpup_mem_remember(struct gpup_bo *bo);
void gpup_mem_publish(struct gpup_bo *bo);
void gpup_mem_forget(struct gpup_bo *bo);
int gpup_mem_admit(struct gpup_vidmm_partition *mp, u64 size);
void gpup_mem_evicted(struct gpup_vidmm_partition *mp, u64 size);
void gpup_mem_moved(struct gpup_bo *bo, bool resident, u64 bytes);
void gpup_mem_set_swappable(struct gpup_bo *bo, bool swappable);
int gpup_mem_charge(struct gpup_vidmm_partition *mp, u32 flags, u64 size);
void gpup_mem_uncharge(struct gpup_vidmm_partition *mp, u32 flags, u64 size);
int gpup_mem_charge_overhead(struct gpup_vidmm_partition *mp, u64 size);
void gpup_mem_uncharge_overhead(struct gpup_vidmm_partition *mp, u64 size);
int gpup_mem_raise_overhead(struct gpup_vidmm_partition *mp, u64 *charged, u64 size);
void gpup_mem_retire(struct gpup_vidmm *mm, u64 size);

extern const struct ttm_device_funcs gpup_ttm_funcs;

#endif /* _GPUP_VIDMM_INTERNAL_H_ */
