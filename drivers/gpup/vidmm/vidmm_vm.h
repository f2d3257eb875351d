/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces and the binds that change them.
 */
#ifndef _GPUP_VIDMM_VM_H_
#define _GPUP_VIDMM_VM_H_

#include <linux/kref.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>

#include "../vidsch/vidsch.h"
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
	/**
	 * @pt_lock: Protects the page tables, the mappings, and the next four. Taken
	 * where fences are signalled: nothing is allocated under it.
	 */
	struct mutex pt_lock;
	/** @bos: &struct gpup_vm_bo of all objects for VRAM that are bound or about to be. */
	struct list_head bos;
	/** @bo_count: Number of @bos. */
	unsigned int bo_count;
	/** @bo_bytes: Their sizes together. */
	u64 bo_bytes;
	/** @invalid: Those of @bos that have to be made resident before the next job. */
	struct list_head invalid;
	/** @group: The queues that run in it, if it gives way to others between jobs. */
	struct gpup_sched_group group;
	/** @gives_way: It does; otherwise each submission holds the memory that it needs. */
	bool gives_way;
	/** @closing: Nobody will want to see it resident. */
	bool closing;
	/** @run_lock: Protects @armed, and the state of @group. Nothing is allocated under it. */
	struct mutex run_lock;
	/** @armed: @fence keeps its objects where they are. */
	bool armed;
	/** @resumed: When @group was last resumed, in jiffies. */
	unsigned long resumed;
	/** @fence: The preempt fence; whoever waits for it makes @group stop. Of @pass alone. */
	struct dma_fence *fence;
	/** @fence_context: Context of the preempt fences. */
	u64 fence_context;
	/** @fence_seqno: Sequence number of the last one. */
	u64 fence_seqno;
	/** @pass: Makes the objects resident. */
	struct work_struct pass;
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
	/** @vm_bo: For objects in VRAM, with a reference; else NULL. */
	struct gpup_vm_bo *vm_bo;
	/** @vm_bo_link: Entry of its mappings. */
	struct list_head vm_bo_link;
	/** @writable: The GPU may write. */
	bool writable;
	/** @link: Entry of the spare or of the dead ones of a bind. */
	struct list_head link;
};

/**
 * struct gpup_vm_bo - An object for VRAM, as seen by one address space
 */
struct gpup_vm_bo {
	/** @ref: Mappings, binds in flight, and passes. */
	refcount_t ref;
	/** @vm: The address space. */
	struct gpup_vm *vm;
	/** @bo: The object; whoever has a reference to this has one to it. */
	struct gpup_bo *bo;
	/** @vm_link: Entry of the address space's objects. */
	struct list_head vm_link;
	/** @invalid_link: Entry of those to be made resident, or empty. */
	struct list_head invalid_link;
	/** @bo_link: Entry of the object's address spaces. Protected by its vms_lock. */
	struct list_head bo_link;
	/** @mappings: &struct gpup_mapping. Protected by the address space's pt_lock. */
	struct list_head mappings;
	/** @mapped: The page tables show where the object is. Likewise. */
	bool mapped;
};

struct gpup_vm_bo *gpup_vm_bo_obtain(struct gpup_vm *vm, struct gpup_bo *bo);
void gpup_vm_bo_put(struct gpup_vm_bo *vm_bo);
void gpup_bo_unmap_gpu(struct gpup_bo *bo);
void gpup_bo_invalidate(struct gpup_bo *bo);
unsigned long gpup_bo_last_run(struct gpup_bo *bo);
void gpup_mapping_write(struct gpup_vm *vm, const struct gpup_mapping *mapping);

/* With the page tables' lock held. */
static inline void gpup_mapping_unlink(struct gpup_mapping *mapping)
{
	if (mapping->vm_bo)
		list_del(&mapping->vm_bo_link);
}

void gpup_vm_residency_init(struct gpup_vm *vm, struct gpup_vidsch *sched);
void gpup_vm_residency_fini(struct gpup_vm *vm);

void gpup_vm_free(struct drm_gpuvm *base);
void gpup_vm_run_binds(struct work_struct *work);
void gpup_vm_cancel_binds(struct gpup_vm *vm);
void gpup_mapping_free(struct gpup_vm *vm, struct gpup_mapping *mapping);

extern const struct drm_gpuvm_ops gpup_gpuvm_ops;

#endif /* _GPUP_VIDMM_VM_H_ */
