/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VRAM as TTM's resource manager: blocks, and which of them are clear.
 */
#ifndef _GPUP_VIDMM_VRAM_H_
#define _GPUP_VIDMM_VRAM_H_

#include <linux/atomic.h>
#include <linux/gpu_buddy.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpup_adapter.h>
#include <drm/ttm/ttm_resource.h>

struct drm_printer;
struct gpup_vidmm;

/**
 * typedef gpup_vram_clear_fn - Fills VRAM with zeroes
 * @mm: The memory manager.
 * @offset: First byte.
 * @size: Bytes.
 *
 * Returns when that is done: 0, or -EIO if the contents could not be cleared. May sleep.
 */
typedef int (*gpup_vram_clear_fn)(struct gpup_vidmm *mm, u64 offset, u64 size);

/**
 * struct gpup_vram - The VRAM, as TTM's resource manager
 */
struct gpup_vram {
	/** @man: TTM's part. */
	struct ttm_resource_manager man;
	/** @mm: The memory manager. */
	struct gpup_vidmm *mm;
	/** @clear: How VRAM is cleared; called without locks. */
	gpup_vram_clear_fn clear;
	/** @lock: Protects what follows, up to @scrubbed. Within dma_resv, around reclaim. */
	struct mutex lock;
	/** @buddy: Blocks; it knows which of the free ones are clear. */
	struct gpu_buddy buddy;
	/** @retired: Blocks that could not be cleared, and are not used any more. */
	struct list_head retired;
	/** @retired_size: Bytes in @retired. */
	u64 retired_size;
	/** @in_hand: Bytes that the scrubber is clearing: neither free nor anybody's. */
	u64 in_hand;
	/** @scrubbed: Pieces that the scrubber is done with. Read without @lock by waiters. */
	unsigned long scrubbed;
	/** @huge: Allocated bytes that can be mapped in pages of 2 MiB. */
	atomic64_t huge;
	/** @urgent: Allocations that wait for a piece or are being cleared; these go first. */
	atomic_t urgent;
	/** @wait: Where allocations wait for @scrubbed to change. */
	wait_queue_head_t wait;
	/** @work: The scrubber. */
	struct delayed_work work;
	/** @wq: Where it runs: no partition's work can be in its way. */
	struct workqueue_struct *wq;
};

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

int gpup_vram_init(struct gpup_vram *vram, struct gpup_vidmm *mm);
int gpup_vram_init_with(struct gpup_vram *vram, struct gpup_vidmm *mm, gpup_vram_clear_fn clear);
void gpup_vram_fini(struct gpup_vram *vram);

int gpup_vram_clear(struct ttm_resource *res);
void gpup_vram_lose(struct ttm_resource *res, u64 addr, u64 size);
void gpup_vram_extent(struct ttm_resource *res, u64 offset, struct gpup_extent *extent);
void gpup_vram_walk(struct ttm_resource *res, void (*fn)(u64 addr, u64 size, void *data),
		    void *data);
void gpup_vram_report(struct gpup_vram *vram, struct drm_printer *p);

#endif /* _GPUP_VIDMM_VRAM_H_ */
