// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paging queue: everything that copies or clears VRAM, in order.
 */
#include <linux/completion.h>
#include <linux/dev_printk.h>
#include <linux/highmem.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>

#include "../gpup_compat.h"
#include "vidmm_internal.h"

/**
 * DOC: Paging
 *
 * Copies out of VRAM and into it, and the clearing of it, are done by one worker in the
 * order in which they were asked for. That order is all the synchronisation that VRAM
 * needs between two owners: a block whose contents are still to be copied out can be
 * handed on at once, because whatever the next owner has done to it comes after the copy.
 *
 * What is asked for never waits for anything but its turn and the GPU: whoever
 * evicts an object has waited for its jobs before. So the queue always advances,
 * and its fences are as good as any. From the submission of a copy to its fence
 * nothing is allocated.
 */

struct paging_item {
	struct list_head link;
	/* Either a copy with a fence, or a clear that somebody waits for. */
	struct gpup_paging_copy *copy;
	struct completion *done;
	u64 offset;
	u64 size;
	int error;
};

struct gpup_paging_copy {
	/* First, so that it can be freed with the fence. */
	struct dma_fence fence;
	struct paging_item item;
	struct gpup_vidmm *mm;
	bool to_vram;
	/* There until the fence has signalled; and the VRAM, if the copy goes there. */
	struct gpup_bo *bo;
	struct ttm_resource *res;
	unsigned int count;
	unsigned int max;
	struct gpup_paging_piece pieces[] __counted_by(max);
};

static const char *paging_driver_name(struct dma_fence *fence)
{
	return "gpup";
}

static const char *paging_timeline_name(struct dma_fence *fence)
{
	return "paging";
}

static void paging_release(struct dma_fence *fence)
{
	struct gpup_paging_copy *copy = container_of(fence, struct gpup_paging_copy, fence);

	kvfree_rcu(copy, fence.rcu);
}

static const struct dma_fence_ops paging_fence_ops = {
	GPUP_DMA_FENCE_OPS_64BIT
	.get_driver_name = paging_driver_name,
	.get_timeline_name = paging_timeline_name,
	.release = paging_release,
};

/* For a GPU that could not. Both sides are memory that the CPU reaches. */
static int copy_by_cpu(struct gpup_vidmm *mm, const struct gpup_paging_piece *piece, bool to_vram)
{
	u64 done;

	for (done = 0; done < piece->size; done += PAGE_SIZE) {
		unsigned long pfn = mm->ops->vram_pfn(mm->adapter, piece->vram + done);
		struct page *system = pfn_to_page(PHYS_PFN(piece->system + done));

		if (!pfn_valid(pfn))
			return -EIO;
		if (to_vram)
			copy_highpage(pfn_to_page(pfn), system);
		else
			copy_highpage(system, pfn_to_page(pfn));
		cond_resched();
	}
	return 0;
}

static int copy_piece(struct gpup_vidmm *mm, const struct gpup_paging_piece *piece, bool to_vram)
{
	int ret;

	if (to_vram)
		ret = mm->ops->copy(mm->adapter, GPUP_MEM_VRAM, piece->vram, GPUP_MEM_SYSTEM,
				    piece->system, piece->size);
	else
		ret = mm->ops->copy(mm->adapter, GPUP_MEM_SYSTEM, piece->system, GPUP_MEM_VRAM,
				    piece->vram, piece->size);
	if (!ret)
		return 0;
	dev_warn_ratelimited(mm->drm->dev, "VRAM at %#llx could not be copied by the GPU (%d)\n",
			     piece->vram, ret);
	return copy_by_cpu(mm, piece, to_vram);
}

/* What could not be copied must not show what was there before. */
static int clear_piece(struct gpup_vidmm *mm, const struct gpup_paging_piece *piece, bool to_vram)
{
	u64 done;

	if (to_vram)
		return mm->ops->vram_clear(mm->adapter, piece->vram, piece->size);
	for (done = 0; done < piece->size; done += PAGE_SIZE)
		clear_highpage(pfn_to_page(PHYS_PFN(piece->system + done)));
	return 0;
}

static void lose_piece(struct gpup_paging_copy *copy, const struct gpup_paging_piece *piece)
{
	drm_err_ratelimited(copy->mm->drm, "VRAM at %#llx can be neither copied nor cleared\n",
			    piece->vram);
	WRITE_ONCE(copy->bo->unclean, true);
	gpup_vram_lose(copy->res, piece->vram, piece->size);
}

static void run_copy(struct gpup_paging_copy *copy)
{
	struct gpup_vidmm *mm = copy->mm;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < copy->count; i++) {
		if (!ret)
			ret = copy_piece(mm, &copy->pieces[i], copy->to_vram);
		if (ret && clear_piece(mm, &copy->pieces[i], copy->to_vram))
			lose_piece(copy, &copy->pieces[i]);
	}
	if (ret) {
		drm_err_ratelimited(mm->drm,
				    "contents of an object are lost: no way to copy VRAM\n");
		WRITE_ONCE(copy->bo->lost, true);
		dma_fence_set_error(&copy->fence, ret);
	}
	dma_fence_signal(&copy->fence);
	dma_fence_put(&copy->fence);
}

static void run_item(struct gpup_vidmm *mm, struct paging_item *item)
{
	if (item->copy) {
		run_copy(item->copy);
		return;
	}
	item->error = mm->ops->vram_clear(mm->adapter, item->offset, item->size);
	complete(item->done);
}

static void run_items(struct work_struct *work)
{
	struct gpup_paging *paging = container_of(work, struct gpup_paging, work);
	struct paging_item *item;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	for (;;) {
		spin_lock_irq(&paging->lock);
		item = list_first_entry_or_null(&paging->items, struct paging_item, link);
		if (item)
			list_del(&item->link);
		spin_unlock_irq(&paging->lock);
		if (!item)
			break;
		run_item(paging->mm, item);
		cond_resched();
	}
	dma_fence_end_signalling(cookie);
}

static void submit(struct gpup_paging *paging, struct paging_item *item)
{
	spin_lock_irq(&paging->lock);
	list_add_tail(&item->link, &paging->items);
	spin_unlock_irq(&paging->lock);
	queue_work(paging->wq, &paging->work);
}

/**
 * gpup_paging_init() - Begin with an empty queue
 * @paging: The queue.
 * @mm: The memory manager.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_paging_init(struct gpup_paging *paging, struct gpup_vidmm *mm)
{
	paging->mm = mm;
	spin_lock_init(&paging->lock);
	INIT_LIST_HEAD(&paging->items);
	INIT_WORK(&paging->work, run_items);
	paging->context = dma_fence_context_alloc(1);
	paging->wq = alloc_workqueue("gpup-paging", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	return paging->wq ? 0 : -ENOMEM;
}

/**
 * gpup_paging_fini() - End a queue
 * @paging: The queue; what is in it is done first. May sleep.
 */
void gpup_paging_fini(struct gpup_paging *paging)
{
	destroy_workqueue(paging->wq);
}

/**
 * gpup_paging_clear() - Fill VRAM with zeroes
 * @mm: The memory manager.
 * @offset: Offset into the VRAM, a multiple of the page size.
 * @size: Bytes, a multiple of the page size.
 *
 * After all that was asked for before. May sleep, until it is done.
 *
 * Return: 0, or -EIO if it could not be cleared.
 */
int gpup_paging_clear(struct gpup_vidmm *mm, u64 offset, u64 size)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct paging_item item = {
		.done = &done,
		.offset = offset,
		.size = size,
	};

	submit(&mm->paging, &item);
	wait_for_completion(&done);
	return item.error;
}

/**
 * gpup_paging_copy_create() - Begin to put a copy together
 * @mm: The memory manager.
 * @to_vram: Copy into VRAM, not out of it.
 * @max_pieces: How many pieces it can have.
 *
 * Return: The copy, for gpup_paging_copy_submit(), or NULL without memory.
 */
struct gpup_paging_copy *gpup_paging_copy_create(struct gpup_vidmm *mm, bool to_vram,
						 unsigned int max_pieces)
{
	struct gpup_paging_copy *copy;

	copy = kvzalloc(struct_size(copy, pieces, max_pieces), GFP_KERNEL);
	if (!copy)
		return NULL;
	copy->max = max_pieces;
	copy->mm = mm;
	copy->to_vram = to_vram;
	copy->item.copy = copy;
	return copy;
}

/**
 * gpup_paging_copy_add() - Add a piece
 * @copy: The copy.
 * @vram: Offset into the VRAM.
 * @system: Physical address.
 * @size: Bytes.
 *
 * A piece that continues the one before it on both sides is joined with it.
 */
void gpup_paging_copy_add(struct gpup_paging_copy *copy, u64 vram, u64 system, u64 size)
{
	struct gpup_paging_piece *last = copy->count ? &copy->pieces[copy->count - 1] : NULL;

	if (last && last->vram + last->size == vram && last->system + last->size == system) {
		last->size += size;
		return;
	}
	if (WARN_ON_ONCE(copy->count == copy->max))
		return;
	copy->pieces[copy->count++] = (struct gpup_paging_piece) {
		.vram = vram,
		.system = system,
		.size = size,
	};
}

/**
 * gpup_paging_copy_submit() - Have a copy done
 * @copy: The copy, which is not the caller's any more.
 * @bo: The object. &gpup_bo.lost is set, before the fence signals, if there is no way to copy:
 *	then the contents are zero; and &gpup_bo.unclean, if there is no way to make them so.
 * @res: The VRAM that is copied into, if it is. What cannot be made zero is retired when it is
 *	freed.
 *
 * Both sides stay as they are until it is done. Process context.
 *
 * Return: A fence that signals then.
 */
struct dma_fence *gpup_paging_copy_submit(struct gpup_paging_copy *copy, struct gpup_bo *bo,
					  struct ttm_resource *res)
{
	struct gpup_paging *paging = &copy->mm->paging;
	struct dma_fence *fence = &copy->fence;

	copy->bo = bo;
	copy->res = res;

	/* In the order of the sequence numbers. */
	spin_lock_irq(&paging->lock);
	gpup_dma_fence_init64(fence, &paging_fence_ops, &paging->lock, paging->context,
			      ++paging->seqno);
	dma_fence_get(fence);
	list_add_tail(&copy->item.link, &paging->items);
	spin_unlock_irq(&paging->lock);
	queue_work(paging->wq, &paging->work);
	return fence;
}
