// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of the memory manager fails in turn, and nothing has changed after each.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "vidmm_test_gpu.h"
#include "vidmm_tt.h"

#define OBJECT		SZ_64K
#define OBJECT_PAGES	(OBJECT / PAGE_SIZE)
/* No operation of the tests allocates so often. */
#define MAX_POINTS	2000

/*
 * A partition with three objects: @here is in VRAM and bound, @away is evicted, and @swapped is
 * in swap. A second one has taken all of the rest of the VRAM, more than it is sure of.
 */
struct inject_test {
	struct mm_test_gpu *gpu;
	struct gpup_vidmm_partition mp;
	struct gpup_vidmm_partition neighbour;
	struct gpup_vm *vm;
	struct gpup_bo *here;
	struct gpup_bo *away;
	struct gpup_bo *swapped;
	struct gpup_bo *rest;
	struct page *pages[2];
	/* What the operation has made. */
	void *made;
};

/* An operation, and what makes it undone. Neither leaves anything to another thread. */
struct inject_op {
	const char *name;
	int (*run)(struct inject_test *t);
	void (*undo)(struct inject_test *t);
	/* It does some of what was asked for if it cannot do all. */
	bool may_do_less;
};

/* All that can be counted. */
struct inject_state {
	struct gpup_pool pool;
	struct gpup_budget vram[2];
	u64 system_used;
	u64 overhead;
	u64 evictions[2];
	u64 bytes_moved[2];
	unsigned int resident, evicted, pinned;
	u64 swappable;
	unsigned int bo_count;
	u64 bo_bytes;
	int mappings;
	unsigned int bind_count;
	bool away, here;
	struct gpup_hw_as as;
};

/* What a file of debugfs shows, which the kernel cannot write to by itself. */
static void *inject_knob(struct dentry *dir, const char *name)
{
	struct dentry *file = debugfs_lookup(name, dir);
	void *knob = file ? d_inode(file)->i_private : NULL;

	dput(file);
	return knob;
}

/* Have those allocations fail, too, that may wait for memory, of any size; silently. */
static int inject_set_up(const char *folder)
{
	struct dentry *dir = debugfs_lookup(folder, NULL);
	unsigned long *verbose;
	u32 *min_order;
	bool *ignore;

	if (!dir)
		return -ENODEV;
	ignore = inject_knob(dir, "ignore-gfp-wait");
	verbose = inject_knob(dir, "verbose");
	/* Of pages only. */
	min_order = inject_knob(dir, "min-order");
	dput(dir);
	if (!ignore || !verbose)
		return -ENODEV;
	*ignore = false;
	*verbose = 0;
	if (min_order)
		*min_order = 0;
	return 0;
}

static unsigned int list_length(struct gpup_vidmm *mm, struct list_head *list)
{
	unsigned int n;

	spin_lock(&mm->lock);
	n = list_count_nodes(list);
	spin_unlock(&mm->lock);
	return n;
}

static void look(struct inject_test *t, struct inject_state *s)
{
	struct gpup_vidmm *mm = t->gpu->mm;

	mm_test_settle(t->gpu);
	memset(s, 0, sizeof(*s));
	s->pool = mm->pool;
	s->vram[0] = t->mp.vram;
	s->vram[1] = t->neighbour.vram;
	s->system_used = t->mp.system_used;
	s->overhead = t->mp.overhead;
	s->evictions[0] = t->mp.evictions;
	s->evictions[1] = t->neighbour.evictions;
	s->bytes_moved[0] = t->mp.bytes_moved;
	s->bytes_moved[1] = t->neighbour.bytes_moved;
	s->resident = list_length(mm, &t->mp.resident) + list_length(mm, &t->neighbour.resident);
	s->evicted = list_length(mm, &t->mp.evicted) + list_length(mm, &t->neighbour.evicted);
	s->pinned = list_length(mm, &t->mp.pinned);
	s->swappable = mm->swappable_bytes;
	s->bo_count = t->vm->bo_count;
	s->bo_bytes = t->vm->bo_bytes;
	s->mappings = atomic_read(&t->vm->mappings);
	s->bind_count = t->vm->bind_count;
	s->away = t->away->resident;
	s->here = t->here->resident;
	s->as = *t->vm->as;
	/* Room for page tables is made beforehand, and stays. */
	memset(s->as.prepared, 0, sizeof(s->as.prepared));
}

static noinline_for_stack void check_contents(struct kunit *test, struct inject_test *t)
{
	struct gpup_bo *bos[] = { t->here, t->away, t->swapped, t->rest };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bos); i++) {
		KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bos[i], false));
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(t->gpu, bos[i], 0x10 + i));
		if (bos[i] == t->swapped)
			gpup_tt_back_up(t->swapped->tbo.ttm);
		gpup_bo_cpu_unlock(bos[i]);
	}
}

static noinline_for_stack int bind(struct inject_test *t, u32 op, struct gpup_bo *bo, u64 page,
				   u64 pages)
{
	const struct gpup_bind_op bind_op = {
		.op = op,
		.bo = bo,
		.va = TEST_VA_START + page * PAGE_SIZE,
		.size = pages * PAGE_SIZE,
	};
	u64 value = 0;

	return gpup_vm_bind(t->vm, &bind_op, 1, NULL, 0, NULL, &value);
}

static int create_vram(struct inject_test *t)
{
	t->made = gpup_bo_create(&t->mp, SZ_64K, DRM_GPUP_BO_VRAM);
	return PTR_ERR_OR_ZERO(t->made);
}

static int create_system(struct inject_test *t)
{
	t->made = gpup_bo_create(&t->mp, SZ_64K, DRM_GPUP_BO_SYSTEM);
	return PTR_ERR_OR_ZERO(t->made);
}

static void release_pages_of_test(struct page **pages, unsigned long count, void *data)
{
}

static int create_foreign(struct inject_test *t)
{
	t->made = gpup_bo_create_foreign(&t->mp, t->pages, ARRAY_SIZE(t->pages),
					 release_pages_of_test, NULL);
	return PTR_ERR_OR_ZERO(t->made);
}

static void put_bo(struct inject_test *t)
{
	gpup_bo_put(t->made);
}

static int create_vm(struct inject_test *t)
{
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);

	if (IS_ERR(tl))
		return PTR_ERR(tl);
	t->made = gpup_vm_create(&t->mp, tl, NULL);
	gpup_timeline_put(tl);
	return PTR_ERR_OR_ZERO(t->made);
}

static void destroy_vm(struct inject_test *t)
{
	gpup_vm_close(t->made);
	gpup_vm_put(t->made);
}

static int join(struct inject_test *t)
{
	struct gpup_vidmm_partition *mp = kzalloc(sizeof(*mp), GFP_KERNEL);
	int ret;

	if (!mp)
		return -ENOMEM;
	ret = gpup_vidmm_partition_init(mp, t->gpu->mm, 0, SZ_64K, 0);
	if (ret)
		kfree(mp);
	t->made = mp;
	return ret;
}

static void leave(struct inject_test *t)
{
	gpup_vidmm_partition_fini(t->made);
	kfree(t->made);
}

/* Over the middle of what is bound, which is split in two. */
static int map(struct inject_test *t)
{
	return bind(t, DRM_GPUP_BIND_MAP, t->away, 4, 4);
}

static int unmap(struct inject_test *t)
{
	return bind(t, DRM_GPUP_BIND_UNMAP, NULL, 4, 4);
}

static void map_again(struct inject_test *t)
{
	mm_test_settle(t->gpu);
	if (bind(t, DRM_GPUP_BIND_MAP, t->here, 0, OBJECT_PAGES))
		t->made = ERR_PTR(-ENOMEM);
}

static int evict(struct inject_test *t)
{
	return mm_test_evict(t->here);
}

/* In the page tables again as well. */
static int hold(struct inject_test *t)
{
	struct gpup_vm_hold *hold = gpup_vm_hold(t->vm);

	if (IS_ERR(hold))
		return PTR_ERR(hold);
	gpup_vm_unhold(hold, NULL);
	return 0;
}

static void make_here(struct inject_test *t)
{
	if (hold(t))
		t->made = ERR_PTR(-EIO);
}

/* The neighbour has to give way. */
static int bring_in(struct inject_test *t)
{
	return mm_test_make_resident(t->away);
}

static void send_away(struct inject_test *t)
{
	if (mm_test_evict(t->away) || mm_test_make_resident(t->rest))
		t->made = ERR_PTR(-EIO);
}

/* The address space, when what is bound there was evicted. */
static int hold_evicted(struct inject_test *t)
{
	unsigned int nth = current->fail_nth;
	int ret;

	current->fail_nth = 0;
	ret = mm_test_evict(t->here);
	current->fail_nth = nth;
	if (!ret)
		ret = hold(t);
	nth = current->fail_nth;
	current->fail_nth = 0;
	/* Back, whatever came of it. */
	if (ret)
		make_here(t);
	current->fail_nth = nth;
	return ret;
}

static int restore(struct inject_test *t)
{
	int ret = gpup_bo_cpu_lock(t->swapped, false);

	if (!ret)
		gpup_bo_cpu_unlock(t->swapped);
	return ret;
}

static void swap_out(struct inject_test *t)
{
	dma_resv_lock(t->swapped->tbo.base.resv, NULL);
	gpup_tt_back_up(t->swapped->tbo.ttm);
	dma_resv_unlock(t->swapped->tbo.base.resv);
}

static int back_up(struct inject_test *t)
{
	unsigned long n;
	int ret;

	dma_resv_lock(t->away->tbo.base.resv, NULL);
	n = gpup_tt_back_up(t->away->tbo.ttm);
	ret = n == OBJECT_PAGES ? 0 : -ENOMEM;
	dma_resv_unlock(t->away->tbo.base.resv);
	return ret;
}

static void undo_nothing(struct inject_test *t)
{
}

static const struct inject_op ops[] = {
	{ "create an object in VRAM", create_vram, put_bo },
	{ "create an object in system memory", create_system, put_bo },
	{ "create an object of foreign pages", create_foreign, put_bo },
	{ "create an address space", create_vm, destroy_vm },
	{ "create a partition", join, leave },
	{ "map", map, map_again },
	{ "unmap", unmap, map_again },
	{ "evict", evict, make_here },
	{ "bring in, and evict another", bring_in, send_away, true },
	{ "hold an address space", hold, undo_nothing },
	{ "hold an address space that was evicted", hold_evicted, undo_nothing },
	{ "come back from swap", restore, swap_out },
	{ "go to swap", back_up, undo_nothing },
};

/* Counters only rise, and may rise for what is undone. */
static void forget_counters(struct inject_state *s)
{
	memset(s->evictions, 0, sizeof(s->evictions));
	memset(s->bytes_moved, 0, sizeof(s->bytes_moved));
	s->pool.budgets = (struct list_head) {};
	s->vram[0].link = (struct list_head) {};
	s->vram[1].link = (struct list_head) {};
}

static noinline_for_stack void inject_into(struct kunit *test, struct inject_test *t,
					   const struct inject_op *op)
{
	struct inject_state *before = kunit_kmalloc(test, sizeof(*before), GFP_KERNEL);
	struct inject_state *after = kunit_kmalloc(test, sizeof(*after), GFP_KERNEL);
	unsigned int nth, left, failed = 0;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, before);
	KUNIT_ASSERT_NOT_NULL(test, after);
	look(t, before);
	forget_counters(before);
	for (nth = 1; nth < MAX_POINTS; nth++) {
		t->made = NULL;
		current->fail_nth = nth;
		ret = op->run(t);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (ret) {
			KUNIT_ASSERT_EQ_MSG(test, -ENOMEM, ret, "%s, %u", op->name, nth);
			KUNIT_ASSERT_EQ_MSG(test, 0, left, "%s fails by itself", op->name);
			failed++;
			if (op->may_do_less)
				op->undo(t);
		} else {
			op->undo(t);
		}
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(t->made) && !ret, "%s, %u", op->name, nth);
		look(t, after);
		forget_counters(after);
		KUNIT_ASSERT_MEMEQ_MSG(test, before, after, sizeof(*before), "%s, %u", op->name,
				       nth);
		check_contents(test, t);
		if (left)
			break;
	}
	KUNIT_EXPECT_LT(test, nth, MAX_POINTS);
	kunit_info(test, "%s: %u of %u points\n", op->name, failed, nth - 1);
	/* Whatever it is, it needs memory at some point. */
	KUNIT_EXPECT_GT_MSG(test, nth, 1, "%s", op->name);
}

static noinline_for_stack struct inject_test *inject_begin(struct kunit *test)
{
	struct inject_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);
	struct gpup_vm_hold *hold;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tl);
	t->gpu = test->priv;
	t->gpu->mm->grace = 0;
	mm_test_join(test, &t->mp, SZ_1M, SZ_2M);
	mm_test_join(test, &t->neighbour, 0, TEST_VRAM);
	t->vm = gpup_vm_create(&t->mp, tl, NULL);
	gpup_timeline_put(tl);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->vm);
	for (i = 0; i < ARRAY_SIZE(t->pages); i++) {
		t->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t->pages[i]);
	}
	t->here = mm_test_bo(test, &t->mp, OBJECT, DRM_GPUP_BO_VRAM);
	t->away = mm_test_bo(test, &t->mp, OBJECT, DRM_GPUP_BO_VRAM);
	t->swapped = mm_test_bo(test, &t->mp, OBJECT, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(t->gpu, t->here, 0x10);
	mm_test_bo_fill(t->gpu, t->away, 0x11);
	mm_test_bo_fill(t->gpu, t->swapped, 0x12);
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(t->away));
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(t->swapped));
	t->rest = mm_test_bo(test, &t->neighbour, TEST_VRAM - OBJECT, DRM_GPUP_BO_VRAM);
	KUNIT_ASSERT_TRUE(test, t->rest->resident);
	mm_test_bo_fill(t->gpu, t->rest, 0x13);
	KUNIT_ASSERT_EQ(test, 0, bind(t, DRM_GPUP_BIND_MAP, t->here, 0, OBJECT_PAGES));
	mm_test_settle(t->gpu);
	hold = gpup_vm_hold(t->vm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hold);
	gpup_vm_unhold(hold, NULL);
	check_contents(test, t);
	return t;
}

static void inject_end(struct inject_test *t)
{
	unsigned int i;

	gpup_vm_close(t->vm);
	gpup_vm_put(t->vm);
	gpup_bo_put(t->here);
	gpup_bo_put(t->away);
	gpup_bo_put(t->swapped);
	gpup_bo_put(t->rest);
	mm_test_settle(t->gpu);
	for (i = 0; i < ARRAY_SIZE(t->pages); i++)
		__free_page(t->pages[i]);
	gpup_vidmm_partition_fini(&t->neighbour);
	gpup_vidmm_partition_fini(&t->mp);
}

static void nothing_has_changed_after_any_failure(struct kunit *test)
{
	struct inject_test *t;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, inject_set_up("failslab"));
	KUNIT_ASSERT_EQ(test, 0, inject_set_up("fail_page_alloc"));
	t = inject_begin(test);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		inject_into(test, t, &ops[i]);
	inject_end(t);
}

static struct kunit_case inject_cases[] = {
	KUNIT_CASE_SLOW(nothing_has_changed_after_any_failure),
	{}
};

static struct kunit_suite inject_suite = {
	.name = "gpup_vidmm_inject",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = inject_cases,
};

kunit_test_suite(inject_suite);
