// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VRAM: blocks, and the scrubber that clears them between two owners.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "vidmm_internal.h"

/**
 * DOC: Scrubbing
 *
 * What is free in gpu_buddy is zero: always. A block that is given back goes onto the dirty
 * list first; a worker clears it with the adapter's paging engine, and only then does
 * gpu_buddy get it. So no path of allocation can forget to clear, and none has to
 * wait for more than what it lacks: an allocation that finds too little free waits
 * until the worker has cleared the next block, and tries again.
 *
 * A block whose clearing fails is retired: nobody can say what is in it, so nobody
 * gets it, and the policy is told that there is less.
 *
 * At the start, all of the VRAM is dirty.
 */

/* So that an early allocation need not wait for all of the VRAM. */
#define FIRST_BLOCK	SZ_16M

/* A contiguous piece of an allocation; it begins where the one before it ends. */
struct vram_piece {
	/* First byte of the allocation behind the piece. */
	u64 end;
	/* Where the piece is in the VRAM. */
	u64 addr;
};

struct gpup_vram_resource {
	struct ttm_resource base;
	struct list_head blocks;
	/*
	 * The blocks once more, to search in: a guest can make VRAM as scattered as it
	 * likes, and each of very many pieces is looked up when they are mapped.
	 */
	struct vram_piece *pieces;
	unsigned int piece_count;
};

static struct gpup_vram_resource *to_vram_resource(struct ttm_resource *res)
{
	return container_of(res, struct gpup_vram_resource, base);
}

static struct gpup_vram *to_vram(struct ttm_resource_manager *man)
{
	return container_of(man, struct gpup_vram, man);
}

static void scrub_block(struct gpup_vram *vram, struct gpu_buddy_block *block)
{
	struct gpup_vidmm *mm = vram->mm;
	u64 offset = gpu_buddy_block_offset(block);
	u64 size = gpu_buddy_block_size(&vram->buddy, block);
	int ret;

	lockdep_assert_held(&vram->lock);
	vram->scrubbing = true;
	mutex_unlock(&vram->lock);

	ret = mm->ops->vram_clear(mm->adapter, offset, size);

	mutex_lock(&vram->lock);
	if (ret) {
		drm_err(mm->drm, "VRAM at %#llx could not be cleared: %llu bytes are lost (%d)\n",
			offset, size, ret);
		list_add(&block->link, &vram->retired);
		gpup_mem_retire(mm, size);
	} else {
		gpu_buddy_free_block(&vram->buddy, block);
	}
	vram->scrubbing = false;
	WRITE_ONCE(vram->scrubbed, vram->scrubbed + 1);
	wake_up_all(&vram->wait);
}

static void scrub(struct work_struct *work)
{
	struct gpup_vram *vram = container_of(work, struct gpup_vram, work);
	struct gpu_buddy_block *block;

	mutex_lock(&vram->lock);
	while ((block = list_first_entry_or_null(&vram->dirty, struct gpu_buddy_block, link))) {
		list_del(&block->link);
		scrub_block(vram, block);
	}
	mutex_unlock(&vram->lock);
}

static int index_pieces(struct gpup_vram *vram, struct gpup_vram_resource *vres)
{
	struct vram_piece *piece = NULL;
	struct gpu_buddy_block *block;
	u64 next = 0, end = 0;

	vres->pieces = kvmalloc_array(list_count_nodes(&vres->blocks), sizeof(*vres->pieces),
				      GFP_KERNEL_ACCOUNT);
	if (!vres->pieces)
		return -ENOMEM;
	list_for_each_entry(block, &vres->blocks, link) {
		u64 addr = gpu_buddy_block_offset(block);
		u64 size = gpu_buddy_block_size(&vram->buddy, block);

		if (!piece || addr != next) {
			piece = &vres->pieces[vres->piece_count++];
			piece->addr = addr;
		}
		next = addr + size;
		end += size;
		piece->end = end;
	}
	return 0;
}

static int vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
		      const struct ttm_place *place, struct ttm_resource **res)
{
	struct gpup_vram *vram = to_vram(man);
	struct gpup_vram_resource *vres;
	unsigned long seen;
	int ret;

	vres = kzalloc(sizeof(*vres), GFP_KERNEL_ACCOUNT);
	if (!vres)
		return -ENOMEM;
	ttm_resource_init(bo, place, &vres->base);
	INIT_LIST_HEAD(&vres->blocks);

	for (;;) {
		mutex_lock(&vram->lock);
		ret = gpu_buddy_alloc_blocks(&vram->buddy, 0, vram->buddy.size, vres->base.size,
					     vram->buddy.chunk_size, &vres->blocks, 0);
		seen = vram->scrubbed;
		if (ret != -ENOSPC || (list_empty(&vram->dirty) && !vram->scrubbing)) {
			mutex_unlock(&vram->lock);
			break;
		}
		mutex_unlock(&vram->lock);
		wait_event(vram->wait, READ_ONCE(vram->scrubbed) != seen);
	}
	if (ret)
		goto err_fini;
	ret = index_pieces(vram, vres);
	if (ret)
		goto err_blocks;
	*res = &vres->base;
	return 0;

err_blocks:
	/* Nobody has written to them: they are as clean as they were. */
	mutex_lock(&vram->lock);
	gpu_buddy_free_list(&vram->buddy, &vres->blocks, 0);
	mutex_unlock(&vram->lock);
err_fini:
	ttm_resource_fini(man, &vres->base);
	kfree(vres);
	return ret;
}

static void vram_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct gpup_vram_resource *vres = to_vram_resource(res);
	struct gpup_vram *vram = to_vram(man);

	mutex_lock(&vram->lock);
	list_splice_tail_init(&vres->blocks, &vram->dirty);
	mutex_unlock(&vram->lock);
	queue_work(vram->wq, &vram->work);

	ttm_resource_fini(man, res);
	kvfree(vres->pieces);
	kfree(vres);
}

static const struct ttm_resource_manager_func vram_funcs = {
	.alloc = vram_alloc,
	.free = vram_free,
};

/**
 * gpup_vram_extent() - Where a byte of an allocation is
 * @res: The allocation.
 * @offset: The byte, below the size of @res.
 * @extent: Receives the contiguous rest behind it.
 *
 * The allocation must not go away meanwhile. Any context.
 */
void gpup_vram_extent(struct ttm_resource *res, u64 offset, struct gpup_extent *extent)
{
	const struct gpup_vram_resource *vres = to_vram_resource(res);
	unsigned int low = 0, high = vres->piece_count - 1;
	const struct vram_piece *piece;
	u64 start;

	/* The first piece that ends behind the byte. */
	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (vres->pieces[mid].end > offset)
			high = mid;
		else
			low = mid + 1;
	}
	piece = &vres->pieces[low];
	start = low ? piece[-1].end : 0;
	extent->domain = GPUP_MEM_VRAM;
	extent->addr = piece->addr + (offset - start);
	extent->size = piece->end - offset;
}

/**
 * gpup_vram_init() - Take over the VRAM
 * @vram: The VRAM.
 * @mm: The memory manager, with its TTM device.
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vram_init(struct gpup_vram *vram, struct gpup_vidmm *mm)
{
	u64 left = mm->caps->vram_size;
	int ret;

	vram->mm = mm;
	mutex_init(&vram->lock);
	INIT_LIST_HEAD(&vram->dirty);
	INIT_LIST_HEAD(&vram->retired);
	init_waitqueue_head(&vram->wait);
	INIT_WORK(&vram->work, scrub);
	vram->wq = alloc_workqueue("gpup-scrub", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!vram->wq)
		return -ENOMEM;
	ret = gpu_buddy_init(&vram->buddy, left, mm->caps->page_size);
	if (ret)
		goto err_wq;

	mutex_lock(&vram->lock);
	while (left && !ret) {
		u64 size = min_t(u64, left, FIRST_BLOCK);

		ret = gpu_buddy_alloc_blocks(&vram->buddy, 0, vram->buddy.size, size,
					     mm->caps->page_size, &vram->dirty, 0);
		left -= size;
	}
	if (ret)
		gpu_buddy_free_list(&vram->buddy, &vram->dirty, 0);
	mutex_unlock(&vram->lock);
	if (ret)
		goto err_buddy;

	vram->man.func = &vram_funcs;
	ttm_resource_manager_init(&vram->man, &mm->ttm, mm->caps->vram_size);
	ttm_set_driver_manager(&mm->ttm, TTM_PL_VRAM, &vram->man);
	ttm_resource_manager_set_used(&vram->man, true);
	queue_work(vram->wq, &vram->work);
	return 0;

err_buddy:
	gpu_buddy_fini(&vram->buddy);
err_wq:
	destroy_workqueue(vram->wq);
	return ret;
}

/**
 * gpup_vram_fini() - Let go of the VRAM
 * @vram: The VRAM, from which nothing is allocated any more.
 *
 * May sleep.
 */
void gpup_vram_fini(struct gpup_vram *vram)
{
	destroy_workqueue(vram->wq);
	ttm_resource_manager_set_used(&vram->man, false);
	ttm_resource_manager_cleanup(&vram->man);
	ttm_set_driver_manager(&vram->mm->ttm, TTM_PL_VRAM, NULL);

	mutex_lock(&vram->lock);
	gpu_buddy_free_list(&vram->buddy, &vram->retired, 0);
	mutex_unlock(&vram->lock);
	gpu_buddy_fini(&vram->buddy);
	mutex_destroy(&vram->lock);
}
