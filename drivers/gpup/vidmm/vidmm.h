/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VidMm: who may have how much memory, buffer objects and address spaces.
 *
 * Nothing in here knows who its callers are: DRM files, VRDs and processes are
 * other folders' business.
 */
#ifndef _GPUP_VIDMM_H_
#define _GPUP_VIDMM_H_

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpup_adapter.h>
#include <drm/ttm/ttm_bo.h>

#include "../gpup_timeline.h"
#include "vidmm_policy.h"

struct drm_device;
struct gpup_vidmm;
struct page;

/**
 * struct gpup_vidmm_partition - A partition's share of the memory
 *
 * All sizes are in bytes. Embedded in the partition.
 */
struct gpup_vidmm_partition {
	/** @mm: The memory manager. */
	struct gpup_vidmm *mm;
	/** @vram: VRAM that it may have and has. */
	struct gpup_budget vram;
	/** @system_max: System memory that the GPU may reach on its behalf. */
	u64 system_max;
	/** @system_used: System memory that the GPU can reach on its behalf. */
	u64 system_used;
	/** @overhead: Host memory for its address spaces and what is bound in them. */
	u64 overhead;
};

struct gpup_vidmm *gpup_vidmm_create(struct gpup_adapter *adapter, struct drm_device *drm,
				     const struct gpup_adapter_ops *ops,
				     const struct gpup_adapter_caps *caps);
void gpup_vidmm_destroy(struct gpup_vidmm *mm);
u64 gpup_vidmm_available(struct gpup_vidmm *mm);

int gpup_vidmm_partition_init(struct gpup_vidmm_partition *mp, struct gpup_vidmm *mm,
			      u64 min, u64 max, u64 system_max);
void gpup_vidmm_partition_fini(struct gpup_vidmm_partition *mp);
int gpup_vidmm_partition_set_min(struct gpup_vidmm_partition *mp, u64 min);
int gpup_vidmm_partition_set_max(struct gpup_vidmm_partition *mp, u64 max);
void gpup_vidmm_partition_usage(struct gpup_vidmm_partition *mp,
				struct drm_gpup_memory_info *info);

/**
 * struct gpup_bo - Buffer object
 *
 * VRAM and the host's system memory are TTM's; the pages of a virtual machine
 * belong to whoever gave them.
 */
struct gpup_bo {
	/** @tbo: TTM object; for foreign pages only its GEM object is in use. */
	struct ttm_buffer_object tbo;
	/** @mp: Partition that is charged. */
	struct gpup_vidmm_partition *mp;
	/** @charged: Bytes that @mp was charged. */
	u64 charged;
	/** @flags: &enum drm_gpup_bo_flags. */
	u32 flags;
	/** @advice: &enum drm_gpup_bo_advice that was given last. */
	u32 advice;
	/** @pages: Foreign pages, or NULL. */
	struct page **pages;
	/** @release_pages: Called once, when nothing uses @pages any more. May sleep. */
	void (*release_pages)(struct page **pages, unsigned long count, void *data);
	/** @release_data: Passed to @release_pages. */
	void *release_data;
};

static inline struct gpup_bo *gpup_bo_from_gem(struct drm_gem_object *obj)
{
	return container_of(obj, struct gpup_bo, tbo.base);
}

struct gpup_bo *gpup_bo_create(struct gpup_vidmm_partition *mp, u64 size, u32 flags);
struct gpup_bo *gpup_bo_create_foreign(struct gpup_vidmm_partition *mp, struct page **pages,
				       unsigned long count,
				       void (*release)(struct page **, unsigned long, void *),
				       void *data);
struct gpup_bo *gpup_bo_get(struct gpup_bo *bo);
void gpup_bo_put(struct gpup_bo *bo);
u64 gpup_bo_size(const struct gpup_bo *bo);
bool gpup_bo_advise(struct gpup_bo *bo, u32 advice);
int gpup_bo_vram_pfn(struct gpup_bo *bo, u64 offset, unsigned long *pfn);

/**
 * struct gpup_bind_op - One operation on an address space
 */
struct gpup_bind_op {
	/** @op: One of &enum drm_gpup_bind_op_type. */
	u32 op;
	/** @flags: &enum drm_gpup_bind_op_flags. */
	u32 flags;
	/** @bo: Object to map; NULL for an unmap. */
	struct gpup_bo *bo;
	/** @bo_offset: First byte of the object. */
	u64 bo_offset;
	/** @va: GPU virtual address. */
	u64 va;
	/** @size: Size in bytes. */
	u64 size;
};

/* GPU address space. */
struct gpup_vm;

struct gpup_vm *gpup_vm_create(struct gpup_vidmm_partition *mp, struct gpup_timeline *timeline);
struct gpup_vm *gpup_vm_get(struct gpup_vm *vm);
void gpup_vm_put(struct gpup_vm *vm);
void gpup_vm_close(struct gpup_vm *vm);
struct gpup_hw_as *gpup_vm_hw_as(struct gpup_vm *vm);
struct gpup_timeline *gpup_vm_timeline(struct gpup_vm *vm);
int gpup_vm_bind(struct gpup_vm *vm, const struct gpup_bind_op *ops, unsigned int count,
		 const struct gpup_wait *waits, unsigned int wait_count,
		 struct dma_fence *fence, u64 *value);
void gpup_vm_fail(struct gpup_vm *vm, int error);

#endif /* _GPUP_VIDMM_H_ */
