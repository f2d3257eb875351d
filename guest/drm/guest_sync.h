/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Syncobjs of a submission, and arrays from user space.
 */
#ifndef _GUEST_SYNC_H_
#define _GUEST_SYNC_H_

#include <linux/types.h>

#include <drm/gpup_drm.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_syncobj;

/**
 * struct guest_signal - One syncobj to attach a fence to
 */
struct guest_signal {
	/** @syncobj: The syncobj. */
	struct drm_syncobj *syncobj;
	/** @chain: Node for a point of a timeline, or NULL. */
	struct dma_fence_chain *chain;
	/** @point: Point of the timeline. */
	u64 point;
};

/**
 * struct guest_syncs - The syncs of one job or of one batch of binds
 */
struct guest_syncs {
	/** @deps: Fences to wait for: neither chains nor arrays, one for each context. */
	struct dma_fence **deps;
	/** @dep_count: Number of @deps. */
	u32 dep_count;
	/** @signals: Syncobjs to signal. */
	struct guest_signal *signals;
	/** @signal_count: Number of @signals. */
	u32 signal_count;
};

void *guest_copy_array(const struct drm_gpup_obj_array *array, size_t size, u32 max);

int guest_syncs_init(struct guest_syncs *syncs, struct drm_file *file,
		     const struct drm_gpup_obj_array *array);
void guest_syncs_signal(struct guest_syncs *syncs, struct dma_fence *fence);
void guest_syncs_fini(struct guest_syncs *syncs);

#endif /* _GUEST_SYNC_H_ */
