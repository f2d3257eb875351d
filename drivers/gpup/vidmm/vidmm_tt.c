// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host memory behind buffer objects.
 */
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/ttm/ttm_bo.h>

#include "../gpup_compat.h"
#include "vidmm_tt.h"

/**
 * DOC: Host memory of objects
 *
 * Pages are allocated in blocks of up to 2 MiB, so that a copy has few pieces and a CPU can map
 * large pages, and are charged to the memory cgroup of whoever owns the object: the
 * VMM, or the process on the host. The blocks are compound pages, because KVM refuses to map
 * pages that have no reference count.
 *
 * A partition that must give way does so even where its cgroup is full: the guarantee of
 * another must not depend on that. Its cgroup then goes over its limit, and its next
 * allocation pays.
 *
 * Under memory pressure the pages of an evicted object are moved, block by block, into a
 * shmem file, from where the kernel writes them to swap as it does with everybody's.
 * They come back when the object is next used.
 */

/* As large as large pages are. */
#define MAX_BLOCK_ORDER		get_order(SZ_2M)

static struct page *alloc_block(gfp_t gfp, unsigned long max_pages, unsigned int *order)
{
	struct page *page;

	gfp |= __GFP_NOWARN;
	*order = min_t(unsigned int, ilog2(max_pages), MAX_BLOCK_ORDER);
	for (; *order; (*order)--) {
		page = alloc_pages((gfp | __GFP_COMP | __GFP_NORETRY) & ~__GFP_DIRECT_RECLAIM,
				   *order);
		if (page)
			return page;
	}
	page = alloc_page(gfp | __GFP_RETRY_MAYFAIL);
	/* Over the limit of the cgroup, if need be, and without its OOM killer. */
	return page ?: alloc_page(gfp | __GFP_RETRY_MAYFAIL | __GFP_HIGH);
}

static void free_pages_from(struct ttm_tt *tt, unsigned long end)
{
	unsigned long i = 0;

	while (i < end) {
		struct page *page = tt->pages[i];
		unsigned int order = page ? compound_order(page) : 0;

		if (page)
			__free_pages(page, order);
		i += 1ul << order;
	}
	memset(tt->pages, 0, end * sizeof(*tt->pages));
}

/**
 * gpup_tt_create() - Create the description of an object's host memory
 * @tbo: The object.
 * @memcg: Who is charged; lives as long as the object.
 * @page_flags: From TTM.
 *
 * Return: The description, without pages, or NULL.
 */
struct gpup_tt *gpup_tt_create(struct ttm_buffer_object *tbo, struct mem_cgroup *memcg,
			       u32 page_flags)
{
	struct gpup_tt *gtt = kzalloc(sizeof(*gtt), GFP_KERNEL_ACCOUNT);

	if (!gtt)
		return NULL;
	if (ttm_tt_init(&gtt->base, tbo, page_flags, ttm_cached, 0)) {
		kfree(gtt);
		return NULL;
	}
	/* Cannot fail: the object has a reference. */
	gtt->memcg = mem_cgroup_tryget(memcg) ? memcg : NULL;
	return gtt;
}

/**
 * gpup_tt_destroy() - Free the description of an object's host memory
 * @ttm: TTM device.
 * @tt: TTM's part; its pages are gone.
 */
void gpup_tt_destroy(struct ttm_device *ttm, struct ttm_tt *tt)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);

	ttm_tt_fini(tt);
	mem_cgroup_put(gtt->memcg);
	kfree(gtt);
}

/**
 * gpup_tt_populate() - Allocate the pages of an object
 * @ttm: TTM device.
 * @tt: TTM's part.
 * @ctx: TTM's context.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_tt_populate(struct ttm_device *ttm, struct ttm_tt *tt, struct ttm_operation_ctx *ctx)
{
	struct mem_cgroup *old = set_active_memcg(to_gpup_tt(tt)->memcg);
	gfp_t gfp = GFP_USER | __GFP_ACCOUNT;
	unsigned long i = 0;
	int ret = 0;

	if (tt->page_flags & TTM_TT_FLAG_ZERO_ALLOC)
		gfp |= __GFP_ZERO;
	while (i < tt->num_pages) {
		unsigned int order, k;
		struct page *page;

		page = alloc_block(gfp, tt->num_pages - i, &order);
		if (!page) {
			ret = -ENOMEM;
			free_pages_from(tt, i);
			break;
		}
		for (k = 0; k < 1u << order; k++)
			tt->pages[i++] = page + k;
		cond_resched();
	}
	set_active_memcg(old);
	return ret;
}

/**
 * gpup_tt_unpopulate() - Free the pages of an object, wherever they are
 * @ttm: TTM device.
 * @tt: TTM's part.
 */
void gpup_tt_unpopulate(struct ttm_device *ttm, struct ttm_tt *tt)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);

	free_pages_from(tt, tt->num_pages);
	if (gtt->backup)
		fput(gtt->backup);
	gtt->backup = NULL;
}

static bool back_up_page(struct file *backup, struct page *page, unsigned long index)
{
	struct address_space *mapping = backup->f_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_NORETRY | __GFP_NOWARN;
	struct page *to = shmem_read_mapping_page_gfp(mapping, index, gfp);

	if (IS_ERR(to))
		return false;
	copy_highpage(to, page);
	set_page_dirty(to);
	put_page(to);
	return true;
}

/* All of a block or, to somebody else, nothing. */
static bool back_up_block(struct gpup_tt *gtt, unsigned long first, unsigned long count)
{
	struct page **pages = gtt->base.pages + first;
	unsigned long i;

	for (i = 0; i < count; i++)
		if (!back_up_page(gtt->backup, pages[i], first + i))
			return false;
	__free_pages(pages[0], compound_order(pages[0]));
	memset(pages, 0, count * sizeof(*pages));
	return true;
}

/**
 * gpup_tt_back_up() - Give the pages of an object to the host's swap
 * @tt: TTM's part, populated; nobody maps or copies its pages.
 *
 * Called under memory pressure, with the object reserved.
 *
 * Return: Number of pages that were freed.
 */
unsigned long gpup_tt_back_up(struct ttm_tt *tt)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);
	struct mem_cgroup *old;
	unsigned long i, count, freed = 0;

	if (!gtt->backup) {
		struct file *file = gpup_shmem_file_setup("gpup evicted",
							  (loff_t)tt->num_pages << PAGE_SHIFT);

		if (IS_ERR(file))
			return 0;
		gtt->backup = file;
	}
	old = set_active_memcg(gtt->memcg);
	for (i = 0; i < tt->num_pages; i += count) {
		count = tt->pages[i] ? 1ul << compound_order(tt->pages[i]) : 1;
		if (!tt->pages[i])
			continue;
		if (!back_up_block(gtt, i, count))
			break;
		freed += count;
	}
	set_active_memcg(old);
	return freed;
}

/**
 * gpup_tt_restore() - Have all pages of an object in memory
 * @tt: TTM's part, populated; the object is reserved. May sleep.
 *
 * Return: 0, -ENOMEM, or -EIO if swap could not be read; what is there stays.
 */
int gpup_tt_restore(struct ttm_tt *tt)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);
	struct mem_cgroup *old;
	unsigned long i;
	int ret = 0;

	if (!gtt->backup)
		return 0;
	old = set_active_memcg(gtt->memcg);
	for (i = 0; i < tt->num_pages; i++) {
		struct page *page, *from;

		if (tt->pages[i])
			continue;
		page = alloc_page(GFP_USER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (!page) {
			ret = -ENOMEM;
			break;
		}
		from = shmem_read_mapping_page(gtt->backup->f_mapping, i);
		if (IS_ERR(from)) {
			ret = PTR_ERR(from);
			__free_page(page);
			break;
		}
		copy_highpage(page, from);
		put_page(from);
		tt->pages[i] = page;
		cond_resched();
	}
	set_active_memcg(old);
	if (!ret) {
		fput(gtt->backup);
		gtt->backup = NULL;
	}
	return ret;
}
