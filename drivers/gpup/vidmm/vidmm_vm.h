/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces and the binds that change them.
 */
#ifndef _GPUP_VIDMM_VM_H_
#define _GPUP_VIDMM_VM_H_

#include <linux/kref.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>

#include "vidmm_internal.h"

/* Mappings that one address space may have, and binds it may have in flight. */
#define GPUP_VM_MAX_MAPPINGS	65536
#define GPUP_VM_MAX_BINDS	1024
/* Unmapping needs mappings too, for a while: how many more, so that it can make room. */
#define GPUP_VM_UNMAP_RESERVE	4096

/**
 * struct gpup_vm - GPU address space
 */
struct gpup_vm {
	/** @base: drm_gpuvm's part, with the reference count. */
	struct drm_gpuvm base;
	/** @mp: Partition that it belongs to. */
	struct gpup_vidmm_partition *mp;
	/** @as: The adapter's part. */
	struct gpup_hw_as *as;
	/** @timeline: Progress of its binds. */
	struct gpup_timeline *timeline;
	/** @submit_lock: Held while a bind gets its value and its place. */
	struct mutex submit_lock;
	/** @closed: No more binds are accepted. Protected by @submit_lock. */
	bool closed;
	/** @lock: Protects the next three. Taken from any context. */
	spinlock_t lock;
	/** @binds: Binds in order; the first may be at work. */
	struct list_head binds;
	/** @bind_count: Number of @binds. */
	unsigned int bind_count;
	/** @stopped: The worker begins no more binds. Read without @lock. */
	bool stopped;
	/** @overhead: Bytes that @mp was charged for @as. Protected by the manager's lock. */
	u64 overhead;
	/** @mappings: Mappings that exist or that binds in flight have ready. */
	atomic_t mappings;
	/** @work: Carries out @binds. */
	struct work_struct work;
};

static inline struct gpup_vm *gpup_vm_from_base(struct drm_gpuvm *base)
{
	return container_of(base, struct gpup_vm, base);
}

/**
 * struct gpup_mapping - Mapping of a part of an object
 */
struct gpup_mapping {
	/** @va: drm_gpuvm's part. */
	struct drm_gpuva va;
	/** @bo: The object, with a reference; NULL in a spare one. */
	struct gpup_bo *bo;
	/** @writable: The GPU may write. */
	bool writable;
	/** @link: Entry of the spare or of the dead ones of a bind. */
	struct list_head link;
};

void gpup_vm_free(struct drm_gpuvm *base);
void gpup_vm_run_binds(struct work_struct *work);
void gpup_vm_cancel_binds(struct gpup_vm *vm);
void gpup_mapping_free(struct gpup_vm *vm, struct gpup_mapping *mapping);

extern const struct drm_gpuvm_ops gpup_gpuvm_ops;

#endif /* _GPUP_VIDMM_VM_H_ */
