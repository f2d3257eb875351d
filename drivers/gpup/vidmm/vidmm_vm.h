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

struct gpup_vm {
	struct drm_gpuvm base;
	struct gpup_vidmm_partition *mp;
	struct gpup_hw_as *as;
	struct gpup_timeline *timeline;
	/* Held while a bind gets its value and its place; protects @closed. */
	struct mutex submit_lock;
	bool closed;
	/* Protects @binds, @bind_count and @stopped. Taken in any context. */
	spinlock_t lock;
	/* Binds in order; the first may be at work. */
	struct list_head binds;
	unsigned int bind_count;
	/* The worker begins no more binds. */
	bool stopped;
	/* Mappings that exist or that binds in flight have ready. */
	atomic_t mappings;
	struct work_struct work;
};

static inline struct gpup_vm *gpup_vm_from_base(struct drm_gpuvm *base)
{
	return container_of(base, struct gpup_vm, base);
}

/* A mapping of a part of an object. */
struct gpup_mapping {
	struct drm_gpuva va;
	struct gpup_bo *bo;
	bool writable;
	/* Among the spare or the dead ones of a bind. */
	struct list_head link;
};

void gpup_vm_free(struct drm_gpuvm *base);
void gpup_vm_run_binds(struct work_struct *work);
void gpup_vm_cancel_binds(struct gpup_vm *vm);
void gpup_mapping_free(struct gpup_vm *vm, struct gpup_mapping *mapping);

extern const struct drm_gpuvm_ops gpup_gpuvm_ops;

#endif /* _GPUP_VIDMM_VM_H_ */
