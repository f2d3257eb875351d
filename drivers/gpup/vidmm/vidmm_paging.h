/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The paging queue: everything that copies or clears VRAM, in order.
 */
#ifndef _GPUP_VIDMM_PAGING_H_
#define _GPUP_VIDMM_PAGING_H_

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/gpup_adapter.h>

struct gpup_bo;
struct gpup_vidmm;
struct ttm_resource;

/**
 * struct gpup_paging - The paging queue of one adapter
 */
struct gpup_paging {
	/** @mm: The memory manager. */
	struct gpup_vidmm *mm;
	/** @lock: Protects @items; also the lock of the fences. */
	spinlock_t lock;
	/** @items: What is to be done, in order. */
	struct list_head items;
	/** @context: Context of the fences. */
	u64 context;
	/** @seqno: Sequence number of the last fence. */
	u64 seqno;
	/** @wq: Where it runs. */
	struct workqueue_struct *wq;
	/** @work: Does it. */
	struct work_struct work;
};

/**
 * struct gpup_paging_piece - A contiguous piece of a copy
 */
struct gpup_paging_piece {
	/** @vram: Offset into the VRAM. */
	u64 vram;
	/** @system: Physical address. */
	u64 system;
	/** @size: Bytes. */
	u64 size;
};

/* A copy that is being put together. */
struct gpup_paging_copy;

int gpup_paging_init(struct gpup_paging *paging, struct gpup_vidmm *mm);
void gpup_paging_fini(struct gpup_paging *paging);
int gpup_paging_clear(struct gpup_vidmm *mm, u64 offset, u64 size);
struct gpup_paging_copy *gpup_paging_copy_create(struct gpup_vidmm *mm, bool to_vram,
						 unsigned int max_pieces);
void gpup_paging_copy_add(struct gpup_paging_copy *copy, u64 vram, u64 system, u64 size);
struct dma_fence *gpup_paging_copy_submit(struct gpup_paging_copy *copy, struct gpup_bo *bo,
					  struct ttm_resource *res);

#endif /* _GPUP_VIDMM_PAGING_H_ */
