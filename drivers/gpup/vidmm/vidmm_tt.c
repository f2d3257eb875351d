// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host memory behind buffer objects.
 */
#include <kunit/static_stub.h>
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
 * VMM, or the process on the host. Before a CPU maps them they are split into pages: KVM of
 * older kernels refuses a page that has no reference count of its own, and gives up the VM.
 *
 * A partition that must give way does so even where its cgroup is full: the guarantee of
 * another must not depend on that. Its cgroup then goes over its limit, and its next
 * allocation pays. The host may have to reclaim memory for it, whosever that is.
 * Nothing else goes over the limit: who creates an object in system memory, or touches one
 * that has no memory yet, gets none.
 *
 * Under memory pressure the pages of an evicted object are moved, one by one, into a
 * shmem file, from where the kernel writes them to swap as it does with everybody's. All objects
 * of an adapter that have pages take their turns, whosever they are: those first that have them
 * longest. They come back when the object is next used. Those of an object whose contents its owner
 * does not need are freed instead, and come back as zeroes.
 */

/* As large as large pages are. */
#define MAX_BLOCK_ORDER		get_order(SZ_2M)

/**
 * gpup_tt_alloc_pages() - Allocate pages for an object
 * @gfp: How.
 * @order: How many, as a power of two.
 *
 * Unit tests put something else in its place.
 *
 * Return: The pages, or NULL.
 */
struct page *gpup_tt_alloc_pages(gfp_t gfp, unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(gpup_tt_alloc_pages, gfp, order);
	return alloc_pages(gfp, order);
}

static struct page *alloc_large(gfp_t gfp, unsigned long max_pages, unsigned int *order)
{
	struct page *page;

	*order = min_t(unsigned int, ilog2(max_pages), MAX_BLOCK_ORDER);
	for (; *order; (*order)--) {
		page = gpup_tt_alloc_pages((gfp | __GFP_NORETRY) & ~__GFP_DIRECT_RECLAIM, *order);
		if (page) {
			set_page_private(page, *order);
			return page;
		}
	}
	return NULL;
}

/* The cgroup may have to make room, which takes its time; its OOM killer does not come. */
static struct page *alloc_block(gfp_t gfp, unsigned long max_pages, unsigned int *order)
{
	struct page *page = alloc_large(gfp, max_pages, order);

	return page ?: gpup_tt_alloc_pages(gfp | __GFP_RETRY_MAYFAIL, 0);
}

/*
 * The limit of the cgroup does not count for what is urgent, whether the host has free memory or
 * has to reclaim some. But no block may be one of those that the host keeps for who cannot wait:
 * hence __GFP_NOMEMALLOC.
 */
static struct page *alloc_block_over(gfp_t gfp, unsigned long max_pages, unsigned int *order)
{
	gfp_t quick = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_HIGH | __GFP_NOMEMALLOC;
	struct page *page = alloc_large(quick, max_pages, order);

	if (!page)
		page = gpup_tt_alloc_pages(quick, 0);
	return page ?: gpup_tt_alloc_pages(gfp | __GFP_HIGH | __GFP_RETRY_MAYFAIL, 0);
}

/* Of the block that begins here. */
static unsigned int block_order(const struct page *page)
{
	return page ? page_private(page) : 0;
}

/* They end with a block. */
static void free_first_pages(struct ttm_tt *tt, unsigned long count)
{
	unsigned long i = 0;

	while (i < count) {
		struct page *page = tt->pages[i];
		unsigned int order = block_order(page);

		i += 1ul << order;
		if (!page)
			continue;
		set_page_private(page, 0);
		__free_pages(page, order);
	}
	memset(tt->pages, 0, count * sizeof(*tt->pages));
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
 * Over the limit of the cgroup if &gpup_tt.evicting says so.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_tt_populate(struct ttm_device *ttm, struct ttm_tt *tt, struct ttm_operation_ctx *ctx)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);
	struct mem_cgroup *old = set_active_memcg(gtt->memcg);
	gfp_t gfp = GFP_USER | __GFP_ACCOUNT | __GFP_NOWARN;
	/* The cgroup was found to be full, and is not asked again for each block. */
	bool over = false;
	unsigned long i = 0;
	int ret = 0;

	if (tt->page_flags & TTM_TT_FLAG_ZERO_ALLOC)
		gfp |= __GFP_ZERO;
	while (i < tt->num_pages) {
		struct page *page = NULL;
		unsigned int order, k;

		if (!over)
			page = alloc_block(gfp, tt->num_pages - i, &order);
		if (!page && gtt->evicting) {
			page = alloc_block_over(gfp, tt->num_pages - i, &order);
			over = true;
		}
		if (!page) {
			ret = -ENOMEM;
			free_first_pages(tt, i);
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

	free_first_pages(tt, tt->num_pages);
	if (gtt->backup)
		fput(gtt->backup);
	gtt->backup = NULL;
	gtt->dropped = false;
	gtt->split = false;
}

static bool back_up_page(struct gpup_tt *gtt, unsigned long i)
{
	struct address_space *mapping = gtt->backup->f_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_NORETRY | __GFP_NOWARN;
	struct page *to = shmem_read_mapping_page_gfp(mapping, i, gfp);

	if (IS_ERR(to))
		return false;
	copy_highpage(to, gtt->base.pages[i]);
	set_page_dirty(to);
	put_page(to);
	__free_page(gtt->base.pages[i]);
	gtt->base.pages[i] = NULL;
	return true;
}

/**
 * gpup_tt_split() - Give each page a reference count of its own
 * @tt: TTM's part, populated; the object is reserved.
 */
void gpup_tt_split(struct ttm_tt *tt)
{
	struct gpup_tt *gtt = to_gpup_tt(tt);
	unsigned long i = 0;

	if (gtt->split)
		return;
	while (i < tt->num_pages) {
		struct page *page = tt->pages[i];
		unsigned int order = block_order(page), k;

		i += 1ul << order;
		if (!order)
			continue;
		split_page(page, order);
		/* Of all but the first, nobody has said what it is. */
		for (k = 0; k < 1u << order; k++)
			set_page_private(page + k, 0);
	}
	gtt->split = true;
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
	unsigned long i, freed = 0;

	if (!gtt->backup) {
		struct file *file = gpup_shmem_file_setup("gpup evicted",
							  (loff_t)tt->num_pages << PAGE_SHIFT);

		if (IS_ERR(file))
			return 0;
		gtt->backup = file;
	}
	gpup_tt_split(tt);
	old = set_active_memcg(gtt->memcg);
	for (i = 0; i < tt->num_pages; i++) {
		if (!tt->pages[i])
			continue;
		if (!back_up_page(gtt, i))
			break;
		freed++;
	}
	set_active_memcg(old);
	return freed;
}

/**
 * gpup_tt_in_memory() - Ask whether an object has pages in memory
 * @tt: TTM's part, populated; the object is reserved.
 *
 * Return: True if there is one that is not in swap and was not dropped.
 */
bool gpup_tt_in_memory(const struct ttm_tt *tt)
{
	unsigned long i;

	for (i = 0; i < tt->num_pages; i++)
		if (tt->pages[i])
			return true;
	return false;
}

/* From the backup, where a page that was dropped is a hole, or if there is none, of zeroes. */
static int restore_page(struct gpup_tt *gtt, unsigned long i)
{
	gfp_t gfp = GFP_USER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct page *page = alloc_page(gtt->backup ? gfp : gfp | __GFP_ZERO);
	struct page *from;

	if (!page)
		return -ENOMEM;
	if (gtt->backup) {
		from = shmem_read_mapping_page(gtt->backup->f_mapping, i);
		if (IS_ERR(from)) {
			__free_page(page);
			return PTR_ERR(from);
		}
		copy_highpage(page, from);
		put_page(from);
	}
	gtt->base.pages[i] = page;
	return 0;
}

/**
 * gpup_tt_drop() - Free the pages of an object, and forget what was in them
 * @tt: TTM's part, populated; nobody maps or copies its pages, the object is reserved.
 */
void gpup_tt_drop(struct ttm_tt *tt)
{
	gpup_tt_unpopulate(NULL, tt);
	to_gpup_tt(tt)->dropped = true;
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

	if (!gtt->backup && !gtt->dropped)
		return 0;
	old = set_active_memcg(gtt->memcg);
	for (i = 0; i < tt->num_pages && !ret; i++) {
		if (!tt->pages[i])
			ret = restore_page(gtt, i);
		cond_resched();
	}
	set_active_memcg(old);
	if (ret)
		return ret;
	if (gtt->backup)
		fput(gtt->backup);
	gtt->backup = NULL;
	gtt->dropped = false;
	return 0;
}
