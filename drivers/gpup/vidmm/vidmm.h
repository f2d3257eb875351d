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
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpup_adapter.h>
#include <drm/ttm/ttm_bo.h>

#include "../gpup_timeline.h"
#include "vidmm_policy.h"

struct dma_fence;
struct drm_device;
struct drm_printer;
struct gpup_sched_group;
struct gpup_vidmm;
struct gpup_vidsch;
struct mem_cgroup;
struct mm_struct;
struct page;

/**
 * struct gpup_memory_listener - Someone to be told about a partition's figures
 *
 * Called in any context that may not sleep, with locks of the manager held: the functions
 * take note, and do the rest elsewhere.
 */
struct gpup_memory_listener {
	/** @changed: The figures have changed. */
	void (*changed)(void *data);
	/**
	 * @trim: The partition shall come down to @budget bytes of VRAM, from which it is
	 * @over bytes away; after @grace_ms memory is taken from it.
	 */
	void (*trim)(void *data, u64 budget, u64 over, u32 grace_ms);
};

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
	/** @peak: Most VRAM that it ever had allocated. */
	u64 peak;
	/** @evictions: Objects that were moved out of VRAM. */
	u64 evictions;
	/** @bytes_moved: Bytes that were copied out of VRAM and into it. */
	u64 bytes_moved;
	/** @budget: What it was last told that it can count on. */
	u64 budget;
	/** @trims: How often it was asked to use less. */
	u64 trims;
	/** @told: It was asked, and not forgiven since. */
	bool told;
	/** @told_at: When it was asked, in jiffies. */
	unsigned long told_at;
	/** @taken_at: When something was last taken from it, in jiffies. */
	unsigned long taken_at;
	/** @resident: Objects in VRAM, least recently used first. */
	struct list_head resident;
	/** @evicted: Objects for VRAM that are not there, first evicted first. */
	struct list_head evicted;
	/** @pinned: Objects in system memory. */
	struct list_head pinned;
	/** @objects: Number of all objects that are not gone. Protected by the manager's lock. */
	unsigned long objects;
	/** @gone: Woken when the last of them is. */
	wait_queue_head_t gone;
	/** @memcg: Who is charged for evicted objects; NULL: whoever creates them. */
	struct mem_cgroup *memcg;
	/** @listener: Told about the figures, or NULL. */
	const struct gpup_memory_listener *listener;
	/** @listener_data: Passed to it. */
	void *listener_data;
	/** @trim_work: Comes down to a limit that was lowered. */
	struct delayed_work trim_work;
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
void gpup_vidmm_partition_listen(struct gpup_vidmm_partition *mp,
				 const struct gpup_memory_listener *listener, void *data);
void gpup_vidmm_partition_set_owner(struct gpup_vidmm_partition *mp, struct mm_struct *mm);

/**
 * struct gpup_memory_counters - What has happened to a partition's memory
 */
struct gpup_memory_counters {
	/** @resident: VRAM that it has at present, in bytes. */
	u64 resident;
	/** @peak: Most VRAM that it ever had allocated, in bytes. */
	u64 peak;
	/** @evictions: Objects that were moved out of VRAM. */
	u64 evictions;
	/** @bytes_moved: Bytes that were copied out of VRAM and into it. */
	u64 bytes_moved;
};

void gpup_vidmm_partition_counters(struct gpup_vidmm_partition *mp,
				   struct gpup_memory_counters *counters);
void gpup_vidmm_report(struct gpup_vidmm *mm, struct drm_printer *p);
void gpup_vidmm_report_objects(struct gpup_vidmm_partition *mp, u32 partition,
			       struct drm_printer *p);
void gpup_vidmm_report_vram(struct gpup_vidmm *mm, struct drm_printer *p);

/**
 * struct gpup_bo_window - Somewhere that shows an object to a CPU
 */
struct gpup_bo_window {
	/** @link: Entry of the object's windows. Protected by its reservation. */
	struct list_head link;
	/**
	 * @zap: Make the CPU look again where the pages are. Called with the object
	 * locked. May sleep, must not wait for a fault.
	 */
	void (*zap)(struct gpup_bo_window *window);
};

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
	/** @id: Number on its adapter, for reports. */
	u64 id;
	/** @advice: &enum drm_gpup_bo_advice that was given last. */
	u32 advice;
	/** @resident: It is in VRAM. Changes with the object reserved; read without. */
	bool resident;
	/** @no_room: It was refused VRAM for want of room. Protected by the reservation. */
	bool no_room;
	/** @purged: Its contents were dropped. Protected by the reservation. */
	bool purged;
	/**
	 * @lost: Its contents could not be copied. Set before the fence of the copy signals;
	 * read after that, with the reservation.
	 */
	bool lost;
	/**
	 * @unclean: It may show what another has left in VRAM, which could be neither overwritten
	 * nor cleared: nobody may look, until it is gone. Set and read as @lost.
	 */
	bool unclean;
	/**
	 * @link: Entry of one of the partition's lists, or empty before the object is complete.
	 * Protected by the manager's lock.
	 */
	struct list_head link;
	/**
	 * @swap_link: Entry of &gpup_vidmm.swappable, or empty. Becomes empty and the other way
	 * round with the object reserved.
	 */
	struct list_head swap_link;
	/** @shrinking: The shrinker has it. Protected by the manager's lock. */
	bool shrinking;
	/** @shrunk: Entry of those that it is done with. */
	struct llist_node shrunk;
	/** @used_at: When it was put at the end of the resident ones, in jiffies. */
	unsigned long used_at;
	/** @memcg: Who is charged for its evicted pages, or NULL. */
	struct mem_cgroup *memcg;
	/** @vms_lock: Protects @vms. */
	spinlock_t vms_lock;
	/** @vms: &struct gpup_vm_bo, one for each address space that it is bound in. */
	struct list_head vms;
	/** @windows: &struct gpup_bo_window. Protected by the reservation. */
	struct list_head windows;
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
int gpup_bo_cpu_lock(struct gpup_bo *bo, bool nowait);
void gpup_bo_cpu_unlock(struct gpup_bo *bo);
unsigned long gpup_bo_pfn(struct gpup_bo *bo, u64 offset);
void gpup_bo_add_window(struct gpup_bo *bo, struct gpup_bo_window *window);
void gpup_bo_remove_window(struct gpup_bo *bo, struct gpup_bo_window *window);

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
	/** @vm_bo: The memory manager's own. */
	struct gpup_vm_bo *vm_bo;
};

/* GPU address space. */
struct gpup_vm;
struct gpup_vm_bo;
struct gpup_vm_hold;

struct gpup_vm *gpup_vm_create(struct gpup_vidmm_partition *mp, struct gpup_timeline *timeline,
			       struct gpup_vidsch *sched);
struct gpup_vm *gpup_vm_get(struct gpup_vm *vm);
void gpup_vm_put(struct gpup_vm *vm);
void gpup_vm_close(struct gpup_vm *vm);
struct gpup_hw_as *gpup_vm_hw_as(struct gpup_vm *vm);
struct gpup_timeline *gpup_vm_timeline(struct gpup_vm *vm);
int gpup_vm_bind(struct gpup_vm *vm, const struct gpup_bind_op *ops, unsigned int count,
		 const struct gpup_wait *waits, unsigned int wait_count,
		 struct dma_fence *fence, u64 *value);
int gpup_vm_charge(struct gpup_vm *vm, s64 bytes);
void gpup_vm_fail(struct gpup_vm *vm, int error);
struct gpup_sched_group *gpup_vm_group(struct gpup_vm *vm);
struct gpup_vm_hold *gpup_vm_hold(struct gpup_vm *vm);
void gpup_vm_unhold(struct gpup_vm_hold *hold, struct dma_fence *fence);

#endif /* _GPUP_VIDMM_H_ */
