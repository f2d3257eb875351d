// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VRAM: blocks, and the scrubber that clears them between two owners.
 */
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "vidmm_internal.h"

/**
 * DOC: Scrubbing
 *
 * gpu_buddy knows of each free block whether it is clear. What is given back is dirty:
 * nobody asks what the owner did with it. A worker takes dirty blocks out, has the
 * paging engine clear them, and puts them back as clear ones. An allocation takes clear
 * blocks before dirty ones, but larger ones before smaller ones, and never looks at
 * the time: who will own the memory calls gpup_vram_clear() before anybody can see it,
 * unless something else overwrites all of it, as a copy from the host's memory does.
 * So it costs nothing if the scrubber had the time, and what the
 * memory itself costs if not.
 *
 * The scrubber must not make that more. It holds one piece at a time, and takes no other while
 * somebody clears for himself: then the engine has at most that one piece to finish first.
 * It is also all that an allocation can lack, as nothing else is neither free nor
 * somebody's: rather than to fail, an allocation waits for it, and gets it before
 * the scrubber takes another.
 *
 * Copies out of memory that was freed may still be in the paging engine's queue. Clears, and copies
 * into it, come behind them, and so blocks are handed on at once.
 *
 * A block whose clearing fails is retired: nobody can say what is in it, so nobody
 * gets it, and the policy is told that there is less.
 *
 * At the start, all of the VRAM is dirty.
 */

/* What is cleared at once, while all others wait: as much as a large page. */
#define PIECE		SZ_2M

/*
 * How long what was freed is left alone: where memory is short it is soon overwritten, and to clear
 * it would only be in the way of the copies.
 */
#define SCRUB_DELAY	msecs_to_jiffies(20)

/* As many as keep &struct gpup_vram_resource within 256 bytes. */
#define FEW_PIECES	6

/* A contiguous piece of an allocation; it begins where the one before it ends. */
struct vram_piece {
	/* First byte of the allocation behind the piece. */
	u64 end;
	/* Where the piece is in the VRAM. */
	u64 addr;
};

struct gpup_vram_resource {
	struct ttm_resource base;
	/* Whom it counts for: TTM may give the resource to an object of its own. */
	struct gpup_vidmm_partition *mp;
	struct list_head blocks;
	/*
	 * The blocks once more, to search in: a guest can make VRAM as scattered as it
	 * likes, and each of very many pieces is looked up when they are mapped.
	 */
	struct vram_piece *pieces;
	unsigned int piece_count;
	/* Pages from the first to the last that could not be cleared, from @lost on in the VRAM. */
	u32 lost_pages;
	u64 lost;
	/* Bytes that can be mapped in pages of 2 MiB. */
	u64 huge;
	/* What @pieces points to, if they are few. */
	struct vram_piece few[FEW_PIECES];
};

static struct gpup_vram_resource *to_vram_resource(struct ttm_resource *res)
{
	return container_of(res, struct gpup_vram_resource, base);
}

static struct gpup_vram *to_vram(struct ttm_resource_manager *man)
{
	return container_of(man, struct gpup_vram, man);
}

static void retire(struct gpup_vram *vram, struct gpu_buddy_block *block)
{
	u64 size = gpu_buddy_block_size(&vram->buddy, block);

	lockdep_assert_held(&vram->lock);
	list_add(&block->link, &vram->retired);
	vram->retired_size += size;
	gpup_mem_retire(vram->mm, size);
}

/* Once for all of an allocation, and not too often: VRAM may be as scattered as a guest likes. */
static void say_lost(struct gpup_vram *vram, u64 addr, u64 size, unsigned int blocks)
{
	drm_err_ratelimited(vram->mm->drm,
			    "VRAM at %#llx could not be cleared: %llu bytes in %u blocks are lost\n",
			    addr, size, blocks);
}

/*
 * Take a dirty block for the scrubber, of at most a piece. Asked for more than any dirty
 * block has, gpu_buddy would give a clear one; so look first.
 */
static struct gpu_buddy_block *take_dirty(struct gpup_vram *vram)
{
	struct gpu_buddy *buddy = &vram->buddy;
	struct rb_root *dirty = buddy->free_trees[GPU_BUDDY_DIRTY_TREE];
	struct gpu_buddy_block *block;
	int order = buddy->max_order;
	LIST_HEAD(blocks);
	u64 size;

	lockdep_assert_held(&vram->lock);
	while (order >= 0 && RB_EMPTY_ROOT(&dirty[order]))
		order--;
	if (order < 0)
		return NULL;
	size = buddy->chunk_size << order;
	if (size > PIECE)
		size = max_t(u64, PIECE, buddy->chunk_size);
	/* It fails without memory to split a block with; then the next free comes back to it. */
	if (gpu_buddy_alloc_blocks(buddy, 0, buddy->size, size, buddy->chunk_size, &blocks, 0))
		return NULL;
	block = list_first_entry(&blocks, struct gpu_buddy_block, link);
	list_del(&block->link);
	return block;
}

static void scrub_block(struct gpup_vram *vram, struct gpu_buddy_block *block)
{
	u64 offset = gpu_buddy_block_offset(block);
	u64 size = gpu_buddy_block_size(&vram->buddy, block);
	LIST_HEAD(blocks);
	int ret;

	lockdep_assert_held(&vram->lock);
	vram->in_hand = size;
	mutex_unlock(&vram->lock);

	ret = vram->clear(vram->mm, offset, size);
	if (ret)
		say_lost(vram, offset, size, 1);

	mutex_lock(&vram->lock);
	if (ret) {
		retire(vram, block);
	} else {
		list_add(&block->link, &blocks);
		gpu_buddy_free_list(&vram->buddy, &blocks, GPU_BUDDY_CLEARED);
	}
	vram->in_hand = 0;
	WRITE_ONCE(vram->scrubbed, vram->scrubbed + 1);
	wake_up_all(&vram->wait);
}

static void scrub(struct work_struct *work)
{
	struct gpup_vram *vram = container_of(to_delayed_work(work), struct gpup_vram, work);
	struct gpu_buddy_block *block;

	mutex_lock(&vram->lock);
	while (!atomic_read(&vram->urgent) && (block = take_dirty(vram)))
		scrub_block(vram, block);
	mutex_unlock(&vram->lock);
}

/* From here to go_on(), the scrubber takes nothing more. */
static void hold_back(struct gpup_vram *vram)
{
	atomic_inc(&vram->urgent);
}

static void go_on(struct gpup_vram *vram)
{
	if (atomic_dec_and_test(&vram->urgent))
		queue_delayed_work(vram->wq, &vram->work, SCRUB_DELAY);
}

/* There is something dirty; if it is held back now, go_on() wakes it. */
static void wake_scrubber(struct gpup_vram *vram)
{
	if (!atomic_read(&vram->urgent))
		queue_delayed_work(vram->wq, &vram->work, SCRUB_DELAY);
}

/* Wait for what the scrubber has in hand; @vram->lock is let go meanwhile. */
static void wait_for_scrubber(struct gpup_vram *vram)
{
	unsigned long seen = vram->scrubbed;

	lockdep_assert_held(&vram->lock);
	hold_back(vram);
	mutex_unlock(&vram->lock);
	wait_event(vram->wait, READ_ONCE(vram->scrubbed) != seen);
	mutex_lock(&vram->lock);
	go_on(vram);
}

static int take_blocks(struct gpup_vram *vram, u64 size, struct list_head *blocks)
{
	struct gpu_buddy *buddy = &vram->buddy;
	int ret = -ENOSPC;

	mutex_lock(&vram->lock);
	while (size > buddy->avail && size <= buddy->avail + vram->in_hand)
		wait_for_scrubber(vram);
	/* Blocks may be as small as a page: whatever is free will do. */
	if (size <= buddy->avail)
		ret = gpu_buddy_alloc_blocks(buddy, 0, buddy->size, size, buddy->chunk_size, blocks,
					     /* Spare it the search for what is not there. */
					     buddy->clear_avail ? GPU_BUDDY_CLEAR_ALLOCATION : 0);
	mutex_unlock(&vram->lock);
	return ret;
}

/* Bytes of a piece that a page table can map in pages of 2 MiB. */
static u64 huge_part(u64 offset, u64 addr, u64 size)
{
	u64 first = round_up(addr, SZ_2M);
	u64 last = round_down(addr + size, SZ_2M);

	return IS_ALIGNED(offset ^ addr, SZ_2M) && last > first ? last - first : 0;
}

static int index_pieces(struct gpup_vram *vram, struct gpup_vram_resource *vres)
{
	struct vram_piece *piece = vres->few;
	struct gpu_buddy_block *block;
	u64 start = 0, end = 0;

	vres->pieces = vres->few;
	list_for_each_entry(block, &vres->blocks, link) {
		u64 addr = gpu_buddy_block_offset(block);

		if (!end) {
			piece->addr = addr;
		} else if (addr != piece->addr + (end - start)) {
			piece->end = end;
			vres->huge += huge_part(start, piece->addr, end - start);
			if (++vres->piece_count == FEW_PIECES) {
				vres->pieces = kvmalloc_array(list_count_nodes(&vres->blocks),
							      sizeof(*piece), GFP_KERNEL_ACCOUNT);
				if (!vres->pieces)
					return -ENOMEM;
				memcpy(vres->pieces, vres->few, sizeof(vres->few));
			}
			piece = &vres->pieces[vres->piece_count];
			piece->addr = addr;
			start = end;
		}
		end += gpu_buddy_block_size(&vram->buddy, block);
	}
	piece->end = end;
	vres->huge += huge_part(start, piece->addr, end - start);
	vres->piece_count++;
	return 0;
}

static void free_pieces(struct gpup_vram_resource *vres)
{
	if (vres->pieces != vres->few)
		kvfree(vres->pieces);
}

static int vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
		      const struct ttm_place *place, struct ttm_resource **res)
{
	struct gpup_vram *vram = to_vram(man);
	struct gpu_buddy_block *block, *next;
	struct gpup_vram_resource *vres;
	struct gpup_bo *gbo;
	int ret;

	vres = kmalloc(sizeof(*vres), GFP_KERNEL_ACCOUNT);
	if (!vres)
		return -ENOMEM;
	/* All but the room for a few pieces. */
	memset(vres, 0, offsetof(struct gpup_vram_resource, few));
	gbo = container_of(bo, struct gpup_bo, tbo);
	vres->mp = gbo->mp;
	INIT_LIST_HEAD(&vres->blocks);

	ret = gpup_mem_admit(vres->mp, bo->base.size);
	if (ret)
		goto err_free;
	ret = take_blocks(vram, bo->base.size, &vres->blocks);
	if (ret)
		goto err_admitted;
	ret = index_pieces(vram, vres);
	if (ret)
		goto err_blocks;
	if (vres->huge)
		atomic64_add(vres->huge, &vram->huge);
	ttm_resource_init(bo, place, &vres->base);
	*res = &vres->base;
	return 0;

err_blocks:
	/* Nobody has written to them: they are as clear as they were. */
	mutex_lock(&vram->lock);
	list_for_each_entry_safe(block, next, &vres->blocks, link)
		gpu_buddy_free_block(&vram->buddy, block);
	mutex_unlock(&vram->lock);
err_admitted:
	gpup_mem_evicted(vres->mp, bo->base.size);
err_free:
	/* Whoever asks through TTM cannot tell that from a lack of memory. */
	gbo->no_room = ret == -ENOSPC;
	kfree(vres);
	return ret;
}

/* What could not be cleared is retired, what is around it in its blocks is not. */
static void retire_lost(struct gpup_vram *vram, struct gpup_vram_resource *vres)
{
	u64 end = vres->lost + ((u64)vres->lost_pages << PAGE_SHIFT);
	struct gpu_buddy_block *block, *next, *part, *next_part;
	unsigned int count = 0;
	u64 size;

	mutex_lock(&vram->lock);
	size = vram->retired_size;
	list_for_each_entry_safe(block, next, &vres->blocks, link) {
		u64 start = gpu_buddy_block_offset(block);
		u64 last = min(end, start + gpu_buddy_block_size(&vram->buddy, block));
		LIST_HEAD(lost);

		start = max(start, vres->lost);
		if (start >= last)
			continue;
		list_move(&block->link, &lost);
		/* If it was clear, then before its owner had it: what is free again is dirty. */
		block->header &= ~GPU_BUDDY_HEADER_CLEAR;
		/* Without memory to split it with, the block stays whole, and all of it is lost. */
		gpu_buddy_block_trim(&vram->buddy, &start, last - start, &lost);
		list_for_each_entry_safe(part, next_part, &lost, link) {
			retire(vram, part);
			count++;
		}
	}
	size = vram->retired_size - size;
	mutex_unlock(&vram->lock);
	say_lost(vram, vres->lost, size, count);
}

static void vram_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct gpup_vram_resource *vres = to_vram_resource(res);
	struct gpup_vram *vram = to_vram(man);

	if (vres->huge)
		atomic64_sub(vres->huge, &vram->huge);
	if (vres->lost_pages)
		retire_lost(vram, vres);
	mutex_lock(&vram->lock);
	gpu_buddy_free_list(&vram->buddy, &vres->blocks, 0);
	mutex_unlock(&vram->lock);
	wake_scrubber(vram);
	gpup_mem_evicted(vres->mp, res->size);

	ttm_resource_fini(man, res);
	free_pieces(vres);
	kfree(vres);
}

static const struct ttm_resource_manager_func vram_funcs = {
	.alloc = vram_alloc,
	.free = vram_free,
};

/**
 * gpup_vram_lose() - Say that a part of an allocation cannot be cleared
 * @res: The allocation, which is not freed meanwhile. Not at the same time as itself.
 * @addr: Where the part is in the VRAM.
 * @size: Its size in bytes.
 *
 * The part consists of pages of the host, as copies do. Those of the GPU, which may be larger,
 * are retired when the allocation is freed, and with them what is between two such parts.
 */
void gpup_vram_lose(struct ttm_resource *res, u64 addr, u64 size)
{
	struct gpup_vram_resource *vres = to_vram_resource(res);
	u64 chunk = vres->mp->mm->vram.buddy.chunk_size;
	u64 end = round_up(addr + size, chunk);

	addr = round_down(addr, chunk);
	if (vres->lost_pages) {
		end = max(end, vres->lost + ((u64)vres->lost_pages << PAGE_SHIFT));
		addr = min(addr, vres->lost);
	}
	vres->lost = addr;
	vres->lost_pages = (end - addr) >> PAGE_SHIFT;
}

static int clear_block(struct gpup_vram *vram, struct gpup_vram_resource *vres,
		       struct gpu_buddy_block *block)
{
	u64 piece = max_t(u64, PIECE, vram->buddy.chunk_size);
	u64 offset = gpu_buddy_block_offset(block);
	u64 end = offset + gpu_buddy_block_size(&vram->buddy, block);
	int ret = 0;

	for (; offset < end && !ret; offset += piece) {
		u64 size = min(piece, end - offset);

		ret = vram->clear(vram->mm, offset, size);
		if (ret)
			gpup_vram_lose(&vres->base, offset, size);
	}
	return ret;
}

/**
 * gpup_vram_clear() - Clear what of an allocation is not clear
 * @res: The allocation, which nobody has written to.
 *
 * To be called before anybody can see the contents, unless something else overwrites all of
 * them. What the scrubber has cleared before costs nothing. The allocation
 * must not go away meanwhile. May sleep.
 *
 * Return: 0, or -EIO: then a part cannot be cleared. It is retired when the
 * allocation is freed, which the caller has to do; another one may do better.
 */
int gpup_vram_clear(struct ttm_resource *res)
{
	struct gpup_vram_resource *vres = to_vram_resource(res);
	struct gpup_vram *vram = &vres->mp->mm->vram;
	struct gpu_buddy_block *block;
	bool held = false;
	int ret = 0;

	list_for_each_entry(block, &vres->blocks, link) {
		if (gpu_buddy_block_is_clear(block))
			continue;
		if (!held) {
			hold_back(vram);
			held = true;
		}
		ret = clear_block(vram, vres, block);
		if (ret)
			break;
	}
	if (held)
		go_on(vram);
	return ret ? -EIO : 0;
}

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
 * gpup_vram_walk() - Where all of an allocation is
 * @res: The allocation.
 * @fn: Called for each contiguous piece, in the allocation's order, with its address in
 *	the VRAM and its size in bytes.
 * @data: Passed to @fn.
 *
 * The allocation must not go away meanwhile. Any context that @fn can be called in.
 */
void gpup_vram_walk(struct ttm_resource *res, void (*fn)(u64 addr, u64 size, void *data),
		    void *data)
{
	const struct gpup_vram_resource *vres = to_vram_resource(res);
	unsigned int i;
	u64 start = 0;

	for (i = 0; i < vres->piece_count; i++) {
		fn(vres->pieces[i].addr, vres->pieces[i].end - start, data);
		start = vres->pieces[i].end;
	}
}

static unsigned long count_blocks(const struct rb_root *root)
{
	const struct rb_node *node;
	unsigned long count = 0;

	for (node = rb_first(root); node; node = rb_next(node)) {
		count++;
		cond_resched();
	}
	return count;
}

/**
 * gpup_vram_report() - Say how scattered and how clear the VRAM is
 * @vram: The VRAM.
 * @p: Where to.
 *
 * Sizes are in bytes. Allocations wait until all free blocks have been counted. May sleep.
 */
void gpup_vram_report(struct gpup_vram *vram, struct drm_printer *p)
{
	struct gpu_buddy *buddy = &vram->buddy;
	u64 allocated, huge, largest = 0;
	int order;

	mutex_lock(&vram->lock);
	allocated = buddy->size - buddy->avail - vram->in_hand - vram->retired_size;
	/* Allocations in progress have their blocks already, and are not yet counted as huge. */
	huge = min_t(u64, atomic64_read(&vram->huge), allocated);
	drm_printf(p, "size: %llu\n", buddy->size);
	drm_printf(p, "allocated: %llu\n", allocated);
	drm_printf(p, "allocated-huge: %llu (%llu%%)\n", huge,
		   allocated ? div64_u64(huge * 100, allocated) : 100);
	drm_printf(p, "free: %llu\n", buddy->avail);
	drm_printf(p, "clear: %llu\n", buddy->clear_avail);
	drm_printf(p, "dirty: %llu\n", buddy->avail - buddy->clear_avail + vram->in_hand);
	drm_printf(p, "retired: %llu\n", vram->retired_size);
	drm_puts(p, "free blocks of size, clear, dirty:\n");
	for (order = buddy->max_order; order >= 0; order--) {
		unsigned long clear =
			count_blocks(&buddy->free_trees[GPU_BUDDY_CLEAR_TREE][order]);
		unsigned long dirty =
			count_blocks(&buddy->free_trees[GPU_BUDDY_DIRTY_TREE][order]);
		u64 size = buddy->chunk_size << order;

		if (clear || dirty)
			drm_printf(p, "%12llu %8lu %8lu\n", size, clear, dirty);
		if ((clear || dirty) && !largest)
			largest = size;
	}
	drm_printf(p, "largest free: %llu\n", largest);
	mutex_unlock(&vram->lock);
}

/**
 * gpup_vram_init_with() - Take over the VRAM, with a way to clear it
 * @vram: The VRAM.
 * @mm: The memory manager, with its TTM device.
 * @clear: How to clear.
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vram_init_with(struct gpup_vram *vram, struct gpup_vidmm *mm, gpup_vram_clear_fn clear)
{
	int ret;

	vram->mm = mm;
	vram->clear = clear;
	mutex_init(&vram->lock);
	INIT_LIST_HEAD(&vram->retired);
	vram->retired_size = 0;
	vram->in_hand = 0;
	atomic64_set(&vram->huge, 0);
	atomic_set(&vram->urgent, 0);
	init_waitqueue_head(&vram->wait);
	INIT_DELAYED_WORK(&vram->work, scrub);
	vram->wq = alloc_workqueue("gpup-scrub", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!vram->wq)
		return -ENOMEM;
	ret = gpu_buddy_init(&vram->buddy, mm->caps->vram_size, mm->caps->page_size);
	if (ret) {
		destroy_workqueue(vram->wq);
		return ret;
	}

	vram->man.func = &vram_funcs;
	ttm_resource_manager_init(&vram->man, &mm->ttm, mm->caps->vram_size);
	ttm_set_driver_manager(&mm->ttm, TTM_PL_VRAM, &vram->man);
	ttm_resource_manager_set_used(&vram->man, true);
	queue_delayed_work(vram->wq, &vram->work, SCRUB_DELAY);
	return 0;
}

/**
 * gpup_vram_init() - Take over the VRAM
 * @vram: The VRAM.
 * @mm: The memory manager, with its TTM device and its paging queue.
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vram_init(struct gpup_vram *vram, struct gpup_vidmm *mm)
{
	return gpup_vram_init_with(vram, mm, gpup_paging_clear);
}

/**
 * gpup_vram_fini() - Let go of the VRAM
 * @vram: The VRAM, from which nothing is allocated any more.
 *
 * What is dirty stays so: the next one to take it over will not believe otherwise. May sleep.
 */
void gpup_vram_fini(struct gpup_vram *vram)
{
	hold_back(vram);
	cancel_delayed_work_sync(&vram->work);
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
